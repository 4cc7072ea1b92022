//! Ranges of made-up values in closed form, and runs of a plan on a function of two numbers.

use super::*;
use crate::device::Machine;
use crate::experiments::{AnyExperiment as _, Bench};
use crate::journal::{Cell, Outcome};
use crate::progress::Watch;

/// Flows of one step and gradient descent, near the bottom of a function of two numbers.
const PLAN: &str = "
target: t
experiment: sensitivity
title: a
source: b
seed: 7
precision: f64
problem: {kind: ackley}
start: {distribution: uniform, scale: 0.1}
starts: 2
step_sizes: [0.001, 0.01, 0.1]
within: 2
gradients: 4
methods:
  - {name: HD, method: hd-leapfrog, kinetic_energy: half-l2-squared, steps: 1}
  - {name: GD, method: heavy-ball, kinetic_energy: half-l2-squared}
default_profile: only
profiles: {only: {what: all, verdicts: true}}
";

struct Unwatched;

impl Watch for Unwatched {
    fn doing(&self, _: &str) {}

    fn step(&self) {}
}

fn head(settings: &[&str]) -> Plan {
    let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
    Plan::from_yaml(PLAN, &settings, None).unwrap()
}

fn row(start: u64, step: f64, value: Option<f64>) -> DescentRow {
    DescentRow {
        dataset: "d".into(),
        method: "m".into(),
        start,
        step_size: Some(step),
        value,
        ..DescentRow::default()
    }
}

#[test]
fn on_a_parabola_of_the_logarithm_the_range_is_as_wide_as_its_equation_says() {
    // value = 1 + log10(step)^2 is within a factor 2 for |log10(step)| of at most 1.
    let grid = || (-8..=8).map(|quarter| f64::from(quarter) / 4.0);
    let value = |log: f64| Some(1.0 + log * log);
    let rows: Vec<DescentRow> = grid().map(|x| row(0, 10_f64.powf(x), value(x))).collect();
    let found = widths(&rows, 2.0).remove(0);
    assert_eq!((found.best_step, found.best_value), (Some(1.0), Some(1.0)));
    assert!((found.width.unwrap() - 2.0).abs() < 1e-12, "{found:?}");
    assert_eq!(found.at_end, Some(false));
    // Within a factor 1.25 it is half as wide, and the whole grid within a factor 5.
    let narrow = widths(&rows, 1.25).remove(0).width.unwrap();
    assert!((narrow - 1.0).abs() < 1e-12);
    let whole = widths(&rows, 5.0).remove(0);
    assert!((whole.width.unwrap() - 4.0).abs() < 1e-12);
    assert_eq!(whole.at_end, Some(true));
}

#[test]
fn a_step_behind_a_gap_is_not_of_the_range() {
    let curve = [(0.1, 1.5), (1.0, 9.0), (10.0, 1.0), (100.0, f64::INFINITY)];
    let range = StepRange::of(&curve, 2.0).unwrap();
    assert_eq!((range.least, range.best, range.largest), (10.0, 10.0, 10.0));
    assert_eq!(range.width(), 0.0);
}

#[test]
fn medians_decide_and_each_starts_own_width_stands_beside() {
    let of = |start, values: [Option<f64>; 3]| {
        let steps = [0.1, 1.0, 10.0];
        let rows = steps.into_iter().zip(values);
        rows.map(move |(step, value)| row(start, step, value))
    };
    let rows: Vec<DescentRow> = of(0, [Some(1.0), Some(1.5), Some(1.8)])
        .chain(of(1, [Some(1.0), Some(3.0), None]))
        .chain(of(2, [Some(1.0), Some(1.9), Some(3.0)]))
        .collect();
    let found = widths(&rows, 2.0).remove(0);
    assert_eq!((found.starts, found.best_step), (3, Some(0.1)));
    // Medians 1, 1.9 and 3.
    assert_eq!((found.largest_step, found.width), (Some(1.0), Some(1.0)));
    let ends = (found.width_low, found.width_high);
    assert_eq!(ends, (Some(0.0), Some(2.0)));
}

#[test]
fn a_method_that_diverges_with_each_step_has_a_row_without_a_range() {
    let rows = [row(0, 0.1, None), row(0, 1.0, None)];
    let found = widths(&rows, 2.0).remove(0);
    assert_eq!((found.best_step, found.width), (None, None));
    assert_eq!((found.width_low, found.at_end), (None, None));
}

/// Runs a plan, and makes its rows.
fn measured(plan: &Plan) -> (Vec<DescentRow>, Vec<StepWidthRow>) {
    let experiment = Sensitivity::new(plan).unwrap();
    let mut descent = experiment.descent().unwrap();
    let machine = Machine::open("cpu".parse().unwrap()).unwrap();
    let bench = Bench {
        machine: &machine,
        data: None,
        watch: &Unwatched,
        keep: &|_| None,
        ended: &|_, _| Ok(()),
    };
    let mut entries = Vec::new();
    for unit in descent.units(&machine, &[]).unwrap() {
        let outcomes = descent.measure(&bench, &unit.cells).unwrap();
        entries.extend(unit.cells.into_iter().zip(outcomes).map(entry));
    }
    experiment.rows(&entries).unwrap()
}

fn entry((cell, outcome): (Cell, Outcome)) -> Entry {
    Entry {
        key: cell.settings.to_string(),
        ended_at: 0,
        copied_from: None,
        cell: cell.settings,
        outcome,
    }
}

#[test]
fn each_method_is_run_with_each_step_and_one_step_of_a_flow_is_half_its_square_of_descent() {
    let steps = "step_sizes=[0.005, 0.02, 0.1, 0.2]";
    let (rows, widths) = measured(&head(&[steps]));
    assert_eq!((rows.len(), widths.len()), (2 * 4 * 2, 2));
    assert!(rows.iter().all(|row| row.gradients == Some(4)));
    let value = |method: &str, step: f64, start: u64| {
        let here = |row: &&DescentRow| (row.step_size, row.start) == (Some(step), start);
        let mut here = rows.iter().filter(here);
        here.find(|row| row.method == method)
            .unwrap()
            .value
            .unwrap()
    };
    // Lemma 2: with S = 1, θ of a flow is η = θ²/2.
    for (theta, eta, start) in [(0.1, 0.005, 0), (0.1, 0.005, 1), (0.2, 0.02, 0)] {
        let (flow, descent) = (value("HD", theta, start), value("GD", eta, start));
        assert!((flow / descent - 1.0).abs() < 1e-12, "{flow} {descent}");
        assert_ne!(flow, value("HD", eta, start));
    }
    // The best step is the one that descents call a method's own best.
    let best = rows.iter().filter(|row| row.readings.contains("own-best"));
    let best = once(best.map(|row| (&row.method, row.step_size)));
    let found = widths.iter().map(|row| (&row.method, row.best_step));
    assert_eq!(best, found.collect::<Vec<_>>());
}

#[test]
fn what_is_no_grid_or_is_said_elsewhere_is_refused_by_its_key() {
    let refused = |setting: &str| {
        let made = Sensitivity::new(&head(&[setting])).map(|_| ());
        format!("{:#}", made.unwrap_err())
    };
    assert!(refused("step_sizes=[0.1, 0.1]").contains("step_sizes is"));
    assert!(refused("step_sizes=[0.1]").contains("step_sizes is"));
    assert!(refused("within=1").contains("within is 1"));
    assert!(refused("marks={gradients: [2]}").contains("marks"));
    assert!(refused("gradients=0").contains("gradients is 0"));
    let method = |keys: &str| refused(&format!("methods=[{{name: A, {keys}}}]"));
    assert!(method("method: adam, step_size: 0.1").contains("step_size"));
    assert!(method("method: adam, reset_every: [2, 3]").contains("reset_every"));
    assert!(method("method: l-bfgs, memory: 2").contains("step_size"));
    let two = "methods=[{name: A, method: adam}, {name: A, method: nesterov}]";
    assert!(refused(two).contains("one name"));
}
