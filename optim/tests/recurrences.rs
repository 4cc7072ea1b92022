//! Windows over every recurrence: against the methods that take one step after the other, and against a plain
//! implementation of both that shares no code with them.

use candle_core::{DType, Device, Tensor};
use optim::{
    Acceleration, Adam, Batched, Cost, HeavyBall, Kinetic, Method, Nesterov, Oracle, Potential,
    Predictor, Quadratic, Recurrence, RelativeTo, Result, Sequential, Storage, Termination, Update,
    Velocity, Window, WindowMethod, WindowedDescent, WindowedRecurrence,
};
use std::sync::Arc;

const DIMENSION: usize = 12;

fn curvature() -> Vec<f64> {
    (0..DIMENSION).map(|d| 0.5 + (d % 4) as f64).collect()
}

fn start() -> Vec<f64> {
    (0..DIMENSION)
        .map(|d| (d as f64 * 0.7 + 0.3).sin())
        .collect()
}

/// ½ Σ c x² in a precision.
struct Bowl(Tensor);

impl Potential for Bowl {
    fn dimension(&self) -> usize {
        DIMENSION
    }

    fn dtype(&self) -> DType {
        self.0.dtype()
    }

    fn device(&self) -> &Device {
        &Device::Cpu
    }

    fn value(&self, x: &Tensor) -> Result<f64> {
        let value = (x.sqr()? * &self.0)?.sum_all()?;
        Ok(value.to_dtype(DType::F64)?.to_scalar::<f64>()? / 2.0)
    }

    fn gradient(&self, x: &Tensor) -> Result<Tensor> {
        Ok((x * &self.0)?)
    }

    fn cost(&self, _points: usize) -> Cost {
        Cost {
            operations: 0.0,
            bytes: 0.0,
        }
    }
}

fn oracle(dtype: DType) -> Oracle {
    let curvature = Tensor::new(curvature(), &Device::Cpu).unwrap();
    let bowl = Bowl(curvature.to_dtype(dtype).unwrap());
    Oracle::new(Sequential::new(Arc::new(bowl)))
}

fn point(dtype: DType) -> Tensor {
    let start = Tensor::new(start(), &Device::Cpu).unwrap();
    start.to_dtype(dtype).unwrap()
}

/// Every update that is not a flow, with the method that takes its steps one after the other.
fn recurrences() -> Vec<Recurrence> {
    let mut all = vec![
        Recurrence::nesterov(Acceleration::Constant(0.8), 0.05),
        Recurrence::nesterov(Acceleration::Sequence, 0.05),
        Recurrence::nesterov(Acceleration::Restarted, 0.2),
        Recurrence::adam(0.02),
        Recurrence {
            update: Update::Adam {
                reset_every: Some(7),
            },
            ..Recurrence::adam(0.02)
        },
    ];
    for &direction in Kinetic::ALL {
        for momentum in [0.0, 0.9] {
            all.push(Recurrence::heavy_ball(direction, 0.01, momentum));
        }
    }
    all
}

fn one_by_one(recurrence: Recurrence, dtype: DType) -> Box<dyn Method> {
    let (oracle, start, size) = (oracle(dtype), point(dtype), recurrence.step_size);
    match recurrence.update {
        Update::HeavyBall {
            direction,
            momentum,
        } => Box::new(HeavyBall::new(oracle, direction, size, momentum, start).unwrap()),
        Update::Nesterov(acceleration) => {
            Box::new(Nesterov::new(oracle, acceleration, size, start).unwrap())
        }
        Update::Adam { reset_every } => {
            let adam = Adam::new(oracle, size, start).unwrap();
            match reset_every {
                Some(every) => Box::new(adam.resetting(every).unwrap()),
                None => Box::new(adam),
            }
        }
        Update::Flow { .. } => unreachable!("not among them"),
    }
}

fn numbers(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().to_vec1().unwrap()
}

/// Where a method is after each iteration.
fn positions(mut method: impl Method, iterations: usize) -> Vec<Vec<f64>> {
    let step = |_| {
        method.advance().unwrap();
        numbers(method.position())
    };
    (0..iterations).map(step).collect()
}

fn windowed(recurrence: Recurrence, window: Window, dtype: DType) -> WindowedDescent {
    let flow = WindowedRecurrence { recurrence, window };
    WindowedDescent::new(oracle(dtype), flow, point(dtype))
}

#[test]
fn a_window_of_one_step_is_the_method_itself_to_the_last_bit() {
    for dtype in [DType::F32, DType::F64] {
        for recurrence in recurrences() {
            let wanted = positions(one_by_one(recurrence, dtype), 40);
            let one = windowed(recurrence, Window::default(), dtype);
            let found = positions(one, 40);
            assert_eq!(found, wanted, "{recurrence:?} {dtype:?}");
        }
    }
}

#[test]
fn without_a_tolerance_every_window_ends_where_the_method_does_to_the_last_bit() {
    let methods = [
        WindowMethod::picard(Predictor::Copy),
        WindowMethod::picard(Predictor::FrozenForce),
        WindowMethod::picard(Predictor::LinearForce),
        WindowMethod::secant(6),
    ];
    for recurrence in recurrences() {
        let steps = 6;
        let wanted = positions(one_by_one(recurrence, DType::F64), 5 * steps);
        let wanted: Vec<_> = wanted.chunks(steps).map(|c| c[steps - 1].clone()).collect();
        for (method, across_flows) in methods.into_iter().flat_map(|m| [(m, false), (m, true)]) {
            let window = Window {
                width: 4,
                method,
                across_flows,
                ..Window::default()
            };
            let method = windowed(recurrence.every(steps), window, DType::F64).ending(5);
            assert_eq!(positions(method, 5), wanted, "{recurrence:?} {window}");
        }
    }
}

/// The state of a method in plain numbers, written down from the papers' formulas.
#[derive(Clone)]
struct Plain {
    /// Where the gradient is wanted.
    at: Vec<f64>,
    position: Vec<f64>,
    u: Vec<f64>,
    square: Vec<f64>,
    t: f64,
    taken: i32,
}

impl Plain {
    fn new() -> Self {
        let nothing = vec![0.0; DIMENSION];
        Self {
            at: start(),
            position: start(),
            u: nothing.clone(),
            square: nothing,
            t: 1.0,
            taken: 0,
        }
    }

    fn step(&mut self, recurrence: &Recurrence, g: &[f64]) {
        let eta = recurrence.step_size;
        self.taken += 1;
        match recurrence.update {
            Update::HeavyBall {
                direction,
                momentum,
            } => {
                let d = plain_direction(direction, g);
                for (i, d) in d.iter().enumerate() {
                    self.u[i] = momentum * self.u[i] + d;
                    self.at[i] -= eta * self.u[i];
                }
                self.position = self.at.clone();
            }
            Update::Nesterov(acceleration) => {
                let new: Vec<f64> = (0..DIMENSION).map(|i| self.at[i] - eta * g[i]).collect();
                let uphill: f64 = (0..DIMENSION)
                    .map(|i| g[i] * (new[i] - self.position[i]))
                    .sum();
                let next = (1.0 + (1.0 + 4.0 * self.t * self.t).sqrt()) / 2.0;
                let beta = match acceleration {
                    Acceleration::Constant(beta) => beta,
                    Acceleration::Restarted if uphill > 0.0 => 0.0,
                    _ => (self.t - 1.0) / next,
                };
                self.t = if acceleration == Acceleration::Restarted && uphill > 0.0 {
                    1.0
                } else {
                    next
                };
                for (i, new) in new.iter().enumerate() {
                    self.at[i] = new + beta * (new - self.position[i]);
                }
                self.position = new;
            }
            Update::Adam { reset_every } => {
                if reset_every.is_some_and(|every| (self.taken - 1) % every as i32 == 0) {
                    (self.u, self.square) = (vec![0.0; DIMENSION], vec![0.0; DIMENSION]);
                    self.taken = 1;
                }
                for (i, g) in g.iter().enumerate() {
                    self.u[i] = 0.9 * self.u[i] + 0.1 * g;
                    self.square[i] = 0.999 * self.square[i] + 0.001 * g * g;
                    let mean = self.u[i] / (1.0 - 0.9f64.powi(self.taken));
                    let square = self.square[i] / (1.0 - 0.999f64.powi(self.taken));
                    self.at[i] -= eta * mean / (square.sqrt() + 1e-8);
                }
                self.position = self.at.clone();
            }
            Update::Flow { .. } => unreachable!("not among them"),
        }
    }
}

fn plain_direction(kinetic: Kinetic, g: &[f64]) -> Vec<f64> {
    let norm = g.iter().map(|g| g * g).sum::<f64>().sqrt();
    let sign = |g: f64| if g == 0.0 { 0.0 } else { g.signum() };
    match kinetic {
        Kinetic::HalfL2Squared => g.to_vec(),
        Kinetic::L2 => g.iter().map(|g| g / norm).collect(),
        Kinetic::L1 => g.iter().map(|&g| sign(g)).collect(),
        Kinetic::LInf => {
            let top = g.iter().fold(0.0f64, |top, g| top.max(g.abs()));
            let first = g.iter().position(|g| g.abs() == top).unwrap();
            (0..g.len())
                .map(|i| if i == first { sign(g[i]) } else { 0.0 })
                .collect()
        }
        Kinetic::Relativistic(_) => {
            let slow = (1.0 + norm * norm).sqrt();
            g.iter().map(|g| g / slow).collect()
        }
    }
}

fn plain_gradient(at: &[f64]) -> Vec<f64> {
    at.iter().zip(curvature()).map(|(x, c)| x * c).collect()
}

/// Algorithm 5 over any recurrence in plain numbers: Picard iteration with copies in new slots.
fn plain_window(recurrence: &Recurrence, window: Window, steps: usize) -> (Vec<f64>, Vec<usize>) {
    let Window {
        width, tolerance, ..
    } = window;
    let mut state = Plain::new();
    let mut slots = vec![state.at.clone(); width.min(steps)];
    let (mut done, mut strides) = (0, Vec::new());
    while done < steps {
        let width = slots.len();
        let mut guesses = vec![state.at.clone()];
        guesses.extend(slots[..width - 1].iter().cloned());
        let (mut moving, mut states) = (state.clone(), Vec::new());
        for guess in &guesses {
            moving.step(recurrence, &plain_gradient(guess));
            states.push(moving.clone());
        }
        let norm = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>().sqrt();
        let apart = |a: &[f64], b: &[f64]| {
            let apart: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
            norm(&apart)
        };
        let changed = |w: usize| {
            let scale = match window.relative_to {
                RelativeTo::Size => norm(&slots[w]),
                RelativeTo::Progress => apart(&slots[w], &state.at),
            };
            apart(&states[w].at, &slots[w]) > tolerance * scale
        };
        let stride = (0..width).find(|&w| changed(w)).map_or(width, |w| w + 1);
        state = states[stride - 1].clone();
        done += stride;
        strides.push(stride);
        slots = states[stride..].iter().map(|s| s.at.clone()).collect();
        let wanted = width.min(steps - done);
        slots.truncate(wanted);
        while slots.len() < wanted {
            slots.push(moving.at.clone());
        }
    }
    (state.position, strides)
}

#[test]
fn a_picard_window_makes_the_strides_of_a_plain_implementation_to_the_same_point() {
    for recurrence in recurrences() {
        let by_size = [(4, 1e-2), (4, 1e-3), (7, 1e-3), (3, 1e-4)];
        let by_progress = [(4, 1e-1), (4, 1e-2), (7, 1e-2), (3, 1e-3)];
        let of = |relative_to| {
            move |(width, tolerance)| Window {
                width,
                tolerance,
                relative_to,
                across_flows: true,
                ..Window::default()
            }
        };
        let windows = by_size.into_iter().map(of(RelativeTo::Size));
        for window in windows.chain(by_progress.into_iter().map(of(RelativeTo::Progress))) {
            let steps = 21;
            let (wanted, strides) = plain_window(&recurrence, window, steps);
            let mut method = windowed(recurrence, window, DType::F64).ending(steps);
            let made: Vec<usize> = (0..steps)
                .flat_map(|_| method.advance().unwrap().strides)
                .collect();
            assert_eq!(
                made, strides,
                "{recurrence:?} {window} τ={}",
                window.tolerance
            );
            for (found, wanted) in numbers(method.position()).iter().zip(&wanted) {
                assert!(
                    (found - wanted).abs() < 1e-11,
                    "{recurrence:?}: {found} {wanted}"
                );
            }
        }
    }
}

#[test]
fn a_tolerance_of_progress_asks_for_as_much_wherever_the_origin_is() {
    // The same bowl around another minimum: what a step is beside its point changes, what it is beside the
    // window's progress does not.
    let strides = |relative_to, shift: f64| -> Vec<usize> {
        let minimum = Tensor::full(shift, curvature().len(), &Device::Cpu).unwrap();
        let bowl = Quadratic::diagonal(&curvature(), &Device::Cpu).unwrap();
        let bowl = bowl.with_minimiser(&minimum).unwrap();
        let at: Vec<f64> = start().iter().map(|x| x + shift).collect();
        let window = Window {
            width: 4,
            tolerance: 1e-3,
            relative_to,
            across_flows: true,
            ..Window::default()
        };
        let recurrence = Recurrence::heavy_ball(Kinetic::HalfL2Squared, 0.01, 0.5).every(40);
        let oracle = Oracle::new(Batched::new(Arc::new(bowl)));
        let flow = WindowedRecurrence { recurrence, window };
        let at = Tensor::new(at, &Device::Cpu).unwrap();
        let mut method = WindowedDescent::new(oracle, flow, at).ending(1);
        method.advance().unwrap().strides
    };
    let near = strides(RelativeTo::Progress, 0.0);
    assert_eq!(strides(RelativeTo::Progress, 1000.0), near);
    assert!(near.len() < 40, "{near:?}");
    let by_size = strides(RelativeTo::Size, 1000.0);
    assert_eq!(by_size.len(), 40 / 4, "all of it is small beside the point");
    assert!(strides(RelativeTo::Size, 0.0).len() > 10);
}

#[test]
fn what_does_not_move_converges_at_once_whatever_a_change_is_compared_with() {
    // At the minimum, which is not the origin, where line 16 divides by 0.
    let minimum = Tensor::full(3.0, curvature().len(), &Device::Cpu).unwrap();
    for relative_to in [RelativeTo::Size, RelativeTo::Progress] {
        let bowl = Quadratic::diagonal(&curvature(), &Device::Cpu).unwrap();
        let bowl = bowl.with_minimiser(&minimum).unwrap();
        let window = Window {
            width: 4,
            relative_to,
            across_flows: true,
            ..Window::default()
        };
        let recurrence = Recurrence::heavy_ball(Kinetic::HalfL2Squared, 0.1, 0.5).every(40);
        let oracle = Oracle::new(Batched::new(Arc::new(bowl)));
        let flow = WindowedRecurrence { recurrence, window };
        let mut method = WindowedDescent::new(oracle, flow, minimum.clone()).ending(1);
        assert_eq!(method.advance().unwrap().strides, [4; 10]);
    }
}

#[test]
fn windows_of_every_recurrence_save_rounds_at_small_steps() {
    for recurrence in [
        Recurrence::heavy_ball(Kinetic::HalfL2Squared, 0.01, 0.0),
        Recurrence::heavy_ball(Kinetic::HalfL2Squared, 0.01, 0.9),
        Recurrence::nesterov(Acceleration::Sequence, 0.01),
        Recurrence::adam(0.002),
    ] {
        let window = Window {
            width: 4,
            tolerance: 1e-3,
            method: WindowMethod::secant(10),
            across_flows: true,
            ..Window::default()
        };
        let mut method = windowed(recurrence.every(60), window, DType::F64).ending(1);
        let rounds = method.advance().unwrap().counts.rounds;
        assert!(rounds <= 20, "{recurrence:?}: {rounds} rounds for 60 steps");
    }
}

#[test]
fn what_only_flows_have_is_refused_of_other_recurrences() {
    let adam = Recurrence::adam(0.1).every(4);
    let stored = WindowMethod::Picard {
        predictor: Predictor::Copy,
        storage: Storage::Velocities { at_once: None },
    };
    for window in [
        Window {
            velocity: Velocity::AsPrinted,
            ..Window::default()
        },
        Window {
            method: stored,
            ..Window::default()
        },
    ] {
        let refused = windowed(adam, window, DType::F64).advance().unwrap_err();
        assert!(
            refused.to_string().contains("Hamiltonian flows"),
            "{refused}"
        );
    }
    let fast = Recurrence::heavy_ball(Kinetic::L1, 0.1, 1.0);
    let refused = windowed(fast, Window::default(), DType::F64)
        .advance()
        .unwrap_err();
    assert!(refused.to_string().contains("momentum"), "{refused}");
}

/// The mean growth of a difference a step, over whole periods from the middle of a long run on.
fn exponent(recurrence: Recurrence, curvature: &[f64], steps: usize) -> f64 {
    let f = Quadratic::diagonal(curvature, &Device::Cpu).unwrap();
    let start = Tensor::new(vec![1.0; curvature.len()], &Device::Cpu).unwrap();
    let along: Vec<f64> = (0..curvature.len()).map(|i| 1.0 + i as f64 * 0.3).collect();
    let along = Tensor::new(along, &Device::Cpu).unwrap();
    let mut oracle = Oracle::new(Sequential::new(Arc::new(f)));
    let growth = recurrence
        .growth(&mut oracle, &start, &along, steps)
        .unwrap();
    assert_eq!(growth.len(), steps);
    let late = &growth[steps / 2..];
    late.iter().sum::<f64>() / late.len() as f64
}

#[test]
fn differences_grow_as_the_largest_multiplier_of_a_quadratic_says() {
    // Gradient descent: the largest |1 − ηλ|.
    let descent = |size| Recurrence::heavy_ball(Kinetic::HalfL2Squared, size, 0.0);
    for (size, factor) in [(0.1, 0.95f64), (0.45, 0.8), (0.55, 1.2)] {
        let found = exponent(descent(size), &[0.5, 4.0], 400);
        assert!((found - factor.ln()).abs() < 1e-3, "η={size}: {found}");
    }
    // Heavy Ball below its critical momentum turns: √β for every curvature.
    let heavy = Recurrence::heavy_ball(Kinetic::HalfL2Squared, 0.1, 0.81);
    let found = exponent(heavy, &[1.0, 4.0], 2000);
    assert!((found - 0.9f64.ln()).abs() < 1e-2, "{found}");
}

#[test]
fn a_flow_keeps_differences_within_and_its_resets_take_cos_of_them() {
    // Along one curvature a flow of time S·θ multiplies a difference by about cos(S·θ·√λ).
    let (size, steps) = (0.02, 50);
    let flow = Recurrence::new(Kinetic::HalfL2Squared, size, steps);
    let found = exponent(flow, &[0.36], 20 * steps);
    let wanted = (0.6f64 * 1.0).cos().ln() / steps as f64;
    assert!((found - wanted).abs() < 2e-4, "{found} {wanted}");
    // Without resets differences neither grow nor shrink in the mean.
    let endless = Recurrence::new(Kinetic::HalfL2Squared, 0.1, 1_000_000);
    let found = exponent(endless, &[1.0, 3.0], 4000);
    assert!(found.abs() < 2e-3, "{found}");
}

#[test]
fn a_difference_of_no_length_is_refused() {
    let f = Quadratic::diagonal(&[1.0], &Device::Cpu).unwrap();
    let start = Tensor::new(&[1f64], &Device::Cpu).unwrap();
    let nothing = start.zeros_like().unwrap();
    let descent = Recurrence::adam(0.1);
    let mut oracle = Oracle::new(Sequential::new(Arc::new(f)));
    let refused = descent.growth(&mut oracle, &start, &nothing, 3);
    assert!(refused.unwrap_err().to_string().contains("along"));
}

#[test]
fn a_window_that_diverges_names_the_step_of_the_flow_as_the_flow_alone_does() {
    // 1e25 times as far at every step: the square of its length is no number in the second flow.
    let f = Arc::new(Quadratic::diagonal(&[1e25], &Device::Cpu).unwrap());
    let start = || Tensor::new(&[1f64], &Device::Cpu).unwrap();
    let recurrence = Recurrence::new(Kinetic::HalfL2Squared, 1.0, 4);
    let ends = [1, 3, 4].map(|width| {
        let window = Window {
            width,
            ..Window::default()
        };
        let windowed = WindowedRecurrence { recurrence, window };
        let mut method = WindowedDescent::new(Oracle::from(f.clone()), windowed, start());
        assert_eq!(method.advance().unwrap().termination, None);
        method.advance().unwrap().termination
    });
    let step = match ends[0] {
        Some(Termination::NotFinite { step }) => step,
        other => panic!("{other:?}"),
    };
    assert!((1..=4).contains(&step), "of a flow of four steps: {step}");
    assert_eq!(ends, [Some(Termination::NotFinite { step }); 3]);
}
