//! One curve against another, on made-up rows.

use super::*;

const DOMINATES: &str =
    "dominates: {first: {m: a}, second: {m: b}, along: h, share: 0.6, metric: x, pair_by: [s]}";

/// Rows of two methods at ten places from some starts: at as many places of each start the first is better,
/// by 1, and worse at the others.
fn rows(won: &[u32]) -> Vec<String> {
    rows_by(won, 1.0)
}

/// The same, but better by so much.
fn rows_by(won: &[u32], better: f64) -> Vec<String> {
    let at = move |s: usize, h: u32, won: u32| {
        let second = 5.0 + f64::from(h) + s as f64 / 8.0;
        let first = if h < won {
            second - better
        } else {
            second + 1.0
        };
        [
            format!("m=a s={s} h={h} x={first}"),
            format!("m=b s={s} h={h} x={second}"),
        ]
    };
    let of_start = |(s, won): (usize, &u32)| {
        let won = *won;
        (0..10).flat_map(move |h| at(s, h, won))
    };
    won.iter().enumerate().flat_map(of_start).collect()
}

fn judged(judge: &str, lines: &[String]) -> (Verdict, String) {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    verdict_on(&one(judge).unwrap(), table(&lines))
}

#[test]
fn a_curve_dominates_where_the_interval_of_its_shares_lies_above_the_one_asked() {
    let is = |won: &[u32], verdict| assert_eq!(judged(DOMINATES, &rows(won)).0, verdict, "{won:?}");
    is(&[9, 8, 10, 9], Verdict::Reproduced);
    is(&[3, 2, 4, 3], Verdict::NotReproduced);
    // The mean is above six of ten, but its interval reaches below.
    is(&[9, 5, 10, 4], Verdict::Inconclusive);
    // Two starts decide nothing.
    is(&[9, 8], Verdict::Inconclusive);
    let (_, note) = judged(DOMINATES, &rows(&[9, 8, 10, 9]));
    assert!(
        note.starts_with("median share of places 0.9 against 0.6, 4 pairs: better by 0.3"),
        "{note}"
    );
}

#[test]
fn ten_places_of_one_start_are_one_pair_and_equal_shares_of_six_starts_decide() {
    let (verdict, note) = judged(DOMINATES, &rows(&[10; 5]));
    assert_eq!(verdict, Verdict::Inconclusive);
    assert!(
        note.contains("5 pairs") && note.contains("too few pairs without scatter"),
        "{note}"
    );
    assert_eq!(judged(DOMINATES, &rows(&[10; 6])).0, Verdict::Reproduced);
    // One start told six times is one.
    let mut lines = Vec::new();
    for s in 0..6 {
        lines.extend(
            rows(&[10])
                .iter()
                .map(|row| row.replace("s=0", &format!("s={s}"))),
        );
    }
    let (verdict, note) = judged(DOMINATES, &lines);
    assert_eq!(verdict, Verdict::Inconclusive);
    assert!(note.contains("1 pairs, 5 told twice"), "{note}");
}

#[test]
fn as_good_is_not_worse_and_a_run_that_diverged_is() {
    let mut lines = rows_by(&[7, 8, 7, 8, 7, 8], 0.0);
    assert_eq!(judged(DOMINATES, &lines).0, Verdict::Reproduced);
    for row in lines.iter_mut().filter(|row| row.starts_with("m=a")) {
        *row += " status=diverged";
    }
    // Six starts without scatter decide.
    assert_eq!(judged(DOMINATES, &lines).0, Verdict::NotReproduced);
}

#[test]
fn a_curve_with_a_gap_without_a_partner_or_without_a_number_is_not_passed_over() {
    let all = rows(&[9, 8, 10, 9]);
    let (verdict, note) = judged(DOMINATES, &all[1..]);
    assert_eq!(verdict, Verdict::NotTestable);
    assert!(
        note.contains("s 0 does not have each value of `h` once"),
        "{note}"
    );
    let without = |start: &str| {
        let kept = all.iter().filter(|row| !row.starts_with(start));
        kept.cloned().collect::<Vec<String>>()
    };
    assert_eq!(judged(DOMINATES, &without("m=b s=3")).0, Verdict::Partly);
    assert_eq!(judged(DOMINATES, &without("m=b")).0, Verdict::NotTestable);
    let unknown: Vec<String> = all
        .iter()
        .map(|row| row.split_once(" x=").unwrap().0.to_owned() + " x=?")
        .collect();
    assert_eq!(judged(DOMINATES, &unknown).0, Verdict::NotTestable);
}

#[test]
fn each_group_is_a_part_and_more_is_better_where_it_is_said() {
    let keys = with(DOMINATES, "groups: [g]");
    let of = |group: &str, won: &[u32]| {
        let rows = rows(won);
        rows.iter()
            .map(|row| format!("{row} g={group}"))
            .collect::<Vec<_>>()
    };
    let lines = [of("u", &[9, 8, 10, 9]), of("v", &[3, 2, 4, 3])].concat();
    let (verdict, note) = judged(&keys, &lines);
    assert_eq!(verdict, Verdict::Partly);
    assert!(
        note.contains("u: median") && note.contains("v: median"),
        "{note}"
    );
    let higher = with(DOMINATES, "better: higher");
    assert_eq!(judged(&higher, &rows(&[1, 2, 0, 1])).0, Verdict::Reproduced);
}

#[test]
fn a_share_of_all_places_or_no_pairs_is_refused_by_its_key() {
    for (from, to, said) in [
        ("share: 0.6", "share: 1", "share is 1"),
        ("share: 0.6", "share: -0.1", "share is -0.1"),
        ("[s]", "[]", "pair_by"),
        ("m: b", "m: a", "the same"),
    ] {
        let error = format!("{:#}", one(&DOMINATES.replace(from, to)).unwrap_err());
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn curves_are_compared_group_by_group_each_with_its_name_and_as_a_comparison_of_its_own() {
    let grouped = with(DOMINATES, "groups: [g]");
    let of = |g: &str, lines: Vec<String>| -> Vec<String> {
        lines
            .into_iter()
            .map(|line| format!("g={g} {line}"))
            .collect()
    };
    // Equal shares by other curves.
    let lines = [
        of("u", rows(&[9, 8, 10, 9])),
        of("v", rows_by(&[9, 8, 10, 9], 2.0)),
    ]
    .concat();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let row = judge(&one(&grouped).unwrap(), &[&run("t", table(&lines))]).remove(0);
    assert_eq!(
        (row.verdict, row.comparisons),
        (Verdict::Reproduced, Some(2))
    );
    for part in [
        "u: median share of places",
        "v: median share of places",
        ", 10 of h",
    ] {
        assert!(row.note.contains(part), "{}", row.note);
    }
    // One side is missing in a group, now the one and now the other.
    for missing in ["g=v m=a", "g=v m=b"] {
        let there: Vec<&str> = lines
            .iter()
            .copied()
            .filter(|l| !l.starts_with(missing))
            .collect();
        let (_, note) = verdict_on(&one(&grouped).unwrap(), table(&there));
        assert!(
            note.contains("v: no rows on one of the sides"),
            "{missing}: {note}"
        );
        assert!(
            note.contains("u: median share of places"),
            "{missing}: {note}"
        );
    }
}

#[test]
fn two_metrics_that_win_at_as_many_places_are_two_comparisons() {
    let lines: Vec<String> = rows(&[9, 8, 10, 9])
        .into_iter()
        .map(|line| {
            let (head, x) = line.split_once(" x=").unwrap();
            format!("{head} x={x} y={x}")
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let of_y = DOMINATES.replace("metric: x", "metric: y");
    let claims = file(&[
        claim("x", "", DOMINATES),
        claim("y", "", &of_y),
        claim("again", "", DOMINATES),
    ]);
    let judged = judge(&claims.unwrap(), &[&run("t", table(&lines))]);
    let counted: Vec<Option<u64>> = judged.iter().map(|row| row.comparisons).collect();
    assert_eq!(counted, [Some(1), Some(1), None]);
}
