//! The program on GPUs: on this machine's, or on those that the CPU stands in for (`ci/cuda.sh standin`), of
//! which a command has as many as `STANDIN_DEVICES` says.

mod common;

use candle_core::Tensor;
use common::{House, column, run, stderr, succeed};
use lab::device::NcclRanks;
use optim::{AllGather, Evaluator, Quadratic, Ranks, ThreadRanks};
use std::io::Write;
use std::process::{Command, Output};
use std::sync::Arc;

/// Whether the CPU stands in for GPUs.
fn stood_in_for() -> bool {
    std::env::var_os("STANDIN_DEVICES").is_some()
}

/// How many GPUs a command may have; 0 is said, and is a failure where GPU_TESTS is `required`.
fn most() -> usize {
    if stood_in_for() {
        return 8;
    }
    match lab::device::gpu::count() {
        Ok(gpus) => gpus,
        Err(error) => {
            let required = std::env::var_os("GPU_TESTS").is_some_and(|value| value == "required");
            assert!(
                !required,
                "GPU_TESTS=required, and there is no GPU: {error:#}"
            );
            // Not eprintln!, which the test runner keeps to itself when a test passes.
            writeln!(std::io::stderr(), "skipped: no GPU ({error:#})").ok();
            0
        }
    }
}

/// A command of `house` that sees as many GPUs; those of the machine are all there.
fn with(mut command: Command, gpus: usize) -> Command {
    command.env_remove("RUST_BACKTRACE");
    if stood_in_for() {
        command.env("STANDIN_DEVICES", gpus.to_string());
    }
    command
}

/// Table 2, profile smoke, counted and not timed: rates of GPUs that are none take minutes.
fn table_2(house: &House, devices: &str) -> Command {
    let windows = "windows=[{evaluator: devices, window: 1}, \
        {evaluator: devices, window: [2, 4, 8], predictor: [copy, linear-force]}, \
        {evaluator: devices, window: 8, method: secant, memory: 6}, \
        {evaluator: batched, window: 1}, {evaluator: batched, window: 8, predictor: linear-force}, \
        {evaluator: batched, window: 8, predictor: linear-force, storage: bf16}, \
        {evaluator: batched, window: 8, method: secant, memory: 6}]";
    let settings = ["--set", "repeats=0", "--set", windows, "--fresh"];
    let more = [&["--devices", devices][..], &settings].concat();
    with(house.reproduce(&more), most())
}

const COUNTS: [&str; 4] = [
    "status",
    "rounds",
    "requested_gradients",
    "distinct_gradients",
];
const ENDS: [&str; 2] = ["train_loss", "flow_error"];

/// Columns of the rows as they are written.
fn written(house: &House, columns: &[&str]) -> Vec<Vec<String>> {
    let csv = house.read("rows.csv");
    columns.iter().map(|name| column(&csv, name)).collect()
}

/// Whether two columns of numbers are as near as rounding lets them be.
fn near(found: &[String], wanted: &[String], bound: f64) -> bool {
    let number = |text: &String| text.parse::<f64>().unwrap();
    let near =
        |(found, wanted): (&String, &String)| (number(found) - number(wanted)).abs() <= bound;
    found.len() == wanted.len() && found.iter().zip(wanted).all(near)
}

#[test]
fn ranks_that_gather_by_nccl_have_the_gradients_of_those_that_gather_through_the_hosts_memory() {
    if most() < 2 {
        return;
    }
    if let Err(error) = gpu::Nccl::id() {
        assert!(!stood_in_for(), "{error}");
        // Not eprintln!, which the test runner keeps to itself when a test passes.
        writeln!(std::io::stderr(), "skipped: {error}").ok();
        return;
    }
    let gradients = |ranks: ThreadRanks, one_gpu: bool| {
        let gpu = if one_gpu { 0 } else { ranks.rank() };
        let device = gpu::open(gpu).unwrap();
        gpu::enter(&device).unwrap();
        let ranks: Arc<dyn Ranks> = Arc::new(ranks);
        let by_nccl = NcclRanks::join(ranks.clone(), &device).map_err(|error| error.to_string())?;
        let f = Arc::new(Quadratic::diagonal(&[3.0, 0.5, 7.0], &device).unwrap());
        let (host, by_nccl) = (
            AllGather::new(f.clone(), ranks),
            AllGather::new(f, Arc::new(by_nccl)),
        );
        for width in [1, 2, 3, 4, 7] {
            let points: Vec<f64> = (0..3 * width).map(|i| i as f64).collect();
            let points = Tensor::from_vec(points, (width, 3), &device).unwrap();
            let of = |by: &AllGather| by.stacked(&points).unwrap().to_vec2::<f64>().unwrap();
            assert_eq!(of(&by_nccl), of(&host), "{width} points");
        }
        Ok((by_nccl.times(), host.times()))
    };
    let on_two = |one_gpu| -> Vec<Result<_, String>> {
        std::thread::scope(|threads| {
            let rank = |ranks| threads.spawn(move || gradients(ranks, one_gpu));
            let ranks: Vec<_> = ThreadRanks::of(2).into_iter().map(rank).collect();
            ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
        })
    };
    for times in on_two(false) {
        let (by_nccl, host) = times.unwrap();
        assert_eq!((by_nccl.rounds, by_nccl.bytes), (host.rounds, host.bytes));
        assert!(by_nccl.exchange_s > 0.0 && by_nccl.gradient_s > 0.0);
    }
    for refused in on_two(true) {
        assert!(refused.unwrap_err().contains("NCCL, joining as rank"));
    }
}

#[test]
fn table_2_on_any_number_of_gpus_is_that_of_the_cpu() {
    let most = most();
    if most == 0 {
        return;
    }
    let house = House::new();
    succeed(table_2(&house, "cpu"));
    let (counts, ends) = (written(&house, &COUNTS), written(&house, &ENDS));
    assert!(
        counts[0].iter().all(|status| status == "complete"),
        "{counts:?}"
    );
    for (devices, needed) in [
        ("cuda:0", 1),
        ("cuda:0x4", 1),
        ("cuda:0,1", 2),
        ("cuda:0x2,1", 2),
        ("cuda:0,1,2,3", 4),
        ("cuda:0,1,2,3,4,5,6,7", 8),
    ] {
        if needed > most {
            continue;
        }
        succeed(table_2(&house, devices));
        assert_eq!(written(&house, &COUNTS), counts, "{devices}");
        for (found, wanted) in written(&house, &ENDS).iter().zip(&ends) {
            assert!(near(found, wanted, 2e-6), "{devices}: {found:?} {wanted:?}");
        }
    }
}

/// In whatever order streams run: STANDIN_SCHEDULES says in how many.
#[test]
fn every_order_of_streams_gives_the_same_rows_to_the_last_bit() {
    if !stood_in_for() {
        return;
    }
    let schedules = std::env::var("STANDIN_SCHEDULES").unwrap_or_default();
    let house = House::new();
    let mut first = None;
    for seed in 1..=schedules.parse().unwrap_or(5) {
        let mut command = table_2(&house, "cuda:0,1,2x2");
        let trace = house.folder.path().join("trace");
        command.env("STANDIN_SEED", seed.to_string());
        command.env("STANDIN_TRACE", &trace);
        succeed(command);
        let trace = std::fs::read_to_string(trace).unwrap();
        let counts: serde_json::Value = serde_json::from_str(&trace).unwrap();
        assert_eq!(
            counts["allocations"], counts["frees"],
            "all memory is given back: {trace}"
        );
        let all = [&COUNTS[..], &ENDS, &["test_accuracy"]].concat();
        let rows = written(&house, &all);
        let first = first.get_or_insert_with(|| rows.clone());
        assert_eq!(rows, *first, "seed {seed}");
    }
}

#[test]
fn every_method_and_kinetic_energy_ends_on_a_gpu_where_it_does_on_the_cpu() {
    if most() == 0 {
        return;
    }
    let house = House::new();
    let flows = ["half-l2-squared", "l2", "l1", "linf", "relativistic:2"].map(|energy| {
        let of = |method| {
            format!("{{name: {method}, method: {method}, kinetic_energy: \"{energy}\", step_size: 0.05, steps: 5}}, ")
        };
        let counterpart = format!(
            "{{name: HB, method: heavy-ball, kinetic_energy: \"{energy}\", momentum: 0.9, step_size: 0.01}}, "
        );
        of("hd-leapfrog") + &of("hd-stratified") + &counterpart
    });
    let others = "{name: NAG, method: nesterov, step_size: 0.1}, {name: Adam, method: adam, step_size: 0.01}, \
        {name: L-BFGS, method: l-bfgs, memory: 5}";
    let methods = format!("methods=[{}{others}]", flows.concat());
    let of = |devices, lockstep| {
        let lockstep = format!("lockstep={lockstep}");
        let arguments = [
            "reproduce",
            "fig2",
            "--datasets",
            "tiny",
            "--profile",
            "smoke",
            "--out",
            "out",
            "--registry",
            "tiny.yaml",
            "--offline",
            "--fresh",
            "--devices",
            devices,
            "--set",
            &methods,
            "--set",
            &lockstep,
            "--set",
            "gradients=10",
            "--set",
            "precision=f64",
        ];
        succeed(with(house.command(&arguments), 1));
        written(&house, &["status", "gradients", "value"])
    };
    let cpu = of("cpu", "true");
    for lockstep in ["true", "false"] {
        let gpu = of("cuda:0", lockstep);
        assert_eq!(gpu[..2], cpu[..2]);
        assert!(near(&gpu[2], &cpu[2], 1e-9), "{gpu:?}\n{cpu:?}");
    }
}

#[test]
fn the_doctor_says_what_each_kind_of_machine_has() {
    if !stood_in_for() {
        return;
    }
    let house = House::new();
    let doctor = |gpus, variables: &[(&str, &str)], devices| {
        let mut command = with(
            house.command(&["doctor", "--devices", devices, "--offline"]),
            gpus,
        );
        command.envs(variables.iter().copied());
        let output = run(command);
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output);
        assert!(!said.contains("panicked"), "{said}");
        (output.status.success(), said)
    };
    for (gpus, variables) in [
        (1, &[][..]),
        (4, &[]),
        (4, &[("STANDIN_POOLS", "0")]),
        (4, &[("STANDIN_PEERS", "0")]),
    ] {
        let (well, said) = doctor(gpus, variables, "cuda");
        assert!(well, "{gpus} {variables:?}: {said}");
        assert_eq!(said.matches("stand-in").count(), gpus, "{said}");
        assert!(
            said.contains("computes with them what the CPU does"),
            "{said}"
        );
    }
    let (well, said) = doctor(0, &[], "cuda");
    assert!(!well && said.contains("CUDA_VISIBLE_DEVICES"), "{said}");
    assert!(said.contains("Machine"), "what was found is shown: {said}");
    let (well, said) = doctor(1, &[("STANDIN_PTX", "80")], "cuda");
    assert!(!well && said.contains("a newer driver runs it"), "{said}");
    // Left to itself, the program takes what it can use and says what it cannot, and why.
    let (well, said) = doctor(0, &[], "auto");
    assert!(
        well && said.contains("on the CPU, as no GPU is found"),
        "{said}"
    );
    let (well, said) = doctor(1, &[("STANDIN_PTX", "80")], "auto");
    assert!(well && said.contains("cuda:0 cannot be used"), "{said}");
    let (well, said) = doctor(2, &[], "auto");
    assert!(
        well && said.contains("on cuda:0,1, all GPUs that can be used"),
        "{said}"
    );
}

/// The command with a fault, and the same without.
fn with_fault(house: &House, fault: &str) -> (Output, Vec<Vec<String>>) {
    let again = [&["--devices", "cuda:0,1"][..], &["--set", "repeats=0"]].concat();
    let mut command = with(house.reproduce(&again), 2);
    command.env("STANDIN_FAIL", fault);
    let output = run(command);
    succeed(with(house.reproduce(&again), 2));
    (output, written(house, &[&COUNTS[..], &ENDS].concat()))
}

#[test]
fn a_fault_of_a_gpu_costs_a_cell_or_ends_the_run_and_is_mended_by_the_next() {
    if !stood_in_for() {
        return;
    }
    let mut sound: Option<Vec<Vec<String>>> = None;
    for fault in [
        "alloc:1",
        "alloc:60",
        "alloc:400",
        "launch:1",
        "launch:300",
        "copy:1",
        "copy:60",
    ] {
        let house = House::new();
        let (output, mended) = with_fault(&house, fault);
        let said = stderr(&output);
        assert!(!said.contains("panicked"), "{fault}: {said}");
        assert_eq!(output.status.code(), Some(1), "{fault}: {said}");
        let lost = !fault.starts_with("alloc");
        if lost && !fault.ends_with(":1") {
            assert!(
                said.contains("cuda:0 no longer computes"),
                "{fault}: {said}"
            );
        } else if lost {
            assert!(said.contains("opening cuda:0"), "{fault}: {said}");
        } else {
            assert!(said.contains("the GPU has no room"), "{fault}: {said}");
        }
        let sound = sound.get_or_insert_with(|| mended.clone());
        assert_eq!(mended, *sound, "{fault}");
    }
}

/// Figure 4, profile smoke, with a small network, one epoch of so many images in steps of 16.
fn figure_4(house: &House, devices: &str, images: usize, more: &[&str]) -> Command {
    let images = format!("images={{train: {images}, test: 16}}");
    let settings = [
        &images,
        "network={width: 4, blocks: [1, 1]}",
        "batch=16",
        "epochs=1",
    ];
    let options = [
        "--profile",
        "smoke",
        "--data",
        "surrogate",
        "--out",
        "out",
        "--fresh",
    ];
    let mut arguments = vec!["reproduce", "fig4", "--devices", devices];
    arguments.extend(options);
    for setting in settings.iter().copied().chain(more.iter().copied()) {
        arguments.extend(["--set", setting]);
    }
    with(house.command(&arguments), 1)
}

#[test]
fn a_network_is_trained_on_a_gpu_as_on_the_cpu() {
    if most() == 0 {
        return;
    }
    let house = House::new();
    let of = |devices| {
        succeed(figure_4(&house, devices, 32, &[]));
        written(&house, &["status", "gradients", "train_loss"])
    };
    let (cpu, gpu) = (of("cpu"), of("cuda:0"));
    assert_eq!(gpu[..2], cpu[..2]);
    assert!(cpu[0].len() >= 7, "{cpu:?}");
    assert!(near(&gpu[2], &cpu[2], 1e-5), "{gpu:?}\n{cpu:?}");
}

/// What a step of training asks of the GPU, on a network of two blocks; as those of windows, in
/// `optim/tests/counts.rs`, a count that moves is a change of speed: record it here, and say why.
const TRAINING_STEPS: [(&str, &str); 2] = [
    (
        "{name: HD, groups: [methods, integration-times], hamiltonian: {integrator: symplectic-euler, kinetic_energy: half-l2-squared, step_size: 0.1, steps: 2}}",
        "launches 181.5, products 21, allocations 271, uploads 25, downloads 2",
    ),
    (
        "{name: Adam, groups: [methods, integration-times], adam: {learning_rate: 0.001, reset_every: 20}}",
        "launches 411, products 21, allocations 501, uploads 25, downloads 2",
    ),
];

#[test]
fn a_step_of_training_asks_a_gpu_for_what_was_recorded() {
    if !stood_in_for() {
        return;
    }
    let house = House::new();
    let counted = |method: &str, images| -> serde_json::Value {
        let trace = house.folder.path().join("trace");
        let methods = format!("methods=[{method}]");
        let mut command = figure_4(&house, "cuda:0", images, &[&methods]);
        command.env("STANDIN_TRACE", &trace);
        succeed(command);
        serde_json::from_str(&std::fs::read_to_string(trace).unwrap()).unwrap()
    };
    let mut moved = Vec::new();
    for (method, recorded) in TRAINING_STEPS {
        // An epoch of two steps, and one of six: what is done once is in both.
        let (few, more) = (counted(method, 32), counted(method, 96));
        let each = |what: &str| (more[what].as_f64().unwrap() - few[what].as_f64().unwrap()) / 4.0;
        let found = [
            "launches",
            "products",
            "allocations",
            "uploads",
            "downloads",
        ];
        let found = found
            .map(|what| format!("{what} {}", each(what)))
            .join(", ");
        if found != recorded {
            moved.push(format!("{method}: {found}, not {recorded}"));
        }
    }
    assert!(moved.is_empty(), "{}", moved.join("\n"));
}

#[test]
fn in_tf32_a_flow_errs_more_and_by_little() {
    if most() == 0 {
        return;
    }
    let house = House::new();
    let windows = "windows=[{evaluator: batched, window: 1}, \
        {evaluator: batched, window: 4, tf32: [false, true]}]";
    let more = [
        "--devices",
        "cuda:0",
        "--set",
        "repeats=0",
        "--set",
        windows,
    ];
    succeed(with(house.reproduce(&more), 1));
    let errors = &written(&house, &["flow_error"])[0];
    let errors: Vec<f64> = errors.iter().map(|error| error.parse().unwrap()).collect();
    assert!(errors[1] < errors[2] && errors[2] < 1e-3, "{errors:?}");
}
