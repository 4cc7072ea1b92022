//! Adam of networks beside candle's, beside that of potentials, and beside itself.

use super::*;
use crate::{Adam, Method, Oracle, Quadratic, Sequential};
use candle_core::Device;
use candle_nn::{AdamW, ParamsAdamW};
use std::sync::Arc;

const CURVATURES: [f64; 3] = [1.0, 10.0, 100.0];

fn resetting(reset_every: impl Into<Option<usize>>) -> ResettingAdamConfig {
    ResettingAdamConfig {
        learning_rate: 0.1,
        reset_every: reset_every.into(),
        ..ResettingAdamConfig::default()
    }
}

/// Two variables, and one on which no loss depends.
fn vars(dtype: DType) -> Vec<Var> {
    let of = |numbers: &[f64]| {
        let all = Tensor::new(numbers, &Device::Cpu).unwrap();
        Var::from_tensor(&all.to_dtype(dtype).unwrap()).unwrap()
    };
    vec![of(&[3.0, -2.0, 1.0]), of(&[0.5, -4.0]), of(&[7.0])]
}

/// Σ λ x² /2 over the first, and the sum of fourth powers over the second.
fn loss(vars: &[Var]) -> Result<Tensor> {
    let curvatures = Tensor::new(&CURVATURES, &Device::Cpu)?.to_dtype(vars[0].dtype())?;
    let first = ((vars[0].sqr()? * curvatures)?.sum_all()? * 0.5)?;
    first + vars[1].sqr()?.sqr()?.sum_all()?
}

fn numbers(vars: &[Var]) -> Vec<f64> {
    let of = |var: &Var| var.to_dtype(DType::F64).unwrap().to_vec1().unwrap();
    vars.iter().flat_map(of).collect()
}

#[test]
fn without_a_reset_its_steps_are_those_of_candle_nn_to_the_last_bit() {
    for dtype in [DType::F32, DType::F64] {
        let (ours, theirs) = (vars(dtype), vars(dtype));
        let mut adam = ResettingAdam::new(ours.clone(), resetting(None)).unwrap();
        let params = ParamsAdamW {
            lr: 0.1,
            weight_decay: 0.0,
            ..ParamsAdamW::default()
        };
        let mut adamw = AdamW::new(theirs.clone(), params).unwrap();
        for step in 1..=30 {
            adam.backward_step(&loss(&ours).unwrap()).unwrap();
            adamw.backward_step(&loss(&theirs).unwrap()).unwrap();
            assert_eq!(numbers(&ours), numbers(&theirs), "{dtype:?} step {step}");
        }
    }
}

#[test]
fn after_a_reset_its_steps_are_the_first_ones_of_an_adam_that_starts_there() {
    let (ours, theirs) = (vars(DType::F64), vars(DType::F64));
    let mut adam = ResettingAdam::new(ours.clone(), resetting(4)).unwrap();
    for flow in 0..3 {
        let mut anew = ResettingAdam::new(theirs.clone(), resetting(None)).unwrap();
        for step in 1..=4 {
            adam.backward_step(&loss(&ours).unwrap()).unwrap();
            anew.backward_step(&loss(&theirs).unwrap()).unwrap();
            assert_eq!(numbers(&ours), numbers(&theirs), "flow {flow} step {step}");
        }
    }
}

#[test]
fn on_a_quadratic_it_walks_the_path_of_the_method_for_potentials() {
    for every in [None, Some(1), Some(7)] {
        let var = vars(DType::F64).remove(0);
        let f = Arc::new(Quadratic::diagonal(&CURVATURES, &Device::Cpu).unwrap());
        let start = var.as_detached_tensor().copy().unwrap();
        let oracle = Oracle::new(Sequential::new(f));
        let mut method = Adam::new(oracle, 0.1, start).unwrap();
        if let Some(every) = every {
            method = method.resetting(every).unwrap();
        }
        let mut adam = ResettingAdam::new(vec![var.clone()], resetting(every)).unwrap();
        let curvatures = Tensor::new(&CURVATURES, &Device::Cpu).unwrap();
        for step in 1..=20 {
            method.advance().unwrap();
            let gradient = (var.as_detached_tensor() * &curvatures).unwrap();
            let slope = (var.as_tensor() * gradient).unwrap().sum_all().unwrap();
            adam.backward_step(&slope).unwrap();
            let wanted = method.position().to_vec1::<f64>().unwrap();
            assert_eq!(var.to_vec1::<f64>().unwrap(), wanted, "{every:?} {step}");
        }
    }
}

/// Takes 12 steps; the last from what was saved after so many, if interrupted.
fn run(dtype: DType, every: Option<usize>, interrupted: Option<usize>) -> Vec<f64> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("adam.safetensors");
    let vars = vars(dtype);
    let mut adam = ResettingAdam::new(vars.clone(), resetting(every)).unwrap();
    for step in 0..12 {
        if step == 3 {
            adam.set_learning_rate(0.05);
        }
        if interrupted == Some(step) {
            adam.save_state(&path).unwrap();
            adam = ResettingAdam::new(vars.clone(), resetting(every)).unwrap();
            adam.load_state(&path).unwrap();
        }
        adam.step_with(&mut || loss(&vars)).unwrap();
    }
    numbers(&vars)
}

#[test]
fn a_run_that_was_interrupted_and_resumed_ends_with_the_same_bits() {
    for dtype in [DType::F16, DType::BF16, DType::F32, DType::F64] {
        for every in [None, Some(5)] {
            let wanted = run(dtype, every, None);
            // Before, at and behind a reset.
            for at in [4, 5, 8] {
                assert_eq!(run(dtype, every, Some(at)), wanted, "{dtype:?} {every:?}");
            }
        }
    }
}

#[test]
fn in_half_precision_neither_a_square_overflows_nor_nothing_is_divided_by_nothing() {
    for half in [DType::F16, DType::BF16] {
        let vars = vars(half);
        let mut adam = ResettingAdam::new(vars.clone(), resetting(None)).unwrap();
        // The square of the first is more than F16 holds, that of the second less.
        let slopes = Tensor::new(&[500f32, 1e-5, 0.0], &Device::Cpu).unwrap();
        let slopes = slopes.to_dtype(half).unwrap();
        let loss = (vars[0].as_tensor() * slopes).unwrap().sum_all().unwrap();
        adam.backward_step(&loss).unwrap();
        for (found, wanted) in numbers(&vars).iter().zip([2.9, -2.1, 1.0, 0.5, -4.0, 7.0]) {
            assert!((found - wanted).abs() < 0.01, "{half:?}: {found} {wanted}");
        }
    }
}

#[test]
fn settings_out_of_range_are_refused_by_their_names() {
    let fine = ResettingAdamConfig::default;
    let refused = |config: ResettingAdamConfig| {
        let error = config.check().unwrap_err();
        assert!(ResettingAdam::new(vars(DType::F64), config).is_err());
        match error {
            Error::Setting { name, .. } => name,
            other => panic!("{other}"),
        }
    };
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let learning_rate = bad;
        let rate = ResettingAdamConfig {
            learning_rate,
            ..fine()
        };
        assert_eq!(refused(rate), "learning_rate");
        let epsilon = ResettingAdamConfig {
            epsilon: bad,
            ..fine()
        };
        assert_eq!(refused(epsilon), "epsilon");
    }
    for bad in [-0.1, 1.0, f64::NAN] {
        assert_eq!(
            refused(ResettingAdamConfig {
                beta1: bad,
                ..fine()
            }),
            "beta1"
        );
        assert_eq!(
            refused(ResettingAdamConfig {
                beta2: bad,
                ..fine()
            }),
            "beta2"
        );
    }
    assert_eq!(refused(resetting(0)), "reset_every");
}

#[test]
fn a_state_that_does_not_fit_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("adam.safetensors");
    let vars = vars(DType::F64);
    let mut adam = ResettingAdam::new(vars.clone(), resetting(None)).unwrap();
    for _ in 0..3 {
        adam.step_with(&mut || loss(&vars)).unwrap();
    }
    adam.save_state(&path).unwrap();
    let refused = |vars: &[Var], every: Option<usize>| {
        let mut other = ResettingAdam::new(vars.to_vec(), resetting(every)).unwrap();
        let error = other.load_state(&path).unwrap_err().to_string();
        assert_eq!(other.taken, 0);
        let means = other.means.iter().map(|(_, mean)| mean.clone());
        let means: Vec<Var> = means.collect();
        assert!(numbers(&means).iter().all(|mean| *mean == 0.0));
        error
    };
    let error = refused(&vars, Some(3));
    assert!(error.contains("step 3 of 3 between two resets"), "{error}");
    let error = refused(&vars[..2], None);
    assert!(error.contains("belongs to no variable"), "{error}");
    let more = [&vars[..], &vars[..1]].concat();
    let error = refused(&more, None);
    assert!(error.contains("lacks the mean `3.gradients`"), "{error}");
}
