//! What is said of made-up counts, and what is counted.

use super::*;
use crate::gate::tests::{little, origin_at};

fn of(found: &[(&str, u64)], recorded: Option<&[(&str, u64)]>) -> InstructionReport {
    let map = |counts: &[(&str, u64)]| -> BTreeMap<String, u64> {
        counts.iter().map(|(n, c)| ((*n).to_owned(), *c)).collect()
    };
    let recorded = recorded.map(|counts| RecordedInstructions {
        origin: origin_at("c0"),
        counts: map(counts),
    });
    beside_recorded(0.02, "this kind".into(), Ok(map(found)), recorded.as_ref())
}

#[test]
fn a_count_may_rise_by_its_leeway_and_fall_by_anything() {
    let failed = |now| of(&[("a", now)], Some(&[("a", 1000)])).failed();
    assert!(!failed(1020) && !failed(10));
    assert!(failed(1021));
    let by = of(&[("a", 1500)], Some(&[("a", 1000)])).counts[0].by();
    assert_eq!(by, Some(0.5));
}

#[test]
fn where_a_kind_is_recorded_every_count_has_to_be() {
    assert!(of(&[("a", 10), ("b", 10)], Some(&[("a", 10)])).failed());
    let gone = of(&[("a", 10)], Some(&[("a", 10), ("b", 10)]));
    assert!(gone.failed());
    assert_eq!((gone.counts[1].now, gone.counts[1].by()), (None, None));
}

#[test]
fn a_kind_that_is_not_recorded_is_not_judged_and_can_be_recorded() {
    let report = of(&[("a", 10)], None);
    assert!(!report.failed());
    let why = report.not_judged().unwrap();
    assert_eq!(why, "none are recorded for this kind");
    let recorded = report.recorded(origin_at("c1")).unwrap();
    assert_eq!(recorded.counts["a"], 10);
}

#[test]
fn without_valgrind_nothing_is_judged_nor_recorded() {
    let missing = Err("there is no valgrind here".to_owned());
    let report = beside_recorded(0.02, String::new(), missing, None);
    assert!(!report.failed());
    assert_eq!(report.not_judged().unwrap(), "there is no valgrind here");
    assert!(report.recorded(origin_at("c1")).is_err());
}

#[test]
fn what_callgrind_wrote_is_read_by_its_total() {
    let part = "desc: Trigger: --dump-before=x\nevents: Ir\nsummary: 7\n\ntotals: 7473\n";
    assert_eq!(total(part).unwrap(), 7473);
    assert!(total("events: Ir\n").is_err());
    assert!(total("totals: many\n").is_err());
}

#[test]
fn everything_that_is_listed_is_done_and_named_in_its_order() {
    let baseline = little();
    let lab = Lab::new(&baseline).unwrap();
    let said = counted(&baseline, &lab).unwrap();
    assert_eq!(
        said[1..],
        ["gradient at three points", "flow in a secant window"]
    );
}
