//! The secant window: against the sequential flow, and against a plain implementation in f64.

mod common;

use candle_core::{DType, Device, Tensor};
use common::{distance, numbers, oracle, random_problem};
use optim::{
    Flow, HamiltonianDescent, Kinetic, LogisticRegression, Method, Oracle, Potential, Predictor,
    Recurrence, SymplecticEuler, Window, WindowMethod, WindowedDescent, WindowedRecurrence,
};
use std::sync::Arc;

const SEEDS: [u64; 3] = [1, 2, 3];
const STEP_SIZE: f64 = 0.3;
const STEPS: usize = 10;
const FLOWS: usize = 4;

fn secant(width: usize, memory: usize) -> Window {
    Window {
        width,
        method: WindowMethod::secant(memory),
        tolerance: 1e-3,
        ..Window::default()
    }
}

/// The same with its model damped.
fn damped(window: Window) -> Window {
    let method = WindowMethod::Secant {
        memory: window.method.memory(),
        predictor: window.method.predictor(),
        damped: true,
    };
    Window { method, ..window }
}

fn of(kinetic: Kinetic, window: Window) -> WindowedRecurrence {
    let recurrence = Recurrence::new(kinetic, STEP_SIZE, STEPS);
    WindowedRecurrence { recurrence, window }
}

/// Where the sequential flows end, one after the other.
fn sequential(
    kinetic: Kinetic,
    potential: &Arc<LogisticRegression>,
    start: &Tensor,
) -> Vec<Tensor> {
    let flow = Flow::new(kinetic, Box::new(SymplecticEuler), STEP_SIZE, STEPS).unwrap();
    let mut method = HamiltonianDescent::new(oracle(potential), flow, start.clone());
    (0..FLOWS)
        .map(|_| {
            method.advance().unwrap();
            method.position().clone()
        })
        .collect()
}

/// Where a window's flows end, and how many rounds it took for all.
fn windowed(mut method: WindowedDescent) -> (Vec<Tensor>, u64) {
    let ends = (0..FLOWS)
        .map(|_| {
            method.advance().unwrap();
            method.position().clone()
        })
        .collect();
    (ends, method.counts().rounds)
}

/// The loss on every third row.
fn some_rows(potential: &LogisticRegression) -> Arc<dyn Potential> {
    let rows: Vec<usize> = (0..potential.samples()).step_by(3).collect();
    Arc::new(potential.subset(&rows).unwrap())
}

#[test]
fn with_one_slot_it_is_the_sequential_flow_to_the_last_bit() {
    for seed in SEEDS {
        for &kinetic in Kinetic::ALL {
            for across_flows in [false, true] {
                let (potential, start) = random_problem(seed, DType::F64);
                let window = Window {
                    across_flows,
                    ..secant(1, 10)
                };
                let flow = of(kinetic, window);
                let method = WindowedDescent::new(oracle(&potential), flow, start.clone())
                    .with_surrogate(some_rows(&potential));
                let (ends, rounds) = windowed(method);
                let wanted = sequential(kinetic, &potential, &start);
                for (end, wanted) in ends.iter().zip(&wanted) {
                    assert_eq!(numbers(end), numbers(wanted), "{kinetic} {across_flows}");
                }
                assert_eq!(rounds as usize, STEPS * FLOWS);
            }
        }
    }
}

#[test]
fn without_tolerance_it_ends_at_the_sequential_flow_after_at_most_as_many_rounds_as_steps() {
    for seed in SEEDS {
        for &kinetic in Kinetic::ALL {
            for (across_flows, width) in [(false, STEPS), (true, 4), (true, 3 * STEPS)] {
                let (potential, start) = random_problem(seed, DType::F64);
                let window = Window {
                    across_flows,
                    tolerance: 0.0,
                    ..secant(width, 6)
                };
                for window in [window, damped(window)] {
                    let flow = of(kinetic, window);
                    let method = WindowedDescent::new(oracle(&potential), flow, start.clone())
                        .with_surrogate(some_rows(&potential))
                        .ending(FLOWS);
                    let (ends, rounds) = windowed(method);
                    let wanted = sequential(kinetic, &potential, &start);
                    for (end, wanted) in ends.iter().zip(&wanted) {
                        let apart = distance(end, wanted);
                        assert!(apart < 1e-12, "{kinetic} {window}: {apart:e}");
                    }
                    assert!(rounds as usize <= STEPS * FLOWS, "{kinetic}: {rounds}");
                }
            }
        }
    }
}

#[test]
fn it_takes_fewer_rounds_than_picard_iteration_and_ends_within_the_tolerance() {
    for seed in SEEDS {
        let (potential, start) = random_problem(seed, DType::F64);
        let wanted = sequential(Kinetic::HalfL2Squared, &potential, &start);
        let picard = Window {
            method: WindowMethod::picard(Predictor::LinearForce),
            ..secant(8, 0)
        };
        let across = Window {
            across_flows: true,
            ..secant(8, 10)
        };
        let by = |window| {
            let flow = of(Kinetic::HalfL2Squared, window);
            WindowedDescent::new(oracle(&potential), flow, start.clone()).ending(FLOWS)
        };
        let (_, picard) = windowed(by(picard));
        let (end, plain) = windowed(by(secant(8, 10)));
        let (guided_end, guided) = windowed(by(across).with_surrogate(some_rows(&potential)));
        assert!(
            plain < picard && guided < plain,
            "{seed}: {picard} {plain} {guided}"
        );
        let (damped_end, _) = windowed(by(damped(secant(8, 10))));
        for end in [end, guided_end, damped_end] {
            let apart = distance(&end[FLOWS - 1], &wanted[FLOWS - 1]);
            assert!(apart < 1e-3, "{seed}: {apart:e}");
        }
    }
}

#[test]
fn a_surrogate_that_is_the_potential_itself_makes_every_window_right_at_once() {
    let (potential, start) = random_problem(1, DType::F64);
    for (width, rounds) in [(5, 8), (40, 1)] {
        let window = Window {
            across_flows: true,
            tolerance: 1e-9,
            ..secant(width, 0)
        };
        let flow = of(Kinetic::HalfL2Squared, window);
        let method = WindowedDescent::new(oracle(&potential), flow, start.clone())
            .with_surrogate(potential.clone())
            .ending(FLOWS);
        let (ends, found) = windowed(method);
        assert_eq!(found, rounds, "W={width}");
        let wanted = sequential(Kinetic::HalfL2Squared, &potential, &start);
        for (end, wanted) in ends.iter().zip(&wanted) {
            assert!(distance(end, wanted) < 1e-12);
        }
    }
}

#[test]
fn a_surrogates_gradients_are_counted_apart_and_nothing_is_computed_after_the_end() {
    let (potential, start) = random_problem(2, DType::F64);
    let window = Window {
        across_flows: true,
        ..secant(8, 10)
    };
    let flow = of(Kinetic::HalfL2Squared, window);
    let mut method = WindowedDescent::new(oracle(&potential), flow, start)
        .with_surrogate(potential.clone())
        .ending(FLOWS);
    for _ in 0..FLOWS {
        method.advance().unwrap();
    }
    let counts = method.counts();
    // Every window is right at once, so each step's gradient is computed once and none beyond.
    assert_eq!(counts.distinct as usize, STEPS * FLOWS);
    let surrogate = counts.surrogate as usize;
    assert!(
        (STEPS * FLOWS..100 * STEPS * FLOWS).contains(&surrogate),
        "{surrogate}"
    );
}

/// The algorithm as WINDOWS.md states it, on plain numbers: no vector instructions, no shared
/// points, the linear system of every correction solved by elimination.
struct Plain<'a> {
    potential: &'a LogisticRegression,
    width: usize,
    memory: usize,
    known: Vec<(Vec<f64>, Vec<f64>)>,
    damped: bool,
    /// γ, and the least there was.
    damping: [f64; 2],
}

impl Plain<'_> {
    fn gradient(&self, x: &[f64]) -> Vec<f64> {
        let x = Tensor::new(x, &Device::Cpu).unwrap();
        numbers(&self.potential.gradient(&x).unwrap())
    }

    /// γ for points learnt, from what B says of them before.
    fn found(&mut self, learnt: &[(Vec<f64>, Vec<f64>)]) {
        let Some((point, gradient)) = self.known.last().cloned().filter(|_| self.damped) else {
            return;
        };
        let (mut found, mut predicted) = (0.0, 0.0);
        for (x, f) in learnt {
            let step: Vec<f64> = x.iter().zip(&point).map(|(a, b)| a - b).collect();
            for (i, guess) in self.modelled(&step).into_iter().enumerate() {
                found += guess * (f[i] - gradient[i]);
                predicted += guess * guess;
            }
        }
        if predicted > 0.0 {
            let now = (found / predicted).clamp(0.0, 1.0);
            self.damping = [now, self.damping[1].min(now)];
        }
    }

    /// B·u.
    fn modelled(&self, u: &[f64]) -> Vec<f64> {
        let Some(((point, gradient), before)) = self.known.split_last() else {
            return vec![0.0; u.len()];
        };
        let minus =
            |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let scaled: Vec<(Vec<f64>, Vec<f64>)> = before
            .iter()
            .map(|(p, f)| (minus(p, point), minus(f, gradient)))
            .filter(|(step, _)| dot(step, step) > 0.0)
            .map(|(step, change)| {
                let size = dot(&step, &step).sqrt();
                let by = |v: Vec<f64>| v.into_iter().map(|v| v / size).collect();
                (by(step), by(change))
            })
            .collect();
        let size = scaled.len();
        let mut system: Vec<Vec<f64>> = scaled
            .iter()
            .map(|(a, _)| scaled.iter().map(|(b, _)| dot(a, b)).collect())
            .collect();
        let sum = |row: &Vec<f64>| row.iter().map(|v| v.abs()).sum::<f64>();
        let ridge = 1e-4 * system.iter().map(sum).fold(0.0, f64::max);
        for (i, row) in system.iter_mut().enumerate() {
            row[i] += ridge;
            row.push(dot(&scaled[i].0, u));
        }
        for i in 0..size {
            let (above, below) = system.split_at_mut(i + 1);
            let pivot = &above[i];
            for row in below {
                let factor = row[i] / pivot[i];
                for (entry, above) in row.iter_mut().zip(pivot).skip(i) {
                    *entry -= factor * above;
                }
            }
        }
        let mut weights = vec![0.0; size];
        for i in (0..size).rev() {
            let rest: f64 = (i + 1..size).map(|k| system[i][k] * weights[k]).sum();
            weights[i] = (system[i][size] - rest) / system[i][i];
        }
        let mut value = vec![0.0; u.len()];
        for ((_, change), weight) in scaled.iter().zip(weights) {
            for (value, change) in value.iter_mut().zip(change) {
                *value += weight * change;
            }
        }
        value
    }

    /// The gradient at x by the model around a known point.
    fn around(&self, x: &[f64], point: &[f64], gradient: &[f64]) -> Vec<f64> {
        let away: Vec<f64> = x.iter().zip(point).map(|(x, p)| x - p).collect();
        let change = self.modelled(&away);
        let by = self.damping[0];
        gradient
            .iter()
            .zip(change)
            .map(|(f, c)| f + by * c)
            .collect()
    }

    fn step(x: &mut [f64], v: &mut [f64], gradient: &[f64]) {
        for ((x, v), f) in x.iter_mut().zip(v).zip(gradient) {
            *v -= STEP_SIZE * f;
            *x += STEP_SIZE * *v;
        }
    }

    /// One flow; answers its end and the strides.
    fn flow(&mut self, start: &[f64], tolerance: f64) -> (Vec<f64>, Vec<usize>) {
        let mut points = vec![start.to_vec()];
        let (mut x, mut v) = (start.to_vec(), vec![0.0; start.len()]);
        for _ in 0..self.width.min(STEPS) {
            if let Some((point, gradient)) = self.known.last().cloned() {
                let gradient = self.around(&x, &point, &gradient);
                Self::step(&mut x, &mut v, &gradient);
            }
            points.push(x.clone());
        }
        let mut velocity = vec![0.0; start.len()];
        let (mut done, mut strides) = (0, Vec::new());
        while done < STEPS {
            let width = self.width.min(STEPS - done);
            let gradients: Vec<Vec<f64>> =
                points[..width].iter().map(|p| self.gradient(p)).collect();
            let mut learnt: Vec<(Vec<f64>, Vec<f64>)> = Vec::new();
            for (point, gradient) in points.iter().zip(&gradients) {
                // A copy says nothing that the point itself has not said.
                let mut known = self.known.iter().chain(&learnt);
                if !known.any(|(known, _)| known == point) {
                    learnt.push((point.clone(), gradient.clone()));
                }
            }
            self.found(&learnt);
            self.known.extend(learnt);
            let surplus = self.known.len().saturating_sub(self.memory);
            self.known.drain(..surplus);
            let mut new = vec![points[0].clone()];
            let mut velocities = vec![velocity.clone()];
            for w in 0..width {
                let gradient = self.around(&new[w], &points[w], &gradients[w]);
                let (mut x, mut v) = (new[w].clone(), velocities[w].clone());
                Self::step(&mut x, &mut v, &gradient);
                new.push(x);
                velocities.push(v);
            }
            let norm = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>().sqrt();
            let converged = |w: usize| {
                let change: Vec<f64> = new[w].iter().zip(&points[w]).map(|(a, b)| a - b).collect();
                norm(&change) <= tolerance * norm(&points[w])
            };
            let stride = (1..=width).find(|&w| !converged(w)).unwrap_or(width);
            let (mut x, mut v) = (new[width].clone(), velocities[width].clone());
            let (point, gradient) = (points[width - 1].clone(), gradients[width - 1].clone());
            for _ in 0..stride {
                let gradient = self.around(&x, &point, &gradient);
                Self::step(&mut x, &mut v, &gradient);
                new.push(x.clone());
            }
            velocity.clone_from(&velocities[stride]);
            points = new.split_off(stride);
            done += stride;
            strides.push(stride);
        }
        (points.swap_remove(0), strides)
    }
}

#[test]
fn it_does_what_a_plain_implementation_of_it_does() {
    for seed in SEEDS {
        let undamped = [(3, 4), (4, 10), (STEPS, 20)].map(|(width, memory)| secant(width, memory));
        for window in undamped.into_iter().chain(undamped.map(damped)) {
            let (potential, start) = random_problem(seed, DType::F64);
            let mut plain = Plain {
                potential: &potential,
                width: window.width,
                memory: window.method.memory(),
                known: Vec::new(),
                damped: window.method.damped(),
                damping: [1.0; 2],
            };
            let flow = of(Kinetic::HalfL2Squared, window);
            let counted: Oracle = oracle(&potential);
            let mut method = WindowedDescent::new(counted, flow, start.clone());
            let mut at = numbers(&start);
            for flow in 0..FLOWS {
                let (end, strides) = plain.flow(&at, 1e-3);
                at = end;
                let progress = method.advance().unwrap();
                assert_eq!(progress.strides, strides, "{seed} {window} flow {flow}");
                let wanted = Tensor::new(at.as_slice(), &Device::Cpu).unwrap();
                let apart = distance(method.position(), &wanted);
                assert!(apart < 1e-9, "{seed} {window} flow {flow}: {apart:e}");
            }
            let least = plain.damping[1];
            assert_eq!(least < 0.9, plain.damped, "{seed} {window}: {least}");
        }
    }
}
