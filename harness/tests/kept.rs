//! What runs keep, and what reports make of it when it is damaged, in the way, or somebody else's.

mod common;

use common::{House, run, stderr, succeed};
use lab::journal::{Entry, Journal};

/// Writes a journal of spring with these lines, each sealed as if it had been measured so.
fn sealed_again(house: &House, lines: &str) {
    let path = house.out().join("journal.jsonl");
    std::fs::remove_file(&path).unwrap();
    let mut journal = Journal::open(&path, "spring").unwrap();
    for line in lines.lines() {
        let entry: Entry = serde_json::from_str(line).unwrap();
        journal.append(entry).unwrap();
    }
}

#[test]
fn a_measurement_that_cannot_be_read_costs_its_cell_and_is_made_again() {
    let house = House::new();
    let of = ["reproduce", "spring", "--profile", "smoke", "--out", "out"];
    succeed(house.command(&of));
    let journal = house.read("journal.jsonl");
    // As an older version wrote a number that is not finite.
    let (first, rest) = journal.split_once('\n').unwrap();
    let number = first.find("\"energy\":[").unwrap() + "\"energy\":[".len();
    let end = number + first[number..].find(',').unwrap();
    let first = format!("{}null{}", &first[..number], &first[end..]);
    sealed_again(&house, &format!("{first}\n{rest}"));
    let output = run(house.command(&["report", "out"]));
    assert!(output.status.success(), "{}", stderr(&output));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("1 of the journal's measurements are an older version's, not whole"),
        "{said}"
    );
    assert!(
        stderr(&output).contains("1 cell has not been measured"),
        "{}",
        stderr(&output)
    );
    let output = run(house.command(&of));
    assert!(
        stderr(&output).contains("5 of 6 cells are in out"),
        "{}",
        stderr(&output)
    );
    assert_eq!(house.read("journal.jsonl").lines().count(), 7);
    let output = run(house.command(&of));
    assert!(
        stderr(&output).contains("6 of 6 cells are in out"),
        "{}",
        stderr(&output)
    );
}

/// Runs spring, replaces something in its journal, and asserts that one cell is missing until it is measured
/// again, and what is said; with seals put right or not.
fn damaged(what: &str, by: &str, (sealed, told): (bool, &str)) {
    let house = House::new();
    let of = ["reproduce", "spring", "--profile", "smoke", "--out", "out"];
    succeed(house.command(&of));
    let (rows, journal) = (house.read("rows.csv"), house.read("journal.jsonl"));
    assert!(journal.contains(what), "{journal}");
    let journal = journal.replacen(what, by, 1);
    match sealed {
        true => sealed_again(&house, &journal),
        false => std::fs::write(house.out().join("journal.jsonl"), journal).unwrap(),
    }
    let output = run(house.command(&["report", "out"]));
    let said = stderr(&output);
    assert!(said.contains("1 cell has not been measured"), "{said}");
    let output = run(house.command(&of));
    let said = stderr(&output);
    assert!(said.contains(told), "{said}");
    assert_eq!(house.read("rows.csv"), rows);
}

#[test]
fn a_measurement_with_too_few_numbers_is_made_again() {
    let told = "1 of the measurements in out";
    damaged("\"momentum\":[", "\"momentum\":[], \"old\":[", (true, told));
}

#[test]
fn a_cell_that_is_not_the_one_its_key_names_is_measured_again() {
    let told = "1 of the measurements in out";
    damaged("\"damping\":0.5", "\"damping\":0.9", (true, told));
}

#[test]
fn a_number_set_by_hand_does_not_count() {
    let told = "1 of 6 lines are not as they were written";
    damaged("\"energy\":[0.", "\"energy\":[1.", (false, told));
}

#[test]
fn a_manifest_that_was_changed_is_told_and_judges_nothing() {
    let house = House::new();
    let of = ["reproduce", "spring", "--profile", "smoke", "--out", "out"];
    succeed(house.command(&of));
    let manifest = house.read("manifest.json");
    let command = manifest.split("\"command\"").nth(1).unwrap();
    let program = command.split('"').nth(1).unwrap();
    assert_eq!(
        program, "harness",
        "where the program lay is nobody's business"
    );
    let changed = manifest.replacen("verdicts: false", "verdicts: true", 1);
    assert_ne!(manifest, changed);
    std::fs::write(house.out().join("manifest.json"), changed).unwrap();
    let output = run(house.command(&["report", "out"]));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("manifest.json is not as the run wrote it."),
        "{said}"
    );
    let verdicts = house.read("claims.csv");
    assert!(!verdicts.contains("reproduced"), "{verdicts}");
}

#[test]
fn a_run_does_not_take_the_folder_of_another() {
    let house = House::new();
    let of = |target, out| {
        let of = ["reproduce", target, "--profile", "smoke", "--out", out];
        run(house.command(&of))
    };
    assert!(of("spring", "all/spring").status.success());
    let output = of("coordinate", "all/spring");
    assert!(
        stderr(&output).contains("has a run of spring"),
        "{}",
        stderr(&output)
    );
    let output = of("coordinate", "all");
    assert!(
        stderr(&output).contains("a report of several runs"),
        "{}",
        stderr(&output)
    );
    assert!(of("coordinate", "all/coordinate").status.success());
}

#[test]
fn a_report_of_what_is_no_report_writes_nothing() {
    let house = House::new();
    let of = [
        "reproduce",
        "spring",
        "--profile",
        "smoke",
        "--out",
        "some/spring",
    ];
    succeed(house.command(&of));
    let page = house.folder.path().join("some/spring/spring.md");
    std::fs::remove_file(&page).unwrap();
    let output = run(house.command(&["report", "some"]));
    assert_eq!(output.status.code(), Some(1));
    assert!(!page.exists(), "{}", stderr(&output));
}

#[test]
fn starting_over_keeps_what_is_not_the_runs_own() {
    let house = House::new();
    let of = [
        "reproduce",
        "spring",
        "--profile",
        "smoke",
        "--out",
        "out",
        "--fresh",
    ];
    let own = house.out().join("checkpoints/model.pt");
    let kept = house.out().join("checkpoints/0123456789abcdef");
    std::fs::create_dir_all(&kept).unwrap();
    std::fs::write(&own, "precious").unwrap();
    for times in 0..3 {
        succeed(house.command(&of));
        assert!(own.is_file() && !kept.exists());
        let old = std::fs::read_to_string(house.out().join("journal.jsonl.old"));
        assert_eq!(old.map_or(0, |old| old.lines().count()), 6 * times);
    }
}

#[test]
fn a_run_beside_that_cannot_be_read_is_named_and_left_out_of_the_page() {
    let house = House::new();
    for target in ["coordinate", "spring"] {
        succeed(house.command(&["reproduce", target, "--profile", "smoke"]));
    }
    let reports = house.folder.path().join("reports");
    std::fs::write(reports.join("coordinate/manifest.json"), "{}").unwrap();
    std::fs::remove_file(reports.join("index.html")).unwrap();
    let output = run(house.command(&["reproduce", "spring", "--profile", "smoke"]));
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("left out of the page"),
        "{}",
        stderr(&output)
    );
    assert!(!output.stdout.is_empty() && reports.join("index.html").is_file());
    let output = run(house.command(&["report", "reports"]));
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("coordinate"),
        "{}",
        stderr(&output)
    );
}

/// What `verify` says of the run in `out`, and whether all of it holds.
fn verified(house: &House, more: &[&str]) -> (bool, String) {
    let output = run(house.command(&[&["verify", "out"], more].concat()));
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output);
    assert!(!said.contains("panicked"), "{said}");
    (output.status.success(), said)
}

#[test]
fn a_run_is_verified_by_its_files_and_by_running_it_again() {
    let house = House::new();
    let of = ["reproduce", "spring", "--profile", "smoke", "--out", "out"];
    succeed(house.command(&of));
    let (holds, said) = verified(&house, &["--all"]);
    assert!(holds, "{said}");
    assert!(
        said.contains("6 lines as written, each behind the one before it"),
        "{said}"
    );
    assert!(
        said.contains("run again: 6 of 6, equal to the last bit but for times and memory: 6"),
        "{said}"
    );
    assert!(
        !said.contains("FAILS") && !said.contains("unknown"),
        "{said}"
    );
    // What is kept of it stands in the report, which still follows from its rows.
    let (holds, _) = verified(&house, &["--sample", "2", "--certify"]);
    assert!(
        holds
            && house
                .read("spring.md")
                .contains("run again: 2 of 6, equal to the last bit but for times and memory: 2")
    );
    let (holds, said) = verified(&house, &["--sample", "0"]);
    assert!(holds, "{said}");
    for (file, from, to, told) in [
        ("rows.csv", "0.5", "0.6", "1 of 8 files are not what"),
        ("spring.md", "20 steps", "21 steps", "spring.md (from line"),
        (
            "journal.jsonl",
            "\"ended_at\":1",
            "\"ended_at\":2",
            "are not as they were written",
        ),
        (
            "manifest.json",
            "\"seed\": ",
            "\"seed\": 1",
            "manifest.json is not as the run wrote it",
        ),
        ("claims.csv", "spring", "sprung", "claims.csv (from line"),
    ] {
        let whole = house.read(file);
        assert!(whole.contains(from), "{file}: {whole}");
        std::fs::write(house.out().join(file), whole.replacen(from, to, 1)).unwrap();
        let (holds, said) = verified(&house, &["--sample", "0"]);
        assert!(!holds && said.contains(told), "{file}: {said}");
        std::fs::write(house.out().join(file), whole).unwrap();
    }
    // A measurement that was written down well, of a cell that comes out otherwise.
    let journal = house
        .read("journal.jsonl")
        .replacen("\"energy\":[0.", "\"energy\":[1.", 1);
    sealed_again(&house, &journal);
    let (holds, said) = verified(&house, &["--all"]);
    assert!(!holds && said.contains("energy[0] was 1."), "{said}");
}

#[test]
fn what_verify_states_is_not_said_of_a_run_that_is_not_so() {
    let house = House::new();
    let of = |target: &str| {
        let out = format!("out/{target}");
        let of = ["reproduce", target, "--profile", "smoke", "--out", &out];
        succeed(house.command(&of));
        out
    };
    let (spring, _) = (of("spring"), of("coordinate"));
    let at = |name: &str| house.folder.path().join(&spring).join(name);
    let verify = |folder: &str, told: &str| {
        let output = run(house.command(&["verify", folder, "--sample", "0"]));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            !output.status.success() && said.contains(told),
            "{told}: {said}"
        );
    };
    let changed = |name: &str, told: &str, change: &dyn Fn(String) -> String| {
        let whole = std::fs::read_to_string(at(name)).unwrap();
        std::fs::write(at(name), change(whole.clone())).unwrap();
        verify(&spring, told);
        std::fs::write(at(name), whole).unwrap();
    };
    // Claims that were edited, though all that is shown was made by them again.
    changed("claims.yaml", "claims.yaml is neither", &|text| {
        text + "\n# edited\n"
    });
    // A manifest made an older program's.
    changed(
        "manifest.json",
        "it has no checksum, and journal.jsonl has",
        &|text| {
            let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
            for newer in ["sum", "journal", "claims_sha256", "verifiable"] {
                value.as_object_mut().unwrap().remove(newer).unwrap();
            }
            serde_json::to_string_pretty(&value).unwrap()
        },
    );
    // A cell that could not be run.
    changed("journal.jsonl", "1: failed", &|text| {
        let (first, rest) = text.split_once('\n').unwrap();
        let mut entry: Entry = serde_json::from_str(first).unwrap();
        entry.outcome = lab::journal::Outcome::Failed {
            error: "none".into(),
        };
        let lines = format!("{}\n{rest}", serde_json::to_string(&entry).unwrap());
        let other = House::new();
        std::fs::create_dir_all(other.out()).unwrap();
        std::fs::write(other.out().join("journal.jsonl"), "").unwrap();
        sealed_again(&other, &lines);
        other.read("journal.jsonl")
    });
    // A page without the claims that it was judged by.
    let claims = std::fs::read(at("claims.yaml")).unwrap();
    std::fs::remove_file(at("claims.yaml")).unwrap();
    verify(&spring, "the page cannot be verified");
    std::fs::write(at("claims.yaml"), claims).unwrap();
    // A certificate is of one run, and of nobody's edit.
    succeed(house.command(&["verify", &spring, "--certify"]));
    let page = || std::fs::read_to_string(at("spring.md")).unwrap();
    assert!(page().contains("Verified on"));
    let certificate = std::fs::read_to_string(at("certificate.json")).unwrap();
    std::fs::write(
        at("certificate.json"),
        certificate.replace("6 lines", "7 lines"),
    )
    .unwrap();
    succeed(house.command(&["report", &spring]));
    assert!(!page().contains("Verified on"));
    // A copy of a run in the folder of another.
    let copy = house.folder.path().join("out/coordinate");
    std::fs::copy(at("manifest.json"), copy.join("manifest.json")).unwrap();
    std::fs::copy(at("journal.jsonl"), copy.join("journal.jsonl")).unwrap();
    verify("out", "it is a run of spring, in a folder of another name");
}
