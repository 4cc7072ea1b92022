//! The real a8a in f64 against golden numbers from an independent NumPy implementation: losses,
//! rounds and distinct gradients of every flow, and the test accuracy.

mod common;

use candle_core::{DType, Device, Tensor};
use datasets::{DataPolicy, Library, LibraryOptions, Registry, Silent, Split};
use optim::{
    Batched, Flow, HamiltonianDescent, Kinetic, Leapfrog, LogisticRegression, Method, Oracle,
    Potential, Predictor, Problem, Recurrence, SymplecticEuler, Velocity, Window, WindowMethod,
    WindowedDescent, WindowedRecurrence,
};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Deserialize)]
struct Golden {
    a8a: A8a,
}

#[derive(Deserialize)]
struct A8a {
    #[serde(rename = "S")]
    steps: usize,
    theta: f64,
    methods: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
struct Expected {
    train_loss: Vec<f64>,
    test_accuracy: f64,
    rounds: Option<Vec<u64>>,
    distinct: Option<Vec<u64>>,
}

fn regression(split: &Split, features: usize) -> LogisticRegression {
    let x = Tensor::from_vec(split.to_dense(), (split.len(), features), &Device::Cpu).unwrap();
    let problem = Problem {
        classes: 2,
        bias: false,
        l2: 0.0,
    };
    LogisticRegression::new(
        x.to_dtype(DType::F64).unwrap(),
        split.labels.classes().unwrap(),
        problem,
    )
    .unwrap()
}

fn method(name: &str, golden: &A8a, oracle: Oracle, start: Tensor) -> Box<dyn Method> {
    let kinetic = Kinetic::HalfL2Squared;
    let flow = |integrator| Flow::new(kinetic, integrator, golden.theta, golden.steps).unwrap();
    match name.split('/').collect::<Vec<_>>()[..] {
        ["hd-leapfrog"] => Box::new(HamiltonianDescent::new(
            oracle,
            flow(Box::new(Leapfrog)),
            start,
        )),
        ["hd-euler"] => Box::new(HamiltonianDescent::new(
            oracle,
            flow(Box::new(SymplecticEuler)),
            start,
        )),
        ["picard", velocity, predictor, "W=4", "tau=0.001"] => {
            let predictor = predictor.parse::<Predictor>().unwrap();
            let flow = WindowedRecurrence {
                recurrence: Recurrence::new(kinetic, golden.theta, golden.steps),
                window: Window {
                    width: 4,
                    tolerance: 1e-3,
                    velocity: velocity.parse::<Velocity>().unwrap(),
                    method: WindowMethod::picard(predictor),
                    ..Window::default()
                },
            };
            Box::new(WindowedDescent::new(oracle, flow, start))
        }
        _ => panic!("the golden file has a method that this test does not know: {name}"),
    }
}

#[test]
fn on_the_real_a8a_every_flow_has_the_golden_loss_rounds_and_distinct_gradients() {
    let Some(folder) = common::real_data() else {
        return;
    };
    let golden: Golden =
        serde_json::from_str(include_str!("../../optim/tests/fixtures/golden.json")).unwrap();
    let golden = golden.a8a;
    let cache = tempfile::tempdir().unwrap();
    let options = LibraryOptions {
        data_dir: Some(folder),
        cache_dir: Some(cache.path().to_owned()),
        policy: DataPolicy::Real,
        offline: true,
        ..LibraryOptions::default()
    };
    let registry = Registry::from_yaml(include_str!("../../configs/datasets.yaml")).unwrap();
    let data = Library::new(registry, options)
        .load("a8a", None, &Silent)
        .unwrap();
    let train = Arc::new(regression(&data.train, data.features));
    let test = regression(&data.test, data.features);
    assert_eq!(golden.methods.len(), 5);
    for (name, expected) in &golden.methods {
        let start = Tensor::zeros(train.dimension(), DType::F64, &Device::Cpu).unwrap();
        let mut method = method(
            name,
            &golden,
            Oracle::new(Batched::new(train.clone())),
            start,
        );
        for (k, wanted) in expected.train_loss.iter().enumerate() {
            let progress = method.advance().unwrap();
            let loss = train.value(method.position()).unwrap();
            assert!(
                (loss - wanted).abs() < 1e-12,
                "{name} flow {k}: {loss}, golden {wanted}"
            );
            if let (Some(rounds), Some(distinct)) = (&expected.rounds, &expected.distinct) {
                let found = (progress.counts.rounds, progress.counts.distinct);
                assert_eq!(found, (rounds[k], distinct[k]), "{name} flow {k}");
            }
        }
        let accuracy = test.accuracy(method.position()).unwrap();
        assert!(
            (accuracy - expected.test_accuracy).abs() < 1e-12,
            "{name}: {accuracy}"
        );
    }
}
