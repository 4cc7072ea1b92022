//! The regression gate on a small baseline: what it finds out, what it says, what it records.

mod common;

use candle_core::{DType, Device, Tensor};
use common::{House, run, stderr};
use harness::gate::baseline::{Baseline, Recorded};
use harness::gate::ratios::Standing;
use harness::gate::{self, Lab, Presence, Processor, Report, Tier, show};
use optim::{Cost, Potential};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

const LITTLE: &str = include_str!("common/regression.yaml");

/// A folder with the small baseline.
fn house() -> (House, PathBuf) {
    let house = House::new();
    let path = house.folder.path().join("gate.yaml");
    std::fs::write(&path, LITTLE).unwrap();
    (house, path)
}

/// A lab that has the whole machine to itself, whatever else runs.
fn lab(baseline: &Baseline) -> Lab {
    Lab::new(baseline).unwrap().seeing(Presence::default())
}

fn gate(baseline: &Baseline, only: Tier) -> Report {
    gate::run(baseline, &lab(baseline), Some(only)).unwrap()
}

/// Some processor that nobody has.
fn another() -> Processor {
    Processor {
        model: "Another".into(),
        cores: 2,
        instructions: Vec::new(),
    }
}

/// The kind that bounds are recorded for by this machine.
fn here() -> String {
    Processor::here().to_string()
}

/// The small baseline with what one tier finds recorded in its file.
fn recorded(path: &Path, only: Tier) -> Baseline {
    let mut baseline = Baseline::read(path).unwrap();
    let report = gate(&baseline, only);
    baseline
        .update(report.recorded(&baseline.recorded).unwrap())
        .unwrap();
    Baseline::read(path).unwrap()
}

/// Replaces what stands once in a file.
fn alter(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn what_was_recorded_holds_and_is_read_as_it_was_written() {
    let (_house, path) = house();
    let baseline = recorded(&path, Tier::Exact);
    let report = gate(&baseline, Tier::Exact);
    assert!(!report.failed(), "{}", show::terminal(&report));
    let found = report.exact.unwrap();
    assert_eq!(found.flows, baseline.recorded.exact.unwrap().flows);
    assert_eq!(found.count(), 3);
    let secant = "little half-l2-squared, batched W=4 secant M=6 across m=20";
    let values = &found.flows["little-windows"][secant];
    assert!(values.surrogate.iter().sum::<u64>() > 0);
    assert_eq!(values.strides.iter().flatten().sum::<usize>(), 20);
}

#[test]
fn a_stride_other_than_recorded_fails_and_its_row_says_where_and_by_how_much() {
    let (_house, path) = house();
    let mut baseline = recorded(&path, Tier::Exact);
    let flow = "little half-l2-squared, batched W=4 copy";
    let exact = baseline.recorded.exact.as_mut().unwrap();
    let values = exact.flows.get_mut("little-windows").unwrap();
    values.get_mut(flow).unwrap().strides[1][2] += 1;
    let report = gate(&baseline, Tier::Exact);
    assert!(report.failed());
    let moved = &report.exact.as_ref().unwrap().moved;
    assert_eq!(moved.len(), 1, "{moved:?}");
    assert_eq!(
        (moved[0].flow.as_str(), moved[0].what.as_str()),
        (flow, "strides")
    );
    assert_eq!(
        (moved[0].place.as_str(), moved[0].by.as_str()),
        ("flow 2, round 3", "-1")
    );
    let text = show::terminal(&report);
    assert!(text.contains("1 moved, of 3 flows, recorded at "), "{text}");
    assert!(text.contains(flow), "{text}");
}

#[test]
fn flows_with_another_tolerance_are_found_out_by_their_strides() {
    let (_house, path) = house();
    recorded(&path, Tier::Exact);
    alter(&path, "tolerance: 0.001", "tolerance: 0.3");
    let report = gate(&Baseline::read(&path).unwrap(), Tier::Exact);
    assert!(report.failed());
    let moved = report.exact.unwrap().moved;
    for what in ["strides", "rounds", "loss"] {
        let row = moved.iter().find(|row| row.what == what);
        let row = row.unwrap_or_else(|| panic!("no {what} in {moved:?}"));
        assert!(row.flow.contains("W=4"), "{row:?}");
    }
    let sequential = |flow: &str| flow.contains("sequential");
    assert!(!moved.iter().any(|row| sequential(&row.flow)), "{moved:?}");
}

#[test]
fn flows_that_come_or_go_fail_until_they_are_recorded() {
    let (_house, path) = house();
    recorded(&path, Tier::Exact);
    alter(
        &path,
        "memory: 6, surrogate_rows",
        "memory: 5, surrogate_rows",
    );
    let report = gate(&Baseline::read(&path).unwrap(), Tier::Exact);
    let text = show::terminal(&report);
    assert!(
        text.contains("in no plan") && text.contains("not recorded"),
        "{text}"
    );
    assert!(report.failed());
    let again = gate(&recorded(&path, Tier::Exact), Tier::Exact);
    assert!(!again.failed());
}

/// A potential that takes its time.
struct Slow(Arc<dyn Potential>);

impl Slow {
    /// Thousands of times what these gradients take.
    fn wait() {
        std::thread::sleep(Duration::from_millis(4));
    }
}

impl Potential for Slow {
    fn dimension(&self) -> usize {
        self.0.dimension()
    }

    fn dtype(&self) -> DType {
        self.0.dtype()
    }

    fn device(&self) -> &Device {
        self.0.device()
    }

    fn value(&self, point: &Tensor) -> optim::Result<f64> {
        self.0.value(point)
    }

    fn gradient(&self, point: &Tensor) -> optim::Result<Tensor> {
        Self::wait();
        self.0.gradient(point)
    }

    fn gradients(&self, points: &Tensor) -> optim::Result<Tensor> {
        Self::wait();
        self.0.gradients(points)
    }

    fn cost(&self, points: usize) -> Cost {
        self.0.cost(points)
    }
}

#[test]
fn a_window_and_a_kernel_that_got_slow_fall_below_their_bounds() {
    let (_house, path) = house();
    let baseline = recorded(&path, Tier::Ratios);
    let slow = lab(&baseline).through(Arc::new(|of| Arc::new(Slow(of))));
    let report = gate::run(&baseline, &slow, Some(Tier::Ratios)).unwrap();
    assert!(report.failed());
    let ratios = &report.ratios.as_ref().unwrap().ratios;
    for name in ["window over flow, little", "sparse over composed, little"] {
        let ratio = ratios.iter().find(|ratio| ratio.name == name).unwrap();
        assert_eq!(ratio.standing(), Standing::Below, "{ratio:?}");
        let text = show::terminal(&report);
        let row = text.lines().find(|line| line.contains(name)).unwrap();
        assert!(row.contains("BELOW ITS BOUND"), "{text}");
    }
}

#[test]
fn a_machine_of_which_a_part_was_gone_neither_fails_nor_passes_a_ratio() {
    let (_house, path) = house();
    let baseline = recorded(&path, Tier::Ratios);
    let busy = Presence {
        workers: 2,
        capacity: Some(0.55),
        ..Presence::default()
    };
    // Slow as well, so that without the guard it would fail.
    let lab = lab(&baseline).seeing(busy);
    let slow = lab.through(Arc::new(|of| Arc::new(Slow(of))));
    let report = gate::run(&baseline, &slow, Some(Tier::Ratios)).unwrap();
    assert!(!report.failed(), "{}", show::terminal(&report));
    assert_eq!(report.not_judged(), 3);
    let text = show::terminal(&report);
    assert!(text.contains("0 of 3 fail, 3 not judged"), "{text}");
    assert!(
        text.contains("not judged: of 2 cores 1.1 were there"),
        "{text}"
    );
    let error = report.recorded(&baseline.recorded).unwrap_err().to_string();
    assert!(error.contains("nothing to record"), "{error}");
    let json = show::json(&report).unwrap();
    assert!(json.contains("of 2 cores 1.1 were there"), "{json}");
}

#[test]
fn another_kind_of_processor_is_held_to_what_carries_over_and_recorded_beside_the_others() {
    let (_house, path) = house();
    let mut baseline = recorded(&path, Tier::Ratios);
    let there = || lab(&baseline).on(another());
    let report = gate::run(&baseline, &there(), Some(Tier::Ratios)).unwrap();
    let standing = |report: &Report, name: &str| {
        let ratios = &report.ratios.as_ref().unwrap().ratios;
        let found = ratios.iter().find(|ratio| ratio.name == name);
        found.unwrap().standing()
    };
    assert_eq!(
        standing(&report, "window over flow, little"),
        Standing::Holds
    );
    let without_floor = standing(&report, "secant over window, little");
    assert!(
        matches!(without_floor, Standing::NotJudged(_)),
        "{without_floor:?}"
    );
    assert!(!report.failed());
    let text = show::terminal(&report);
    assert!(
        text.contains("no bounds are recorded for this kind"),
        "{text}"
    );
    assert!(text.contains("Another, 2 cores"), "{text}");
    // What a window falls to that waits thousands of times too long is below any floor.
    let slow = there().through(Arc::new(|of| Arc::new(Slow(of))));
    let slow = gate::run(&baseline, &slow, Some(Tier::Ratios)).unwrap();
    assert_eq!(standing(&slow, "window over flow, little"), Standing::Below);
    let anew = report.recorded(&baseline.recorded).unwrap();
    assert_eq!(anew.ratios[&here()], baseline.recorded.ratios[&here()]);
    assert_eq!(anew.ratios.len(), 2);
    baseline.update(anew.clone()).unwrap();
    let again = Baseline::read(&path).unwrap();
    assert_eq!(again.recorded, anew);
    let held = gate::run(&again, &lab(&again).on(another()), Some(Tier::Ratios)).unwrap();
    let text = show::terminal(&held);
    assert!(
        text.contains("for this kind of processor (Another, 2 cores"),
        "{text}"
    );
}

#[test]
fn the_exact_tier_counts_on_every_kind_of_processor() {
    let (_house, path) = house();
    let mut baseline = recorded(&path, Tier::Exact);
    let flows = &mut baseline.recorded.exact.as_mut().unwrap().flows;
    flows
        .values_mut()
        .flat_map(|plan| plan.values_mut())
        .for_each(|values| values.rounds[0] += 1);
    let there = lab(&baseline).on(another());
    assert!(
        gate::run(&baseline, &there, Some(Tier::Exact))
            .unwrap()
            .failed()
    );
}

#[test]
fn a_ratio_without_a_bound_and_a_bound_without_a_ratio_fail() {
    let (_house, path) = house();
    let mut baseline = recorded(&path, Tier::Ratios);
    let of = &mut baseline.recorded.ratios.get_mut(&here()).unwrap().ratios;
    let bound = of.remove("secant over window, little").unwrap();
    of.insert("another".into(), bound);
    let report = gate(&baseline, Tier::Ratios).ratios.unwrap();
    let standing = |name: &str| {
        let ratio = report.ratios.iter().find(|ratio| ratio.name == name);
        ratio.unwrap().standing()
    };
    assert_eq!(standing("another"), Standing::NotMeasured);
    assert_eq!(
        standing("secant over window, little"),
        Standing::NotRecorded
    );
    let anew = gate(&baseline, Tier::Ratios);
    let anew = anew.recorded(&Recorded::default()).unwrap().ratios;
    assert!(!anew[&here()].ratios.contains_key("another"));
}

/// `harness regress --baseline gate.yaml …`, its exit code checked.
fn regress(house: &House, more: &[&str], code: i32) -> (String, Output) {
    let arguments = [&["regress", "--baseline", "gate.yaml"], more].concat();
    let output = run(house.command(&arguments));
    assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
    (String::from_utf8_lossy(&output.stdout).into_owned(), output)
}

#[test]
fn the_program_fails_on_a_tampered_baseline_names_what_moved_and_records_it_when_told_to() {
    let (house, path) = house();
    let exact = ["--only", "exact"];
    let update = ["--only", "exact", "--update"];
    let (shown, _) = regress(&house, &exact, 1);
    assert!(shown.contains("nothing recorded yet"), "{shown}");
    regress(&house, &update, 0);
    regress(&house, &exact, 0);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with(LITTLE), "people's part is kept: {text}");
    let rounds = text.lines().find(|line| line.contains("rounds: [10, 10]"));
    std::fs::write(
        &path,
        text.replace(rounds.unwrap(), "          rounds: [10, 12]"),
    )
    .unwrap();
    let (shown, output) = regress(&house, &exact, 1);
    let row = shown
        .lines()
        .find(|line| line.contains("sequential on cpu"));
    let row = row.unwrap_or_else(|| panic!("{shown}"));
    for part in ["little-windows", "rounds", "flow 2", "12", "10", "-2"] {
        assert!(row.contains(part), "{part}: {shown}");
    }
    assert!(stderr(&output).contains("--update"), "{}", stderr(&output));
    let (shown, _) = regress(&house, &update, 0);
    assert!(
        shown.contains("sequential on cpu"),
        "the difference first: {shown}"
    );
    regress(&house, &exact, 0);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn ratios_are_written_as_github_action_benchmark_reads_them() {
    let (house, path) = house();
    // Tests run beside one another: here any machine will do.
    let strict = "least_capacity: 0.85, most_waited: 0.1, most_stolen: 0.05";
    assert!(LITTLE.contains(strict));
    let lax = LITTLE.replace(
        strict,
        "least_capacity: 0.0, most_waited: 1.0, most_stolen: 1.0",
    );
    std::fs::write(&path, lax).unwrap();
    recorded(&path, Tier::Exact);
    let before = Baseline::read(&path).unwrap().recorded.exact;
    let (shown, _) = regress(
        &house,
        &["--update", "--only", "ratios", "--json", "out/r.json"],
        0,
    );
    assert!(shown.contains("window over flow, little"), "{shown}");
    let json: Vec<serde_json::Value> = serde_json::from_str(&house.read("r.json")).unwrap();
    assert_eq!(json.len(), 3);
    for one in &json {
        assert!(one["value"].as_f64().unwrap() > 0.0, "{one}");
        assert_eq!(one["unit"], "x");
        assert!(one["range"].as_str().unwrap().contains(" to "), "{one}");
        assert!(one["extra"].as_str().unwrap().contains("6 pairs"), "{one}");
    }
    let after = Baseline::read(&path).unwrap().recorded;
    assert_eq!(after.exact, before, "a tier that was not run stays");
    for ratio in after.ratios[&here()].ratios.values() {
        assert!(ratio.bound < ratio.median, "{ratio:?}");
    }
}

#[test]
fn a_baseline_that_cannot_be_meant_is_refused_by_what_is_wrong_with_it() {
    let refused = |from: &str, to: &str| {
        assert!(LITTLE.contains(from), "{from}");
        let text = LITTLE.replacen(from, to, 1);
        let error = Baseline::parse(Path::new("gate.yaml"), &text).err();
        format!("{:#}", error.unwrap_or_else(|| panic!("{to} is accepted")))
    };
    assert!(refused("digits: 6", "digits: 0").contains("exact.digits"));
    assert!(refused("bound_share: 0.7", "bound_share: 1.1").contains("bound_share"));
    assert!(refused("pairs: 6", "pairs: 0").contains("sparse over composed"));
    assert!(refused("seed: 1", "seed: 1\nsede: 2").contains("sede"));
    assert!(refused("seed: 1", "recorded:\n  exact: null\nseed: 1").contains("last key"));
}

#[test]
fn what_no_plan_has_is_answered_with_what_there_is() {
    let parse = |from: &str, to: &str| {
        let text = LITTLE.replacen(from, to, 1);
        Baseline::parse(Path::new("gate.yaml"), &text).unwrap()
    };
    let unknown = parse("of: batched W=4 copy", "of: batched W=5 copy");
    let text = show::terminal(&gate(&unknown, Tier::Ratios));
    assert!(
        text.contains("no flow of the plan") && text.contains("batched W=4 copy"),
        "{text}"
    );
    let twice = parse(
        "predictor: copy}",
        "predictor: copy, tolerance: [0.1, 0.2]}",
    );
    let error = gate::run(&twice, &Lab::new(&twice).unwrap(), Some(Tier::Exact));
    let error = format!("{:#}", error.unwrap_err());
    assert!(
        error.contains("both called") && error.contains("little-windows"),
        "{error}"
    );
}

/// Another processor adds in another order, as another kernel does: what is recorded may not hang
/// on it.
#[test]
fn the_exact_tier_of_the_project_does_not_depend_on_the_order_of_summation() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ci/regression.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let flows = |kernel: &str| {
        let text = text.replace("l2: 0.0", &format!("kernel: {kernel}, l2: 0.0"));
        let baseline = Baseline::parse(Path::new("gate.yaml"), &text).unwrap();
        gate(&baseline, Tier::Exact).exact.unwrap().flows
    };
    let auto = flows("auto");
    for kernel in ["dense", "sparse", "banded"] {
        assert_eq!(flows(kernel), auto, "{kernel}");
    }
    assert_eq!(flows("composed"), auto);
}
