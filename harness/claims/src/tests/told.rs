//! What comparisons are told as, what they lack, and which of them are one, on made-up rows.

use super::*;

#[test]
fn a_trend_names_its_steps_and_what_a_group_lacks() {
    let keys = "trend: {column: h, metric: x, direction: increasing, pair_by: [s], groups: [g]}";
    let mut lines = Vec::new();
    for (g, s, h) in ["a", "b"]
        .into_iter()
        .flat_map(|g| (1..=3).flat_map(move |s| [1, 2, 10].map(|h| (g, s, h))))
    {
        let x = f64::from(h) + f64::from((s * 7 + h * 3) % 5) / 100.0;
        lines.push(format!("g={g} h={h} s={s} x={x}"));
    }
    let note = |lines: &[String]| {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        verdict_on(&one(keys).unwrap(), table(&lines)).1
    };
    let whole = note(&lines);
    for step in ["a, h 1 to 2", "a, h 2 to 10", "b, h 1 to 2"] {
        assert!(whole.contains(step), "{whole}");
    }
    let mut without = lines.clone();
    without.retain(|line| !line.starts_with("g=b h=2 "));
    let (verdict, said) = verdict_on(
        &one(keys).unwrap(),
        table(&without.iter().map(String::as_str).collect::<Vec<_>>()),
    );
    assert_eq!(verdict, Verdict::Partly, "{said}");
    assert!(said.contains("b: no rows with h 2"), "{said}");
    lines.retain(|line| line.contains("h=2 "));
    assert!(note(&lines).contains("fewer than two values of h"));
    lines.extend(["g=a h=1 s=1 x=1", "g=b h=1 s=1 x=1"].map(String::from));
    assert!(!note(&lines).contains("fewer than two"), "two are enough");
}

#[test]
fn the_best_of_a_grid_says_which_values_were_compared() {
    let keys =
        "best-of: {column: h, metric: x, better: lower, stated: [1], pair_by: [s], groups: [g]}";
    let mut lines = Vec::new();
    for (s, h) in (1..=3).flat_map(|s| [1, 2, 3].map(|h| (s, h))) {
        let x = f64::from(h) + f64::from((s * 7 + h * 3) % 5) / 100.0;
        lines.push(format!("g=a h={h} s={s} x={x}"));
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let (verdict, note) = verdict_on(&one(keys).unwrap(), table(&lines));
    assert_eq!(verdict, Verdict::Reproduced);
    for part in ["a, h 1 against h 2", "a, h 1 against h 3"] {
        assert!(note.contains(part), "{note}");
    }
}

#[test]
fn a_group_that_lacks_one_side_is_named_and_the_others_are_compared() {
    let keys = "ordering: {first: {m: a}, second: {m: b}, metric: x, better: lower, pair_by: [s], groups: [g]}";
    let mut lines = Vec::new();
    for (g, s) in ["u", "v"]
        .into_iter()
        .flat_map(|g| (0..4).map(move |s| (g, s)))
    {
        lines.push(format!("g={g} m=a s={s} x={}", 1.0 + f64::from(s) / 10.0));
        lines.push(format!("g={g} m=b s={s} x={}", 2.0 + f64::from(s) / 9.0));
    }
    for missing in ["g=v m=a", "g=v m=b"] {
        let there: Vec<&str> = lines
            .iter()
            .map(String::as_str)
            .filter(|line| !line.starts_with(missing))
            .collect();
        let (verdict, note) = verdict_on(&one(keys).unwrap(), table(&there));
        assert_eq!(verdict, Verdict::Partly, "{missing}");
        assert!(
            note.contains("v: no rows on one of the sides"),
            "{missing}: {note}"
        );
    }
}

/// Rows of two methods from some starts: the second has 10, the first as much less as said.
fn apart_by(differences: &[f64]) -> Vec<String> {
    let of = |(s, d): (usize, &f64)| {
        [
            format!("m=a s={s} x={} y={}", 10.0 - d, 10.0 - d),
            format!("m=b s={s} x=10 y=10"),
        ]
    };
    differences.iter().enumerate().flat_map(of).collect()
}

fn judged_rows(judges: &[(&str, &str)], lines: &[String]) -> Vec<ClaimRow> {
    let claims: Vec<String> = judges
        .iter()
        .map(|(id, rule)| claim(id, "", rule))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    judge(&file(&claims).unwrap(), &[&run("t", table(&lines))])
}

#[test]
fn how_sure_a_difference_is_counts_from_the_margin_on_whichever_side_it_lies() {
    let sides = "first: {m: a}, second: {m: b}";
    let differ = format!("differ: {{{sides}, metric: x, margin: 1, pair_by: [s]}}");
    let ordering =
        format!("ordering: {{{sides}, metric: x, better: lower, margin: 1, pair_by: [s]}}");
    let p =
        |rule: &str, differences: &[f64]| judged_rows(&[("c", rule)], &apart_by(differences))[0].p;
    let (less, more) = ([3.0, 2.5, 3.5, 2.75], [-3.0, -2.5, -3.5, -2.75]);
    let wanted = rows::statistics::p_value(&less, 1.0);
    assert!(wanted.unwrap() < 0.05);
    assert_eq!(p(&ordering, &less), wanted);
    assert_eq!(p(&differ, &less), wanted);
    assert_eq!(p(&differ, &more), wanted);
}

#[test]
fn a_metric_told_under_two_names_is_two_comparisons() {
    let of = |metric: &str| {
        format!(
            "ordering: {{first: {{m: a}}, second: {{m: b}}, metric: {metric}, better: lower, pair_by: [s]}}"
        )
    };
    let rows = judged_rows(
        &[("x", &of("x")), ("y", &of("y")), ("again", &of("x"))],
        &apart_by(&[3.0, 2.5, 3.5]),
    );
    let counted: Vec<Option<u64>> = rows.iter().map(|row| row.comparisons).collect();
    assert_eq!(counted, [Some(1), Some(1), None]);
}

#[test]
fn pairs_without_a_number_are_told_and_those_that_diverged_all_count() {
    let keys = "ordering: {first: {m: a}, second: {m: b}, metric: x, better: lower, pair_by: [s]}";
    let mut lines = apart_by(&[3.0, 2.5, 3.5]);
    lines.extend(["m=a s=7 x=? y=1", "m=b s=7 x=10 y=1"].map(String::from));
    let note = judged_rows(&[("c", keys)], &lines).remove(0).note;
    assert!(note.contains("3 pairs, 1 without a number"), "{note}");
    // Runs that diverged have nothing recorded that would tell them apart.
    let mut lines = Vec::new();
    for s in 0..4 {
        lines.push(format!("m=a s={s} x=1 status=diverged"));
        lines.push(format!("m=b s={s} x=10 status=complete"));
    }
    let row = judged_rows(&[("c", keys)], &lines).remove(0);
    assert_eq!(row.verdict, Verdict::NotReproduced);
    assert!(row.note.contains("4 pairs"), "{}", row.note);
}

#[test]
fn runs_that_reach_nothing_differ_if_they_all_lie_on_one_side() {
    let keys =
        "differ: {first: {m: a}, second: {m: b}, metric: x, scale: log, margin: 0.1, pair_by: [s]}";
    let judged = |firsts: [f64; 4]| {
        let lines: Vec<String> = firsts
            .iter()
            .enumerate()
            .flat_map(|(s, x)| [format!("m=a s={s} x={x}"), format!("m=b s={s} x=10 y={s}")])
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        on(keys, &lines)
    };
    assert_eq!(
        judged([0.0, 5.0, 4.0, 6.0]),
        Verdict::Reproduced,
        "all are less"
    );
    assert_eq!(judged([0.0, 50.0, 4.0, 6.0]), Verdict::Inconclusive);
    assert_eq!(
        judged([0.0, 10.0, 10.0, 10.0]),
        Verdict::Inconclusive,
        "one is"
    );
    // And the other way round: the second reaches nothing once.
    let more = |firsts: [f64; 4]| {
        let lines: Vec<String> = firsts
            .iter()
            .enumerate()
            .flat_map(|(s, x)| {
                let second = if s == 0 { 0 } else { 10 };
                [
                    format!("m=a s={s} x={x}"),
                    format!("m=b s={s} x={second} y={s}"),
                ]
            })
            .collect();
        on(keys, &lines.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert_eq!(
        more([5.0, 20.0, 30.0, 40.0]),
        Verdict::Reproduced,
        "all are more"
    );
    assert_eq!(
        more([5.0, 20.0, 30.0, 10.0]),
        Verdict::Inconclusive,
        "one is equal"
    );
    assert_eq!(
        more([5.0, 20.0, 30.0, 10.5]),
        Verdict::Inconclusive,
        "or nearly"
    );
}

#[test]
fn a_difference_is_told_without_a_sign_from_its_nearer_end_to_its_farther() {
    let sides = "first: {m: a}, second: {m: b}, metric: x, pair_by: [s]";
    let note = |rule: &str, differences: &[f64]| {
        judged_rows(&[("c", rule)], &apart_by(differences))
            .remove(0)
            .note
    };
    let ordering = format!("ordering: {{{sides}, better: lower}}");
    let better = note(&ordering, &[3.0, 2.5, 3.5]);
    let ends = better
        .split_once("better by ")
        .unwrap()
        .1
        .split(", p")
        .next()
        .unwrap();
    assert!(
        ends.starts_with("3 [1.7") && ends.contains(", 4.2"),
        "{better}"
    );
    let worse = note(&ordering, &[-3.0, -2.5, -3.5]);
    assert!(worse.contains(&format!("worse by {ends}")), "{worse}");
    let differ = format!("differ: {{{sides}, margin: 1}}");
    let less = note(&differ, &[3.0, 2.5, 3.5]);
    assert!(less.contains(&format!("less by {ends}")), "{less}");
}

#[test]
fn what_a_claim_asks_of_rows_is_in_words_without_what_both_sides_share() {
    let asks = |rule: &str| judge(&one(rule).unwrap(), &[]).remove(0).asks;
    let ordering = "ordering: {first: {method: [a, b], kinetic_energy: l1}, second: {method: c, kinetic_energy: l1}, \
                    metric: tail_value, better: lower, pair_by: [s], allowance: 0.1}";
    assert_eq!(
        asks(ordering),
        "tail value is lower with method a or b than with method c (both with kinetic energy l1), by the interval of \
         the paired differences, or worse by no more than 0.1"
    );
    assert_eq!(asks(ABOVE_ONE), "x is above 1 in every row");
    for claim in published().claims {
        let asked = claim.judge.answers().asks();
        assert!(asked.len() > 8, "{}: {asked}", claim.id);
    }
}

#[test]
fn a_difference_that_may_go_either_way_says_worse_and_better() {
    let lines: Vec<String> = [0.5, -0.4, 0.6, -0.3, 0.2]
        .iter()
        .enumerate()
        .flat_map(|(s, d)| {
            [
                format!("m=a s={s} x={}", 10.0 - d),
                format!("m=b s={s} x=10"),
            ]
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let rule = "ordering: {first: {m: a}, second: {m: b}, metric: x, better: lower, pair_by: [s]}";
    let row = judge(&one(rule).unwrap(), &[&run("t", table(&lines))]).remove(0);
    assert_eq!(row.verdict, Verdict::Inconclusive);
    assert!(
        row.note.contains("better by 0.12, between ") && row.note.contains(" worse and "),
        "{}",
        row.note
    );
    assert_eq!(row.in_short, "x 9.8 against 10, better");
}
