//! What plans are refused, which cells they have, and the rows of made-up turns.

use super::cell::{CellProgram, ContestTurn};
use super::plan::ContestTask;
use super::*;
use crate::capacity::{Account, Sample};
use crate::journal::Entry;
use crate::plan::Start;
use std::collections::BTreeMap;

const PEERS: &str = include_str!("../../../../../configs/peers.yaml");

fn refused(settings: &[&str]) -> String {
    let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
    let plan = Plan::from_yaml(PEERS, &settings, None).unwrap();
    format!("{:#}", Contest::new(&plan).err().unwrap())
}

#[test]
fn a_plan_that_cannot_be_meant_is_refused_by_its_key() {
    for (settings, wanted) in [
        (
            &["baseline=theirs"][..],
            "baseline is `theirs`, but is the name of a contestant: ours, ",
        ),
        (
            &["baseline=scipy-lbfgs"],
            "whose tasks have neither gradient nor flow",
        ),
        (&["baseline=[]"], "baseline is empty"),
        (
            &["contestants.1.name=ours"],
            "two contestants are named `ours`",
        ),
        (
            &["contestants.0.command=[]"],
            "the contestant ours has no command",
        ),
        (
            &["contestants.0.tasks=[]"],
            "the contestant ours has no tasks",
        ),
        (&["contestants=[]"], "contestants is empty"),
        (
            &["datasets=[mine]", "flows={a8a: 2}"],
            "flows has neither `mine` nor `other`",
        ),
        (&["gradients.at_once=[]"], "gradients.at_once is empty"),
        (
            &["gradients.at_once=[2, 2]"],
            "gradients.at_once has 2 twice",
        ),
        (&["rounds=0"], "rounds is 0"),
        (&["time_limit_s=0"], "time_limit_s is 0"),
        (&["agreement.loss=2.0"], "agreement.loss is 2"),
    ] {
        let said = refused(settings);
        assert!(said.contains(wanted), "{settings:?}: {said}");
    }
    let bad = "contestants.0.environment={\"A=B\": \"1\"}";
    assert!(refused(&[bad]).contains("a variable whose name"));
}

#[test]
fn the_flow_of_the_published_plan_is_the_papers_and_its_starts_are_table_2s() {
    let plan = Plan::from_yaml(PEERS, &[], None).unwrap();
    let contest = ContestPlan::new(&plan).unwrap();
    assert_eq!((contest.step_size, contest.steps), (0.1, 20));
    let table2 = include_str!("../../../../../configs/table2.yaml");
    assert_eq!(plan.seed, Plan::from_yaml(table2, &[], None).unwrap().seed);
    assert_eq!(contest.splits["mnist"], "paper");
    assert_eq!(contest.flows_of("mine"), Some(6));
}

#[test]
fn arguments_of_a_data_set_stand_behind_the_command_and_those_of_other_where_there_are_none() {
    let plan = ContestPlan::new(&Plan::from_yaml(PEERS, &[], None).unwrap()).unwrap();
    let window = plan
        .contestants
        .iter()
        .find(|of| of.name == "ours-window")
        .unwrap();
    let on = |dataset: &str| window.command_on(dataset).join(" ");
    assert_eq!(
        on("mnist"),
        "{harness} contestant --window 4 --predictor linear-force --tolerance 0.001"
    );
    assert!(on("a8a").contains("--window 8 --method secant") && on("a8a") == on("mine"));
    let tron = plan
        .contestants
        .iter()
        .find(|of| of.name == "liblinear-tron")
        .unwrap();
    assert!(tron.takes_part_on("a9a") && !tron.takes_part_on("mnist"));
}

fn program(name: &str) -> CellProgram {
    CellProgram {
        name: name.to_owned(),
        command: vec![name.to_owned()],
        folder: ".".to_owned(),
        environment: BTreeMap::new(),
        digest: String::new(),
    }
}

fn cell(name: &str, task: ContestTask) -> ContestCell {
    ContestCell {
        dataset: "a8a".into(),
        split: "standard".into(),
        data_source: "real".into(),
        data_digest: String::new(),
        backend: "cpu".into(),
        device: "cpu".into(),
        seed: 1,
        start: Start::Zeros,
        step_size: 0.1,
        steps: 20,
        flows: 6,
        most_points: 4,
        task,
        program: program(name),
        baselines: vec![program("ours"), program("ours-window")],
        gradient_agreement: 1e-5,
        loss_agreement: 1e-4,
        rounds: 4,
        gradient_s: 0.1,
        rest_s: 0.0,
        time_limit_s: 10.0,
        probe_s: Some(0.01),
    }
}

/// A turn in each round, from the first on, on a machine of which so much was there.
fn turns(seconds: &[Option<f64>], capacity: f64) -> Vec<ContestTurn> {
    let turn = |(round, seconds): (usize, &Option<f64>)| ContestTurn {
        round: round as u64 + 1,
        turn: 1,
        seconds: *seconds,
        answered_s: 2.0 * seconds.unwrap_or(1.0),
        probe: Some(Sample {
            alone_s: capacity,
            together_s: 1.0,
        }),
        account: Account {
            waited_share: Some(0.4),
            stolen_share: Some(0.0),
            ..Account::default()
        },
    };
    seconds.iter().enumerate().map(turn).collect()
}

fn rows_of(cell: &ContestCell, measured: &MeasuredContest) -> Vec<ContestRow> {
    let plan = Plan::from_yaml(PEERS, &[], None).unwrap();
    let entry = Entry {
        key: "key".into(),
        ended_at: 0,
        copied_from: None,
        cell: serde_json::to_value(cell).unwrap(),
        outcome: Outcome::measured(measured).unwrap(),
    };
    rows(&plan, &ContestPlan::new(&plan).unwrap(), &[entry]).unwrap()
}

fn some(seconds: &[f64]) -> Vec<Option<f64>> {
    seconds.iter().copied().map(Some).collect()
}

#[test]
fn ratios_are_of_the_same_round_and_one_row_is_made_for_each_baseline() {
    let measured = MeasuredContest {
        turns: turns(&some(&[2.0, 40.0, 6.0, 8.0]), 0.99),
        baselines: BTreeMap::from([
            // A machine that was ten times slower in round 2 slowed both.
            (
                "ours".to_owned(),
                turns(&some(&[1.0, 20.0, 3.0, 4.0]), 0.98),
            ),
            // It failed after two rounds in an earlier part of the run.
            ("ours-window".to_owned(), turns(&some(&[0.5, 5.0]), 0.98)),
        ]),
        ..MeasuredContest::default()
    };
    let rows = rows_of(&cell("numpy", ContestTask::Flow), &measured);
    assert_eq!(rows.len(), 2);
    let (ours, window) = (&rows[0], &rows[1]);
    assert_eq!(
        (ours.ratio, ours.ratio_low, ours.ratio_high),
        (Some(2.0), Some(2.0), Some(2.0))
    );
    assert_eq!(
        (ours.wall_s, ours.wall_s_min, ours.wall_s_max),
        (Some(7.0), Some(2.0), Some(40.0))
    );
    assert_eq!((ours.answered_s, ours.repeats), (Some(14.0), 4));
    assert_eq!(ours.baseline_wall_s, Some(3.5));
    assert_eq!(window.baseline.as_deref(), Some("ours-window"));
    assert_eq!(
        window.ratio,
        Some(6.0),
        "4 and 8, of the rounds that both have"
    );
    assert_eq!(
        (window.ratio_low, window.ratio_high),
        (Some(4.0), Some(8.0))
    );
    assert_eq!(ours.label, "NumPy");
}

#[test]
fn a_baseline_has_no_ratio_to_itself_and_one_that_failed_leaves_times_alone() {
    let alone = MeasuredContest {
        turns: turns(&some(&[2.0, 2.0]), 0.99),
        ..MeasuredContest::default()
    };
    for row in rows_of(&cell("ours", ContestTask::Flow), &alone) {
        assert_eq!(
            (row.wall_s, row.ratio, row.baseline_wall_s),
            (Some(2.0), None, None)
        );
    }
}

#[test]
fn a_loss_that_was_not_reached_has_no_time() {
    let measured = MeasuredContest {
        loss: Some(0.7),
        turns: turns(&[None, None], 0.99),
        baselines: BTreeMap::from([("ours".to_owned(), turns(&some(&[1.0, 1.0]), 0.99))]),
        ..MeasuredContest::default()
    };
    let row = &rows_of(&cell("scipy-lbfgs", ContestTask::TimeToLoss), &measured)[0];
    assert_eq!(
        (row.status.as_str(), row.wall_s, row.ratio),
        ("not reached", None, None)
    );
    assert_eq!((row.baseline_wall_s, row.loss), (Some(1.0), Some(0.7)));
}

#[test]
fn a_neighbour_at_either_ones_turns_disturbs_and_threads_that_wait_for_one_another_do_not() {
    let disturbed = |own: f64, beside: f64| {
        let measured = MeasuredContest {
            turns: turns(&some(&[1.0; 3]), own),
            baselines: BTreeMap::from([("ours".to_owned(), turns(&some(&[1.0; 3]), beside))]),
            ..MeasuredContest::default()
        };
        let row = rows_of(&cell("numpy", ContestTask::Gradient(4)), &measured).remove(0);
        assert_eq!((row.capacity, row.waited_share), (Some(own), Some(0.4)));
        assert_eq!((row.task.as_str(), row.points), ("gradient", Some(4)));
        row.disturbed
    };
    assert_eq!(disturbed(0.99, 0.98), Some(false));
    assert_eq!(disturbed(0.5, 0.98), Some(true));
    assert_eq!(disturbed(0.99, 0.5), Some(true));
}

#[test]
fn each_is_once_first_once_second_and_so_on() {
    let orders: Vec<Vec<usize>> = (0..3)
        .map(|round| rounds::rotated(3, round).collect())
        .collect();
    assert_eq!(orders, [[0, 1, 2], [1, 2, 0], [2, 0, 1]]);
    assert_eq!(rounds::rotated(0, 5).count(), 0);
}
