//! What the potentials say a gradient costs at least, against counts by hand.

mod common;

use candle_core::{DType, Device, Tensor};
use common::{SHAPE, random_numbers};
use optim::{
    Ackley, Cost, DataRows, Kernel, LogisticRegression, MatrixSensing, Potential, Problem,
    Quadratic, Sensing, SparseRows,
};

const PLAIN: Problem = Problem {
    classes: SHAPE.2,
    bias: false,
    l2: 0.0,
};

/// Two products of rows and weights, and five operations for each probability.
fn dense(points: f64, size: f64) -> Cost {
    let (n, d, c) = (SHAPE.0 as f64, SHAPE.1 as f64, SHAPE.2 as f64);
    Cost {
        operations: (4.0 * d + 5.0) * n * c * points,
        bytes: n * d * size + 4.0 * n + 2.0 * d * c * points * size,
    }
}

fn of_rows(dtype: DType, kernel: Kernel) -> LogisticRegression {
    let (n, d, classes) = SHAPE;
    let x = Tensor::from_vec(random_numbers(1, n * d), (n, d), &Device::Cpu).unwrap();
    let labels: Vec<u32> = (0..n).map(|i| (i % classes) as u32).collect();
    LogisticRegression::with_kernel(x.to_dtype(dtype).unwrap(), &labels, PLAIN, kernel).unwrap()
}

#[test]
fn a_gradient_costs_the_same_by_the_kernels_that_keep_zeros() {
    for kernel in [Kernel::Dense, Kernel::Composed] {
        for (dtype, size) in [(DType::F32, 4.0), (DType::F64, 8.0)] {
            for points in [1, 4] {
                let cost = of_rows(dtype, kernel).cost(points);
                assert_eq!(cost, dense(points as f64, size), "{kernel} {dtype:?}");
            }
        }
    }
}

#[test]
fn a_gradient_of_sparse_rows_costs_what_is_stored_and_not_what_is_zero() {
    for kernel in [Kernel::Sparse, Kernel::Banded] {
        costs_what_is_stored(kernel);
    }
}

fn costs_what_is_stored(kernel: Kernel) {
    let of = |features: usize| {
        let rows = SparseRows {
            features,
            starts: &[0, 1, 3],
            columns: &[0, 1, 2],
            values: &[5.0, 7.0, -1.0],
        };
        let rows = DataRows::Sparse {
            rows,
            dtype: DType::F64,
            device: &Device::Cpu,
        };
        let f = LogisticRegression::from_rows(rows, &[0, 1], PLAIN, kernel).unwrap();
        [f.cost(1), f.cost(2)]
    };
    let [few, twice] = of(3);
    assert!(few.operations > 0.0 && twice.operations == 2.0 * few.operations);
    let [many, _] = of(1000);
    assert_eq!(many.operations, few.operations, "zeros cost nothing");
    // The points in and out grow: a weight is read and a gradient written, of 8 bytes each.
    let growth = 2.0 * 997.0 * SHAPE.2 as f64 * 8.0;
    // And by 4 bytes for each run: a column's, and those of two rows in four bands instead of one.
    let runs = if kernel == Kernel::Banded {
        997.0 + 2.0 * 3.0
    } else {
        0.0
    };
    assert_eq!(many.bytes - few.bytes, growth + 4.0 * runs, "{kernel}");
    assert_eq!(twice.bytes - few.bytes, 2.0 * 3.0 * SHAPE.2 as f64 * 8.0);
}

#[test]
fn the_smooth_problems_cost_their_products() {
    let quadratic = Quadratic::diagonal(&[1.0, 2.0, 3.0], &Device::Cpu).unwrap();
    let wanted = Cost {
        operations: 2.0 * 9.0 * 5.0,
        bytes: 8.0 * (9.0 + 2.0 * 3.0 * 5.0),
    };
    assert_eq!(quadratic.cost(5), wanted);
    // 7 measurements by two vectors each, of 5 numbers; factors of 3 columns; 2 points.
    let numbers = random_numbers(2, 2 * 35 + 10);
    let sizes = Sensing {
        dimension: 5,
        rank: 3,
        scale: 1.0,
    };
    let (a, rest) = numbers.split_at(35);
    let (b, truth) = rest.split_at(35);
    let sensing = MatrixSensing::new(a, b, truth, sizes, &Device::Cpu).unwrap();
    let wanted = Cost {
        operations: (4.0 * 5.0 + 3.0) * 14.0 * 6.0,
        bytes: 8.0 * (14.0 * 5.0 + 7.0 + 2.0 * 5.0 * 6.0),
    };
    assert_eq!(sensing.cost(2), wanted);
    let ackley = Ackley::new(&Device::Cpu);
    assert_eq!(
        ackley.cost(3).bytes,
        3.0 * 4.0 * 8.0,
        "two numbers in and two out"
    );
    assert_eq!(ackley.cost(3).operations, 3.0 * ackley.cost(1).operations);
    assert!(ackley.cost(1).operations > 0.0);
    for potential in [&quadratic as &dyn Potential, &sensing, &ackley] {
        assert_eq!(potential.dtype(), DType::F64);
        assert!(potential.device().is_cpu());
    }
}
