//! Plans of one's own, right and wrong.

use crate::common::{House, column, run, stderr, succeed};
use crate::{kept, write};
use harness::cmd::plan::EXAMPLES;

#[test]
fn the_list_of_all_targets_is_looked_at_as_every_plan_is() {
    let house = House::new();
    let all = kept("all.yaml");
    write(&house, "all.yaml", &all);
    succeed(house.command(&["plan", "check", "all.yaml"]));
    let wrong = |from: &str, to: &str| {
        assert!(all.contains(from));
        write(&house, "mine.yaml", &all.replace(from, to));
        let output = run(house.command(&["plan", "check", "mine.yaml"]));
        assert_eq!(output.status.code(), Some(1));
        stderr(&output)
    };
    let key = wrong("\ntargets:", "\ntarget_list:");
    assert!(key.contains("`target_list` is no key"), "{key}");
    let target = wrong("- fig8", "- fig88");
    assert!(target.contains("fig88"), "{target}");
    let profile = wrong("on_cpu: smoke", "on_cpu: smok");
    assert!(
        profile.contains("`smok`") && profile.contains("narrow"),
        "{profile}"
    );
}

#[test]
fn everything_that_is_wrong_with_a_plan_is_named_at_once_with_its_line_and_what_was_meant() {
    let house = House::new();
    write(
        &house,
        "mine.yaml",
        "experiment: descent\n\
         datasets: [tiny]\n\
         problem: {kind: logistc}\n\
         gradients: 0\n\
         precison: f32\n\
         start: {distribution: uniform}\n\
         methods:\n\
         - &hd {name: HD, method: hd-leapfrog, kinetic_energy: half-l2, steps: 10, step_size: [0.1, -0.3]}\n\
         - {<<: *hd, name: again, steps: many}\n\
         - {name: N, method: nesterov, stepsize: 0.1}\n\
         profiles:\n  \
           short:\n    \
             what: less\n    \
             verdicts: false\n    \
             pictures: [{name: x, metric: loss}]\n",
    );
    for command in [
        &["plan", "check", "mine.yaml"][..],
        &["reproduce", "mine.yaml"],
    ] {
        let output = run(house.command(command));
        assert_eq!(output.status.code(), Some(1));
        let said = stderr(&output);
        for wanted in [
            "line 3: problem.kind is \"logistc\", but has to be logistic, binary-logistic, least-squares, ackley, quadratic or matrix-sensing; did you mean `logistic`?",
            "line 4: gradients is 0, but has to be a whole number from 1 to 1000000000",
            "line 5: `precison` is no key of this kind of plan, which has",
            "did you mean `precision`?",
            "line 6: start.scale is missing: inverse-sqrt-features, or a positive number",
            "line 8: methods[0].kinetic_energy is \"half-l2\", but has to be half-l2-squared, l2, l1, linf or relativistic",
            "line 8: methods[0].step_size[1] is -0.3, but has to be a positive number",
            "line 9: methods[1].steps is \"many\", but has to be",
            "line 8: methods[1].step_size[1] is -0.3",
            "line 10: `stepsize` is no key of methods[2], which has",
            "line 10: methods[2].step_size is missing",
            "line 15: pictures[0].metric is \"loss\", but has to be value, distance or test_accuracy",
        ] {
            assert!(said.contains(wanted), "{wanted}\nin\n{said}");
        }
        assert!(said.contains("12 things are wrong with it"), "{said}");
    }
    assert!(
        !house.folder.path().join("reports").exists(),
        "nothing is left behind"
    );
}

#[test]
fn a_plan_to_begin_with_can_be_run_as_it_is_printed() {
    let house = House::new();
    for (kind, text) in EXAMPLES {
        let printed = succeed(house.command(&["plan", "new", kind]));
        let beside = format!("$schema={kind}.schema.json");
        let relative = format!("$schema=../schema/{kind}.json");
        assert_eq!(printed, text.replace(&relative, &beside));
        assert_eq!(text.contains(&relative), *kind != "contestant");
        if ["claims", "contestant", "registry"].contains(kind) {
            continue;
        }
        // On less data, that is at hand.
        write(
            &house,
            &format!("my-{kind}.yaml"),
            &text.replace("[a8a]", "[tiny]"),
        );
        let check = format!("my-{kind}.yaml");
        succeed(house.command(&["plan", "check", &check, "--registry", "tiny.yaml"]));
        let unknown = run(house.command(&["plan", "check", &check]));
        assert!(stderr(&unknown).contains("tiny"), "{}", stderr(&unknown));
    }
    let of = [
        "reproduce",
        "my-descent.yaml",
        "--registry",
        "tiny.yaml",
        "--offline",
        "--out",
        "out",
    ];
    succeed(house.command(&of));
    let rows = house.read("rows.csv");
    assert!(
        column(&rows, "experiment")
            .iter()
            .all(|name| name == "my-descent")
    );
    assert_eq!(column(&rows, "profile")[0], "whole");
    let unknown = run(house.command(&["plan", "new", "discent"]));
    assert!(
        stderr(&unknown).contains(
            "there is claims, contest, contestant, descent, parallel, registry, sensitivity, windows"
        ),
        "{}",
        stderr(&unknown)
    );
}

#[test]
fn what_check_says_of_a_plan_is_what_a_run_does() {
    let house = House::new();
    let plan = "stiffness: 1.0\nstart: 1.0\nmomentum: 0.0\nstep_size: 0.5\ndamping: 0.5\nsteps: 20\nscalings: [printed]\n";
    for (more, wanted) in [
        ("experiment: spring\n", None),
        ("", Some("experiment is missing: the kind of experiment")),
        ("experiment: spring\nprofiles: [a]\n", Some("profiles")),
        (
            "experiment: spring\ndefault_profile: quik\nprofiles: {quick: {}}\n",
            Some("`quik` is no profile"),
        ),
        (
            "experiment: spring\nprofiles: {quick: {}, short: {steps: 18}}\n",
            None,
        ),
        (
            "experiment: spring\nprofiles: {quick: {}, short: {steps: few}}\n",
            Some("line 2: steps is \"few\", but has to be"),
        ),
        (
            "experiment: spring\n<<: {stifness: 2.0}\n",
            Some("did you mean `stiffness`?"),
        ),
    ] {
        write(&house, "mine.yaml", &format!("{more}{plan}"));
        let checked = run(house.command(&["plan", "check", "mine.yaml"]));
        let short = ["reproduce", "mine.yaml", "--out", "out", "--fresh"];
        let of_short = [&short[..], &["--profile", "short"]].concat();
        let ran = run(house.command(if more.contains("short") {
            &of_short
        } else {
            &short
        }));
        assert_eq!(
            checked.status.success(),
            wanted.is_none(),
            "{more}: {}",
            stderr(&checked)
        );
        assert_eq!(
            ran.status.success(),
            wanted.is_none(),
            "{more}: {}",
            stderr(&ran)
        );
        for said in [stderr(&checked), stderr(&ran)] {
            assert!(
                wanted.is_none_or(|wanted| said.contains(wanted)),
                "{more}: {said}"
            );
        }
    }
    // What was set stands in no line, and what a profile replaces as a whole stands there.
    write(&house, "mine.yaml", &format!("experiment: spring\n{plan}"));
    let set = run(house.command(&["plan", "check", "mine.yaml", "--set", "steps=few"]));
    assert!(
        stderr(&set).contains(": steps is \"few\"") && !stderr(&set).contains("line"),
        "{}",
        stderr(&set)
    );
}

#[test]
fn a_setting_reaches_into_lists_by_the_place_of_an_item() {
    let house = House::new();
    let check = |set: &str| {
        run(house.command(&[
            "plan",
            "check",
            "table2",
            "--profile",
            "quick",
            "--set",
            set,
        ]))
    };
    assert!(check("windows.1.window=8").status.success());
    let refused = |set: &str| {
        let output = check(set);
        assert_eq!(output.status.code(), Some(1), "{set}");
        stderr(&output)
    };
    assert!(refused("windows.1.width=8").contains("`width` is no key of windows[1]"));
    assert!(
        refused("windows.8.window=8")
            .contains("`windows` is a list of 8, counted from 0, and has no item `8`")
    );
    assert!(refused("windows.first.window=8").contains("has no item `first`"));
    assert!(refused("repeats.0=8").contains("`repeats` is something that has no keys"));
}

#[test]
fn a_slot_of_a_window_holds_its_point_and_what_is_carried_to_it() {
    let house = House::new();
    // The program by itself: its memory is counted for the whole process.
    write(
        &house,
        "memory.yaml",
        "experiment: parallel\n\
         problem: {kind: quadratic, dimension: 2000, condition: 5}\n\
         start: {distribution: sphere, radius: 0.5}\n\
         precision: f64\n\
         every: 10\n\
         steps: 20\n\
         tolerance: 1.0e-2\n\
         targets: {}\n\
         methods:\n\
         - {name: HD, method: hd-euler, kinetic_energy: half-l2-squared, steps: 10, step_size: 0.1}\n\
         - {name: GD, method: heavy-ball, kinetic_energy: half-l2-squared, step_size: 0.5}\n\
         - {name: Adam, method: adam, step_size: 0.01}\n\
         windows:\n\
         - {evaluator: batched, window: 1}\n\
         - {evaluator: batched, window: [4, 8], predictor: copy, across_flows: true}\n\
         statistics: {resamples: 100, confidence: 0.95}\n",
    );
    succeed(house.command(&["reproduce", "memory.yaml", "--out", "out"]));
    let rows = house.read("rows.csv");
    let windows = column(&rows, "window");
    let held = column(&rows, "held_bytes");
    let more = column(&rows, "bytes_per_point");
    assert_eq!(windows.len(), 9);
    for ((window, held), more) in windows.iter().zip(held).zip(more) {
        // The point at least, 8 bytes a number.
        assert!(held.parse::<f64>().unwrap() >= 8.0 * 2000.0, "{rows}");
        match window.as_str() {
            "1" => assert_eq!(more, ""),
            _ => {
                let more: f64 = more.parse().unwrap();
                // Point, gradient, velocity or means, of this round and the next; no more than some of each.
                assert!((8.0..120.0).contains(&more), "{rows}");
            }
        }
    }
}
