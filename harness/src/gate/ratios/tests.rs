//! How ratios stand to their bounds, on made-up measurements.

use super::*;
use crate::gate::Presence;
use crate::gate::tests::{
    self as gate, RECORDED, disturbed, little, origin_at, processor, ratio_report,
};

/// Measured between the two, with a bound of 1.4.
fn ratio(low: f64, high: f64) -> Ratio {
    gate::ratio("", low, high)
}

#[test]
fn only_an_interval_that_lies_below_its_bound_as_a_whole_fails() {
    assert_eq!(ratio(1.0, 1.39).standing(), Standing::Below);
    assert_eq!(ratio(1.0, 1.41).standing(), Standing::Holds);
    assert_eq!(ratio(1.5, 1.6).standing(), Standing::Holds);
}

#[test]
fn what_was_timed_on_a_disturbed_machine_neither_fails_nor_passes_nor_is_recorded() {
    for (low, high) in [(1.0, 1.39), (1.5, 1.6)] {
        let disturbed = Ratio {
            lacking: Some(Lacking::Disturbed("of 2 cores 1.1 were there".into())),
            ..ratio(low, high)
        };
        let standing = disturbed.standing();
        assert_eq!(
            standing,
            Standing::NotJudged("of 2 cores 1.1 were there".into())
        );
        assert!(!standing.failed());
        let error = disturbed.to_record().unwrap_err().to_string();
        assert!(error.contains("1.1 were there"), "{error}");
    }
}

#[test]
fn workers_without_cores_of_their_own_are_not_judged_and_not_recorded() {
    let crowded = Ratio {
        lacking: Some(Lacking::Cores {
            workers: 2,
            cores: 1,
        }),
        ..ratio(0.5, 0.6)
    };
    let why = "2 workers on 1 cores".to_owned();
    assert_eq!(crowded.standing(), Standing::NotJudged(why));
    assert_eq!(crowded.to_record().unwrap(), None);
}

#[test]
fn on_another_kind_of_processor_the_floor_counts_and_without_one_nothing() {
    let elsewhere = |low, high, elsewhere| {
        let there = Ratio {
            recorded: None,
            elsewhere,
            ..ratio(low, high)
        };
        there.standing()
    };
    let floor = Some(Elsewhere::Floor(1.0));
    assert_eq!(elsewhere(1.1, 1.3, floor), Standing::Holds);
    assert_eq!(elsewhere(0.8, 0.99, floor), Standing::Below);
    let nothing = elsewhere(0.1, 0.2, Some(Elsewhere::Nothing));
    assert!(matches!(nothing, Standing::NotJudged(_)), "{nothing:?}");
    assert_eq!(elsewhere(1.1, 1.3, None), Standing::NotRecorded);
}

#[test]
fn an_interval_that_reaches_its_bound_holds() {
    assert_eq!(ratio(1.0, 1.4).standing(), Standing::Holds);
}

#[test]
fn what_is_below_its_bound_or_has_none_or_was_not_measured_fails() {
    for fails in [
        Standing::Below,
        Standing::NotRecorded,
        Standing::NotMeasured,
    ] {
        assert!(fails.failed(), "{fails:?}");
    }
    assert!(!Standing::Holds.failed());
    assert!(!Standing::NotJudged(String::new()).failed());
}

#[test]
fn what_is_recorded_is_the_bound_and_only_without_it_the_floor() {
    let floor = Some(Elsewhere::Floor(1.1));
    let of = |recorded, elsewhere| {
        let ratio = Ratio {
            recorded,
            elsewhere,
            ..ratio(1.0, 2.0)
        };
        ratio.bound()
    };
    assert_eq!(of(Some(RECORDED), floor), Some(1.4));
    assert_eq!(of(None, floor), Some(1.1));
    assert_eq!(of(None, Some(Elsewhere::Nothing)), None);
    assert_eq!(of(None, None), None);
}

#[test]
fn the_bound_that_is_recorded_is_its_share_of_the_median_in_hundredths() {
    let measured = Ratio {
        bound_share: 0.6,
        ..ratio(1.994, 3.006)
    };
    let expected = RecordedRatio {
        bound: 1.5,
        median: 2.5,
        low: 1.99,
        high: 3.01,
    };
    assert_eq!(measured.to_record().unwrap(), Some(expected));
    assert_eq!(hundredths(0.126), 0.13);
}

#[test]
fn what_failed_cannot_be_recorded_and_what_nothing_measures_is_dropped() {
    let of = |measured| Ratio {
        name: "r".into(),
        measured,
        ..ratio(1.0, 2.0)
    };
    let failed = of(Measurement::Failed("no memory".into()));
    assert_eq!(failed.standing(), Standing::NotMeasured);
    assert_eq!(
        failed.to_record().unwrap_err().to_string(),
        "`r` failed, and that is nothing to record: no memory"
    );
    let unknown = of(Measurement::Unknown);
    assert_eq!(unknown.standing(), Standing::NotMeasured);
    let kept = gate::ratio("kept", 1.5, 1.6);
    let report = ratio_report(vec![unknown, kept]);
    assert!(report.failed());
    let recorded = report.recorded(origin_at("c0")).unwrap();
    assert_eq!(recorded.origin, origin_at("c0"));
    assert_eq!(recorded.ratios.keys().collect::<Vec<_>>(), ["kept"]);
    assert!(
        ratio_report(vec![failed])
            .recorded(origin_at("c0"))
            .is_err()
    );
}

#[test]
fn one_ratio_below_its_bound_fails_all_and_one_not_judged_none() {
    let holds = || gate::ratio("a", 1.5, 1.6);
    let below = gate::ratio("b", 1.0, 1.3);
    assert!(ratio_report(vec![holds(), below]).failed());
    let open = ratio_report(vec![holds(), disturbed("c"), disturbed("d")]);
    assert!(!open.failed() && !open.is_empty());
    assert_eq!(open.not_judged(), 2);
    let empty = ratio_report(Vec::new());
    assert!(empty.is_empty() && !empty.failed());
    assert_eq!(empty.not_judged(), 0);
}

/// Four pairs of 3 and 2 seconds, on a quiet machine.
fn pairs(name: &str, share: Option<f64>, elsewhere: Option<f64>) -> Pairs {
    Pairs {
        name: name.into(),
        share,
        elsewhere,
        timed: Ok(TimedPairs {
            pairs: vec![(3.0, 2.0); 4],
            presence: Presence::default(),
        }),
    }
}

/// On the processor `X`, beside what is recorded of `r` on the kinds of these names.
fn beside(kinds: &[&str], all: Vec<Pairs>) -> Result<RatioReport> {
    let mut baseline = little();
    for kind in kinds {
        let recorded = RecordedRatios {
            origin: origin_at(kind),
            ratios: BTreeMap::from([("r".to_owned(), RECORDED)]),
        };
        let kind = processor(kind).to_string();
        baseline.recorded.ratios.insert(kind, recorded);
    }
    let lab = Lab::new(&baseline)?.on(processor("X"));
    beside_recorded(&baseline, &lab, all)
}

#[test]
fn a_ratio_has_the_interval_of_its_pairs_and_its_own_share_or_that_of_all() {
    let all = vec![pairs("r", None, None), pairs("s", Some(0.5), None)];
    let report = beside(&[], all).unwrap();
    let interval = Interval {
        median: 1.5,
        low: 1.5,
        high: 1.5,
    };
    let expected = Measurement::Done { interval, pairs: 4 };
    assert!(report.ratios.iter().all(|r| r.measured == expected));
    let shares: Vec<f64> = report.ratios.iter().map(|r| r.bound_share).collect();
    assert_eq!(shares, [0.7, 0.5]);
    assert_eq!(report.processor, processor("X"));
}

#[test]
fn a_ratio_is_held_to_the_bounds_of_its_own_kind_and_to_a_floor_only_without_them() {
    let of = |kinds: &[&str], name: &str, floor: Option<f64>| {
        let report = beside(kinds, vec![pairs(name, None, floor)]).unwrap();
        let ratio = &report.ratios[0];
        (ratio.recorded, ratio.elsewhere)
    };
    let floor = Some(Elsewhere::Floor(1.1));
    // Nothing is recorded yet, for any kind.
    assert_eq!(of(&[], "r", Some(1.1)), (None, None));
    assert_eq!(of(&["X"], "r", Some(1.1)), (Some(RECORDED), None));
    assert_eq!(of(&["X", "Y"], "r", Some(1.1)), (Some(RECORDED), None));
    // A new ratio has to be recorded where others are.
    assert_eq!(of(&["X", "Y"], "new", Some(1.1)), (None, None));
    assert_eq!(of(&["Y"], "r", Some(1.1)), (None, floor));
    assert_eq!(of(&["Y"], "r", None), (None, Some(Elsewhere::Nothing)));
}

#[test]
fn a_report_says_when_its_kind_was_recorded_and_whether_others_were() {
    let of = |kinds: &[&str]| {
        let report = beside(kinds, vec![pairs("r", None, None)]).unwrap();
        let since = report.since.map(|origin| origin.commit);
        (since, report.known_elsewhere)
    };
    assert_eq!(of(&[]), (None, false));
    assert_eq!(of(&["X"]), (Some("X".into()), false));
    assert_eq!(of(&["Y"]), (None, true));
    assert_eq!(of(&["X", "Y"]), (Some("X".into()), true));
}

#[test]
fn a_bound_that_nothing_measures_follows_the_others_and_fails() {
    let report = beside(&["X"], vec![pairs("new", None, None)]).unwrap();
    let names: Vec<&str> = report.ratios.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["new", "r"]);
    let gone = &report.ratios[1];
    assert_eq!(gone.measured, Measurement::Unknown);
    assert_eq!(gone.recorded, Some(RECORDED));
    assert_eq!(gone.standing(), Standing::NotMeasured);
    // On another kind it is not missed.
    let there = beside(&["Y"], vec![pairs("new", None, None)]).unwrap();
    assert_eq!(there.ratios.len(), 1);
}

#[test]
fn two_ratios_of_one_name_are_refused() {
    let twice = vec![pairs("r", None, None), pairs("r", None, None)];
    let error = beside(&[], twice).unwrap_err().to_string();
    assert_eq!(error, "two ratios are both called `r`");
}

#[test]
fn pairs_that_failed_or_are_none_say_why() {
    let failed = Pairs {
        timed: Err(anyhow::anyhow!("no memory").context("the flow")),
        ..pairs("failed", None, None)
    };
    let none = Pairs {
        timed: Ok(TimedPairs {
            pairs: Vec::new(),
            presence: Presence::default(),
        }),
        ..pairs("none", None, None)
    };
    let report = beside(&[], vec![failed, none]).unwrap();
    let why = |text: &str| Measurement::Failed(text.into());
    assert_eq!(report.ratios[0].measured, why("the flow: no memory"));
    let hint = "no pairs: does the plan say `repeats`?";
    assert_eq!(report.ratios[1].measured, why(hint));
}

#[test]
fn what_the_machine_lacked_is_said_of_the_ratio_that_was_timed_meanwhile() {
    let mut busy = pairs("busy", None, None);
    busy.timed.as_mut().unwrap().presence = Presence {
        workers: 2,
        capacity: Some(0.55),
        ..Presence::default()
    };
    let report = beside(&[], vec![pairs("quiet", None, None), busy]).unwrap();
    assert_eq!(report.ratios[0].lacking, None);
    let why = Lacking::Disturbed("of 2 cores 1.1 were there".into());
    assert_eq!(report.ratios[1].lacking, Some(why));
}
