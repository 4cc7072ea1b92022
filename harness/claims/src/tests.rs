//! Judges every rule, and every claim, on made-up rows: those that satisfy it, those that do not,
//! those that may not decide.

mod columns;
mod comparisons;
mod curves;
mod families;
mod mistakes;
mod rows_alone;
mod told;
mod worlds;

use super::examples::{Made, frame};
use super::*;
use anyhow::Result;
use rows::{Frame, Value};

const FILE: &str = include_str!("../../../configs/claims.yaml");

const ABOVE_ONE: &str = "value: {column: x, is: {above: 1}}";

fn published() -> Claims {
    Claims::from_yaml(FILE).unwrap()
}

/// Makes a file of some claims.
fn file(claims: &[String]) -> Result<Claims> {
    let claims = claims.join(", ");
    Claims::from_yaml(&format!(
        "{{confidence: 0.95, least_pairs: 3, profile: quick, claims: [{claims}]}}"
    ))
}

/// Writes a claim on the target `t`, with keys of its rows and a rule.
fn claim(id: &str, rows: &str, judge: &str) -> String {
    format!(
        "{{id: {id}, paper: P, place: here, says: so, rows: {{target: t, {rows}}}, judge: {{{judge}}}}}"
    )
}

fn one(judge: &str) -> Result<Claims> {
    scoped("", judge)
}

fn scoped(rows: &str, judge: &str) -> Result<Claims> {
    file(&[claim("c", rows, judge)])
}

/// Adds keys to a rule.
fn with(judge: &str, more: &str) -> String {
    format!("{}, {more}}}", judge.strip_suffix('}').unwrap())
}

fn run(target: &str, frame: Frame) -> TargetRows {
    TargetRows {
        target: target.into(),
        untestable: None,
        frames: vec![frame],
    }
}

fn verdict_on(claims: &Claims, frame: Frame) -> (Verdict, String) {
    let row = judge(claims, &[&run("t", frame)]).remove(0);
    (row.verdict, row.note)
}

/// Rows written as `column=value` words; a `?` value is missing.
fn table(lines: &[&str]) -> Frame {
    let value = |text: &str| match (text, text.parse::<f64>()) {
        ("?", _) => Value::Real(None),
        ("yes" | "no", _) => Value::Flag(Some(text == "yes")),
        (_, Ok(number)) => Value::Real(Some(number)),
        (_, Err(_)) => Value::Text(Some(text.into())),
    };
    let row = |line: &&str| -> Made {
        let words = line
            .split_whitespace()
            .map(|word| word.split_once('=').unwrap());
        words
            .map(|(column, text)| (column.into(), value(text)))
            .collect()
    };
    frame("rows", lines.iter().map(row).collect())
}

fn on(judge: &str, lines: &[&str]) -> Verdict {
    on_scope("", judge, lines)
}

fn on_scope(rows: &str, judge: &str, lines: &[&str]) -> Verdict {
    let (verdict, note) = verdict_on(&scoped(rows, judge).unwrap(), table(lines));
    assert!(!note.is_empty());
    verdict
}

#[test]
fn nothing_run_is_a_state_of_its_own_and_says_what_to_run() {
    let claims = published();
    for row in judge(&claims, &[]) {
        assert_eq!(row.verdict, Verdict::NotRun, "{}", row.claim);
        let run = format!("harness reproduce {} --profile", row.target);
        let told = row.note.contains(&run) || row.judge == RuleKind::Contradiction;
        assert!(told, "{}", row.note);
    }
    // Nor does what was run say anything of what was not.
    let rows = judge(&claims, &[&run("spring", table(&["x=1"]))]);
    for row in rows.iter().filter(|row| row.target != "spring") {
        assert_eq!(row.verdict, Verdict::NotRun, "{}", row.claim);
    }
}

#[test]
fn a_profile_without_verdicts_leaves_a_claim_untestable() {
    let claims = one(ABOVE_ONE).unwrap();
    let mut target = run("t", table(&["x=2"]));
    assert_eq!(
        judge(&claims, &[&target.clone()])[0].verdict,
        Verdict::Reproduced
    );
    target.untestable = Some("the profile carries no verdicts".into());
    let row = judge(&claims, &[&target]).remove(0);
    assert_eq!(row.verdict, Verdict::NotTestable);
    assert!(row.note.contains("no verdicts"), "{}", row.note);
}

#[test]
fn a_column_that_is_not_there_is_named_with_those_that_are() {
    let claims = one("value: {column: speed, is: {above: 1}}").unwrap();
    let (verdict, note) = verdict_on(&claims, table(&["speedup=2"]));
    assert_eq!(verdict, Verdict::NotTestable);
    assert!(note.contains("no column `speed`: it has speedup"), "{note}");
}

#[test]
fn a_listed_value_without_rows_keeps_a_claim_from_being_judged_on_the_rest() {
    let rows = "where: {dataset: [a, b]}";
    assert_eq!(
        on_scope(rows, ABOVE_ONE, &["dataset=a x=2", "dataset=b x=2"]),
        Verdict::Reproduced
    );
    let claims = scoped(rows, ABOVE_ONE).unwrap();
    let (verdict, note) = verdict_on(&claims, table(&["dataset=a x=2"]));
    assert_eq!(verdict, Verdict::NotTestable);
    assert!(note.contains("dataset = b"), "{note}");
}

#[test]
fn rows_that_lack_what_a_claim_requires_leave_it_untestable() {
    let rows = "requires: {workers: {same_as: window}}";
    let on = |line| on_scope(rows, ABOVE_ONE, &[line]);
    assert_eq!(on("workers=4 window=4 x=2"), Verdict::Reproduced);
    assert_eq!(on("workers=2 window=4 x=2"), Verdict::NotTestable);
}

#[test]
fn a_run_that_diverged_loses_also_where_rows_have_to_be_fit() {
    let on = |rows: &[&str]| on_scope("requires: {error: {at_most: 0.01}}", ABOVE_ONE, rows);
    let rows = [
        "status=complete error=0.001 x=2",
        "status=diverged error=? x=?",
    ];
    assert_eq!(on(&rows), Verdict::Partly);
    assert_eq!(on(&rows[1..]), Verdict::NotReproduced);
    assert_eq!(on(&["status=complete error=? x=2"]), Verdict::NotTestable);
}

#[test]
fn other_readings_are_shown_and_change_no_verdict() {
    let beside = "where: {r: printed}, beside: [{name: at equal step, where: {r: equal}}]";
    let claims = scoped(beside, ABOVE_ONE).unwrap();
    let rows = ["r=printed x=2", "r=equal x=0.5"];
    let row = judge(&claims, &[&run("t", table(&rows))]).remove(0);
    assert_eq!(row.verdict, Verdict::Reproduced);
    let beside = row.beside.unwrap();
    assert!(
        beside.starts_with("at equal step: not reproduced"),
        "{beside}"
    );
    let allowed = "ordering: {first: {m: a}, second: {m: b}, metric: x, better: lower, allowance: 0.1, \
                   pair_by: [s]}";
    let claims = scoped("beside: [{name: allowing more, allowance: 0.5}]", allowed).unwrap();
    let rows: Vec<String> = (1..=4)
        .flat_map(|s| [format!("m=a s={s} x={s}.3"), format!("m=b s={s} x={s}")])
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let row = judge(&claims, &[&run("t", table(&rows))]).remove(0);
    assert_eq!(row.verdict, Verdict::NotReproduced);
    let beside = row.beside.unwrap();
    assert!(beside.starts_with("allowing more: reproduced"), "{beside}");
}
