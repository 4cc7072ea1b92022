//! The plans' checks as they stand, and what happens to one that fails.

use super::gate::passed;
use super::*;

const LEMMAS: &str = include_str!("../../../../configs/lemmas.yaml");
const COORDINATE: &str = include_str!("../../../../configs/coordinate.yaml");

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
    let lax = checks(LEMMAS, &["symplectic.violation=1e9"], "gate");
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
