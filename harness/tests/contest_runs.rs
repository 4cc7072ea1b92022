//! Contests as a user runs them: plans, reports, claims, what is left behind.

mod common;

use common::{House, column, run, stderr, succeed};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Whether there is a process of this number that has not ended.
fn is_running(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // One that nobody has waited for yet is none.
    !status.is_empty() && !status.contains(") Z ")
}

/// A plan of one's own with this project as the baseline, on `tiny`.
fn own_plan(contestants: &str) -> String {
    let example = harness::cmd::plan::EXAMPLES
        .iter()
        .find(|(name, _)| *name == "contest")
        .unwrap()
        .1;
    let (head, _) = example.split_once("  - name: mine").unwrap();
    head.replace("[a8a]", "[tiny]")
        .replace("rounds: 6 ", "rounds: 2 ")
        + contestants
}

const REPRODUCE: [&str; 7] = [
    "reproduce",
    "mine.yaml",
    "--registry",
    "tiny.yaml",
    "--offline",
    "--out",
    "out",
];

#[test]
fn this_project_takes_part_as_a_program_and_one_that_is_not_there_is_said_to_be_missing() {
    let house = House::new();
    let plan = own_plan(
        "  - {name: window, label: its window, command: [\"{harness}\", contestant, --window, \"4\", --tolerance, \"1e-5\"], tasks: [flow]}\n  \
           - {name: absent, command: [./absent], tasks: [flow], install: make absent}\n",
    );
    std::fs::write(house.folder.path().join("mine.yaml"), plan).unwrap();
    let output = run(house.command(&REPRODUCE));
    let (said, shown) = (
        stderr(&output),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    );
    assert_eq!(output.status.code(), Some(1), "{said}{shown}");
    let rows = house.read("rows.csv");
    let of = |name: &str| column(&rows, name);
    assert_eq!(of("contestant"), ["ours", "ours", "window", "absent"]);
    assert_eq!(of("task"), ["gradient", "flow", "flow", "flow"]);
    assert_eq!(of("status")[..3], ["complete"; 3]);
    let wanted = "failed: `./absent` could not be started from .: No such file or directory (os error 2); it is installed by `make absent`";
    assert_eq!(of("status")[3], wanted);
    let apart: Vec<f64> = of("apart")[..3]
        .iter()
        .map(|x| x.parse().unwrap())
        .collect();
    assert!(apart.iter().all(|apart| *apart < 1e-4), "{apart:?}");
    assert!(of("ratio")[2].parse::<f64>().unwrap() > 0.0);
    assert_eq!(of("gradient_rounds")[1], "100");
    assert!(
        shown.contains("The whole flow, beside ours") && shown.contains("its window"),
        "{shown}"
    );
    assert!(
        house.read("mine.md").contains("absent (tiny flow): failed"),
        "{}",
        house.read("mine.md")
    );
    assert_eq!(column(&house.read("turns.csv"), "contestant").len(), 6);
    // What has failed is tried again, what was measured is not.
    let again = run(house.command(&REPRODUCE));
    assert!(
        stderr(&again).contains("3 of 4 cells are in out already"),
        "{}",
        stderr(&again)
    );
    assert!(!house.out().join("checkpoints").exists());
}

#[test]
fn an_optional_contestant_that_cannot_be_started_is_left_out_and_is_no_failure() {
    let house = House::new();
    let write = |name: &str, text: &str| {
        std::fs::write(house.folder.path().join(name), text).unwrap();
    };
    let plan = own_plan(
        "  - {name: absent, command: [./absent], tasks: [flow], optional: true}\n  \
           - {name: broken, command: [sh, broken.sh], tasks: [flow], optional: true}\n",
    );
    write("mine.yaml", &plan);
    write("broken.sh", "echo no module named this >&2\nexit 1\n");
    let shown = succeed(house.command(&REPRODUCE));
    assert!(
        shown.contains("absent (tiny flow): left out: ./absent could not be started"),
        "{shown}"
    );
    let status = column(&house.read("rows.csv"), "status");
    assert_eq!(status[..2], ["complete"; 2]);
    let wanted = "left out: it ended (exit status: 1) when it was started; it said last: no module named this";
    assert_eq!(status[3], wanted);
    let verified = succeed(house.command(&["verify", "out", "--sample", "0"]));
    assert!(
        verified.contains("4 cells, 2 of them left out and the others measured"),
        "{verified}"
    );
    // Once it is there it takes part.
    write(
        "broken.sh",
        &THROUGH.replace("$HARNESS", env!("CARGO_BIN_EXE_harness")),
    );
    succeed(house.command(&REPRODUCE));
    let status = column(&house.read("rows.csv"), "status");
    assert_eq!((&status[3][..], &status[2][..8]), ("complete", "left out"));
}

/// A contestant for a plan of one's own: this project itself, spoken to through a script, for its answers are right.
const THROUGH: &str = "exec \"$HARNESS\" contestant \"$1\"\n";

#[test]
fn a_contestant_whose_file_has_changed_is_measured_anew_and_alone_and_claims_are_asked_of_its_rows()
{
    let house = House::new();
    let write =
        |name: &str, text: &str| std::fs::write(house.folder.path().join(name), text).unwrap();
    let program = env!("CARGO_BIN_EXE_harness");
    write(
        "mine.yaml",
        &own_plan(&format!(
            "  - {{name: mine, command: [sh, mine.sh], environment: {{HARNESS: {program:?}}}, tasks: [gradient, flow]}}\n"
        )),
    );
    write("mine.sh", THROUGH);
    write(
        "claims.yaml",
        "claims:\n  - id: as-close\n    says: mine computes the same gradient\n    \
         rows: {target: mine, where: {contestant: mine, task: gradient}}\n    \
         judge: {value: {column: apart, is: {below: 1.0e-5}}}\n",
    );
    let of = [&REPRODUCE[..], &["--claims", "claims.yaml"]].concat();
    succeed(house.command(&of));
    let claims = house.read("claims.csv");
    assert_eq!(column(&claims, "verdict"), ["reproduced"]);
    let whole = run(house.command(&of));
    assert!(
        stderr(&whole).contains("4 of 4 cells are in out already"),
        "{}",
        stderr(&whole)
    );
    write("mine.sh", &format!("# slower\n{THROUGH}"));
    let changed = run(house.command(&of));
    assert!(
        stderr(&changed).contains("2 of 4 cells are in out already"),
        "{}",
        stderr(&changed)
    );
    let rows = house.read("rows.csv");
    assert!(
        column(&rows, "ratio")[2..]
            .iter()
            .all(|ratio| !ratio.is_empty()),
        "{rows}"
    );
    // What somebody else's plan would start is not started unasked.
    let asked = ["verify", "out", "--registry", "tiny.yaml", "--offline"];
    let untrusted = run(house.command(&asked));
    let said = String::from_utf8_lossy(&untrusted.stdout).into_owned();
    assert!(
        untrusted.status.success()
            && said.contains("no cell was run again: its plan starts programs"),
        "{said}"
    );
    let verified = run(house.command(&[
        "verify",
        "out",
        "--all",
        "--programs",
        "--registry",
        "tiny.yaml",
        "--offline",
    ]));
    let said = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(verified.status.success(), "{said}{}", stderr(&verified));
    assert!(said.contains("run again: 4 of 4"), "{said}");
}

#[test]
fn contestants_end_with_a_harness_that_is_killed() {
    let house = House::new();
    let write =
        |name: &str, text: &str| std::fs::write(house.folder.path().join(name), text).unwrap();
    write(
        "mine.yaml",
        &own_plan("  - {name: mine, command: [sh, mine.sh], tasks: [flow]}\n"),
    );
    write(
        "mine.sh",
        "sleep 1000 &\necho $! > child\necho $$ > pid.new\nmv pid.new pid\nwait\n",
    );
    let mut command = house.command(&REPRODUCE);
    let mut harness = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = |name: &str| -> Option<u32> {
        let text = std::fs::read_to_string(house.folder.path().join(name)).ok()?;
        text.trim().parse().ok()
    };
    let wait_for = |what: &dyn Fn() -> bool| {
        let begin = Instant::now();
        while !what() {
            assert!(
                begin.elapsed() < Duration::from_secs(60),
                "waited for too long"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    wait_for(&|| pid("pid").is_some());
    let (script, child) = (pid("pid").unwrap(), pid("child").unwrap());
    assert!(is_running(script) && is_running(child));
    harness.kill().unwrap();
    harness.wait().unwrap();
    wait_for(&|| !is_running(script) && !is_running(child));
}

/// Whether there is a GPU, or the CPU stands in for one; that there is none is said, and is a failure where GPU_TESTS is
/// `required`.
fn has_gpu() -> bool {
    if std::env::var_os("STANDIN_DEVICES").is_some() {
        return true;
    }
    let found = lab::device::gpu::count();
    let required = std::env::var_os("GPU_TESTS").is_some_and(|value| value == "required");
    assert!(found.is_ok() || !required, "GPU_TESTS=required: {found:?}");
    found.is_ok()
}

#[test]
fn this_project_takes_part_on_a_gpu_where_there_is_one() {
    if !has_gpu() {
        use std::io::Write;
        writeln!(std::io::stderr(), "skipped: no GPU").ok();
        return;
    }
    let house = House::new();
    let plan = own_plan(
        "  - {name: composed, command: [\"{harness}\", contestant, --kernel, composed], tasks: [gradient, flow], devices: [cuda]}\n  \
           - {name: away, command: [./away], tasks: [flow]}\n",
    );
    let plan = plan.replace(
        "tasks: [gradient, flow]}",
        "tasks: [gradient, flow], devices: [cpu, cuda]}",
    );
    std::fs::write(house.folder.path().join("mine.yaml"), plan).unwrap();
    let output = run(house.command(&[&REPRODUCE[..], &["--devices", "cuda:0"]].concat()));
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("left out, as their `devices` do not have cuda: away"));
    let rows = house.read("rows.csv");
    assert_eq!(
        column(&rows, "contestant"),
        ["ours", "ours", "composed", "composed"]
    );
    assert_eq!(column(&rows, "status"), ["complete"; 4]);
    assert_eq!(column(&rows, "device"), ["cuda:0"; 4]);
}

/// A Python that has NumPy, if there is one.
fn python_with_numpy() -> Option<PathBuf> {
    let venv = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bench/peers/.venv/bin/python");
    [venv, PathBuf::from("python3")].into_iter().find(|python| {
        let asked = Command::new(python)
            .args(["-c", "import numpy"])
            .stderr(Stdio::null())
            .status();
        asked.is_ok_and(|status| status.success())
    })
}

#[test]
fn the_example_in_python_takes_part_as_it_is_printed() {
    let Some(python) = python_with_numpy() else {
        // Not eprintln!, which the test runner keeps to itself when a test passes.
        use std::io::Write;
        writeln!(std::io::stderr(), "skipped: no python3 with NumPy").ok();
        return;
    };
    let house = House::new();
    let printed = |kind: &str| succeed(house.command(&["plan", "new", kind]));
    let write =
        |name: &str, text: &str| std::fs::write(house.folder.path().join(name), text).unwrap();
    let plan = printed("contest")
        .replace("[a8a]", "[tiny]")
        .replace("rounds: 6 ", "rounds: 2 ");
    write(
        "mine.yaml",
        &plan.replace(
            "[python3,",
            &format!("[{:?},", python.display().to_string()),
        ),
    );
    write("contestant.py", &printed("contestant"));
    succeed(house.command(&REPRODUCE));
    let rows = house.read("rows.csv");
    assert_eq!(column(&rows, "contestant")[2..], ["mine", "mine"]);
    assert_eq!(column(&rows, "task")[2..], ["gradient", "time-to-loss"]);
    assert_eq!(column(&rows, "status"), ["complete"; 4]);
    let versions = &column(&rows, "versions")[3];
    assert!(versions.starts_with("NumPy "), "{versions}");
    let number = |name: &str, row: usize| column(&rows, name)[row].parse::<f64>().unwrap();
    assert!(number("apart", 2) < 1e-5);
    assert!(number("loss", 3) <= number("target_loss", 3) * 1.0001);
}
