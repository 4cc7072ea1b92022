//! Runs cells. The only clock in the house.
//!
//! A cell is run once untimed, with loss and accuracy evaluated after every flow; then `repeats`
//! times against the clock, each run next to one of the sequential flow it is compared with
//! (A B A B …), so that a drift of the machine's speed meets both. The clock runs only while a
//! flow is computed, and is read only when the device has finished what it was asked.

use crate::cell::Cell;
use crate::device::{Machine, Placement};
use crate::journal::{FlowRecord, Measured, Outcome};
use crate::plan::{EvaluatorKind, Scale, Start};
use crate::seed::Seeds;
use anyhow::{Context, Result};
use candle_core::{DType, Device, Tensor};
use datasets::{Dataset, Split};
use optim::{
    Batched, Cost, Counted, Devices, Evaluator, Flow, HamiltonianDescent, LogisticRegression,
    Method, Potential, Problem, Sequential, SymplecticEuler, WindowedDescent, WindowedFlow,
};
use rand::RngExt;
use std::sync::Arc;
use std::time::Instant;

/// A data set on a machine, ready for its cells.
pub struct Bench {
    machine: Machine,
    train: Arc<LogisticRegression>,
    test: LogisticRegression,
    start: Tensor,
    /// End points of sequential flows, by what they ran on.
    references: Vec<(Reference, Tensor)>,
}

/// What a sequential flow's end point depends on, given the data set.
type Reference = (String, usize);

impl Bench {
    /// Puts a data set on the machine's first device and draws the starting point. All cells of
    /// a bench share the plan's model, start and precision; `like` is one of them.
    ///
    /// # Errors
    /// If the device has no room.
    pub fn new(machine: &Machine, dataset: &Dataset, like: &Cell) -> Result<Self> {
        let home = machine.home();
        let load = |split: &Split| potential(split, dataset, like, home);
        let train = load(&dataset.train).context("loading the training rows onto the device")?;
        let test = load(&dataset.test).context("loading the test rows onto the device")?;
        let start = starting_point(like, dataset.features, train.dimension(), home)?;
        let references = Vec::new();
        Ok(Self {
            machine: machine.clone(),
            train: Arc::new(train),
            test,
            start,
            references,
        })
    }

    /// The least work of one gradient.
    #[must_use]
    pub fn gradient_cost(&self) -> Cost {
        self.train.cost(1)
    }

    /// Measures a cell, telling `step` of every flow that is done.
    ///
    /// # Errors
    /// If a device fails.
    pub fn measure(&mut self, cell: &Cell, step: &dyn Fn()) -> Result<Outcome> {
        let placement = self.placement(cell)?;
        let evaluator = self.evaluator(cell, &placement)?;
        let (flows, end) = match self.evaluated(cell, &placement, &evaluator, step)? {
            Ok(run) => run,
            Err(flow) => return Ok(Outcome::Diverged { flow }),
        };
        let sequential = self.baseline_placement(cell)?;
        let baseline = self.sequential_evaluator();
        let reference = self.reference(cell, &sequential, step)?;
        let mut measured = Measured {
            flow_error: relative_distance(&end, &reference)?,
            baseline_gradients: (cell.flows * cell.steps) as u64,
            round_overhead_s: self.round_overhead(cell, &placement)?,
            flows,
            ..Measured::default()
        };
        let baseline_run = |flows: usize| {
            timed(
                &sequential,
                flows,
                || self.sequential_flow(cell, &baseline),
                step,
            )
        };
        let run = |flows: usize| timed(&placement, flows, || self.method(cell, &evaluator), step);
        baseline_run(cell.warmup_flows)?;
        run(cell.warmup_flows)?;
        for _ in 0..cell.repeats {
            measured.baseline_wall_s.push(baseline_run(cell.flows)?);
            measured.wall_s.push(run(cell.flows)?);
        }
        Ok(Outcome::Measured(measured))
    }

    /// How many flows `measure` runs, for the progress bar.
    #[must_use]
    pub fn flows_of(cell: &Cell) -> usize {
        2 * cell.flows + 2 * (cell.warmup_flows + cell.repeats * cell.flows)
    }

    fn placement(&self, cell: &Cell) -> Result<Placement> {
        match cell.group {
            EvaluatorKind::Devices => self.machine.workers(cell.window),
            _ => Ok(self.machine.whole()),
        }
    }

    /// What the sequential flow of the cell's group runs on.
    fn baseline_placement(&self, cell: &Cell) -> Result<Placement> {
        match cell.group {
            EvaluatorKind::Devices => self.machine.workers(1),
            _ => Ok(self.machine.whole()),
        }
    }

    fn sequential_evaluator(&self) -> Arc<dyn Evaluator> {
        Arc::new(Sequential::new(self.train.clone()))
    }

    fn evaluator(&self, cell: &Cell, placement: &Placement) -> Result<Arc<dyn Evaluator>> {
        Ok(match cell.evaluator {
            EvaluatorKind::Sequential => self.sequential_evaluator(),
            EvaluatorKind::Batched => Arc::new(Batched::new(self.train.clone())),
            EvaluatorKind::Devices => Arc::new(Devices::new(&placement.devices, |device| {
                Ok(Arc::new(self.train.to_device(device)?) as Arc<dyn Potential>)
            })?),
        })
    }

    fn method(&self, cell: &Cell, evaluator: &Arc<dyn Evaluator>) -> Result<Box<dyn Method>> {
        if cell.is_baseline() {
            return self.sequential_flow(cell, evaluator);
        }
        let forces = Counted::shared(evaluator.clone());
        Ok(Box::new(WindowedDescent::new(
            forces,
            windowed(cell),
            self.start.clone(),
        )))
    }

    /// The sequential flow that Picard iteration converges to: symplectic Euler.
    fn sequential_flow(
        &self,
        cell: &Cell,
        evaluator: &Arc<dyn Evaluator>,
    ) -> Result<Box<dyn Method>> {
        let integrator = Box::new(SymplecticEuler);
        let flow = Flow::new(cell.kinetic, integrator, cell.step_size, cell.steps)?;
        let forces = Counted::shared(evaluator.clone());
        Ok(Box::new(HamiltonianDescent::new(
            forces,
            flow,
            self.start.clone(),
        )))
    }

    /// One untimed run with everything written down. The inner error is the flow in which the
    /// numbers stopped being finite.
    fn evaluated(
        &self,
        cell: &Cell,
        placement: &Placement,
        evaluator: &Arc<dyn Evaluator>,
        step: &dyn Fn(),
    ) -> Result<std::result::Result<(Vec<FlowRecord>, Tensor), usize>> {
        let mut method = self.method(cell, evaluator)?;
        let mut records = Vec::with_capacity(cell.flows);
        for flow in 1..=cell.flows {
            let progress = placement.run(|| method.advance())?;
            let train_loss = self.train.value(method.position())?;
            if progress.termination.is_some() || !train_loss.is_finite() {
                return Ok(Err(flow));
            }
            records.push(FlowRecord {
                rounds: progress.counts.rounds,
                requested: progress.counts.requested,
                distinct: progress.counts.distinct,
                strides: progress.strides,
                train_loss,
                test_accuracy: self.test.accuracy(method.position())?,
            });
            step();
        }
        Ok(Ok((records, method.position().clone())))
    }

    /// The end point of the sequential flow; computed once for all cells of a group.
    fn reference(&mut self, cell: &Cell, placement: &Placement, step: &dyn Fn()) -> Result<Tensor> {
        let name: Reference = (placement.label.clone(), cell.flows);
        if let Some((_, end)) = self.references.iter().find(|(known, _)| *known == name) {
            (0..cell.flows).for_each(|_| step());
            return Ok(end.clone());
        }
        let mut method = self.sequential_flow(cell, &self.sequential_evaluator())?;
        for _ in 0..cell.flows {
            placement.run(|| method.advance())?;
            step();
        }
        let end = method.position().clone();
        self.references.push((name, end.clone()));
        Ok(end)
    }

    /// Seconds of one round in which gradients cost nothing: exchange of points and gradients,
    /// window update, norms, stride. The median over the cell's repeats.
    fn round_overhead(&self, cell: &Cell, placement: &Placement) -> Result<f64> {
        let free = |device: &Device| -> Arc<dyn Potential> {
            Arc::new(Free {
                like: self.train.clone(),
                device: device.clone(),
            })
        };
        let here: Arc<dyn Potential> = free(self.machine.home());
        let evaluator: Arc<dyn Evaluator> = match cell.evaluator {
            EvaluatorKind::Sequential => Arc::new(Sequential::new(here)),
            EvaluatorKind::Batched => Arc::new(Batched::new(here)),
            EvaluatorKind::Devices => {
                Arc::new(Devices::new(&placement.devices, |device| Ok(free(device)))?)
            }
        };
        let mut samples = Vec::with_capacity(cell.repeats);
        for repeat in 0..=cell.repeats {
            let mut method = self.method(cell, &evaluator)?;
            let seconds = placement.run(|| clocked(placement, method.as_mut()))?;
            if repeat > 0 {
                samples.push(seconds / method.counts().rounds as f64);
            }
        }
        Ok(crate::statistics::median(&samples).unwrap_or_default())
    }
}

/// A cell's window.
fn windowed(cell: &Cell) -> WindowedFlow {
    WindowedFlow {
        width: cell.window,
        tolerance: cell.tolerance,
        method: cell.window_method,
        velocity: cell.velocity,
        predictor: cell.predictor,
        ..WindowedFlow::new(cell.kinetic, cell.step_size, cell.steps)
    }
}

/// Seconds of each of `flows` flows of a new method.
fn timed(
    placement: &Placement,
    flows: usize,
    method: impl FnOnce() -> Result<Box<dyn Method>>,
    step: &dyn Fn(),
) -> Result<Vec<f64>> {
    let mut method = method()?;
    let mut seconds = Vec::with_capacity(flows);
    for _ in 0..flows {
        seconds.push(placement.run(|| clocked(placement, method.as_mut()))?);
        step();
    }
    Ok(seconds)
}

/// Seconds of one outer iteration, the device idle before and after.
fn clocked(placement: &Placement, method: &mut dyn Method) -> Result<f64> {
    placement.synchronize()?;
    let begin = Instant::now();
    method.advance()?;
    placement.synchronize()?;
    Ok(begin.elapsed().as_secs_f64())
}

fn potential(
    split: &Split,
    dataset: &Dataset,
    cell: &Cell,
    device: &Device,
) -> Result<LogisticRegression> {
    let shape = (split.len(), dataset.features);
    let x = Tensor::from_vec(split.to_dense(), shape, device)?.to_dtype(cell.precision.dtype())?;
    let problem = Problem {
        classes: dataset.classes,
        bias: cell.model.bias,
        l2: cell.model.l2,
    };
    Ok(LogisticRegression::new(x, &split.labels, problem)?)
}

/// Drawn on the host in f64, so that every device and precision starts from the same point.
fn starting_point(
    cell: &Cell,
    features: usize,
    dimension: usize,
    device: &Device,
) -> Result<Tensor> {
    let scale = match cell.start {
        Start::Zeros => 0.0,
        Start::Uniform {
            scale: Scale::Fixed(scale),
        } => scale,
        Start::Uniform {
            scale: Scale::InverseSqrtFeatures,
        } => 1.0 / (features as f64).sqrt(),
    };
    let mut stream = Seeds::new(cell.seed).stream(&["start", &cell.dataset]);
    let point: Vec<f64> = (0..dimension)
        .map(|_| scale * (2.0 * stream.random::<f64>() - 1.0))
        .collect();
    Ok(Tensor::from_vec(point, dimension, device)?.to_dtype(cell.precision.dtype())?)
}

fn relative_distance(a: &Tensor, b: &Tensor) -> Result<f64> {
    let b = b.to_dtype(DType::F64)?;
    let apart = (a.to_dtype(DType::F64)? - &b)?
        .sqr()?
        .sum_all()?
        .to_scalar::<f64>()?;
    let size = b.sqr()?.sum_all()?.to_scalar::<f64>()?;
    Ok((apart / size).sqrt())
}

/// A potential of the same shape whose gradient is the point itself: what is left of a round's
/// time is not gradients.
struct Free {
    like: Arc<LogisticRegression>,
    device: Device,
}

impl Potential for Free {
    fn dimension(&self) -> usize {
        self.like.dimension()
    }

    fn dtype(&self) -> DType {
        self.like.dtype()
    }

    fn device(&self) -> &Device {
        &self.device
    }

    fn value(&self, point: &Tensor) -> optim::Result<f64> {
        Ok(0.5
            * point
                .to_dtype(DType::F64)?
                .sqr()?
                .sum_all()?
                .to_scalar::<f64>()?)
    }

    fn gradient(&self, point: &Tensor) -> optim::Result<Tensor> {
        Ok(point.clone())
    }

    fn gradients(&self, points: &Tensor) -> optim::Result<Tensor> {
        Ok(points.clone())
    }

    fn cost(&self, _points: usize) -> Cost {
        Cost {
            operations: 0.0,
            bytes: 0.0,
        }
    }
}
