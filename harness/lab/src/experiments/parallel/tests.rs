//! Plans of windows over several methods, and their smallest runs.

use super::*;
use crate::journal::Entry;
use crate::progress::Watch;
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
    let plan = plan(settings);
    let mut experiment = Parallel::new(&plan).unwrap();
    let machine = Machine::open("cpu".parse().unwrap()).unwrap();
    let bench = Bench {
        machine: &machine,
        data: None,
        watch: &Quiet,
        keep: &|_| None,
        ended: &|_, _| Ok(()),
    };
    let mut entries = Vec::new();
    for unit in Experiment::units(&experiment, &machine, &[]).unwrap() {
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
