//! Where runs are compared besides their ends.

use super::*;
use crate::experiments::descent::rows::DescentRows;
use anyhow::anyhow;

/// A flow of five steps and a counterpart with a grid of two, to 40 gradients.
fn plan() -> Plan {
    head(&[
        "gradients=40",
        "marks={iterations: [2, 20], gradients: [20]}",
        "starts=1",
    ])
}

/// Rows of made-up runs, of which each is told by its step size.
fn rows_of(measured: impl Fn(f64) -> Option<MeasuredDescent>) -> DescentRows {
    let head = plan();
    let descent = Descent::new(&head).unwrap();
    let cells = described(&descent.units(&machine(), &[]).unwrap());
    let entry = |(i, cell): (usize, &DescentCell)| Entry {
        key: i.to_string(),
        ended_at: 0,
        copied_from: None,
        cell: serde_json::to_value(cell).unwrap(),
        outcome: match measured(cell.variant.step_size().unwrap()) {
            Some(measured) => Outcome::measured(&measured).unwrap(),
            None => Outcome::failed(&anyhow!("no room")),
        },
    };
    let entries: Vec<Entry> = cells.iter().enumerate().map(entry).collect();
    rows::rows(&head, &descent.plan, &entries).unwrap()
}

fn record(iterations: u64, gradients: u64, value: f64) -> Record {
    Record {
        iterations,
        gradients,
        wall_s: 0.0,
        worth: Worth {
            value,
            ..Worth::default()
        },
    }
}

/// The flow goes on to 100 gradients for its twentieth iteration; of the counterparts 0.001 is ahead
/// after two iterations, 0.01 after twenty, and 0.005 stops at twenty gradients.
fn made_up(step_size: f64) -> Option<MeasuredDescent> {
    let (records, ended) = match step_size {
        0.1 => (
            vec![(2, 10, 8.0), (4, 20, 6.0), (8, 40, 4.0), (20, 100, 1.0)],
            None,
        ),
        0.001 => (vec![(2, 2, 3.0), (20, 20, 2.5), (40, 40, 2.0)], None),
        0.01 => (vec![(2, 2, 5.0), (20, 20, 1.5), (40, 40, 1.0)], None),
        _ => (vec![(2, 2, 9.0), (20, 20, 7.0)], Some(Ended::Stopped)),
    };
    let record = |(i, g, v): (u64, u64, f64)| record(i, g, v);
    Some(MeasuredDescent {
        records: records.into_iter().map(record).collect(),
        ended,
    })
}

fn at<'a>(
    rows: &'a DescentRows,
    axis: &str,
    at: u64,
    step_size: f64,
) -> Option<&'a DescentMarkRow> {
    let here = |m: &&DescentMarkRow| m.axis == axis && m.at == at && m.step_size == Some(step_size);
    rows.marks.iter().find(here)
}

#[test]
fn a_mark_has_what_was_there_and_the_best_of_the_grid_there() {
    let rows = rows_of(made_up);
    let value = |axis: &str, n, step| at(&rows, axis, n, step).and_then(|m| m.value);
    assert_eq!(value("iterations", 2, 0.1), Some(8.0));
    assert_eq!(value("gradients", 20, 0.1), Some(6.0));
    assert_eq!(
        value("iterations", 20, 0.1),
        Some(1.0),
        "behind its gradients"
    );
    let best = |n, step| {
        let mark = at(&rows, "iterations", n, step).unwrap();
        mark.readings.split('+').any(|word| word == "own-best")
    };
    assert!(best(2, 0.001) && !best(2, 0.01));
    assert!(best(20, 0.01) && !best(20, 0.001));
    // The mean over the gradients up to there: 2 at 3, 18 at 2.5.
    let area = at(&rows, "gradients", 20, 0.001).unwrap().area.unwrap();
    assert!((area - (2.0 * 3.0 + 18.0 * 2.5) / 20.0).abs() < 1e-15);
}

#[test]
fn what_a_run_makes_behind_its_gradients_is_not_its_end() {
    let rows = rows_of(made_up);
    let flow = rows.rows.iter().find(|r| r.step_size == Some(0.1)).unwrap();
    assert_eq!((flow.value, flow.gradients), (Some(4.0), Some(40)));
    assert_eq!(
        flow.area,
        Some((10.0 * 8.0 + 10.0 * 6.0 + 20.0 * 4.0) / 40.0)
    );
    assert_eq!(
        (flow.best_value, flow.status.as_str()),
        (Some(4.0), "complete")
    );
    assert!(rows.curves.iter().any(|c| c.gradients == 100));
}

#[test]
fn a_run_that_diverged_is_diverged_at_each_mark_behind_and_complete_at_those_before() {
    let rows = rows_of(|step| match step {
        0.001 => Some(MeasuredDescent {
            records: vec![record(2, 2, 3.0)],
            ended: Some(Ended::Diverged),
        }),
        0.01 => None,
        _ => made_up(step),
    });
    let status = |axis: &str, n| at(&rows, axis, n, 0.001).unwrap().status.clone();
    assert_eq!(status("iterations", 2), "complete");
    assert_eq!(status("iterations", 20), "diverged after 2 gradients");
    assert_eq!(at(&rows, "gradients", 20, 0.001).unwrap().value, None);
    assert_eq!(
        at(&rows, "gradients", 20, 0.01).unwrap().status,
        "failed: no room"
    );
    // One that stopped has no row behind its end, and one before.
    let rows = rows_of(|step| {
        let mut measured = made_up(step)?;
        measured.records.truncate(1);
        measured.ended = Some(Ended::Stopped);
        Some(measured)
    });
    assert!(at(&rows, "iterations", 2, 0.001).is_some());
    assert!(at(&rows, "iterations", 20, 0.001).is_none());
}

#[test]
fn a_run_goes_on_until_it_has_passed_its_last_mark() {
    let ends = [
        ("{iterations: [2, 20], gradients: [20]}", (20, 100)),
        ("{iterations: [2], gradients: [20, 60]}", (12, 60)),
        ("{iterations: [2], gradients: [20]}", (8, 40)),
    ];
    for (marks, end) in ends {
        let marks = format!("marks={marks}");
        goes_on_to(&head(&["gradients=40", &marks, "starts=1"]), end);
    }
}

/// Runs the flow of five steps to its end, as many iterations and gradients on.
fn goes_on_to(head: &Plan, end: (u64, u64)) {
    let descent = Descent::new(head).unwrap();
    let units = descent.units(&machine(), &[]).unwrap();
    let cell = described(&units).remove(0);
    let machine = machine();
    let scene = Scene::new(&cell.setting, None, machine.home(), &mut Kept::default()).unwrap();
    let steps = Steps::default();
    let evaluator = methods::evaluator(&cell.variant, &scene);
    let measured = run(&cell, &scene, evaluator, &machine.whole(), &steps).unwrap();
    let last = measured.records.last().unwrap();
    assert_eq!((last.iterations, last.gradients), end);
    assert!(measured.records.iter().any(|r| r.iterations == 2));
    let one = &units[0].cells[..1];
    assert_eq!(descent.effort(one, None).steps, steps.0.into_inner());
}

#[test]
fn a_mark_without_a_record_is_refused_by_its_key() {
    let refused = |marks: &str| {
        let head = head(&[&format!("marks={marks}")]);
        format!("{:#}", Descent::new(&head).map(|_| ()).unwrap_err())
    };
    assert!(
        refused("{gradients: [12]}").contains("HD-LF"),
        "flows of 5 steps"
    );
    assert!(refused("{iterations: [4, 2]}").contains("marks.iterations"));
    assert!(refused("{iterations: [0]}").contains("marks.iterations"));
    let unknown = [
        "marks={gradients: [10]}",
        "methods=[{name: B, method: l-bfgs, memory: 2}]",
    ];
    let error = Descent::new(&head(&unknown)).map(|_| ()).unwrap_err();
    assert!(
        error.to_string().contains("not known beforehand"),
        "{error}"
    );
}
