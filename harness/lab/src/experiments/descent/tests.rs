//! Runs on a problem of two numbers, and readings of made-up runs.

mod marks;

use super::measure::{Ended, run};
use super::methods::MethodSpec;
use super::scene::Worth;
use super::*;
use crate::device::Machine;
use crate::journal::Entry;
use crate::progress::Watch;
use std::sync::atomic::{AtomicU64, Ordering};

/// Two methods, one with a grid and two readings of its step size.
const PLAN: &str = "
target: t
experiment: descent
title: a
source: b
seed: 7
precision: f64
problem: {kind: ackley}
start: {distribution: uniform, scale: 0.5}
starts: 3
gradients: 100
record_every: 10
marks: {iterations: [4], gradients: [20]}
tail: 0.5
methods:
  - {name: HD-LF, method: hd-leapfrog, kinetic_energy: half-l2-squared, step_size: 0.1, steps: 5}
  - {name: GD, method: heavy-ball, kinetic_energy: half-l2-squared, step_size: [0.001, 0.01], tune: true,
     readings: {as-printed: 0.01, equal-step: 0.005}}
best: {metric: value}
pictures: [{name: t, metric: value, logarithmic: true}]
default_profile: only
profiles: {only: {what: all, verdicts: true}}
";

#[derive(Default)]
struct Steps(AtomicU64);

impl Watch for Steps {
    fn doing(&self, _what: &str) {}

    fn step(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn head(settings: &[&str]) -> Plan {
    let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
    Plan::from_yaml(PLAN, &settings, None).unwrap()
}

fn machine() -> Machine {
    Machine::open("cpu".parse().unwrap()).unwrap()
}

fn described(units: &[Unit<DescentCell>]) -> Vec<DescentCell> {
    let cells = units.iter().flat_map(|unit| &unit.cells);
    cells.map(|cell| cell.settings.clone()).collect()
}

/// An entry of a cell whose run ended with a value after every ten gradients.
fn entry(cell: &DescentCell, key: String, values: &[f64], ended: Option<Ended>) -> Entry {
    let record = |(i, value): (usize, &f64)| Record {
        iterations: i as u64 + 1,
        gradients: 10 * (i as u64 + 1),
        wall_s: 0.5 * (i as f64 + 1.0),
        worth: Worth {
            value: *value,
            ..Worth::default()
        },
    };
    let measured = MeasuredDescent {
        records: values.iter().enumerate().map(record).collect(),
        ended,
    };
    Entry {
        key,
        ended_at: 0,
        copied_from: None,
        cell: serde_json::to_value(cell).unwrap(),
        outcome: Outcome::measured(&measured).unwrap(),
    }
}

/// Rows of made-up runs: the last value of each is what `end` says of its step size.
fn rows_with(end: impl Fn(f64) -> (f64, Option<Ended>)) -> Vec<DescentRow> {
    let head = head(&[]);
    let descent = Descent::new(&head).unwrap();
    let cells = described(&descent.units(&machine(), &[]).unwrap());
    let entries: Vec<Entry> = cells
        .iter()
        .enumerate()
        .map(|(i, cell)| {
            let (value, ended) = end(cell.variant.step_size().unwrap());
            entry(cell, i.to_string(), &[3.0, 4.0, value], ended)
        })
        .collect();
    rows::rows(&head, &descent.plan, &entries).unwrap().rows
}

fn readings(rows: &[DescentRow], step_size: f64) -> Vec<&str> {
    let row = rows.iter().find(|r| r.step_size == Some(step_size));
    row.unwrap().readings.split('+').collect()
}

#[test]
fn each_step_size_stands_under_the_readings_that_give_it_and_the_best_of_the_grid_under_its_own() {
    let rows = rows_with(|step| (step, None));
    assert_eq!(rows.len(), 3 * 4);
    assert_eq!(readings(&rows, 0.001), ["grid", "own-best"]);
    assert_eq!(readings(&rows, 0.01), ["as-printed", "grid"]);
    assert_eq!(readings(&rows, 0.005), ["equal-step"], "it is in no grid");
    let flow = ["as-printed", "equal-step", "own-best"];
    assert_eq!(readings(&rows, 0.1), flow, "a flow is the same in each");
}

#[test]
fn what_diverges_is_never_the_best_and_has_no_value() {
    let rows = rows_with(|step| match step {
        0.001 => (1e-9, Some(Ended::Diverged)),
        _ => (step, None),
    });
    assert_eq!(readings(&rows, 0.001), ["grid"]);
    assert_eq!(readings(&rows, 0.01), ["as-printed", "grid", "own-best"]);
    let diverged = rows.iter().find(|r| r.step_size == Some(0.001)).unwrap();
    assert_eq!(diverged.value, None);
    assert_eq!(diverged.status, "diverged after 30 gradients");
}

#[test]
fn a_row_is_made_of_its_records() {
    let rows = rows_with(|_| (2.0, None));
    let row = &rows[0];
    assert_eq!((row.value, row.best_value), (Some(2.0), Some(2.0)));
    assert_eq!((row.area, row.swing), (Some(3.0), Some(2.0)));
    assert_eq!((row.gradients, row.wall_s), (Some(30), Some(1.5)));
    // Of 3, 4, 2: the last half of the gradients, and one rise in two steps.
    assert_eq!((row.tail_value, row.rising_share), (Some(3.0), Some(0.5)));
    assert_eq!((row.tail_accuracy, row.tail_distance), (None, None));
}

/// Runs one variant of each method from a start on the Ackley function.
fn ran(variant: MethodSpec, index: u64) -> (MeasuredDescent, Vec<f64>, u64) {
    let head = head(&[]);
    let descent = Descent::new(&head).unwrap();
    let part = &descent.plan.parts[0];
    let cell = DescentCell {
        setting: descent.setting(part, None, index),
        variant,
        gradients: part.gradients,
        record_every: part.record_every,
        marks: part.marks.clone(),
        lockstep: false,
        backend: "cpu".into(),
    };
    let machine = machine();
    let scene = Scene::new(&cell.setting, None, machine.home(), &mut Kept::default()).unwrap();
    let steps = Steps::default();
    let evaluator = methods::evaluator(&cell.variant, &scene);
    let measured = run(&cell, &scene, evaluator, &machine.whole(), &steps).unwrap();
    (
        measured,
        scene.start.to_vec1().unwrap(),
        steps.0.into_inner(),
    )
}

/// A method by its name in plans, with numbers that suit the function.
fn variant(method: &str) -> MethodSpec {
    let numbers = match method {
        "hd-picard" => {
            "kinetic_energy: half-l2-squared, step_size: 0.05, steps: 5, window: 2, tolerance: 1e-6"
        }
        "heavy-ball" => "kinetic_energy: half-l2-squared, step_size: 0.003, momentum: 0.5",
        "nesterov" | "adam" => "step_size: 0.003",
        "l-bfgs" => "memory: 5",
        "newton-cg" => "",
        _ => "kinetic_energy: half-l2-squared, step_size: 0.05, steps: 5",
    };
    datasets::yaml::load(&format!("{{method: {method}, {numbers}}}")).unwrap()
}

const ALL: [&str; 9] = [
    "hd-leapfrog",
    "hd-stratified",
    "hd-euler",
    "hd-picard",
    "heavy-ball",
    "nesterov",
    "adam",
    "l-bfgs",
    "newton-cg",
];

#[test]
fn every_method_starts_at_the_same_point_and_goes_down() {
    let (_, start, _) = ran(variant(ALL[0]), 1);
    for method in ALL {
        let (measured, from, steps) = ran(variant(method), 1);
        assert_eq!(from, start, "{method:?}");
        let records = &measured.records;
        let (first, last) = (records[0].worth, records[records.len() - 1].worth);
        assert!(last.value < 3.0, "{method:?}: {first:?} {last:?}");
        assert!(last.distance.unwrap() < 0.6, "{method:?}: {last:?}");
        let ordered = records.windows(2).all(|w| w[0].gradients < w[1].gradients);
        assert!(
            ordered || measured.ended == Some(Ended::Stopped),
            "{method:?}"
        );
        let unknown = ["l-bfgs", "newton-cg"].contains(&method);
        assert!(steps <= 10 || unknown, "{method:?}: {steps}");
    }
}

#[test]
fn a_plan_writes_the_relativistic_energy_with_its_speed_limit() {
    for method in ["hd-leapfrog", "hd-stratified", "hd-euler"] {
        let numbers = "kinetic_energy: relativistic:2, step_size: 0.05, steps: 5";
        let plan = format!("{{method: {method}, {numbers}}}");
        let spec: MethodSpec = datasets::yaml::load(&plan).unwrap();
        assert_eq!(spec.kinetic_energy().unwrap().to_string(), "relativistic:2");
        let (measured, ..) = ran(spec, 1);
        let last = measured.records.last().unwrap();
        assert!(last.worth.distance.unwrap() < 0.6, "{method}: {last:?}");
    }
}

#[test]
fn records_stand_every_so_many_gradients_and_at_the_marks() {
    let (measured, _, steps) = ran(variant("heavy-ball"), 0);
    let at: Vec<u64> = measured.records.iter().map(|r| r.gradients).collect();
    assert_eq!(at, [4, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
    assert_eq!(steps, 10, "the progress bar ends at its end");
    let (flows, ..) = ran(variant("hd-leapfrog"), 0);
    let marked = flows.records.iter().find(|r| r.iterations == 4).unwrap();
    assert_eq!(marked.gradients, 20);
}

#[test]
fn in_lockstep_every_method_ends_where_it_ends_alone() {
    let ends = |settings: &[&str]| -> Vec<f64> {
        let head = head(settings);
        let mut descent = Descent::new(&head).unwrap();
        let machine = machine();
        let units = descent.units(&machine, &[]).unwrap();
        let steps = Steps::default();
        let bench = Bench {
            machine: &machine,
            data: None,
            watch: &steps,
            keep: &|_| None,
            ended: &|_, _| Ok(()),
        };
        let outcomes = descent.measure(&bench, &units[0].cells).unwrap();
        let end = |outcome| match outcome {
            Outcome::Measured(MeasuredDescent { records, .. }) => {
                records.last().unwrap().worth.value
            }
            other => panic!("{other:?}"),
        };
        outcomes.into_iter().map(end).collect()
    };
    assert_eq!(ends(&["lockstep=true"]), ends(&[]));
    let relativistic = "methods=[\
        {name: HD-LF, method: hd-leapfrog, kinetic_energy: relativistic:2, step_size: 0.1, steps: 5}, \
        {name: GD, method: heavy-ball, kinetic_energy: relativistic, step_size: 0.01}]";
    assert_eq!(
        ends(&["lockstep=true", relativistic]),
        ends(&[relativistic])
    );
}

#[test]
fn the_same_start_is_the_same_run_and_another_start_another() {
    let values = |index| -> Vec<f64> {
        let (measured, ..) = ran(variant("hd-stratified"), index);
        measured.records.iter().map(|r| r.worth.value).collect()
    };
    assert_eq!(values(0), values(0));
    assert_ne!(values(0), values(1));
}

#[test]
fn what_cannot_be_run_is_refused_with_the_key_that_says_so() {
    let refused = |setting: &str| {
        let error = Descent::new(&head(&[setting])).map(|_| ()).unwrap_err();
        format!("{error:#}")
    };
    assert!(refused("starts=0").contains("starts"));
    assert!(refused("record_every=101").contains("record_every"));
    assert!(refused("datasets=[usps]").contains("datasets"));
    assert!(refused("problem={kind: rosenbrock}").contains("rosenbrock"));
    let zeros = refused("start={distribution: zeros}");
    assert!(
        zeros.contains("zeros") && zeros.contains("HD-LF"),
        "{zeros}"
    );
    assert!(Descent::new(&head(&["start={distribution: zeros}", "starts=1"])).is_ok());
    assert!(refused("start={distribution: sphere, radius: 0}").contains("start.radius"));
    let picture = "{name: t, metric: value}";
    assert!(
        refused(&format!("pictures=[{picture}, {picture}]"))
            .contains("pictures: two are named `t`")
    );
    let methods = |method: &str| refused(&format!("methods=[{method}]"));
    let euler = |rest: &str| methods(&format!("{{name: x, method: hd-euler, {rest}}}"));
    let heavy = |rest: &str| {
        let method = "name: x, method: heavy-ball, kinetic_energy: l2";
        methods(&format!("{{{method}, {rest}}}"))
    };
    assert!(euler("kinetic_energy: l2, step_size: 0.1").contains("`steps`"));
    assert!(euler("kinetic_energy: l2, step_size: 1, steps: 0").contains("steps is 0"));
    let both = "kinetic_energy: l2, step_size: 0.1, steps: 2, integration_time: 1";
    assert!(euler(both).contains("integration_time"));
    assert!(euler("kinetic_energy: l3, step_size: 1, steps: 1").contains("kinetic energy"));
    let limit = euler("kinetic_energy: relativistic:0, step_size: 1, steps: 1");
    assert!(limit.contains("speed limit c"), "{limit}");
    assert!(heavy("step_size: -1").contains("step_size"));
    assert!(heavy("step_size: 1, steps: 3").contains("steps"));
    assert!(heavy("step_size: 1, momentum: 1").contains("momentum"));
    assert!(heavy("step_size: 1, readings: {a: 2}").contains("tune"));
}

#[test]
fn every_profile_of_every_plan_of_descents_is_valid() {
    let plans = [
        include_str!("../../../../../configs/fig2.yaml"),
        include_str!("../../../../../configs/fig7.yaml"),
        include_str!("../../../../../configs/fig8.yaml"),
        include_str!("../../../../../configs/beyond.yaml"),
    ];
    for text in plans {
        for profile in ["smoke", "quick", "paper"] {
            let plan = Plan::from_yaml(text, &[], Some(profile)).unwrap();
            let made = Descent::new(&plan).map(|_| ());
            assert!(made.is_ok(), "{} {profile}: {made:?}", plan.target);
        }
    }
}
