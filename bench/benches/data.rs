//! Bytes to matrices: groups `libsvm-parse` and `cache-load`. Cases are data sets, sizes rows;
//! throughput in bytes of the text and of the cache file (which the system has in memory).

mod common;

use bench::SHAPES;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use datasets::{LabelMap, Sha, cache, libsvm};

fn parse(c: &mut Criterion) {
    let mut group = c.benchmark_group("libsvm-parse");
    for shape in SHAPES {
        let text = shape.text();
        let expected = libsvm::RowShape {
            features: shape.features,
            labels: Some(&LabelMap::counting_from(0, shape.classes)),
            rows: None,
            line_bytes: 1 << 16,
        };
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(BenchmarkId::new(shape.name, shape.rows), |b| {
            b.iter(|| libsvm::parse(text.as_bytes(), &expected).unwrap());
        });
    }
    group.finish();
}

fn load(c: &mut Criterion) {
    let mut group = c.benchmark_group("cache-load");
    let folder = tempfile::tempdir().unwrap();
    for shape in SHAPES {
        let file = folder.path().join(format!("{}.csr", shape.name));
        // Of which text a cache is has no part in how long it takes to read.
        cache::write(&file, &shape.split().unwrap(), Sha::of(b""), 0).unwrap();
        group.throughput(Throughput::Bytes(std::fs::metadata(&file).unwrap().len()));
        group.bench_function(BenchmarkId::new(shape.name, shape.rows), |b| {
            b.iter(|| cache::read(&file, shape.features, Some(shape.classes)).unwrap());
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
