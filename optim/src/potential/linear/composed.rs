//! The gradient from the tensor library's own operations: for devices without a kernel here, and
//! to compare the kernels with.

use super::problem::{Kernel, Ridge};
use super::residuals::Targets;
use crate::Result;
use candle_core::cuda::gemm_reduced_precision_f32;
use candle_core::{D, Device, Tensor};

/// Rows as tensors, on any device.
#[derive(Clone)]
pub(super) struct Composed {
    /// `[n, d]`.
    pub x: Tensor,
    observed: Observed,
    /// `[d·C]`, λ at weights and 0 at intercepts, where there is a penalty.
    pub penalty: Option<Tensor>,
    /// C: how many numbers a point has for a feature.
    pub classes: usize,
    /// Whether kernels are used: one pass over the data where one can make it all, else one for the residuals.
    pub fused: bool,
    /// For sums of a part of the rows.
    scratch: gpu::Scratch,
}

/// What is predicted of each row.
#[derive(Clone)]
enum Observed {
    /// Its class, `[n]` of u32, of several logits.
    Classes(Tensor),
    /// Whether it is of the second class, `[n, 1]`, of one logit.
    Two(Tensor),
    /// A number, `[n, 1]`.
    Numbers(Tensor),
}

impl Observed {
    fn of(targets: &Targets<f64>, x: &Tensor) -> Result<Self> {
        let column = |of: Vec<f64>| -> Result<Tensor> {
            let length = of.len();
            Ok(Tensor::from_vec(of, (length, 1), x.device())?.to_dtype(x.dtype())?)
        };
        Ok(match targets {
            Targets::Classes(_, of) => Self::Classes(Tensor::from_slice(of, of.len(), x.device())?),
            Targets::Two(of) => Self::Two(column(of.iter().map(|&y| f64::from(y)).collect())?),
            Targets::Numbers(of) => Self::Numbers(column(of.to_vec())?),
        })
    }

    fn to_device(&self, device: &Device) -> Result<Self> {
        Ok(match self {
            Self::Classes(of) => Self::Classes(of.to_device(device)?),
            Self::Two(of) => Self::Two(of.to_device(device)?),
            Self::Numbers(of) => Self::Numbers(of.to_device(device)?),
        })
    }
}

impl Composed {
    /// Of a problem whose rows `x` have their constant feature already.
    pub(super) fn new(
        x: Tensor,
        targets: &Targets<f64>,
        ridge: Ridge,
        kernel: Kernel,
    ) -> Result<Self> {
        let classes = targets.outputs();
        let fused = match (targets, kernel) {
            (Targets::Classes(..), Kernel::Fused) => true,
            (Targets::Classes(..), Kernel::Auto) => {
                classes <= gpu::MOST_CLASSES && gpu::agrees(x.device(), x.dtype())?
            }
            _ => false,
        };
        let intercepts = if ridge.bias { classes } else { 0 };
        let weights = x.dim(1)? * classes - intercepts;
        let penalty = match ridge.l2 {
            0.0 => None,
            l2 => {
                let all = [vec![l2; weights], vec![0.0; intercepts]].concat();
                let length = all.len();
                Some(Tensor::from_vec(all, length, x.device())?.to_dtype(x.dtype())?)
            }
        };
        Ok(Self {
            observed: Observed::of(targets, &x)?,
            x,
            penalty,
            classes,
            fused,
            scratch: gpu::Scratch::default(),
        })
    }

    pub(super) fn to_device(&self, device: &Device) -> Result<Self> {
        // A copy is made by the device that it is for, which has to wait until there is something to copy.
        gpu::after(device, self.x.device())?;
        let penalty = self.penalty.as_ref().map(|p| p.to_device(device));
        let there = Self {
            x: self.x.to_device(device)?,
            observed: self.observed.to_device(device)?,
            penalty: penalty.transpose()?,
            classes: self.classes,
            fused: self.fused,
            scratch: gpu::Scratch::default(),
        };
        // What is copied may not be freed, and its memory used again, before it has been read.
        gpu::after(self.x.device(), device)?;
        Ok(there)
    }

    /// XΘ `[n, C]` for a point `[d·C]`.
    pub(super) fn logits(&self, point: &Tensor) -> Result<Tensor> {
        let features = self.x.dim(1)?;
        Ok(self.x.matmul(&point.reshape((features, self.classes))?)?)
    }

    /// ∇f at points `[W, d·C]`, in the same shape.
    pub(super) fn gradients(&self, points: &Tensor) -> Result<Tensor> {
        let (window, dimension) = points.dims2()?;
        let (samples, features) = self.x.dims2()?;
        let scale = 1.0 / samples as f64;
        // A product in TF32 was asked for as a product.
        if let Observed::Classes(labels) = &self.observed
            && self.fused
            && !gemm_reduced_precision_f32()
        {
            let x = &self.x;
            let made = gpu::gradients(x, labels, points, self.classes, scale, &self.scratch)?;
            if let Some(gradients) = made {
                return self.with_penalty(gradients, points);
            }
        }
        // [W, d, C] to [d, W·C] and back: small beside the data.
        let side_by_side = |t: &Tensor, a, b| {
            let t = t.reshape((a, b, self.classes))?;
            match self.fused && gpu::runs(t.device(), t.dtype()) {
                true => gpu::turned(&t),
                false => t.transpose(0, 1)?.contiguous(),
            }
        };
        let weights = side_by_side(points, window, features)?;
        let weights = weights.reshape((features, window * self.classes))?;
        let z = self.x.matmul(&weights)?;
        let residuals = match &self.observed {
            Observed::Classes(labels) if self.fused => {
                gpu::residuals(&z, labels, self.classes, scale)?;
                z
            }
            Observed::Classes(labels) => self.softmax_residuals(&z, labels)?,
            Observed::Two(labels) => {
                let share = (z.neg()?.exp()? + 1.0)?.recip()?;
                share.broadcast_sub(labels)?
            }
            Observed::Numbers(numbers) => z.broadcast_sub(numbers)?,
        };
        let sums = self.x.t()?.matmul(&residuals)?;
        let sums = side_by_side(&sums, features, window)?.reshape((window, dimension))?;
        let gradients = if self.fused { sums } else { (sums * scale)? };
        self.with_penalty(gradients, points)
    }

    fn with_penalty(&self, gradients: Tensor, points: &Tensor) -> Result<Tensor> {
        match &self.penalty {
            None => Ok(gradients),
            Some(penalty) => Ok((gradients + points.broadcast_mul(penalty)?)?),
        }
    }

    /// softmax(XΘ) − Y, `[n, W·C]`, of logits of that shape.
    fn softmax_residuals(&self, z: &Tensor, labels: &Tensor) -> Result<Tensor> {
        let (n, columns) = z.dims2()?;
        let classes = self.classes;
        let z = z.reshape((n, columns / classes, classes))?;
        let e = z.broadcast_sub(&z.max_keepdim(D::Minus1)?)?.exp()?;
        let softmax = e.broadcast_div(&e.sum_keepdim(D::Minus1)?)?;
        let kinds = Tensor::arange(0u32, classes as u32, self.x.device())?;
        let target = labels.unsqueeze(1)?.broadcast_eq(&kinds.unsqueeze(0)?)?;
        let target = target.to_dtype(self.x.dtype())?.unsqueeze(1)?;
        Ok(softmax.broadcast_sub(&target)?.reshape((n, columns))?)
    }
}
