//! The flow and the gradient of this project, on the clock: what it computes as a contestant among others, in a process
//! of its own.

use super::problem::{ContestProblem, WrittenProblem};
use anyhow::{Result, bail, ensure};
use candle_core::{Device, Tensor};
use optim::{
    Batched, Flow, HamiltonianDescent, Kernel, Kinetic, LogisticRegression, Method, Oracle,
    Potential, Recurrence, Sequential, SymplecticEuler, Window, WindowedDescent,
    WindowedRecurrence,
};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use std::sync::Arc;
use std::time::Instant;

/// How the flow is computed: W = 1 is the sequential flow, more a window whose points are
/// computed as one product.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnOptions {
    /// The window.
    pub window: Window,
    /// Random rows whose loss the secant method guesses by; 0 for none.
    pub surrogate_rows: usize,
    /// Root of the stream that draws those rows.
    pub seed: u64,
    /// What computes gradients.
    pub kernel: Kernel,
}

/// Opens a device by its name in `problem.json`: cpu, or cuda:N.
fn device(name: &str) -> Result<Device> {
    let gpu = name.strip_prefix("cuda:").map(str::parse);
    Ok(match (name, gpu) {
        ("cpu", _) => Device::Cpu,
        (_, Some(Ok(gpu))) => ::gpu::open(gpu)?,
        (other, _) => bail!("the problem's device is `{other}`, but has to be cpu, or cuda:0"),
    })
}

/// A problem loaded, with a whole device to compute it.
pub struct OwnContestant {
    problem: ContestProblem,
    potential: Arc<LogisticRegression>,
    points: Tensor,
    options: OwnOptions,
    surrogate: Option<Arc<dyn Potential>>,
}

/// Where K flows ended.
pub struct OwnRun {
    /// Of the flows alone.
    pub seconds: f64,
    /// The last point, `[d·C]`.
    pub point: Vec<f32>,
    /// Times that gradients were waited for.
    pub rounds: u64,
}

impl OwnContestant {
    /// With the data of a problem, on its device.
    ///
    /// # Errors
    /// If there is no such device, or the arrays do not fit together.
    pub fn new(written: WrittenProblem, options: OwnOptions) -> Result<Self> {
        let setting = optim::Problem {
            classes: written.problem.classes,
            bias: false,
            l2: 0.0,
        };
        let device = device(&written.problem.device)?;
        let x = written.x.to_device(&device)?;
        let (labels, kernel) = (&written.labels, options.kernel);
        let potential = LogisticRegression::with_kernel(x, labels, setting, kernel)?;
        let surrogate = match options.surrogate_rows {
            0 => None,
            count => {
                let all = potential.samples();
                let mut stream = ChaCha20Rng::seed_from_u64(options.seed);
                let rows = rand::seq::index::sample(&mut stream, all, count.min(all));
                Some(Arc::new(potential.subset(&rows.into_vec())?) as Arc<dyn Potential>)
            }
        };
        Ok(Self {
            problem: written.problem,
            potential: Arc::new(potential),
            points: written.points.to_device(&device)?,
            options,
            surrogate,
        })
    }

    /// The gradients at the first `window` points, `[window, d·C]`.
    ///
    /// # Errors
    /// If there are not so many points.
    pub fn gradients(&self, window: usize) -> Result<Tensor> {
        self.compute(&self.points_of(window)?)
    }

    /// Seconds of the gradients at the first `window` points at once, the mean of `repeats`.
    ///
    /// # Errors
    /// If there are not so many points, or nothing to repeat.
    pub fn time_gradient(&self, window: usize, repeats: usize) -> Result<f64> {
        ensure!(repeats >= 1, "a gradient has to be repeated at least once");
        let points = self.points_of(window)?;
        let begin = Instant::now();
        for _ in 0..repeats {
            self.compute(&points)?;
        }
        points.device().synchronize()?;
        Ok(begin.elapsed().as_secs_f64() / repeats as f64)
    }

    /// K flows from the start, on the clock.
    ///
    /// # Errors
    /// If a setting is out of range or the flow diverges.
    pub fn flow(&self) -> Result<OwnRun> {
        let mut method = self.method()?;
        let begin = Instant::now();
        for flow in 1..=self.problem.flows {
            if let Some(termination) = method.advance()?.termination {
                bail!("flow {flow} ended early: {termination:?}");
            }
        }
        self.points.device().synchronize()?;
        let seconds = begin.elapsed().as_secs_f64();
        Ok(OwnRun {
            seconds,
            point: method.position().to_vec1()?,
            rounds: method.counts().rounds,
        })
    }

    fn points_of(&self, window: usize) -> Result<Tensor> {
        let there = self.points.dim(0)?;
        ensure!(
            (1..=there).contains(&window),
            "gradients at {window} points were asked for, the problem has {there}"
        );
        Ok(self.points.narrow(0, 0, window)?.contiguous()?)
    }

    /// One point by the form for one, as whoever has only one would.
    fn compute(&self, points: &Tensor) -> Result<Tensor> {
        Ok(match points.dim(0)? {
            1 => self.potential.gradient(&points.squeeze(0)?)?.unsqueeze(0)?,
            _ => self.potential.gradients(points)?,
        })
    }

    fn method(&self) -> Result<Box<dyn Method>> {
        let (theta, steps) = (self.problem.step_size, self.problem.steps);
        let kinetic = Kinetic::HalfL2Squared;
        let start = Tensor::from_vec(
            self.points.get(0)?.to_vec1::<f32>()?,
            self.points.dim(1)?,
            self.points.device(),
        )?;
        let potential = self.potential.clone();
        if self.options.window.width == 1 {
            let flow = Flow::new(kinetic, Box::new(SymplecticEuler), theta, steps)?;
            let oracle = Oracle::new(Sequential::new(potential));
            return Ok(Box::new(HamiltonianDescent::new(oracle, flow, start)));
        }
        let flow = WindowedRecurrence {
            recurrence: Recurrence::new(kinetic, theta, steps),
            window: self.options.window,
        };
        let oracle = Oracle::new(Batched::new(potential));
        let method = WindowedDescent::new(oracle, flow, start).ending(self.problem.flows);
        Ok(match &self.surrogate {
            Some(surrogate) => Box::new(method.with_surrogate(surrogate.clone())),
            None => Box::new(method),
        })
    }
}
