//! Orderings, grids and trends on made-up rows.

use super::*;

const ORDERING: &str =
    "ordering: {first: {m: a}, second: {m: b}, metric: x, better: lower, pair_by: [s]}";

#[test]
fn an_ordering_holds_when_the_interval_of_its_differences_does_not_reach_zero() {
    let rows = |first: [f64; 4]| {
        let firsts = first
            .iter()
            .enumerate()
            .map(|(s, x)| format!("m=a s={s} x={x}"));
        let seconds = [5.0, 6.0, 7.0, 8.0].iter().enumerate();
        let lines: Vec<String> = firsts
            .chain(seconds.map(|(s, x)| format!("m=b s={s} x={x}")))
            .collect();
        on(
            ORDERING,
            &lines.iter().map(String::as_str).collect::<Vec<_>>(),
        )
    };
    // The spread between starts is large, that of the differences is not.
    assert_eq!(rows([4.0, 5.1, 5.9, 7.0]), Verdict::Reproduced);
    assert_eq!(rows([6.0, 7.1, 7.9, 9.0]), Verdict::NotReproduced);
    assert_eq!(rows([4.0, 7.0, 6.0, 9.0]), Verdict::Inconclusive);
    assert_eq!(rows([5.0, 6.01, 6.99, 8.0]), Verdict::Inconclusive);
}

#[test]
fn two_pairs_decide_nothing_and_a_row_without_a_partner_keeps_the_whole_from_passing() {
    let two = ["m=a s=1 x=1", "m=a s=2 x=1.1", "m=b s=1 x=2", "m=b s=2 x=2"];
    assert_eq!(on(ORDERING, &two), Verdict::Inconclusive);
    let mut four = two.to_vec();
    four.extend(["m=a s=3 x=0.9", "m=b s=3 x=2"]);
    assert_eq!(on(ORDERING, &four), Verdict::Reproduced);
    four.push("m=a s=4 x=1");
    assert_eq!(on(ORDERING, &four), Verdict::Partly);
}

#[test]
fn five_starts_at_one_point_are_one_pair_and_decide_nothing() {
    let lines: Vec<String> = (1..=5)
        .flat_map(|s| [format!("m=a s={s} x=1"), format!("m=b s={s} x=2")])
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let (verdict, note) = verdict_on(&one(ORDERING).unwrap(), table(&lines));
    assert_eq!(verdict, Verdict::Inconclusive);
    assert!(note.contains("1 pairs, 4 told twice"), "{note}");
}

#[test]
fn differences_that_do_not_scatter_take_six_pairs() {
    let of = |pairs: usize| {
        let lines: Vec<String> = (1..=pairs)
            .flat_map(|s| {
                [
                    format!("m=a s={s} x=1 loss=0.{s}1"),
                    format!("m=b s={s} x=2 loss=0.{s}2"),
                ]
            })
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        verdict_on(&one(ORDERING).unwrap(), table(&lines))
    };
    let (verdict, note) = of(5);
    assert_eq!(verdict, Verdict::Inconclusive);
    assert!(note.contains("5 pairs:"), "{note}");
    assert!(
        note.contains("too few pairs without scatter, p 0.0625"),
        "{note}"
    );
    let (verdict, note) = of(6);
    assert_eq!(verdict, Verdict::Reproduced);
    assert!(note.contains("p 0.03125"), "{note}");
}

#[test]
fn two_sides_differ_if_the_whole_interval_lies_beyond_the_margin_on_either_side() {
    let keys = "differ: {first: {m: a}, second: {m: b}, metric: x, margin: 0.5, pair_by: [s]}";
    let rows = |a: [f64; 4]| {
        let lines: Vec<String> = a
            .iter()
            .enumerate()
            .flat_map(|(s, x)| [format!("m=a s={s} x={x}"), format!("m=b s={s} x={}", 5 + s)])
            .collect();
        on(keys, &lines.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert_eq!(rows([7.0, 8.1, 8.9, 10.0]), Verdict::Reproduced);
    assert_eq!(rows([3.0, 4.1, 4.9, 6.0]), Verdict::Reproduced);
    assert_eq!(rows([5.1, 6.0, 7.1, 8.0]), Verdict::NotReproduced);
    assert_eq!(rows([5.5, 6.8, 7.2, 8.9]), Verdict::Inconclusive);
    let diverged = ["1", "2", "3"].map(|s| {
        [
            format!("status=diverged m=a s={s} x=1"),
            format!("status=diverged m=b s={s} x=1"),
        ]
    });
    let diverged: Vec<&str> = diverged.iter().flatten().map(String::as_str).collect();
    assert_eq!(on(keys, &diverged), Verdict::NotReproduced);
    let without = keys.replace(", margin: 0.5", ", margin: 0");
    let error = format!("{:#}", one(&without).unwrap_err());
    assert!(error.contains("margin is 0"), "{error}");
}

#[test]
fn a_margin_is_what_the_first_has_to_be_better_by() {
    let rows = |x: f64| {
        let keys = with(ORDERING, "scale: log, margin: 0.5");
        let lines: Vec<String> = (1..=4)
            .flat_map(|s| {
                let jitter = 1.0 + 0.001 * f64::from(s);
                [
                    format!("m=a s={s} x={}", x * jitter),
                    format!("m=b s={s} x=100"),
                ]
            })
            .collect();
        on(&keys, &lines.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert_eq!(rows(60.0), Verdict::Reproduced);
    assert_eq!(rows(75.0), Verdict::NotReproduced);
}

#[test]
fn a_method_that_diverged_loses_whatever_it_had_reached() {
    let rows = |a: &str, b: &str| {
        let line = |m: &str, status: &str, s: u32, x: f64| {
            format!("m={m} s={s} x={} status={status}", x + 0.01 * f64::from(s))
        };
        let lines: Vec<String> = (1..=4)
            .flat_map(|s| {
                let status = |of: &str| {
                    if s == 1 || of != "once" {
                        of.to_owned()
                    } else {
                        "complete".into()
                    }
                };
                let word = |of: &str| {
                    if status(of) == "once" {
                        "diverged".to_owned()
                    } else {
                        status(of)
                    }
                };
                [line("a", &word(a), s, 1.0), line("b", &word(b), s, 2.0)]
            })
            .collect();
        on(
            ORDERING,
            &lines.iter().map(String::as_str).collect::<Vec<_>>(),
        )
    };
    assert_eq!(rows("complete", "diverged"), Verdict::Reproduced);
    assert_eq!(rows("complete", "once"), Verdict::Reproduced);
    assert_eq!(rows("diverged", "complete"), Verdict::NotReproduced);
    assert_eq!(rows("diverged", "diverged"), Verdict::NotReproduced);
    // Once in four starts is not consistently better, and not refuted either.
    assert_eq!(rows("once", "complete"), Verdict::Inconclusive);
}

#[test]
fn an_allowance_on_the_log_scale_is_a_share() {
    let rows = |x: f64| {
        let keys = with(ORDERING, "scale: log, allowance: 0.05");
        let lines: Vec<String> = (1..=3)
            .flat_map(|s| {
                let jitter = 1.0 + 0.001 * f64::from(s);
                [
                    format!("m=a s={s} x={}", x * jitter),
                    format!("m=b s={s} x=100"),
                ]
            })
            .collect();
        on(&keys, &lines.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert_eq!(rows(104.0), Verdict::Reproduced);
    assert_eq!(rows(106.0), Verdict::NotReproduced);
}

#[test]
fn of_several_rivals_in_one_place_the_best_is_met_or_the_filter_is_refused() {
    let lines: Vec<String> = (1..=3)
        .flat_map(|s| ["m=a x=2", "m=b x=1", "m=b x=3"].map(|row| format!("{row}.{s} s={s}")))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(
        on(&with(ORDERING, "against: best"), &lines),
        Verdict::NotReproduced
    );
    let (verdict, note) = verdict_on(&one(ORDERING).unwrap(), table(&lines));
    assert_eq!(verdict, Verdict::NotTestable);
    assert!(note.contains("against: best"), "{note}");
}

#[test]
fn the_worst_of_some_rows_against_their_best_says_how_far_they_are_apart() {
    let apart = "ordering: {first: {m: a}, second: {m: a}, metric: x, better: higher, allowance: 0.02, \
                 pair_by: [s], compared: worst, against: best}";
    let rows = |far: f64, status: &str| {
        let line = |(s, t): (u32, u32)| {
            let x = 0.9
                - if t == 2 {
                    far
                } else {
                    0.001 * f64::from(s + t)
                };
            let word = if (s, t) == (1, 1) { status } else { "complete" };
            format!("m=a s={s} t={t} x={x} status={word}")
        };
        let lines: Vec<String> = (1..=4)
            .flat_map(|s| (1..=3).map(move |t| (s, t)))
            .map(line)
            .collect();
        on(apart, &lines.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert_eq!(rows(0.01, "complete"), Verdict::Reproduced);
    // One of three is far from the others: none but the whole is judged.
    assert_eq!(rows(0.5, "complete"), Verdict::NotReproduced);
    assert_ne!(rows(0.01, "diverged"), Verdict::Reproduced);
}

#[test]
fn groups_of_which_some_hold_make_a_claim_partly_reproduced() {
    let keys = with(ORDERING, "groups: [{column: r, words: [u, v]}]");
    let lines: Vec<String> = (1..=3)
        .flat_map(|s| {
            let differing = format!("m=a r=u+v x=2.{s}{s} s={s}");
            let [u, v] = ["m=b r=u x=3", "m=b r=v x=1"].map(|row| format!("{row}.{s} s={s}"));
            [differing, u, v]
        })
        .collect();
    let claims = one(&keys).unwrap();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let row = judge(&claims, &[&run("t", table(&lines))]).remove(0);
    assert_eq!(row.verdict, Verdict::Partly);
    assert_eq!(row.pairs, Some(6));
    assert!(
        row.note.contains("u: median x 2.22 against 3.2"),
        "{}",
        row.note
    );
}

#[test]
fn intervals_of_two_rows_have_to_be_apart() {
    let keys = "ordering: {first: {w: 4}, second: {w: 2}, metric: x, better: higher, pair_by: [d], \
                interval: {low: l, high: h, repeats: n}}";
    let four = "w=4 d=a x=3 l=2.5 h=3.5 n=6";
    let is = |two: &str, verdict: Verdict| assert_eq!(on(keys, &[four, two]), verdict, "{two}");
    is("w=2 d=a x=2 l=1.5 h=2.4 n=6", Verdict::Reproduced);
    is("w=2 d=a x=2 l=1.5 h=2.6 n=6", Verdict::Inconclusive);
    is("w=2 d=a x=4 l=3.6 h=4.6 n=6", Verdict::NotReproduced);
    // Where less is better, the other way round.
    let less = keys.replace("higher", "lower");
    let is = |two: &str, verdict: Verdict| assert_eq!(on(&less, &[four, two]), verdict, "{two}");
    is("w=2 d=a x=4 l=3.6 h=4.6 n=6", Verdict::Reproduced);
    is("w=2 d=a x=4 l=3.4 h=4.6 n=6", Verdict::Inconclusive);
    is("w=2 d=a x=3 l=2.4 h=2.6 n=6", Verdict::Inconclusive);
    is("w=2 d=a x=2 l=1.5 h=2.4 n=6", Verdict::NotReproduced);
    // What diverged has lost, without an interval too; what has none cannot be judged.
    for (first, second, verdict) in [
        ("diverged", "complete", Verdict::NotReproduced),
        ("diverged", "diverged", Verdict::NotReproduced),
        ("complete", "diverged", Verdict::Reproduced),
        ("complete", "complete", Verdict::NotTestable),
    ] {
        let row = |w: u32, status: &str| format!("w={w} d=a x=1 l=? h=? n=6 status={status}");
        let lines = [row(4, first), row(2, second)];
        assert_eq!(on(keys, &[&lines[0], &lines[1]]), verdict, "{lines:?}");
    }
    // Each pair of rows is one.
    let frame = table(&[four, "w=2 d=a x=2 l=1.5 h=2.4 n=6"]);
    let row = judge(&one(keys).unwrap(), &[&run("t", frame)]).remove(0);
    assert_eq!(row.pairs, Some(1));
}

#[test]
fn the_best_of_a_grid_is_better_than_each_other_value_by_paired_differences() {
    let keys = "best-of: {column: h, metric: x, better: lower, stated: [1], pair_by: [s]}";
    let grid = |of: [f64; 3], starts: u32| {
        let lines: Vec<String> = (1..=starts)
            .flat_map(|s| {
                (1..=3).zip(of).map(move |(h, x)| {
                    let apart = f64::from((s * 7 + h * 3) % 5) / 100.0;
                    format!("h={h} s={s} x={}", x + apart)
                })
            })
            .collect();
        lines
    };
    let judged = |keys: &str, lines: &[String]| {
        on(keys, &lines.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert_eq!(judged(keys, &grid([1.0, 2.0, 2.0], 5)), Verdict::Reproduced);
    assert_eq!(
        judged(keys, &grid([2.0, 1.0, 1.0], 5)),
        Verdict::NotReproduced
    );
    assert_eq!(judged(keys, &grid([1.5, 1.0, 2.0], 5)), Verdict::Partly);
    // As good by noise is neither.
    assert_eq!(
        judged(keys, &grid([1.0, 1.0, 1.0], 5)),
        Verdict::Inconclusive
    );
    // However large the difference, one start or two decide nothing.
    for starts in [1, 2] {
        let lines = grid([1.0, 9.0, 9.0], starts);
        assert_eq!(judged(keys, &lines), Verdict::Inconclusive, "{starts}");
    }
    assert_eq!(on(keys, &["h=1 s=1 x=1"]), Verdict::NotTestable);
    let both = keys.replace("[1]", "[1, 2]");
    assert_eq!(
        judged(&both, &grid([1.0, 1.2, 2.0], 5)),
        Verdict::Reproduced
    );
    assert_eq!(judged(&both, &grid([1.0, 3.0, 2.0], 5)), Verdict::Partly);
    // A value that one group of two lacks is not passed over.
    let grouped = with(keys, "groups: [g]");
    let mut lines: Vec<String> = grid([1.0, 2.0, 2.0], 5)
        .iter()
        .map(|row| format!("{row} g=u"))
        .collect();
    lines.extend(
        grid([1.0, 2.0, 2.0], 5)
            .iter()
            .map(|row| format!("{row} g=v")),
    );
    assert_eq!(judged(&grouped, &lines), Verdict::Reproduced);
    lines.retain(|row| !(row.contains("h=3") && row.contains("g=v")));
    assert_eq!(judged(&grouped, &lines), Verdict::Partly);
}

#[test]
fn what_is_best_for_all_together_need_not_be_best_for_any() {
    let keys = "best-of: {column: h, metric: x, better: lower, stated: [2], pair_by: [s]}";
    // One method is best at 1, the other at 3; 2 is second for both, and the best for the two together.
    let value = |m: u32, h: u32| match (m, h) {
        (_, 2) => 2.0,
        (1, 1) | (2, 3) => 1.0,
        _ => 9.0,
    };
    let mut lines = Vec::new();
    for (s, m, h) in
        (1..=4).flat_map(|s| (1..=2).flat_map(move |m| (1..=3).map(move |h| (s, m, h))))
    {
        let x = value(m, h) + f64::from((s * 7 + h * 3 + m) % 5) / 100.0;
        lines.push(format!("h={h} s={s} m={m} x={x}"));
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let common = with(keys, "mean_over: [m]");
    assert_eq!(on(&common, &lines), Verdict::Reproduced);
    let own = with(keys, "groups: [m]");
    assert_eq!(on(&own, &lines), Verdict::Partly);
    // A method that is missing at one value would shift that value's mean.
    let (verdict, note) = verdict_on(&one(&common).unwrap(), table(&lines[1..]));
    assert_eq!(verdict, Verdict::NotTestable);
    assert!(note.contains("do not have the same s, m"), "{note}");
}

#[test]
fn a_trend_is_an_ordering_of_neighbours() {
    let keys = "trend: {column: h, metric: x, direction: increasing, pair_by: [s]}";
    let rows = |metrics: [f64; 3]| {
        let lines: Vec<String> = (1..=3)
            .flat_map(|s| [1, 2, 10].map(|h| (s, h)))
            .zip(metrics.iter().cycle())
            .map(|((s, h), x)| {
                format!(
                    "h={h} s={s} x={}",
                    x + f64::from((s * 7 + h * 3) % 5) / 100.0
                )
            })
            .collect();
        on(keys, &lines.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert_eq!(rows([1.0, 2.0, 3.0]), Verdict::Reproduced);
    assert_eq!(rows([1.0, 3.0, 2.0]), Verdict::Partly);
    assert_eq!(rows([3.0, 2.0, 1.0]), Verdict::NotReproduced);
    assert_eq!(on(keys, &["h=1 s=1 x=1"]), Verdict::NotTestable);
}
