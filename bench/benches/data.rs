//! Bytes to matrices: groups `libsvm-parse` and `cache-load`. Cases are data sets, sizes rows;
//! throughput in bytes of the text and of the cache file (which the system has in memory).

mod common;

use bench::{SHAPES, Shape};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use datasets::{LabelMap, Sha, Split, cache, libsvm};

fn parsed(shape: &Shape, text: &str, labels: &LabelMap) -> Split {
    let expected = libsvm::Shape {
        features: shape.features,
        labels,
        rows: None,
        line_bytes: 1 << 16,
    };
    libsvm::parse(text.as_bytes(), &expected).unwrap()
}

fn parse(c: &mut Criterion) {
    let mut group = c.benchmark_group("libsvm-parse");
    for shape in SHAPES {
        let (text, labels) = (shape.text(), LabelMap::counting_from(0, shape.classes));
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(BenchmarkId::new(shape.name, shape.rows), |b| {
            b.iter(|| parsed(&shape, &text, &labels));
        });
    }
    group.finish();
}

fn load(c: &mut Criterion) {
    let mut group = c.benchmark_group("cache-load");
    let folder = tempfile::tempdir().unwrap();
    for shape in SHAPES {
        let (text, labels) = (shape.text(), LabelMap::counting_from(0, shape.classes));
        let split = parsed(&shape, &text, &labels);
        let file = folder.path().join(format!("{}.csr", shape.name));
        cache::write(&file, &split, Sha::of(text.as_bytes()), text.len() as u64).unwrap();
        group.throughput(Throughput::Bytes(std::fs::metadata(&file).unwrap().len()));
        group.bench_function(BenchmarkId::new(shape.name, shape.rows), |b| {
            b.iter(|| cache::read(&file, shape.features, shape.classes).unwrap());
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = common::criterion();
    targets = parse, load
}
criterion_main!(benches);
