//! What of a flow is compared, and what is said of a difference.

use super::*;
use crate::gate::tests::{cell, exact_report, little, origin_at, two_flows};
use lab::experiments::windows::cell::MeasuredWindow;

#[test]
fn a_number_is_kept_to_so_many_significant_digits() {
    let of = |value, digits| rounded(value, digits).unwrap();
    assert_eq!(of(0.123_456_789, 3), 0.123);
    assert_eq!(of(123_456.0, 2), 120_000.0);
    assert_eq!(of(9.996, 3), 10.0);
    assert_eq!(of(-0.056_78, 2), -0.057);
    assert_eq!(of(0.123_456_789_012_345_6, 15), 0.123_456_789_012_346);
}

fn found(outcome: Outcome<MeasuredWindow>) -> FoundFlow {
    FoundFlow {
        cell: cell(4),
        outcome,
    }
}

#[test]
fn every_outer_iteration_gives_its_counts_its_strides_and_its_rounded_loss() {
    let flow = |index: usize, train_loss: f64| {
        let all = two_flows();
        FlowRecord {
            rounds: all.rounds[index],
            requested: all.requested[index],
            distinct: all.distinct[index],
            surrogate: all.surrogate[index],
            strides: all.strides[index].clone(),
            train_loss,
            test_accuracy: Some(0.9),
        }
    };
    let measured = MeasuredWindow {
        flows: vec![flow(0, 0.500_02), flow(1, 0.249_98)],
        ..MeasuredWindow::default()
    };
    let values = values(&found(Outcome::Measured(measured)), 3).unwrap();
    assert_eq!(values, two_flows());
}

#[test]
fn a_flow_that_ended_otherwise_has_a_status_and_no_numbers() {
    let status = |outcome| {
        let values = values(&found(outcome), 6).unwrap();
        assert!(values.rounds.is_empty() && values.losses.is_empty());
        values.status
    };
    let diverged = status(Outcome::Diverged { flow: 2 });
    assert_eq!(diverged, "diverged in flow 2");
    let failed = status(Outcome::Failed {
        error: "no memory".into(),
    });
    assert_eq!(failed, "failed: no memory");
}

#[test]
fn a_report_counts_its_flows_over_all_plans() {
    let mut report = exact_report(Vec::new());
    assert!(!report.is_empty());
    let two = BTreeMap::from(["a", "b"].map(|name| (name.to_owned(), two_flows())));
    report.flows.insert("q".into(), two);
    assert_eq!(report.count(), 3);
    report.flows.clear();
    assert!(report.is_empty());
    assert_eq!(report.count(), 0);
}

#[test]
fn a_flow_that_diverged_is_recorded_and_one_that_failed_is_not() {
    let of = |status: &str| {
        let mut report = exact_report(Vec::new());
        let flows = report.flows.get_mut("p").unwrap();
        flows.get_mut("f").unwrap().status = status.into();
        report.recorded(origin_at("c0"))
    };
    let recorded = of("diverged in flow 2").unwrap();
    assert_eq!(recorded.origin, origin_at("c0"));
    assert_eq!(recorded.flows["p"]["f"].status, "diverged in flow 2");
    assert_eq!(recorded.data["little"], "abc");
    let error = of("failed: no memory").unwrap_err().to_string();
    assert_eq!(error, "f failed: no memory: that is nothing to record");
}

/// What is said where `change` was recorded.
fn said(change: impl FnOnce(&mut RecordedExact)) -> Vec<[String; 7]> {
    let report = exact_report(Vec::new());
    let mut recorded = report.recorded(origin_at("c0")).unwrap();
    change(&mut recorded);
    moved(&report, Some(&recorded))
        .into_iter()
        .map(row)
        .collect()
}

fn row(m: MovedNumber) -> [String; 7] {
    [m.plan, m.flow, m.what, m.place, m.recorded, m.now, m.by]
}

#[test]
fn what_is_as_recorded_is_not_said() {
    assert!(said(|_| ()).is_empty());
}

#[test]
fn data_with_other_numbers_is_said_by_its_name() {
    let rows = said(|recorded| {
        recorded.data.insert("little".into(), "xyz".into());
        recorded.data.insert("large".into(), "def".into());
    });
    let by = "other numbers";
    assert_eq!(
        rows,
        [
            ["data", "large", "digest", "", "def", "none", by],
            ["data", "little", "digest", "", "xyz", "abc", by],
        ]
    );
}

#[test]
fn flows_that_came_went_or_ended_otherwise_are_said_by_their_plans() {
    let rows = said(|recorded| {
        let flows = recorded.flows.remove("p").unwrap();
        recorded.flows.insert("gone".into(), flows);
    });
    assert_eq!(
        rows,
        [
            ["gone", "f", "flow", "", "complete", "in no plan", ""],
            ["p", "f", "flow", "", "not recorded", "complete", ""],
        ]
    );
    // The numbers of a flow that ended otherwise say nothing more.
    let rows = said(|recorded| {
        let flows = recorded.flows.get_mut("p").unwrap();
        let diverged = Values {
            status: "diverged in flow 1".into(),
            ..Values::default()
        };
        flows.insert("f".into(), diverged);
    });
    let ended = ["p", "f", "status", "", "diverged in flow 1", "complete", ""];
    assert_eq!(rows, [ended]);
    let nothing = moved(&exact_report(Vec::new()), None);
    let whats: Vec<String> = nothing.into_iter().map(|row| row.what).collect();
    assert_eq!(whats, ["digest", "flow"]);
}

#[test]
fn every_number_of_a_flow_that_moved_has_a_row_with_where_and_by_how_much() {
    let rows = said(|recorded| {
        let flow = recorded.flows.get_mut("p").unwrap().get_mut("f").unwrap();
        flow.rounds = vec![12, 11];
        flow.requested[1] = 9;
        flow.distinct.pop();
        flow.surrogate.push(7);
        flow.strides[0][2] = 5;
        flow.losses[0] = 0.4;
    });
    assert_eq!(
        rows,
        [
            ["p", "f", "rounds", "flow 1 and 1 more", "12", "10", "-2"],
            ["p", "f", "requested gradients", "flow 2", "9", "19", "+10"],
            ["p", "f", "distinct gradients", "flow 2", "none", "17", ""],
            ["p", "f", "surrogate gradients", "flow 3", "7", "none", ""],
            ["p", "f", "strides", "flow 1, round 3", "5", "3", "-2"],
            ["p", "f", "loss", "flow 1", "0.4", "0.5", "+2.5e-1 of it"],
        ]
    );
}

#[test]
fn the_first_difference_is_the_first_in_order_and_not_in_the_alphabet() {
    let was = places(&[0_u64; 12]);
    let mut now = [0; 12];
    now[1] = 4;
    now[9] = 5;
    let row = list("rounds", &was, &places(&now), &integers).unwrap();
    assert_eq!(row.place, "flow 2 and 1 more");
    assert_eq!((row.now.as_str(), row.by.as_str()), ("4", "+4"));
}

#[test]
fn counts_may_differ_by_all_that_they_hold() {
    assert_eq!(integers(u64::MAX, 0), "-18446744073709551615");
    assert_eq!(integers(0, u64::MAX), "+18446744073709551615");
    assert_eq!(relative(4.0, 3.0), "-2.5e-1 of it");
}

#[test]
fn the_sequential_flow_of_the_small_baseline_has_a_round_for_each_step() {
    let mut baseline = little();
    let lab = Lab::new(&baseline).unwrap();
    let report = run(&baseline, &lab).unwrap();
    assert_eq!(report.count(), 3);
    let name = "little half-l2-squared, sequential on cpu";
    let sequential = &report.flows["little-windows"][name];
    assert_eq!(sequential.status, "complete");
    assert_eq!(sequential.rounds, [10, 10]);
    assert_eq!(report.data["little"].len(), 16);
    assert_eq!((report.moved.len(), &report.since), (4, &None));
    baseline.recorded.exact = Some(report.recorded(origin_at("c0")).unwrap());
    let again = run(&baseline, &lab).unwrap();
    assert!(!again.failed(), "{:?}", again.moved);
    assert_eq!(again.since, Some(origin_at("c0")));
}
