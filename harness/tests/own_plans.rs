//! Plans of one's own: begun with a small one, checked, refused with everything that is wrong, and run.

mod common;

use common::{House, column, copy_configs, run, stderr, succeed};
use harness::cmd::plan::{EXAMPLES, files, keys, written};
use lab::configs::Configs;
use lab::experiments::schemas;
use std::path::Path;

fn kept(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../configs")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

fn write(house: &House, name: &str, text: &str) {
    std::fs::write(house.folder.path().join(name), text).unwrap();
}

#[test]
fn the_schemas_and_the_table_of_keys_that_are_kept_are_those_of_the_types() {
    for (kind, schema) in files() {
        let there = kept(&format!("schema/{kind}.json"));
        assert!(
            there == written(&schema).unwrap(),
            "harness plan schema {kind} > configs/schema/{kind}.json"
        );
    }
    assert!(
        kept("PLANS.md") == keys(),
        "harness plan keys > configs/PLANS.md"
    );
}

#[test]
fn every_plan_of_the_project_is_as_its_kinds_schema_says() {
    let (configs, schemas) = (Configs::compiled_in(), schemas());
    let mut looked_at = 0;
    for summary in configs.summaries().unwrap() {
        for profile in &summary.profiles {
            let layers = configs
                .plan(&summary.target)
                .unwrap()
                .profile(Some(&profile.name));
            let plan = layers.plan().unwrap();
            let of = schemas
                .iter()
                .find(|of| of.kind == plan.experiment)
                .unwrap();
            assert_eq!(
                plan.faults(&of.body),
                [],
                "{} {}",
                summary.target,
                profile.name
            );
            looked_at += 1;
        }
    }
    assert!(looked_at > 40, "{looked_at}");
}

#[test]
fn the_list_of_all_targets_is_looked_at_as_every_plan_is() {
    let house = House::new();
    let all = kept("all.yaml");
    write(&house, "all.yaml", &all);
    succeed(house.command(&["plan", "check", "all.yaml"]));
    let wrong = |from: &str, to: &str| {
        assert!(all.contains(from));
        write(&house, "mine.yaml", &all.replace(from, to));
        let output = run(house.command(&["plan", "check", "mine.yaml"]));
        assert_eq!(output.status.code(), Some(1));
        stderr(&output)
    };
    let key = wrong("\ntargets:", "\ntarget_list:");
    assert!(key.contains("`target_list` is no key"), "{key}");
    let target = wrong("- fig8", "- fig88");
    assert!(target.contains("fig88"), "{target}");
    let profile = wrong("on_cpu: smoke", "on_cpu: smok");
    assert!(
        profile.contains("`smok`") && profile.contains("narrow"),
        "{profile}"
    );
}

#[test]
fn everything_that_is_wrong_with_a_plan_is_named_at_once_with_its_line_and_what_was_meant() {
    let house = House::new();
    write(
        &house,
        "mine.yaml",
        "experiment: descent\n\
         datasets: [tiny]\n\
         problem: {kind: logistc}\n\
         gradients: 0\n\
         precison: f32\n\
         start: {distribution: uniform}\n\
         methods:\n\
         - &hd {name: HD, method: hd-leapfrog, kinetic_energy: half-l2, steps: 10, step_size: [0.1, -0.3]}\n\
         - {<<: *hd, name: again, steps: many}\n\
         - {name: N, method: nesterov, stepsize: 0.1}\n\
         profiles:\n  \
           short:\n    \
             what: less\n    \
             verdicts: false\n    \
             pictures: [{name: x, metric: loss}]\n",
    );
    for command in [
        &["plan", "check", "mine.yaml"][..],
        &["reproduce", "mine.yaml"],
    ] {
        let output = run(house.command(command));
        assert_eq!(output.status.code(), Some(1));
        let said = stderr(&output);
        for wanted in [
            "line 3: problem.kind is \"logistc\", but has to be logistic, binary-logistic, least-squares, ackley, quadratic or matrix-sensing; did you mean `logistic`?",
            "line 4: gradients is 0, but has to be a whole number from 1 to 1000000000",
            "line 5: `precison` is no key of this kind of plan, which has",
            "did you mean `precision`?",
            "line 6: start.scale is missing: inverse-sqrt-features, or a positive number",
            "line 8: methods[0].kinetic_energy is \"half-l2\", but has to be half-l2-squared, l2, l1, linf or relativistic",
            "line 8: methods[0].step_size[1] is -0.3, but has to be a positive number",
            "line 9: methods[1].steps is \"many\", but has to be",
            "line 8: methods[1].step_size[1] is -0.3",
            "line 10: `stepsize` is no key of methods[2], which has",
            "line 10: methods[2].step_size is missing",
            "line 15: pictures[0].metric is \"loss\", but has to be value, distance or test_accuracy",
        ] {
            assert!(said.contains(wanted), "{wanted}\nin\n{said}");
        }
        assert!(said.contains("12 things are wrong with it"), "{said}");
    }
    assert!(
        !house.folder.path().join("reports").exists(),
        "nothing is left behind"
    );
}

#[test]
fn a_plan_to_begin_with_can_be_run_as_it_is_printed() {
    let house = House::new();
    for (kind, text) in EXAMPLES {
        let printed = succeed(house.command(&["plan", "new", kind]));
        let beside = format!("$schema={kind}.schema.json");
        let relative = format!("$schema=../schema/{kind}.json");
        assert_eq!(printed, text.replace(&relative, &beside));
        assert_eq!(text.contains(&relative), *kind != "contestant");
        if ["claims", "contestant"].contains(kind) {
            continue;
        }
        // On less data, that is at hand.
        write(
            &house,
            &format!("my-{kind}.yaml"),
            &text.replace("[a8a]", "[tiny]"),
        );
        let check = format!("my-{kind}.yaml");
        succeed(house.command(&["plan", "check", &check, "--registry", "tiny.yaml"]));
        let unknown = run(house.command(&["plan", "check", &check]));
        assert!(stderr(&unknown).contains("tiny"), "{}", stderr(&unknown));
    }
    let of = [
        "reproduce",
        "my-descent.yaml",
        "--registry",
        "tiny.yaml",
        "--offline",
        "--out",
        "out",
    ];
    succeed(house.command(&of));
    let rows = house.read("rows.csv");
    assert!(
        column(&rows, "experiment")
            .iter()
            .all(|name| name == "my-descent")
    );
    assert_eq!(column(&rows, "profile")[0], "whole");
    let unknown = run(house.command(&["plan", "new", "discent"]));
    assert!(
        stderr(&unknown).contains(
            "there is claims, contest, contestant, descent, parallel, sensitivity, windows"
        ),
        "{}",
        stderr(&unknown)
    );
}

#[test]
fn the_first_line_of_what_is_begun_names_a_schema_that_is_there_wherever_the_file_is_kept() {
    let house = House::new();
    let new = |kind| run(house.command(&["plan", "new", kind]));
    let first = |output: &std::process::Output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (first, _) = text.split_once('\n').unwrap();
        let (_, schema) = first
            .split_once("# yaml-language-server: $schema=")
            .unwrap();
        std::path::PathBuf::from(schema)
    };
    // Away from any folder of configurations: beside it, and how it comes there is said.
    for kind in ["claims", "descent"] {
        let begun = new(kind);
        let schema = first(&begun);
        assert!(
            stderr(&begun).contains(&format!(
                "`harness plan schema {kind} > {kind}.schema.json`"
            )),
            "{}",
            stderr(&begun)
        );
        write(
            &house,
            schema.to_str().unwrap(),
            &succeed(house.command(&["plan", "schema", kind])),
        );
        let written = std::fs::read_to_string(house.folder.path().join(&schema)).unwrap();
        assert_eq!(written, kept(&format!("schema/{kind}.json")));
    }
    // Where there is one, in it.
    copy_configs(&house.folder.path().join("configs"));
    std::fs::create_dir_all(house.folder.path().join("configs/schema")).unwrap();
    write(
        &house,
        "configs/schema/claims.json",
        &kept("schema/claims.json"),
    );
    let begun = new("claims");
    assert!(first(&begun).is_absolute() && first(&begun).is_file());
    assert!(
        !stderr(&begun).contains("plan schema"),
        "{}",
        stderr(&begun)
    );
}

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
fn the_rows_of_a_data_set_without_a_test_file_are_counted_once() {
    let house = House::new();
    let registry =
        "datasets:\n  one: {features: 3, classes: 2, files: {train: {path: tiny.libsvm}}}\n";
    write(&house, "one.yaml", registry);
    write(
        &house,
        "rows.yaml",
        "experiment: counts\ndatasets: [one]\nprinted: {}\n",
    );
    let of = [
        "reproduce",
        "rows.yaml",
        "--registry",
        "one.yaml",
        "--offline",
        "--out",
        "out",
    ];
    succeed(house.command(&of));
    let rows = house.read("rows.csv");
    let counts = column(&rows, "count")
        .into_iter()
        .zip(column(&rows, "measured"));
    let counts: Vec<String> = counts
        .map(|(count, rows)| format!("{count} {rows}"))
        .collect();
    assert_eq!(
        counts,
        [
            "all-samples 120",
            "training-set 120",
            "test-set 0",
            "features 3"
        ]
    );
}

#[test]
fn what_check_says_of_a_plan_is_what_a_run_does() {
    let house = House::new();
    let plan = "stiffness: 1.0\nstart: 1.0\nmomentum: 0.0\nstep_size: 0.5\ndamping: 0.5\nsteps: 20\nscalings: [printed]\n";
    for (more, wanted) in [
        ("experiment: spring\n", None),
        ("", Some("experiment is missing: the kind of experiment")),
        ("experiment: spring\nprofiles: [a]\n", Some("profiles")),
        (
            "experiment: spring\ndefault_profile: quik\nprofiles: {quick: {}}\n",
            Some("`quik` is no profile"),
        ),
        (
            "experiment: spring\nprofiles: {quick: {}, short: {steps: 18}}\n",
            None,
        ),
        (
            "experiment: spring\nprofiles: {quick: {}, short: {steps: few}}\n",
            Some("line 2: steps is \"few\", but has to be"),
        ),
        (
            "experiment: spring\n<<: {stifness: 2.0}\n",
            Some("did you mean `stiffness`?"),
        ),
    ] {
        write(&house, "mine.yaml", &format!("{more}{plan}"));
        let checked = run(house.command(&["plan", "check", "mine.yaml"]));
        let short = ["reproduce", "mine.yaml", "--out", "out", "--fresh"];
        let of_short = [&short[..], &["--profile", "short"]].concat();
        let ran = run(house.command(if more.contains("short") {
            &of_short
        } else {
            &short
        }));
        assert_eq!(
            checked.status.success(),
            wanted.is_none(),
            "{more}: {}",
            stderr(&checked)
        );
        assert_eq!(
            ran.status.success(),
            wanted.is_none(),
            "{more}: {}",
            stderr(&ran)
        );
        for said in [stderr(&checked), stderr(&ran)] {
            assert!(
                wanted.is_none_or(|wanted| said.contains(wanted)),
                "{more}: {said}"
            );
        }
    }
    // What was set stands in no line, and what a profile replaces as a whole stands there.
    write(&house, "mine.yaml", &format!("experiment: spring\n{plan}"));
    let set = run(house.command(&["plan", "check", "mine.yaml", "--set", "steps=few"]));
    assert!(
        stderr(&set).contains(": steps is \"few\"") && !stderr(&set).contains("line"),
        "{}",
        stderr(&set)
    );
}

#[test]
fn a_setting_reaches_into_lists_by_the_place_of_an_item() {
    let house = House::new();
    let check = |set: &str| {
        run(house.command(&[
            "plan",
            "check",
            "table2",
            "--profile",
            "quick",
            "--set",
            set,
        ]))
    };
    assert!(check("windows.1.window=8").status.success());
    let refused = |set: &str| {
        let output = check(set);
        assert_eq!(output.status.code(), Some(1), "{set}");
        stderr(&output)
    };
    assert!(refused("windows.1.width=8").contains("`width` is no key of windows[1]"));
    assert!(
        refused("windows.8.window=8")
            .contains("`windows` is a list of 8, counted from 0, and has no item `8`")
    );
    assert!(refused("windows.first.window=8").contains("has no item `first`"));
    assert!(refused("repeats.0=8").contains("`repeats` is something that has no keys"));
}

/// The worked example, in a house.
fn orchard() -> House {
    let house = House::new();
    for name in ["fruit.csv", "registry.yaml", "orchard.yaml", "claims.yaml"] {
        write(&house, name, &kept(&format!("examples/own/{name}")));
    }
    house
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

#[test]
fn everything_that_is_wrong_with_a_registry_is_named_at_once_by_check_and_by_every_run() {
    let house = orchard();
    let registry = kept("examples/own/registry.yaml");
    let registry = registry
        .replace("label: kind", "lable: kind")
        .replace("share: 0.25", "share: 25");
    write(&house, "registry.yaml", &registry);
    for command in [
        &["plan", "check", "registry.yaml"][..],
        &["reproduce", "orchard.yaml", "--registry", "registry.yaml"],
        &["list", "--registry", "registry.yaml"],
    ] {
        let refused = run(house.command(command));
        assert_eq!(refused.status.code(), Some(1));
        let said = stderr(&refused);
        for wanted in [
            "registry.yaml: 2 things are wrong with it",
            "line 6: `lable` is no key of datasets.fruit, which has",
            "did you mean `label`?",
            "line 9: datasets.fruit.test.share is 25, but has to be",
        ] {
            assert!(said.contains(wanted), "{wanted}\nis not in\n{said}");
        }
    }
}

#[test]
fn each_loss_runs_on_data_that_it_is_for_and_refuses_other_data() {
    let house = orchard();
    let table = "x,z,y\n".to_owned()
        + &(0..60)
            .map(|i| format!("{},{},{}\n", i % 7, i % 5, 2 * (i % 7) - i % 5 + 1))
            .collect::<String>();
    write(&house, "numbers.csv", &table);
    write(
        &house,
        "numbers.yaml",
        "datasets: {line: {label: y, labels: numbers, files: {train: {path: numbers.csv}}, test: {share: 0.2, seed: 1}}}\n",
    );
    let plan = |kind: &str, dataset: &str, body: &str| {
        let text = format!("{body}datasets: [{dataset}]\nproblem: {{kind: {kind}, bias: true}}\n");
        write(&house, "mine.yaml", &text);
        run(house.command(&[
            "reproduce",
            "mine.yaml",
            "--registry",
            "registry.yaml",
            "--registry",
            "numbers.yaml",
            "--out",
            "out",
            "--fresh",
            "--devices",
            "cpu",
        ]))
    };
    let descent = "experiment: descent\ngradients: 4000\nmethods: [{name: N, method: nesterov, step_size: 0.05}]\n";
    let fitted = plan("least-squares", "line", descent);
    assert!(fitted.status.success(), "{}", stderr(&fitted));
    let value: f64 = column(&house.read("rows.csv"), "value")[0].parse().unwrap();
    // y = 2x − z + 1 in every row.
    assert!(value < 1e-10, "{value}");
    assert_eq!(column(&house.read("rows.csv"), "test_accuracy"), [""]);
    let test_loss: f64 = column(&house.read("rows.csv"), "test_loss")[0]
        .parse()
        .unwrap();
    assert!(test_loss < 1e-10, "{test_loss}");
    let shown = String::from_utf8_lossy(&fitted.stdout).into_owned();
    assert!(
        shown.contains("test loss") && !shown.contains("test acc."),
        "{shown}"
    );
    let windows = "experiment: windows\nprecision: f64\nstart: {distribution: zeros}\n\
                   flow: {kinetic_energy: half-l2-squared, step_size: 0.05, steps: 20}\ntolerance: 1.0e-6\n\
                   flows: {other: 4}\nrepeats: 0\nwarmup_flows: 0\n\
                   windows: [{evaluator: batched, window: 1}, {evaluator: batched, window: 4}]\n\
                   statistics: {resamples: 100, confidence: 0.95}\n";
    for (kind, dataset) in [("least-squares", "line"), ("binary-logistic", "fruit")] {
        let ran = plan(kind, dataset, windows);
        assert!(ran.status.success(), "{kind}: {}", stderr(&ran));
        let rows = house.read("rows.csv");
        let losses: Vec<f64> = column(&rows, "train_loss")
            .iter()
            .map(|loss| loss.parse().unwrap())
            .collect();
        assert!(
            (losses[0] / losses[1] - 1.0).abs() < 1e-3,
            "{kind}: {losses:?}"
        );
    }
    let sensitivity = "experiment: sensitivity\nprecision: f64\nstart: {distribution: zeros}\nstarts: 1\ngradients: 50\n\
                       step_sizes: [0.01, 0.1]\nwithin: 1.5\nmethods: [{name: N, method: nesterov}]\n\
                       statistics: {resamples: 100, confidence: 0.95}\n";
    let ran = plan("least-squares", "line", sensitivity);
    assert!(ran.status.success(), "{}", stderr(&ran));
    for (kind, dataset, wanted) in [
        (
            "logistic",
            "line",
            "the labels of line are numbers, but logistic predicts classes: fit `kind: least-squares`",
        ),
        (
            "least-squares",
            "fruit",
            "fruit has labels of 2 classes, but least-squares predicts numbers",
        ),
    ] {
        for body in [descent, windows] {
            let refused = plan(kind, dataset, body);
            assert_eq!(refused.status.code(), Some(1), "{kind}");
            assert!(
                stderr(&refused).contains(wanted),
                "{wanted}\nis not in\n{}",
                stderr(&refused)
            );
        }
    }
}

#[test]
fn the_projects_own_claims_are_as_their_schema_says() {
    let house = House::new();
    write(&house, "claims.yaml", &kept("claims.yaml"));
    let output = run(house.command(&["plan", "check", "claims.yaml"]));
    assert!(output.status.success(), "{}", stderr(&output));
}
