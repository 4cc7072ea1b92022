//! A cell: one method at one condition number, from several starts.

use super::TimesScheme;
use crate::progress::Watch;
use crate::seed::Seeds;
use anyhow::Result;
use candle_core::{Device, Tensor};
use optim::{
    Acceleration, Bound, ConjugateGradients, HeavyBall, IdealizedDescent, IntegrationTimes,
    Kinetic, Method, Nesterov, Oracle, Quadratic, Run, Sequential,
};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Everything that its measurement depends on.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
pub struct IdealizedCell {
    /// The root seed.
    pub seed: u64,
    /// The method.
    pub scheme: TimesScheme,
    /// κ = L/μ, with L = 1.
    pub condition: f64,
    /// D.
    pub dimension: usize,
    /// How many problems, each with its start.
    pub starts: usize,
    /// ‖x − x*‖/‖x_0 − x*‖ at which a run ends.
    pub target_distance: f64,
    /// Iterations after which it is given up.
    pub cap: u64,
    /// 1/mean of the random times, over √μ.
    pub random_rate: f64,
}

/// What is measured of a cell.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct MeasuredIdealized {
    /// A run from each start.
    pub runs: Vec<IdealizedRun>,
}

/// One run.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
pub struct IdealizedRun {
    /// Iterations until the target, or the cap.
    pub iterations: u64,
    /// The sum of the flows' times, times √L; none of methods without flows.
    pub integration_time: Option<f64>,
    /// Whether the target was reached.
    pub reached: bool,
}

/// L: what integration times and steps are relative to.
const SMOOTHNESS: f64 = 1.0;

/// A method, with the integration time it has used.
enum Runner {
    Flows(IdealizedDescent),
    Steps(Box<dyn Method>),
}

impl Runner {
    fn method(&mut self) -> &mut dyn Method {
        match self {
            Self::Flows(method) => method,
            Self::Steps(method) => method.as_mut(),
        }
    }

    fn integration_time(&self) -> Option<f64> {
        match self {
            Self::Flows(method) => Some(method.integration_time() * SMOOTHNESS.sqrt()),
            Self::Steps(_) => None,
        }
    }
}

impl IdealizedCell {
    /// A short description for people: `chebyshev κ=100`.
    pub fn label(&self) -> String {
        format!("{} κ={}", self.scheme.name(), self.condition)
    }

    /// Runs it from every start.
    ///
    /// # Errors
    /// If a method cannot be made or run.
    pub fn run(&self, watch: &dyn Watch) -> Result<MeasuredIdealized> {
        let run = |start: usize| {
            let run = self.from(start);
            watch.step();
            run
        };
        Ok(MeasuredIdealized {
            runs: (0..self.starts).map(run).collect::<Result<_>>()?,
        })
    }

    /// The problem and the start of a number: the same for all methods, and for all condition
    /// numbers but for the eigenvalues' logarithms, which are stretched.
    fn problem(&self, start: usize) -> Result<(Arc<Quadratic>, Vec<f64>)> {
        let seeds = Seeds::new(self.seed);
        let mut stream = seeds.stream(&["idealized", "problem", &start.to_string()]);
        let mut symmetric = || 2.0 * stream.random::<f64>() - 1.0;
        let reflection: Vec<f64> = (0..self.dimension).map(|_| symmetric()).collect();
        let point = (0..self.dimension).map(|_| symmetric()).collect();
        let mut eigenvalues = vec![SMOOTHNESS, SMOOTHNESS / self.condition];
        while eigenvalues.len() < self.dimension {
            let share = stream.random::<f64>();
            eigenvalues.push(SMOOTHNESS * self.condition.powf(-share));
        }
        let quadratic = Quadratic::spectral(&eigenvalues, &reflection, &Device::Cpu)?;
        Ok((Arc::new(quadratic), point))
    }

    /// The integration times, or none of a method without flows.
    fn times(&self, start: usize) -> Result<Option<IntegrationTimes>> {
        let convexity = SMOOTHNESS / self.condition;
        Ok(match self.scheme {
            TimesScheme::Constant => Some(IntegrationTimes::constant(SMOOTHNESS)?),
            TimesScheme::Chebyshev => {
                // Fixed in advance, as the scheme wants it: the K whose bound
                // 2((√κ − 1)/(√κ + 1))^K is the target.
                let root = self.condition.sqrt();
                let rate = ((root + 1.0) / (root - 1.0)).ln();
                let cycle = ((2.0 / self.target_distance).ln() / rate).ceil() as usize;
                let cycle = cycle.max(1);
                Some(IntegrationTimes::chebyshev(convexity, SMOOTHNESS, cycle)?)
            }
            TimesScheme::Random => {
                let (start, condition) = (start.to_string(), self.condition.to_string());
                let name = ["idealized", "times", &start, &condition];
                let mut stream = Seeds::new(self.seed).stream(&name);
                let rate = self.random_rate * convexity.sqrt();
                let uniform = move || 1.0 - stream.random::<f64>();
                Some(IntegrationTimes::random(rate, uniform)?)
            }
            _ => None,
        })
    }

    /// The method at its start.
    fn runner(&self, start: usize, quadratic: Arc<Quadratic>, point: Tensor) -> Result<Runner> {
        if let Some(times) = self.times(start)? {
            return Ok(Runner::Flows(IdealizedDescent::new(
                quadratic, times, point,
            )));
        }
        let oracle = Oracle::new(Sequential::new(quadratic));
        let root = self.condition.sqrt();
        let convexity = SMOOTHNESS / self.condition;
        Ok(Runner::Steps(match self.scheme {
            TimesScheme::Hb => {
                // Polyak (1964).
                let step = 4.0 / (SMOOTHNESS.sqrt() + convexity.sqrt()).powi(2);
                let momentum = ((root - 1.0) / (root + 1.0)).powi(2);
                let direction = Kinetic::HalfL2Squared;
                Box::new(HeavyBall::new(oracle, direction, step, momentum, point)?)
            }
            TimesScheme::Nesterov => {
                let acceleration = Acceleration::strongly_convex(convexity, SMOOTHNESS)?;
                let step = 1.0 / SMOOTHNESS;
                Box::new(Nesterov::new(oracle, acceleration, step, point)?)
            }
            TimesScheme::Cg => Box::new(ConjugateGradients::new(oracle, point)),
            _ => {
                let (direction, step) = (Kinetic::HalfL2Squared, 1.0 / SMOOTHNESS);
                Box::new(HeavyBall::new(oracle, direction, step, 0.0, point)?)
            }
        }))
    }

    fn from(&self, start: usize) -> Result<IdealizedRun> {
        let (quadratic, point) = self.problem(start)?;
        // The minimiser is the origin.
        let target = self.target_distance * norm(&point);
        let point = Tensor::new(point, &Device::Cpu)?;
        let mut runner = self.runner(start, quadratic, point)?;
        let mut run = Run::new(runner.method()).until(Bound::Iterations(self.cap));
        let mut reached = false;
        run.observe(|seen| {
            reached = norm(&seen.position().to_vec1()?) <= target;
            let end = reached.then_some(ControlFlow::Break(()));
            anyhow::Ok(end.unwrap_or(ControlFlow::Continue(())))
        })?;
        Ok(IdealizedRun {
            iterations: if reached { run.iterations() } else { self.cap },
            integration_time: runner.integration_time(),
            reached,
        })
    }
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}
