//! Many comparisons of one target on made-up rows.

use super::*;

#[test]
fn a_comparison_that_only_many_make_likely_is_left_open() {
    // Nine comparisons without a difference and one that has p = 0.02 by itself.
    let ordering =
        "ordering: {first: {m: a}, second: {m: b}, metric: x, better: lower, pair_by: [s]}";
    let of = |k: usize| claim(&format!("c{k}"), &format!("where: {{k: {k}}}"), ordering);
    let claims: Vec<String> = (0..10).map(of).collect();
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
    let rows = [&run("t", table(&lines))];
    let alone = judge(&file(&claims[..1]).unwrap(), &rows).remove(0);
    assert_eq!(alone.verdict, Verdict::Reproduced, "{}", alone.note);
    let among = judge(&file(&claims).unwrap(), &rows).remove(0);
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
    let of = |id: &str, first: &str, second: &str| {
        let sides = format!("first: {{m: {first}}}, second: {{m: {second}}}");
        let rule = format!("ordering: {{{sides}, metric: x, better: lower, pair_by: [s]}}");
        claim(id, "", &rule)
    };
    let claims = [
        of("one", "a", "b"),
        of("again", "a", "b"),
        of("mirrored", "b", "a"),
    ];
    let claims = file(&claims).unwrap();
    let lines: Vec<String> = [1.0, 1.2, 0.9, 1.1]
        .iter()
        .enumerate()
        .flat_map(|(s, d)| [format!("m=a s={s} x={}", 3.0 - d), format!("m=b s={s} x=3")])
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let rows = judge(&claims, &[&run("t", table(&lines))]);
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
