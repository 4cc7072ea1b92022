//! Mistakes in the file of claims, and what is said of them.

use super::*;

fn refused(rows: &str, judge: &str, words: &[&str]) {
    let error = format!("{:#}", scoped(rows, judge).unwrap_err());
    for word in words.iter().chain(&["claims[0] (c)"]) {
        assert!(
            error.contains(word),
            "{rows} {judge}: {error}, without {word}"
        );
    }
}

#[test]
fn a_mistake_in_a_rule_is_refused_by_claim_and_key() {
    for (judge, words) in [
        (
            "guess: {}",
            &["judge", "unknown variant `guess`", "`value`"][..],
        ),
        ("", &["judge"]),
        ("holds: {colunm: x}", &["judge", "`colunm`", "`column`"]),
        ("holds: {show: [x]}", &["judge", "missing field `column`"]),
        ("value: {column: x, is: {}}", &["judge.value", "at_least"]),
        (
            "value: {column: x, is: {abov: 1}}",
            &["judge", "is", "`abov`", "`above`"],
        ),
        (
            "value: {column: x, over: median, is: {above: 1}, interval: {low: l, high: h, repeats: n}}",
            &["over: median"],
        ),
        (
            "value: {column: x, is: {above: 1}, interval: {low: l, high: h}}",
            &["interval.repeats"],
        ),
        (
            "slope: {column: x, between: [2, 1]}",
            &["between: the lower bound"],
        ),
        (
            "speedup: {column: x, interval: {low: l, high: h, repeats: n}, stated: [3, 2], \
             relative_tolerance: 0.1, depth: d, depth_late: e}",
            &["judge.speedup", "stated is [3.0, 2.0]"],
        ),
        ("contradiction: {between: [alone]}", &["two to contradict"]),
        (
            "contradiction: {between: [a, b], evidence: [{side: a, rows: {target: t}, judge: {holds: {colum: x}}}]}",
            &["evidence[0]", "`colum`", "`column`"],
        ),
        (
            "contradiction: {between: [a, b], evidence: [{side: a, rows: {target: t, where: {x: []}}, judge: {holds: {column: x}}}]}",
            &["evidence[0]", "the list of `x` is empty"],
        ),
        ("holds: {column: \"{name}\"}", &["{name}"]),
    ] {
        refused("", judge, words);
    }
}

/// Ten words seven times over are ten million groups.
#[test]
fn words_that_multiply_into_more_groups_than_anybody_reads_are_refused() {
    let by = |times: usize| {
        let group = "{column: m, words: [a, b, c, d, e, f, g, h, i, j]}";
        let groups = vec![group; times].join(", ");
        format!("value: {{column: x, is: {{above: 1}}, groups: [{groups}]}}")
    };
    assert!(scoped("", &by(3)).is_ok());
    refused("", &by(7), &["10000000 groups", "1000"]);
}

/// What an entry stands for is counted before it is made: many entries, a long value, a value many times.
#[test]
fn an_entry_whose_each_comes_to_too_much_is_refused() {
    let entry = |says: &str, each: &str| {
        let claim =
            claim("\"c{i}\"", "", ABOVE_ONE).replace("says: so", &format!("says: \"{says}\""));
        let claim = claim.strip_suffix('}').unwrap();
        file(&[format!("{claim}, each: [{each}]}}")])
    };
    let many: Vec<String> = (0..100)
        .map(|i| format!("{{i: {i}, b: \"{}\"}}", "q".repeat(3000)))
        .collect();
    assert!(entry("{b}", &many.join(", ")).is_ok());
    for says in ["{b}".repeat(1000), "z".repeat(300_000)] {
        let error = format!("{:#}", entry(&says, &many.join(", ")).unwrap_err());
        assert!(error.contains("it comes to more than"), "{error}");
    }
}

#[test]
fn a_mistake_in_what_rows_are_chosen_is_refused_by_claim_and_key() {
    let holds = "holds: {column: x}";
    for (rows, words) in [
        ("wher: {a: 1}", &["rows", "`wher`", "`where`"][..]),
        ("where: {a: []}", &["empty"]),
        ("where: {a: {hass: b}}", &["rows.where", "{has: word}"]),
        (
            "beside: [{name: n, allowance: 1}]",
            &["beside.allowance", "ordering"],
        ),
    ] {
        refused(rows, holds, words);
    }
    refused(
        "beside: [{name: n}]",
        "not-testable: {needs: more}",
        &["rows answer"],
    );
}

#[test]
fn a_mistake_in_a_claim_is_refused_by_claim_and_key() {
    let right = claim("c", "", ABOVE_ONE);
    for (from, to, words) in [
        ("judge:", "juge:", &["unknown field `juge`", "`judge`"][..]),
        (
            "judge: {value: {column: x, is: {above: 1}}}",
            "note: none",
            &["missing field `judge`"],
        ),
        ("judge: {value: ", "judge: value, x: {y: ", &["judge"]),
        ("target: t, ", "", &["rows", "missing field `target`"]),
        ("paper: P", "paper: Q", &["paper", "unknown variant `Q`"]),
    ] {
        let error = format!("{:#}", file(&[right.replace(from, to)]).unwrap_err());
        for word in words.iter().chain(&["claims[0] (c)"]) {
            assert!(error.contains(word), "{to}: {error}, without {word}");
        }
    }
    let twice = FILE.replace("id: fig2-gradients", "id: table1-a8a");
    let error = Claims::from_yaml(&twice).unwrap_err().to_string();
    assert!(error.contains("table1-a8a"), "{error}");
}

#[test]
fn a_comparison_has_one_kind_of_leeway_and_something_that_makes_pairs() {
    let ordering = |more: &str| {
        format!("ordering: {{first: {{m: a}}, second: {{m: b}}, metric: x, better: lower, {more}}}")
    };
    let interval = "interval: {low: l, high: h, repeats: n}";
    for (more, word) in [
        ("pair_by: [s], margin: -1".to_owned(), "margin is -1"),
        (
            "pair_by: [s], allowance: -0.1".to_owned(),
            "allowance is -0.1",
        ),
        (
            "pair_by: [s], margin: 0.1, allowance: 0.1".into(),
            "exclude one another",
        ),
        (
            format!("pair_by: [s], margin: 0.1, {interval}"),
            "exclude one another",
        ),
        (
            format!("pair_by: [s], allowance: 0.1, {interval}"),
            "exclude one another",
        ),
        ("pair_by: []".into(), "pair_by"),
    ] {
        refused("", &ordering(&more), &[word]);
    }
    for more in [
        "pair_by: [s], margin: 0.1".to_owned(),
        "pair_by: [s], allowance: 0.1, margin: 0".into(),
        format!("pair_by: [s], {interval}"),
    ] {
        scoped("", &ordering(&more)).unwrap();
    }
    refused(
        "",
        "trend: {column: c, metric: x, direction: increasing, pair_by: []}",
        &["pair_by"],
    );
    refused(
        "",
        "best-of: {column: c, metric: x, better: lower, stated: [1], pair_by: []}",
        &["pair_by"],
    );
    let same = "ordering: {first: {m: a}, second: {m: a}, metric: x, better: lower, pair_by: [s]}";
    refused("", same, &["first and second are the same"]);
    for tolerance in ["1", "-0.1", "2"] {
        let speedup = format!(
            "speedup: {{column: x, {interval}, stated: 3, relative_tolerance: {tolerance}, depth: d, depth_late: e}}"
        );
        refused("", &speedup, &["relative_tolerance", "between 0 and 1"]);
    }
}
