//! A machine's rates: measured, kept, shown, and set beside what was timed.

mod common;

use common::{House, column, copy_configs, run, stderr, succeed};

#[test]
fn every_timed_row_stands_beside_the_least_time_that_the_machines_rates_allow() {
    let house = House::new();
    succeed(house.reproduce(&[]));
    let rows = house.read("rows.csv");
    let number = |name: &str| -> Vec<f64> {
        let values = column(&rows, name);
        values.iter().map(|v| v.parse().unwrap()).collect()
    };
    let (floors, walls, shares) = (number("floor_s"), number("wall_s"), number("floor_share"));
    for ((floor, wall), share) in floors.iter().zip(&walls).zip(&shares) {
        assert!(*floor > 0.0 && (share - floor / wall).abs() < 1e-12 * share);
    }
    assert_eq!(column(&rows, "bound"), vec!["overhead"; 8], "made-up rates");
    assert!(number("gradient_floor_s").iter().all(|s| *s > 0.0));
    assert!(house.read("table2.md").contains("% ovh"));
    // What is not timed has no floor, and asks for no rates.
    let counted = ["--set", "profiles.smoke.repeats=0", "--out", "counted"];
    std::fs::remove_dir_all(house.cache()).unwrap();
    let arguments = [
        "reproduce",
        "table2",
        "--datasets",
        "tiny",
        "--profile",
        "smoke",
        "--registry",
        "tiny.yaml",
        "--offline",
    ];
    let output = run(house.command(&[&arguments[..], &counted].concat()));
    assert!(
        !stderr(&output).contains("can do at most"),
        "{}",
        stderr(&output)
    );
    let rows = std::fs::read_to_string(house.folder.path().join("counted/rows.csv")).unwrap();
    assert_eq!(column(&rows, "floor_s"), vec![""; 8]);
}

#[test]
fn a_report_of_a_run_before_there_were_rates_has_empty_columns() {
    let house = House::new();
    succeed(house.reproduce(&[]));
    let path = house.out().join("manifest.json");
    let mut manifest: serde_json::Value =
        serde_json::from_str(&house.read("manifest.json")).unwrap();
    for newer in ["rates", "journal", "sum", "claims_sha256"] {
        manifest.as_object_mut().unwrap().remove(newer).unwrap();
    }
    let plan = manifest["plan"].as_str().unwrap();
    let older: Vec<&str> = plan
        .lines()
        .filter(|line| !line.starts_with("overhead_below"))
        .collect();
    let older = older.join("\n");
    manifest["plan_sha256"] = lab::manifest::sha256_hex(older.as_bytes()).into();
    manifest["plan"] = older.into();
    std::fs::write(path, manifest.to_string()).unwrap();
    let journal = house.out().join("journal.jsonl");
    let written = house.read("journal.jsonl");
    let entries = written.lines().map(|line| {
        let mut entry: serde_json::Value = serde_json::from_str(line).unwrap();
        for newer in ["after", "sum"] {
            entry.as_object_mut().unwrap().remove(newer).unwrap();
        }
        let outcome = entry["outcome"].as_object_mut().unwrap();
        outcome.remove("work").unwrap();
        format!("{entry}\n")
    });
    let entries: String = entries.collect();
    std::fs::write(journal, entries).unwrap();
    succeed(house.command(&["report", "out"]));
    let rows = house.read("rows.csv");
    for name in ["floor_s", "floor_share", "bound", "gradient_floor_s"] {
        assert_eq!(column(&rows, name), vec![""; 8], "{name}");
    }
    assert_eq!(column(&rows, "status"), vec!["complete"; 8]);
    assert!(!house.read("table2.md").contains("| floor |"));
}

#[test]
fn doctor_measures_rates_shows_them_again_and_replaces_a_broken_file() {
    let house = House::new();
    let configs = house.folder.path().join("configs");
    copy_configs(&configs);
    let small = "memory: {sizes_mib: [0.01, 0.1], call_mib: 0.1, seconds: 0.01}\n\
                 products: {orders: [16], seconds: 0.01}\n";
    std::fs::write(configs.join("rates.yaml"), small).unwrap();
    let rates = |printed: &str| {
        let line = printed.lines().find(|line| line.starts_with("Rates"));
        line.unwrap().to_owned()
    };
    let unknown = rates(&succeed(house.command(&["doctor"])));
    assert!(
        unknown.contains("--measure"),
        "measured otherwise: {unknown}"
    );
    let measured = rates(&succeed(house.command(&["doctor", "--measure"])));
    for part in ["GB/s read", "GFLOP/s", "by one", "measured 20"] {
        assert!(measured.contains(part), "{part} is missing from {measured}");
    }
    assert_eq!(rates(&succeed(house.command(&["doctor"]))), measured);
    let file = std::fs::read_dir(house.cache()).unwrap().next().unwrap();
    std::fs::write(file.unwrap().path(), "{").unwrap();
    let output = run(house.command(&["doctor"]));
    assert!(output.status.success());
    let said = stderr(&output);
    assert!(said.contains("does not hold rates"), "{said}");
    // A timed target measures what it does not find.
    let output = run(house.reproduce(&[]));
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("can do at most"),
        "{}",
        stderr(&output)
    );
    let shown = rates(&succeed(house.command(&["doctor"])));
    assert!(shown.contains("GB/s"), "{shown}");
}
