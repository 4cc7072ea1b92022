//! Slopes of made-up rows and of the plan's smallest runs.

use super::*;
use crate::journal::Entry;
use crate::progress::Watch;

struct Quiet;

impl Watch for Quiet {
    fn doing(&self, _: &str) {}
    fn step(&self) {}
}

fn plan(settings: &[&str]) -> Plan {
    let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
    let text = include_str!("../../../../../configs/idealized.yaml");
    Plan::from_yaml(text, &settings, Some("smoke")).unwrap()
}

/// A row for each run of a plan's smoke profile.
fn rows(settings: &[&str]) -> Vec<IdealizedRow> {
    let plan = plan(settings);
    let entry = |cell: &IdealizedCell| Entry {
        key: cell.label(),
        ended_at: 0,
        copied_from: None,
        cell: serde_json::to_value(cell).unwrap(),
        outcome: Outcome::measured(&cell.run(&Quiet).unwrap()).unwrap(),
    };
    let cells = Idealized::new(&plan).unwrap().cells;
    let entries: Vec<Entry> = cells.iter().map(entry).collect();
    rows::rows(&plan, &entries).unwrap()
}

fn slope(slopes: &[SlopeRow], scheme: &str, measure: &str) -> f64 {
    let found = slopes
        .iter()
        .find(|s| s.scheme == scheme && s.measure == measure);
    found.unwrap().slope
}

#[test]
fn chebyshev_times_are_accelerated_and_a_constant_time_is_not() {
    let slopes = rows::slopes(&rows(&["schemes=[constant, chebyshev, gd]"]), 0.95);
    assert!((slope(&slopes, "chebyshev", "iterations") - 0.5).abs() < 0.1);
    assert!((slope(&slopes, "constant", "iterations") - 1.0).abs() < 0.1);
    assert!((slope(&slopes, "gd", "iterations") - 1.0).abs() < 0.1);
    // Every flow of one length: flows and their time grow alike.
    let time = slope(&slopes, "constant", "integration-time");
    assert!((time - slope(&slopes, "constant", "iterations")).abs() < 1e-9);
}

#[test]
fn a_run_that_is_given_up_is_capped_and_gives_no_slope() {
    let rows = rows(&["schemes=[gd]", "cap=20"]);
    assert!(
        rows.iter()
            .all(|r| r.status == "capped" && r.iterations == Some(20))
    );
    assert!(rows::slopes(&rows, 0.95).is_empty());
}

#[test]
fn a_condition_number_of_one_has_no_spectrum() {
    let error = Idealized::new(&plan(&["conditions=[1.0]"])).err().unwrap();
    assert!(error.to_string().contains("conditions[0] is 1"), "{error}");
}
