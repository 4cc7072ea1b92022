//! Whether a flow ends where it does on the CPU on every device there is: on the paper's data where
//! HARNESS_DATA_DIR says where it lies, else on generated rows of one of its sets.

use candle_core::{DType, Device, Tensor};
use datasets::{DataPolicy, Dataset, Library, LibraryOptions, Registry, Silent};
use lab::device::Machine;
use lab::experiments::windows::Windows;
use lab::experiments::windows::bench::{Gradients, Workbench};
use lab::plan::Plan;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// One flow of each window, on the precision and kernel that the settings say.
fn settings(precision: &str, kernel: &str) -> Vec<String> {
    let windows = "windows=[{evaluator: batched, window: 1}, \
        {evaluator: batched, window: 4, predictor: copy}, \
        {evaluator: batched, window: 8, predictor: linear-force}, \
        {evaluator: batched, window: 8, method: secant, memory: 10}, \
        {evaluator: devices, window: [1, 4], predictor: linear-force}]";
    [
        format!("precision={precision}"),
        format!("problem.kernel={kernel}"),
        "profiles.smoke.flows={other: 1}".into(),
        windows.into(),
    ]
    .into()
}

fn plan(precision: &str, kernel: &str) -> Plan {
    let text = include_str!("../../configs/table2.yaml");
    Plan::from_yaml(text, &settings(precision, kernel), Some("smoke")).unwrap()
}

fn data() -> Vec<Dataset> {
    let cache = TempDir::new().unwrap();
    let data_dir = std::env::var_os("HARNESS_DATA_DIR").filter(|dir| !dir.is_empty());
    let data_dir: Option<PathBuf> = data_dir.map(Into::into);
    let (policy, names) = match &data_dir {
        Some(dir) => (DataPolicy::Real, those_in(dir)),
        None => (DataPolicy::Surrogate, vec!["a8a"]),
    };
    let registry = Registry::from_yaml(include_str!("../../configs/datasets.yaml")).unwrap();
    let library = Library::new(
        registry,
        LibraryOptions {
            data_dir,
            policy,
            cache_dir: Some(cache.path().to_owned()),
            offline: true,
            ..LibraryOptions::default()
        },
    );
    let split = |name: &str| (name == "mnist").then_some("paper");
    let load = |name| library.load(name, split(name), &Silent).unwrap();
    names.into_iter().map(load).collect()
}

/// The paper's data sets of which a folder has a file.
fn those_in(dir: &Path) -> Vec<&'static str> {
    let files = std::fs::read_dir(dir).unwrap();
    let files: Vec<String> = files
        .map(|file| file.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let there = |name: &&str| files.iter().any(|file| file.starts_with(name));
    let names: Vec<_> = ["a8a", "a9a", "mnist", "usps"]
        .into_iter()
        .filter(there)
        .collect();
    assert!(!names.is_empty(), "no data sets in {}", dir.display());
    names
}

/// Where each window ends after a flow, in f64 on the CPU, and after how many rounds.
fn ends(devices: &str, plan: &Plan, dataset: &Dataset) -> Vec<(String, Tensor, u64)> {
    let machine = Machine::open(devices.parse().unwrap()).unwrap();
    let cells = Windows::new(plan)
        .unwrap()
        .cells(&machine, dataset)
        .unwrap();
    let bench = Workbench::new(&machine, dataset, &cells[0]).unwrap();
    let end = |cell| {
        let placement = bench.placement(cell).unwrap();
        let real = Gradients::Real;
        let evaluator = bench.evaluator(cell, &placement, real).unwrap();
        let mut method = bench.method(cell, &evaluator).unwrap();
        method.advance().unwrap();
        let end = method.position().to_device(&Device::Cpu).unwrap();
        let end = end.to_dtype(DType::F64).unwrap();
        (cell.label(), end, method.counts().rounds)
    };
    cells.iter().map(end).collect()
}

fn relative_distance(a: &Tensor, b: &Tensor) -> f64 {
    let norm = |t: &Tensor| {
        let sum = t.sqr().unwrap().sum_all().unwrap();
        sum.to_scalar::<f64>().unwrap().sqrt()
    };
    norm(&(a - b).unwrap()) / norm(b)
}

#[test]
fn a_flow_on_the_papers_data_ends_where_it_does_on_the_cpu_after_as_many_rounds() {
    let gpu = gpu::devices_to_test().len() > 1;
    for dataset in data() {
        for (precision, bound) in [("f32", 1e-4), ("f64", 1e-10)] {
            let wanted = ends("cpu", &plan(precision, "auto"), &dataset);
            let mut found = ends("cpu", &plan(precision, "fused"), &dataset);
            if gpu {
                found.extend(ends("cuda:0", &plan(precision, "auto"), &dataset));
                found.extend(ends("cuda:0x4", &plan(precision, "fused"), &dataset));
            }
            for ((label, end, rounds), (_, on_cpu, counted)) in
                found.iter().zip(wanted.iter().cycle())
            {
                let apart = relative_distance(end, on_cpu);
                assert!(apart <= bound, "{precision} {label}: {apart:e}");
                assert_eq!(rounds, counted, "{precision} {label}");
            }
        }
    }
}
