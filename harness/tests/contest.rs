//! Contestants of every sort: programs that do as they should, and those that do anything else.

mod common;
#[path = "common/ring.rs"]
mod ring;

use lab::experiments::contest::cell::{ContestCell, MeasuredContest};
use lab::experiments::contest::plan::ContestTask;
use lab::journal::Outcome;
use lab::kept::Keeper;
use ring::{READY, Ring, Until, is_running, script};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

const ALL: &str = "[gradient, flow, time-to-loss]";

const TASKS: [ContestTask; 4] = [
    ContestTask::Gradient(1),
    ContestTask::Gradient(2),
    ContestTask::Flow,
    ContestTask::TimeToLoss,
];

#[test]
fn a_contestant_that_does_as_it_should_is_timed_at_everything_beside_the_baseline() {
    let measured = Ring::new().with("good", ALL, READY, &[]).measure();
    for task in TASKS {
        let of = Ring::of(&measured, "good", task).unwrap();
        assert_eq!(
            (of.turns.len(), of.baselines["base"].len()),
            (2, 2),
            "{task}"
        );
        assert_eq!(of.versions, "sh 1");
        assert!(of.turns.iter().all(|turn| turn.answered_s > 0.0));
    }
    let flow = Ring::of(&measured, "good", ContestTask::Flow).unwrap();
    assert_eq!(
        (flow.gradient_rounds, flow.turns[0].seconds),
        (Some(10), Some(0.0005))
    );
    assert!(
        flow.apart.unwrap() < 1e-12,
        "the flow of the formulas is the referee's: {flow:?}"
    );
    assert!(
        Ring::of(&measured, "good", TASKS[1])
            .unwrap()
            .apart
            .unwrap()
            < 1e-12
    );
    let reached = Ring::of(&measured, "good", ContestTask::TimeToLoss).unwrap();
    assert_eq!(
        (reached.iterations, reached.turns[1].seconds),
        (Some(3), Some(0.00025))
    );
    assert_eq!(
        reached.baselines["base"][0].seconds,
        Some(0.0005),
        "beside the baseline's flow"
    );
}

/// Has a contestant do otherwise, and asserts what is said of its flow, and that all else goes on.
fn misbehaves(
    start: &str,
    instead: &[&str],
    wanted: &str,
) -> Vec<(ContestCell, Outcome<MeasuredContest>)> {
    let mut ring = Ring::new()
        .with("odd", ALL, start, instead)
        .with("good", ALL, READY, &[]);
    ring.time_limit_s = 4.0;
    let measured = ring.measure();
    let said = Ring::of(&measured, "odd", ContestTask::Flow).unwrap_err();
    assert!(said.contains(wanted), "wanted {wanted}\nin {said}");
    for task in TASKS {
        assert!(Ring::of(&measured, "good", task).is_ok(), "{task}");
    }
    measured
}

/// The same, where only the flow is of it.
fn misbehaves_at_the_flow(instead: &str, wanted: &str) {
    let measured = misbehaves(READY, &[instead], wanted);
    for task in [TASKS[0], TASKS[1], TASKS[3]] {
        let of = Ring::of(&measured, "odd", task);
        assert_eq!(of.as_ref().map(|of| of.turns.len()), Ok(2), "{task}");
    }
}

#[test]
fn one_that_ends_at_its_start_says_with_which_code_and_what_it_said_last() {
    let wanted = "it ended (exit status: 3) when it was started; it said last: \"no such library\"";
    misbehaves("echo no such library >&2; exit 3", &[], wanted);
}

#[test]
fn one_that_does_not_say_that_it_is_ready_is_refused() {
    misbehaves(
        "echo '{\"ready\": false}'",
        &[],
        "`ready` is false, but has to be true",
    );
    misbehaves("echo '{\"ready\": true}'", &[], "`versions` is not there");
    misbehaves(
        "sleep 1000",
        &[],
        "it had not answered after 4 s when it was started",
    );
}

#[test]
fn one_that_ends_at_a_command_is_started_again_for_the_others() {
    misbehaves_at_the_flow(
        "flow) echo broken >&2; exit 7;;",
        "it ended (exit status: 7) to `flow`; it said last: \"broken\"",
    );
    misbehaves_at_the_flow("flow) kill -KILL $$;;", "signal: 9 (SIGKILL)");
}

#[test]
fn one_that_hangs_is_ended_with_all_that_it_has_started() {
    misbehaves_at_the_flow(
        "flow) sleep 1000 & echo $! >> pids; wait;;",
        "it had not answered after 4 s to `flow`",
    );
}

#[test]
fn one_that_closes_its_output_and_stays_is_ended() {
    misbehaves_at_the_flow(
        "flow) exec >&-; sleep 1000;;",
        "it closed its output, and was killed",
    );
}

#[test]
fn junk_a_number_that_is_none_and_too_much_of_it_are_told_from_one_another() {
    misbehaves_at_the_flow(
        "flow) echo hello;;",
        "it answered \"hello\" to `flow`: that is no JSON",
    );
    misbehaves_at_the_flow("flow) echo '[1, 2]';;", "that is no object");
    misbehaves_at_the_flow(
        "flow) echo '{\"seconds\": 0, \"point\": [NaN]}';;",
        "its numbers are not all finite",
    );
    misbehaves_at_the_flow(
        "flow) head -c 300000 /dev/zero | tr '\\0' 1; echo;;",
        "it answered with a line of more than 66016 bytes to `flow`",
    );
    misbehaves_at_the_flow(
        "flow) while :; do printf 1111111111; done;;",
        "more than 66016 bytes",
    );
    // Half an answer is none.
    misbehaves_at_the_flow(
        "flow) printf '{\"seconds\"'; exit 0;;",
        "it ended (exit status: 0) to `flow`",
    );
}

#[test]
fn an_answer_of_another_shape_or_without_what_is_asked_for_is_told_by_its_key() {
    misbehaves_at_the_flow(
        "flow) echo '{\"seconds\": 0, \"point\": [1, 2]}';;",
        "`point` has 2 items, but has to be a flat list of 6",
    );
    misbehaves_at_the_flow("flow) echo '{\"seconds\": 0}';;", "`point` is not there");
    misbehaves_at_the_flow("flow) echo '{}';;", "`seconds` is not there");
    misbehaves_at_the_flow("flow) cat given-up.json;;", "the loss at its flow's end");
    misbehaves_at_the_flow(
        "flow) sed s/0.0005/5000/ flow.json;;",
        "it says that it took 5000.000000 s, but only",
    );
    misbehaves_at_the_flow(
        "flow) echo '{\"error\": \"out of memory\"}';;",
        "to `flow` it answered with an error: \"out of memory\"",
    );
}

#[test]
fn one_that_says_more_than_it_is_asked_for_is_out_of_step_and_out() {
    let start = format!("{READY}; echo hello");
    misbehaves(&start, &[], "\"hello\"");
    // Between an answer and the next command there is time for it to be heard.
    let measured = misbehaves(
        READY,
        &["flow) cat flow.json; echo '{\"more\": 1}'; sleep 0.3;;"],
        "it",
    );
    assert!(Ring::of(&measured, "odd", ContestTask::Flow).is_err());
}

#[test]
fn what_does_not_agree_is_not_timed() {
    let ring = Ring::new()
        .with(
            "near",
            "[gradient]",
            READY,
            &["values) sed 's/\\[\\(-*[0-9.]*\\),/[\\11,/' values-$a.json;;"],
        )
        .with(
            "far",
            "[gradient]",
            READY,
            &["values) sed 's/\\[-*[0-9.]*/[0.5/' values-$a.json;;"],
        )
        .with("elsewhere", "[flow]", READY, &["flow) cat start.json;;"]);
    let measured = ring.measure();
    assert!(
        Ring::of(&measured, "near", TASKS[0]).is_ok(),
        "a last digit more is no disagreement"
    );
    let said = Ring::of(&measured, "far", TASKS[0]).unwrap_err();
    assert!(
        said.contains("it was not timed, as it does not agree: its gradient is apart by"),
        "{said}"
    );
    let said = Ring::of(&measured, "elsewhere", ContestTask::Flow).unwrap_err();
    assert!(
        said.contains("the loss at its flow's end is apart by"),
        "{said}"
    );
    let log = ring.log();
    assert!(
        log.contains(&"far values 1".to_owned())
            && !log.iter().any(|line| line.starts_with("far gradient"))
    );
    assert_eq!(
        log.iter()
            .filter(|line| line.starts_with("elsewhere flow"))
            .count(),
        1
    );
}

#[test]
fn a_loss_that_was_not_reached_is_told_and_one_that_is_only_said_to_be_is_refused() {
    let measured = Ring::new()
        .with(
            "liar",
            "[time-to-loss]",
            READY,
            &["time-to-loss) cat start.json;;"],
        )
        .with(
            "weary",
            "[time-to-loss]",
            READY,
            &["time-to-loss) cat given-up.json;;"],
        )
        .measure();
    let said = Ring::of(&measured, "liar", ContestTask::TimeToLoss).unwrap_err();
    assert!(
        said.contains("the loss that it says it has reached"),
        "{said}"
    );
    let weary = Ring::of(&measured, "weary", ContestTask::TimeToLoss).unwrap();
    assert_eq!((weary.iterations, weary.turns[0].seconds), (Some(9), None));
    assert!(weary.loss > weary.target_loss);
}

#[test]
fn one_that_fails_in_a_round_is_out_and_the_others_go_on() {
    let third =
        "flow) echo x >> count; if [ $(wc -l < count) -gt 2 ]; then exit 4; fi; cat flow.json;;";
    let mut ring = Ring::new().with("weak", "[gradient, flow]", READY, &[third]);
    ring.rounds = 4;
    let measured = ring.measure();
    let said = Ring::of(&measured, "weak", ContestTask::Flow).unwrap_err();
    assert!(
        said.contains("it ended (exit status: 4) to `flow`"),
        "{said}"
    );
    assert_eq!(
        Ring::of(&measured, "base", ContestTask::Flow)
            .unwrap()
            .turns
            .len(),
        4
    );
}

#[test]
fn a_baseline_that_fails_leaves_the_others_their_times() {
    let mut ring = Ring::new().with("good", "[flow]", READY, &[]);
    std::fs::write(
        ring.folder().join("base.sh"),
        script("base", READY, &["flow) exit 1;;"]),
    )
    .unwrap();
    ring.time_limit_s = 5.0;
    let measured = ring.measure();
    assert!(Ring::of(&measured, "base", ContestTask::Flow).is_err());
    let good = Ring::of(&measured, "good", ContestTask::Flow).unwrap();
    assert_eq!((good.turns.len(), good.baselines.len()), (2, 0));
}

#[test]
fn turns_are_taken_one_after_the_other_in_rotating_order() {
    let mut ring = Ring::new().with("b", "[time-to-loss]", READY, &[]).with(
        "c",
        "[gradient, flow]",
        READY,
        &[],
    );
    ring.rounds = 3;
    let measured = ring.measure();
    let log = ring.log();
    // Behind what everybody was asked once.
    let timed = log.iter().rposition(|line| line == "c flow ").unwrap();
    assert!(timed > 0);
    let timings: Vec<&str> = log
        .iter()
        .map(|line| line.trim())
        .filter(|line| !line.contains("values") && !line.contains("quit"))
        .collect();
    // Each was asked to take gradients once for how long they take; the flow and the minimisation once for their loss.
    let checks = ["base gradient 1", "base gradient 2", "base flow"].len()
        + 1
        + ["c gradient 1", "c gradient 2", "c flow"].len();
    let short: Vec<String> = timings[checks..]
        .iter()
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect();
    let gradients =
        |one: &str, other: &str| [format!("{one} gradient"), format!("{other} gradient")];
    let mut wanted = Vec::new();
    for (first, second, flows) in [
        ("base", "c", ["base flow", "b time-to-loss", "c flow"]),
        ("c", "base", ["b time-to-loss", "c flow", "base flow"]),
        ("base", "c", ["c flow", "base flow", "b time-to-loss"]),
    ] {
        wanted.extend(gradients(first, second));
        wanted.extend(gradients(first, second));
        wanted.extend(flows.map(str::to_owned));
    }
    assert_eq!(short, wanted);
    let turns = Ring::of(&measured, "c", ContestTask::Flow).unwrap().turns;
    let places: Vec<(u64, u64)> = turns.iter().map(|turn| (turn.round, turn.turn)).collect();
    assert_eq!(places, [(1, 7), (2, 6), (3, 5)]);
}

#[test]
fn a_run_that_is_killed_goes_on_from_its_last_round() {
    let mut ring = Ring::new().with("good", ALL, READY, &[]);
    ring.rounds = 3;
    let folder = ring.folder().join("kept");
    let kept = || Keeper::every(folder.clone(), Duration::ZERO);
    // Seven cells are checked and timed in one round; then two turns of the next.
    let stopped = Until(AtomicUsize::new(7 + 7 + 3));
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let killed = catch_unwind(AssertUnwindSafe(|| ring.measure_with(kept(), &stopped)));
    std::panic::set_hook(hook);
    assert!(killed.is_err());
    for pid in ring.pids() {
        assert!(!is_running(pid), "{pid} is left over");
    }
    let before = ring.log().len();
    let measured = ring.measure_with(kept(), &Until::never());
    let flow = Ring::of(&measured, "good", ContestTask::Flow).unwrap();
    assert_eq!((flow.turns.len(), flow.interrupted), (3, 1));
    let rounds: Vec<u64> = flow.turns.iter().map(|turn| turn.round).collect();
    assert_eq!(rounds, [1, 2, 3]);
    // Checked anew, as the processes are new; then two rounds.
    let flows = ring.log()[before..]
        .iter()
        .filter(|line| line.starts_with("good flow"))
        .count();
    assert_eq!(flows, 1 + 2);
    // Of other cells nothing is taken.
    ring.rounds = 1;
    let other = ring.measure_with(kept(), &Until::never());
    assert_eq!(
        Ring::of(&other, "good", ContestTask::Flow)
            .unwrap()
            .interrupted,
        0
    );
}

#[test]
fn one_that_does_not_end_when_it_is_told_to_is_killed() {
    let stubborn = "quit) trap '' TERM INT HUP; while :; do sleep 1; done;;";
    let ring = Ring::new().with("stubborn", "[flow]", READY, &[stubborn]);
    assert!(Ring::of(&ring.measure(), "stubborn", ContestTask::Flow).is_ok());
}
