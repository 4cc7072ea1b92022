//! What is accepted as a baseline, and what becomes of its file.

use super::*;
use crate::gate::tests::{LITTLE, RECORDED as RATIO, origin_at, parsed};

fn something_recorded(median: f64) -> Recorded {
    let ratio = RecordedRatio { median, ..RATIO };
    let kind = RecordedRatios {
        origin: origin_at("c0"),
        ratios: BTreeMap::from([("r".to_owned(), ratio)]),
    };
    Recorded {
        exact: None,
        ratios: BTreeMap::from([("X, 2 cores, avx2".to_owned(), kind)]),
        ..Recorded::default()
    }
}

#[test]
fn what_people_wrote_is_kept_byte_for_byte_and_what_is_below_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gate.yaml");
    // With and without an end of the last line.
    for text in [LITTLE, LITTLE.trim_end()] {
        std::fs::write(&path, text).unwrap();
        let mut baseline = Baseline::read(&path).unwrap();
        assert_eq!(baseline.path(), path);
        assert_eq!(baseline.recorded, Recorded::default());
        // The second takes the place of the first.
        for median in [3.0, 2.5] {
            let recorded = something_recorded(median);
            baseline.update(recorded.clone()).unwrap();
            assert_eq!(baseline.recorded, recorded);
            let written = std::fs::read_to_string(&path).unwrap();
            let below = record::text(&recorded).unwrap();
            assert_eq!(written, format!("{}\n{below}", LITTLE.trim_end()));
            assert_eq!(Baseline::read(&path).unwrap().recorded, recorded);
        }
    }
}

#[test]
fn an_update_that_would_not_read_as_it_was_meant_leaves_all_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gate.yaml");
    std::fs::write(&path, LITTLE).unwrap();
    let mut baseline = Baseline::read(&path).unwrap();
    let error = baseline.update(something_recorded(f64::NAN)).unwrap_err();
    let error = format!("{error:#}");
    assert!(error.contains("the updated baseline"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), LITTLE);
    assert_eq!(baseline.recorded, Recorded::default());
}

#[test]
fn a_baseline_that_is_not_there_is_named() {
    let error = Baseline::read(Path::new("/nowhere/gate.yaml")).err();
    let error = format!("{:#}", error.unwrap());
    assert!(error.contains("/nowhere/gate.yaml"), "{error}");
}

#[test]
fn what_is_written_by_people_ends_before_the_line_that_begins_with_the_key() {
    let above = |text: &str| above_recorded(text);
    assert_eq!(above("a: 1\n").unwrap(), "a: 1\n");
    assert_eq!(above("a: 1").unwrap(), "a: 1\n");
    let with = "a: 1\nrecorded:\n  exact: null\n";
    assert_eq!(above(with).unwrap(), "a: 1\n");
    // A key of the same name further in is people's.
    let within = "a:\n  recorded: 1\nb: 2\n";
    assert_eq!(above(within).unwrap(), within);
}

#[test]
fn keys_that_an_update_would_lose_are_refused() {
    for text in [
        "a: 1\nrecorded: {}\nb: 2\n",
        "recorded: {}\na: 1\n",
        "a: 1\n\"recorded\": {}\n",
    ] {
        let error = above_recorded(text).unwrap_err().to_string();
        assert!(error.contains("has to be its last key"), "{text}: {error}");
    }
}

/// Why the small baseline is refused with `to` in place of `from`.
fn refused(from: &str, to: &str) -> String {
    assert!(LITTLE.contains(from), "{from}");
    let text = LITTLE.replacen(from, to, 1);
    let error = Baseline::parse(Path::new("gate.yaml"), &text).err();
    format!("{:#}", error.unwrap_or_else(|| panic!("{to} is accepted")))
}

#[test]
fn digits_that_a_loss_does_not_have_are_refused() {
    for digits in [0, 16] {
        let error = refused("digits: 6", &format!("digits: {digits}"));
        let expected = format!("exact.digits is {digits}, but lies from 1 to 15");
        assert_eq!(error, expected);
    }
    for digits in [1, 15] {
        let text = LITTLE.replace("digits: 6", &format!("digits: {digits}"));
        assert_eq!(parsed(&text).exact.digits, digits);
    }
}

#[test]
fn a_share_with_which_a_bound_is_no_bound_is_refused_wherever_it_stands() {
    for share in ["0.0", "1.0", "-0.5"] {
        for (from, to) in [
            ("bound_share: 0.7", "bound_share: SHARE"),
            ("elsewhere: {", "bound_share: SHARE, elsewhere: {"),
            ("points: 2", "bound_share: SHARE, points: 2"),
        ] {
            let error = refused(from, &to.replace("SHARE", share));
            assert!(error.contains("but lies between 0 and 1"), "{to}: {error}");
        }
    }
    let own = LITTLE.replace("points: 2", "bound_share: 0.99, points: 2");
    assert_eq!(parsed(&own).ratios.kernels[0].bound_share, Some(0.99));
}

#[test]
fn a_floor_that_is_no_ratio_is_refused_by_its_data_set() {
    for floor in ["0.0", "-1.0"] {
        let flow = format!("{{little: {floor}}}");
        let kernel = format!("elsewhere: {{little: {floor}}}, points: 2");
        for error in [
            refused("{little: 0.05}", &flow),
            refused("points: 2", &kernel),
        ] {
            assert!(error.starts_with("elsewhere.little is "), "{error}");
        }
    }
}

#[test]
fn a_kernel_that_is_not_timed_is_refused_by_the_name_of_its_ratio() {
    for (from, to) in [
        ("points: 2", "points: 0"),
        ("pairs: 6", "pairs: 0"),
        ("calls: 1", "calls: 0"),
    ] {
        let error = refused(from, to);
        assert!(error.contains("`sparse over composed`"), "{to}: {error}");
    }
}

#[test]
fn a_leeway_that_is_no_share_and_a_count_of_no_points_are_refused() {
    for leeway in ["1.0", "-0.1"] {
        let error = refused("leeway: 0.02", &format!("leeway: {leeway}"));
        assert!(error.ends_with("but lies from 0 to 1"), "{error}");
    }
    let error = refused("points: 3", "points: 0");
    assert!(error.contains("`gradient at three points`"), "{error}");
}

#[test]
fn instructions_are_listed_by_gradients_or_by_flows() {
    let mut listed = parsed(LITTLE).instructions;
    assert!(!listed.is_empty());
    let gradients = std::mem::take(&mut listed.gradients);
    assert!(!listed.is_empty(), "flows alone");
    listed.flows.clear();
    assert!(listed.is_empty());
    listed.gradients = gradients;
    assert!(!listed.is_empty(), "gradients alone");
}
