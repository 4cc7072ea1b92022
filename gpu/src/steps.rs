//! The recurrence of a window, several steps in one launch.

use crate::along::along;
use crate::kernel::{Grid, Kernel, Number, WARP, Written};
use crate::launch::{block_threads, room, start};
use crate::open::SHARED;
use crate::scratch::{Lent, Scratch};
use candle_core::{DType, Result, Tensor, bail};

/// Which kinetic energy the recurrence moves by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Energy {
    /// ½‖v‖₂², moves by v.
    HalfL2Squared = 0,
    /// ‖v‖₂, moves by v/‖v‖₂.
    L2 = 1,
    /// ‖v‖₁, moves by the signs of v.
    L1 = 2,
    /// ‖v‖_∞, moves along the first coordinate in which |v| is largest.
    LInf = 3,
}

/// The gradient of each step.
#[derive(Clone, Copy, Debug)]
pub enum KernelGradients<'a> {
    /// One for each step, `[count, D]`.
    Given(&'a Tensor),
    /// The same for all, `[D]`.
    Constant(&'a Tensor),
    /// That at the step before the first, and what is added at every step, both `[D]`.
    Linear(&'a Tensor, &'a Tensor),
}

/// What is added to a gradient for a step that does not start where the gradient was computed:
/// Fᵀ M P (x − a).
#[derive(Clone, Copy, Debug)]
pub struct Model<'a> {
    /// P, `[p, D]`.
    pub points: &'a Tensor,
    /// F, `[p, D]`.
    pub gradients: &'a Tensor,
    /// M, f64 `[p, p]`.
    pub middle: &'a Tensor,
    /// a: where the gradients were computed, `[count, D]`, or `[1, D]` for all steps.
    pub around: &'a Tensor,
}

/// The step sizes.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How many steps.
    pub count: usize,
    /// The first of them, counted from the start of its flow.
    pub within: usize,
    /// After how many steps a flow ends and the velocity is reset.
    pub flow_steps: usize,
    /// θ: how far a step moves.
    pub step_size: f64,
    /// How long a gradient acts.
    pub time: f64,
    /// How long the gradient at the start of a flow acts.
    pub first_time: f64,
}

/// v_w = v_{w−1} − t_w f_w, x_w = x_{w−1} + θ ∂φ(v_w), from a position and a velocity `[D]`.
#[derive(Clone, Copy, Debug)]
pub struct Steps<'a> {
    /// x_0, `[D]`.
    pub position: &'a Tensor,
    /// v_0, `[D]`.
    pub velocity: &'a Tensor,
    /// f.
    pub gradients: KernelGradients<'a>,
    /// What is added to f.
    pub model: Option<Model<'a>>,
    /// φ.
    pub energy: Energy,
    /// t, θ.
    pub pace: Pace,
}

impl Steps<'_> {
    /// Positions and velocities after each step, `[2, count, D]`, by one kernel, or two where gradients are
    /// modelled.
    ///
    /// # Errors
    /// If shapes, types or devices do not fit together, or kernels do not run there
    /// ([`runs`](crate::runs)).
    pub fn take(&self, scratch: &Scratch) -> Result<Tensor> {
        let (dimension, count) = (self.position.dims1()?, self.pace.count);
        self.check(dimension)?;
        let shape = [2, count, dimension];
        if count == 0 || dimension == 0 {
            return Tensor::zeros(&shape, self.position.dtype(), self.position.device());
        }
        let out = room(&shape, self.position)?;
        let along = match &self.model {
            Some(model) if self.linear() => {
                Some(along(model.points, &self.vectors(model), scratch)?)
            }
            _ => None,
        };
        start(&PreparedSteps { steps: self, along }, &out)?;
        Ok(out)
    }

    /// Whether each coordinate moves by itself, so that any number of threads can share them; otherwise
    /// one block of threads does all.
    #[must_use]
    pub fn by_coordinates(&self) -> bool {
        match self.known() {
            0 => matches!(self.energy, Energy::HalfL2Squared | Energy::L1),
            _ => self.linear(),
        }
    }

    /// Whether a step is a linear function of the one before it and of the known gradients, few enough for a
    /// thread of a block each, so that a few inner products tell all of their weights.
    fn linear(&self) -> bool {
        let known = self.known();
        let shared = (self.pace.count + 1) * known * size_of::<f64>();
        self.energy == Energy::HalfL2Squared && known <= WARP && shared <= SHARED
    }

    /// All of which steps are made, in the order in which the kernel expects their inner products with the
    /// known points.
    fn vectors<'a>(&'a self, model: &Model<'a>) -> Vec<&'a Tensor> {
        let mut all = vec![self.position, self.velocity];
        match self.gradients {
            KernelGradients::Given(gradients) | KernelGradients::Constant(gradients) => {
                all.push(gradients)
            }
            KernelGradients::Linear(gradient, slope) => all.extend([gradient, slope]),
        }
        all.extend([model.around, model.gradients]);
        all
    }

    fn check(&self, dimension: usize) -> Result<()> {
        let row = [dimension];
        let count = self.pace.count;
        let mut fits = self.velocity.dims() == row && self.pace.flow_steps > 0;
        fits &= match self.gradients {
            KernelGradients::Given(gradients) => gradients.dims() == [count, dimension],
            KernelGradients::Constant(gradient) => gradient.dims() == row,
            KernelGradients::Linear(gradient, slope) => {
                gradient.dims() == row && slope.dims() == row
            }
        };
        if let Some(model) = &self.model {
            let known = model.points.dim(0)?;
            fits &= model.points.dims() == [known, dimension]
                && model.gradients.dims() == [known, dimension]
                && model.middle.dims() == [known, known]
                && model.middle.dtype() == DType::F64
                && (model.around.dims() == [count, dimension]
                    || model.around.dims() == [1, dimension]);
        }
        let moving = self.moving();
        fits &= moving.iter().all(|t| t.dtype() == self.position.dtype());
        if !fits {
            bail!("steps of shapes or types that do not fit together: {self:?}");
        }
        Ok(())
    }

    /// Everything of the positions' type.
    fn moving(&self) -> Vec<&Tensor> {
        let mut all = vec![self.position, self.velocity];
        match self.gradients {
            KernelGradients::Given(gradients) | KernelGradients::Constant(gradients) => {
                all.push(gradients)
            }
            KernelGradients::Linear(gradient, slope) => all.extend([gradient, slope]),
        }
        if let Some(model) = &self.model {
            all.extend([model.points, model.gradients, model.around]);
        }
        all
    }

    fn known(&self) -> usize {
        self.model
            .as_ref()
            .map_or(0, |model| model.points.dims()[0])
    }
}

#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Arguments<T> {
    out: u64,
    position: u64,
    velocity: u64,
    gradients: u64,
    slope: u64,
    known_points: u64,
    known_gradients: u64,
    middle: u64,
    around: u64,
    along: u64,
    dimension: u64,
    count: u32,
    law: u32,
    energy: u32,
    known: u32,
    around_each: u32,
    within: u32,
    flow_steps: u32,
    step_size: T,
    time: T,
    first_time: T,
    smallest: T,
}

/// Steps with what has been prepared for them.
struct PreparedSteps<'a> {
    steps: &'a Steps<'a>,
    /// Inner products with the known points, f64.
    along: Option<Lent>,
}

impl Kernel for PreparedSteps<'_> {
    type Arguments<T: Copy> = Arguments<T>;

    const NAME: &'static str = "steps";

    fn elements(&self) -> DType {
        self.steps.position.dtype()
    }

    fn inputs(&self) -> Vec<&Tensor> {
        let mut all = self.steps.moving();
        all.extend(self.steps.model.as_ref().map(|model| model.middle));
        all.extend(self.along.as_deref());
        all
    }

    fn grid(&self, written: usize) -> Grid {
        let dimension = written / (2 * self.steps.pace.count);
        if self.steps.by_coordinates() {
            let threads = block_threads(self.steps.position.device()).min(128);
            return Grid {
                blocks: dimension.div_ceil(threads),
                threads,
                shared_bytes: (self.steps.pace.count + 1) * self.steps.known() * size_of::<f64>(),
            };
        }
        let threads = block_threads(self.steps.position.device());
        Grid {
            blocks: 1,
            threads,
            shared_bytes: (threads + 2 * self.steps.known()) * size_of::<f64>(),
        }
    }

    fn arguments<T: Number>(&self, written: Written, inputs: &[u64]) -> Arguments<T> {
        let pace = &self.steps.pace;
        let (law, slopes) = match self.steps.gradients {
            KernelGradients::Given(_) => (0, 0),
            KernelGradients::Constant(_) => (1, 0),
            KernelGradients::Linear(..) => (2, 1),
        };
        let slope = if slopes == 1 { inputs[3] } else { 0 };
        let modelled = |k: usize| match self.steps.model {
            Some(_) => inputs[3 + slopes + k],
            None => 0,
        };
        let each = self
            .steps
            .model
            .as_ref()
            .is_some_and(|m| m.around.dims()[0] > 1);
        Arguments {
            out: written.address,
            position: inputs[0],
            velocity: inputs[1],
            gradients: inputs[2],
            slope,
            known_points: modelled(0),
            known_gradients: modelled(1),
            around: modelled(2),
            middle: modelled(3),
            along: if self.along.is_some() { modelled(4) } else { 0 },
            dimension: (written.elements / (2 * pace.count)) as u64,
            count: pace.count as u32,
            law,
            energy: self.steps.energy as u32,
            known: self.steps.known() as u32,
            around_each: u32::from(each),
            within: (pace.within % pace.flow_steps) as u32,
            flow_steps: pace.flow_steps as u32,
            step_size: T::of(pace.step_size),
            time: T::of(pace.time),
            first_time: T::of(pace.first_time),
            smallest: T::SMALLEST,
        }
    }
}
