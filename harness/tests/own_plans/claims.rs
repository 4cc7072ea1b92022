//! Claims of one's own, right and wrong, and their verdicts.

use crate::common::{House, column, run, stderr, succeed};
use crate::{kept, orchard, write};
use harness::cmd::plan::EXAMPLES;

#[test]
fn everything_that_is_wrong_with_claims_is_named_at_once_by_check_and_by_every_run() {
    let house = orchard();
    write(
        &house,
        "claims.yaml",
        "confidnce: 0.9\n\
         least_pairs: 1\n\
         claims:\n\
         - id: one\n  \
           say: so\n  \
           rows: {target: orchard, where: {method: {hass: HD}, start: {at_leest: 1}}}\n  \
           judge: {ordring: {metric: value}}\n\
         - id: two\n  \
           says: so\n  \
           rows: {target: orchard, were: {method: HD}}\n  \
           judge:\n    \
             ordering:\n      \
               first: {method: HD}\n      \
               second: {method: Nesterov}\n      \
               metric: value\n      \
               better: less\n      \
               margin: -1\n\
         - id: three\n  \
           says: so\n  \
           rows: {target: orchard, where: {method: Heavy Bal}}\n  \
           judge: {holds: {column: valeu}}\n\
         - id: four\n  \
           says: so\n  \
           rows: {target: orchard}\n  \
           judge: {value: {column: value, is: {above: 2, below: 1}}}\n\
         - id: five-{n}\n  \
           each: [{n: a, bound: 1}, {n: b, bound: low}]\n  \
           says: so\n  \
           rows: {target: orchard}\n  \
           judge: {value: {column: value, is: {below: \"{bound}\"}}}\n\
         - id: six\n  \
           says: so\n  \
           rows: {target: orchard}\n  \
           judge: {holds: {column: value}, value: {column: value, is: {above: 1}}}\n",
    );
    for command in [
        &["plan", "check", "claims.yaml"][..],
        &[
            "reproduce",
            "orchard.yaml",
            "--registry",
            "registry.yaml",
            "--claims",
            "claims.yaml",
        ],
    ] {
        let refused = run(house.command(command));
        assert_eq!(refused.status.code(), Some(1));
        let said = stderr(&refused);
        for wanted in [
            "line 1: `confidnce` is no key of claims, which has claims, confidence, least_pairs, profile; did you mean `confidence`?",
            "line 2: least_pairs is 1, but has to be a whole number from 2 to 1000000",
            "line 5: `say` is no key of claims[0], which has",
            "did you mean `says`?",
            "line 4: claims[0].says is missing: a text (What: a quotation, or a faithful paraphrase)",
            "line 6: `hass` is no key of claims[0].rows.where.method, which has has, same_as,",
            "did you mean `has`?",
            "line 6: `at_leest` is no key of claims[0].rows.where.start, which has",
            "did you mean `at_least`?",
            "line 7: `ordring` is no key of claims[0].judge, which has",
            "did you mean `ordering`?",
            "line 10: `were` is no key of claims[1].rows, which has",
            "line 12: claims[1].judge.ordering.pair_by is missing: a list, each item a text (What makes two rows a pair",
            "line 16: claims[1].judge.ordering.better is \"less\", but has to be lower or higher",
            "line 17: claims[1].judge.ordering.margin is -1, but has to be a number from 0 on",
            "line 18: claims[2] (three): no row of orchard has the method `Heavy Bal`",
            "line 18: claims[2] (three): the rows of orchard have no column `valeu`; there is",
            "line 22: claims[3] (four): judge.value: the lower bound is above the upper one",
            "line 30: claims[4].judge.value.is.below is \"low\", but has to be a number",
            "line 34: claims[5].judge has 2 keys, but has to have one: best-of, contradiction,",
        ] {
            assert!(said.contains(wanted), "{wanted}\nis not in\n{said}");
        }
        assert!(said.contains("16 things are wrong with it"), "{said}");
    }
}

#[test]
fn claims_of_ones_own_are_judged_in_place_of_the_papers() {
    let house = House::new();
    let example = |kind: &str| EXAMPLES.iter().find(|(name, _)| *name == kind).unwrap().1;
    write(
        &house,
        "mine.yaml",
        &example("descent").replace("[a8a]", "[tiny]"),
    );
    write(&house, "claims.yaml", example("claims"));
    let of = [
        "reproduce",
        "mine.yaml",
        "--claims",
        "claims.yaml",
        "--registry",
        "tiny.yaml",
        "--offline",
    ];
    succeed(house.command(&of));
    let claims = house.folder.path().join("reports/mine/claims.csv");
    let claims = std::fs::read_to_string(claims).unwrap();
    assert_eq!(column(&claims, "kind"), ["own", "own"]);
    assert_eq!(column(&claims, "paper"), ["own", "own"]);
    for verdict in column(&claims, "verdict") {
        assert!(
            ["reproduced", "partly", "not reproduced"].contains(&verdict.as_str()),
            "{claims}"
        );
    }
    let verified = run(house.command(&["verify", "reports/mine", "--sample", "0"]));
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stdout)
    );
    write(
        &house,
        "bad.yaml",
        "claims: [{id: a, says: b, rows: {target: mine}, judge: {hold: {column: c}}}]",
    );
    let refused = [&of[..3], &["bad.yaml"], &of[4..]].concat();
    let refused = run(house.command(&refused));
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("bad.yaml"),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn the_worked_example_runs_on_its_own_table_and_its_claims_are_judged() {
    let house = orchard();
    for check in [
        &["registry.yaml"][..],
        &["claims.yaml"],
        &["orchard.yaml", "--registry", "registry.yaml"],
    ] {
        succeed(house.command(&[&["plan", "check"], check].concat()));
    }
    let of = [
        "reproduce",
        "orchard.yaml",
        "--registry",
        "registry.yaml",
        "--claims",
        "claims.yaml",
        "--devices",
        "cpu",
    ];
    let ran = run(house.command(&of));
    assert!(ran.status.success(), "{}", stderr(&ran));
    assert!(
        stderr(&ran).contains("fruit: left out, as they hold no numbers: colour"),
        "{}",
        stderr(&ran)
    );
    let read = |name: &str| {
        let path = house.folder.path().join("reports/orchard").join(name);
        std::fs::read_to_string(path).unwrap()
    };
    let rows = read("rows.csv");
    assert!(column(&rows, "dataset").iter().all(|name| name == "fruit"));
    assert!(
        column(&rows, "data_source")
            .iter()
            .all(|source| source == "real")
    );
    assert_eq!(column(&read("claims.csv"), "kind"), ["own", "own"]);
    // What it comes to is computed in f64 on the host, and the same everywhere.
    assert_eq!(
        column(&read("claims.csv"), "verdict"),
        ["reproduced", "reproduced"]
    );
    assert!(
        read("orchard.md").contains("classes (apple, quince)"),
        "{}",
        read("orchard.md")
    );
}

#[test]
fn claims_that_no_row_can_answer_are_refused_before_anything_is_run() {
    let house = orchard();
    let claims = kept("examples/own/claims.yaml");
    for (from, to, wanted) in [
        (
            "{method: Heavy Ball}",
            "{method: Heavy Bal}",
            "line 3: claims[0] (hd-before-heavy-ball): no row of orchard has the method `Heavy Bal`; there is HD, \
             Nesterov, Heavy Ball; did you mean `Heavy Ball`?",
        ),
        (
            "column: test_accuracy",
            "column: test_acuracy",
            "line 8: claims[1] (most-fruit-is-told-apart): the rows of orchard have no column `test_acuracy`; there is",
        ),
        (
            "target: orchard, where: {method",
            "target: orchart, where: {method",
            "did you mean `orchard`?",
        ),
        (
            "target: orchard, where: {method",
            "target: orchard, frame: row, where: {method",
            "orchard has no frame `row`, but rows, curves or marks; did you mean `rows`?",
        ),
        (
            "ordering: {first",
            "order: {first",
            "`order` is no key of claims[0].judge, which has best-of, contradiction, differ, dominates, holds, not-testable,",
        ),
    ] {
        assert!(claims.contains(from), "{from}");
        write(&house, "claims.yaml", &claims.replace(from, to));
        for command in [
            &["plan", "check", "claims.yaml"][..],
            &[
                "reproduce",
                "orchard.yaml",
                "--registry",
                "registry.yaml",
                "--claims",
                "claims.yaml",
            ],
        ] {
            let refused = run(house.command(command));
            assert_eq!(refused.status.code(), Some(1), "{to}");
            let said = stderr(&refused);
            assert!(said.contains(wanted), "{wanted}\nis not in\n{said}");
        }
    }
    assert!(
        !house.folder.path().join("reports").exists(),
        "nothing is left behind"
    );
}
