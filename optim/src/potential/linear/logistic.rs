//! Multinomial logistic regression, the problem of the paper's Sections 4.1 and 4.3.

use super::model::{Linear, RowLoss, as_linear, check_classes};
use super::problem::{Kernel, Problem};
use super::residuals::Targets;
use super::rows::DataRows;
use crate::{Error, Result};
use candle_core::{D, DType, Device, Tensor};
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
    pub(super) linear: Linear,
    /// `[n]`, on the data's device.
    labels: Tensor,
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
        let classes = problem.classes;
        if classes < 2 {
            return Err(Error::setting("classes", classes, "at least 2"));
        }
        check_classes(labels, classes)?;
        let on_device = Tensor::from_slice(labels, labels.len(), rows.device())?;
        let targets = Targets::Classes(classes, labels.into());
        Ok(Self {
            linear: Linear::new(rows, targets, problem.ridge(), kernel)?,
            labels: on_device,
        })
    }

    /// The same problem with its data on `device`; on the device it is on already, the data is
    /// shared, not copied.
    ///
    /// # Errors
    /// If the device has no room.
    pub fn to_device(&self, device: &Device) -> Result<Self> {
        Ok(Self {
            linear: self.linear.to_device(device)?,
            labels: self.labels.to_device(device)?,
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
        let linear = self.linear.subset(rows)?;
        let labels: Vec<u32> = rows.iter().map(|&row| row as u32).collect();
        let labels = Tensor::new(labels, self.labels.device())?;
        Ok(Self {
            labels: self.labels.index_select(&labels, 0)?,
            linear,
        })
    }

    /// What computes the gradients: never [`Kernel::Auto`], but what it came to.
    #[must_use]
    pub fn kernel(&self) -> Kernel {
        self.linear.kernel()
    }

    /// n, the number of rows.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.linear.samples()
    }

    /// The share of rows, between 0 and 1, whose largest logit is that of their class.
    ///
    /// # Errors
    /// If the point does not fit.
    pub fn accuracy(&self, point: &Tensor) -> Result<f64> {
        let z = self.linear.products(point)?;
        if self.judges() {
            return Ok(gpu::judged(&z, &self.labels)?.1 / self.samples() as f64);
        }
        let predicted = gpu::first_largest(&z)?.squeeze(D::Minus1)?;
        let right = predicted.eq(&self.labels)?.to_dtype(DType::F64)?;
        Ok(right.mean_all()?.to_scalar()?)
    }

    /// Whether one pass over the logits says how good they are.
    fn judges(&self) -> bool {
        self.kernel() == Kernel::Fused && gpu::runs(&self.linear.device, self.linear.dtype)
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
}

as_linear!(LogisticRegression);

impl RowLoss for LogisticRegression {
    fn samples(&self) -> usize {
        self.linear.samples()
    }

    fn kernel(&self) -> Kernel {
        self.linear.kernel()
    }

    fn loss(&self, point: &Tensor) -> Result<f64> {
        self.cross_entropy(&self.linear.products(point)?)
    }

    fn hits(&self, point: &Tensor) -> Result<Option<f64>> {
        self.accuracy(point).map(Some)
    }

    fn subset(&self, rows: &[usize]) -> Result<Arc<dyn RowLoss>> {
        Ok(Arc::new(LogisticRegression::subset(self, rows)?))
    }

    fn on_device(&self, device: &Device) -> Result<Arc<dyn RowLoss>> {
        Ok(Arc::new(self.to_device(device)?))
    }
}
