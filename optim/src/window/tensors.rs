//! A window's arithmetic by tensor operations, for points on a device; by a few kernels instead of many
//! operations where those run.

use super::secant::{RIDGE, SHORTEST};
use super::space::{Equations, RoundChanges, Space, StepGradients, Walked, WindowSteps};
use crate::recurrence::{Arithmetic, ByTensors};
use crate::{Kinetic, Result};
use candle_core::{D, DType, Device, DeviceLocation, Tensor};
use gpu::{Lent, Scratch};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

/// Numbers of a point, at most, whose steps one block of threads is given to do alone. Chosen, not
/// measured: some hundred numbers a thread.
const LONGEST: usize = 1 << 17;

/// Points on any device.
pub(super) struct Tensors {
    /// Whether by kernels.
    kernels: bool,
    /// For what kernels leave that no point or gradient is made of.
    scratch: Scratch,
}

impl Tensors {
    /// Of points like this one `[D]`.
    pub(super) fn like(point: &Tensor) -> Result<Self> {
        let kernels = window_kernels(point.device(), point.dtype())?;
        Ok(Self::of(kernels))
    }

    fn of(kernels: bool) -> Self {
        Self {
            kernels,
            scratch: Scratch::default(),
        }
    }

    /// Without kernels.
    pub(super) fn by_operations() -> Self {
        Self::of(false)
    }

    /// With kernels, trusted or not.
    fn by_kernels() -> Self {
        Self::of(true)
    }
}

/// Says whether windows of points on a device move by kernels: where those run, and compute for a small problem
/// what tensor operations do. Otherwise the operations are used, which need many more launches.
///
/// # Errors
/// If the device fails.
///
/// ```
/// use candle_core::{DType, Device};
/// // On the CPU a window is moved by plain loops.
/// assert!(!optim::window_kernels(&Device::Cpu, DType::F32)? || cfg!(feature = "emulated"));
/// # Ok::<(), optim::Error>(())
/// ```
pub fn window_kernels(device: &Device, dtype: DType) -> Result<bool> {
    static KNOWN: Mutex<Option<HashMap<(DeviceLocation, DType), bool>>> = Mutex::new(None);
    if !gpu::runs(device, dtype) {
        return Ok(false);
    }
    let key = (device.location(), dtype);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(agree) = known().get_or_insert_default().get(&key) {
        return Ok(*agree);
    }
    let agree = super::agreement::agree(device, dtype)?;
    known().get_or_insert_default().insert(key, agree);
    Ok(agree)
}

impl Tensors {
    /// Both kinds, to be compared.
    pub(super) fn kinds() -> [Self; 2] {
        [Self::by_kernels(), Self::by_operations()]
    }
}

/// A row of a block; clones share it. Rows that were made together are read together, without a copy.
#[derive(Clone)]
pub(super) struct Row {
    /// `[W, D]`.
    block: Tensor,
    row: usize,
}

impl Row {
    /// From a tensor `[D]`.
    pub(super) fn alone(tensor: &Tensor) -> Result<Self> {
        let block = tensor.unsqueeze(0)?;
        Ok(Self { block, row: 0 })
    }

    /// `[D]`.
    pub(super) fn tensor(&self) -> Result<Tensor> {
        Ok(self.block.get(self.row)?)
    }

    /// All rows of `[W, D]`.
    fn all(block: &Tensor) -> Result<Vec<Self>> {
        let row = |row| Self {
            block: block.clone(),
            row,
        };
        Ok((0..block.dim(0)?).map(row).collect())
    }

    fn follows(&self, other: &Self) -> bool {
        self.block.id() == other.block.id() && self.row == other.row + 1
    }
}

/// Rows as one block `[W, D]`: without a copy if they lie one after the other, else by a copy for each run
/// of such.
fn block<'a>(rows: impl Iterator<Item = &'a Row>) -> Result<Tensor> {
    let mut runs: Vec<(&Row, usize)> = Vec::new();
    let mut before: Option<&Row> = None;
    for row in rows {
        match runs.last_mut() {
            Some((_, count)) if before.is_some_and(|before| row.follows(before)) => *count += 1,
            _ => runs.push((row, 1)),
        }
        before = Some(row);
    }
    let runs = runs
        .into_iter()
        .map(|(first, count)| Ok(first.block.narrow(0, first.row, count)?))
        .collect::<Result<Vec<_>>>()?;
    match &runs[..] {
        [run] => Ok(run.clone()),
        runs => Ok(Tensor::cat(runs, 0)?),
    }
}

/// [`Space::Model`] of [`Tensors`].
pub(super) struct TensorModel {
    secants: Secants,
    /// f64 `[p, p]`.
    middle: Matrix,
    /// γ times that, where it is damped.
    damped: Option<Tensor>,
}

impl TensorModel {
    fn damped(&self) -> &Tensor {
        self.damped.as_ref().unwrap_or(&self.middle)
    }
}

/// dX and dR `[p, D]`: of the points, and of the gradients less the surrogate's.
struct Secants {
    points: Tensor,
    gradients: Tensor,
    /// Whose memory both are in.
    _of: Option<Lent>,
}

/// A matrix by operations, or by a kernel.
enum Matrix {
    Own(Tensor),
    Lent(Lent),
}

impl Deref for Matrix {
    type Target = Tensor;

    fn deref(&self) -> &Tensor {
        match self {
            Self::Own(tensor) => tensor,
            Self::Lent(lent) => lent,
        }
    }
}

/// Of some points.
fn secants(known: &Equations<'_, Row>, of: &Tensors) -> Result<Secants> {
    if of.kernels && (1..=gpu::MOST_ROWS).contains(&known.points.len()) {
        let all = |of: &[&Row]| {
            of.iter()
                .map(|row| row.tensor())
                .collect::<Result<Vec<_>>>()
        };
        let (points, gradients) = (all(&known.points)?, all(&known.gradients)?);
        let surrogates = all(&known.surrogates)?;
        let both = gpu::differences(&points, &gradients, &surrogates, &of.scratch)?;
        return Ok(Secants {
            points: both.get(0)?,
            gradients: both.get(1)?,
            _of: Some(both),
        });
    }
    let before = known.points.len().saturating_sub(1);
    let differences = |of: &[&Row]| -> Result<Tensor> {
        let all = block(of.iter().copied())?;
        let newest = all.narrow(0, before, 1)?;
        Ok(all.narrow(0, 0, before)?.broadcast_sub(&newest)?)
    };
    let points = differences(&known.points)?;
    let mut gradients = differences(&known.gradients)?;
    if !known.surrogates.is_empty() {
        gradients = (gradients - differences(&known.surrogates)?)?;
    }
    Ok(Secants {
        points,
        gradients,
        _of: None,
    })
}

impl Arithmetic for Tensors {
    type Vector = Row;

    fn kicked(&self, v: &Row, gradient: &Row, time: f64) -> Result<Row> {
        Row::alone(&ByTensors.kicked(&v.tensor()?, &gradient.tensor()?, time)?)
    }

    fn drifted(&self, x: &Row, v: &Row, kinetic: Kinetic, time: f64) -> Result<Row> {
        Row::alone(&ByTensors.drifted(&x.tensor()?, &v.tensor()?, kinetic, time)?)
    }

    fn plus(&self, a: &Row, b: &Row) -> Result<Row> {
        Row::alone(&ByTensors.plus(&a.tensor()?, &b.tensor()?)?)
    }

    fn minus(&self, a: &Row, b: &Row) -> Result<Row> {
        Row::alone(&ByTensors.minus(&a.tensor()?, &b.tensor()?)?)
    }

    fn scaled_plus(&self, a: &Row, by: f64, b: &Row) -> Result<Row> {
        Row::alone(&ByTensors.scaled_plus(&a.tensor()?, by, &b.tensor()?)?)
    }

    fn directed(&self, v: &Row, kinetic: Kinetic) -> Result<Row> {
        Row::alone(&ByTensors.directed(&v.tensor()?, kinetic)?)
    }

    fn product(&self, a: &Row, b: &Row) -> Result<f64> {
        ByTensors.product(&a.tensor()?, &b.tensor()?)
    }

    fn adam(
        &self,
        means: Option<&[Row; 2]>,
        gradient: &Row,
        taken: usize,
    ) -> Result<([Row; 2], Row)> {
        let means = match means {
            Some([mean, square]) => Some([mean.tensor()?, square.tensor()?]),
            None => None,
        };
        let ([mean, square], step) = ByTensors.adam(means.as_ref(), &gradient.tensor()?, taken)?;
        Ok((
            [Row::alone(&mean)?, Row::alone(&square)?],
            Row::alone(&step)?,
        ))
    }
}

impl Space for Tensors {
    type Rounded = Tensor;
    type Model = TensorModel;

    fn vector(&self, tensor: &Tensor) -> Result<Row> {
        Row::alone(tensor)
    }

    fn tensor(&self, vector: &Row) -> Result<Tensor> {
        vector.tensor()
    }

    fn stacked(&self, vectors: &[Row]) -> Result<Tensor> {
        block(vectors.iter())
    }

    fn rows(&self, tensor: &Tensor) -> Result<Vec<Row>> {
        Row::all(tensor)
    }

    fn same(a: &Row, b: &Row) -> bool {
        a.block.id() == b.block.id() && a.row == b.row
    }

    fn together(&self, rows: &[&Row]) -> Result<Option<Vec<Row>>> {
        let mut distinct: Vec<&Row> = Vec::with_capacity(rows.len());
        let mut which = Vec::with_capacity(rows.len());
        for row in rows {
            let known = distinct.iter().position(|other| Self::same(other, row));
            which.push(known.unwrap_or(distinct.len()));
            if known.is_none() {
                distinct.push(row);
            }
        }
        let apart = distinct.windows(2).any(|pair| !pair[1].follows(pair[0]));
        if !self.kernels || !apart {
            return Ok(None);
        }
        let distinct = distinct.into_iter().map(Row::tensor);
        let there = Row::all(&gpu::gathered(&distinct.collect::<Result<Vec<_>>>()?)?)?;
        Ok(Some(which.into_iter().map(|i| there[i].clone()).collect()))
    }

    fn rounded(&self, vector: &Row) -> Result<Tensor> {
        Ok(vector.tensor()?.to_dtype(DType::BF16)?)
    }

    fn restored(&self, rounded: &Tensor, like: &Row) -> Result<Row> {
        Row::alone(&rounded.to_dtype(like.block.dtype())?)
    }

    fn changes(&self, new: &[Row], old: &[Row]) -> Result<RoundChanges> {
        let (new, old) = (block(new.iter())?, block(old.iter())?);
        let mut all: Vec<Vec<f64>> = if self.kernels {
            gpu::changes(&new, &old, &self.scratch)?.to_vec2()?
        } else {
            let norms = |t: &Tensor| t.sqr()?.sum(D::Minus1)?.sqrt();
            let all = Tensor::stack(&[norms(&(&new - &old)?)?, norms(&old)?, norms(&new)?], 0)?;
            all.to_dtype(DType::F64)?.to_vec2()?
        };
        let first_size = all[2][0];
        let scales = all.swap_remove(1);
        Ok(RoundChanges {
            changes: all.swap_remove(0),
            scales,
            first_size,
        })
    }

    fn fit(&self, known: &Equations<'_, Row>) -> Result<Option<TensorModel>> {
        let secants = secants(known, self)?;
        let points = &secants.points;
        let before = points.dim(0)?;
        // A model of zeros, where there is none: the host does not know.
        let middle = if self.kernels {
            let middle = gpu::middle(points, RIDGE, SHORTEST, &self.scratch)?;
            Some(Matrix::Lent(middle))
        } else {
            let gram = points.matmul(&points.t()?)?.to_dtype(DType::F64)?;
            super::secant::middle(&gram.flatten_all()?.to_vec1()?, before)
                .map(|middle| Tensor::from_vec(middle, (before, before), points.device()))
                .transpose()?
                .map(Matrix::Own)
        };
        Ok(middle.map(|middle| TensorModel {
            secants,
            middle,
            damped: None,
        }))
    }

    fn damp(
        &self,
        model: &mut TensorModel,
        last: &TensorModel,
        learnt: &Equations<'_, Row>,
    ) -> Result<()> {
        let learnt = secants(learnt, self)?;
        let (steps, changes) = (&learnt.points, &learnt.gradients);
        let along = steps.matmul(&last.secants.points.t()?)?;
        let along = along.to_dtype(DType::F64)?;
        // The matrix in the middle is symmetric.
        let weights = along.matmul(&last.middle)?.to_dtype(steps.dtype())?;
        let prediction = weights
            .matmul(&last.secants.gradients)?
            .to_dtype(DType::F64)?;
        let found = (&prediction * changes.to_dtype(DType::F64)?)?.sum_all()?;
        // As `share`, where the host does not know the numbers: what is not one is not itself.
        let share = (found / prediction.sqr()?.sum_all()?)?;
        let nothing = share.ones_like()?;
        let share = share
            .eq(&share)?
            .where_cond(&share.clamp(0.0, 1.0)?, &nothing)?;
        model.damped = Some(model.middle.broadcast_mul(&share)?);
        Ok(())
    }

    fn modelled(&self, gradient: &Row, model: &TensorModel, u: &Row) -> Result<Row> {
        let u = u.tensor()?.unsqueeze(1)?;
        let along = model.secants.points.matmul(&u)?;
        let middle = model.damped().to_dtype(along.dtype())?;
        let weights = middle.matmul(&along)?.t()?;
        let change = weights.contiguous()?.matmul(&model.secants.gradients)?;
        Row::alone(&(change.squeeze(0)? + gradient.tensor()?)?)
    }

    fn flow_steps(&self, steps: &WindowSteps<'_, Self>) -> Result<Option<Walked<Row>>> {
        let (true, Some(energy)) = (self.kernels, steps.kinetic.of_kernels()) else {
            return Ok(None);
        };
        let whole = |row: &Row| Ok::<_, crate::Error>(row.tensor()?.contiguous()?);
        let (position, velocity) = (whole(steps.position)?, whole(steps.velocity)?);
        let gradients = match steps.gradients {
            StepGradients::Given(gradients) => {
                [block(gradients.iter())?.contiguous()?, velocity.clone()]
            }
            StepGradients::Constant(gradient) => [whole(gradient)?, velocity.clone()],
            StepGradients::Linear(gradient, slope) => [whole(gradient)?, whole(slope)?],
        };
        let around = match steps.model {
            Some((_, around)) => Some(block(around.iter())?.contiguous()?),
            None => None,
        };
        let model = steps
            .model
            .zip(around.as_ref())
            .map(|((model, _), around)| gpu::Model {
                points: &model.secants.points,
                gradients: &model.secants.gradients,
                middle: model.damped(),
                around,
            });
        let walked = gpu::Steps {
            position: &position,
            velocity: &velocity,
            gradients: match steps.gradients {
                StepGradients::Given(_) => gpu::KernelGradients::Given(&gradients[0]),
                StepGradients::Constant(_) => gpu::KernelGradients::Constant(&gradients[0]),
                StepGradients::Linear(..) => {
                    gpu::KernelGradients::Linear(&gradients[0], &gradients[1])
                }
            },
            model,
            energy,
            pace: steps.pace,
        };
        if !walked.by_coordinates() && position.elem_count() > LONGEST {
            return Ok(None);
        }
        let walked = walked.take(&self.scratch)?;
        Ok(Some((
            Row::all(&walked.get(0)?)?,
            Row::all(&walked.get(1)?)?,
        )))
    }
}
