//! Every predicate, and every claim, on made-up rows: those that satisfy it, those that do not,
//! those that may not decide.

mod comparisons;

use super::examples::{Made, examples, frame, with};
use super::*;
use crate::rows::Value;

const FILE: &str = include_str!("../../../configs/claims.yaml");

fn published() -> Claims {
    Claims::from_yaml(FILE).unwrap()
}

/// One claim on `rows` of the target `t`, with the given keys besides its head.
fn one(keys: &str) -> Result<Claims> {
    Claims::from_yaml(&format!(
        "{{confidence: 0.95, least_pairs: 3, profile: quick, claims: [{{id: c, paper: P, place: here, says: so, target: t, {keys}}}]}}"
    ))
}

fn run(target: &str, frame: Frame) -> TargetRows {
    TargetRows {
        target: target.into(),
        verdicts: true,
        frames: vec![frame],
    }
}

fn verdict_on(claims: &Claims, frame: Frame) -> (Verdict, String) {
    let row = judge(claims, &[run("t", frame)]).remove(0);
    (row.verdict.parse().unwrap(), row.note)
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

fn on(keys: &str, lines: &[&str]) -> Verdict {
    let (verdict, note) = verdict_on(&one(keys).unwrap(), table(lines));
    assert!(!note.is_empty());
    verdict
}

/// A claim that only asks this question, with the head of another.
fn alone(claims: &Claims, like: &Claim, question: &Question) -> Claims {
    Claims {
        claims: vec![Claim {
            question: question.clone(),
            ..like.clone()
        }],
        ..claims.clone()
    }
}

#[test]
fn every_claims_predicate_has_rows_that_satisfy_it_and_rows_that_do_not() {
    let claims = published();
    let mut seen = 0;
    for claim in &claims.claims {
        for question in asked(&claim.question) {
            seen += 1;
            let one = alone(&claims, claim, question);
            let (good, bad) = examples(question);
            let surrogate = Value::Text(Some("surrogate".into()));
            let generated = with(good.clone(), "data_source", &surrogate);
            let judged = |frame| judge(&one, &[run(&question.target, frame)]).remove(0);
            let passed = judged(good.clone());
            assert_eq!(
                passed.verdict, "reproduced",
                "{}: {}",
                claim.id, passed.note
            );
            assert!(!passed.rows.is_empty() && !passed.note.is_empty());
            let failed = judged(bad);
            assert_eq!(
                failed.verdict, "not reproduced",
                "{}: {}",
                claim.id, failed.note
            );
            let untested = judged(generated);
            assert_eq!(untested.verdict, "not testable here", "{}", claim.id);
            assert!(untested.note.contains("surrogate"), "{}", untested.note);
            let mut fewer = good;
            fewer.rows.clear();
            assert_eq!(judged(fewer).verdict, "not testable here", "{}", claim.id);
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn nothing_run_leaves_every_claim_untestable_and_says_what_to_run() {
    let claims = published();
    for row in judge(&claims, &[]) {
        match row.judge.as_str() {
            "contradiction" => assert_eq!(row.verdict, "paper contradicts itself"),
            "not-testable" => assert!(row.note.starts_with("needs "), "{}", row.note),
            _ => {
                assert_eq!(row.verdict, "not testable here", "{}", row.claim);
                let run = format!("harness reproduce {} --profile quick", row.target);
                assert!(row.note.contains(&run), "{}", row.note);
            }
        }
    }
}

#[test]
fn a_profile_without_verdicts_leaves_a_claim_untestable() {
    let claims = one("judge: value, column: x, is: {above: 1}").unwrap();
    let mut target = run("t", table(&["x=2"]));
    assert_eq!(judge(&claims, &[target.clone()])[0].verdict, "reproduced");
    target.verdicts = false;
    let row = judge(&claims, &[target]).remove(0);
    assert_eq!(row.verdict, "not testable here");
    assert!(row.note.contains("no verdicts"), "{}", row.note);
}

#[test]
fn the_published_claims_fit_the_schemas_of_the_rows_they_are_judged_on() {
    use crate::experiments::descent::{DescentMarkRow, DescentRow};
    use crate::experiments::training::TrainingRow;
    use crate::experiments::{checks::CheckRow, counts::CountRow};
    use crate::experiments::{idealized::SlopeRow, spring::SpringSummary, windows::WindowRow};
    use crate::rows::Schema;
    let claims = published();
    let frames = [
        ("table1", "rows", CountRow::COLUMNS),
        ("table2", "rows", WindowRow::COLUMNS),
        ("fig2", "rows", DescentRow::COLUMNS),
        ("fig3", "rows", DescentRow::COLUMNS),
        ("fig4", "rows", TrainingRow::COLUMNS),
        ("fig5", "rows", WindowRow::COLUMNS),
        ("fig6", "rows", WindowRow::COLUMNS),
        ("fig7", "rows", DescentRow::COLUMNS),
        ("fig7", "marks", DescentMarkRow::COLUMNS),
        ("fig8", "rows", DescentRow::COLUMNS),
        ("fig8", "marks", DescentMarkRow::COLUMNS),
        ("fig9", "rows", WindowRow::COLUMNS),
        ("ablation", "rows", WindowRow::COLUMNS),
        ("lemmas", "rows", CheckRow::COLUMNS),
        ("coordinate", "rows", CheckRow::COLUMNS),
        ("idealized", "slopes", SlopeRow::COLUMNS),
        ("spring", "summary", SpringSummary::COLUMNS),
    ];
    for (target, frame, columns) in frames {
        let unknown = claims.unknown_columns(target, frame, columns);
        assert_eq!(unknown, Vec::<String>::new(), "{target} {frame}");
    }
    assert!(
        !claims
            .unknown_columns("fig2", "rows", WindowRow::COLUMNS)
            .is_empty()
    );
}

#[test]
fn a_column_that_is_not_there_is_named_with_those_that_are() {
    let claims = one("judge: value, column: speed, is: {above: 1}").unwrap();
    let (verdict, note) = verdict_on(&claims, table(&["speedup=2"]));
    assert_eq!(verdict, Verdict::NotTestable);
    assert!(note.contains("no column `speed`: it has speedup"), "{note}");
}

#[test]
fn a_listed_value_without_rows_keeps_a_claim_from_being_judged_on_the_rest() {
    let keys = "where: {dataset: [a, b]}, judge: value, column: x, is: {above: 1}";
    assert_eq!(
        on(keys, &["dataset=a x=2", "dataset=b x=2"]),
        Verdict::Reproduced
    );
    let (verdict, note) = verdict_on(&one(keys).unwrap(), table(&["dataset=a x=2"]));
    assert_eq!(verdict, Verdict::NotTestable);
    assert!(note.contains("dataset = b"), "{note}");
}

#[test]
fn rows_that_lack_what_a_claim_requires_leave_it_untestable() {
    let keys = "requires: {workers: {same_as: window}}, judge: value, column: x, is: {above: 1}";
    assert_eq!(on(keys, &["workers=4 window=4 x=2"]), Verdict::Reproduced);
    assert_eq!(on(keys, &["workers=2 window=4 x=2"]), Verdict::NotTestable);
}

#[test]
fn rows_verdicts_are_adopted_and_a_row_without_one_has_none_to_give() {
    let keys = "judge: row-verdict";
    assert_eq!(
        on(keys, &["verdict=partly verdict_note=slower"]),
        Verdict::Partly
    );
    assert_eq!(
        on(keys, &["verdict=reproduced verdict_note=as-fast"]),
        Verdict::Reproduced
    );
    assert_eq!(
        on(keys, &["verdict=? verdict_note=?"]),
        Verdict::NotTestable
    );
}

#[test]
fn a_value_passes_only_with_its_whole_interval_and_in_every_row() {
    let keys = "judge: value, column: x, is: {at_least: 2}, interval: {low: l, high: h}";
    assert_eq!(on(keys, &["x=3 l=2.5 h=3.5"]), Verdict::Reproduced);
    assert_eq!(on(keys, &["x=3 l=1.5 h=3.5"]), Verdict::Inconclusive);
    assert_eq!(on(keys, &["x=1 l=0.5 h=1.5"]), Verdict::NotReproduced);
    assert_eq!(
        on(keys, &["x=3 l=2.5 h=3.5", "x=1 l=0.5 h=1.5"]),
        Verdict::Partly
    );
    assert_eq!(on(keys, &["x=3 l=? h=?"]), Verdict::NotTestable);
    let diverged = "status=diverged x=3 l=2.5 h=3.5";
    assert_eq!(on(keys, &[diverged]), Verdict::NotReproduced);
}

#[test]
fn a_median_is_not_moved_by_one_row() {
    let keys = "judge: value, over: median, column: x, is: {equals: 2, absolute_tolerance: 0.1}";
    assert_eq!(on(keys, &["x=2", "x=2.05", "x=90"]), Verdict::Reproduced);
    assert_eq!(on(keys, &["x=2", "x=3", "x=90"]), Verdict::NotReproduced);
}

#[test]
fn a_control_holds_when_its_column_says_no() {
    assert_eq!(
        on("judge: holds, column: x", &["x=yes"]),
        Verdict::Reproduced
    );
    assert_eq!(
        on("judge: holds, column: x", &["x=yes", "x=no"]),
        Verdict::Partly
    );
    assert_eq!(
        on("judge: holds, column: x, expect: false", &["x=no"]),
        Verdict::Reproduced
    );
    assert_eq!(
        on("judge: holds, column: x, expect: false", &["x=yes"]),
        Verdict::NotReproduced
    );
}

#[test]
fn a_slope_decides_by_itself_and_its_interval_only_keeps_it_open() {
    let keys = "judge: slope, column: k, between: [0.4, 0.6], interval: {low: l, high: h}";
    assert_eq!(on(keys, &["k=0.5 l=0.3 h=0.7"]), Verdict::Reproduced);
    assert_eq!(on(keys, &["k=0.7 l=0.55 h=0.85"]), Verdict::Inconclusive);
    assert_eq!(on(keys, &["k=1.0 l=0.9 h=1.1"]), Verdict::NotReproduced);
}

#[test]
fn a_contradiction_stands_and_tells_which_side_the_rows_support() {
    let keys = "judge: contradiction, between: [two, three], evidence: [{side: two, judge: value, column: x, is: {equals: 2}}, {side: three, judge: value, column: x, is: {equals: 3}}]";
    let (verdict, note) = verdict_on(&one(keys).unwrap(), table(&["x=3"]));
    assert_eq!(verdict, Verdict::Contradiction);
    assert!(
        note.contains("two: not reproduced") && note.contains("three: reproduced"),
        "{note}"
    );
}

#[test]
fn a_mistake_in_the_file_is_refused_by_claim_and_key() {
    for (keys, word) in [
        (
            "judge: value, column: x, is: {above: 1}, wher: {a: 1}",
            "wher",
        ),
        ("judge: guess", "guess"),
        ("column: x", "judge is missing"),
        ("judge: value, column: x, is: {}", "at_least"),
        (
            "judge: value, column: x, over: median, is: {above: 1}, interval: {low: l, high: h}",
            "over: median",
        ),
        ("judge: slope, column: x, between: [2, 1]", "between"),
        (
            "judge: contradiction, between: [alone]",
            "two to contradict",
        ),
        ("judge: holds, column: x, where: {a: []}", "empty"),
        (
            "judge: holds, column: x, where: {a: {hass: b}}",
            "{has: word}",
        ),
        ("judge: holds, column: \"{name}\"", "{name}"),
    ] {
        let error = format!("{:#}", one(keys).unwrap_err());
        assert!(
            error.contains(word) && error.contains("claims[0] (c)"),
            "{keys}: {error}"
        );
    }
    let twice = FILE.replace("id: fig2-gradients", "id: table1-a8a");
    let error = Claims::from_yaml(&twice).unwrap_err().to_string();
    assert!(error.contains("table1-a8a"), "{error}");
}

#[test]
fn a_summary_counts_every_verdict_that_occurs() {
    let claims = one("judge: holds, column: x").unwrap();
    let mut rows = judge(&claims, &[run("t", table(&["x=yes"]))]);
    assert_eq!(summary_line(&rows), "1 claim: 1 reproduced");
    rows.extend(judge(&claims, &[]));
    assert_eq!(
        summary_line(&rows),
        "2 claims: 1 reproduced, 1 not testable here"
    );
    assert_eq!(summary_line(&[]), "0 claims");
}
