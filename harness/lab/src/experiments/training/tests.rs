//! Networks on few and small images.

use super::*;
use crate::journal::Entry;
use crate::progress::Watch;
use crate::seed::Seeds;
use candle_core::{DType, Device, Tensor};
use candle_nn::ModuleT;
use datasets::{Library, LibraryOptions, Registry, Silent};
use std::cell::Cell as Counter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const FIG4: &str = include_str!("../../../../../configs/fig4.yaml");

struct Quiet;

impl Watch for Quiet {
    fn doing(&self, _: &str) {}
    fn step(&self) {}
}

/// Generated images of 3 x 8 x 8 in 4 classes.
fn images() -> datasets::Images {
    let text = "images:\n  tiny: {channels: 3, side: 8, classes: 4, archive: {name: tiny.tar}, \
        train: {members: [a], images: 96}, test: {members: [b], images: 40}, \
        mean: [128, 128, 128], deviation: [50, 50, 50], surrogate: {signal: 60, noise: 20, shift: 1}}";
    let library = Library::new(
        Registry::from_yaml(text).unwrap(),
        LibraryOptions::default(),
    );
    library.images("tiny", &Silent).unwrap()
}

/// A method as plans write it.
fn method(text: &str) -> TrainingMethod {
    let written = datasets::yaml::load(text).unwrap();
    TrainingMethod::listed(&written).unwrap().remove(0)
}

/// A flow whose four steps do not divide those of an epoch: it ends within a flow.
fn hamiltonian(integrator: &str, step_size: f64) -> TrainingMethod {
    method(&format!(
        "hamiltonian: {{kinetic_energy: half-l2-squared, integrator: {integrator}, step_size: {step_size}, steps: 4}}"
    ))
}

fn baseline(learning_rate: f64, momentum: f64) -> TrainingMethod {
    method(&format!(
        "baseline: {{direction: half-l2-squared, learning_rate: {learning_rate}, momentum: {momentum}}}"
    ))
}

fn cell(method: TrainingMethod, epochs: usize) -> TrainingCell {
    TrainingCell {
        dataset: "tiny".into(),
        data_source: "surrogate".into(),
        data_digest: String::new(),
        images: TrainingImages::default(),
        network: Architecture {
            width: 4,
            blocks: vec![1, 1],
        },
        batch: 16,
        augment: Some(Moves { pad: 1, flip: true }),
        epochs,
        seed: 1,
        start: 0,
        diverged_above: 100.0,
        method,
        backend: "cpu".into(),
    }
}

fn trained(cell: &TrainingCell, checkpoints: &Checkpoints) -> MeasuredTraining {
    run(cell, &images(), &Device::Cpu, checkpoints, &Quiet).unwrap()
}

/// The only method's rows and curves of a run, under a plan like Figure 4's.
fn shown(cell: &TrainingCell, measured: &MeasuredTraining) -> (TrainingRow, Vec<TrainingCurveRow>) {
    let plan = Plan::from_yaml(FIG4, &[], Some("smoke")).unwrap();
    let mut training = TrainingPlan::new(&plan).unwrap();
    training.methods = vec![TrainingContestant {
        name: "own".into(),
        groups: vec!["methods".into()],
        method: cell.method.clone(),
    }];
    let entry = Entry {
        key: "k".into(),
        ended_at: 0,
        copied_from: None,
        cell: serde_json::to_value(cell).unwrap(),
        outcome: Outcome::measured(measured).unwrap(),
    };
    let (mut rows, curves) = rows::rows(&plan, &training, [96, 40], &[entry]).unwrap();
    (rows.remove(0), curves)
}

/// What of a run does not depend on how long it took.
fn numbers(measured: &MeasuredTraining) -> Vec<(u64, [u64; 4])> {
    let of = |r: &EpochRecord| {
        let all = [r.train_loss, r.train_accuracy, r.test_loss, r.test_accuracy];
        (r.steps, all.map(f64::to_bits))
    };
    measured.records.iter().map(of).collect()
}

#[test]
fn a_network_learns_generated_images_by_every_method() {
    let folder = tempfile::tempdir().unwrap();
    for (name, method) in [
        ("euler", hamiltonian("symplectic-euler", 0.2)),
        ("leapfrog", hamiltonian("leapfrog", 0.2)),
        ("stratified", hamiltonian("stratified", 0.2)),
        ("momentum", baseline(0.02, 0.9)),
        (
            "adam",
            method("adam: {learning_rate: 0.01, reset_every: 4}"),
        ),
    ] {
        let checkpoints = Checkpoints::new(folder.path().join(name));
        let measured = trained(&cell(method, 6), &checkpoints);
        let (first, last) = (measured.records[0], measured.records[5]);
        assert_eq!(last.steps, 6 * 6, "{name}: one gradient a batch");
        assert!(last.train_loss < 0.9 * first.train_loss, "{name}: {last:?}");
        assert!(last.test_accuracy > 0.5, "{name}: {last:?}");
    }
}

#[test]
fn a_run_that_was_interrupted_and_resumed_ends_with_the_same_bits() {
    let momentum = baseline(0.01, 0.9);
    for method in [
        hamiltonian("leapfrog", 0.1),
        hamiltonian("stratified", 0.1),
        momentum,
        // Each epoch ends within a flow; and without flows.
        method("adam: {learning_rate: 0.01, reset_every: 5}"),
        method("adam: {learning_rate: 0.01}"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let whole = Checkpoints::new(folder.path().join("whole"));
        let wanted = trained(&cell(method.clone(), 4), &whole);
        // Two epochs, then another process with nothing but the folder.
        let cut = Checkpoints::new(folder.path().join("cut"));
        trained(&cell(method.clone(), 2), &cut);
        let resumed = Checkpoints::new(folder.path().join("cut"));
        let found = trained(&cell(method.clone(), 4), &resumed);
        assert_eq!(numbers(&found), numbers(&wanted), "{method:?}");
        let weights = |of: &str| {
            let path = folder.path().join(of).join("epoch-4/weights.safetensors");
            let all = candle_core::safetensors::load(path, &Device::Cpu).unwrap();
            let mut all: Vec<(String, Vec<f32>)> = all
                .into_iter()
                .map(|(name, t)| (name, t.flatten_all().unwrap().to_vec1().unwrap()))
                .collect();
            all.sort_by(|a, b| a.0.cmp(&b.0));
            all
        };
        assert_eq!(weights("cut"), weights("whole"), "{method:?}");
    }
}

/// Ends the process, as far as a test can, after so many checkpoints within an epoch.
struct Killed(AtomicUsize);

impl Watch for Killed {
    fn doing(&self, what: &str) {
        assert!(what.contains(" of 6 steps"), "{what}");
        assert!(self.0.fetch_sub(1, Ordering::Relaxed) > 1, "killed");
    }
    fn step(&self) {}
}

#[test]
fn a_run_that_was_killed_within_an_epoch_ends_with_the_same_bits() {
    for method in [
        hamiltonian("leapfrog", 0.1),
        method("adam: {learning_rate: 0.01, reset_every: 5}"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let whole = Checkpoints::new(folder.path().join("whole"));
        let wanted = trained(&cell(method.clone(), 2), &whole);
        // An epoch of six batches has five checkpoints within it: in the first, and in the second.
        for (killed, left) in [(2, "epoch-0.2"), (8, "epoch-1.3")] {
            let cut = folder.path().join(left);
            let often = Checkpoints::every(cut.clone(), Duration::ZERO);
            let watch = Killed(AtomicUsize::new(killed));
            let run_of = || {
                run(
                    &cell(method.clone(), 2),
                    &images(),
                    &Device::Cpu,
                    &often,
                    &watch,
                )
            };
            catch_unwind(AssertUnwindSafe(run_of)).unwrap_err();
            assert!(cut.join(left).is_dir(), "{left}");
            let found = trained(&cell(method.clone(), 2), &Checkpoints::new(cut));
            assert_eq!(numbers(&found), numbers(&wanted), "{method:?}, {left}");
        }
    }
}

#[test]
fn only_the_newest_checkpoint_is_kept_and_a_half_written_one_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("run");
    let checkpoints = Checkpoints::new(place.clone());
    let method = hamiltonian("symplectic-euler", 0.1);
    trained(&cell(method.clone(), 2), &checkpoints);
    std::fs::create_dir(place.join("epoch-3.part")).unwrap();
    let measured = trained(&cell(method.clone(), 3), &checkpoints);
    assert_eq!(measured.records.len(), 3);
    let listed = std::fs::read_dir(&place).unwrap();
    let names: Vec<String> = listed
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, ["epoch-3"]);
    std::fs::write(place.join("epoch-3/records.json"), "[").unwrap();
    let refused = run(
        &cell(method, 4),
        &images(),
        &Device::Cpu,
        &checkpoints,
        &Quiet,
    );
    let error = format!("{:#}", refused.unwrap_err());
    assert!(
        error.contains("epoch-3: remove it to start over"),
        "{error}"
    );
}

#[test]
fn a_loss_that_explodes_ends_its_run_at_that_step_and_says_so() {
    let wild = cell(baseline(1e4, 0.0), 3);
    let measured = trained(&wild, &Checkpoints::new(None));
    let step = measured.diverged_at.unwrap();
    assert!((2..=6).contains(&step), "{step}");
    assert!(measured.records.is_empty());
    let (row, curves) = shown(&wild, &measured);
    assert_eq!(row.status, format!("diverged at step {step}"));
    assert_eq!((row.test_accuracy, curves.len()), (None, 0));
}

#[test]
fn a_plan_of_ones_own_has_adam_for_a_key_and_its_rows_say_with_which_numbers() {
    let own = "methods=[{name: Adam, groups: [methods], adam: {learning_rate: 0.01, reset_every: [4, 20]}}]";
    let pictures = "pictures=[{name: a, title: b, metric: test-loss, group: methods}]";
    let plan = Plan::from_yaml(FIG4, &[own.into(), pictures.into()], Some("smoke")).unwrap();
    let plan = TrainingPlan::new(&plan).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (contestant, every) in plan.methods.iter().zip([4, 20]) {
        let cell = cell(contestant.method.clone(), 1);
        let run = Checkpoints::new(folder.path().join(every.to_string()));
        let (row, curves) = shown(&cell, &trained(&cell, &run));
        let settings = format!("adam.learning_rate=0.01 adam.reset_every={every}");
        assert_eq!((&row.settings, &curves[0].settings), (&settings, &settings));
        assert_eq!((row.learning_rate, row.status.as_str()), (0.01, "complete"));
        assert_eq!(
            (row.kinetic_energy, row.scope, row.steps),
            (None, None, None)
        );
    }
    assert_eq!(plan.methods.len(), 2, "one for each number of the list");
}

#[test]
fn a_method_starts_from_the_same_weights_as_the_others_and_each_start_from_its_own() {
    let network = |start| {
        let architecture = Architecture {
            width: 4,
            blocks: vec![1, 1],
        };
        ResNet::new(&architecture, 3, 4, &Device::Cpu, Seeds::new(1), start).unwrap()
    };
    let weights = |start| {
        let network = network(start);
        let vars = optim::nn::named_vars(network.varmap());
        let of = |(_, var): &(String, candle_core::Var)| {
            var.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        vars.iter().flat_map(of).collect::<Vec<f32>>()
    };
    assert_eq!(weights(0), weights(0));
    assert_ne!(weights(0), weights(1));
}

#[test]
fn resnet_18_for_small_images_has_as_many_numbers_as_it_should() {
    let architecture = Architecture {
        width: 64,
        blocks: vec![2, 2, 2, 2],
    };
    let network = ResNet::new(&architecture, 3, 10, &Device::Cpu, Seeds::new(1), 0).unwrap();
    // Convolutions, two numbers a channel of normalisation, and the last layer.
    let mut wanted = 3 * 64 * 9 + 2 * 64;
    let mut from = 64;
    for to in [64, 128, 256, 512] {
        wanted += (from * to + 3 * to * to) * 9 + 8 * to;
        wanted += if from == to { 0 } else { from * to + 2 * to };
        from = to;
    }
    assert_eq!(network.parameters(), wanted + 512 * 10 + 10);
    assert_eq!(network.parameters(), 11_173_962);
    let least = architecture.least_parameters();
    assert!((9_000_000..=11_173_962).contains(&least), "{least}");
    let images = Tensor::zeros((1, 3, 32, 32), DType::F32, &Device::Cpu).unwrap();
    assert_eq!(network.forward_t(&images, false).unwrap().dims(), [1, 10]);
}

#[test]
fn normalisation_in_training_is_by_the_batch_and_in_evaluation_by_what_was_seen() {
    use candle_nn::{VarBuilder, VarMap, batch_norm};
    let varmap = VarMap::new();
    let vb = VarBuilder::from_varmap(&varmap, DType::F64, &Device::Cpu);
    let norm = batch_norm(2, 1e-5, vb).unwrap();
    let value = |i: usize| ((i * 37 % 23) as f64 * 0.3).sin() * 2.0 + 1.0;
    let x: Vec<f64> = (0..4 * 2 * 3 * 3).map(value).collect();
    let channel = |c: usize| -> Vec<f64> {
        let of = |n: usize| x[(n * 2 + c) * 9..][..9].to_vec();
        (0..4).flat_map(of).collect()
    };
    let x_tensor = Tensor::from_vec(x.clone(), (4, 2, 3, 3), &Device::Cpu).unwrap();
    let y = norm.forward_t(&x_tensor, true).unwrap();
    let z = norm.forward_t(&x_tensor, false).unwrap();
    for c in 0..2 {
        let all = channel(c);
        let mean = all.iter().sum::<f64>() / 36.0;
        let squares = all.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
        let found = |t: &Tensor| {
            let t = t.narrow(1, c, 1).unwrap().flatten_all().unwrap();
            t.to_vec1::<f64>().unwrap()
        };
        for (y, v) in found(&y).iter().zip(&all) {
            let wanted = (v - mean) / (squares / 36.0 + 1e-5).sqrt();
            assert!((y - wanted).abs() < 1e-12);
        }
        // From 0 and 1, by a tenth towards the batch; the variance is the unbiased one.
        let (running, spread) = (0.1 * mean, 0.9 + 0.1 * squares / 35.0);
        for (z, v) in found(&z).iter().zip(&all) {
            let wanted = (v - running) / (spread + 1e-5).sqrt();
            assert!((z - wanted).abs() < 1e-12);
        }
    }
}

#[test]
fn the_gradient_through_convolution_and_normalisation_is_that_of_differences() {
    let architecture = Architecture {
        width: 2,
        blocks: vec![1, 1],
    };
    let network = ResNet::new(&architecture, 3, 3, &Device::Cpu, Seeds::new(3), 0).unwrap();
    let x: Vec<f32> = (0..6 * 3 * 36)
        .map(|i| ((i * 31 % 97) as f32 * 0.21).sin())
        .collect();
    let x = Tensor::from_vec(x, (6, 3, 6, 6), &Device::Cpu).unwrap();
    let labels = Tensor::new(&[0u32, 1, 2, 0, 1, 2], &Device::Cpu).unwrap();
    let loss = || {
        let z = network.forward_t(&x, true).unwrap();
        candle_nn::loss::cross_entropy(&z, &labels).unwrap()
    };
    let gradients = loss().backward().unwrap();
    let checked = Counter::new(0);
    for (name, var) in optim::nn::named_vars(network.varmap()) {
        let Some(gradient) = gradients.get(&var) else {
            assert!(name.contains(".running_"), "{name} has no gradient");
            continue;
        };
        // Along the gradient itself the slope is its squared length, the surest in f32.
        let square = gradient.sqr().unwrap().sum_all().unwrap();
        let square = f64::from(square.to_scalar::<f32>().unwrap());
        if square < 1e-6 {
            continue;
        }
        let here = var.as_detached_tensor().copy().unwrap();
        let step = 3e-3 / square.sqrt();
        let at = |by: f64| {
            let moved = (&here + (gradient * by).unwrap()).unwrap();
            var.set(&moved).unwrap();
            f64::from(loss().to_scalar::<f32>().unwrap())
        };
        let slope = (at(step) - at(-step)) / (2.0 * step);
        var.set(&here).unwrap();
        assert!(
            (slope / square - 1.0).abs() < 0.05,
            "{name}: {slope} {square}"
        );
        checked.set(checked.get() + 1);
    }
    assert!(checked.get() > 8, "{}", checked.get());
}
