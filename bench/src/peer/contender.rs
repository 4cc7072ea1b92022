//! The flow and the gradient of this project, on the clock.

use super::export::{Exported, Problem};
use anyhow::{Result, bail, ensure};
use candle_core::{Device, Tensor};
use optim::{
    Batched, Flow, HamiltonianDescent, Kernel, Kinetic, LogisticRegression, Method, Oracle,
    Potential, Recurrence, Sequential, SymplecticEuler, Window, WindowedDescent, WindowedFlow,
};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use std::sync::Arc;
use std::time::Instant;

/// How the flow is computed: W = 1 is the sequential flow, more a window whose points are
/// computed as one product.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WindowOptions {
    /// The window.
    pub window: Window,
    /// Random rows whose loss the secant method guesses by; 0 for none.
    pub surrogate_rows: usize,
    /// Root of the stream that draws those rows.
    pub seed: u64,
}

/// What computes, and by which kernel.
pub struct PeerPlace {
    device: Device,
    kernel: Kernel,
}

impl Default for PeerPlace {
    fn default() -> Self {
        Self {
            device: Device::Cpu,
            kernel: Kernel::Auto,
        }
    }
}

impl PeerPlace {
    /// A device by name, `cpu` or `cuda:N`.
    ///
    /// # Errors
    /// If there is no such device.
    pub fn new(device: &str, kernel: Kernel) -> Result<Self> {
        let gpu = device.strip_prefix("cuda:").map(str::parse);
        let device = match (device, gpu) {
            ("cpu", _) => Device::Cpu,
            (_, Some(Ok(gpu))) => gpu::open(gpu)?,
            (other, _) => bail!("`{other}` is no device: write cpu, or cuda:0"),
        };
        Ok(Self { device, kernel })
    }
}

/// A problem loaded, with a whole device to compute it.
pub struct Contender {
    problem: Problem,
    potential: Arc<LogisticRegression>,
    points: Tensor,
    options: WindowOptions,
    surrogate: Option<Arc<dyn Potential>>,
}

/// Where K flows ended.
pub struct Ran {
    /// Of the flows alone.
    pub seconds: f64,
    /// Mean cross-entropy of the training rows.
    pub loss: f64,
    /// Times that gradients were waited for.
    pub rounds: u64,
}

impl Contender {
    /// With the data of an export.
    ///
    /// # Errors
    /// If the arrays do not fit together.
    pub fn new(exported: Exported, options: WindowOptions, place: &PeerPlace) -> Result<Self> {
        let setting = optim::Problem {
            classes: exported.problem.classes,
            bias: false,
            l2: 0.0,
        };
        let x = exported.x.to_device(&place.device)?;
        let kernel = place.kernel;
        let potential = LogisticRegression::with_kernel(x, &exported.labels, setting, kernel)?;
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
            problem: exported.problem,
            potential: Arc::new(potential),
            points: exported.points.to_device(&place.device)?,
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

    /// K flows from the start on the clock, then the loss, off it.
    ///
    /// # Errors
    /// If a setting is out of range or the flow diverges.
    pub fn flow(&self) -> Result<Ran> {
        let mut method = self.method()?;
        let begin = Instant::now();
        for flow in 1..=self.problem.flows {
            if let Some(termination) = method.advance()?.termination {
                bail!("flow {flow} ended early: {termination:?}");
            }
        }
        self.points.device().synchronize()?;
        let seconds = begin.elapsed().as_secs_f64();
        Ok(Ran {
            seconds,
            loss: self.potential.value(method.position())?,
            rounds: method.counts().rounds,
        })
    }

    fn points_of(&self, window: usize) -> Result<Tensor> {
        let there = self.points.dim(0)?;
        ensure!(
            (1..=there).contains(&window),
            "gradients at {window} points were asked for, the export has {there}"
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
        let flow = WindowedFlow {
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
