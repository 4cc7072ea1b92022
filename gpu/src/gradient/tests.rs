//! How the work is divided.

use super::*;

const LIMITS: DeviceLimits = DeviceLimits {
    multiprocessors: 132,
    shared: 227 << 10,
    shared_each: 227 << 10,
};

fn work(rows: usize, features: usize, classes: usize, points: usize) -> Option<Work> {
    let shape = RegressionShape {
        rows,
        features,
        classes,
        points,
        element: 4,
    };
    shape.divided(THREADS, LIMITS)
}

#[test]
fn the_papers_data_is_read_once_by_two_blocks_of_each_multiprocessor() {
    let mnist = work(50_000, 784, 10, 1).unwrap();
    assert_eq!((mnist.columns, mnist.slots), (12, 4));
    assert_eq!((mnist.tile, mnist.stride), (16, 808));
    assert!(2 * mnist.shared_bytes <= LIMITS.shared_each);
    assert_eq!(mnist.chunks, 2 * LIMITS.multiprocessors);
    let a8a = work(22_696, 123, 2, 8).unwrap();
    assert_eq!((a8a.columns, a8a.slots), (20, 1));
    let usps = work(7_291, 256, 10, 2).unwrap();
    assert_eq!((usps.columns, usps.slots), (20, 1));
}

#[test]
fn rows_that_a_warp_reads_together_lie_in_different_banks() {
    for features in [257, 784, 785, 800, 808, 1024] {
        let stride = work(1000, features, 10, 1).unwrap().stride;
        assert!(
            stride >= features && stride % 32 == 8,
            "{features}: {stride}"
        );
    }
}

#[test]
fn what_is_too_wide_for_a_block_is_left_to_others() {
    assert!(work(1000, 784, 21, 1).is_none());
    assert!(work(1000, 784, 10, 2).is_none());
    assert!(work(1000, 100, 10, 3).is_none());
    assert!(work(1000, 1025, 10, 1).is_none());
    assert!(work(1, 1, 1, 1).is_some());
}
