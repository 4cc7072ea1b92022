//! Networks trained a window of steps at a time, with the batches that the steps would have had one after the
//! other.

use candle_core::{DType, Device, Tensor};
use candle_nn::{Module, VarBuilder, VarMap};
use optim::nn::{
    BaselineConfig, BaselineDescent, HamiltonianConfig, HamiltonianDescent, NetworkOptimizer,
    Replica, ResettingAdam, ResettingAdamConfig, Windowed,
};
use optim::{Acceleration, Kinetic, Method, Predictor, Recurrence, Storage, Window, WindowMethod};

const ROWS: usize = 6;

/// Rows and labels of a step's batch: which quarter of a turn an angle lies in.
fn batch(step: usize) -> candle_core::Result<(Tensor, Tensor)> {
    let angle = |row: usize| ((step % 9) * ROWS + row) as f32 * 0.77;
    let rows: Vec<f32> = (0..ROWS)
        .flat_map(|row| [angle(row).cos(), angle(row).sin()])
        .collect();
    let quarter = |row: usize| {
        let turn = angle(row).rem_euclid(std::f32::consts::TAU);
        (turn / std::f32::consts::FRAC_PI_2) as u32 % 4
    };
    let labels: Vec<u32> = (0..ROWS).map(quarter).collect();
    Ok((
        Tensor::from_vec(rows, (ROWS, 2), &Device::Cpu)?,
        Tensor::new(labels, &Device::Cpu)?,
    ))
}

struct Network {
    varmap: VarMap,
    hidden: candle_nn::Linear,
    out: candle_nn::Linear,
}

impl Network {
    /// The same weights every time.
    fn new() -> Self {
        let varmap = VarMap::new();
        let vb = VarBuilder::from_varmap(&varmap, DType::F32, &Device::Cpu);
        let hidden = candle_nn::linear(2, 8, vb.pp("hidden")).unwrap();
        let out = candle_nn::linear(8, 4, vb.pp("out")).unwrap();
        for (which, (_, var)) in optim::nn::named_vars(&varmap).into_iter().enumerate() {
            let value = |i: usize| ((i * 7 + which * 3) as f32 * 1.3).sin() * 0.5;
            let values: Vec<f32> = (0..var.elem_count()).map(value).collect();
            let values = Tensor::from_vec(values, var.shape(), &Device::Cpu).unwrap();
            var.set(&values).unwrap();
        }
        Self {
            varmap,
            hidden,
            out,
        }
    }

    fn loss(&self, step: usize) -> candle_core::Result<Tensor> {
        let (rows, labels) = batch(step)?;
        let hidden = self.hidden.forward(&rows)?.tanh()?;
        candle_nn::loss::cross_entropy(&self.out.forward(&hidden)?, &labels)
    }

    fn weights(&self) -> Vec<f32> {
        weights(&self.varmap)
    }
}

fn weights(varmap: &VarMap) -> Vec<f32> {
    let flat = |var: &candle_core::Var| var.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let vars = optim::nn::named_vars(varmap);
    vars.iter().flat_map(|(_, var)| flat(var)).collect()
}

/// Makes an optimiser of variables.
type MadeFor = Box<dyn Fn(&VarMap) -> Box<dyn NetworkOptimizer>>;

/// A training with so many replicas, and the first one's variables.
fn training(replicas: usize, recurrence: Recurrence, window: Window) -> (Windowed, VarMap) {
    let mut first = None;
    let all = (0..replicas).map(|_| {
        let network = Network::new();
        let varmap = network.varmap.clone();
        first.get_or_insert_with(|| varmap.clone());
        Replica::of(&varmap, move |step| network.loss(step))
    });
    let training = Windowed::new(all.collect(), recurrence, window).unwrap();
    (training, first.unwrap())
}

fn recurrences() -> [Recurrence; 5] {
    [
        Recurrence::heavy_ball(Kinetic::HalfL2Squared, 0.05, 0.0),
        Recurrence::heavy_ball(Kinetic::L1, 0.003, 0.9),
        Recurrence::nesterov(Acceleration::Constant(0.9), 0.02),
        Recurrence::adam(0.01),
        Recurrence::new(Kinetic::HalfL2Squared, 0.2, 6),
    ]
}

#[test]
fn a_window_of_one_step_trains_as_the_optimiser_does_to_the_last_bit() {
    let cases: Vec<(Recurrence, MadeFor)> = vec![
        (
            Recurrence::heavy_ball(Kinetic::HalfL2Squared, 0.05, 0.9),
            Box::new(|varmap| {
                let config = BaselineConfig {
                    learning_rate: 0.05,
                    momentum: 0.9,
                    ..BaselineConfig::default()
                };
                Box::new(BaselineDescent::of(varmap, config).unwrap())
            }),
        ),
        (
            Recurrence::new(Kinetic::HalfL2Squared, 0.2, 6),
            Box::new(|varmap| {
                let config = HamiltonianConfig {
                    step_size: 0.2,
                    steps: 6,
                    ..HamiltonianConfig::default()
                };
                Box::new(HamiltonianDescent::of(varmap, config).unwrap())
            }),
        ),
        (
            Recurrence::adam(0.01),
            Box::new(|varmap| {
                let config = ResettingAdamConfig {
                    learning_rate: 0.01,
                    ..ResettingAdamConfig::default()
                };
                Box::new(ResettingAdam::of(varmap, config).unwrap())
            }),
        ),
    ];
    for (recurrence, optimizer) in cases {
        let network = Network::new();
        let mut optimizer = optimizer(&network.varmap);
        for step in 0..30 {
            optimizer.step_with(&mut || network.loss(step)).unwrap();
        }
        let (mut windowed, varmap) = training(1, recurrence.every(6), Window::default());
        for _ in 0..5 {
            windowed.advance().unwrap();
        }
        assert_eq!(weights(&varmap), network.weights(), "{recurrence:?}");
    }
}

#[test]
fn without_a_tolerance_replicas_end_where_one_network_does_to_the_last_bit() {
    for recurrence in recurrences() {
        let (mut alone, wanted) = training(1, recurrence.every(6), Window::default());
        for _ in 0..5 {
            alone.advance().unwrap();
        }
        for replicas in [1, 3, 4] {
            for method in [
                WindowMethod::picard(Predictor::Copy),
                WindowMethod::secant(5),
            ] {
                let window = Window {
                    width: 4,
                    method,
                    ..Window::default()
                };
                let (mut windowed, varmap) = training(replicas, recurrence.every(6), window);
                for _ in 0..5 {
                    windowed.advance().unwrap();
                }
                assert_eq!(
                    weights(&varmap),
                    weights(&wanted),
                    "{recurrence:?} {window}"
                );
            }
        }
    }
}

#[test]
fn a_flows_window_may_keep_velocities_in_place_of_copies_of_the_network() {
    let stored = |storage: Storage| {
        let predictor = Predictor::LinearForce;
        let window = Window {
            width: 5,
            tolerance: 1e-3,
            method: WindowMethod::Picard { predictor, storage },
            ..Window::default()
        };
        let recurrence = Recurrence::new(Kinetic::HalfL2Squared, 0.2, 6);
        let (mut training, varmap) = training(2, recurrence, window);
        for _ in 0..10 {
            training.advance().unwrap();
        }
        (weights(&varmap), training.counts())
    };
    let points = stored(Storage::Points);
    assert_eq!(points, stored(Storage::Velocities { at_once: None }));
    // A few gradients at a time, each with the batch of its step.
    let parts = stored(Storage::Velocities { at_once: Some(2) });
    assert_eq!(points.0, parts.0);
    let (rounded, counts) = stored(Storage::Bf16 { at_once: Some(2) });
    let apart = points.0.iter().zip(&rounded).map(|(a, b)| (a - b).abs());
    assert!(apart.fold(0.0, f32::max) < 2e-2);
    assert!(counts.rounds < 120, "{counts:?}");
    // Of another recurrence there is no velocity that would say where a point was.
    let velocities = WindowMethod::Picard {
        predictor: Predictor::Copy,
        storage: Storage::Velocities { at_once: None },
    };
    let window = Window {
        width: 5,
        method: velocities,
        ..Window::default()
    };
    let network = Network::new();
    let varmap = network.varmap.clone();
    let replica = Replica::of(&varmap, move |step| network.loss(step));
    let refused = Windowed::new(vec![replica], Recurrence::adam(0.01), window);
    let refused = refused.err().unwrap().to_string();
    assert!(refused.contains("storage"), "{refused}");
}

#[test]
fn a_tolerance_saves_rounds_and_ends_near_where_the_steps_end() {
    for recurrence in recurrences() {
        let mut slow = recurrence.every(6);
        slow.step_size /= 10.0;
        let (mut alone, wanted) = training(1, slow, Window::default());
        let window = Window {
            width: 4,
            tolerance: 1e-3,
            across_flows: true,
            ..Window::default()
        };
        let (mut windowed, varmap) = training(2, slow, window);
        for _ in 0..5 {
            alone.advance().unwrap();
            windowed.advance().unwrap();
        }
        assert!(
            windowed.counts().rounds < 20,
            "{slow:?}: {:?}",
            windowed.counts()
        );
        let (there, wanted) = (weights(&varmap), weights(&wanted));
        let apart = there.iter().zip(&wanted).map(|(a, b)| (a - b).powi(2));
        let apart = apart.sum::<f32>().sqrt();
        let size = wanted.iter().map(|w| w * w).sum::<f32>().sqrt();
        assert!(apart < 3e-3 * size, "{slow:?}: {apart} of {size}");
    }
}

#[test]
fn the_loss_of_an_iteration_is_the_mean_of_its_steps() {
    let recurrence = Recurrence::heavy_ball(Kinetic::HalfL2Squared, 0.05, 0.9).every(3);
    let (mut windowed, _) = training(1, recurrence, Window::default());
    assert_eq!(windowed.loss().unwrap(), None);
    let network = Network::new();
    let config = BaselineConfig {
        learning_rate: 0.05,
        momentum: 0.9,
        ..BaselineConfig::default()
    };
    let mut optimizer = BaselineDescent::of(&network.varmap, config).unwrap();
    for iteration in 0..4 {
        let losses: Vec<f32> = (3 * iteration..3 * iteration + 3)
            .map(|step| {
                let loss = optimizer.step_with(&mut || network.loss(step)).unwrap();
                loss.to_scalar::<f32>().unwrap()
            })
            .collect();
        windowed.advance().unwrap();
        let wanted = losses.iter().map(|&l| f64::from(l)).sum::<f64>() / 3.0;
        let found = windowed.loss().unwrap().unwrap();
        assert!((found - wanted).abs() < 1e-12, "{found} {wanted}");
    }
}

#[test]
fn a_training_that_is_saved_and_loaded_goes_on_as_if_it_had_not_been() {
    let folder = tempfile::tempdir().unwrap();
    for (index, recurrence) in recurrences().into_iter().enumerate() {
        for across_flows in [false, true] {
            let path = folder.path().join(format!("{index}{across_flows}"));
            let window = Window {
                width: 4,
                across_flows,
                ..Window::default()
            };
            let (mut whole, wanted) = training(2, recurrence.every(6), window);
            for _ in 0..3 {
                whole.advance().unwrap();
            }
            whole.save_state(&path).unwrap();
            let (mut resumed, varmap) = training(2, recurrence.every(6), window);
            resumed.load_state(&path).unwrap();
            assert_eq!(weights(&varmap), weights(&wanted));
            for _ in 0..3 {
                whole.advance().unwrap();
                resumed.advance().unwrap();
            }
            assert_eq!(weights(&varmap), weights(&wanted), "{recurrence:?}");
        }
    }
}

#[test]
fn a_state_of_another_method_or_network_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let [_, sign, nesterov, adam, _] = recurrences();
    let (mut written, _) = training(1, adam, Window::default());
    written.advance().unwrap();
    written.save_state(&path).unwrap();
    for other in [sign, nesterov] {
        let (mut refused, varmap) = training(1, other, Window::default());
        let before = weights(&varmap);
        let error = refused.load_state(&path).unwrap_err().to_string();
        assert!(error.contains("another method"), "{error}");
        assert_eq!(weights(&varmap), before);
    }
    let varmap = VarMap::new();
    let vb = VarBuilder::from_varmap(&varmap, DType::F32, &Device::Cpu);
    candle_nn::linear(2, 3, vb).unwrap();
    let vars = varmap.clone();
    let loss = move |_| vars.all_vars()[0].sqr()?.sum_all();
    let smaller = vec![Replica::of(&varmap, loss)];
    let mut refused = Windowed::new(smaller, adam, Window::default()).unwrap();
    let before = weights(&varmap);
    let error = refused.load_state(&path).unwrap_err().to_string();
    assert!(error.contains("the network ["), "{error}");
    assert_eq!(weights(&varmap), before);
    std::fs::write(&path, b"no tensors").unwrap();
    let (mut refused, _) = training(1, adam, Window::default());
    assert!(refused.load_state(&path).is_err());
}

#[test]
fn a_training_that_is_saved_before_its_first_step_is_loaded_as_one_that_has_not_begun() {
    let folder = tempfile::tempdir().unwrap();
    for (index, recurrence) in recurrences().into_iter().enumerate() {
        let path = folder.path().join(index.to_string());
        let (mut fresh, wanted) = training(1, recurrence, Window::default());
        fresh.save_state(&path).unwrap();
        let (mut other, varmap) = training(1, recurrence, Window::default());
        other.advance().unwrap();
        other.load_state(&path).unwrap();
        for _ in 0..3 {
            fresh.advance().unwrap();
            other.advance().unwrap();
        }
        assert_eq!(weights(&varmap), weights(&wanted), "{recurrence:?}");
    }
}

#[test]
fn a_training_counts_a_gradient_and_a_round_for_each_of_its_steps() {
    let recurrence = Recurrence::heavy_ball(Kinetic::HalfL2Squared, 0.05, 0.0).every(6);
    let (mut windowed, _) = training(1, recurrence, Window::default());
    assert_eq!(Method::counts(&windowed).requested, 0);
    for iteration in 1..4 {
        windowed.advance().unwrap();
        let counts = Method::counts(&windowed);
        assert_eq!(
            (counts.requested, counts.rounds),
            (6 * iteration, 6 * iteration)
        );
    }
}

#[test]
fn replicas_that_are_not_alike_and_losses_that_fail_are_told() {
    let window = Window::default();
    let recurrence = Recurrence::adam(0.01);
    let none = Windowed::new(Vec::new(), recurrence, window).err().unwrap();
    assert!(none.to_string().contains("replicas"), "{none}");
    let network = Network::new();
    let other = VarMap::new();
    let vb = VarBuilder::from_varmap(&other, DType::F32, &Device::Cpu);
    candle_nn::linear(3, 8, vb.pp("hidden")).unwrap();
    candle_nn::linear(8, 4, vb.pp("out")).unwrap();
    let varmap = network.varmap.clone();
    let first = Replica::of(&varmap, move |step| network.loss(step));
    let second = Replica::of(&other, |_| candle_core::bail!("never asked"));
    let unlike = Windowed::new(vec![first, second], recurrence, window);
    assert!(unlike.err().unwrap().to_string().contains("[8, 3]"));

    let network = Network::new();
    let varmap = network.varmap.clone();
    let failing = Replica::of(&varmap, move |step| match step {
        0 => network.loss(step),
        1 => candle_core::bail!("the disk is gone"),
        _ => panic!("a bug of the loss"),
    });
    let wide = Window {
        width: 2,
        ..Window::default()
    };
    let mut windowed = Windowed::new(vec![failing], recurrence.every(2), wide).unwrap();
    let failed = windowed.advance().unwrap_err().to_string();
    assert!(failed.contains("the disk is gone"), "{failed}");
}
