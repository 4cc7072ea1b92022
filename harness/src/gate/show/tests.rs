//! What is said of made-up findings.

use super::*;
use crate::gate::Lacking;
use crate::gate::tests::{
    disturbed, exact_report, moved_rounds, origin_at, processor, ratio, ratio_report,
};

fn exact_text(report: ExactReport) -> String {
    let exact = Some(report);
    terminal(&Report {
        exact,
        ratios: None,
        ..Report::default()
    })
}

fn ratios_text(report: RatioReport) -> String {
    let ratios = Some(report);
    terminal(&Report {
        exact: None,
        ratios,
        ..Report::default()
    })
}

#[test]
fn the_exact_tier_is_a_line_where_nothing_moved_or_nothing_is_recorded() {
    let same = ExactReport {
        since: Some(origin_at("c0")),
        ..exact_report(Vec::new())
    };
    let expected = "Exact: all of 1 flows are as recorded at c0 on 2026-01-02\n";
    assert_eq!(exact_text(same), expected);
    let first = exact_text(exact_report(vec![moved_rounds()]));
    assert_eq!(first, "Exact: 1 flows, nothing recorded yet\n");
}

#[test]
fn a_flow_that_moved_is_counted_once_and_each_of_its_numbers_has_a_row() {
    let loss = crate::gate::exact::MovedNumber {
        what: "loss".into(),
        by: "+1.0e-2 of it".into(),
        ..moved_rounds()
    };
    let text = exact_text(ExactReport {
        since: Some(origin_at("c0")),
        ..exact_report(vec![moved_rounds(), loss])
    });
    let headline = "Exact: 1 moved, of 1 flows, recorded at c0 on 2026-01-02\n";
    assert!(text.starts_with(headline), "{text}");
    for parts in [
        ["p: f", "rounds", "flow 2", "12", "10", "-2"],
        // Its name stands above.
        ["", "loss", "flow 2", "12", "10", "+1.0e-2 of it"],
    ] {
        let row = text.lines().find(|line| line.contains(parts[1])).unwrap();
        assert!(parts.iter().all(|part| row.contains(part)), "{row}");
    }
}

#[test]
fn two_tiers_have_a_line_between_them_and_one_has_none() {
    let exact = exact_report(Vec::new());
    let ratios = ratio_report(vec![ratio("r", 1.5, 1.7)]);
    let first = exact_text(exact.clone());
    let second = ratios_text(ratios.clone());
    assert!(second.starts_with("Ratios: "), "{second}");
    let both = terminal(&Report {
        exact: Some(exact),
        ratios: Some(ratios),
        ..Report::default()
    });
    assert_eq!(both, format!("{first}\n{second}"));
}

#[test]
fn the_headline_of_the_ratios_says_how_many_fail_and_whose_bounds_count() {
    let new = ratio_report(vec![ratio("a", 1.5, 1.7), ratio("b", 1.0, 1.2)]);
    assert_eq!(headline(&new), "Ratios: 1 of 2 fail, nothing recorded yet");
    let known = RatioReport {
        since: Some(origin_at("c0")),
        ..ratio_report(vec![disturbed("a")])
    };
    assert_eq!(
        headline(&known),
        "Ratios: 0 of 1 fail, 1 not judged, recorded at c0 on 2026-01-02 for this kind of processor (X, 2 cores, avx2; X, 2 cores, release)"
    );
    let elsewhere = RatioReport {
        processor: processor("Y"),
        known_elsewhere: true,
        ..ratio_report(Vec::new())
    };
    let text = headline(&elsewhere);
    let expected =
        "Ratios: 0 of 0 fail; no bounds are recorded for this kind of processor (Y, 2 cores, avx2)";
    assert!(text.starts_with(expected), "{text}");
}

fn measured(measured: Measurement) -> Ratio {
    Ratio {
        measured,
        ..ratio("measured", 1.0, 2.0)
    }
}

#[test]
fn a_ratio_has_a_row_with_what_was_measured_what_is_recorded_and_its_verdict() {
    let row = |ratio: Ratio| {
        let name = ratio.name.clone();
        let text = ratios_text(ratio_report(vec![ratio]));
        let row = text.lines().find(|line| line.trim().starts_with(&name));
        row.unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    let holds = row(ratio("first", 1.4, 1.6));
    for part in [
        "1.50x [1.40, 1.60]",
        " 9 ",
        "2.00x [1.90, 2.10]",
        "-25 %",
        " 1.40x ",
        "holds",
    ] {
        assert!(holds.contains(part), "{part}: {holds}");
    }
    assert!(row(ratio("second", 1.0, 1.2)).contains("BELOW ITS BOUND"));
    let open = row(disturbed("third"));
    assert!(open.contains("not judged: of 2 cores 1.1 were there"));
    let failed = row(measured(Measurement::Failed("no memory".into())));
    assert!(failed.contains("no memory") && failed.contains("NOT MEASURED"));
    assert!(row(measured(Measurement::Unknown)).contains("in no plan"));
    let new = Ratio {
        recorded: None,
        ..ratio("new", 1.0, 2.0)
    };
    assert!(row(new).contains("NOT RECORDED"));
}

#[test]
fn a_median_moved_by_its_share_of_the_recorded_one_if_there_are_both() {
    assert_eq!(by(&ratio("r", 2.5, 3.5)), Some(0.5));
    assert_eq!(by(&measured(Measurement::Unknown)), None);
    let new = Ratio {
        recorded: None,
        ..ratio("r", 1.0, 2.0)
    };
    assert_eq!(by(&new), None);
}

#[test]
fn only_ratios_that_were_measured_are_written_with_their_median_range_and_bound() {
    let lacking = Lacking::Cores {
        workers: 2,
        cores: 1,
    };
    let open = Ratio {
        recorded: None,
        lacking: Some(lacking),
        ..ratio("b", 1.0, 2.0)
    };
    let all = vec![
        ratio("a", 1.4, 1.6),
        measured(Measurement::Failed("no memory".into())),
        open,
    ];
    let text = json(&Report {
        exact: None,
        ratios: Some(ratio_report(all)),
        ..Report::default()
    });
    let text = text.unwrap();
    assert!(text.ends_with("]\n"), "{text}");
    let read: serde_json::Value = serde_json::from_str(&text).unwrap();
    let one = |name: &str, range: &str, extra: &str| serde_json::json!({"name": name, "unit": "x", "value": 1.5, "range": range, "extra": extra});
    let expected = [
        one("a", "1.400 to 1.600", "median of 9 pairs; bound 1.40x"),
        one(
            "b",
            "1.000 to 2.000",
            "median of 9 pairs; 2 workers on 1 cores",
        ),
    ];
    assert_eq!(read.as_array().unwrap(), &expected);
    let nothing = Report {
        exact: None,
        ratios: None,
        ..Report::default()
    };
    assert_eq!(json(&nothing).unwrap(), "[]\n");
}

fn counts(now: u64, since: Option<Origin>, missing: Option<&str>) -> String {
    use crate::gate::instructions::{InstructionCount, InstructionReport};
    let count = |name: &str, now, recorded: Option<u64>| InstructionCount {
        name: name.into(),
        now,
        recorded,
        most: recorded.map(|count| count + 20),
    };
    let recorded = since.as_ref().map(|_| 1000);
    let mut counts = vec![count("a", Some(now), recorded), count("b", None, Some(5))];
    // Listed since they were recorded.
    counts.extend(recorded.map(|_| count("c", Some(7), None)));
    let report = InstructionReport {
        counts,
        kind: "rustc 1".into(),
        since,
        missing: missing.map(str::to_owned),
    };
    terminal(&Report {
        instructions: Some(report),
        ..Report::default()
    })
}

#[test]
fn counted_instructions_say_what_they_are_held_to_and_what_takes_more() {
    let text = counts(1030, Some(origin_at("c0")), None);
    let headline = "Instructions: 3 counted, recorded at c0 on 2026-01-02 (rustc 1)\n";
    assert!(text.starts_with(headline), "{text}");
    let row = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(row(" a ").contains("MORE THAN IT MAY BE"), "{text}");
    assert!(row(" b ").contains("NOT COUNTED"), "{text}");
    assert!(row(" c ").contains("NOT RECORDED"), "{text}");
    assert!(counts(1020, Some(origin_at("c0")), None).contains("holds"));
}

#[test]
fn instructions_that_are_not_judged_say_why() {
    let unknown = counts(10, None, None);
    let why = "Instructions: 2 counted, not judged: none are recorded for rustc 1\n";
    assert!(unknown.starts_with(why), "{unknown}");
    assert!(!unknown.contains("NOT"), "{unknown}");
    let missing = counts(10, None, Some("there is no valgrind here"));
    assert_eq!(
        missing,
        "Instructions: not counted, as there is no valgrind here\n"
    );
}
