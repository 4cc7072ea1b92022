//! What is written in YAML is what is run: plans, registries and the folders they come from, by the
//! real program.

mod common;

use common::{House, column, copy_configs, run, stderr, succeed};
use lab::configs::Configs;

impl House {
    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A copy of the real configurations in `./configs`.
    fn copy_configs(&self) {
        copy_configs(&self.folder.path().join("configs"));
    }
}

#[test]
fn keys_by_a_merge_key_are_run_also_in_a_plan_like_another() {
    let house = House::new();
    house.write(
        "plan.yaml",
        "like: spring\ntarget: mine\n<<: {start: 2.0, steps: 30}\n",
    );
    let of = [
        "reproduce",
        "plan.yaml",
        "--profile",
        "quick",
        "--out",
        "out",
    ];
    succeed(house.command(&of));
    let rows = house.read("rows.csv");
    assert_eq!(column(&rows, "position")[0], "2.0");
    assert_eq!(
        column(&rows, "step")
            .iter()
            .map(|s| s.parse().unwrap())
            .max(),
        Some(30)
    );
    let changed = [&of[..], &["--set", "start=3.0", "--fresh"]].concat();
    succeed(house.command(&changed));
    assert_eq!(column(&house.read("rows.csv"), "position")[0], "3.0");
}

#[test]
fn what_reproduce_accepts_list_and_doctor_accept() {
    let house = House::new();
    house.copy_configs();
    let spring = house.folder.path().join("configs/spring.yaml");
    let text = std::fs::read_to_string(&spring).unwrap();
    let text = text.replace("  smoke:\n", "  smoke: &smoke\n");
    let text = text + "  short:\n    <<: *smoke\n    steps: 19\n";
    house.write("configs/spring.yaml", &text);
    house.write(
        "r.yaml",
        "datasets:\n  one: &one {features: 3, classes: 2, files: {train: {path: tiny.libsvm}}}\n  \
         two: {<<: *one, title: the same again}\n",
    );
    let out = ["--out", "out"];
    succeed(house.command(&[&["reproduce", "spring", "--profile", "short"], &out[..]].concat()));
    assert!(succeed(house.command(&["list"])).contains("--profile short"));
    succeed(house.command(&["doctor"]));
    let listed = succeed(house.command(&["list", "--registry", "r.yaml"]));
    assert!(listed.contains("the same again"), "{listed}");
    succeed(house.command(&["fetch", "two", "--registry", "r.yaml", "--offline"]));
    // A mistake is told with its file and key.
    house.write(
        "r.yaml",
        "datasets:\n  one: {features: 3, classes: 2, classes: 3}\n",
    );
    let said = stderr(&run(house.command(&["list", "--registry", "r.yaml"])));
    assert!(
        said.contains("r.yaml") && said.contains("classes"),
        "{said}"
    );
}

#[test]
fn a_number_that_nobody_can_mean_is_refused_with_key_value_and_range_before_anything_is_done() {
    let house = House::new();
    for (target, setting, said) in [
        (
            "spring",
            "start=1e300",
            "start is 1e300, but has to be a number, at most 1e200",
        ),
        (
            "spring",
            "steps=1000000000000000000",
            "steps is 1000000000000000000, but",
        ),
        ("table2", "flow.step_size=.nan", "flow.step_size"),
        (
            "idealized",
            "conditions=[10, 1e18]",
            "conditions[1] is 1e18, but has to be",
        ),
        (
            "coordinate",
            "coordinate.systems=0",
            "coordinate.systems is 0, but",
        ),
        (
            "fig7",
            "parts=[{name: a, title: t, methods: [{name: a, method: adam, step_size: -1}]}]",
            "parts[0].methods[0].step_size is -1, but has to be a positive number",
        ),
    ] {
        let of = [
            "reproduce",
            target,
            "--profile",
            "smoke",
            "--set",
            setting,
            "--out",
            "out",
        ];
        let output = run(house.command(&of));
        assert_eq!(output.status.code(), Some(1), "{target} {setting}");
        assert!(
            stderr(&output).contains(said),
            "{setting}: {}",
            stderr(&output)
        );
        assert!(!house.out().exists(), "{target} {setting}");
    }
}

#[test]
fn a_plan_that_takes_more_memory_than_there_is_is_refused_before_it_is_measured() {
    let house = House::new();
    let more = ["--set", "gradients=1000000000", "--set", "record_every=1"];
    let of = ["reproduce", "fig8", "--profile", "smoke", "--out", "out"];
    let output = run(house.command(&[&of[..], &more].concat()));
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("measuring fig8 takes at least"), "{said}");
    assert!(!house.out().join("rows.csv").exists());
}

#[test]
fn numbers_that_overflow_are_an_outcome_and_the_report_is_made_and_made_again() {
    let house = House::new();
    let of = [
        "reproduce",
        "spring",
        "--profile",
        "smoke",
        "--set",
        "start=1e170",
        "--out",
        "out",
    ];
    let printed = succeed(house.command(&of));
    assert!(printed.contains("diverged in flow 1"), "{printed}");
    succeed(house.command(&["report", "out"]));
}

#[test]
fn a_run_of_other_numbers_than_the_published_ones_is_not_judged() {
    let house = House::new();
    let of = |more: &[&str]| {
        let of = ["reproduce", "spring", "--profile", "quick", "--out", "out"];
        succeed(house.command(&[&of[..], more].concat()));
        house.read("claims.csv")
    };
    assert!(of(&[]).contains(",reproduced,"));
    let changed = of(&["--set", "damping=0.9"]);
    assert!(!changed.contains(",reproduced,"), "{changed}");
    assert!(changed.contains("damping is 0.9, not 0.5"), "{changed}");
}

#[test]
fn a_target_has_a_name_that_stays_in_its_folder() {
    let house = House::new();
    let plan = Configs::compiled_in().read("spring.yaml").unwrap();
    for name in ["../evil", "/tmp/evil", "", ".", "a\tb", "-x"] {
        let plan = plan.replace("target: spring", &format!("target: {name:?}"));
        std::fs::write(house.folder.path().join("mine.yaml"), plan).unwrap();
        let output = run(house.command(&["reproduce", "mine.yaml", "--out", "out"]));
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(
            stderr(&output).contains("has to be a name"),
            "{}",
            stderr(&output)
        );
        assert!(!house.out().exists(), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn a_path_that_is_no_text_is_a_path() {
    use std::os::unix::ffi::OsStrExt;
    let house = House::new();
    let mut command = house.command(&["reproduce", "spring", "--profile", "smoke", "--out"]);
    command.arg(std::ffi::OsStr::from_bytes(b"r\xe9sultats"));
    let output = run(command);
    assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
    assert!(output.status.code().is_some_and(|code| code < 3));
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_to_standard_output_is_told() {
    let house = House::new();
    let mut command = house.command(&["list"]);
    command.stdout(std::fs::File::create("/dev/full").unwrap());
    let output = run(command);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("standard output"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_list_without_values_is_no_window() {
    let house = House::new();
    let empty = ["--set", "windows=[{evaluator: batched, window: []}]"];
    let output = run(house.reproduce(&empty));
    assert!(
        stderr(&output).contains("is an empty list"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn an_environment_variable_set_to_nothing_is_not_set() {
    let house = House::new();
    for name in ["HARNESS_DATA_DIR", "HARNESS_CONFIGS"] {
        let mut command = house.command(&["list"]);
        command.env(name, "");
        succeed(command);
        let mut command =
            house.command(&["reproduce", "spring", "--profile", "smoke", "--out", "out"]);
        command.env(name, "");
        succeed(command);
    }
    // Said on the command line it is a mistake.
    let output = run(house.command(&["list", "--configs", ""]));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn another_programs_configs_and_hidden_files_are_left_alone() {
    let house = House::new();
    house.write(
        "configs/datasets.yaml",
        "defaults: [_self_]\nroot: ./data\n",
    );
    let output = run(house.command(&["list"]));
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("--configs configs"),
        "{}",
        stderr(&output)
    );
    house.copy_configs();
    house.write("configs/._table2.yaml", "\0\u{5}");
    assert!(succeed(house.command(&["list"])).contains("plans: configs"));
}
