//! Networks trained several steps at a time.

use super::state::{named_vars, write};
use crate::window::{Slide, WindowPlace};
use crate::{
    Counts, Error, Evaluator, Method, Oracle, Progress, Recurrence, Result, Window,
    WindowedRecurrence,
};
use candle_core::{DType, Device, Tensor, Var};
use candle_nn::VarMap;
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The loss of a step, from the batch that belongs to it.
type StepLoss = dyn Fn(usize) -> candle_core::Result<Tensor> + Send + Sync;

/// Holds one of several equal networks that compute the gradients of a window, on a device of its own or
/// beside the others.
pub struct Replica {
    vars: Vec<(String, Var)>,
    loss: Box<StepLoss>,
}

impl Replica {
    /// Makes a replica of a network's variables and of what computes its loss. The closure is told the step,
    /// counted from 0, and computes the loss of that step's batch, whenever and however often it is asked: every
    /// replica's has to compute the same for the same step and numbers.
    #[must_use]
    pub fn of(
        varmap: &VarMap,
        loss: impl Fn(usize) -> candle_core::Result<Tensor> + Send + Sync + 'static,
    ) -> Self {
        Self {
            vars: named_vars(varmap),
            loss: Box::new(loss),
        }
    }
}

/// Trains a network by any [`Recurrence`] whose steps are computed a [`Window`] at a time: each step of a round
/// on a replica of the network, with the batch that the same step would have had one after the other.
///
/// That is the setting of PASO (ICML 2026): a window whose tolerance is 0 ends where the steps one after the
/// other end, and one of width 1 takes them. Without a batch that changes from step to step it is
/// [`WindowedDescent`](crate::WindowedDescent) on the network's loss.
///
/// Points and what is carried along are single vectors, so that the kinetic energy, or direction, is one of
/// all variables together. Variables that the first loss gives no gradient, such as the running statistics of
/// a normalisation, are the replicas' own: the first replica computes every window's first step, which is
/// exact, and its statistics are those to evaluate with.
///
/// ```
/// use candle_core::{DType, Device, Tensor};
/// use candle_nn::{Module, VarBuilder, VarMap};
/// use optim::nn::{Replica, Windowed};
/// use optim::{Kinetic, Method, Recurrence, Window};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Eight batches of two rows, whose label says which of their numbers is larger.
/// let batch = |step: usize| -> candle_core::Result<(Tensor, Tensor)> {
///     let x = (step % 8) as f32 / 8.0;
///     let rows = Tensor::new(&[[x, 1.0 - x], [1.0 - x, x]], &Device::Cpu)?;
///     Ok((rows, Tensor::new(&[u32::from(x < 0.5), u32::from(x >= 0.5)], &Device::Cpu)?))
/// };
/// let replica = || -> candle_core::Result<Replica> {
///     let varmap = VarMap::new();
///     let model = candle_nn::linear(2, 2, VarBuilder::from_varmap(&varmap, DType::F32, &Device::Cpu))?;
///     Ok(Replica::of(&varmap, move |step| {
///         let (rows, labels) = batch(step)?;
///         candle_nn::loss::cross_entropy(&model.forward(&rows)?, &labels)
///     }))
/// };
/// let heavy_ball = Recurrence::heavy_ball(Kinetic::HalfL2Squared, 0.01, 0.9).every(8);
/// let window = Window { width: 4, tolerance: 1e-2, across_flows: true, ..Window::default() };
/// let mut training = Windowed::new(vec![replica()?, replica()?], heavy_ball, window)?;
/// for _ in 0..10 {
///     training.advance()?; // eight steps
/// }
/// assert!(training.counts().rounds < 80);
/// # Ok(())
/// # }
/// ```
pub struct Windowed {
    flow: WindowedRecurrence,
    network: Arc<Replicas>,
    oracle: Oracle,
    window: Box<dyn Slide>,
    /// Where the last iteration ended, `[D]`; the window may be past that.
    position: Tensor,
    /// Steps of the iterations that have been made.
    steps: usize,
}

impl Windowed {
    /// Makes a training of the first replica's network, from its variables as they are. Every
    /// [`advance`](Method::advance) makes one iteration of the recurrence. Computes the first loss once, to see
    /// which variables have a gradient.
    ///
    /// # Errors
    /// If there is no replica, two are not alike, a setting is out of range, or the first loss fails.
    pub fn new(replicas: Vec<Replica>, recurrence: Recurrence, window: Window) -> Result<Self> {
        let flow = WindowedRecurrence { recurrence, window };
        let network = Arc::new(Replicas::new(replicas)?);
        let start = network.first.position()?;
        let from = WindowPlace::start(&recurrence, &start)?;
        Ok(Self {
            window: flow.sliding_on(&from, None, None)?,
            oracle: Oracle::shared(network.clone()),
            flow,
            network,
            position: start,
            steps: 0,
        })
    }

    /// Returns the mean of the losses of the steps of the last iteration, each at the point where its last gradient
    /// was computed: within the tolerance of the point that the step was taken from.
    ///
    /// # Errors
    /// If the device fails.
    pub fn loss(&self) -> Result<Option<f64>> {
        let mut losses = self.network.losses();
        let first = self.steps.saturating_sub(self.flow.recurrence.iteration);
        *losses = losses.split_off(&first);
        let mut sum = 0.0;
        for (_, loss) in losses.range(..self.steps) {
            sum += loss.to_dtype(DType::F64)?.to_scalar::<f64>()?;
        }
        let count = losses.range(..self.steps).count();
        Ok((count > 0).then(|| sum / count as f64))
    }

    /// Writes where the training is as safetensors, whole or not at all: the point, what is carried along and the
    /// number of steps. Guesses of later points, and what a secant window has learnt, are made anew after it is
    /// loaded, so that the steps that follow are the same within the tolerance.
    ///
    /// # Errors
    /// [`Error::State`] if the file cannot be written.
    pub fn save_state(&self, path: &Path) -> Result<()> {
        let place = self.window.place()?;
        let (vectors, numbers) = place.carried.parts();
        let mut all = HashMap::from([
            (POSITION.to_owned(), self.position.clone()),
            (POINT.to_owned(), place.point.clone()),
        ]);
        for (index, vector) in vectors.into_iter().enumerate() {
            all.insert(format!("{CARRIED}{index}"), vector.clone());
        }
        for (index, end) in place.ends.iter().enumerate() {
            all.insert(format!("{END}{index}"), end.clone());
        }
        let [a, b] = numbers;
        let numbers = [place.done as f64, self.steps as f64, a, b];
        all.insert(NUMBERS.into(), Tensor::new(&numbers, &Device::Cpu)?);
        write(&all, path)
    }

    /// Goes on from what [`save_state`](Self::save_state) wrote of the same network and recurrence; the network's
    /// variables are put where the training was.
    ///
    /// # Errors
    /// [`Error::State`] if the file cannot be read or does not fit. Nothing is changed then.
    pub fn load_state(&mut self, path: &Path) -> Result<()> {
        let wrong = |what: String| Error::State {
            path: path.to_owned(),
            what,
        };
        let here = self.window.place()?;
        let all = candle_core::safetensors::load(path, here.point.device())
            .map_err(|e| wrong(format!("reading it: {e}")))?;
        let vector = |key: &str| match all.get(key) {
            Some(found) if found.dims() == here.point.dims() => {
                Ok(Some(found.to_dtype(here.point.dtype())?))
            }
            Some(found) => {
                let (found, wanted) = (found.dims(), here.point.dims());
                Err(wrong(format!(
                    "`{key}` is {found:?}, the network {wanted:?}"
                )))
            }
            None => Ok(None),
        };
        let listed = |prefix: &str| -> Result<Vec<Tensor>> {
            let keys = (0..).map(|index| format!("{prefix}{index}"));
            let there = keys.map(|key| vector(&key));
            there.map_while(Result::transpose).collect()
        };
        let numbers = match all.get(NUMBERS) {
            Some(numbers) => numbers
                .to_dtype(DType::F64)?
                .flatten_all()?
                .to_vec1::<f64>()?,
            None => Vec::new(),
        };
        let [done, steps, a, b] = numbers[..] else {
            let found = numbers.len();
            return Err(wrong(format!("{found} numbers, not 4: of another method")));
        };
        let missing = |key: &str| wrong(format!("`{key}` is missing"));
        let point = vector(POINT)?.ok_or_else(|| missing(POINT))?;
        let position = vector(POSITION)?.ok_or_else(|| missing(POSITION))?;
        let carried = here.carried.filled(listed(CARRIED)?, [a, b]);
        let place = WindowPlace {
            carried: carried.ok_or_else(|| wrong("it is of another method".into()))?,
            done: done as usize,
            ends: listed(END)?,
            point,
        };
        let window = self.flow.sliding_on(&place, None, None)?;
        self.network.first.move_to(&position)?;
        self.position = position;
        self.window = window;
        self.steps = steps as usize;
        Ok(())
    }
}

impl Method for Windowed {
    /// Makes one iteration of the recurrence and puts the first replica's network where it ends.
    ///
    /// # Errors
    /// If a loss or a tensor operation fails.
    fn advance(&mut self) -> Result<Progress> {
        let before = self.oracle.counts();
        let end = self.window.flow(&mut self.oracle)?;
        self.steps += self.flow.recurrence.iteration;
        self.network.first.move_to(&end.position)?;
        self.position = end.position;
        Ok(Progress {
            counts: self.oracle.counts() - before,
            strides: end.strides,
            termination: end.termination,
        })
    }

    /// All trained variables as one vector, in the order of their names.
    fn position(&self) -> &Tensor {
        &self.position
    }

    fn counts(&self) -> Counts {
        self.oracle.counts()
    }
}

const POSITION: &str = "position";
const POINT: &str = "point";
const CARRIED: &str = "carried.";
const END: &str = "end.";
const NUMBERS: &str = "numbers";

/// Equal networks, each behind a lock: a thread of its own computes with it.
struct Replicas {
    first: Arc<TrainedVars>,
    others: Vec<Arc<TrainedVars>>,
    /// The newest loss of each step.
    losses: Mutex<BTreeMap<usize, Tensor>>,
}

/// A network's trained variables, as one vector.
struct TrainedVars {
    /// By their names.
    vars: Vec<Var>,
    loss: Box<StepLoss>,
    /// Held while the variables are where a gradient is wanted.
    busy: Mutex<()>,
}

impl Replicas {
    fn new(replicas: Vec<Replica>) -> Result<Self> {
        let mut replicas = replicas.into_iter();
        let Some(first) = replicas.next() else {
            return Err(Error::setting("replicas", 0, "at least 1"));
        };
        let gradients = (first.loss)(0)?.backward()?;
        let trained: Vec<String> = first
            .vars
            .iter()
            .filter(|(_, var)| gradients.get(var).is_some())
            .map(|(name, _)| name.clone())
            .collect();
        if trained.is_empty() {
            return Err(Error::setting("trained variables", 0, "at least 1"));
        }
        let first = Arc::new(TrainedVars::new(first, &trained)?);
        let others = replicas.map(|replica| {
            let other = TrainedVars::new(replica, &trained)?;
            other.like(&first)?;
            Ok(Arc::new(other))
        });
        Ok(Self {
            others: others.collect::<Result<_>>()?,
            first,
            losses: Mutex::default(),
        })
    }

    fn all(&self) -> impl Iterator<Item = &Arc<TrainedVars>> {
        std::iter::once(&self.first).chain(&self.others)
    }

    fn losses(&self) -> std::sync::MutexGuard<'_, BTreeMap<usize, Tensor>> {
        self.losses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TrainedVars {
    /// Of those variables of a replica.
    fn new(replica: Replica, names: &[String]) -> Result<Self> {
        let named: HashMap<String, Var> = replica.vars.into_iter().collect();
        let var = |name: &String| {
            let var = named.get(name).cloned();
            var.ok_or_else(|| Error::setting("a replica's variables", "others", "the first's"))
        };
        Ok(Self {
            vars: names.iter().map(var).collect::<Result<_>>()?,
            loss: replica.loss,
            busy: Mutex::default(),
        })
    }

    fn like(&self, other: &Self) -> Result<()> {
        for (own, wanted) in self.vars.iter().zip(&other.vars) {
            if own.dims() != wanted.dims() {
                return Err(Error::Shape {
                    what: "a replica's variable",
                    found: own.dims().to_vec(),
                    expected: format!("{:?}, as of the first,", wanted.dims()),
                });
            }
        }
        Ok(())
    }

    /// The variables as one vector `[D]`.
    fn position(&self) -> Result<Tensor> {
        let flat = self
            .vars
            .iter()
            .map(|var| var.as_detached_tensor().flatten_all());
        let flat = flat.collect::<candle_core::Result<Vec<_>>>()?;
        Ok(Tensor::cat(&flat, 0)?)
    }

    /// Puts the variables at a point `[D]`.
    fn move_to(&self, point: &Tensor) -> Result<()> {
        let mut first = 0;
        for var in &self.vars {
            let count = var.elem_count();
            let part = point.narrow(0, first, count)?.reshape(var.shape())?;
            var.set(&part.to_device(var.device())?.to_dtype(var.dtype())?)?;
            first += count;
        }
        Ok(())
    }

    /// The loss of a step at a point, and its gradient `[D]`.
    fn gradient(&self, point: &Tensor, step: usize) -> Result<(Tensor, Tensor)> {
        let _held = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(var) = self.vars.first() {
            gpu::enter(var.device())?;
        }
        self.move_to(point)?;
        let loss = (self.loss)(step)?;
        let gradients = loss.backward()?;
        let flat = self.vars.iter().map(|var| match gradients.get(var) {
            Some(gradient) => gradient.detach().flatten_all(),
            None => var.zeros_like()?.flatten_all(),
        });
        let flat = flat.collect::<candle_core::Result<Vec<_>>>()?;
        let gradient = Tensor::cat(&flat, 0)?.to_device(point.device())?;
        Ok((loss.detach(), gradient.to_dtype(point.dtype())?))
    }
}

impl Evaluator for Replicas {
    /// As for the first step: what varies from step to step is asked for by [`Evaluator::stacked_from`].
    fn gradients(&self, points: &[Tensor]) -> Result<Vec<Tensor>> {
        let gradient = |point| Ok(self.first.gradient(point, 0)?.1);
        points.iter().map(gradient).collect()
    }

    fn varies(&self) -> bool {
        true
    }

    fn stacked_from(&self, points: &Tensor, first_step: usize) -> Result<Tensor> {
        let count = points.dim(0)?;
        let all: Vec<&Arc<TrainedVars>> = self.all().collect();
        // The r-th of R replicas computes rows r, r + R, …: the first of them row 0.
        let rows = |index: usize| (index..count).step_by(all.len());
        let of_replica = |index: usize| -> Result<Vec<(usize, Tensor, Tensor)>> {
            let row = |row: usize| {
                let (loss, gradient) = all[index].gradient(&points.get(row)?, first_step + row)?;
                Ok((row, loss, gradient))
            };
            rows(index).map(row).collect()
        };
        // A panic of a user's loss must not take the process down.
        let caught = |index: usize| {
            catch_unwind(AssertUnwindSafe(|| of_replica(index))).unwrap_or_else(|_| {
                Err(Error::Worker {
                    device: index,
                    what: "panicked while computing a loss".into(),
                })
            })
        };
        let mut found = Vec::with_capacity(count);
        std::thread::scope(|threads| -> Result<()> {
            let busy = all.len().min(count);
            let caught = &caught;
            let others: Vec<_> = (1..busy)
                .map(|index| threads.spawn(move || caught(index)))
                .collect();
            found.extend(caught(0)?);
            for (index, other) in (1..).zip(others) {
                let other = other.join().unwrap_or_else(|_| {
                    Err(Error::Worker {
                        device: index,
                        what: "ended without an answer".into(),
                    })
                });
                found.extend(other?);
            }
            Ok(())
        })?;
        found.sort_by_key(|(row, ..)| *row);
        let mut losses = self.losses();
        let mut gradients = Vec::with_capacity(count);
        for (row, loss, gradient) in found {
            losses.insert(first_step + row, loss);
            gradients.push(gradient);
        }
        Ok(Tensor::stack(&gradients, 0)?)
    }
}
