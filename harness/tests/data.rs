//! Where data comes from: real, surrogate, nowhere.

mod common;

use common::{House, run, stderr, succeed};

const A8A: [&str; 8] = [
    "reproduce",
    "table2",
    "--datasets",
    "a8a",
    "--profile",
    "smoke",
    "--out",
    "out",
];

/// As few numbers as make a run, of full-sized data.
const LEAST: [&str; 6] = [
    "--set",
    "windows=[{evaluator: batched, window: 1}, {evaluator: batched, window: 4}]",
    "--set",
    "flow.steps=2",
    "--set",
    "flows.other=1",
];

#[test]
fn without_data_and_network_auto_runs_on_surrogates_and_labels_everything() {
    let house = House::new();
    let output = run(house.command(&[&A8A[..], &LEAST, &["--offline"]].concat()));
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("SURROGATE DATA for a8a"),
        "{}",
        stderr(&output)
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("SURROGATE DATA"));
    assert!(house.read("table2.md").contains("SURROGATE DATA"));
    for figure in ["fig5-time.svg", "fig6-rounds.svg"] {
        assert!(house.read(figure).contains("SURROGATE DATA"), "{figure}");
    }
    for name in ["rows.csv", "curves.csv"] {
        let text = house.read(name);
        assert!(
            text.lines()
                .skip(1)
                .all(|line| line.contains(",surrogate,")),
            "{name}"
        );
    }
    assert!(
        !house.read("rows.csv").contains("reproduced"),
        "no verdict on generated data"
    );
}

#[test]
fn real_data_that_cannot_be_had_is_exit_code_3_and_says_what_to_do() {
    let house = House::new();
    let output = run(house.command(&[&A8A[..], &["--offline", "--data", "real"]].concat()));
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    for hint in ["a8a", "--data-dir", "HARNESS_DATA_DIR", "--data surrogate"] {
        assert!(
            stderr(&output).contains(hint),
            "{hint} is missing from: {}",
            stderr(&output)
        );
    }
    assert!(!house.out().join("rows.csv").exists());
}

#[test]
fn a_file_that_is_not_what_it_should_be_is_refused_even_where_surrogates_are_allowed() {
    let house = House::new();
    std::fs::write(house.folder.path().join("a8a"), "-1 1:1\n").unwrap();
    let output = run(house.command(&[&A8A[..], &["--offline", "--data-dir", "."]].concat()));
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let expected = "d08a37b3fadd4bd3c8b3fc30bdc93b54d7c0f371265c90cbfb931a7efe97cd28";
    assert!(stderr(&output).contains(expected), "{}", stderr(&output));
}

#[test]
fn fetch_parses_what_it_finds_so_that_the_next_start_needs_no_file() {
    let Some(folder) = common::real_data() else {
        return;
    };
    let house = House::new();
    let folder = folder.to_str().unwrap();
    let printed = succeed(house.command(&["fetch", "a8a", "--offline", "--data-dir", folder]));
    assert!(printed.contains("a8a.t"), "{printed}");
    let told = succeed(house.command(&["doctor", "--offline"]));
    assert!(told.contains("parsed cache"), "{told}");
    let output = run(house.command(&[&A8A[..], &LEAST, &["--offline", "--data", "real"]].concat()));
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(house.read("rows.csv").contains(",real,"));
}
