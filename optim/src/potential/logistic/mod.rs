//! Multinomial logistic regression, the problem of the paper's Sections 4.1 and 4.3.

mod banded;
mod composed;
mod exclusive;
mod host;
mod joined;
mod lookups;
mod occurring;
mod panels;
mod problem;
mod rows;
mod runs;
mod softmax;
mod sparse;

use crate::{Cost, Error, Potential, Result};
use candle_core::{D, DType, Device, Tensor};
use composed::Composed;
use host::HostData;
pub use problem::{Kernel, Problem};
pub use rows::{DataRows, SparseRows};
use std::sync::Arc;

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
    /// Makes the problem of the rows `x` `[n, d]` (f32 or f64, on any device) and the class of each,
    /// 0 … C−1.
    ///
    /// # Errors
    /// As [`from_rows`](Self::from_rows).
    pub fn new(x: Tensor, labels: &[u32], problem: Problem) -> Result<Self> {
        Self::with_kernel(x, labels, problem, Kernel::Auto)
    }

    /// Makes the same with a kernel of one's choice.
    ///
    /// # Errors
    /// As [`from_rows`](Self::from_rows).
    pub fn with_kernel(
        x: Tensor,
        labels: &[u32],
        problem: Problem,
        kernel: Kernel,
    ) -> Result<Self> {
        Self::from_rows(DataRows::Dense(x), labels, problem, kernel)
    }

    /// Makes the problem of dense or sparse rows and the class of each, 0 … C−1. On a CPU zeros are left out
    /// by [`Kernel::Sparse`] and [`Kernel::Banded`], and by [`Kernel::Auto`] where it takes one of them.
    ///
    /// ```
    /// use candle_core::{DType, Device};
    /// use optim::{DataRows, Kernel, LogisticRegression, Problem, SparseRows};
    /// // [[5, 0, …], [0, …, 7]], of a million features.
    /// let rows = SparseRows { features: 1_000_000, starts: &[0, 1, 2], columns: &[0, 999_999], values: &[5.0, 7.0] };
    /// let rows = DataRows::Sparse { rows, dtype: DType::F32, device: &Device::Cpu };
    /// let problem = Problem { classes: 2, bias: false, l2: 0.0 };
    /// let f = LogisticRegression::from_rows(rows, &[0, 1], problem, Kernel::Auto)?;
    /// assert_eq!(f.kernel(), Kernel::Sparse);
    /// # Ok::<(), optim::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there are no rows, not as many labels as rows, a label that is no class, fewer than two
    /// classes, a penalty that is not a number ≥ 0, a kernel that is not for the rows' device or element
    /// type, or no room where sparse rows have to be made dense.
    pub fn from_rows(
        rows: DataRows<'_>,
        labels: &[u32],
        problem: Problem,
        kernel: Kernel,
    ) -> Result<Self> {
        rows.check()?;
        let (n, d) = rows.shape()?;
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
        let (dtype, device) = (rows.dtype(), rows.device().clone());
        let targets: Arc<[u32]> = labels.into();
        let labels = Tensor::from_slice(labels, n, &device)?;
        let host = match kernel {
            Kernel::Composed | Kernel::Fused => None,
            _ if device.is_cpu() => HostData::new(&rows, &targets, problem, kernel)?,
            _ => None,
        };
        let data = match (host, kernel) {
            (Some(host), _) => Data::Host(host),
            (None, Kernel::Sparse | Kernel::Banded | Kernel::Dense) => {
                let possible = "auto, fused or composed, as the data is not f32 or f64 on a CPU";
                return Err(Error::setting("kernel", kernel, possible));
            }
            (None, _) => {
                let x = rows.into_tensor(problem.bias)?;
                Data::Tensors(Composed::new(x, &labels, problem, kernel)?)
            }
        };
        Ok(Self {
            data,
            labels,
            targets,
            problem,
            features: d + usize::from(problem.bias),
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
                let x = host.to_tensor(device)?;
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

    /// Makes the same problem on some of the rows, with the same kernel: a cheap surrogate of it
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
        let targets: Arc<[u32]> = rows.iter().map(|&row| self.targets[row]).collect();
        let labels = Tensor::from_slice(&targets, rows.len(), self.device())?;
        let kernel = self.kernel();
        let data = match &self.data {
            Data::Host(host) => Data::Host(host.subset(rows, kernel)?),
            Data::Tensors(tensors) => {
                let rows: Vec<u32> = rows.iter().map(|&row| row as u32).collect();
                let x = tensors
                    .x
                    .index_select(&Tensor::new(rows, self.device())?, 0)?;
                Data::Tensors(Composed::new(x, &labels, self.problem, kernel)?)
            }
        };
        Ok(Self {
            data,
            labels,
            targets,
            ..self.clone()
        })
    }

    /// What computes the gradients: never [`Kernel::Auto`], but what it came to.
    #[must_use]
    pub fn kernel(&self) -> Kernel {
        match &self.data {
            Data::Host(host) => host.kernel(),
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
        let predicted = gpu::first_largest(&z)?.squeeze(D::Minus1)?;
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
        if points.dim(0)? == 0 {
            return Ok(points.clone());
        }
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
