//! The published files, where they are: `HARNESS_DATA_DIR`, or `shared/datasets` beside the
//! workspace. The expected numbers are those listed with the files.

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use datasets::{DataPolicy, Library, LibraryOptions, Silent, Source, Split};

use crate::common::shipped;

fn data_dir(files: &[&str]) -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/datasets");
    let dir = std::env::var_os("HARNESS_DATA_DIR").map_or_else(beside, PathBuf::from);
    let there = |name: &&str| {
        ["", ".bz2", ".gz", ".xz"]
            .iter()
            .any(|suffix| dir.join(format!("{name}{suffix}")).is_file())
    };
    if files.iter().all(there) {
        return Some(dir);
    }
    // Not eprintln!, which the test runner keeps to itself when a test passes.
    let place = dir.display();
    writeln!(std::io::stderr(), "skipped: {place} lacks one of {files:?}").ok();
    None
}

fn library(data_dir: PathBuf, cache: &tempfile::TempDir) -> Library {
    let options = LibraryOptions {
        data_dir: Some(data_dir),
        cache_dir: Some(cache.path().into()),
        policy: DataPolicy::Real,
        offline: true,
        ..LibraryOptions::default()
    };
    Library::new(shipped(), options)
}

/// Checks a split against its listed nonzeros and class counts.
fn check(split: &Split, nonzeros: usize, counts: &[usize]) {
    assert_eq!(split.rows.nnz(), nonzeros);
    assert_eq!(split.class_counts(counts.len()), counts);
    assert_eq!(split.len(), counts.iter().sum::<usize>());
}

#[test]
fn adult_has_its_listed_rows() {
    let Some(dir) = data_dir(&["a8a", "a8a.t", "a9a", "a9a.t"]) else {
        return;
    };
    let cache = tempfile::tempdir().unwrap();
    let library = library(dir, &cache);
    let a8a = library.load("a8a", None, &Silent).unwrap();
    assert_eq!(
        (a8a.features, a8a.classes(), &a8a.source),
        (123, 2, &Source::Real)
    );
    check(&a8a.train, 314_815, &[17_190, 5_506]);
    check(&a8a.test, 136_777, &[7_530, 2_335]);
    assert!(a8a.train.rows.values().iter().all(|v| *v == 1.0));
    let a9a = library.load("a9a", None, &Silent).unwrap();
    check(&a9a.train, 451_592, &[24_720, 7_841]);
    check(&a9a.test, 225_731, &[12_435, 3_846]);
    assert_ne!(a8a.digest(), a9a.digest());
}

#[test]
fn usps_has_its_listed_rows() {
    let Some(dir) = data_dir(&["usps", "usps.t"]) else {
        return;
    };
    let cache = tempfile::tempdir().unwrap();
    let usps = library(dir, &cache).load("usps", None, &Silent).unwrap();
    let train = [1194, 1005, 731, 658, 652, 556, 664, 645, 542, 644];
    // Of the 1,866,496 entries listed, two are explicit zeros, which are not stored.
    check(&usps.train, 1_866_494, &train);
    let test = [359, 264, 198, 166, 200, 160, 170, 147, 166, 177];
    check(&usps.test, 513_792, &test);
    let values = usps.train.rows.values();
    assert!(values.iter().all(|v| (-1.0..=1.0).contains(v)));
}

#[test]
fn mnist_has_its_listed_rows_in_both_splits_and_from_the_cache() {
    let Some(dir) = data_dir(&["mnist.scale", "mnist.scale.t"]) else {
        return;
    };
    let cache = tempfile::tempdir().unwrap();
    let library = library(dir, &cache);
    let mnist = library.load("mnist", Some("standard"), &Silent).unwrap();
    let train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
    check(&mnist.train, 8_994_156, &train);
    let test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009];
    check(&mnist.test, 1_511_219, &test);
    // The values are pixel / 255, written with 6 digits.
    let off = |v: &f32| (v * 255.0 - (v * 255.0).round()).abs();
    let furthest = mnist
        .train
        .rows
        .values()
        .iter()
        .map(off)
        .fold(0.0, f32::max);
    assert!(furthest < 2e-4, "{furthest}");

    let start = Instant::now();
    let paper = library.load("mnist", None, &Silent).unwrap();
    eprintln!(
        "mnist, split paper, from the parsed cache: {:?}",
        start.elapsed()
    );
    assert_eq!(paper.split, "paper");
    assert_eq!((paper.train.len(), paper.test.len()), (50_000, 10_000));
    assert_eq!(paper.train, mnist.train.slice(0..50_000));
    assert_eq!(paper.test, mnist.train.slice(50_000..60_000));
    assert_eq!(paper.files[0].from, "parsed cache");
}

#[test]
#[ignore = "a report of speeds, for release builds"]
fn report_of_speeds() {
    let Some(dir) = data_dir(&["mnist.scale"]) else {
        return;
    };
    let mut text = Vec::new();
    let file = std::fs::File::open(dir.join("mnist.scale.bz2")).unwrap();
    let start = Instant::now();
    let mut decoder = datasets::read::Decoder::new(file, 1 << 30).unwrap();
    std::io::Read::read_to_end(&mut decoder, &mut text).unwrap();
    let megabytes = text.len() as f64 / 1e6;
    eprintln!("bzip2: {megabytes:.0} MB in {:?}", start.elapsed());
    let labels = datasets::LabelMap::counting_from(0, 10);
    let shape = datasets::libsvm::RowShape {
        features: 784,
        labels: Some(&labels),
        rows: Some(60_000),
        line_bytes: 1 << 20,
    };
    for _ in 0..3 {
        let start = Instant::now();
        let split = datasets::libsvm::parse(&text[..], &shape).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        eprintln!(
            "parser: {:.0} MB/s ({} rows)",
            megabytes / seconds,
            split.len()
        );
    }
    let cache = tempfile::tempdir().unwrap();
    let library = library(dir, &cache);
    let start = Instant::now();
    library.load("mnist", None, &Silent).unwrap();
    eprintln!("first load: {:?}", start.elapsed());
    for _ in 0..5 {
        let start = Instant::now();
        let data = library.load("mnist", None, &Silent).unwrap();
        eprintln!(
            "load from cache, split {}: {:?}",
            data.split,
            start.elapsed()
        );
    }
}

#[test]
fn the_subset_of_cifar_10_has_its_listed_images() {
    let Some(dir) = data_dir(&["cifar-10-binary.subset.tar"]) else {
        return;
    };
    let cache = tempfile::tempdir().unwrap();
    let images = library(dir, &cache).images("cifar10-subset", &Silent);
    let images = images.unwrap();
    assert_eq!(images.source, Source::Real);
    assert_eq!(images.train.labels[..10], [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]);
    assert_eq!(images.test.labels[..10], [3, 8, 8, 0, 6, 6, 1, 6, 3, 1]);
    let train = [1005, 974, 1032, 1016, 999, 937, 1030, 1001, 1025, 981];
    assert_eq!(images.train.class_counts(10), train);
    let test = [103, 89, 100, 103, 90, 86, 112, 102, 106, 109];
    assert_eq!(images.test.class_counts(10), test);
    for (channel, mean) in [125.832, 123.261, 114.031].into_iter().enumerate() {
        let of = |i| &images.train.image(i)[channel * 1024..][..1024];
        let sum: f64 = (0..10_000).flat_map(of).map(|&p| f64::from(p)).sum();
        assert!((sum / 10_240_000.0 - mean).abs() < 1e-3, "{channel}");
    }
}
