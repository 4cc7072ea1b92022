//! Plans of windows over several methods, and their smallest runs.

use super::*;
use crate::experiments::training::{Feed, Learner, ResNet, Score, TrainingMethod};
use crate::journal::Entry;
use crate::progress::Watch;
use crate::seed::Seeds;
use candle_core::{DType, Device};
use candle_nn::ModuleT;
use datasets::{Library, LibraryOptions, Registry, Silent};
use optim::Window;

struct Quiet;

impl Watch for Quiet {
    fn doing(&self, _: &str) {}
    fn step(&self) {}
}

const PLAN: &str = "
target: parallel
experiment: parallel
precision: f64
problem: {kind: matrix-sensing, dimension: 6, truth_rank: 1, truth_norm: 1.0, rank: 2, measurements: 40, scale: 1.0, distance: matrix}
start: {distribution: sphere, radius: 0.5}
starts: 1
steps: 60
every: 5
exponent_steps: 40
tolerance: 1.0e-3
targets: {matrix-sensing: 0.05}
methods:
  - {name: GD, method: heavy-ball, kinetic_energy: half-l2-squared, step_size: [0.005, 0.02]}
  - {name: HD, method: hd-euler, kinetic_energy: half-l2-squared, steps: 10, step_size: 0.1}
  - {name: L-BFGS, method: l-bfgs, memory: 5}
windows:
  - {evaluator: batched, window: 1}
  - {evaluator: batched, window: 4, predictor: [copy, linear-force], across_flows: true}
statistics: {resamples: 100, confidence: 0.95}
default_profile: only
profiles: {only: {what: all}}
";

fn plan(settings: &[&str]) -> Plan {
    let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
    Plan::from_yaml(PLAN, &settings, None).unwrap()
}

/// Rows of all that a plan measures.
fn run(settings: &[&str]) -> Vec<ParallelRow> {
    run_on(&[], settings)
}

fn run_on(data: &[Data], settings: &[&str]) -> Vec<ParallelRow> {
    let plan = plan(settings);
    let mut experiment = Parallel::new(&plan).unwrap();
    let machine = Machine::open("cpu".parse().unwrap()).unwrap();
    let mut entries = Vec::new();
    for unit in Experiment::units(&experiment, &machine, data).unwrap() {
        let bench = Bench {
            machine: &machine,
            data: unit.data.map(|place| &data[place]),
            watch: &Quiet,
            keep: &|_| None,
            ended: &|_, _| Ok(()),
        };
        let outcomes = Experiment::measure(&mut experiment, &bench, &unit.cells).unwrap();
        assert_eq!(outcomes.len(), unit.cells.len());
        for (cell, outcome) in unit.cells.iter().zip(outcomes) {
            if let Outcome::Measured(measured) = &outcome {
                Parallel::fits(&cell.settings, measured).unwrap();
            }
            entries.push(Entry {
                key: cell.label.clone(),
                ended_at: 0,
                copied_from: None,
                cell: serde_json::to_value(&cell.settings).unwrap(),
                outcome: outcome.written(),
            });
        }
    }
    rows(&plan, &ParallelPlan::new(&plan).unwrap(), &entries).unwrap()
}

#[test]
fn every_method_runs_in_every_window_and_what_is_no_recurrence_runs_as_it_does() {
    let rows = run(&[]);
    let of = |name: &str| rows.iter().filter(|row| row.method == name).count();
    assert_eq!((of("GD"), of("HD"), of("L-BFGS")), (6, 3, 1));
    for row in &rows {
        assert_eq!(row.status, "complete", "{row:?}");
        assert!(row.value.is_some() && row.steps.is_some(), "{row:?}");
        match row.window {
            Some(1) => {
                assert_eq!((row.depth, row.gradients_a_step), (Some(1.0), Some(1.0)));
                assert!(row.error.is_none() && row.exponent.is_some(), "{row:?}");
            }
            Some(_) => {
                assert!(
                    row.depth.unwrap() > 1.0 && row.error.unwrap() < 1e-2,
                    "{row:?}"
                );
            }
            None => assert_eq!(row.method, "L-BFGS"),
        }
    }
}

#[test]
fn the_best_of_a_grid_is_the_one_with_the_fewest_rounds_to_the_target() {
    let rows = run(&["repeats=3"]);
    let alone: Vec<&ParallelRow> = rows
        .iter()
        .filter(|row| row.method == "GD" && row.window == Some(1))
        .collect();
    let best: Vec<&&ParallelRow> = alone.iter().filter(|row| row.best == "own+one").collect();
    let fewest = alone.iter().filter_map(|row| row.rounds_to_target).min();
    assert_eq!(best.len(), 1);
    assert_eq!(best[0].rounds_to_target, fewest);
    for row in &rows {
        let timed = row.wall_s.is_some();
        assert!(!timed || row.best.contains("own"), "{row:?}");
        assert_eq!(row.speedup.is_some(), timed, "{row:?}");
    }
    let timed = |row: &&ParallelRow| row.method == "GD" && row.wall_s.is_some();
    assert_eq!(rows.iter().filter(timed).count(), 2, "one of each width");
}

#[test]
fn a_plan_without_steps_one_after_the_other_or_with_two_of_a_name_is_refused() {
    let refused = |settings: &[&str]| Parallel::new(&plan(settings)).err().unwrap().to_string();
    let alone = refused(&["windows=[{evaluator: batched, window: 4}]"]);
    assert!(alone.contains("window: 1"), "{alone}");
    let surrogate = refused(&[
        "windows=[{evaluator: batched, window: 1}, {evaluator: batched, window: 4, method: secant, memory: 3, surrogate_rows: 5}]",
    ]);
    assert!(surrogate.contains("windows[1]"), "{surrogate}");
    let tuned = refused(&[
        "methods=[{name: GD, method: heavy-ball, kinetic_energy: l2, step_size: 0.1, tune: true}]",
    ]);
    assert!(tuned.contains("tune"), "{tuned}");
    let every = refused(&["every=61"]);
    assert!(every.contains("every is 61"), "{every}");
}

#[test]
fn a_method_that_runs_away_is_told_as_diverged() {
    let rows = run(&[
        "methods=[{name: GD, method: heavy-ball, kinetic_energy: half-l2-squared, step_size: 50.0}]",
    ]);
    for row in rows {
        assert!(row.status.contains("diverged"), "{row:?}");
        assert!(row.depth.is_none() && row.best.is_empty());
    }
}

#[test]
fn a_window_of_one_step_on_workers_is_no_baseline_of_its_own() {
    let mover = Mover {
        method: serde_json::from_value(serde_json::json!({
            "method": "adam", "step_size": 0.1
        }))
        .unwrap(),
        placed: Some(PlacedSteps {
            evaluator: crate::experiments::windows::plan::EvaluatorKind::Devices,
            window: Window::default(),
        }),
    };
    assert!(!mover.is_baseline());
    assert_eq!(mover.label(), "0.1 devices W=1 copy");
}

/// Generated images of 3 x 8 x 8 in 4 classes.
fn images() -> Images {
    let text = "images:\n  tiny: {channels: 3, side: 8, classes: 4, archive: {name: tiny.tar}, \
        train: {members: [a], images: 64}, test: {members: [b], images: 20}, \
        mean: [128, 128, 128], deviation: [50, 50, 50], surrogate: {signal: 60, noise: 20, shift: 1}}";
    let registry = Registry::from_yaml(text).unwrap();
    let library = Library::new(registry, LibraryOptions::default());
    library.images("tiny", &Silent).unwrap()
}

/// A part that trains a network on them: twelve steps of two epochs.
fn network(more: &str) -> String {
    format!(
        "parts=[{{name: network, network: {{dataset: tiny, architecture: {{width: 4, blocks: [1]}}, batch: 8, \
         augment: {{pad: 1, flip: true}}}}, steps: 12, every: 6, exponent_steps: 0, targets: {{}}, methods: \
         [{{name: SGD, method: heavy-ball, kinetic_energy: half-l2-squared, step_size: 0.05, momentum: 0.5}}, \
         {{name: HD, method: hd-euler, kinetic_energy: half-l2-squared, steps: 6, step_size: 0.2}}], {more}}}]"
    )
}

fn of_networks(more: &str) -> Vec<ParallelRow> {
    let part = network(more);
    let mut rows = run_on(
        &[Data::Images(images())],
        &["methods=[{name: L-BFGS, method: l-bfgs, memory: 5}]", &part],
    );
    rows.retain(|row| row.part == "network");
    rows
}

#[test]
fn a_network_in_windows_without_a_tolerance_ends_where_its_steps_do_to_the_last_bit() {
    let rows = of_networks(
        "windows: [{evaluator: batched, window: 1}, {evaluator: batched, window: 3, predictor: linear-force, \
         tolerance: 0.0}, {evaluator: devices, window: 3, predictor: copy, tolerance: 0.0, across_flows: true}]",
    );
    assert_eq!(rows.len(), 6);
    for row in &rows {
        assert_eq!(
            (row.dataset.as_str(), row.status.as_str()),
            ("tiny", "complete"),
            "{row:?}"
        );
        assert_eq!((row.steps, row.precision.as_str()), (Some(12), "f32"));
        let alone = rows
            .iter()
            .find(|other| other.method == row.method && other.is_alone());
        let alone = alone.unwrap();
        assert_eq!(
            (row.value, row.accuracy),
            (alone.value, alone.accuracy),
            "{row:?}"
        );
        assert!(
            row.accuracy
                .is_some_and(|share| (0.0..=1.0).contains(&share))
        );
        assert_eq!(row.error, (!row.is_alone()).then_some(0.0), "{row:?}");
    }
}

#[test]
fn a_network_in_windows_of_a_tolerance_takes_fewer_rounds_than_steps_and_ends_near_them() {
    let rows = of_networks(
        "windows: [{evaluator: batched, window: 1}, {evaluator: batched, window: 4, predictor: copy, tolerance: 0.02, \
         across_flows: true}]",
    );
    for row in rows.iter().filter(|row| !row.is_alone()) {
        assert!(
            row.rounds.unwrap() < 12 && row.depth.unwrap() > 1.0,
            "{row:?}"
        );
        assert!(
            row.error.is_some_and(|error| error > 0.0 && error < 0.05),
            "{row:?}"
        );
    }
}

#[test]
fn a_networks_steps_see_the_batches_that_a_training_sees() {
    let images = images();
    let rows = of_networks("windows: [{evaluator: batched, window: 1}]");
    let seeds = Seeds::new(plan(&[]).seed);
    let feed = Feed {
        images: &images,
        device: Device::Cpu,
        batch: 8,
        augment: Some(crate::experiments::training::Moves { pad: 1, flip: true }),
        seeds,
        start: 0,
    };
    let architecture = crate::experiments::training::Architecture {
        width: 4,
        blocks: vec![1],
    };
    let network = ResNet::new(&architecture, 3, 4, &Device::Cpu, seeds, 0).unwrap();
    let written = "baseline: {direction: half-l2-squared, learning_rate: 0.05, momentum: 0.5}";
    let method = TrainingMethod::listed(&datasets::yaml::load(written).unwrap()).unwrap();
    let mut learner = Learner::new(network, &method[0], 0).unwrap();
    // Epoch by epoch, as a training goes through them.
    for (number, batches) in [(1, 8), (2, 4)] {
        let epoch = feed.epoch(number);
        for index in 0..batches {
            let (images, labels) = feed.batch(&epoch, &feed.images.train, index).unwrap();
            learner.step(&images, &labels).unwrap();
        }
    }
    let score = |images: &candle_core::Tensor, labels: &candle_core::Tensor| {
        let logits = learner.network().forward_t(images, true)?.detach();
        let loss = candle_nn::loss::cross_entropy(&logits, labels)?;
        Score::of(&logits, labels, loss.to_dtype(DType::F64)?.to_scalar()?)
    };
    let wanted = feed.scored(&images.test, score).unwrap();
    let row = rows.iter().find(|row| row.method == "SGD").unwrap();
    assert_eq!(row.value, Some(wanted.mean_loss()));
    assert_eq!(row.accuracy, Some(wanted.accuracy()));
}

#[test]
fn what_is_no_training_of_a_network_is_refused_by_its_part_and_key() {
    let refused = |part: &str| {
        let error = Parallel::new(&plan(&[part])).err().unwrap();
        format!("{error:#}")
    };
    let windows = "windows: [{evaluator: batched, window: 1}]";
    let no_steps = refused(&network(windows).replace("{name: SGD, method: heavy-ball, kinetic_energy: half-l2-squared, step_size: 0.05, momentum: 0.5}", "{name: L, method: l-bfgs, memory: 3}"));
    assert!(no_steps.contains("part network: method L"), "{no_steps}");
    let exponent = refused(&network(windows).replace("exponent_steps: 0", "exponent_steps: 5"));
    assert!(exponent.contains("exponent_steps is 5"), "{exponent}");
    let batch = refused(&network(windows).replace("batch: 8", "batch: 1"));
    assert!(batch.contains("network.batch is 1"), "{batch}");
    let both = refused(&network(&format!("problem: {{kind: ackley}}, {windows}")));
    assert!(both.contains("a problem and a network"), "{both}");
    let twice = refused("parts=[{name: a}, {name: a}]");
    assert!(twice.contains("two are named `a`"), "{twice}");
}

#[test]
fn a_part_with_another_target_is_told_apart_from_the_plans_own() {
    let rows = run(&["parts=[{name: tight, targets: {matrix-sensing: 0.01}}]"]);
    let of = |part: &str| {
        rows.iter()
            .filter(|row| row.part == part)
            .collect::<Vec<_>>()
    };
    let (own, tight) = (of(""), of("tight"));
    assert_eq!(own.len(), tight.len());
    assert_eq!(tight[0].place(), "matrix-sensing, tight");
    for (own, tight) in own.iter().zip(&tight) {
        assert_eq!((own.target, tight.target), (Some(0.05), Some(0.01)));
        assert!(own.rounds_to_target <= tight.rounds_to_target.or(Some(u64::MAX)));
    }
    assert!(own.iter().any(|row| row.best == "own+one"));
}

#[test]
fn on_a_quadratic_gradient_descent_takes_the_steps_that_its_smallest_eigenvalue_asks_for() {
    // From anywhere, at a step of 1: the value falls at last by (1 - 1/κ)² a step.
    let part = |condition: f64| {
        format!(
            "{{name: κ = {condition}, problem: {{kind: quadratic, dimension: 10, condition: {condition}}}, every: 1, steps: 400, \
             exponent_steps: 400, targets: {{quadratic: 1.0e-12}}, methods: [{{name: GD, method: heavy-ball, kinetic_energy: \
             half-l2-squared, step_size: 1.0}}]}}"
        )
    };
    let rows = run(&[&format!("parts=[{}, {}]", part(2.0), part(8.0))]);
    for (name, condition) in [("κ = 2", 2.0_f64), ("κ = 8", 8.0)] {
        let of = |row: &&ParallelRow| row.part == name && row.is_alone();
        let row = rows.iter().find(of).unwrap();
        assert_eq!(row.dataset, "quadratic");
        assert_eq!(row.precision, "f64");
        let rate = (1.0 - 1.0 / condition).ln();
        // A start of radius 1/2 has a value below 1/8.
        let wanted = (1e-12_f64 / 0.125).ln() / (2.0 * rate);
        let found = row.steps_to_target.unwrap() as f64;
        assert!(
            found < wanted + 1.0 && found > 0.6 * wanted,
            "{found} {wanted}"
        );
        let exponent = row.exponent.unwrap();
        assert!((exponent - rate).abs() < 0.01, "{exponent} {rate}");
    }
}

/// Rows of windows over flows, gradient descent and Heavy Ball on a quadratic.
fn on_a_quadratic(windows: &str) -> Vec<ParallelRow> {
    let methods = "{name: HD, method: hd-euler, kinetic_energy: half-l2-squared, steps: 10, step_size: [0.05, 0.1]}, \
                   {name: GD, method: heavy-ball, kinetic_energy: half-l2-squared, step_size: [0.5, 1.5]}, \
                   {name: HB, method: heavy-ball, kinetic_energy: half-l2-squared, momentum: 0.8, step_size: 0.5}, \
                   {name: Adam, method: adam, step_size: 0.01}";
    let part = format!(
        "parts=[{{name: q, problem: {{kind: quadratic, dimension: 10, condition: 5}}, every: 10, steps: 40, exponent_steps: \
         600, targets: {{}}, methods: [{methods}], windows: [{{evaluator: batched, window: 1}}, {windows}]}}]"
    );
    let rows = run(&[&part]);
    rows.into_iter().filter(|row| row.part == "q").collect()
}

#[test]
fn on_a_quadratic_exponents_tend_to_what_theory_says_and_errors_keep_below_its_bound() {
    let windows = "{evaluator: batched, window: [4, 8], predictor: [copy, linear-force], across_flows: true, tolerance: \
                   [0.01, 0.0001]}, {evaluator: batched, window: 8, method: secant, memory: 5, across_flows: true}";
    let rows = on_a_quadratic(windows);
    let alone: Vec<&ParallelRow> = rows.iter().filter(|row| row.is_alone()).collect();
    assert_eq!(alone.len(), 6);
    for row in alone {
        let exact = row.exponent_exact;
        assert_eq!(exact.is_some(), row.method != "Adam", "{row:?}");
        let found = row.exponent.unwrap();
        assert!(
            exact.is_none_or(|exact| (exact - found).abs() < 2e-3),
            "{row:?}"
        );
        assert!(row.error_bound.is_none());
    }
    let bounded: Vec<&ParallelRow> = rows
        .iter()
        .filter(|row| row.error_bound.is_some())
        .collect();
    assert_eq!(bounded.len(), 2 * 8, "of flows in Picard windows alone");
    for row in &bounded {
        let (error, bound) = (row.error.unwrap(), row.error_bound.unwrap());
        assert!(error <= bound, "{row:?}");
        assert_eq!(
            (row.method.as_str(), row.corrector.as_deref()),
            ("HD", Some("picard"))
        );
    }
    // It is the tolerance that the bound is linear in, nearly.
    let of = |tolerance: f64| {
        let same =
            |row: &&&ParallelRow| row.tolerance == Some(tolerance) && row.step_size == Some(0.1);
        bounded
            .iter()
            .find(same)
            .and_then(|row| row.error_bound)
            .unwrap()
    };
    let ratio = of(0.01) / of(0.0001);
    assert!((99.0..115.0).contains(&ratio), "{ratio}");
}

#[test]
fn no_row_has_a_number_that_is_none() {
    // Adam's means of squares are next to 0 there, and a start at the minimum stays there.
    let adam = "parts=[{name: q, problem: {kind: quadratic, dimension: 20, condition: 100}, every: 10, steps: 200, \
                exponent_steps: 400, targets: {}, methods: [{name: Adam, method: adam, step_size: [0.003, 0.01, 0.03]}]}]";
    let zero = "parts=[{name: q, problem: {kind: quadratic, dimension: 20, condition: 100}, start: {distribution: zeros}, \
                targets: {}}]";
    for part in [adam, zero] {
        let rows = run(&[part]);
        let of: Vec<&ParallelRow> = rows.iter().filter(|row| row.part == "q").collect();
        assert!(of.len() >= 9);
        for row in of {
            for number in [row.exponent, row.error, row.error_bound, row.value] {
                assert!(number.is_none_or(f64::is_finite), "{row:?}");
            }
        }
    }
}

#[test]
fn what_is_bounded_carries_its_velocity_and_growth_is_measured_in_whole_flows() {
    let rows = on_a_quadratic(
        "{evaluator: batched, window: 4, predictor: copy, velocity: as-printed, tolerance: 0.01}",
    );
    assert!(rows.iter().all(|row| row.error_bound.is_none()));
    let refused = |steps: usize| Parallel::new(&plan(&[&format!("exponent_steps={steps}")])).err();
    let few = format!("{:#}", refused(19).unwrap());
    assert!(
        few.contains("exponent_steps is 19") && few.contains("at least 20"),
        "{few}"
    );
    assert!(refused(20).is_none() && refused(0).is_none());
}

#[test]
fn a_look_is_read_by_its_names_too_as_older_journals_have_it() {
    let look = ParallelLook {
        steps: 5,
        rounds: 2,
        gradients: 7,
        value: 0.5,
        accuracy: None,
    };
    let written = serde_json::to_string(&look).unwrap();
    assert_eq!(written, "[5,2,7,0.5]");
    for text in [
        &written,
        r#"{"steps":5,"rounds":2,"gradients":7,"value":0.5}"#,
    ] {
        assert_eq!(serde_json::from_str::<ParallelLook>(text).unwrap(), look);
    }
    let scored = r#"{"steps":5,"rounds":2,"gradients":7,"value":0.5,"accuracy":0.25}"#;
    let scored: ParallelLook = serde_json::from_str(scored).unwrap();
    assert_eq!(serde_json::to_string(&scored).unwrap(), "[5,2,7,0.5,0.25]");
}
