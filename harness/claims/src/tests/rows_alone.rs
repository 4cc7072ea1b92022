//! Rules that look at each row by itself, and contradictions, on made-up rows.

use super::*;

#[test]
fn a_value_passes_only_with_its_whole_interval_and_in_every_row() {
    let keys = "value: {column: x, is: {at_least: 2}, interval: {low: l, high: h, repeats: n}}";
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
    let value = "value: {column: x, is: {above: 1}, interval: {low: l, high: h, repeats: n}}";
    for (repeats, verdict) in [
        (1, Verdict::Inconclusive),
        (5, Verdict::Inconclusive),
        (6, Verdict::Reproduced),
    ] {
        let line = format!("x=1.4 l=1.4 h=1.4 n={repeats}");
        assert_eq!(on(value, &[&line]), verdict, "{line}");
    }
    assert_eq!(on(value, &["x=1.4 l=1.4 h=1.4 n=?"]), Verdict::Inconclusive);
    let ordering = "ordering: {first: {w: 4}, second: {w: 2}, metric: x, better: higher, \
                    pair_by: [d], interval: {low: l, high: h, repeats: n}}";
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
    let keys = "speedup: {column: x, interval: {low: l, high: h, repeats: n}, stated: 3, \
                relative_tolerance: 0.25, depth: d, depth_late: e}";
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
    // The ends of what counts as stated, 2.25 to 3.75, count, and one is no speedup.
    is("x=4 l=3.75 h=4.2 n=6 d=3.2 e=3.3", Verdict::Reproduced);
    is("x=2.5 l=2.25 h=2.6 n=6 d=3.2 e=3.3", Verdict::Reproduced);
    is("x=1.1 l=1 h=1.2 n=6 d=2.4 e=3.3", Verdict::NotReproduced);
    let said = |keys: &str| {
        verdict_on(
            &one(keys).unwrap(),
            table(&["x=3 l=2.5 h=3.2 n=6 d=3.2 e=3.3"]),
        )
        .1
    };
    assert!(
        said(keys).contains("stated 3x, which 2.25x to 3.75x count as"),
        "{}",
        said(keys)
    );
    let between = keys.replace("stated: 3", "stated: [2, 3]");
    assert!(
        said(&between).contains("stated 2x to 3x, which 1.5x to 3.75x"),
        "{}",
        said(&between)
    );
    is(
        "status=diverged x=3 l=2.5 h=3.2 n=6 d=3.2 e=3.3",
        Verdict::NotReproduced,
    );
    let (verdict, note) = verdict_on(
        &scoped("requires: {capacity: {at_least: 0.85}}", keys).unwrap(),
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
    let keys = "value: {over: median, column: x, is: {equals: 2, absolute_tolerance: 0.1}}";
    assert_eq!(on(keys, &["x=2", "x=2.05", "x=90"]), Verdict::Reproduced);
    assert_eq!(on(keys, &["x=2", "x=3", "x=90"]), Verdict::NotReproduced);
}

#[test]
fn a_control_holds_when_its_column_says_no() {
    assert_eq!(on("holds: {column: x}", &["x=yes"]), Verdict::Reproduced);
    assert_eq!(
        on("holds: {column: x}", &["x=yes", "x=no"]),
        Verdict::Partly
    );
    assert_eq!(
        on("holds: {column: x, expect: false}", &["x=no"]),
        Verdict::Reproduced
    );
    assert_eq!(
        on("holds: {column: x, expect: false}", &["x=yes"]),
        Verdict::NotReproduced
    );
}

#[test]
fn what_was_not_measured_holds_neither_way() {
    for expect in [true, false] {
        let keys = format!("holds: {{column: x, expect: {expect}, show: [measured, bound]}}");
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
    let keys = "slope: {column: k, between: [0.4, 0.6], interval: {low: l, high: h}}";
    assert_eq!(on(keys, &["k=0.5 l=0.3 h=0.7"]), Verdict::Reproduced);
    assert_eq!(on(keys, &["k=0.7 l=0.55 h=0.85"]), Verdict::Inconclusive);
    assert_eq!(on(keys, &["k=1.0 l=0.9 h=1.1"]), Verdict::NotReproduced);
}

#[test]
fn a_contradiction_stands_as_long_as_what_it_needs_of_its_evidence_is_there() {
    let keys = |must: &str| {
        format!(
            "contradiction: {{between: [two, three], evidence: [\
             {{side: two, {must} rows: {{target: t}}, judge: {{value: {{column: x, is: {{equals: 2}}}}}}}}, \
             {{side: three, rows: {{target: t}}, judge: {{value: {{column: x, is: {{equals: 3}}}}}}}}]}}"
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
fn a_row_without_a_number_says_which_column_has_none_and_only_a_speedup_is_told_unjudged() {
    let (verdict, note) = verdict_on(&one(ABOVE_ONE).unwrap(), table(&["x=?"]));
    assert_eq!(verdict, Verdict::NotTestable);
    assert!(note.contains("x has no number"), "{note}");
    let claims = scoped("requires: {capacity: {at_least: 0.85}}", ABOVE_ONE).unwrap();
    let (verdict, note) = verdict_on(&claims, table(&["x=2 capacity=0.5"]));
    assert_eq!(verdict, Verdict::NotTestable);
    assert_eq!(note, "needs capacity at least 0.85 (here 0.5)");
}

#[test]
fn a_verdict_names_the_rows_that_it_rests_on_once_each() {
    let lines = ["cell=k2 x=2", "cell=k1 x=3", "cell=k2 x=4"];
    let row = judge(&one(ABOVE_ONE).unwrap(), &[&run("t", table(&lines))]).remove(0);
    let keys: Vec<&str> = row.rows.split(|c: char| !c.is_alphanumeric()).collect();
    let keys: Vec<&str> = keys.into_iter().filter(|key| !key.is_empty()).collect();
    assert_eq!(keys, ["k1", "k2"]);
    let row = judge(&one(ABOVE_ONE).unwrap(), &[&run("t", table(&["x=2"]))]).remove(0);
    assert_eq!(row.rows, "", "rows without keys");
}
