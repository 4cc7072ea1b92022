//! Evaluators agree, and the closed-form gradient is the derivative.

mod common;

use candle_core::{DType, Device, Tensor, Var};
use common::{distance, numbers, random_problem, random_problem_with};
use optim::{
    Batched, Devices, Evaluator, Kernel, Kinetic, LogisticRegression, Method, Oracle, Potential,
    Predictor, Problem, Recurrence, Sequential, Window, WindowMethod, WindowedDescent,
    WindowedRecurrence,
};
use std::sync::Arc;

fn evaluators(potential: &Arc<LogisticRegression>) -> Vec<(&'static str, Oracle)> {
    let replicas = |n: usize| {
        Devices::new(&vec![Device::Cpu; n], |device| {
            Ok(Arc::new(potential.to_device(device)?) as Arc<dyn Potential>)
        })
        .unwrap()
    };
    vec![
        (
            "sequential",
            Oracle::new(Sequential::new(potential.clone())),
        ),
        ("batched", Oracle::new(Batched::new(potential.clone()))),
        ("devices: 1", Oracle::new(replicas(1))),
        ("devices: 3", Oracle::new(replicas(3))),
    ]
}

#[test]
fn the_trajectory_does_not_depend_on_where_the_gradients_are_computed() {
    for (dtype, rounding) in [(DType::F64, 1e-13), (DType::F32, 1e-4)] {
        for &kinetic in Kinetic::ALL {
            let (potential, start) = random_problem(5, dtype);
            let flow = WindowedRecurrence {
                recurrence: Recurrence::new(kinetic, 0.2, 10),
                window: Window {
                    width: 4,
                    tolerance: 1e-3,
                    method: WindowMethod::picard(Predictor::LinearForce),
                    ..Window::default()
                },
            };
            let mut ends: Vec<(&str, Tensor, _)> = Vec::new();
            for (name, oracle) in evaluators(&potential) {
                let mut method = WindowedDescent::new(oracle, flow, start.clone());
                for _ in 0..3 {
                    method.advance().unwrap();
                }
                ends.push((name, method.position().clone(), method.counts()));
            }
            for (name, end, counts) in &ends[1..] {
                let apart = distance(end, &ends[0].1);
                assert!(apart < rounding, "{name} {kinetic} {dtype:?}: {apart}");
                if dtype == DType::F64 {
                    assert_eq!(*counts, ends[0].2, "{name} {kinetic}");
                }
            }
        }
    }
}

#[test]
fn the_bulk_gradient_is_the_gradient_of_each_point() {
    for (bias, l2) in [(false, 0.0), (true, 0.0), (false, 0.3), (true, 0.3)] {
        let (potential, a) = random_problem_with(1, DType::F64, bias, l2);
        let points = Tensor::stack(&[&a, &(&a * 2.0).unwrap(), &a.sqr().unwrap()], 0).unwrap();
        let bulk = potential.gradients(&points).unwrap();
        for w in 0..3 {
            let single = potential.gradient(&points.get(w).unwrap()).unwrap();
            assert!(distance(&bulk.get(w).unwrap(), &single) < 1e-14);
        }
    }
}

#[test]
fn the_closed_form_is_what_autograd_finds() {
    let (n, d, classes) = (9, 4, 3);
    let wave = |n: usize, f: f64| (0..n).map(|i| (i as f64 * f).sin()).collect::<Vec<_>>();
    let x = Tensor::from_vec(wave(n * d, 0.7), (n, d), &Device::Cpu).unwrap();
    let labels: Vec<u32> = (0..n as u32).map(|i| i % classes as u32).collect();
    let weights = Tensor::from_vec(wave(d * classes, 1.3), (d, classes), &Device::Cpu).unwrap();
    let weights = Var::from_tensor(&weights).unwrap();
    let targets = Tensor::new(labels.clone(), &Device::Cpu).unwrap();
    let logits = x.matmul(weights.as_tensor()).unwrap();
    let loss = candle_nn::loss::cross_entropy(&logits, &targets).unwrap();
    let auto = loss
        .backward()
        .unwrap()
        .get(weights.as_tensor())
        .unwrap()
        .flatten_all()
        .unwrap();

    let problem = Problem {
        classes,
        bias: false,
        l2: 0.0,
    };
    let potential = LogisticRegression::new(x, &labels, problem).unwrap();
    let point = weights.as_tensor().flatten_all().unwrap().detach();
    assert!(distance(&potential.gradient(&point).unwrap(), &auto) < 1e-12);
    let value = potential.value(&point).unwrap();
    assert!((value - loss.to_scalar::<f64>().unwrap()).abs() < 1e-12);
}

#[test]
fn intercepts_are_fitted_but_not_penalised() {
    let (potential, point) = random_problem_with(2, DType::F64, true, 0.7);
    let gradient: Vec<f64> = potential.gradient(&point).unwrap().to_vec1().unwrap();
    let numbers: Vec<f64> = point.to_vec1().unwrap();
    for i in 0..potential.dimension() {
        let at = |h: f64| {
            let mut moved = numbers.clone();
            moved[i] += h;
            potential
                .value(&Tensor::new(moved, &Device::Cpu).unwrap())
                .unwrap()
        };
        let numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
        assert!((numeric - gradient[i]).abs() < 1e-8, "coordinate {i}");
    }
    let (plain, _) = random_problem_with(2, DType::F64, true, 0.0);
    let plain: Vec<f64> = plain.gradient(&point).unwrap().to_vec1().unwrap();
    let penalised = |i: usize| (gradient[i] - plain[i] - 0.7 * numbers[i]).abs() < 1e-14;
    let free = |i: usize| (gradient[i] - plain[i]).abs() < 1e-14;
    let (_, d, classes) = common::SHAPE;
    assert!((0..d * classes).all(penalised));
    assert!((d * classes..(d + 1) * classes).all(free));
}

#[test]
fn logits_of_any_size_overflow_neither_value_nor_gradient() {
    let x = Tensor::new(&[[1e4f32], [-1e4]], &Device::Cpu).unwrap();
    let problem = Problem {
        classes: 2,
        bias: false,
        l2: 0.0,
    };
    let potential = LogisticRegression::new(x, &[1, 0], problem).unwrap();
    let point = Tensor::new(&[5f32, -5.0], &Device::Cpu).unwrap();
    assert_eq!(potential.value(&point).unwrap(), 1e5);
    let gradient: Vec<f32> = potential.gradient(&point).unwrap().to_vec1().unwrap();
    assert_eq!(gradient, [1e4, -1e4]);
}

#[test]
fn data_that_does_not_fit_is_refused() {
    let x = Tensor::new(&[[1f32, 2.0]], &Device::Cpu).unwrap();
    let problem = Problem {
        classes: 2,
        bias: false,
        l2: 0.0,
    };
    let refused = |labels: &[u32], problem| {
        LogisticRegression::new(x.clone(), labels, problem)
            .err()
            .unwrap()
            .to_string()
    };
    assert!(refused(&[0, 1], problem).contains("one row for each of 2 labels"));
    assert!(refused(&[2], problem).contains("label is 2"));
    assert!(
        refused(
            &[0],
            Problem {
                classes: 1,
                ..problem
            }
        )
        .contains("classes is 1")
    );
    assert!(
        refused(
            &[0],
            Problem {
                l2: f64::NAN,
                ..problem
            }
        )
        .contains("l2 is NaN")
    );
    let fits = LogisticRegression::new(x.clone(), &[0], problem).unwrap();
    let short = Tensor::new(&[1f32], &Device::Cpu).unwrap();
    assert!(
        fits.gradient(&short)
            .unwrap_err()
            .to_string()
            .contains("[4]")
    );
    assert!(Sequential::new(Arc::new(fits)).gradients(&[short]).is_err());
}

#[test]
fn the_accuracy_is_the_share_of_rows_whose_own_logit_is_largest() {
    let x = Tensor::new(
        &[[1.0f64, 0.0], [0.0, 1.0], [1.0, 1.0], [-1.0, 2.0]],
        &Device::Cpu,
    );
    let problem = Problem {
        classes: 2,
        bias: false,
        l2: 0.0,
    };
    for kernel in [Kernel::Auto, Kernel::Composed] {
        let labels = [0, 1, 0, 0];
        let f =
            LogisticRegression::with_kernel(x.as_ref().unwrap().clone(), &labels, problem, kernel);
        // Row by row (d, C): the first coordinate speaks for class 0, the second for class 1. The third
        // row is undecided, which counts as the first of the two; the fourth is another's.
        let point = Tensor::new(&[1.0f64, 0.0, 0.0, 1.0], &Device::Cpu).unwrap();
        assert_eq!(f.unwrap().accuracy(&point).unwrap(), 0.75);
    }
}

#[test]
fn no_points_are_no_gradients_on_two_workers() {
    let (potential, point) = random_problem(3, DType::F64);
    let devices = vec![Device::Cpu; 2];
    let batched = Batched::new(potential.clone()).gradients(std::slice::from_ref(&point));
    let workers = Devices::new(&devices, |_| Ok(potential.clone())).unwrap();
    assert_eq!(workers.len(), 2);
    assert!(!workers.is_empty());
    assert!(workers.gradients(&[]).unwrap().is_empty());
    let alone = workers.gradients(&[point]).unwrap();
    assert_eq!(alone.len(), 1);
    assert_eq!(numbers(&alone[0]), numbers(&batched.unwrap()[0]));
}
