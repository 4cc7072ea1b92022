//! Runs that are divided: their shares, put together, are the run that one machine makes.

mod common;

use common::{House, column, run, stderr, succeed};
use lab::manifest::Manifest;
use std::path::PathBuf;

const GATE: [&str; 4] = ["reproduce", "lemmas", "--profile", "gate"];

/// Runs a share of the lemmas; answers where its report lies.
fn share(house: &House, shard: &str, more: &[&str]) -> PathBuf {
    succeed(house.command(&[&GATE[..], &["--shard", shard], more].concat()));
    let (number, count) = shard.split_once('/').unwrap();
    let folder = format!("reports/shard-{number}-of-{count}/lemmas");
    house.folder.path().join(folder)
}

fn merge(house: &House, folders: &[&PathBuf], more: &[&str]) -> std::process::Output {
    let folders = folders.iter().map(|folder| folder.to_str().unwrap());
    let arguments: Vec<&str> = std::iter::once("merge").chain(folders).collect();
    run(house.command(&[&arguments, more].concat()))
}

#[test]
fn shares_put_together_are_byte_for_byte_what_one_run_writes() {
    let house = House::new();
    succeed(house.command(&[&GATE[..], &["--out", "out"]].concat()));
    let shares = ["1/3", "2/3", "3/3"].map(|shard| share(&house, shard, &[]));
    // In any order.
    let [a, b, c] = &shares;
    let merged = merge(&house, &[c, a, b], &["--out", "merged"]);
    assert!(merged.status.success(), "{}", stderr(&merged));
    let of = |folder: &str, name: &str| {
        let text = std::fs::read_to_string(house.folder.path().join(folder).join(name)).unwrap();
        // Each says its own command.
        let lines = text.lines().filter(|line| !line.contains("Command: "));
        lines.collect::<Vec<_>>().join("\n")
    };
    for name in [
        "rows.csv",
        "summary.csv",
        "traces.csv",
        "lemmas.md",
        "energy-order.svg",
    ] {
        if house.out().join(name).is_file() {
            assert_eq!(of("merged", name), of("out", name), "{name}");
        }
    }
    let read = |folder: &str| Manifest::read(&house.folder.path().join(folder)).unwrap();
    let (merged, whole) = (read("merged"), read("out"));
    assert_eq!(merged.cells, whole.cells);
    assert_eq!(merged.plan_sha256, whole.plan_sha256);
    assert!(merged.ended_at.is_some() && merged.shard.is_none());
    assert!(!merged.command.iter().any(|word| word.contains("shard")));
    succeed(house.command(&["verify", "merged", "--sample", "2"]));
}

#[test]
fn a_share_without_anything_to_measure_says_so_and_is_put_together_like_the_others() {
    let house = House::new();
    let spring = |shard: &str| {
        let output = run(house.command(&[
            "reproduce",
            "spring",
            "--profile",
            "smoke",
            "--shard",
            shard,
        ]));
        assert!(output.status.success(), "{}", stderr(&output));
        stderr(&output)
    };
    assert!(!spring("1/2").contains("nothing to measure"));
    let empty = spring("2/2");
    assert!(
        empty.contains("share 2/2 of spring has nothing to measure: the run has one unit"),
        "{empty}"
    );
    let folders = [1, 2].map(|k| {
        house
            .folder
            .path()
            .join(format!("reports/shard-{k}-of-2/spring"))
    });
    let merged = merge(&house, &[&folders[0], &folders[1]], &["--out", "merged"]);
    assert!(merged.status.success(), "{}", stderr(&merged));
    assert!(
        house
            .folder
            .path()
            .join("merged/figure1-energy.svg")
            .is_file()
    );
}

#[test]
fn shares_have_each_cell_once_and_pass_no_verdict() {
    let house = House::new();
    let mut cells: Vec<String> = Vec::new();
    let mut whole = Vec::new();
    for shard in ["1/2", "2/2"] {
        let folder = share(&house, shard, &[]);
        let manifest = Manifest::read(&folder).unwrap();
        let why = manifest.untestable().unwrap().unwrap();
        assert!(
            why.contains(&format!("the share {shard} of the run")),
            "{why}"
        );
        whole.clone_from(&manifest.whole);
        cells.extend(manifest.cells);
    }
    assert_eq!(cells.len(), whole.len());
    cells.sort();
    whole.sort();
    assert_eq!(cells, whole);
}

#[test]
fn cells_of_a_window_stay_beside_the_flow_that_they_are_timed_against() {
    let house = House::new();
    for shard in ["1/3", "2/3", "3/3"] {
        let command = house.reproduce(&["--shard", shard, "--set", "long_flows={}"]);
        succeed(command);
        let out = house.folder.path().join(format!("share-{}", &shard[..1]));
        std::fs::rename(house.out(), out).unwrap();
    }
    let folders: Vec<PathBuf> = (1..4)
        .map(|k| house.folder.path().join(format!("share-{k}")))
        .collect();
    let merged = merge(
        &house,
        &folders.iter().collect::<Vec<_>>(),
        &["--out", "merged"],
    );
    assert!(merged.status.success(), "{}", stderr(&merged));
    let rows = std::fs::read_to_string(house.folder.path().join("merged/rows.csv")).unwrap();
    assert_eq!(rows.lines().count(), 9);
    for name in ["wall_s", "baseline_wall_s"] {
        let timed = column(&rows, name);
        assert!(
            timed.iter().all(|wall| !wall.is_empty()),
            "{name}: {timed:?}"
        );
    }
}

#[test]
fn what_a_share_lacks_is_measured_by_going_on_with_the_merged_run() {
    let house = House::new();
    let one = share(&house, "1/2", &[]);
    let merged = merge(&house, &[&one], &["--out", "merged"]);
    let said = stderr(&merged);
    assert!(said.contains("cells have not been measured yet"), "{said}");
    let folder = house.folder.path().join("merged");
    assert_eq!(Manifest::read(&folder).unwrap().ended_at, None);
    let went_on = run(house.command(&[&GATE[..], &["--out", "merged"]].concat()));
    let said = stderr(&went_on);
    assert!(went_on.status.success(), "{said}");
    assert!(said.contains("cells are in merged already"), "{said}");
    succeed(house.command(&["verify", "merged", "--sample", "0"]));
}

#[test]
fn runs_that_differ_in_program_or_plan_are_merged_only_if_told() {
    let house = House::new();
    let one = share(&house, "1/2", &[]);
    let two = share(&house, "2/2", &["--set", "seed=7"]);
    let refused = merge(&house, &[&one, &two], &["--out", "merged"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = stderr(&refused);
    assert!(said.contains("another plan, seed or devices"), "{said}");
    assert!(said.contains("--allow plan"), "{said}");
    assert!(!house.folder.path().join("merged").exists());
    let mut other = Manifest::read(&two).unwrap();
    other.plan = Manifest::read(&one).unwrap().plan;
    other.plan_sha256 = Manifest::read(&one).unwrap().plan_sha256;
    other.seed = Manifest::read(&one).unwrap().seed;
    other.environment.sources = "another".into();
    other.write(&two).unwrap();
    let refused = merge(&house, &[&one, &two], &["--out", "again"]);
    let said = stderr(&refused);
    assert!(
        said.contains("another program") && said.contains("--allow code"),
        "{said}"
    );
}

#[test]
fn runs_of_two_plans_have_the_cells_of_both_once_they_are_merged() {
    let house = House::new();
    let [one, two] = [20, 10].map(|steps| {
        let steps = format!("flow.steps={steps}");
        let settings = [
            "--set",
            "long_flows={}",
            "--set",
            "repeats=0",
            "--set",
            &steps,
        ];
        succeed(house.reproduce(&settings));
        let out = house.folder.path().join(&steps);
        std::fs::rename(house.out(), &out).unwrap();
        out
    });
    let merged = merge(
        &house,
        &[&one, &two],
        &["--out", "merged", "--allow", "plan"],
    );
    assert!(merged.status.success(), "{}", stderr(&merged));
    let manifest = Manifest::read(&house.folder.path().join("merged")).unwrap();
    assert_eq!(manifest.cells.len(), 16);
}

#[test]
fn a_folder_with_a_run_is_not_merged_into_and_one_that_was_changed_not_merged() {
    let house = House::new();
    let one = share(&house, "1/2", &[]);
    let two = share(&house, "2/2", &[]);
    let into = merge(&house, &[&one, &two], &["--out", two.to_str().unwrap()]);
    assert!(
        stderr(&into).contains("has a run already"),
        "{}",
        stderr(&into)
    );
    let path = two.join("manifest.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"seed\"", "\"seed\" ")).unwrap();
    let changed = merge(&house, &[&one, &two], &["--out", "merged"]);
    let said = stderr(&changed);
    assert!(said.contains("is not as the run wrote it"), "{said}");
}

/// A manifest that is whole by its checksum, as anybody can make one, names no folder but that of its plan's target.
#[test]
fn a_run_cannot_be_merged_into_a_folder_that_its_manifest_names() {
    let house = House::new();
    let one = share(&house, "1/2", &[]);
    let two = share(&house, "2/2", &[]);
    for target in ["../../elsewhere", "fig9", "", "lemmas\0", "a\nb"] {
        for folder in [&one, &two] {
            let manifest = Manifest::read(folder).unwrap();
            let target = target.to_owned();
            Manifest { target, ..manifest }.write(folder).unwrap();
        }
        let merged = merge(&house, &[&one, &two], &[]);
        let said = stderr(&merged);
        assert!(!merged.status.success(), "{target}");
        assert!(said.contains("is not that of its plan"), "{said}");
    }
    assert!(!house.folder.path().join("reports/lemmas").exists());
}

#[test]
fn runs_of_two_targets_are_not_merged_into_one_folder_and_nothing_is_written() {
    let house = House::new();
    succeed(house.command(&GATE));
    succeed(house.command(&["reproduce", "spring", "--profile", "smoke"]));
    let [spring, lemmas] =
        ["spring", "lemmas"].map(|of| house.folder.path().join("reports").join(of));
    let merged = merge(&house, &[&spring, &lemmas], &["--out", "merged"]);
    let said = stderr(&merged);
    assert!(
        said.contains("several targets, spring and lemmas"),
        "{said}"
    );
    assert!(!house.folder.path().join("merged").exists());
}

#[test]
fn a_run_of_two_kinds_of_machine_says_so_and_each_cell_keeps_its_own_key() {
    let house = House::new();
    let one = share(&house, "1/2", &[]);
    let mut other = house.command(&[&GATE[..], &["--shard", "2/2"]].concat());
    other.env("RAYON_NUM_THREADS", "3");
    succeed(other);
    let two = house.folder.path().join("reports/shard-2-of-2/lemmas");
    let merged = merge(&house, &[&one, &two], &["--out", "merged"]);
    assert!(merged.status.success(), "{}", stderr(&merged));
    let folder = house.folder.path().join("merged");
    let manifest = Manifest::read(&folder).unwrap();
    assert_eq!(manifest.elsewhere.len(), 1);
    assert_eq!(manifest.elsewhere[0].threads, 3);
    let page = std::fs::read_to_string(folder.join("lemmas.md")).unwrap();
    assert!(page.contains("Some cells were measured on"), "{page}");
    succeed(house.command(&["verify", "merged", "--sample", "0"]));
}
