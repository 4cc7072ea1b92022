use super::*;
use rows::{Column, Kind};

#[test]
fn every_column_that_a_claim_names_is_known_to_whoever_writes_the_rows() {
    let interval = "interval: {low: l, high: h, repeats: n}";
    for (judge, wanted) in [
        ("value: {column: x, is: {above: 1}, INTERVAL}", "h l n w x"),
        (
            "speedup: {column: x, INTERVAL, stated: 3, relative_tolerance: 0.2, depth: d, depth_late: e}",
            "d e h l n w x",
        ),
        ("holds: {column: x, show: [m, b], groups: [g]}", "b g m w x"),
        (
            "ordering: {first: {m: a}, second: {m: b}, metric: x, better: lower, pair_by: [s]}",
            "m s w x",
        ),
        (
            "best-of: {column: c, metric: x, better: lower, stated: [1], pair_by: [s]}",
            "c s w x",
        ),
        (
            "differ: {first: {m: a}, second: {o: {same_as: p}}, metric: x, margin: 1, pair_by: [s]}",
            "m o p s w x",
        ),
        (
            "dominates: {first: {m: a}, second: {m: b}, along: c, share: 0.5, metric: x, pair_by: [s]}",
            "c m s w x",
        ),
        (
            "trend: {column: c, metric: x, direction: increasing, pair_by: [s]}",
            "c s w x",
        ),
        ("slope: {column: x, between: [0, 1], INTERVAL}", "h l n w x"),
        (
            "contradiction: {between: [a, b], evidence: [{side: a, rows: {target: t, where: {y: 1}}, judge: {holds: {column: x}}}]}",
            "x y",
        ),
        ("not-testable: {needs: more}", ""),
    ] {
        let judge = judge.replace("INTERVAL", interval);
        let claims = scoped("where: {w: 1}", &judge).unwrap();
        let named = |target: &str, columns: &[Column]| {
            let unknown = claims.unknown_columns(target, "rows", columns);
            let names = unknown.iter().map(|u| u.strip_prefix("c: ").unwrap());
            names.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(named("t", &[]), wanted, "{judge}");
        assert_eq!(named("other", &[]), "", "{judge}");
        let x = Column {
            name: "x",
            unit: "",
            what: "",
            kind: Kind::Real,
        };
        assert!(!named("t", &[x]).contains('x'), "{judge}");
    }
}

#[test]
fn claims_on_one_target_are_those_of_that_target_alone() {
    let other = claim("d", "", ABOVE_ONE).replace("target: t", "target: u");
    let claims = file(&[claim("c", "", ABOVE_ONE), other]).unwrap();
    let rows = run(
        "t",
        frame(
            "rows",
            vec![Made::from([("x".into(), Value::Real(Some(2.0)))])],
        ),
    );
    let judged = claims.on(rows);
    assert_eq!(judged.len(), 1);
    assert_eq!(
        (judged[0].claim.as_str(), judged[0].verdict),
        ("c", Verdict::Reproduced)
    );
}

#[test]
fn kinds_are_counted_by_their_words_one_and_several() {
    for (kind, one, several) in [
        (
            "statement",
            "statement of the papers",
            "statements of the papers",
        ),
        ("control", "control", "controls"),
        ("finding", "finding beside them", "findings beside them"),
        ("erratum", "erratum", "errata"),
    ] {
        let of = |id: &str| {
            let claim = claim(id, "", ABOVE_ONE);
            claim.replace("paper: P", &format!("paper: P, kind: {kind}"))
        };
        let said = |claims: &[String]| {
            headline(&judge(
                &file(claims).unwrap(),
                &[&run("t", table(&["x=2"]))],
            ))
        };
        let (alone, both) = (said(&[of("c")]), said(&[of("c"), of("d")]));
        assert!(alone.contains(one) && !alone.contains(several), "{alone}");
        assert!(both.contains(several), "{both}");
    }
}

#[test]
fn a_row_says_of_which_paper_kind_and_sentence_its_claim_is() {
    let words = |keys: &str| {
        let claim = claim("c", "", ABOVE_ONE).replace("paper: P", keys);
        let row = judge(&file(&[claim]).unwrap(), &[]).remove(0);
        let sentence = row.sentence.clone();
        (row.paper.word(), row.kind.word(), sentence)
    };
    assert_eq!(words("paper: P"), ("P", "statement", "c".into()));
    let control = words("paper: G, kind: control, sentence: s");
    assert_eq!(control, ("G", "control", "s".into()));
    assert_eq!(words("paper: PASO").0, "PASO");
    assert_eq!(words("paper: P, kind: finding").1, "finding");
    assert_eq!(words("paper: P, kind: erratum").1, "erratum");
    assert!(
        Paper::P
            .title()
            .starts_with("Frictionless Hamiltonian Descent")
    );
    assert!(
        Paper::G
            .title()
            .starts_with("Exposition on the connections")
    );
}

#[test]
fn sides_without_a_common_partner_are_no_comparison() {
    let keys = "ordering: {first: {m: a}, second: {m: b}, metric: x, better: lower, pair_by: [s]}";
    let row = |m: &str, s: &str| {
        let text = |t: &str| Value::Text(Some(t.to_owned()));
        Made::from([
            ("m".into(), text(m)),
            ("s".into(), text(s)),
            ("x".into(), Value::Real(Some(1.0))),
        ])
    };
    let frame = frame("rows", vec![row("a", "1"), row("b", "2")]);
    let (verdict, note) = verdict_on(&one(keys).unwrap(), frame);
    assert_eq!(verdict, Verdict::NotTestable);
    assert!(
        note.contains("no partner for s 1, s 2") || note.contains("no partner for"),
        "{note}"
    );
    assert!(!note.contains("pairs"), "{note}");
}

#[test]
fn what_rows_are_taken_apart_by_is_known_and_words_are_there() {
    let sides = "first: {m: a}, second: {m: b}";
    for rule in [
        "value: {column: x, is: {above: 1}, GROUPS}".to_owned(),
        "holds: {column: x, GROUPS}".into(),
        "speedup: {column: x, interval: {low: l, high: h, repeats: n}, stated: 3, relative_tolerance: 0.2, \
         depth: d, depth_late: e, GROUPS}"
            .into(),
        format!("ordering: {{{sides}, metric: x, better: lower, pair_by: [s], GROUPS}}"),
        format!("differ: {{{sides}, metric: x, margin: 1, pair_by: [s], GROUPS}}"),
        format!("dominates: {{{sides}, along: c, share: 0.5, metric: x, pair_by: [s], GROUPS}}"),
        "best-of: {column: c, metric: x, better: lower, stated: [1], pair_by: [s], GROUPS}".into(),
        "trend: {column: c, metric: x, direction: increasing, pair_by: [s], GROUPS}".into(),
    ] {
        let grouped = |by: &str| rule.replace("GROUPS", &format!("groups: [{by}]"));
        for by in ["gg", "{column: gg, words: [a]}"] {
            let claims = one(&grouped(by)).unwrap();
            let unknown = claims.unknown_columns("t", "rows", &[]);
            assert!(unknown.contains(&"c: gg".to_owned()), "{rule}: {unknown:?}");
        }
        let error = format!("{:#}", one(&grouped("{column: gg, words: []}")).unwrap_err());
        assert!(error.contains("the words of `gg` are empty"), "{rule}: {error}");
    }
    for by in ["first_by", "second_by"] {
        let rule = format!(
            "ordering: {{{sides}, metric: x, better: lower, pair_by: [s], {by}: [{{column: gg, words: []}}]}}"
        );
        assert!(one(&rule).is_err(), "{by}");
    }
}
