//! What a GPU is asked for: kernels, products, copies, allocations and waits of a gradient and of a round of a
//! window, counted by the stand-in for CUDA's driver (`ci/cuda.sh standin`) and the same at every run. A count
//! that moves is a change of speed on a GPU, seen without one: record it here, and say why.
//!
//! Each is counted by this program as a process of its own, run with few and with more of it: the difference is
//! free of what is done once.

mod common;

use candle_core::{DType, Device, Tensor};
use common::{problem_on, random_numbers};
use optim::{
    Batched, Devices, Evaluator, Kernel, Kinetic, LogisticRegression, Method, Oracle, Potential,
    Predictor, Recurrence, Sequential, Window, WindowMethod, WindowedDescent, WindowedRecurrence,
};
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

/// How often what is done.
type Work = BTreeMap<String, f64>;

/// Where the child is told what to do and how often, and where it says how many rounds that were.
const WORK: &str = "COUNTED_WORK";
const TIMES: &str = "COUNTED_TIMES";
const ROUNDS: &str = "COUNTED_ROUNDS";

/// A random problem in f32 on a device.
fn problem(device: &Device) -> Arc<LogisticRegression> {
    problem_on(device, DType::F32, Kernel::Fused, (false, 0.0))
}

/// Does some work so many times; returns how many units were counted.
fn work(name: &str, times: usize) -> u64 {
    let device = gpu::open(0).unwrap();
    let f = problem(&device);
    let start = random_numbers(6, f.dimension());
    let start = Tensor::from_vec(start, f.dimension(), &Device::Cpu).unwrap();
    let start = start.to_dtype(DType::F32).unwrap().to_device(&device);
    let start = start.unwrap();
    if let Some(points) = name.strip_prefix("gradients ") {
        let points: usize = points.parse().unwrap();
        let points = Tensor::stack(&vec![start; points], 0).unwrap();
        for _ in 0..times {
            f.gradients(&points).unwrap();
        }
        device.synchronize().unwrap();
        return times as u64;
    }
    let (evaluator, window): (Arc<dyn Evaluator>, Window) = match name {
        "step" => (Arc::new(Sequential::new(f.clone())), Window::default()),
        "copy round" => (batched(&f), picard(4, Predictor::Copy)),
        "linear-force round" => (batched(&f), picard(4, Predictor::LinearForce)),
        "secant round" => {
            let window = Window {
                method: WindowMethod::secant(6),
                ..picard(8, Predictor::LinearForce)
            };
            (batched(&f), window)
        }
        "round of two workers" => {
            let places = [device.clone(), gpu::open(0).unwrap()];
            let replica = |place: &Device| Ok(problem(place) as Arc<dyn Potential>);
            let workers = Devices::new(&places, replica).unwrap();
            (Arc::new(workers), picard(4, Predictor::LinearForce))
        }
        other => panic!("{other}"),
    };
    let recurrence = Recurrence::new(Kinetic::HalfL2Squared, 0.3, 20);
    let flow = WindowedRecurrence { recurrence, window };
    let mut method = WindowedDescent::new(Oracle::shared(evaluator), flow, start).ending(1 << 20);
    for _ in 0..times {
        method.advance().unwrap();
    }
    device.synchronize().unwrap();
    method.counts().rounds
}

fn batched(f: &Arc<LogisticRegression>) -> Arc<dyn Evaluator> {
    Arc::new(Batched::new(f.clone()))
}

/// So strict that windows move a step a round, whatever rounding makes of their points.
fn picard(width: usize, predictor: Predictor) -> Window {
    Window {
        width,
        tolerance: 0.0,
        method: WindowMethod::Picard {
            predictor,
            storage: optim::Storage::Points,
        },
        ..Window::default()
    }
}

/// What a unit of some work asks of the GPU.
fn counted(name: &str) -> Work {
    let run = |times: usize| -> (Work, f64) {
        let folder = tempfile::tempdir().unwrap();
        let (trace, rounds) = (folder.path().join("trace"), folder.path().join("rounds"));
        let mut child = Command::new(std::env::current_exe().unwrap());
        child
            .args(["--exact", "the_work_of_a_process_of_its_own"])
            .env(WORK, name)
            .env(TIMES, times.to_string())
            .env(ROUNDS, &rounds)
            .env("STANDIN_TRACE", &trace);
        let output = child.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}: {said}");
        let read = |path| std::fs::read_to_string(path).unwrap();
        let rounds = read(&rounds).parse().unwrap();
        (serde_json::from_str(&read(&trace)).unwrap(), rounds)
    };
    let ((few, before), (more, after)) = (run(2), run(6));
    let each = |(what, more): (&String, &f64)| {
        let few = few.get(what).unwrap_or(&0.0);
        (what.clone(), (more - few) / (after - before))
    };
    more.iter()
        .map(each)
        .filter(|(_, each)| *each > 0.0)
        .collect()
}

/// Run by `counted` in a process of its own; else it has nothing to do.
#[test]
fn the_work_of_a_process_of_its_own() {
    if let (Ok(name), Ok(times)) = (std::env::var(WORK), std::env::var(TIMES)) {
        let rounds = work(&name, times.parse().unwrap());
        std::fs::write(std::env::var(ROUNDS).unwrap(), rounds.to_string()).unwrap();
    }
}

/// What was recorded, as it is found.
const RECORDED: &str = "\
gradients 1: allocations 1, frees 1, launches 1
gradients 4: allocations 1, frees 1, launches 1
step: allocations 2, downloads 1, frees 2, launches 3
copy round: allocations 3.23, downloads 1, frees 3.23, launches 6.09, lookups 3.09
linear-force round: allocations 4.65, downloads 1, frees 4.65, launches 6.09, lookups 1.53
secant round: allocations 5.54, downloads 1, frees 5.54, launches 10.54, products 1.41
round of two workers: allocations 9.89, copies 3.49, downloads 1, events 3.49, frees 9.89, launches 8.71, \
lookups 3.27, records 3.49, waits 3.49
";

/// How far a count may be from what was recorded: another processor's rounding may move how many rounds begin a
/// window, and with it a mean.
const SLACK: f64 = 0.05;

#[test]
fn a_gradient_and_a_round_ask_a_gpu_for_what_was_recorded() {
    if std::env::var_os("STANDIN_DEVICES").is_none() || std::env::var_os(WORK).is_some() {
        return;
    }
    let mut moved = Vec::new();
    for line in RECORDED.lines() {
        let (name, recorded) = line.split_once(": ").unwrap();
        let recorded: Work = recorded
            .split(", ")
            .map(|part| part.split_once(' ').unwrap())
            .map(|(what, count)| (what.to_owned(), count.parse().unwrap()))
            .collect();
        let found = counted(name);
        let of = |work: &Work, what: &String| work.get(what).copied().unwrap_or(0.0);
        let near = |what: &String| {
            let recorded = of(&recorded, what);
            (of(&found, what) - recorded).abs() <= SLACK * recorded + 0.005
        };
        if !recorded.keys().chain(found.keys()).all(near) {
            let found = found
                .iter()
                .map(|(what, count)| format!("{what} {count:.4}"));
            let found: Vec<String> = found.collect();
            moved.push(format!("{line}\nnow: {}", found.join(", ")));
        }
    }
    assert!(moved.is_empty(), "{}", moved.join("\n"));
}
