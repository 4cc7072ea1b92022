//! The runner on a small problem: what it measures, how often, and what it says meanwhile.

mod common;

use common::House;
use datasets::{Dataset, Library, LibraryOptions, Registry, Silent};
use lab::capacity::Sample;
use lab::device::{Machine, cores};
use lab::experiments::windows::Windows;
use lab::experiments::windows::bench::Workbench;
use lab::experiments::windows::cell::{MeasuredWindow, WindowCell};
use lab::experiments::windows::plan::EvaluatorKind;
use lab::experiments::windows::ranks::{Leader, agree, serve};
use lab::experiments::windows::runner::{flows_of, measure};
use lab::journal::Outcome;
use lab::kept::Keeper;
use lab::plan::{Layers, Plan};
use lab::progress::Watch;
use optim::{Ranks, ThreadRanks};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Default)]
struct Notes {
    flows: AtomicUsize,
    said: Mutex<Vec<String>>,
}

impl Watch for Notes {
    fn doing(&self, what: &str) {
        self.said.lock().unwrap().push(what.to_owned());
    }

    fn step(&self) {
        self.flows.fetch_add(1, Ordering::Relaxed);
    }
}

/// The cells of one group of Table 2 on a small data set, measured.
fn measured(group: EvaluatorKind) -> (Vec<WindowCell>, Vec<MeasuredWindow>, Notes) {
    let (notes, house) = (Notes::default(), House::new());
    let keeper = Keeper::new(house.folder.path().join("kept"));
    let (cells, measured) = measured_with(group, keeper, &notes);
    (cells, measured, notes)
}

/// Table 2's plan for a small data set, and that.
fn little() -> (Plan, Dataset) {
    let house = House::new();
    let settings = ["precision=f64".into(), "profiles.smoke.repeats=3".into()];
    let text = include_str!("../../configs/table2.yaml");
    let layers = Layers::of(text).unwrap().profile(Some("smoke"));
    let plan = layers.set(&settings).only(&["tiny".into()]).plan().unwrap();
    let mut registry = Registry::from_yaml("datasets: {}").unwrap();
    registry
        .extend_from_file(&house.folder.path().join("tiny.yaml"))
        .unwrap();
    let options = LibraryOptions {
        cache_dir: Some(house.folder.path().join("cache")),
        offline: true,
        ..LibraryOptions::default()
    };
    let library = Library::new(registry, options);
    (plan, library.load("tiny", None, &Silent).unwrap())
}

fn measured_with(
    group: EvaluatorKind,
    keeper: Keeper,
    watch: &dyn Watch,
) -> (Vec<WindowCell>, Vec<MeasuredWindow>) {
    let machine = Machine::open("cpu".parse().unwrap()).unwrap();
    measured_on(&machine, &little(), group, keeper, watch)
}

fn measured_on(
    machine: &Machine,
    (plan, dataset): &(Plan, Dataset),
    group: EvaluatorKind,
    keeper: Keeper,
    watch: &dyn Watch,
) -> (Vec<WindowCell>, Vec<MeasuredWindow>) {
    let windows = Windows::new(plan).unwrap();
    let mut cells = windows.cells(machine, dataset).unwrap();
    cells.retain(|cell| cell.group == group);
    let bench = Workbench::new(machine, dataset, &cells[0]).unwrap();
    let outcomes = measure(&bench, &cells, keeper, watch).unwrap();
    let measured = outcomes.into_iter().map(|outcome| match outcome {
        Outcome::Measured(measured) => measured,
        other => panic!("{other:?}"),
    });
    (cells.clone(), measured.collect())
}

#[test]
fn on_ranks_every_window_makes_the_rounds_and_the_losses_that_it_makes_on_workers() {
    let all = little();
    let run = |machine: &Machine| {
        let house = House::new();
        let keeper = Keeper::new(house.folder.path().join("kept"));
        measured_on(
            machine,
            &all,
            EvaluatorKind::Devices,
            keeper,
            &Notes::default(),
        )
    };
    let (wanted_cells, wanted) = run(&Machine::open("cpu".parse().unwrap()).unwrap());
    for count in [1, 2, 4] {
        let (cells, found) = std::thread::scope(|threads| {
            let mut ranks = ThreadRanks::of(count).into_iter();
            let first = Machine::on_ranks(Arc::new(ranks.next().unwrap()));
            let (dataset, others) = (&all.1, ranks.collect::<Vec<_>>());
            let others = others.into_iter().map(|rank| {
                let machine = Machine::on_ranks(Arc::new(rank));
                threads.spawn(move || serve(&machine, |_| Ok(dataset.clone())).unwrap())
            });
            let others: Vec<_> = others.collect();
            let found = {
                let _leader = Leader::of(&first).unwrap();
                run(&first)
            };
            others.into_iter().for_each(|other| other.join().unwrap());
            found
        });
        for ((cell, of), wanted) in cells
            .iter()
            .zip(&wanted_cells)
            .zip(found.iter().zip(&wanted))
        {
            assert_eq!(cell.window, of.window);
            assert_eq!(
                cell.devices,
                format!("mpi:{}", cell.window.width.min(count))
            );
            let (found, wanted) = wanted;
            assert_eq!(found.flows.len(), wanted.flows.len());
            for (a, b) in found.flows.iter().zip(&wanted.flows) {
                assert_eq!(
                    (a.rounds, &a.strides),
                    (b.rounds, &b.strides),
                    "{}",
                    cell.label()
                );
                assert!((a.train_loss - b.train_loss).abs() < 1e-12);
            }
            assert!(found.flow_error.unwrap() < 1e-2);
            assert!(found.wall_s.iter().flatten().all(|&seconds| seconds > 0.0));
            // One rank is as fast as itself; of several it is asked after each run how much was there.
            let probed = match (cell.is_baseline(), cell.window.width.min(count)) {
                (true, _) | (_, 1) => 0,
                _ => found.wall_s.len(),
            };
            for samples in [&found.probes, &found.core_probes] {
                assert_eq!(samples.len(), probed, "{}", cell.label());
                assert!(samples.iter().all(|of| of.capacity() > 0.0));
            }
        }
    }
}

#[test]
fn ranks_that_have_something_else_are_named_before_anything_is_computed() {
    let errors: Vec<String> = std::thread::scope(|threads| {
        let each = ThreadRanks::of(3).into_iter().map(|ranks| {
            threads.spawn(move || {
                let plan = if ranks.rank() == 2 { "b" } else { "a" };
                let same = [("program", "p".to_owned()), ("plan", plan.to_owned())];
                agree(&ranks, &same).unwrap_err().to_string()
            })
        });
        let each: Vec<_> = each.collect();
        each.into_iter().map(|rank| rank.join().unwrap()).collect()
    });
    for error in errors {
        assert_eq!(error, "rank 2 has another plan than rank 0: b, not a");
    }
}

#[test]
fn every_run_is_timed_next_to_one_of_the_baseline_and_every_flow_is_told() {
    for group in [EvaluatorKind::Devices, EvaluatorKind::Batched] {
        let (cells, measured, notes) = measured(group);
        assert_eq!(
            notes.flows.load(Ordering::Relaxed),
            flows_of(&cells),
            "the progress bar ends at its end"
        );
        for (cell, measured) in cells.iter().zip(&measured) {
            assert_eq!(
                measured.wall_s.len(),
                measured.baseline_wall_s.len(),
                "{}",
                cell.label()
            );
            assert!(measured.wall_s.len() >= 3, "{}", cell.label());
            let work = measured.work.unwrap();
            // 80 rows of 3 features and 2 classes in f64: two products, and 5 for each logit.
            let operations = 4.0 * 80.0 * 3.0 * 2.0 + 5.0 * 80.0 * 2.0;
            assert_eq!(work.one.operations, operations);
            assert_eq!(
                work.window.operations,
                operations * cell.window.width as f64
            );
            assert!(work.one.bytes >= 80.0 * 3.0 * 8.0);
            assert!(
                measured
                    .wall_s
                    .iter()
                    .flatten()
                    .all(|&seconds| seconds > 0.0)
            );
            let said = notes.said.lock().unwrap();
            assert!(
                said.iter().any(|s| s.starts_with(&cell.label())),
                "{}",
                cell.label()
            );
        }
    }
}

#[test]
fn the_baselines_own_runs_are_each_compared_with_the_one_before() {
    let (cells, measured, _) = measured(EvaluatorKind::Batched);
    assert!(cells[0].is_baseline());
    let baseline = &measured[0];
    assert_eq!(
        baseline.wall_s[0], baseline.baseline_wall_s[1],
        "the same run, from both sides"
    );
    assert_eq!(baseline.flow_error, Some(0.0));
}

#[test]
fn where_gradients_are_computed_changes_time_and_not_numbers() {
    let (_, devices, _) = measured(EvaluatorKind::Devices);
    let (_, batched, _) = measured(EvaluatorKind::Batched);
    // W = 4, linear-force, of both groups.
    let (on_devices, in_one_product) = (&devices[4], &batched[1]);
    for (a, b) in on_devices.flows.iter().zip(&in_one_product.flows) {
        assert_eq!(
            (a.rounds, &a.strides, a.distinct),
            (b.rounds, &b.strides, b.distinct)
        );
        assert!((a.train_loss - b.train_loss).abs() < 1e-12);
    }
}

#[test]
fn the_longer_run_on_one_device_counts_the_rounds_of_the_papers_windows() {
    let (cells, measured, _) = measured(EvaluatorKind::Devices);
    let mut compared = 0;
    for (cell, measured) in cells.iter().zip(&measured) {
        assert_eq!(measured.long_rounds.len(), cell.long_flows);
        if cell.long_flows > 0 {
            let timed: Vec<u64> = measured.flows.iter().map(|flow| flow.rounds).collect();
            assert!(measured.long_rounds.len() > timed.len());
            assert_eq!(
                measured.long_rounds[..timed.len()],
                timed,
                "{}",
                cell.label()
            );
            compared += 1;
        }
    }
    assert_eq!(compared, 2, "copy at W = 2 and 4, and no other predictor");
}

#[test]
fn every_timed_run_of_several_workers_has_a_probe_of_the_machine() {
    for group in [EvaluatorKind::Devices, EvaluatorKind::Batched] {
        let (cells, measured, _) = measured(group);
        for (cell, measured) in cells.iter().zip(&measured) {
            assert_eq!(measured.accounts.len(), measured.wall_s.len());
            assert_eq!(measured.baseline_accounts.len(), measured.wall_s.len());
            let at_once = match group {
                EvaluatorKind::Devices => cell.workers.min(cores()),
                _ => rayon::current_num_threads(),
            };
            let probed = !cell.is_baseline() && at_once > 1;
            let wanted = if probed { measured.wall_s.len() } else { 0 };
            assert_eq!(measured.probes.len(), wanted, "{}", cell.label());
            let long_enough = |s: &Sample| s.alone_s >= 0.002 && s.together_s > 0.0;
            assert!(measured.probes.iter().all(long_enough), "{}", cell.label());
        }
    }
}

/// Takes a copy of what is kept each time that something else is done.
struct Copies {
    notes: Notes,
    kept: PathBuf,
    copies: Mutex<Vec<Vec<u8>>>,
}

impl Watch for Copies {
    fn doing(&self, what: &str) {
        self.notes.doing(what);
        if let Ok(kept) = std::fs::read(self.kept.join("progress.json")) {
            self.copies.lock().unwrap().push(kept);
        }
    }

    fn step(&self) {
        self.notes.step();
    }
}

fn keeper(folder: &Path) -> Keeper {
    Keeper::every(folder.to_owned(), Duration::ZERO)
}

#[test]
fn a_group_that_is_interrupted_goes_on_and_measures_no_run_twice() {
    let house = House::new();
    let kept = house.folder.path().join("kept");
    let watch = Copies {
        notes: Notes::default(),
        kept: kept.clone(),
        copies: Mutex::default(),
    };
    let (cells, whole) = measured_with(EvaluatorKind::Batched, keeper(&kept), &watch);
    assert!(whole.iter().all(|measured| measured.interrupted == 0));
    let copies = watch.copies.into_inner().unwrap();
    // Before anything was timed, in the middle of that, and before the last pair.
    let begun = |copy: &Vec<u8>| {
        let json = copy.split(|byte| *byte == b'\n').nth(1).unwrap();
        let kept: serde_json::Value = serde_json::from_slice(json).unwrap();
        kept["timed"].as_u64().unwrap() > 0
    };
    let first = copies.iter().position(begun).unwrap();
    for copy in [0, first.midpoint(copies.len()), copies.len() - 1] {
        std::fs::write(kept.join("progress.json"), &copies[copy]).unwrap();
        let notes = Notes::default();
        let (again, gone_on) = measured_with(EvaluatorKind::Batched, keeper(&kept), &notes);
        assert_eq!(again, cells);
        assert_eq!(
            notes.flows.load(Ordering::Relaxed),
            flows_of(&cells),
            "what had been done is told too"
        );
        let mut same = 0;
        for ((cell, before), after) in cells.iter().zip(&whole).zip(&gone_on) {
            assert_eq!(before.flows, after.flows, "{}", cell.label());
            assert_eq!(before.flow_error, after.flow_error, "{}", cell.label());
            if !cell.is_baseline() {
                assert_eq!(after.wall_s.len(), cell.repeats, "{}", cell.label());
                assert_eq!(after.accounts.len(), cell.repeats);
                assert_eq!(after.probes.len(), before.probes.len());
            }
            assert_eq!(after.baseline_wall_s.len(), after.wall_s.len());
            let pairs = before.wall_s.iter().zip(&after.wall_s);
            same += pairs.take_while(|(before, after)| before == after).count();
            assert_eq!(
                after.interrupted,
                u64::from(copy > first),
                "{}",
                cell.label()
            );
        }
        let timed: usize = whole.iter().map(|measured| measured.wall_s.len()).sum();
        assert_eq!(same > 0, copy > first);
        let last = copy == copies.len() - 1;
        assert!(!last || same + 4 >= timed, "{same} of {timed}");
    }
}

#[test]
fn what_was_kept_of_other_cells_is_not_gone_on_with() {
    let house = House::new();
    let kept = house.folder.path().join("kept");
    measured_with(EvaluatorKind::Devices, keeper(&kept), &Notes::default());
    let (_, measured) = measured_with(EvaluatorKind::Batched, keeper(&kept), &Notes::default());
    assert!(measured.iter().all(|measured| measured.interrupted == 0));
}
