//! The gate's verdict on made-up findings, and what the tests of its parts share.

use super::baseline::{RecordedExact, RecordedRatio, RecordedRatios, Values};
use super::exact::MovedNumber;
use super::ratios::{Measurement, Ratio};
use super::setup::FoundFlow;
use super::*;
use lab::experiments::windows::cell::{MeasuredWindow, WindowCell};
use lab::experiments::windows::plan::EvaluatorKind;
use lab::journal::Outcome;
use lab::plan::{Loss, Model, Precision, Start};
use optim::{Predictor, RelativeTo, Storage, Velocity, Window, WindowMethod};
use rows::statistics::Interval;
use std::collections::BTreeMap;
use std::path::Path;

/// The small baseline of the integration tests, with nothing recorded.
pub(super) const LITTLE: &str = include_str!("../../tests/common/regression.yaml");

pub(super) fn little() -> Baseline {
    parsed(LITTLE)
}

pub(super) fn parsed(text: &str) -> Baseline {
    Baseline::parse(Path::new("gate.yaml"), text).unwrap()
}

/// A baseline without anything to run.
fn idle() -> Baseline {
    let (head, _) = LITTLE.split_once("\nexact:").unwrap();
    let rest = "exact: {digits: 6, plans: {}}\nratios: {bound_share: 0.7}\n";
    parsed(&format!("{head}\n{rest}"))
}

/// A processor of two cores that nobody has.
pub(super) fn processor(model: &str) -> Processor {
    Processor {
        model: model.into(),
        cores: 2,
        instructions: vec!["avx2"],
    }
}

pub(super) fn origin_at(commit: &str) -> Origin {
    Origin {
        commit: commit.into(),
        date: "2026-01-02".into(),
        machine: "X, 2 cores, release".into(),
    }
}

/// A complete flow of two outer iterations.
pub(super) fn two_flows() -> Values {
    Values {
        status: "complete".into(),
        rounds: vec![10, 9],
        requested: vec![20, 19],
        distinct: vec![18, 17],
        surrogate: vec![3, 2],
        strides: vec![vec![4, 3, 3], vec![5, 5]],
        losses: vec![0.5, 0.25],
    }
}

/// What the exact tier found: a flow `f` of the plan `p`.
pub(super) fn exact_report(moved: Vec<MovedNumber>) -> ExactReport {
    let flows = BTreeMap::from([("f".to_owned(), two_flows())]);
    ExactReport {
        data: BTreeMap::from([("little".to_owned(), "abc".to_owned())]),
        flows: BTreeMap::from([("p".to_owned(), flows)]),
        moved,
        since: None,
    }
}

pub(super) fn moved_rounds() -> MovedNumber {
    MovedNumber {
        plan: "p".into(),
        flow: "f".into(),
        what: "rounds".into(),
        place: "flow 2".into(),
        recorded: "12".into(),
        now: "10".into(),
        by: "-2".into(),
    }
}

pub(super) const RECORDED: RecordedRatio = RecordedRatio {
    bound: 1.4,
    median: 2.0,
    low: 1.9,
    high: 2.1,
};

/// Of nine pairs, with [`RECORDED`] beside it.
pub(super) fn ratio(name: &str, low: f64, high: f64) -> Ratio {
    let interval = Interval {
        median: (low + high) / 2.0,
        low,
        high,
    };
    Ratio {
        name: name.into(),
        measured: Measurement::Done { interval, pairs: 9 },
        lacking: None,
        recorded: Some(RECORDED),
        elsewhere: None,
        bound_share: 0.7,
    }
}

/// The same, measured while another program ran.
pub(super) fn disturbed(name: &str) -> Ratio {
    Ratio {
        lacking: Some(Lacking::Disturbed("of 2 cores 1.1 were there".into())),
        ..ratio(name, 1.0, 1.2)
    }
}

pub(super) fn ratio_report(ratios: Vec<Ratio>) -> RatioReport {
    RatioReport {
        ratios,
        processor: processor("X"),
        since: None,
        known_elsewhere: false,
    }
}

/// A window of so many steps, or with 1 the sequential flow.
pub(super) fn cell(width: usize) -> WindowCell {
    let evaluator = match width {
        1 => EvaluatorKind::Sequential,
        _ => EvaluatorKind::Batched,
    };
    WindowCell {
        dataset: "little".into(),
        split: "standard".into(),
        data_source: "surrogate".into(),
        data_digest: "0123456789abcdef-and-more".into(),
        seed: 1,
        precision: Precision::F64,
        loss: Loss::Logistic,
        model: Model {
            bias: false,
            l2: 0.0,
            kernel: optim::Kernel::Auto,
        },
        start: Start::Zeros,
        kinetic: optim::Kinetic::HalfL2Squared,
        step_size: 0.1,
        steps: 10,
        flows: 2,
        backend: "cpu".into(),
        devices: "cpu".into(),
        workers: 1,
        oversubscribed: false,
        evaluator,
        group: EvaluatorKind::Batched,
        window: Window {
            width,
            tolerance: 0.001,
            relative_to: RelativeTo::Size,
            method: WindowMethod::Picard {
                predictor: Predictor::Copy,
                storage: Storage::Points,
            },
            velocity: Velocity::Carried,
            across_flows: false,
        },
        surrogate_rows: 0,
        tf32: false,
        repeats: 2,
        warmup_flows: 0,
        probe_s: None,
        long_flows: 0,
    }
}

/// A flow whose runs took so many seconds, and so many those of the sequential flow beside each.
pub(super) fn timed(cell: WindowCell, own_s: &[f64], beside_s: &[f64]) -> FoundFlow {
    // In two outer iterations each, a quarter and three quarters.
    let runs = |all: &[f64]| all.iter().map(|s| vec![s / 4.0, 3.0 * s / 4.0]).collect();
    let outcome = Outcome::Measured(MeasuredWindow {
        wall_s: runs(own_s),
        baseline_wall_s: runs(beside_s),
        ..MeasuredWindow::default()
    });
    FoundFlow { cell, outcome }
}

fn report(exact: Vec<MovedNumber>, ratios: Vec<Ratio>) -> Report {
    Report {
        exact: Some(exact_report(exact)),
        ratios: Some(ratio_report(ratios)),
        ..Report::default()
    }
}

#[test]
fn a_report_fails_if_either_tier_does_and_not_for_want_of_one() {
    let holds = || vec![ratio("r", 1.5, 1.6)];
    let below = || vec![ratio("r", 1.0, 1.3)];
    assert!(!report(Vec::new(), holds()).failed());
    assert!(report(vec![moved_rounds()], holds()).failed());
    assert!(report(Vec::new(), below()).failed());
    let neither = Report {
        exact: None,
        ratios: None,
        ..Report::default()
    };
    assert!(!neither.failed());
}

#[test]
fn ratios_that_are_not_judged_are_counted_and_do_not_fail() {
    let open = vec![disturbed("a"), ratio("b", 1.5, 1.6), disturbed("c")];
    let open = report(Vec::new(), open);
    assert_eq!(open.not_judged(), 2);
    assert!(!open.failed());
    let without = Report {
        ratios: None,
        ..open
    };
    assert_eq!(without.not_judged(), 0);
}

#[test]
fn what_is_recorded_replaces_its_own_tier_and_kind_and_keeps_the_rest() {
    let ratios_of = |commit: &str| RecordedRatios {
        origin: origin_at(commit),
        ratios: BTreeMap::from([("r".to_owned(), RECORDED)]),
    };
    let here = processor("X").to_string();
    let old = Recorded {
        exact: Some(RecordedExact {
            origin: origin_at("old"),
            data: BTreeMap::new(),
            flows: BTreeMap::new(),
        }),
        ratios: BTreeMap::from([
            (here.clone(), ratios_of("old")),
            ("Another".to_owned(), ratios_of("older")),
        ]),
        ..Recorded::default()
    };
    let both = report(Vec::new(), vec![ratio("r", 2.9, 3.1)]);
    let anew = both.recorded(&old).unwrap();
    let kinds: Vec<&str> = anew.ratios.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["Another", &here]);
    assert_eq!(anew.ratios["Another"], old.ratios["Another"]);
    assert_eq!(anew.ratios[&here].ratios["r"].median, 3.0);
    let exact = anew.exact.unwrap();
    assert_eq!(exact.flows["p"]["f"], two_flows());
    assert_eq!(exact.data["little"], "abc");
    // A tier that was not run stays as it was.
    let ratios_alone = Report {
        exact: None,
        ..both.clone()
    };
    let anew = ratios_alone.recorded(&old).unwrap();
    assert_eq!(anew.exact, old.exact);
    assert_eq!(anew.ratios[&here].ratios["r"].bound, 2.1);
    let exact_alone = Report {
        ratios: None,
        ..both
    };
    let anew = exact_alone.recorded(&old).unwrap();
    assert_eq!(anew.ratios, old.ratios);
    assert_ne!(anew.exact, old.exact);
}

#[test]
fn what_was_timed_on_a_disturbed_machine_keeps_all_from_being_recorded() {
    let error = report(Vec::new(), vec![disturbed("r")]).recorded(&Recorded::default());
    let error = error.unwrap_err().to_string();
    assert!(error.contains("while `r` was timed of 2 cores"), "{error}");
}

#[test]
fn a_baseline_with_nothing_to_compare_is_refused_by_each_tier() {
    let mut baseline = idle();
    let lab = Lab::new(&baseline).unwrap().on(processor("X"));
    let tiers = [Tier::Exact, Tier::Ratios, Tier::Instructions].map(Some);
    for only in tiers.into_iter().chain([None]) {
        let error = run(&baseline, &lab, only).unwrap_err().to_string();
        assert_eq!(error, "the baseline has nothing to compare", "{only:?}");
    }
    // A bound that nothing measures any more is something: it fails.
    let bounds = RecordedRatios {
        origin: origin_at("old"),
        ratios: BTreeMap::from([("gone".to_owned(), RECORDED)]),
    };
    baseline
        .recorded
        .ratios
        .insert(processor("X").to_string(), bounds);
    let all = run(&baseline, &lab, None).unwrap();
    assert!(all.failed() && all.exact.is_some() && all.ratios.is_some());
    let ratios = run(&baseline, &lab, Some(Tier::Ratios)).unwrap();
    assert!(ratios.failed() && ratios.exact.is_none());
    assert!(run(&baseline, &lab, Some(Tier::Exact)).is_err());
    // Instructions are counted where they are asked for by name alone.
    baseline.instructions = little().instructions;
    for only in [None, Some(Tier::Ratios)] {
        let others = run(&baseline, &lab, only).unwrap();
        assert!(others.instructions.is_none(), "{only:?}");
    }
}

#[test]
fn an_origin_names_twelve_digits_of_the_commit_and_whether_the_tree_differed() {
    let of = |commit: &str| {
        let here = Environment {
            commit: commit.into(),
            build_profile: "release".into(),
            cpu: "X".into(),
            cores: 2,
            ..Environment::current()
        };
        origin_of(&here, "2026-01-02".into())
    };
    let whole = "0123456789abcdef0123456789abcdef01234567";
    assert_eq!(of(whole), origin_at("0123456789ab"));
    let changed = of(&format!("{whole}-changed"));
    assert_eq!(changed, origin_at("0123456789ab-changed"));
    assert_eq!(of("unknown"), origin_at("unknown"));
}
