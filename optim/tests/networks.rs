//! The optimisers of networks against the methods in closed form, on logistic regression: the same
//! numbers, to rounding.

mod common;

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{Optimizer, VarMap};
use common::{SHAPE, numbers, random_numbers};
use optim::nn::{
    BaselineConfig, BaselineDescent, HamiltonianConfig, HamiltonianDescent, Integration,
    NetworkOptimizer, ResettingAdam, ResettingAdamConfig, Scope,
};
use optim::{
    Flow, HeavyBall, Integrator, Kinetic, Leapfrog, LogisticRegression, Method, Oracle, Potential,
    Problem, Sequential, Stratified, SymplecticEuler,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;
use std::sync::Arc;

const STEPS: usize = 5;
const FLOWS: usize = 3;
const SEED: u64 = 7;

/// A logistic regression whose weights `[d, C]` are two variables, its first rows and the others.
struct Regression {
    x: Tensor,
    labels: Vec<u32>,
    vars: [Var; 2],
}

impl Regression {
    fn new() -> Self {
        let (n, d, classes) = SHAPE;
        let device = &Device::Cpu;
        let x = Tensor::from_vec(random_numbers(3, n * d), (n, d), device).unwrap();
        let labels = (0..n).map(|i| (i * i % classes) as u32).collect();
        let start = Tensor::from_vec(random_numbers(4, d * classes), (d, classes), device);
        let start = start.unwrap();
        let var = |first, count| {
            let rows = start.narrow(0, first, count).unwrap();
            Var::from_tensor(&rows.copy().unwrap()).unwrap()
        };
        Self {
            x,
            labels,
            vars: [var(0, 2), var(2, d - 2)],
        }
    }

    fn loss(&self) -> Result<Tensor> {
        let weights = Tensor::cat(&[self.vars[0].as_tensor(), self.vars[1].as_tensor()], 0)?;
        let labels = Tensor::new(self.labels.clone(), &Device::Cpu)?;
        candle_nn::loss::cross_entropy(&self.x.matmul(&weights)?, &labels)
    }

    /// All weights as one point.
    fn point(&self) -> Vec<f64> {
        let of = |var: &Var| numbers(&var.flatten_all().unwrap());
        self.vars.iter().flat_map(of).collect()
    }

    fn vars(&self) -> Vec<Var> {
        self.vars.to_vec()
    }

    /// The same in closed form, and its start.
    fn closed(&self) -> (Oracle, Tensor) {
        let problem = Problem {
            classes: SHAPE.2,
            bias: false,
            l2: 0.0,
        };
        let f = LogisticRegression::new(self.x.clone(), &self.labels, problem).unwrap();
        let start = Tensor::from_vec(self.point(), f.dimension(), &Device::Cpu).unwrap();
        (Oracle::new(Sequential::new(Arc::new(f))), start)
    }
}

fn assert_near(found: &[f64], wanted: &[f64], what: &str) {
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() < 1e-12, "{what}: {found} {wanted}");
    }
}

fn config(kinetic: Kinetic, integration: Integration) -> HamiltonianConfig {
    HamiltonianConfig {
        kinetic,
        integration,
        scope: Scope::Together,
        step_size: 0.2,
        steps: STEPS,
        seed: SEED,
    }
}

fn integrator(integration: Integration) -> Box<dyn Integrator> {
    match integration {
        Integration::Leapfrog => Box::new(Leapfrog),
        Integration::SymplecticEuler => Box::new(SymplecticEuler),
        Integration::Stratified => {
            let mut stream = ChaCha20Rng::seed_from_u64(SEED);
            Box::new(Stratified::new(move || stream.random::<f64>()))
        }
    }
}

#[test]
fn hamiltonian_descent_is_that_in_closed_form_for_every_integrator_and_energy() {
    for &kinetic in Kinetic::ALL {
        for &integration in Integration::ALL {
            let regression = Regression::new();
            let (oracle, start) = regression.closed();
            let flow = Flow::new(kinetic, integrator(integration), 0.2, STEPS).unwrap();
            let mut method = optim::HamiltonianDescent::new(oracle, flow, start);
            let config = config(kinetic, integration);
            let mut optimizer = HamiltonianDescent::new(regression.vars(), config).unwrap();
            for flow in 0..FLOWS {
                method.advance().unwrap();
                for _ in 0..STEPS {
                    optimizer.step_with(|| regression.loss()).unwrap();
                }
                assert_eq!(optimizer.within(), 0, "the velocity is reset");
                let what = format!("{kinetic} {integration}, flow {flow}");
                assert_near(&regression.point(), &numbers(method.position()), &what);
            }
            assert_eq!(method.counts().requested, (FLOWS * STEPS) as u64);
        }
    }
}

#[test]
fn every_baseline_with_and_without_momentum_is_that_in_closed_form() {
    for &direction in Kinetic::ALL {
        for momentum in [0.0, 0.9] {
            let regression = Regression::new();
            let (oracle, start) = regression.closed();
            let mut method = HeavyBall::new(oracle, direction, 0.05, momentum, start).unwrap();
            let config = BaselineConfig {
                direction,
                learning_rate: 0.05,
                momentum,
                ..BaselineConfig::default()
            };
            let mut optimizer = BaselineDescent::new(regression.vars(), config).unwrap();
            for step in 0..12 {
                method.advance().unwrap();
                optimizer
                    .backward_step(&regression.loss().unwrap())
                    .unwrap();
                let what = format!("{direction} momentum {momentum}, step {step}");
                assert_near(&regression.point(), &numbers(method.position()), &what);
            }
        }
    }
}

#[test]
fn with_one_step_a_flow_euler_is_gradient_descent_by_the_learning_rate() {
    let (a, b) = (Regression::new(), Regression::new());
    let one = HamiltonianConfig {
        steps: 1,
        ..config(Kinetic::HalfL2Squared, Integration::SymplecticEuler)
    };
    let mut hamiltonian = HamiltonianDescent::new(a.vars(), one).unwrap();
    let rate = hamiltonian.learning_rate();
    let mut sgd = candle_nn::SGD::new(b.vars(), rate).unwrap();
    for _ in 0..4 {
        hamiltonian.backward_step(&a.loss().unwrap()).unwrap();
        sgd.backward_step(&b.loss().unwrap()).unwrap();
    }
    assert_near(&a.point(), &b.point(), "HD with S = 1");
    hamiltonian.set_learning_rate(0.09);
    assert!((hamiltonian.learning_rate() - 0.09).abs() < 1e-15);
}

#[test]
fn a_norm_per_tensor_moves_each_variable_as_if_it_were_alone() {
    let (both, alone) = (Regression::new(), Regression::new());
    let per_tensor = HamiltonianConfig {
        scope: Scope::PerTensor,
        ..config(Kinetic::L2, Integration::SymplecticEuler)
    };
    let mut of_both = HamiltonianDescent::new(both.vars(), per_tensor).unwrap();
    let together = |var: &Var| {
        let config = config(Kinetic::L2, Integration::SymplecticEuler);
        HamiltonianDescent::new(vec![var.clone()], config).unwrap()
    };
    let mut of_each = [together(&alone.vars[0]), together(&alone.vars[1])];
    for _ in 0..2 * STEPS {
        of_both.backward_step(&both.loss().unwrap()).unwrap();
        let gradients = alone.loss().unwrap().backward().unwrap();
        for optimizer in &mut of_each {
            optimizer.step(&gradients).unwrap();
        }
    }
    assert_near(&both.point(), &alone.point(), "per tensor");
}

/// Takes steps; in the second half from what the first half has saved, if interrupted.
fn run(kinetic: Kinetic, integration: Integration, interrupted: bool) -> Vec<f64> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("optimizer.safetensors");
    let regression = Regression::new();
    let config = HamiltonianConfig {
        seed: u64::MAX - 12345,
        ..config(kinetic, integration)
    };
    let mut optimizer = HamiltonianDescent::new(regression.vars(), config.clone()).unwrap();
    for step in 0..2 * STEPS {
        if step == STEPS + 1 {
            optimizer.set_learning_rate(0.05);
        }
        if interrupted && step == STEPS + 2 {
            optimizer.save_state(&path).unwrap();
            let other_seed = HamiltonianConfig {
                seed: u64::MAX,
                ..config.clone()
            };
            optimizer = HamiltonianDescent::new(regression.vars(), other_seed).unwrap();
            optimizer.load_state(&path).unwrap();
        }
        optimizer.step_with(|| regression.loss()).unwrap();
    }
    regression.point()
}

#[test]
fn a_run_that_was_interrupted_within_a_flow_goes_on_to_the_last_bit() {
    for &integration in Integration::ALL {
        for &kinetic in Kinetic::ALL {
            assert_eq!(
                run(kinetic, integration, true),
                run(kinetic, integration, false),
                "{kinetic} {integration}"
            );
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("momentum.safetensors");
    let momentum = |interrupted: bool| {
        let regression = Regression::new();
        let config = BaselineConfig {
            momentum: 0.9,
            ..BaselineConfig::default()
        };
        let mut optimizer = BaselineDescent::new(regression.vars(), config.clone()).unwrap();
        for step in 0..6 {
            if interrupted && step == 3 {
                optimizer.save_state(&path).unwrap();
                optimizer = BaselineDescent::new(regression.vars(), config.clone()).unwrap();
                optimizer.load_state(&path).unwrap();
            }
            optimizer
                .backward_step(&regression.loss().unwrap())
                .unwrap();
        }
        regression.point()
    };
    assert_eq!(momentum(true), momentum(false));
}

#[test]
fn a_state_of_other_variables_or_of_another_method_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    let regression = Regression::new();
    let config = config(Kinetic::HalfL2Squared, Integration::Leapfrog);
    let mut optimizer = HamiltonianDescent::new(regression.vars(), config.clone()).unwrap();
    optimizer
        .backward_step(&regression.loss().unwrap())
        .unwrap();
    optimizer.save_state(&path).unwrap();

    let mut turned = regression.vars();
    turned.reverse();
    let mut other = HamiltonianDescent::new(turned, config.clone()).unwrap();
    let error = other.load_state(&path).unwrap_err().to_string();
    assert!(error.contains("its variable"), "{error}");

    let first = vec![regression.vars[0].clone()];
    let mut other = HamiltonianDescent::new(first, config.clone()).unwrap();
    let error = other.load_state(&path).unwrap_err().to_string();
    assert!(error.contains("belongs to no variable"), "{error}");

    let shorter = HamiltonianConfig { steps: 1, ..config };
    let mut other = HamiltonianDescent::new(regression.vars(), shorter).unwrap();
    let error = other.load_state(&path).unwrap_err().to_string();
    assert!(error.contains("a flow of 1 steps"), "{error}");
    assert_eq!(other.within(), 0);

    let baseline = BaselineConfig::default();
    let mut baseline = BaselineDescent::new(regression.vars(), baseline).unwrap();
    let error = baseline.load_state(&path).unwrap_err().to_string();
    assert!(error.contains("of another method"), "{error}");
    std::fs::write(&path, "nothing").unwrap();
    let error = optimizer.load_state(&path).unwrap_err().to_string();
    assert!(error.contains("state.safetensors: reading it"), "{error}");
    assert_eq!(optimizer.within(), 1);
}

#[test]
fn names_tell_the_state_of_a_map_whatever_the_order_of_its_variables() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    let map = || {
        let map = VarMap::new();
        for name in ["z", "b", "m", "a", "q", "c", "x"] {
            let one = candle_nn::Init::Const(1.0);
            map.get(2, name, one, DType::F64, &Device::Cpu).unwrap();
        }
        map
    };
    let loss = |map: &VarMap| {
        let vars = optim::nn::named_vars(map);
        let mut sum = Tensor::new(0f64, &Device::Cpu).unwrap();
        for (weight, (_, var)) in vars.iter().enumerate() {
            let own = var.sqr().unwrap().sum_all().unwrap();
            sum = (sum + (own * weight as f64).unwrap()).unwrap();
        }
        sum
    };
    let end = |map: &VarMap| {
        let vars = optim::nn::named_vars(map);
        let of = |(_, var): &(String, Var)| numbers(var.as_tensor());
        vars.iter().flat_map(of).collect::<Vec<f64>>()
    };
    let (first, second) = (map(), map());
    let config = config(Kinetic::HalfL2Squared, Integration::Leapfrog);
    let mut optimizer = HamiltonianDescent::of(&first, config.clone()).unwrap();
    optimizer.backward_step(&loss(&first)).unwrap();
    optimizer.save_state(&path).unwrap();
    let mut other = HamiltonianDescent::of(&second, config).unwrap();
    let varied = first.data().lock().unwrap().clone();
    for (name, var) in second.data().lock().unwrap().iter() {
        var.set(varied[name].as_tensor()).unwrap();
    }
    other.load_state(&path).unwrap();
    optimizer.backward_step(&loss(&first)).unwrap();
    other.backward_step(&loss(&second)).unwrap();
    assert_eq!(end(&first), end(&second));
}

#[test]
fn a_loss_that_fails_leaves_the_variables_as_they_were() {
    let regression = Regression::new();
    let config = config(Kinetic::HalfL2Squared, Integration::Stratified);
    let mut optimizer = HamiltonianDescent::new(regression.vars(), config).unwrap();
    optimizer.step_with(|| regression.loss()).unwrap();
    let before = regression.point();
    let failed = optimizer.step_with(|| candle_core::bail!("no data left"));
    assert!(failed.unwrap_err().to_string().contains("no data left"));
    assert_eq!(regression.point(), before);
}

#[test]
fn the_stratified_integrator_says_that_it_wants_the_loss() {
    let regression = Regression::new();
    let config = config(Kinetic::HalfL2Squared, Integration::Stratified);
    let mut optimizer = HamiltonianDescent::new(regression.vars(), config).unwrap();
    let error = optimizer.backward_step(&regression.loss().unwrap());
    let error = error.unwrap_err().to_string();
    assert!(error.contains("step_with"), "{error}");
}

#[test]
fn settings_out_of_range_are_refused() {
    let vars = || Regression::new().vars();
    for config in [
        HamiltonianConfig {
            step_size: 0.0,
            ..HamiltonianConfig::default()
        },
        HamiltonianConfig {
            steps: 0,
            ..HamiltonianConfig::default()
        },
    ] {
        assert!(HamiltonianDescent::new(vars(), config).is_err());
    }
    let config = BaselineConfig {
        momentum: 1.0,
        ..BaselineConfig::default()
    };
    assert!(BaselineDescent::new(vars(), config).is_err());
    for learning_rate in [-0.1, 0.0, f64::INFINITY, f64::NAN] {
        let config = BaselineConfig {
            learning_rate,
            ..BaselineConfig::default()
        };
        assert!(
            BaselineDescent::new(vars(), config).is_err(),
            "{learning_rate}"
        );
    }
}

#[test]
fn a_step_from_a_loss_is_that_from_its_gradients_at_the_rate_that_was_set_last() {
    for momentum in [0.0, 0.9] {
        let by_loss = Regression::new();
        let by_hand = Regression::new();
        let config = BaselineConfig {
            momentum,
            ..BaselineConfig::default()
        };
        let mut one = BaselineDescent::new(by_loss.vars(), config.clone()).unwrap();
        let mut other = BaselineDescent::new(by_hand.vars(), config).unwrap();
        for rate in [0.3, 0.05] {
            one.set_learning_rate(rate);
            other.set_learning_rate(rate);
            assert_eq!(one.learning_rate(), rate);
            let found: &mut dyn NetworkOptimizer = &mut one;
            let loss = found.step_with(&mut || by_loss.loss()).unwrap();
            let wanted = by_hand.loss().unwrap();
            other.backward_step(&wanted).unwrap();
            assert_eq!(
                loss.to_scalar::<f64>().unwrap(),
                wanted.to_scalar::<f64>().unwrap()
            );
            assert_eq!(by_loss.point(), by_hand.point());
        }
        assert_ne!(by_loss.point(), Regression::new().point());
    }
    let config = ResettingAdamConfig::default();
    let mut adam = ResettingAdam::new(Regression::new().vars(), config).unwrap();
    adam.set_learning_rate(0.25);
    assert_eq!(adam.learning_rate(), 0.25);
}

#[test]
fn a_learning_rate_and_a_time_are_a_step_and_their_number() {
    let config = HamiltonianConfig::of_learning_rate(0.04, 1.0).unwrap();
    assert_eq!((config.step_size, config.steps), (0.2, 5));
    let short = HamiltonianConfig::of_learning_rate(0.04, 0.01).unwrap();
    assert_eq!(short.steps, 1, "at least one");
    for (rate, time, named) in [
        (0.0, 1.0, "learning_rate"),
        (f64::NAN, 1.0, "learning_rate"),
        (0.1, f64::INFINITY, "integration_time"),
        (0.1, -1.0, "integration_time"),
    ] {
        let error = HamiltonianConfig::of_learning_rate(rate, time).unwrap_err();
        assert!(error.to_string().starts_with(named), "{error}");
    }
}

#[test]
fn a_state_is_not_written_where_there_is_no_folder() {
    let regression = Regression::new();
    let optimizer = BaselineDescent::new(regression.vars(), BaselineConfig::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("missing/state.safetensors");
    let error = optimizer.save_state(&nowhere).unwrap_err().to_string();
    assert!(error.contains("missing/state.safetensors"), "{error}");
    // A state without its numbers is not one of this optimiser's.
    let bare = folder.path().join("bare.safetensors");
    let none = std::collections::HashMap::<String, Tensor>::new();
    candle_core::safetensors::save(&none, &bare).unwrap();
    let config = config(Kinetic::HalfL2Squared, Integration::Leapfrog);
    let mut optimizer = HamiltonianDescent::new(regression.vars(), config).unwrap();
    let error = optimizer.load_state(&bare).unwrap_err().to_string();
    assert!(error.contains("of another method"), "{error}");
}

#[test]
fn adam_with_other_decays_than_its_papers_is_that_in_closed_form() {
    let regression = Regression::new();
    let (mut oracle, start) = regression.closed();
    let config = ResettingAdamConfig {
        learning_rate: 0.1,
        beta1: 0.5,
        beta2: 0.8,
        epsilon: 0.01,
        reset_every: None,
    };
    let mut adam = ResettingAdam::new(regression.vars(), config).unwrap();
    let mut x = numbers(&start);
    let (mut mean, mut square) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    for step in 1..=3 {
        adam.backward_step(&regression.loss().unwrap()).unwrap();
        let point = Tensor::new(x.clone(), &Device::Cpu).unwrap();
        let gradient = numbers(&oracle.gradient(&point).unwrap());
        let (first, second) = (1.0 - 0.5f64.powi(step), 1.0 - 0.8f64.powi(step));
        for (i, g) in gradient.into_iter().enumerate() {
            mean[i] = 0.5 * mean[i] + 0.5 * g;
            square[i] = 0.8 * square[i] + 0.2 * g * g;
            x[i] -= 0.1 * (mean[i] / first) / ((square[i] / second).sqrt() + 0.01);
        }
        assert_near(&regression.point(), &x, "Adam");
    }
}
