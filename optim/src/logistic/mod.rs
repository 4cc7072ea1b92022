//! Multinomial logistic regression, the problem of the paper's Sections 4.1 and 4.3.

mod ahead;
mod composed;
mod dense;
mod host;
mod sections;
mod sparse;
mod tiles;

use crate::error::named;
use crate::real::Real;
use crate::{Cost, Error, Potential, Result};
use candle_core::{D, DType, Device, Tensor, WithDType};
use composed::Composed;
use dense::Dense;
use host::{Host, HostData, Rows};
use sparse::Sparse;
use std::sync::Arc;

/// What computes the gradient of a logistic regression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// On a CPU `Sparse` or `Dense` by the share of elements that are not 0; elsewhere `Fused`, or
    /// `Composed` where the fused kernel cannot be used.
    #[default]
    Auto,
    /// One pass over blocks of rows, for the CPU.
    Dense,
    /// Of the elements that are not 0 alone, for the CPU.
    Sparse,
    /// Products of the tensor library and one pass over the logits between them, for any device.
    Fused,
    /// Products and a softmax of the tensor library, for any device.
    Composed,
}

named!(Kernel, "kernel",
    Kernel::Auto => "auto",
    Kernel::Dense => "dense",
    Kernel::Sparse => "sparse",
    Kernel::Fused => "fused",
    Kernel::Composed => "composed",
);

/// The share of elements that are not 0 up to which [`Kernel::Auto`] is sparse. Measured: at a
/// share of 0.11 (a8a, a9a) the sparse kernel is several times faster, at 0.19 (MNIST) slower.
const SPARSE_SHARE: f64 = 0.15;

/// What distinguishes one logistic regression from another, besides its data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Problem {
    /// C, the number of classes.
    pub classes: usize,
    /// Whether each class has an intercept (the last row of the weight matrix).
    pub bias: bool,
    /// λ of the penalty λ/2 ‖Θ‖²; intercepts are not penalised.
    pub l2: f64,
}

/// Mean cross-entropy of a linear classifier,
/// f(Θ) = (1/n) Σ_i [ log Σ_c exp(x_iᵀΘ_c) − x_iᵀΘ_{y_i} ] + λ/2 ‖Θ‖².
///
/// A point is the weight matrix Θ `[d, C]` flattened row by row, D = d·C (d counts the constant
/// feature of the intercept if there is one). The gradient is the closed form
/// Xᵀ(softmax(XΘ) − Y)/n + λΘ. The bulk form sets W weight matrices side by side and computes
/// X·[Θ_1 … Θ_W] as one product, so that X is read once for all points.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{LogisticRegression, Potential, Problem};
/// # fn main() -> optim::Result<()> {
/// let x = Tensor::new(&[[1f64, 0.0], [0.0, 1.0]], &Device::Cpu)?;
/// let problem = Problem { classes: 2, bias: false, l2: 0.0 };
/// let f = LogisticRegression::new(x, &[0, 1], problem)?;
/// let origin = Tensor::zeros(4, candle_core::DType::F64, &Device::Cpu)?;
/// assert!((f.value(&origin)? - 2f64.ln()).abs() < 1e-15);
/// assert_eq!(f.gradient(&origin)?.to_vec1::<f64>()?, [-0.25, 0.25, 0.25, -0.25]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LogisticRegression {
    data: Data,
    /// `[n]`, on the data's device.
    labels: Tensor,
    /// The same on the host.
    targets: Arc<[u32]>,
    problem: Problem,
    features: usize,
    dtype: DType,
}

#[derive(Clone)]
enum Data {
    Host(HostData),
    Tensors(Composed),
}

impl LogisticRegression {
    /// With the rows `x` `[n, d]` (f32 or f64, on any device) and the class of each, 0 … C−1.
    ///
    /// # Errors
    /// If there are no rows, not as many labels as rows, a label that is no class, fewer than two
    /// classes, or a penalty that is not a number ≥ 0.
    pub fn new(x: Tensor, labels: &[u32], problem: Problem) -> Result<Self> {
        Self::with_kernel(x, labels, problem, Kernel::Auto)
    }

    /// The same with a kernel of one's choice.
    ///
    /// # Errors
    /// As [`new`](Self::new), and if the kernel is not for `x`'s device or element type.
    pub fn with_kernel(
        x: Tensor,
        labels: &[u32],
        problem: Problem,
        kernel: Kernel,
    ) -> Result<Self> {
        let (n, d) = x.dims2()?;
        let classes = problem.classes;
        if n == 0 || d == 0 || n != labels.len() {
            return Err(Error::Shape {
                what: "the data",
                found: vec![n, d],
                expected: format!("features, and one row for each of {} labels", labels.len()),
            });
        }
        if classes < 2 {
            return Err(Error::setting("classes", classes, "at least 2"));
        }
        if let Some(label) = labels.iter().find(|&&label| label as usize >= classes) {
            return Err(Error::setting(
                "label",
                label,
                "below the number of classes",
            ));
        }
        if !(problem.l2.is_finite() && problem.l2 >= 0.0) {
            return Err(Error::setting("l2", problem.l2, "0 or a positive number"));
        }
        let x = match problem.bias {
            true => Tensor::cat(&[&x, &Tensor::ones((n, 1), x.dtype(), x.device())?], 1)?,
            false => x,
        };
        Self::assembled(x, labels, problem, kernel)
    }

    /// From rows that have their constant feature already, where there is one.
    fn assembled(x: Tensor, labels: &[u32], problem: Problem, kernel: Kernel) -> Result<Self> {
        let ((n, features), dtype) = (x.dims2()?, x.dtype());
        let targets: Arc<[u32]> = labels.into();
        let labels = Tensor::from_slice(labels, n, x.device())?;
        let on_host = x.device().is_cpu();
        let data = match (kernel, dtype) {
            (Kernel::Composed | Kernel::Fused, _) => None,
            (_, DType::F32) if on_host => Some(HostData::F32(host(&x, &targets, problem, kernel)?)),
            (_, DType::F64) if on_host => Some(HostData::F64(host(&x, &targets, problem, kernel)?)),
            (Kernel::Auto, _) => None,
            _ => {
                let possible = "auto, fused or composed, as the data is not f32 or f64 on a CPU";
                return Err(Error::setting("kernel", kernel, possible));
            }
        };
        let data = match data {
            Some(host) => Data::Host(host),
            None => Data::Tensors(Composed::new(x, &labels, problem, kernel)?),
        };
        Ok(Self {
            data,
            labels,
            targets,
            problem,
            features,
            dtype,
        })
    }

    /// The same problem with its data on `device`; on the device it is on already, the data is
    /// shared, not copied.
    ///
    /// # Errors
    /// If the device has no room.
    pub fn to_device(&self, device: &Device) -> Result<Self> {
        let labels = self.labels.to_device(device)?;
        let data = match &self.data {
            Data::Host(host) if device.is_cpu() => Data::Host(host.clone()),
            Data::Host(host) => {
                let x = host.to_tensor(0..self.targets.len())?.to_device(device)?;
                Data::Tensors(Composed::new(x, &labels, self.problem, Kernel::Auto)?)
            }
            Data::Tensors(tensors) => Data::Tensors(tensors.to_device(device)?),
        };
        Ok(Self {
            data,
            labels,
            ..self.clone()
        })
    }

    /// The same problem on some of the rows, with the same kernel: a cheap surrogate of it
    /// ([`WindowedDescent::with_surrogate`](crate::WindowedDescent::with_surrogate)).
    ///
    /// # Errors
    /// If there is no row, or none of that number.
    ///
    /// ```
    /// use candle_core::{Device, Tensor};
    /// use optim::{LogisticRegression, Potential, Problem};
    /// # fn main() -> optim::Result<()> {
    /// let x = Tensor::new(&[[1f64, 0.0], [0.0, 1.0], [1.0, 1.0]], &Device::Cpu)?;
    /// let problem = Problem { classes: 2, bias: false, l2: 0.0 };
    /// let first = LogisticRegression::new(x, &[0, 1, 1], problem)?.subset(&[0])?;
    /// let origin = Tensor::zeros(4, candle_core::DType::F64, &Device::Cpu)?;
    /// assert_eq!(first.gradient(&origin)?.to_vec1::<f64>()?, [-0.5, 0.5, 0.0, 0.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn subset(&self, rows: &[usize]) -> Result<Self> {
        if let Some(&row) = rows.iter().find(|row| **row >= self.targets.len()) {
            return Err(Error::setting("row", row, "below the number of rows"));
        }
        if rows.is_empty() {
            return Err(Error::setting("rows", "empty", "at least one row"));
        }
        let labels: Vec<u32> = rows.iter().map(|&row| self.targets[row]).collect();
        let x = match &self.data {
            Data::Host(host) => host.to_tensor(rows.iter().copied())?,
            Data::Tensors(tensors) => {
                let rows: Vec<u32> = rows.iter().map(|&row| row as u32).collect();
                let index = Tensor::new(rows, self.device())?;
                tensors.x.index_select(&index, 0)?
            }
        };
        Self::assembled(x, &labels, self.problem, self.kernel())
    }

    /// What computes the gradients: never [`Kernel::Auto`], but what it came to.
    #[must_use]
    pub fn kernel(&self) -> Kernel {
        match &self.data {
            Data::Host(host) if host.is_sparse() => Kernel::Sparse,
            Data::Host(_) => Kernel::Dense,
            Data::Tensors(tensors) if tensors.fused => Kernel::Fused,
            Data::Tensors(_) => Kernel::Composed,
        }
    }

    /// n, the number of rows.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.targets.len()
    }

    /// The share of rows, between 0 and 1, whose largest logit is that of their class.
    ///
    /// # Errors
    /// If the point does not fit.
    pub fn accuracy(&self, point: &Tensor) -> Result<f64> {
        let z = self.logits(point)?;
        if self.judges() {
            return Ok(gpu::judged(&z, &self.labels)?.1 / self.samples() as f64);
        }
        let predicted = z.argmax(D::Minus1)?;
        let right = predicted.eq(&self.labels)?.to_dtype(DType::F64)?;
        Ok(right.mean_all()?.to_scalar()?)
    }

    /// Whether one pass over the logits says how good they are.
    fn judges(&self) -> bool {
        self.kernel() == Kernel::Fused && gpu::runs(self.device(), self.dtype)
    }

    /// The mean of the cross-entropies of logits `[n, C]`.
    fn cross_entropy(&self, z: &Tensor) -> Result<f64> {
        if self.judges() {
            return Ok(gpu::judged(z, &self.labels)?.0 / self.samples() as f64);
        }
        let z = z.to_dtype(DType::F64)?;
        let top = z.max_keepdim(D::Minus1)?;
        let spread = z
            .broadcast_sub(&top)?
            .exp()?
            .sum_keepdim(D::Minus1)?
            .log()?;
        let own = z.gather(&self.labels.unsqueeze(1)?, D::Minus1)?;
        Ok(((top + spread)? - own)?.mean_all()?.to_scalar::<f64>()?)
    }

    /// XΘ, `[n, C]`.
    fn logits(&self, point: &Tensor) -> Result<Tensor> {
        self.fits(point, &[self.dimension()])?;
        match &self.data {
            Data::Host(host) => Ok(host.logits(point)?),
            Data::Tensors(tensors) => tensors.logits(point),
        }
    }

    fn fits(&self, points: &Tensor, shape: &[usize]) -> Result<()> {
        if points.dims() == shape {
            return Ok(());
        }
        Err(Error::Shape {
            what: "a point of the logistic regression",
            found: points.dims().to_vec(),
            expected: format!("{shape:?}"),
        })
    }
}

/// Rows for the CPU kernels.
fn host<T: Real + WithDType>(
    x: &Tensor,
    targets: &Arc<[u32]>,
    problem: Problem,
    kernel: Kernel,
) -> Result<Arc<Host<T>>> {
    let (rows, features) = x.dims2()?;
    let elements = x.flatten_all()?.to_vec1::<T>()?;
    let nonzero = || elements.iter().filter(|v| **v != T::ZERO).count();
    let sparse = match kernel {
        Kernel::Auto => nonzero() as f64 <= SPARSE_SHARE * elements.len() as f64,
        kernel => kernel == Kernel::Sparse,
    };
    let rows = match sparse {
        true => Rows::Sparse(Sparse::new(&elements, rows)),
        false => Rows::Dense(Dense::new(&elements, rows)),
    };
    Ok(Arc::new(Host {
        rows,
        targets: targets.clone(),
        classes: problem.classes,
        penalty: (problem.l2, features - usize::from(problem.bias)),
    }))
}

impl Potential for LogisticRegression {
    fn dimension(&self) -> usize {
        self.features * self.problem.classes
    }

    fn dtype(&self) -> DType {
        self.dtype
    }

    fn device(&self) -> &Device {
        self.labels.device()
    }

    fn value(&self, point: &Tensor) -> Result<f64> {
        let loss = self.cross_entropy(&self.logits(point)?)?;
        if self.problem.l2 == 0.0 {
            return Ok(loss);
        }
        let intercepts = if self.problem.bias {
            self.problem.classes
        } else {
            0
        };
        let weights = point.narrow(0, 0, self.dimension() - intercepts)?;
        let square = weights.to_dtype(DType::F64)?.sqr()?.sum_all()?;
        Ok(loss + 0.5 * self.problem.l2 * square.to_scalar::<f64>()?)
    }

    fn gradient(&self, point: &Tensor) -> Result<Tensor> {
        self.fits(point, &[self.dimension()])?;
        Ok(self.gradients(&point.unsqueeze(0)?)?.squeeze(0)?)
    }

    fn gradients(&self, points: &Tensor) -> Result<Tensor> {
        self.fits(points, &[points.dim(0)?, self.dimension()])?;
        match &self.data {
            Data::Host(host) => Ok(points.contiguous()?.apply_op1_no_bwd(host)?),
            Data::Tensors(tensors) => tensors.gradients(points),
        }
    }

    fn cost(&self, points: usize) -> Cost {
        let (n, d) = (self.targets.len() as f64, self.features as f64);
        let columns = (self.problem.classes * points) as f64;
        let size = self.dtype().size_in_bytes() as f64;
        match &self.data {
            Data::Host(host) => host.cost(points),
            Data::Tensors(_) => Cost {
                // Two products, and max, subtract, exp, sum and divide of each logit.
                operations: 4.0 * n * d * columns + 5.0 * n * columns,
                // The data once, the labels, and the points in and out.
                bytes: n * d * size + 4.0 * n + 2.0 * d * columns * size,
            },
        }
    }
}

#[cfg(test)]
mod tests;
