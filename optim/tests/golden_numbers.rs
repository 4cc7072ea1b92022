//! Every method against golden numbers from an independent NumPy implementation in float64
//! (fixtures/golden.json): three flows on a logistic regression small enough to read.

mod common;

use candle_core::{Device, Tensor};
use common::{numbers, oracle};
use optim::{
    Flow, HamiltonianDescent, HeavyBall, Integrator, Kernel, Kinetic, Leapfrog, LogisticRegression,
    Method, Potential, Predictor, Problem, Recurrence, Stratified, SymplecticEuler, Velocity,
    Window, WindowMethod, WindowedDescent, WindowedRecurrence,
};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Deserialize)]
struct Golden {
    #[serde(skip)]
    place: Place,
    problem: GoldenProblem,
    value_at_x0: f64,
    grad_at_x0: Vec<f64>,
    methods: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
}

/// Where the problem's data lie, and what computes its gradients.
#[derive(Clone)]
struct Place {
    device: Device,
    kernel: Kernel,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            device: Device::Cpu,
            kernel: Kernel::Auto,
        }
    }
}

#[derive(Deserialize)]
struct GoldenProblem {
    #[serde(rename = "X")]
    x: Vec<Vec<f64>>,
    y: Vec<u32>,
    classes: usize,
    x0: Vec<f64>,
    #[serde(rename = "S")]
    steps: usize,
    theta: f64,
    flows: usize,
    zetas: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Expected {
    x: Vec<f64>,
    value: f64,
    #[serde(default)]
    flows: Vec<GoldenFlow>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct GoldenFlow {
    rounds: u64,
    strides: Vec<usize>,
    requested: u64,
    distinct: u64,
}

#[derive(Deserialize)]
struct ExpectedBaseline {
    steps: usize,
    eta: f64,
    value: f64,
    #[serde(rename = "value_beta_0.9")]
    value_with_momentum: f64,
}

/// With the CPU's kernels, with tensors on the CPU, and on the first GPU where there is one.
fn everywhere() -> Vec<Golden> {
    let fused = |device| Place {
        device,
        kernel: Kernel::Fused,
    };
    let mut places = vec![Place::default()];
    places.extend(gpu::devices_to_test().into_iter().map(fused));
    let golden = |place| Golden {
        place,
        ..serde_json::from_str(include_str!("fixtures/golden.json")).unwrap()
    };
    places.into_iter().map(golden).collect()
}

impl Golden {
    fn potential(&self) -> Arc<LogisticRegression> {
        let x = Tensor::new(self.problem.x.clone(), &self.place.device).unwrap();
        let problem = Problem {
            classes: self.problem.classes,
            bias: false,
            l2: 0.0,
        };
        let kernel = self.place.kernel;
        let potential = LogisticRegression::with_kernel(x, &self.problem.y, problem, kernel);
        Arc::new(potential.unwrap())
    }

    fn start(&self) -> Tensor {
        Tensor::new(self.problem.x0.clone(), &self.place.device).unwrap()
    }

    /// Calls `check` with each kinetic energy, method name and what is expected of it.
    fn for_each(&self, mut check: impl FnMut(Kinetic, &str, &serde_json::Value)) {
        assert_eq!(self.methods.len(), Kinetic::PAPER.len());
        for (kinetic, methods) in &self.methods {
            for (name, expected) in methods {
                check(kinetic.parse().unwrap(), name, expected);
            }
        }
    }
}

fn assert_close(found: &[f64], wanted: &[f64], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (i, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        assert!(
            (found - wanted).abs() < 1e-12,
            "{what}: [{i}] is {found}, golden {wanted}"
        );
    }
}

/// Runs the golden number of flows and compares end point and value.
fn assert_golden(golden: &Golden, method: &mut dyn Method, expected: &Expected, what: &str) {
    for k in 0..golden.problem.flows {
        let progress = method.advance().unwrap();
        if let Some(wanted) = expected.flows.get(k) {
            let found = GoldenFlow {
                rounds: progress.counts.rounds,
                strides: progress.strides,
                requested: progress.counts.requested,
                distinct: progress.counts.distinct,
            };
            assert_eq!(&found, wanted, "{what}, flow {k}");
        }
    }
    assert_close(&numbers(method.position()), &expected.x, what);
    let value = golden.potential().value(method.position()).unwrap();
    assert_close(&[value], &[expected.value], what);
}

#[test]
fn value_and_gradient_are_the_golden_ones() {
    for golden in everywhere() {
        let potential = golden.potential();
        assert_close(
            &[potential.value(&golden.start()).unwrap()],
            &[golden.value_at_x0],
            "value",
        );
        let gradient = potential.gradient(&golden.start()).unwrap();
        assert_close(&numbers(&gradient), &golden.grad_at_x0, "gradient");
    }
}

#[test]
fn every_integrator_with_every_kinetic_energy_ends_at_the_golden_point() {
    for golden in everywhere() {
        let mut checked = 0;
        golden.for_each(|kinetic, name, expected| {
            let theta = golden.problem.theta;
            let integrator: Box<dyn Integrator> = match name {
                "hd-leapfrog" => Box::new(Leapfrog),
                "hd-euler" => Box::new(SymplecticEuler),
                "hd-stratified" => {
                    let mut zetas = golden.problem.zetas.concat().into_iter();
                    Box::new(Stratified::new(move || zetas.next().unwrap() / theta))
                }
                _ => return,
            };
            let expected: Expected = serde_json::from_value(expected.clone()).unwrap();
            let flow = Flow::new(kinetic, integrator, theta, golden.problem.steps).unwrap();
            let mut method =
                HamiltonianDescent::new(oracle(&golden.potential()), flow, golden.start());
            assert_golden(
                &golden,
                &mut method,
                &expected,
                &format!("{kinetic} {name}"),
            );
            let gradients = (golden.problem.steps * golden.problem.flows) as u64;
            assert_eq!(
                method.counts().requested,
                gradients,
                "one gradient a step: {kinetic} {name}"
            );
            checked += 1;
        });
        assert_eq!(checked, 12);
    }
}

/// "picard/carried/copy/W=4/tau=0.001"
fn windowed(name: &str, kinetic: Kinetic, golden: &Golden) -> Option<WindowedRecurrence> {
    let [_, velocity, predictor, width, tau] = name.split('/').collect::<Vec<_>>()[..] else {
        return None;
    };
    let (theta, steps) = (golden.problem.theta, golden.problem.steps);
    Some(WindowedRecurrence {
        recurrence: Recurrence::new(kinetic, theta, steps),
        window: Window {
            width: width.strip_prefix("W=")?.parse().ok()?,
            tolerance: tau.strip_prefix("tau=")?.parse().ok()?,
            velocity: velocity.parse::<Velocity>().ok()?,
            method: WindowMethod::picard(predictor.parse::<Predictor>().ok()?),
            ..Window::default()
        },
    })
}

#[test]
fn every_picard_window_makes_the_golden_rounds_strides_and_gradients_to_the_golden_point() {
    for golden in everywhere() {
        let mut checked = 0;
        golden.for_each(|kinetic, name, expected| {
            if !name.starts_with("picard/") {
                return;
            }
            let expected: Expected = serde_json::from_value(expected.clone()).unwrap();
            assert_eq!(expected.flows.len(), golden.problem.flows);
            let flow = windowed(name, kinetic, &golden).unwrap();
            let mut method =
                WindowedDescent::new(oracle(&golden.potential()), flow, golden.start());
            assert_golden(
                &golden,
                &mut method,
                &expected,
                &format!("{kinetic} {name}"),
            );
            checked += 1;
        });
        assert_eq!(checked, 64);
    }
}

#[test]
fn every_baseline_with_and_without_momentum_reaches_the_golden_value() {
    for golden in everywhere() {
        let mut checked = 0;
        golden.for_each(|kinetic, name, expected| {
            if name != "baseline" {
                return;
            }
            let expected: ExpectedBaseline = serde_json::from_value(expected.clone()).unwrap();
            for (beta, wanted) in [(0.0, expected.value), (0.9, expected.value_with_momentum)] {
                let potential = golden.potential();
                let mut method = HeavyBall::new(
                    oracle(&potential),
                    kinetic,
                    expected.eta,
                    beta,
                    golden.start(),
                )
                .unwrap();
                for _ in 0..expected.steps {
                    method.advance().unwrap();
                }
                let value = potential.value(method.position()).unwrap();
                assert_close(&[value], &[wanted], &format!("{kinetic} β={beta}"));
                checked += 1;
            }
        });
        assert_eq!(checked, 8);
    }
}
