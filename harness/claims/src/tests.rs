//! Every predicate, and every claim, on made-up rows: those that satisfy it, those that do not,
//! those that may not decide.

mod comparisons;
mod worlds;

use super::examples::{Made, frame};
use super::*;
use rows::Value;

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

fn on(keys: &str, lines: &[&str]) -> Verdict {
    let (verdict, note) = verdict_on(&one(keys).unwrap(), table(lines));
    assert!(!note.is_empty());
    verdict
}

#[test]
fn nothing_run_leaves_every_claim_untestable_and_says_what_to_run() {
    let claims = published();
    for row in judge(&claims, &[]) {
        match row.judge.as_str() {
            "contradiction" => {
                assert!([Verdict::Contradiction, Verdict::EvidenceMissing].contains(&row.verdict))
            }
            "not-testable" => assert!(row.note.starts_with("needs "), "{}", row.note),
            _ => {
                assert_eq!(row.verdict, Verdict::NotTestable, "{}", row.claim);
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
    assert_eq!(
        judge(&claims, &[target.clone()])[0].verdict,
        Verdict::Reproduced
    );
    target.verdicts = false;
    let row = judge(&claims, &[target]).remove(0);
    assert_eq!(row.verdict, Verdict::NotTestable);
    assert!(row.note.contains("no verdicts"), "{}", row.note);
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
fn a_value_passes_only_with_its_whole_interval_and_in_every_row() {
    let keys =
        "judge: value, column: x, is: {at_least: 2}, interval: {low: l, high: h, repeats: n}";
    let is = |lines: &[&str], verdict: Verdict| assert_eq!(on(keys, lines), verdict, "{lines:?}");
    is(&["x=3 l=2.5 h=3.5 n=6"], Verdict::Reproduced);
    is(&["x=3 l=1.5 h=3.5 n=6"], Verdict::Inconclusive);
    is(&["x=1 l=0.5 h=1.5 n=6"], Verdict::NotReproduced);
    is(
        &["x=3 l=2.5 h=3.5 n=6", "x=1 l=0.5 h=1.5 n=6"],
        Verdict::Partly,
    );
    is(&["x=3 l=? h=? n=6"], Verdict::NotTestable);
    let diverged = "status=diverged x=3 l=2.5 h=3.5 n=6";
    is(&[diverged], Verdict::NotReproduced);
}

#[test]
fn an_interval_of_too_few_repeats_decides_nothing_however_narrow() {
    let value = "judge: value, column: x, is: {above: 1}, interval: {low: l, high: h, repeats: n}";
    for (repeats, verdict) in [
        (1, Verdict::Inconclusive),
        (5, Verdict::Inconclusive),
        (6, Verdict::Reproduced),
    ] {
        let line = format!("x=1.4 l=1.4 h=1.4 n={repeats}");
        assert_eq!(on(value, &[&line]), verdict, "{line}");
    }
    assert_eq!(on(value, &["x=1.4 l=1.4 h=1.4 n=?"]), Verdict::Inconclusive);
    let ordering = "judge: ordering, first: {w: 4}, second: {w: 2}, metric: x, better: higher, \
                    pair_by: [d], interval: {low: l, high: h, repeats: n}";
    for (repeats, verdict) in [(2, Verdict::Inconclusive), (6, Verdict::Reproduced)] {
        let lines = [
            format!("w=4 d=a x=3 l=2.9 h=3.1 n={repeats}"),
            "w=2 d=a x=2 l=1.9 h=2.1 n=9".to_owned(),
        ];
        assert_eq!(on(ordering, &[&lines[0], &lines[1]]), verdict, "{lines:?}");
    }
}

#[test]
fn a_speedup_counts_on_both_sides_and_a_run_too_short_decides_nothing() {
    let keys = "judge: speedup, column: x, interval: {low: l, high: h, repeats: n}, stated: 3, \
                relative_tolerance: 0.25, depth: d, depth_late: e";
    let is = |line: &str, verdict: Verdict| assert_eq!(on(keys, &[line]), verdict, "{line}");
    is("x=3 l=2.5 h=3.2 n=6 d=3.2 e=3.3", Verdict::Reproduced);
    is("x=5 l=4.5 h=5.2 n=6 d=3.2 e=3.3", Verdict::Faster);
    is("x=3.5 l=2.5 h=5.2 n=6 d=3.2 e=3.3", Verdict::Reproduced);
    is("x=2.2 l=2.0 h=2.6 n=6 d=3.2 e=3.3", Verdict::Inconclusive);
    // 2.25 is needed: a depth of 2.1 cannot reach it, late flows could.
    is("x=2 l=1.9 h=2.05 n=6 d=2.1 e=3.3", Verdict::Inconclusive);
    is("x=2 l=1.9 h=2.05 n=6 d=2.1 e=2.2", Verdict::Partly);
    is("x=2 l=1.9 h=2.05 n=6 d=2.4 e=3.3", Verdict::Partly);
    is("x=0.9 l=0.8 h=1.05 n=6 d=2.4 e=3.3", Verdict::NotReproduced);
    is("x=2 l=1.9 h=2.05 n=6 d=2.1 e=?", Verdict::Inconclusive);
    is("x=3 l=2.5 h=3.2 n=5 d=3.2 e=3.3", Verdict::Inconclusive);
    is("x=? l=? h=? n=6 d=3.2 e=3.3", Verdict::NotTestable);
    is(
        "status=diverged x=3 l=2.5 h=3.2 n=6 d=3.2 e=3.3",
        Verdict::NotReproduced,
    );
    let required = format!("{keys}, requires: {{capacity: {{at_least: 0.85}}}}");
    let (verdict, note) = verdict_on(
        &one(&required).unwrap(),
        table(&["x=1 l=0.9 h=1.1 n=6 d=2.4 e=3.3 capacity=0.5"]),
    );
    assert_eq!(verdict, Verdict::NotTestable);
    assert!(
        note.contains("needs capacity at least 0.85 (here 0.5)"),
        "{note}"
    );
    assert!(note.contains("not judged: x 1.00x [0.90, 1.10]"), "{note}");
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
fn what_was_not_measured_holds_neither_way() {
    for expect in [true, false] {
        let keys = format!("judge: holds, column: x, expect: {expect}, show: [measured, bound]");
        for answer in ["yes", "no", "?"] {
            let line = format!("x={answer} measured=? bound=1");
            assert_eq!(on(&keys, &[&line]), Verdict::NotTestable, "{expect} {line}");
        }
        let line = "x=? measured=2 bound=1";
        assert_eq!(on(&keys, &[line]), Verdict::NotTestable, "{expect} {line}");
    }
}

#[test]
fn a_slope_decides_by_itself_and_its_interval_only_keeps_it_open() {
    let keys = "judge: slope, column: k, between: [0.4, 0.6], interval: {low: l, high: h}";
    assert_eq!(on(keys, &["k=0.5 l=0.3 h=0.7"]), Verdict::Reproduced);
    assert_eq!(on(keys, &["k=0.7 l=0.55 h=0.85"]), Verdict::Inconclusive);
    assert_eq!(on(keys, &["k=1.0 l=0.9 h=1.1"]), Verdict::NotReproduced);
}

#[test]
fn a_contradiction_stands_as_long_as_what_it_needs_of_its_evidence_is_there() {
    let keys = |must: &str| {
        format!(
            "judge: contradiction, between: [two, three], evidence: [\
             {{side: two, {must} judge: value, column: x, is: {{equals: 2}}}}, \
             {{side: three, judge: value, column: x, is: {{equals: 3}}}}]"
        )
    };
    let told = |must: &str, line: &str| verdict_on(&one(&keys(must)).unwrap(), table(&[line]));
    let (verdict, note) = told("", "x=3");
    assert_eq!(verdict, Verdict::Contradiction);
    assert!(
        note.contains("two: not reproduced") && note.contains("three: reproduced"),
        "{note}"
    );
    assert_eq!(told("must: fail,", "x=3").0, Verdict::Contradiction);
    assert_eq!(told("must: hold,", "x=2").0, Verdict::Contradiction);
    let (verdict, note) = told("must: hold,", "x=3");
    assert_eq!(verdict, Verdict::EvidenceMissing);
    assert!(note.contains("does not expect"), "{note}");
    assert_eq!(told("must: fail,", "x=?").0, Verdict::EvidenceMissing);
}

#[test]
fn a_run_that_diverged_loses_also_where_rows_have_to_be_fit() {
    let keys = "requires: {error: {at_most: 0.01}}, judge: value, column: x, is: {above: 1}";
    let rows = [
        "status=complete error=0.001 x=2",
        "status=diverged error=? x=?",
    ];
    assert_eq!(on(keys, &rows), Verdict::Partly);
    assert_eq!(on(keys, &rows[1..]), Verdict::NotReproduced);
    assert_eq!(
        on(keys, &["status=complete error=? x=2"]),
        Verdict::NotTestable
    );
}

#[test]
fn other_readings_are_shown_and_change_no_verdict() {
    let keys = "where: {r: printed}, beside: [{name: at equal step, where: {r: equal}}], \
                judge: value, column: x, is: {above: 1}";
    let rows = ["r=printed x=2", "r=equal x=0.5"];
    let row = judge(&one(keys).unwrap(), &[run("t", table(&rows))]).remove(0);
    assert_eq!(row.verdict, Verdict::Reproduced);
    let beside = row.beside.unwrap();
    assert!(
        beside.starts_with("at equal step: not reproduced"),
        "{beside}"
    );
    let allowed = "beside: [{name: allowing more, allowance: 0.5}], judge: ordering, first: {m: a}, \
                   second: {m: b}, metric: x, better: lower, allowance: 0.1, pair_by: [s]";
    let rows: Vec<String> = (1..=4)
        .flat_map(|s| [format!("m=a s={s} x={s}.3"), format!("m=b s={s} x={s}")])
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let row = judge(&one(allowed).unwrap(), &[run("t", table(&rows))]).remove(0);
    assert_eq!(row.verdict, Verdict::NotReproduced);
    let beside = row.beside.unwrap();
    assert!(beside.starts_with("allowing more: reproduced"), "{beside}");
}

#[test]
fn a_comparison_that_only_many_make_likely_is_left_open() {
    // Nine comparisons without a difference and one that has p = 0.02 by itself.
    let claim = |n: usize| {
        format!(
            "{{id: c{n}, paper: P, place: here, says: so, target: t, where: {{k: {n}}}, judge: ordering, \
             first: {{m: a}}, second: {{m: b}}, metric: x, better: lower, pair_by: [s]}}"
        )
    };
    let claims: Vec<String> = (0..10).map(claim).collect();
    let file = |claims: &[String]| {
        Claims::from_yaml(&format!(
            "{{confidence: 0.95, least_pairs: 3, profile: quick, claims: [{}]}}",
            claims.join(", ")
        ))
        .unwrap()
    };
    let mut lines = Vec::new();
    for k in 0..10 {
        let apart = match k {
            0 => [1.0, 2.0, 3.0, 1.5, 0.4],
            _ => [1.0, -1.1, 0.7, -0.9, 0.2].map(|d| d + 0.01 * k as f64),
        };
        for (s, d) in apart.iter().enumerate() {
            lines.push(format!("k={k} m=a s={s} x={}", 10.0 - d));
            lines.push(format!("k={k} m=b s={s} x=10.{s}"));
        }
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let rows = [run("t", table(&lines))];
    let alone = judge(&file(&claims[..1]), &rows).remove(0);
    assert_eq!(alone.verdict, Verdict::Reproduced, "{}", alone.note);
    let among = judge(&file(&claims), &rows).remove(0);
    assert_eq!(among.verdict, Verdict::Inconclusive, "{}", among.note);
    assert!(
        among.note.contains("among the 10 comparisons of t"),
        "{}",
        among.note
    );
    assert_eq!((among.comparisons, among.decided), (Some(1), None));
}

#[test]
fn a_comparison_that_two_claims_make_counts_once_whichever_side_is_named_first() {
    let claim = |id: &str, first: &str, second: &str, better: &str| {
        format!(
            "{{id: {id}, paper: P, place: here, says: so, target: t, judge: ordering, first: {{m: {first}}}, \
             second: {{m: {second}}}, metric: x, better: {better}, pair_by: [s]}}"
        )
    };
    let claims = [
        claim("one", "a", "b", "lower"),
        claim("again", "a", "b", "lower"),
        claim("mirrored", "b", "a", "lower"),
    ];
    let claims = Claims::from_yaml(&format!(
        "{{confidence: 0.95, least_pairs: 3, profile: quick, claims: [{}]}}",
        claims.join(", ")
    ))
    .unwrap();
    let lines: Vec<String> = [1.0, 1.2, 0.9, 1.1]
        .iter()
        .enumerate()
        .flat_map(|(s, d)| [format!("m=a s={s} x={}", 3.0 - d), format!("m=b s={s} x=3")])
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let rows = judge(&claims, &[run("t", table(&lines))]);
    let counted: Vec<Option<u64>> = rows.iter().map(|row| row.comparisons).collect();
    assert_eq!(counted, [Some(1), None, None]);
    let verdicts = [
        Verdict::Reproduced,
        Verdict::Reproduced,
        Verdict::NotReproduced,
    ];
    assert_eq!(
        rows.iter().map(|row| row.verdict).collect::<Vec<_>>(),
        verdicts
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
            "judge: value, column: x, over: median, is: {above: 1}, interval: {low: l, high: h, repeats: n}",
            "over: median",
        ),
        (
            "judge: value, column: x, is: {above: 1}, interval: {low: l, high: h}",
            "interval.repeats",
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
