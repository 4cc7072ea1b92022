//! The main job, end to end, by the real program on a small data set.

mod common;

use common::{House, column, run, stderr, succeed};
use lab::environment::Environment;
use lab::experiments::windows::cell::WindowCell;
use lab::journal::Cell;
use optim::Window;
use std::time::{Duration, Instant};

const FILES: [&str; 9] = [
    "rows.csv",
    "rows.parquet",
    "curves.csv",
    "curves.parquet",
    "table2.md",
    "fig5-time.svg",
    "fig5-rounds.svg",
    "fig6-time.svg",
    "fig6-rounds.svg",
];

#[test]
fn reproduce_writes_rows_tables_plots_journal_and_manifest_and_prints_the_table() {
    let house = House::new();
    let printed = succeed(house.reproduce(&[]));
    assert!(
        printed.contains("depth") && printed.contains("tiny"),
        "{printed}"
    );
    for name in FILES {
        assert!(house.out().join(name).is_file(), "{name} is missing");
    }
    let rows = house.read("rows.csv");
    assert_eq!(column(&rows, "data_source"), vec!["real"; 8]);
    assert_eq!(column(&rows, "status"), vec!["complete"; 8]);
    assert_eq!(house.read("journal.jsonl").lines().count(), 8);
    let manifest: serde_json::Value = serde_json::from_str(&house.read("manifest.json")).unwrap();
    assert_eq!(manifest["data"][0]["files"][0][0], "tiny.libsvm");
    assert!(manifest["ended_at"].as_u64() >= manifest["started_at"].as_u64());
}

#[test]
fn windows_end_where_the_sequential_flow_ends_in_fewer_rounds() {
    let house = House::new();
    succeed(house.reproduce(&["--set", "precision=f64"]));
    let rows = house.read("rows.csv");
    let number = |name: &str| -> Vec<f64> {
        column(&rows, name)
            .iter()
            .map(|v| v.parse().unwrap())
            .collect()
    };
    let (rounds, errors) = (number("rounds"), number("flow_error"));
    let (requested, distinct) = (number("requested_gradients"), number("distinct_gradients"));
    for (i, evaluator) in column(&rows, "evaluator").iter().enumerate() {
        if evaluator == "sequential" {
            assert_eq!((rounds[i], errors[i]), (40.0, 0.0), "2 flows of 20 steps");
        } else {
            assert!(
                rounds[i] < 40.0 && errors[i] < 1e-2,
                "row {i}: {} {}",
                rounds[i],
                errors[i]
            );
        }
        assert!(distinct[i] <= requested[i]);
    }
    for (depth, rounds) in number("depth_speedup").iter().zip(&rounds) {
        assert!((depth - 40.0 / rounds).abs() < 1e-12);
    }
}

#[test]
fn a_second_run_takes_every_cell_from_the_journal_and_fresh_starts_over() {
    let house = House::new();
    succeed(house.reproduce(&[]));
    let first = house.read("journal.jsonl");
    let again = run(house.reproduce(&[]));
    assert!(
        stderr(&again).contains("8 of 8 cells"),
        "{}",
        stderr(&again)
    );
    assert_eq!(house.read("journal.jsonl"), first);
    // Another plan measures anew, and does not lose what was measured.
    succeed(house.reproduce(&["--set", "flow.steps=5"]));
    assert!(house.read("journal.jsonl").starts_with(&first));
    assert_eq!(house.read("journal.jsonl").lines().count(), 16);
    assert_eq!(column(&house.read("rows.csv"), "steps"), vec!["5"; 8]);
    succeed(house.reproduce(&["--fresh"]));
    assert_eq!(house.read("journal.jsonl").lines().count(), 8);
}

#[test]
fn a_run_killed_in_the_middle_goes_on_where_it_was() {
    let house = House::new();
    // Long enough that the kill comes before the end, on any machine.
    let long = ["--set", "flows.other=30", "--set", "repeats=15"];
    let mut child = house.reproduce(&long).spawn().unwrap();
    let lines = || {
        std::fs::read_to_string(house.out().join("journal.jsonl"))
            .map_or(0, |text| text.matches('\n').count())
    };
    let begin = Instant::now();
    while lines() < 2 {
        assert!(
            begin.elapsed() < Duration::from_secs(120),
            "no cell ended in two minutes"
        );
        assert!(
            child.try_wait().unwrap().is_none(),
            "ended before it could be killed"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap(); // SIGKILL: nothing is cleaned up
    child.wait().unwrap();
    let measured = lines();
    assert!(measured < 8, "killed too late to show anything");
    // A line cut off in the middle, as a crash of the machine could leave it.
    let journal = house.out().join("journal.jsonl");
    let before = std::fs::read_to_string(&journal).unwrap();
    let whole = &before[..before.rfind('\n').unwrap() + 1];
    std::fs::write(&journal, format!("{whole}{{\"key\":\"0123")).unwrap();

    let resumed = run(house.reproduce(&long));
    assert!(resumed.status.success(), "{}", stderr(&resumed));
    let said = format!("{measured} of 8 cells");
    assert!(stderr(&resumed).contains(&said), "{}", stderr(&resumed));
    let after = std::fs::read_to_string(&journal).unwrap();
    assert!(after.starts_with(whole), "what was measured is kept");
    assert_eq!(after.lines().count(), 8);
    assert_eq!(
        column(&house.read("rows.csv"), "status"),
        vec!["complete"; 8]
    );
}

#[test]
fn the_report_is_rebuilt_byte_for_byte_from_the_journal() {
    let house = House::new();
    succeed(house.reproduce(&[]));
    let before: Vec<Vec<u8>> = FILES
        .iter()
        .map(|name| std::fs::read(house.out().join(name)).unwrap())
        .collect();
    for name in FILES {
        std::fs::remove_file(house.out().join(name)).unwrap();
    }
    succeed(house.command(&["report", "out"]));
    for (name, before) in FILES.iter().zip(before) {
        assert_eq!(
            std::fs::read(house.out().join(name)).unwrap(),
            before,
            "{name}"
        );
    }
}

#[test]
fn numbers_that_blow_up_are_a_row_and_the_rest_goes_on() {
    let house = House::new();
    let settings = ["--set", "flow.step_size=1e160", "--set", "precision=f64"];
    let output = run(house.reproduce(&settings));
    assert!(output.status.success(), "{}", stderr(&output));
    let statuses = column(&house.read("rows.csv"), "status");
    assert!(
        statuses.iter().all(|s| s == "diverged in flow 1"),
        "{statuses:?}"
    );
}

#[test]
fn fresh_loses_nothing_that_it_cannot_replace() {
    let house = House::new();
    succeed(house.reproduce(&[]));
    let measured = house.read("journal.jsonl");
    // No such data set: the run cannot begin, so nothing is forgotten.
    let output = run(house.reproduce(&["--fresh", "--datasets", "tiny,tinny"]));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(house.read("journal.jsonl"), measured);
    succeed(house.reproduce(&["--fresh"]));
    assert_eq!(house.read("journal.jsonl.old"), measured);
}

#[test]
fn lines_of_another_version_are_passed_over_and_kept() {
    let house = House::new();
    std::fs::create_dir_all(house.out()).unwrap();
    let foreign = "{\"key\":\"1\",\"of\":\"another version\"}\n";
    std::fs::write(house.out().join("journal.jsonl"), foreign).unwrap();
    let output = run(house.reproduce(&[]));
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("1 of 1 lines cannot be read by this version"),
        "{}",
        stderr(&output)
    );
    assert!(house.read("journal.jsonl").starts_with(foreign));
    assert_eq!(
        column(&house.read("rows.csv"), "status"),
        vec!["complete"; 8]
    );
}

#[test]
fn two_runs_into_one_folder_do_not_mix() {
    let house = House::new();
    std::fs::create_dir_all(house.out()).unwrap();
    let journal = std::fs::File::create(house.out().join("journal.jsonl")).unwrap();
    journal.lock().unwrap();
    let output = run(house.reproduce(&[]));
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("another run"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn mistakes_are_answered_with_what_to_try() {
    let house = House::new();
    for (arguments, code, hint) in [
        (vec!["reproduce", "table9"], 1, "table2"),
        (vec!["reproduce", "table2", "--profile", "fast"], 1, "smoke"),
        (
            vec!["reproduce", "table2", "--set", "flow.stepsize=1"],
            1,
            "stepsize",
        ),
        (
            vec!["reproduce", "table2", "--devices", "gpu"],
            2,
            "cuda:0,1,2,3",
        ),
        (
            vec!["reproduce", "table2", "--datasets", "mnits", "--offline"],
            1,
            "mnist",
        ),
        (
            vec!["report", "nowhere"],
            1,
            "was anything reproduced there?",
        ),
        (vec!["frobnicate"], 2, "--help"),
    ] {
        let output = run(house.command(&arguments));
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(hint),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn list_and_doctor_say_what_there_is() {
    let house = House::new();
    let listed = succeed(house.command(&["list"]));
    for name in ["table2", "--profile paper", "a8a", "a9a", "mnist", "usps"] {
        assert!(listed.contains(name), "{name} is missing from:\n{listed}");
    }
    let told = succeed(house.command(&["doctor", "--registry", "tiny.yaml"]));
    for name in [
        "cores",
        "tiny.libsvm",
        "usps",
        "table2      quick 8 min, paper",
    ] {
        assert!(told.contains(name), "{name} is missing from:\n{told}");
    }
    let lines = told.lines().count();
    assert!(
        (24..=40).contains(&lines),
        "a screen has 40 lines, not {lines}:\n{told}"
    );
}

#[test]
fn tables_are_as_wide_as_the_terminal_and_say_what_they_leave_out() {
    let house = House::new();
    succeed(house.reproduce(&[]));
    for width in ["80", "120", "200"] {
        let mut command = house.command(&["report", "out"]);
        command.env("COLUMNS", width);
        let said = succeed(command);
        let most: usize = width.parse().unwrap();
        // What was judged, after them, is one line for scripts.
        let tables = said
            .lines()
            .take_while(|line| !line.contains("statements of the papers"));
        for line in tables {
            assert!(line.trim_end().chars().count() <= most, "{width}: {line}");
        }
        let narrow = said.contains("Not shown for want of width");
        assert!(narrow || most == 200, "{said}");
    }
}

#[test]
fn threads_are_as_many_as_one_says_and_without_a_word_as_many_as_there_are_cores_to_use() {
    let house = House::new();
    let doctor = || house.command(&["doctor", "--registry", "tiny.yaml"]);
    let said = |threads: usize| format!("{threads} threads; cpu:N");
    let mut three = doctor();
    three.env("RAYON_NUM_THREADS", "3");
    assert!(succeed(three).contains(&said(3)));
    // Where the variable is set, this process cannot know what the number is without it.
    if std::env::var_os("RAYON_NUM_THREADS").is_none() {
        let mut unsaid = doctor();
        unsaid.env_remove("RAYON_NUM_THREADS");
        assert!(succeed(unsaid).contains(&said(harness::threads::number())));
    }
}

#[test]
fn a_cell_has_another_key_whenever_anything_it_depends_on_differs() {
    let house = House::new();
    succeed(house.reproduce(&[]));
    let journal = lab::journal::read(&house.out().join("journal.jsonl"), "table2").unwrap();
    let journal = journal.sealed;
    let environment = Environment::current();
    let cell: WindowCell = journal[2].cell().unwrap();
    let key_of = |cell: &WindowCell, environment: &Environment| {
        let cell = Cell::new("", cell).written().unwrap();
        cell.key(environment)
    };
    let key = key_of(&cell, &environment);
    assert_eq!(key, journal[2].key);
    let others = [
        WindowCell {
            seed: cell.seed + 1,
            ..cell.clone()
        },
        WindowCell {
            window: Window {
                tolerance: 2.0 * cell.window.tolerance,
                ..cell.window
            },
            ..cell.clone()
        },
        WindowCell {
            data_digest: "another".into(),
            ..cell.clone()
        },
        WindowCell {
            window: Window {
                width: cell.window.width + 1,
                ..cell.window
            },
            ..cell.clone()
        },
        WindowCell {
            flows: cell.flows + 1,
            ..cell.clone()
        },
        WindowCell {
            devices: "cuda:0".into(),
            ..cell.clone()
        },
    ];
    assert!(
        others
            .iter()
            .all(|other| key_of(other, &environment) != key)
    );
    let newer = Environment {
        sources: "another".into(),
        ..environment
    };
    assert_ne!(key_of(&cell, &newer), key);
}
