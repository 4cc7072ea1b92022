//! The plans' checks as they stand, and what happens to one that fails.

use super::gate::passed;
use super::*;

const LEMMAS: &str = include_str!("../../../../../configs/lemmas.yaml");
const COORDINATE: &str = include_str!("../../../../../configs/coordinate.yaml");

fn checks(plan: &str, settings: &[&str], profile: &str) -> Checks {
    let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
    Checks::new(&Plan::from_yaml(plan, &settings, Some(profile)).unwrap()).unwrap()
}

fn all(checks: &Checks) -> Vec<Check> {
    checks.cells.iter().flat_map(|c| c.run().unwrap()).collect()
}

#[test]
fn the_gate_passes_and_its_checks_have_names_of_their_own() {
    let lemmas = checks(LEMMAS, &[], "gate");
    let mut names: Vec<String> = all(&lemmas).into_iter().map(|c| c.number.check).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
    assert_eq!(passed(&lemmas).unwrap(), count);
}

#[test]
fn the_gate_reads_its_plan_from_the_configurations() {
    let report = gate(&crate::configs::Configs::new(None)).unwrap();
    assert!(report.passed > 60, "{report:?}");
}

#[test]
fn every_coordinate_check_comes_out_as_it_is_known_to() {
    for check in all(&checks(COORDINATE, &[], "smoke")) {
        assert!(
            check.as_expected(),
            "{}: {}",
            check.number.check,
            check.comparison()
        );
    }
}

#[test]
fn a_check_beyond_its_bound_is_named_with_its_numbers() {
    let strict = checks(LEMMAS, &["steps.rounding=1e-30"], "gate");
    let error = passed(&strict).unwrap_err().to_string();
    assert!(error.contains("lemma-2-gradient-descent"), "{error}");
    assert!(error.contains("at most 1.0e-30"), "{error}");
}

#[test]
fn a_statement_known_to_be_wrong_that_suddenly_holds_is_a_failure_too() {
    let lax = checks(LEMMAS, &["symplectic.violation=1"], "gate");
    let error = passed(&lax).unwrap_err().to_string();
    assert!(error.contains("g-explicit-euler-is-symplectic"), "{error}");
}

#[test]
fn a_family_that_no_plan_has_is_refused_by_its_key() {
    let settings = ["geometry={a: 1}".to_owned()];
    let plan = Plan::from_yaml(LEMMAS, &settings, Some("gate")).unwrap();
    let error = format!("{:#}", Checks::new(&plan).err().unwrap());
    assert!(error.contains("geometry"), "{error}");
}

#[test]
fn a_cell_read_from_the_journal_makes_the_same_checks() {
    let lemmas = checks(LEMMAS, &[], "gate");
    let cell = &lemmas.cells[0];
    let again: CheckCell = serde_json::from_value(serde_json::to_value(cell).unwrap()).unwrap();
    assert_eq!(again.run().unwrap(), cell.run().unwrap());
}

/// The rows of the momentum family as the journal has it, after `change`.
fn rows(change: impl Fn(&mut serde_json::Value)) -> Vec<CheckRow> {
    let plan = Plan::from_yaml(LEMMAS, &[], Some("gate")).unwrap();
    let checks = Checks::new(&plan).unwrap();
    let mut cells = checks.cells.iter();
    let cell = cells.find(|c| c.checks.name() == "momentum").unwrap();
    let mut entry = serde_json::json!({
        "key": "k",
        "ended_at": 0,
        "cell": cell,
        "outcome": Outcome::measured(&MeasuredChecks { checks: cell.run().unwrap() }).unwrap(),
    });
    change(&mut entry);
    let entries = [serde_json::from_value(entry).unwrap()];
    checks.rows(&plan, &entries).unwrap().checks
}

fn failures(rows: &[CheckRow]) -> usize {
    rows.iter().filter(|row| row.status != "complete").count()
}

#[test]
fn rows_hold_numbers_to_the_bound_of_the_plan() {
    let rows = rows(|_| ());
    assert_eq!((rows.len(), failures(&rows)), (6, 0));
    assert!(rows.iter().all(|row| row.holds.is_some()));
}

#[test]
fn a_bound_that_the_journal_brings_along_fails_its_row_and_no_other() {
    let rows = rows(|entry| {
        let check = &mut entry["outcome"]["checks"][0];
        check["measured"] = 0.3.into();
        check["relation"] = serde_json::json!({"at-most": 1.0});
    });
    assert_eq!(rows[0].holds, None, "neither yes nor no");
    assert_eq!(rows[0].bound, Some(1e-12), "the plan's");
    let status = &rows[0].status;
    assert!(status.starts_with("failed: the plan has it at most 1.0e-12; the journal at most 1"));
    assert_eq!(failures(&rows), 1);
}

#[test]
fn a_number_that_the_journal_lacks_is_no_answer() {
    let rows = rows(|entry| {
        // One that is known not to hold: no number does not hold either.
        let checks = entry["outcome"]["checks"].as_array_mut().unwrap();
        let refuted = checks.iter_mut().find(|check| check["expected"] == false);
        refuted.unwrap()["measured"] = serde_json::Value::Null;
    });
    let open = rows.iter().filter(|row| row.holds.is_none());
    assert_eq!(open.count(), 1);
}

#[test]
fn settings_that_are_not_the_plans_and_checks_it_does_not_have_fail() {
    let settings = rows(|entry| entry["cell"]["checks"]["rounding"] = 1.0.into());
    assert_eq!(settings.len(), 1);
    assert!(settings[0].status.contains("not the plan's"));
    let unknown = rows(|entry| entry["outcome"]["checks"][0]["check"] = "another".into());
    assert_eq!(unknown[0].holds, None);
    assert!(unknown[0].status.contains("no check of this name"));
}
