//! Bytes to matrices: parsing LIBSVM text, and loading the parsed form. Groups: `libsvm-parse`,
//! `cache-load`; throughput in bytes of text and of cache.

use bench::libsvm_text;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use datasets::{LabelMap, Sha, cache, libsvm};

const FEATURES: usize = 780;

fn parse(c: &mut Criterion) {
    let mut group = c.benchmark_group("libsvm-parse");
    group.sample_size(10);
    let labels = LabelMap::counting_from(0, 10);
    for nonzeros in [14, 150] {
        let text = libsvm_text(20_000, FEATURES, nonzeros);
        group.throughput(Throughput::Bytes(text.len() as u64));
        let shape = libsvm::Shape {
            features: FEATURES,
            labels: &labels,
            rows: None,
            line_bytes: 1 << 16,
        };
        group.bench_function(BenchmarkId::new("nonzeros-per-row", nonzeros), |b| {
            b.iter(|| libsvm::parse(text.as_bytes(), &shape).unwrap());
        });
    }
    group.finish();
}

fn load(c: &mut Criterion) {
    let mut group = c.benchmark_group("cache-load");
    group.sample_size(10);
    let labels = LabelMap::counting_from(0, 10);
    let text = libsvm_text(20_000, FEATURES, 150);
    let shape = libsvm::Shape {
        features: FEATURES,
        labels: &labels,
        rows: None,
        line_bytes: 1 << 16,
    };
    let split = libsvm::parse(text.as_bytes(), &shape).unwrap();
    let file = std::env::temp_dir().join(format!("bench-{}.csr", std::process::id()));
    cache::write(&file, &split, Sha::of(text.as_bytes()), text.len() as u64).unwrap();
    group.throughput(Throughput::Bytes(std::fs::metadata(&file).unwrap().len()));
    group.bench_function(BenchmarkId::new("nonzeros", split.rows.nnz()), |b| {
        b.iter(|| cache::read(&file, FEATURES, 10).unwrap());
    });
    group.finish();
    std::fs::remove_file(&file).unwrap();
}

criterion_group!(benches, parse, load);
criterion_main!(benches);
