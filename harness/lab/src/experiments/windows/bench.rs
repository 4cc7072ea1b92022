//! A data set on a machine: its problem, its starting points, and the methods that run on it.

use super::cell::WindowCell;
use super::gradients::Lone;
use super::plan::EvaluatorKind;
use super::ranks::{RankOrder, Together};
use crate::device::{Machine, MemoryNeed, Placement, check_room};
use crate::experiments::held::FreeGradients;
use crate::plan::Start;
use crate::rates::floor::Work;
use crate::regression::{Regression, starting_point};
use crate::seed::Seeds;
use anyhow::Result;
use candle_core::{Device, Tensor};
use datasets::Dataset;
use optim::{
    AllGather, Batched, Devices, Evaluator, Flow, HamiltonianDescent, Kernel, Method, Oracle,
    Potential, Ranks, Recurrence, RoundTimes, RowLoss, Sequential, SymplecticEuler, Tf32,
    WindowedDescent, WindowedRecurrence,
};
use std::sync::{Arc, Mutex, PoisonError};

/// What a window's potential is reached through: answers with what stands in its place. The
/// sequential flow that windows are compared with is left as it is, so that a stand-in that takes
/// its time shows how a slower window is found out.
pub type Through = Arc<dyn Fn(Arc<dyn Potential>) -> Arc<dyn Potential> + Send + Sync>;

/// A data set on a machine, ready for its cells.
pub struct Workbench {
    machine: Machine,
    train: Arc<dyn RowLoss>,
    test: Arc<dyn RowLoss>,
    features: usize,
    /// What it takes on a device with one point.
    need: MemoryNeed,
    /// Where runs started last, and those of which cells: a window of a wide problem takes less long than drawing it.
    start: Mutex<Option<((u64, Start), Tensor)>>,
    /// The problem on devices other than the first: uploaded once, for all cells.
    replicas: Mutex<Vec<Arc<dyn RowLoss>>>,
    through: Option<Through>,
}

/// What computes a cell's gradients: here, or on all ranks beside one another.
#[derive(Clone)]
pub struct CellEvaluator {
    evaluator: Arc<dyn Evaluator>,
    together: Option<OnRanks>,
}

/// Gradients of all ranks.
#[derive(Clone)]
struct OnRanks {
    ranks: Arc<dyn Ranks>,
    gradients: Gradients,
    gather: Arc<AllGather>,
}

impl CellEvaluator {
    /// Where the time of its rounds went, if they are made on ranks.
    #[must_use]
    pub fn round_times(&self) -> Option<RoundTimes> {
        self.together.as_ref().map(|on| on.gather.times())
    }

    fn here(evaluator: impl Evaluator + 'static) -> Self {
        Self {
            evaluator: Arc::new(evaluator),
            together: None,
        }
    }
}

/// Which potential a method is run on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Gradients {
    /// The data's.
    Real,
    /// Ones that cost nothing, to see what else a round costs.
    Free,
}

impl Workbench {
    /// Puts a data set on the machine's first device. All cells of a bench share the plan's model
    /// and precision; `like` is one of them.
    ///
    /// # Errors
    /// If the device has no room.
    pub fn new(machine: &Machine, dataset: &Dataset, like: &WindowCell) -> Result<Self> {
        if let Some(ranks) = machine.ranks() {
            RankOrder::Bench(Box::new(like.clone())).tell(ranks.as_ref())?;
        }
        Self::of_rank(machine, dataset, like)
    }

    /// The same on one rank, of which rank 0 has told the others.
    pub(super) fn of_rank(machine: &Machine, dataset: &Dataset, like: &WindowCell) -> Result<Self> {
        let home = machine.home();
        let need = MemoryNeed {
            rows: dataset.train.len() + dataset.test.len(),
            train_rows: dataset.train.len(),
            features: dataset.features + usize::from(like.model.bias),
            classes: like.loss.columns(dataset.classes()),
            points: 1,
            dtype: like.precision.dtype(),
        };
        check_room(&machine.whole().label, home, &dataset.name, need)?;
        let Regression { train, test } =
            Regression::new(dataset, like.fit(), like.precision, home)?;
        Ok(Self {
            machine: machine.clone(),
            train,
            test,
            features: dataset.features,
            need,
            start: Mutex::default(),
            replicas: Mutex::default(),
            through: None,
        })
    }

    /// The same bench, its windows' potentials reached through something.
    #[must_use]
    pub fn through(self, through: Option<Through>) -> Self {
        Self { through, ..self }
    }

    /// Where a cell's runs start.
    fn start(&self, cell: &WindowCell) -> Result<Tensor> {
        let of = (cell.seed, cell.start);
        let mut last = self.start.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, start)) = &*last
            && *known == of
        {
            // In memory of its own, which is the flow's.
            return Ok(start.copy()?);
        }
        let mut stream = Seeds::new(cell.seed).stream(&["start", &cell.dataset]);
        let dimension = self.train.dimension();
        let start = starting_point(cell.start, self.features, dimension, &mut stream);
        let start = Tensor::new(start, self.machine.home())?.to_dtype(cell.precision.dtype())?;
        *last = Some((of, start.copy()?));
        Ok(start)
    }

    /// The ranks of the machine, if it has any.
    pub(super) fn ranks(&self) -> Option<&Arc<dyn Ranks>> {
        self.machine.ranks()
    }

    /// What a cell runs on.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn placement(&self, cell: &WindowCell) -> Result<Placement> {
        match cell.group {
            EvaluatorKind::Devices => self.machine.workers(cell.window.width),
            _ => Ok(self.machine.whole()),
        }
    }

    /// What the sequential flow of a cell's group runs on: one worker, or one whole device.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn baseline_placement(&self, cell: &WindowCell) -> Result<Placement> {
        match cell.group {
            EvaluatorKind::Devices => self.machine.workers(1),
            _ => Ok(self.machine.whole()),
        }
    }

    /// What computes a cell's gradients.
    ///
    /// # Errors
    /// If a worker cannot be started or a device has no room for its replica.
    pub fn evaluator(
        &self,
        cell: &WindowCell,
        placement: &Placement,
        gradients: Gradients,
    ) -> Result<CellEvaluator> {
        self.check_room(cell, placement)?;
        let on = |device: &Device| -> optim::Result<Arc<dyn Potential>> {
            Ok(match gradients {
                Gradients::Real => {
                    let train = self.replica(device)?;
                    match &self.through {
                        Some(through) => through(train),
                        None => train,
                    }
                }
                Gradients::Free => Arc::new(FreeGradients::like(self.train.as_ref(), device)),
            })
        };
        if let (EvaluatorKind::Devices, Some(ranks)) = (cell.evaluator, self.machine.ranks()) {
            let gather = AllGather::new(on(self.machine.home())?, ranks.clone());
            let gather = Arc::new(gather);
            return Ok(CellEvaluator {
                evaluator: gather.clone(),
                together: Some(OnRanks {
                    ranks: ranks.clone(),
                    gradients,
                    gather,
                }),
            });
        }
        let evaluator: Arc<dyn Evaluator> = match cell.evaluator {
            EvaluatorKind::Sequential => Arc::new(Sequential::new(on(self.machine.home())?)),
            EvaluatorKind::Batched => Arc::new(Batched::new(on(self.machine.home())?)),
            EvaluatorKind::Devices => Arc::new(Devices::new(&placement.devices, on)?),
        };
        Ok(CellEvaluator {
            evaluator: match cell.tf32 {
                true => Arc::new(Tf32::new(evaluator)),
                false => evaluator,
            },
            together: None,
        })
    }

    /// The problem on a device.
    fn replica(&self, device: &Device) -> optim::Result<Arc<dyn RowLoss>> {
        if device.same_device(self.machine.home()) {
            return Ok(self.train.clone());
        }
        let mut replicas = self.replicas.lock().unwrap_or_else(PoisonError::into_inner);
        let known = replicas.iter().find(|r| r.device().same_device(device));
        if let Some(known) = known {
            return Ok(known.clone());
        }
        let replica = self.train.on_device(device)?;
        replicas.push(replica.clone());
        Ok(replica)
    }

    /// Refuses a cell whose window does not fit on the devices that it is shared out to.
    fn check_room(&self, cell: &WindowCell, placement: &Placement) -> Result<()> {
        let width = cell.window.width;
        let workers = placement.devices.len().min(width);
        let at_once = cell.window.method.storage().at_once();
        let points = at_once.unwrap_or(width).min(width);
        let what = format!("{} with a window of {width}", cell.dataset);
        for device in &placement.devices[..workers] {
            let known = self.is_there(device);
            let need = MemoryNeed {
                // Rows that are there already need no more room.
                rows: if known { 0 } else { self.need.train_rows },
                points: points.div_ceil(workers),
                ..self.need
            };
            check_room(&placement.label, device, &what, need)?;
        }
        Ok(())
    }

    fn is_there(&self, device: &Device) -> bool {
        let replicas = self.replicas.lock().unwrap_or_else(PoisonError::into_inner);
        let mut replicas = replicas.iter();
        device.same_device(self.machine.home())
            || replicas.any(|replica| replica.device().same_device(device))
    }

    /// What computes the gradients of the sequential flow that cells are compared with.
    #[must_use]
    pub fn baseline_evaluator(&self) -> CellEvaluator {
        CellEvaluator::here(Sequential::new(self.train.clone()))
    }

    /// One whole device on which gradients take neither time nor memory: nothing but the method allocates there, and
    /// in one thread.
    #[must_use]
    pub fn free_evaluator(&self) -> CellEvaluator {
        let free = FreeGradients::like(self.train.as_ref(), self.machine.home());
        CellEvaluator::here(Batched::new(Arc::new(free)))
    }

    /// A cell's method at the starting point; where its gradients are computed on all ranks, all of them make it and
    /// advance it together.
    ///
    /// # Errors
    /// If a setting is out of range, or a rank is lost.
    pub fn method(&self, cell: &WindowCell, evaluator: &CellEvaluator) -> Result<Box<dyn Method>> {
        let Some(OnRanks {
            ranks, gradients, ..
        }) = &evaluator.together
        else {
            return self.own_method(cell, evaluator);
        };
        let order = RankOrder::Method {
            cell: Box::new(cell.clone()),
            free: *gradients == Gradients::Free,
        };
        order.tell(ranks.as_ref())?;
        let own = self.own_method(cell, evaluator)?;
        Ok(Box::new(Together::new(ranks.clone(), own)?))
    }

    /// A cell's method as this rank advances it.
    pub(super) fn own_method(
        &self,
        cell: &WindowCell,
        evaluator: &CellEvaluator,
    ) -> Result<Box<dyn Method>> {
        if cell.is_baseline() {
            return self.sequential_flow(cell, evaluator);
        }
        let flow = WindowedRecurrence {
            recurrence: Recurrence::new(cell.kinetic, cell.step_size, cell.steps),
            window: cell.window,
        };
        let oracle = Oracle::shared(evaluator.evaluator.clone());
        let method = WindowedDescent::new(oracle, flow, self.start(cell)?).ending(cell.flows);
        Ok(match self.surrogate(cell)? {
            Some(surrogate) => Box::new(method.with_surrogate(surrogate)),
            None => Box::new(method),
        })
    }

    /// The loss on as many random rows as the cell says: the same ones every time.
    fn surrogate(&self, cell: &WindowCell) -> Result<Option<Arc<dyn Potential>>> {
        if cell.surrogate_rows == 0 {
            return Ok(None);
        }
        let all = self.train.samples();
        let mut stream = Seeds::new(cell.seed).stream(&["surrogate", &cell.dataset]);
        let rows = rand::seq::index::sample(&mut stream, all, cell.surrogate_rows);
        Ok(Some(self.train.subset(&rows.into_vec())?))
    }

    /// What computes the gradients.
    #[must_use]
    pub fn kernel(&self) -> Kernel {
        self.train.kernel()
    }

    /// The sequential flow that Picard iteration converges to, symplectic Euler, at the starting
    /// point.
    ///
    /// # Errors
    /// If a setting is out of range.
    pub fn sequential_flow(
        &self,
        cell: &WindowCell,
        evaluator: &CellEvaluator,
    ) -> Result<Box<dyn Method>> {
        let integrator = Box::new(SymplecticEuler);
        let flow = Flow::new(cell.kinetic, integrator, cell.step_size, cell.steps)?;
        let oracle = Oracle::shared(evaluator.evaluator.clone());
        Ok(Box::new(HamiltonianDescent::new(
            oracle,
            flow,
            self.start(cell)?,
        )))
    }

    /// A gradient that each of a placement's devices computes for itself.
    ///
    /// # Errors
    /// If a device has no room for its replica.
    pub fn lone(&self, cell: &WindowCell, placement: &Placement) -> Result<Lone> {
        let at = self.start(cell)?;
        let on = |device: Device| -> Result<_> {
            let replica = self.replica(&device)?;
            Ok((replica, at.to_device(&device)?))
        };
        let devices = placement.side_by_side().into_iter();
        Ok(Lone {
            workers: devices.map(on).collect::<Result<_>>()?,
        })
    }

    /// The work of a cell's gradients, counted.
    #[must_use]
    pub fn work(&self, cell: &WindowCell) -> Work {
        Work {
            one: self.train.cost(1).into(),
            window: self.train.cost(cell.window.width).into(),
            width: cell.window.width,
        }
    }

    /// D, the numbers of a point.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.train.dimension()
    }

    /// Loss on the training rows, with its penalty.
    ///
    /// # Errors
    /// If the device fails.
    pub fn train_loss(&self, point: &Tensor) -> Result<f64> {
        Ok(self.train.value(point)?)
    }

    /// Share of test rows classified rightly; `None` where numbers are predicted.
    ///
    /// # Errors
    /// If the device fails.
    pub fn test_accuracy(&self, point: &Tensor) -> Result<Option<f64>> {
        Ok(self.test.hits(point)?)
    }
}
