//! What `harness model` makes of the results that are kept.

mod common;

use common::{House, run, stderr, succeed};
use std::path::PathBuf;

/// A folder of the results that are kept.
fn kept(name: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../reports/reference");
    root.join(name).to_str().unwrap().to_owned()
}

#[test]
fn the_model_that_is_kept_is_what_the_kept_rows_make() {
    let house = House::new();
    let folders = ["ranks/1", "ranks/2", "ranks/4", "all-xeon/table2"].map(kept);
    let mut arguments = vec!["model"];
    arguments.extend(folders.iter().map(String::as_str));
    arguments.extend(["--out", "made"]);
    let said = succeed(house.command(&arguments));
    assert!(said.contains("modelled, not measured"), "{said}");
    for name in ["model.md", "predicted.csv", "compared.csv", "paper.csv"] {
        let made = std::fs::read(house.folder.path().join("made").join(name)).unwrap();
        let there = std::fs::read(PathBuf::from(kept("ranks/model")).join(name)).unwrap();
        assert!(
            made == there,
            "{name} is not what the rows make: run harness model again, see the README there"
        );
    }
}

#[test]
fn what_several_targets_share_is_in_the_model_once() {
    let house = House::new();
    let made = |folders: &[String], out: &str| {
        let folders = folders.iter().map(String::as_str);
        let arguments: Vec<&str> = std::iter::once("model").chain(folders).collect();
        succeed(house.command(&[&arguments[..], &["--out", out]].concat()));
        let rows = house.folder.path().join(out).join("compared.csv");
        let rows = std::fs::read_to_string(rows).unwrap();
        rows.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    // Figures 5 and 6 have taken cells of Table 2.
    let alone = made(&[kept("all-xeon/table2")], "table2");
    let rows = made(&[kept("all-xeon")], "all");
    let once: std::collections::BTreeSet<&String> = rows.iter().collect();
    assert_eq!(once.len(), rows.len());
    assert!(
        rows.len() > alone.len() && alone.len() > 1,
        "{}",
        rows.len()
    );
    // Nor does the same folder twice say anything more.
    let twice = made(&[kept("all-xeon/table2"), kept("all-xeon/table2")], "twice");
    assert_eq!(twice, alone);
}

#[test]
fn a_model_needs_rows_of_workers_and_a_network_that_is_known() {
    let house = House::new();
    let refused = |arguments: &[&str]| {
        let output = run(house.command(arguments));
        assert!(!output.status.success());
        stderr(&output)
    };
    let untimed = refused(&["model", &kept("autotune")]);
    assert!(
        untimed.contains("no window was timed on workers"),
        "{untimed}"
    );
    let other = refused(&["model", &kept("theory")]);
    assert!(other.contains("no run of windows"), "{other}");
    let nothing = refused(&["model", "nowhere"]);
    assert!(nothing.contains("nowhere"), "{nothing}");
    let unknown = refused(&["model", &kept("ranks/2"), "--network", "ethernet"]);
    assert!(unknown.contains("ethernet-10g"), "{unknown}");
    let unmeasured = refused(&["model", &kept("all-xeon/table2"), "--network", "measured"]);
    assert!(
        unmeasured.contains("no exchange was measured"),
        "{unmeasured}"
    );
    let counts = refused(&["model", &kept("ranks/2"), "--devices", "0"]);
    assert!(counts.contains("2..64"), "{counts}");
}
