//! What rows say of the machine that they were measured on.

use super::*;
use crate::capacity::{Account, Sample};

/// Six timed runs on a machine that gave two workers this share of their cores, with threads that
/// waited this share of their time beside the baseline's.
fn on_a_machine(cell: WindowCell, capacity: f64, waited: f64, baseline_waited: f64) -> WindowRow {
    let account = |share| Account {
        waited_share: Some(share),
        stolen_share: Some(0.01),
        ..Account::default()
    };
    let sample = Sample {
        alone_s: capacity,
        together_s: 1.0,
    };
    let measured = MeasuredWindow {
        probes: vec![sample; 6],
        accounts: vec![account(waited); 6],
        baseline_accounts: vec![account(baseline_waited); 6],
        ..measured(&[2.0; 6])
    };
    row_from(cell, &measured, None)
}

#[test]
fn a_neighbour_that_only_the_window_feels_disturbs_its_row() {
    let row = on_a_machine(cell(), 0.97, 0.01, 0.01);
    assert_eq!((row.capacity, row.disturbed), (Some(0.97), Some(false)));
    // One worker has a core still, so that the baseline waits for nothing.
    let held = on_a_machine(cell(), 0.5, 0.01, 0.0);
    assert_eq!((held.capacity, held.disturbed), (Some(0.5), Some(true)));
    let waited = on_a_machine(cell(), 0.97, 0.3, 0.0);
    assert_eq!(waited.disturbed, Some(true));
    let beside = on_a_machine(cell(), 0.97, 0.01, 0.3);
    assert_eq!(beside.disturbed, Some(true));
    assert_eq!(beside.baseline_waited_share, Some(0.3));
    assert_eq!(beside.stolen_share, Some(0.01));
}

#[test]
fn a_gpu_that_another_process_used_in_one_run_of_the_baseline_disturbs_the_row() {
    let account = |clock, shared| Account {
        gpu_clock: Some(clock),
        gpu_slowed: Some(0.0),
        gpu_shared: Some(shared),
        ..Account::default()
    };
    let on_gpu = |shared: f64| {
        let mut baseline_accounts = vec![account(1.0, 0.0); 6];
        baseline_accounts[3].gpu_shared = Some(shared);
        let measured = MeasuredWindow {
            accounts: vec![account(0.8, 0.0); 6],
            baseline_accounts,
            ..measured(&[2.0; 6])
        };
        row_from(cell(), &measured, None)
    };
    let alone = on_gpu(0.0);
    assert_eq!(alone.disturbed, Some(false));
    let clocks = (alone.gpu_clock, alone.baseline_gpu_clock);
    assert_eq!(clocks, (Some(0.8), Some(1.0)));
    let shared = on_gpu(1.0);
    assert_eq!(shared.disturbed, Some(true));
    assert_eq!(shared.gpu_shared, Some(1.0 / 6.0));
    assert_eq!(shared.gpu_slowed, Some(0.0));
}

#[test]
fn more_workers_than_cores_wait_for_one_another_and_not_for_a_neighbour() {
    let crowded = WindowCell {
        oversubscribed: true,
        ..cell()
    };
    let row = on_a_machine(crowded.clone(), 0.97, 0.5, 0.01);
    assert_eq!((row.waited_share, row.disturbed), (Some(0.5), Some(false)));
    let held = on_a_machine(crowded, 0.5, 0.5, 0.01);
    assert_eq!(
        held.disturbed,
        Some(true),
        "the probe has no more than cores"
    );
}

#[test]
fn a_journal_without_probes_says_nothing_of_the_machine() {
    let old = serde_json::json!({
        "flows": [], "flow_error": 0.0, "wall_s": [[1.0, 1.0]], "baseline_wall_s": [[2.0, 2.0]],
        "baseline_gradients": 40, "round_overhead_s": 0.01
    });
    let measured: MeasuredWindow = serde_json::from_value(old).unwrap();
    let row = row_from(cell(), &measured, None);
    assert_eq!((row.capacity, row.disturbed), (None, None));
    assert_eq!((row.waited_share, row.depth_late), (None, None));
    let text = serde_json::to_string(&measured).unwrap();
    assert!(
        !text.contains("probes") && !text.contains("long_rounds"),
        "{text}"
    );
}
