//! The registry's YAML: the shipped one, and what is refused.

use datasets::registry::LabelSpec;
use datasets::{Error, Registry};

use crate::common::shipped;

/// A valid data set called `mine`, with one line of it replaced.
fn mine(from: &str, to: &str) -> String {
    let yaml = "
datasets:
  mine:
    features: 4
    classes: 2
    labels: {-1: 0, +1: 1}
    files:
      train: {name: mine, addresses: ['https://example.org/mine'], rows: 10}
    splits:
      standard: {train: {file: train, rows: [0, 8]}, test: {file: train, rows: [8, 10]}}
    default_split: standard
";
    assert!(yaml.contains(from), "{from}");
    yaml.replace(from, to)
}

fn refused(from: &str, to: &str) -> Error {
    Registry::from_yaml(&mine(from, to)).expect_err(to)
}

#[test]
fn the_shipped_registry_has_the_papers_data_sets_in_order() {
    let registry = shipped();
    assert_eq!(registry.names(), ["a8a", "a9a", "mnist", "usps"]);
    let shape = |name| {
        let d = registry.get(name).unwrap();
        (d.features.unwrap(), d.classes.unwrap(), d.has_surrogate())
    };
    assert_eq!(shape("a8a"), (123, 2, true));
    assert_eq!(shape("a9a"), (123, 2, true));
    assert_eq!(shape("mnist"), (784, 10, true));
    assert_eq!(shape("usps"), (256, 10, true));
    for name in registry.names() {
        for file in registry.get(name).unwrap().files() {
            assert!(
                file.sha256.is_some() && file.rows.is_some(),
                "{}",
                file.name
            );
            assert!(!file.addresses.is_empty(), "{}", file.name);
        }
    }
    assert_eq!(registry.get("mnist").unwrap().default_split, "paper");
}

#[test]
fn labels_are_numbers_however_they_are_written() {
    let registry = Registry::from_yaml(&mine("{-1: 0, +1: 1}", "{'-1': 0, '+1': 1, '1': 1}"));
    let labels = registry
        .unwrap()
        .get("mine")
        .unwrap()
        .labels
        .map()
        .unwrap()
        .clone();
    assert_eq!((labels.class(-1.0), labels.class(1.0)), (Some(0), Some(1)));
}

#[test]
fn a_data_set_without_labels_has_those_that_are_found() {
    let registry = Registry::from_yaml(&mine("    labels: {-1: 0, +1: 1}\n", "")).unwrap();
    assert_eq!(registry.get("mine").unwrap().labels, LabelSpec::Found);
}

#[test]
fn an_unknown_name_is_refused_with_the_known_ones() {
    let message = shipped().get("mnits").unwrap_err().to_string();
    assert_eq!(
        message,
        "no data set is called \"mnits\"; known: a8a, a9a, mnist, usps; one of your own is named by a registry \
         file"
    );
}

#[test]
fn an_unknown_split_is_refused_with_the_known_ones() {
    let registry = shipped();
    let refused = registry.get("mnist").unwrap().split(Some("papr"));
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("paper, standard"), "{message}");
}

#[test]
fn unknown_keys_are_refused_at_every_level() {
    let cases = [
        ("datasets:", "colour: 1\ndatasets:"),
        ("datasets:", "limits: {speed: 1}\ndatasets:"),
        ("features: 4", "features: 4\n    colour: red"),
        ("files:", "files:\n      validation: {name: x}"),
        ("rows: 10}", "rows: 10, crc32: abc}"),
        (
            "rows: [8, 10]}}",
            "rows: [8, 10]}, validation: {file: train}}",
        ),
        ("rows: [8, 10]", "lines: [8, 10]"),
        (
            "default_split",
            "surrogate: {kind: digit_images, colour: 1}\n    default_split",
        ),
    ];
    for (from, to) in cases {
        let error = refused(from, to);
        assert!(matches!(error, Error::RegistryForm(_)), "{to}: {error}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused_where_it_stands() {
    let cases = [
        ("mine:", "../mine:", "datasets.../mine"),
        ("mine:", ".mine:", "datasets..mine"),
        ("features: 4", "features: 0", "datasets.mine.features"),
        (
            "features: 4",
            "features: 4294967296",
            "datasets.mine.features",
        ),
        ("classes: 2", "classes: 1", "datasets.mine.classes"),
        ("classes: 2", "classes: 3", "datasets.mine.labels"),
        ("{-1: 0, +1: 1}", "{-1: 0, +1: 2}", "datasets.mine.labels"),
        ("{-1: 0, +1: 1}", "{-1: 0, yes: 1}", "datasets.mine.labels"),
        ("{-1: 0, +1: 1}", "{.nan: 0, +1: 1}", "datasets.mine.labels"),
        (
            "{-1: 0, +1: 1}",
            "{'1': 0, '1.0': 1}",
            "datasets.mine.labels",
        ),
        (
            "name: mine",
            "name: ../mine",
            "datasets.mine.files.train.name",
        ),
        ("name: mine, ", "", "datasets.mine.files.train"),
        (
            "rows: 10}",
            "rows: 10, md5: c32a1d4ab5d03f1284b67883e8d87530}",
            "datasets.mine.files",
        ),
        (
            "rows: 10}",
            "rows: 10}\n      test: {name: mine}",
            "datasets.mine.files.test.name",
        ),
        (
            "https://example.org/mine",
            "http://example.org/mine",
            "datasets.mine.files.train.addresses",
        ),
        (
            "https://example.org/mine",
            "ftp://example.org/mine",
            "datasets.mine.files.train.addresses",
        ),
        (
            "https://example.org/mine",
            "file:///etc/passwd",
            "datasets.mine.files.train.addresses",
        ),
        (
            "https://example.org/mine",
            "https://",
            "datasets.mine.files.train.addresses",
        ),
        (
            "rows: 10}",
            "rows: 10, sha256: abc}",
            "datasets.mine.files.train.sha256",
        ),
        ("rows: 10}", "rows: 0}", "datasets.mine.files.train.rows"),
        (
            "rows: [8, 10]",
            "rows: [8, 11]",
            "datasets.mine.splits.standard.test.rows",
        ),
        (
            "rows: [8, 10]",
            "rows: [8, 8]",
            "datasets.mine.splits.standard.test.rows",
        ),
        (
            "rows: [8, 10]",
            "rows: [7, 10]",
            "datasets.mine.splits.standard.test.rows",
        ),
        (
            "test: {file: train",
            "test: {file: test",
            "datasets.mine.splits.standard.test.file",
        ),
        (
            "default_split: standard",
            "default_split: other",
            "datasets.mine.default_split",
        ),
        (
            "datasets:",
            "limits: {attempts: 0}\ndatasets:",
            "limits.attempts",
        ),
        (
            "datasets:",
            "limits: {stall_timeout_s: -1}\ndatasets:",
            "limits.stall_timeout_s",
        ),
        (
            "datasets:",
            "limits: {backoff_s: -1}\ndatasets:",
            "limits.backoff_s",
        ),
    ];
    for (from, to, place) in cases {
        match refused(from, to) {
            Error::RegistryContent { at, problem } => assert_eq!(at, place, "{to}: {problem}"),
            other => panic!("{to}: {other}"),
        }
    }
    // What is not finite is refused of every number, before anything is made of it.
    let infinite = refused("datasets:", "limits: {backoff_s: .inf}\ndatasets:").to_string();
    assert!(infinite.contains("limits.backoff_s is .inf"), "{infinite}");
}

#[test]
fn a_name_or_label_given_twice_is_refused() {
    let twice = mine("mine:\n", "mine: &m\n") + "  mine: *m\n";
    let error = Registry::from_yaml(&twice).unwrap_err().to_string();
    assert!(
        error.contains("duplicate") && error.contains("mine"),
        "{error}"
    );
    let error = refused("{-1: 0, +1: 1}", "{-1: 0, -1: 1}").to_string();
    assert!(
        error.contains("duplicate") && error.contains("-1"),
        "{error}"
    );
    // One label, written in two ways.
    let error = refused("{-1: 0, +1: 1}", "{-1: 0, '-1': 1}").to_string();
    assert!(error.contains("given twice"), "{error}");
}

#[test]
fn merge_keys_are_applied_in_a_registry_and_in_one_that_extends_it() {
    let yaml = mine("mine:\n", "mine: &mine\n") + "  again: {<<: *mine, title: the same again}\n";
    let mut registry = shipped();
    registry.extend_from_yaml(&yaml).unwrap();
    let (mine, again) = (
        registry.get("mine").unwrap(),
        registry.get("again").unwrap(),
    );
    assert_eq!(
        (again.features, &again.labels),
        (mine.features, &mine.labels)
    );
    assert_eq!(again.title, "the same again");
    let alone = Registry::from_yaml(&yaml).unwrap();
    assert_eq!(alone.names(), ["mine", "again"]);
}

#[test]
fn a_number_of_rows_that_nothing_can_hold_is_refused() {
    for rows in ["0", "1000000000000000000"] {
        let error = refused("rows: 10}", &format!("rows: {rows}}}")).to_string();
        assert!(
            error.contains("files.train.rows") && error.contains(rows),
            "{error}"
        );
    }
    let error = refused("features: 4", "features: .inf").to_string();
    assert!(error.contains("datasets.mine.features"), "{error}");
}

#[test]
fn a_surrogates_numbers_are_checked_against_the_data_set() {
    let cases = [
        ("groups: [{frequencies: [1, 1]}]", "2 categories"),
        (
            "groups: [{frequencies: [1, 1, 1, -1]}]",
            "groups[0].frequencies",
        ),
        (
            "groups: [{frequencies: [0, 0, 0, 0]}]",
            "groups[0].frequencies",
        ),
        (
            "groups: [{missing: 1, frequencies: [1, 1, 1, 1]}]",
            "groups[0].missing",
        ),
    ];
    for (groups, expected) in cases {
        let surrogate = format!(
            "surrogate: {{kind: one_hot_groups, positive_share: 0.5, signal: 1, {groups}}}\n    \
             default_split"
        );
        let message = refused("default_split", &surrogate).to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn numbers_of_a_surrogate_of_one_hot_groups_are_bounded() {
    let good = "kind: one_hot_groups, positive_share: 0.5, signal: 1, groups: [{frequencies: [1, 1, 1, 1]}]";
    let with = |from: &str, to: &str| {
        let surrogate = good.replace(from, to);
        mine(
            "default_split",
            &format!("surrogate: {{{surrogate}}}\n    default_split"),
        )
    };
    assert!(Registry::from_yaml(&with("", "")).is_ok());
    for (from, to, told) in [
        ("positive_share: 0.5", "positive_share: 1", "positive_share"),
        ("positive_share: 0.5", "positive_share: 0", "positive_share"),
        ("signal: 1,", "signal: 101,", "signal is not from 0 to 100"),
        ("signal: 1,", "signal: -1,", "signal is not from 0 to 100"),
    ] {
        let said = Registry::from_yaml(&with(from, to))
            .unwrap_err()
            .to_string();
        assert!(said.contains(told), "{to}: {said}");
    }
    let three = with("", "")
        .replace("classes: 2", "classes: 3")
        .replace("labels: {-1: 0, +1: 1}", "labels: {0: 0, 1: 1, 2: 2}");
    let said = Registry::from_yaml(&three).unwrap_err().to_string();
    assert!(said.contains("makes 2 classes, not 3"), "{said}");
}

#[test]
fn numbers_of_a_surrogate_of_digits_are_bounded() {
    let shipped = include_str!("../../../configs/datasets.yaml");
    let at = shipped.find("kind: digit_images").unwrap();
    for (from, to, told) in [
        ("side: 28", "side: 27", "does not make 784 pixels"),
        ("margin: ", "margin: 9", "the margin leaves no pixel"),
        ("styles: ", "styles: 99999", "is not from 1 to 65535"),
        ("length: ", "length: 99999", "is not from 0.1 to 10000"),
        ("softness: ", "softness: -", "is not from 0.01 to 10000"),
    ] {
        let found = at + shipped[at..].find(from).unwrap_or_else(|| panic!("{from}"));
        let changed = [&shipped[..found], to, &shipped[found + from.len()..]].concat();
        let said = Registry::from_yaml(&changed).unwrap_err().to_string();
        assert!(said.contains(told), "{to}: {said}");
    }
}

#[test]
fn a_surrogate_of_files_of_unknown_length_is_refused() {
    let yaml = mine(", rows: 10}", "}").replace(
        "default_split",
        "surrogate: {kind: one_hot_groups, positive_share: 0.5, signal: 1, groups: [{frequencies: \
         [1, 1, 1, 1]}]}\n    default_split",
    );
    let message = Registry::from_yaml(&yaml).unwrap_err().to_string();
    assert!(message.contains("declare `rows`"), "{message}");
}

#[test]
fn a_registry_is_extended_whole_or_not_at_all() {
    let mut registry = shipped();
    let second_is_wrong = mine("classes: 2", "classes: 2") + "  other: {features: 0}\n";
    assert!(registry.extend_from_yaml(&second_is_wrong).is_err());
    assert_eq!(registry.names().len(), 4);
    registry
        .extend_from_yaml(&mine("features: 4", "features: 5"))
        .unwrap();
    assert_eq!(registry.names()[4], "mine");
    let taken = registry.extend_from_yaml(&mine("features: 4", "features: 6"));
    assert!(taken.unwrap_err().to_string().contains("datasets.mine"));
    assert_eq!(registry.get("mine").unwrap().features, Some(5));
}

#[test]
fn limits_are_taken_over_and_the_others_stay() {
    let mut registry = shipped();
    let before = registry.limits().clone();
    let yaml = mine(
        "datasets:",
        "limits: {attempts: 9, backoff_s: 0.25}\ndatasets:",
    );
    registry.extend_from_yaml(&yaml).unwrap();
    assert_eq!(registry.limits().attempts, 9);
    assert_eq!(registry.limits().backoff.as_millis(), 250);
    assert_eq!(registry.limits().redirects, before.redirects);
}

#[test]
fn the_shipped_limits_are_the_defaults() {
    assert_eq!(
        shipped().limits(),
        &datasets::registry::RegistryLimits::default()
    );
}

#[test]
fn parts_may_stand_side_by_side_in_either_order() {
    let swapped = mine(
        "{train: {file: train, rows: [0, 8]}, test: {file: train, rows: [8, 10]}}",
        "{train: {file: train, rows: [8, 10]}, test: {file: train, rows: [0, 8]}}",
    );
    Registry::from_yaml(&swapped).unwrap();
}

#[test]
fn a_share_that_leaves_a_part_without_rows_is_refused() {
    let parts = "    splits:
      standard: {train: {file: train, rows: [0, 8]}, test: {file: train, rows: [8, 10]}}
    default_split: standard
";
    let drawn = |share: &str, more: &str| {
        let test = format!("    test: {{share: {share}, seed: 1{more}}}\n");
        mine(parts, &test)
    };
    Registry::from_yaml(&drawn("0.5", "")).unwrap();
    Registry::from_yaml(&drawn("0.5", ", stratified: true")).unwrap();
    for share in ["0.0", "1.0", "-0.5", ".nan"] {
        assert!(Registry::from_yaml(&drawn(share, "")).is_err(), "{share}");
    }
}
