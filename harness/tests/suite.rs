//! Several targets in one command: one page, claims, cells shared, everything rebuilt from journals.

mod common;

use common::{House, copy_configs, run, stderr, succeed};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The real configurations, but for the list of targets.
fn configs(house: &House, targets: &str) -> PathBuf {
    let folder = house.folder.path().join("configs");
    copy_configs(&folder);
    let text = format!(
        "target: all\nexperiment: suite\ntitle: a\nsource: b\ntargets: {targets}\n\
         default_profile: smoke\nprofiles: {{smoke: {{what: w, verdicts: false}}, \
         quick: {{what: w, verdicts: true}}}}\n"
    );
    std::fs::write(folder.join("all.yaml"), text).unwrap();
    folder
}

const ALL: [&str; 5] = ["reproduce", "all", "--out", "out", "--offline"];

/// All files under a folder, by path.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    all
}

#[test]
fn all_targets_make_one_page_with_verdicts_and_report_restores_every_byte_of_it() {
    let house = House::new();
    configs(&house, "[lemmas, coordinate, spring]");
    let printed = succeed(house.command(&[&ALL[..], &["--profile", "quick"]].concat()));
    assert!(printed.contains(" statements of the papers: "), "{printed}");
    assert!(printed.contains(" reproduced, "), "{printed}");
    let page = house.read("index.html");
    for name in ["target-lemmas", "target-coordinate", "target-spring"] {
        assert!(page.contains(name), "{name} is missing from the page");
    }
    assert!(house.read("claims.md").contains("Lemma 2"));
    let before = files(&house.out());
    let kept = [
        "journal.jsonl",
        "manifest.json",
        "claims.yaml",
        "targets.txt",
    ];
    for path in before.keys() {
        let name = path.file_name().unwrap().to_str().unwrap();
        if !kept.contains(&name) {
            std::fs::remove_file(path).unwrap();
        }
    }
    let again = succeed(house.command(&["report", "out"]));
    assert_eq!(files(&house.out()), before);
    let summary = |text: &str| {
        text.lines()
            .find(|l| l.contains("statements of the papers:"))
            .map(str::to_owned)
    };
    assert_eq!(summary(&again), summary(&printed));
}

#[test]
fn a_target_that_takes_a_gpu_is_run_on_a_cpu_as_far_as_one_can() {
    let house = House::new();
    configs(&house, "[lemmas, {target: spring, on_cpu: smoke}]");
    succeed(house.command(&[&ALL[..], &["--profile", "quick"]].concat()));
    let profile = |target: &str| {
        let manifest = house.read(&format!("{target}/manifest.json"));
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        manifest["profile"].as_str().unwrap().to_owned()
    };
    assert_eq!(profile("lemmas"), "quick");
    assert_eq!(profile("spring"), "smoke");
    // What is there from another machine is not replaced by less.
    let better = [
        "reproduce",
        "spring",
        "--profile",
        "quick",
        "--out",
        "out/spring",
    ];
    succeed(house.command(&better));
    let output = run(house.command(&[&ALL[..], &["--profile", "quick"]].concat()));
    let said = stderr(&output);
    assert!(
        said.contains("left as it is: a run of profile quick"),
        "{said}"
    );
    assert_eq!(profile("spring"), "quick");
    assert!(house.read("index.html").contains("target-spring"));
}

#[test]
fn a_target_that_fails_is_told_and_the_others_go_on() {
    let house = House::new();
    configs(&house, "[fig99, coordinate]");
    let output = run(house.command(&ALL));
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("fig99 failed"), "{said}");
    assert!(house.out().join("coordinate/rows.csv").is_file());
}

#[test]
fn cells_that_another_target_has_measured_are_taken_from_there() {
    let house = House::new();
    let reproduce = |target: &str| {
        let of = [
            "reproduce",
            target,
            "--datasets",
            "tiny",
            "--profile",
            "smoke",
        ];
        let more = ["--registry", "tiny.yaml", "--offline"];
        run(house.command(&[&of[..], &more].concat()))
    };
    assert!(reproduce("table2").status.success());
    let output = reproduce("fig5");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("3 of 3 cells are the same as in reports/table2"),
        "{}",
        stderr(&output)
    );
    // Rows, report and manifest say so.
    let folder = house.folder.path().join("reports/fig5");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(
        common::column(&read("rows.csv"), "copied_from"),
        ["table2"; 3]
    );
    let ended = common::column(&read("rows.csv"), "copied_ended_at");
    assert!(
        ended.iter().all(|at| at.parse::<u64>().unwrap() > 0),
        "{ended:?}"
    );
    let said = "3 of 3 cells are those of table2, measured 20";
    assert!(read("fig5.md").contains(said), "{}", read("fig5.md"));
    let manifest: serde_json::Value = serde_json::from_str(&read("manifest.json")).unwrap();
    assert_eq!(manifest["copied"][0]["target"], "table2");
    assert_eq!(manifest["copied"][0]["cells"], 3);
    let own = house.folder.path().join("reports/table2/rows.csv");
    let own = std::fs::read_to_string(own).unwrap();
    assert!(
        common::column(&own, "copied_from")
            .iter()
            .all(String::is_empty)
    );
    // Whoever takes them from there takes table2's.
    let output = reproduce("fig6");
    assert!(
        stderr(&output).contains("and taken from there"),
        "{}",
        stderr(&output)
    );
    let rows = house.folder.path().join("reports/fig6/rows.csv");
    let rows = std::fs::read_to_string(rows).unwrap();
    assert_eq!(common::column(&rows, "copied_from"), ["table2"; 3]);
    // Without --out the page covers all that is under reports.
    let page = std::fs::read_to_string(house.folder.path().join("reports/index.html")).unwrap();
    assert!(page.contains("target-table2") && page.contains("target-fig5"));
}

#[test]
fn repeats_in_folders_beside_one_another_are_measured_each() {
    let house = House::new();
    let repeat = |folder: &str| {
        let of = [
            "reproduce",
            "table2",
            "--datasets",
            "tiny",
            "--profile",
            "smoke",
        ];
        let more = ["--registry", "tiny.yaml", "--offline", "--out", folder];
        let output = run(house.command(&[&of[..], &more].concat()));
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(
            !stderr(&output).contains("taken from"),
            "{}",
            stderr(&output)
        );
        let folder = house.folder.path().join(folder);
        let rows = std::fs::read_to_string(folder.join("rows.csv")).unwrap();
        assert!(
            common::column(&rows, "copied_from")
                .iter()
                .all(String::is_empty)
        );
        common::column(&rows, "wall_s")
    };
    let walls = ["r1", "r2", "r3", "reports/mine"].map(repeat);
    for (i, wall) in walls.iter().enumerate() {
        assert!(walls[..i].iter().all(|other| other != wall), "{walls:?}");
    }
    // Nor does a target of a report take from what only lies there.
    let of = [
        "reproduce",
        "fig5",
        "--datasets",
        "tiny",
        "--profile",
        "smoke",
    ];
    let more = ["--registry", "tiny.yaml", "--offline"];
    let output = run(house.command(&[&of[..], &more].concat()));
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        !stderr(&output).contains("taken from"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_claim_never_passes_on_generated_data() {
    let house = House::new();
    configs(&house, "[table1]");
    succeed(house.command(&[&ALL[..], &["--profile", "quick"]].concat()));
    let claims = house.read("claims.csv");
    for dataset in ["a8a", "a9a", "usps", "mnist-split"] {
        let name = format!("table1-{dataset},");
        let line = claims.lines().find(|l| l.starts_with(&name)).unwrap();
        assert!(line.contains("not testable here"), "{line}");
        assert!(line.contains("surrogate"), "{line}");
    }
}

#[test]
fn settings_belong_to_one_target() {
    let house = House::new();
    let output = run(house.command(&[&ALL[..], &["--set", "flow.steps=3"]].concat()));
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("one target"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn figure_4_trains_small_networks_and_draws_their_curves() {
    let house = House::new();
    let few = [
        "reproduce",
        "fig4",
        "--profile",
        "smoke",
        "--data",
        "surrogate",
        "--out",
        "out",
        "--set",
        "profiles.smoke.images={train: 64, test: 32}",
        "--set",
        "profiles.smoke.network={width: 2, blocks: [1]}",
        "--set",
        "profiles.smoke.epochs=1",
    ];
    let output = run(house.command(&few));
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("SURROGATE DATA for cifar10-subset"));
    for name in ["fig4a.svg", "fig4d.svg", "curves.csv", "index.html"] {
        assert!(house.out().join(name).is_file(), "{name} is missing");
    }
    let rows = house.read("rows.csv");
    assert_eq!(common::column(&rows, "status"), vec!["complete"; 7]);
    assert!(
        !house.out().join("checkpoints").exists(),
        "nothing is left of what has ended"
    );
    let drawn = house.read("fig4c.svg");
    let at = |steps: &str| drawn.find(&format!("HD S={steps}")).unwrap();
    let order = ["1", "2", "5", "10", "20"].map(at);
    assert!(
        order.is_sorted(),
        "integration times lie in order: {order:?}"
    );
    // HD with one step a flow is SGD by the learning rate θ², to the last bit of what is shown.
    let (methods, losses) = (
        common::column(&rows, "method"),
        common::column(&rows, "train_loss"),
    );
    let at = |method: &str| {
        let found = methods.iter().position(|name| name == method);
        losses[found.unwrap()].parse::<f64>().unwrap()
    };
    assert!((at("HD S=1") - at("GD")).abs() < 1e-5);
    let pictures = house.read("fig4.md").matches(".svg)").count();
    assert_eq!(pictures, 4, "each figure once");
    let again = run(house.command(&few));
    assert!(stderr(&again).contains("7 of 7 cells are in out already"));
}
