//! From a journal to a report: groups `journal-read` (throughput in bytes) and `report-build`
//! (in cells: tables, figures, CSV and Parquet, written to a temporary folder and synced, so the
//! disk has its part in it). Cases are targets, sizes cells.

#[path = "../common/mod.rs"]
mod common;
mod made_up;

use claims::Claims;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use harness::publish;
use lab::configs::Configs;
use lab::journal;
use made_up::MadeUp;

/// Data sets of a journal: one, and all.
const DATASETS: [&[&str]; 2] = [&["a8a"], &["a8a", "a9a", "mnist", "usps"]];

fn read(c: &mut Criterion) {
    let mut group = c.benchmark_group("journal-read");
    for datasets in DATASETS {
        let run = MadeUp::table2(datasets).unwrap();
        let file = run.folder.path().join(publish::JOURNAL);
        group.throughput(Throughput::Bytes(std::fs::metadata(&file).unwrap().len()));
        group.bench_function(BenchmarkId::new("table2", run.cells), |b| {
            b.iter(|| journal::read(&file, "table2").unwrap());
        });
    }
    group.finish();
}

fn build(c: &mut Criterion) {
    let mut group = c.benchmark_group("report-build");
    let text = Configs::compiled_in().read("claims.yaml").unwrap();
    let claims = Claims::from_yaml(&text).unwrap();
    for datasets in DATASETS {
        let run = MadeUp::table2(datasets).unwrap();
        group.throughput(Throughput::Elements(run.cells as u64));
        group.bench_function(BenchmarkId::new("table2", run.cells), |b| {
            b.iter(|| {
                let built = publish::build(run.folder.path(), &claims).unwrap();
                assert_eq!(built.missing, 0);
                built
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = common::criterion();
    targets = read, build
}
criterion_main!(benches);
