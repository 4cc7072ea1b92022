//! Binary logistic regression: two classes, and one weight for each feature.

use super::model::{Linear, RowLoss, as_linear, check_classes};
use super::problem::{Kernel, Ridge};
use super::residuals::Targets;
use super::rows::DataRows;
use crate::Result;
use candle_core::{Device, Tensor};
use std::sync::Arc;

/// Mean logistic loss of a linear classifier of two classes,
/// f(w) = (1/n) Σ_i [ log(1 + exp(x_iᵀw)) − y_i x_iᵀw ] + λ/2 ‖w‖², y_i = 0 or 1.
///
/// A point is the weight vector w `[d]` (d counts the constant feature of the intercept if there is one). The
/// gradient is Xᵀ(σ(Xw) − y)/n + λw with σ(z) = 1/(1 + e^−z). It is
/// [`LogisticRegression`](crate::LogisticRegression) of two classes with w the difference of their weights: half as
/// many coordinates, the same loss, and half the penalty at the same difference. All points of the bulk form are
/// computed in one pass over X.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{BinaryLogistic, Potential, Ridge};
/// # fn main() -> optim::Result<()> {
/// let x = Tensor::new(&[[1f64, 0.0], [0.0, 1.0]], &Device::Cpu)?;
/// let f = BinaryLogistic::new(x, &[0, 1], Ridge::default())?;
/// let origin = Tensor::zeros(2, candle_core::DType::F64, &Device::Cpu)?;
/// assert!((f.value(&origin)? - 2f64.ln()).abs() < 1e-15);
/// assert_eq!(f.gradient(&origin)?.to_vec1::<f64>()?, [0.25, -0.25]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct BinaryLogistic {
    pub(super) linear: Linear,
    labels: Arc<[u32]>,
}

impl BinaryLogistic {
    /// Makes the problem of the rows `x` `[n, d]` (f32 or f64, on any device) and the class of each, 0 or 1.
    ///
    /// # Errors
    /// As [`from_rows`](Self::from_rows).
    pub fn new(x: Tensor, labels: &[u32], ridge: Ridge) -> Result<Self> {
        Self::from_rows(DataRows::Dense(x), labels, ridge, Kernel::Auto)
    }

    /// Makes the problem of dense or sparse rows and the class of each, with a kernel of one's choice.
    ///
    /// # Errors
    /// If there are no rows, not as many labels as rows, a label that is neither 0 nor 1, a penalty that is not a
    /// number ≥ 0, a kernel that is not for the rows' device or element type, [`Kernel::Fused`], or no room where
    /// sparse rows have to be made dense.
    pub fn from_rows(
        rows: DataRows<'_>,
        labels: &[u32],
        ridge: Ridge,
        kernel: Kernel,
    ) -> Result<Self> {
        check_classes(labels, 2)?;
        let labels: Arc<[u32]> = labels.into();
        Ok(Self {
            linear: Linear::new(rows, Targets::Two(labels.clone()), ridge, kernel)?,
            labels,
        })
    }
}

as_linear!(BinaryLogistic);

impl RowLoss for BinaryLogistic {
    fn samples(&self) -> usize {
        self.linear.samples()
    }

    fn kernel(&self) -> Kernel {
        self.linear.kernel()
    }

    fn loss(&self, point: &Tensor) -> Result<f64> {
        let z = self.linear.predictions(point)?;
        // log(1 + e^z) without an overflow.
        let loss = |(z, &y): (f64, &u32)| z.max(0.0) + (-z.abs()).exp().ln_1p() - f64::from(y) * z;
        let sum: f64 = z.into_iter().zip(self.labels.iter()).map(loss).sum();
        Ok(sum / self.labels.len() as f64)
    }

    fn hits(&self, point: &Tensor) -> Result<Option<f64>> {
        let z = self.linear.predictions(point)?;
        let right = z
            .iter()
            .zip(self.labels.iter())
            .filter(|(z, y)| (**z > 0.0) == (**y == 1));
        Ok(Some(right.count() as f64 / self.labels.len() as f64))
    }

    fn subset(&self, rows: &[usize]) -> Result<Arc<dyn RowLoss>> {
        let linear = self.linear.subset(rows)?;
        Ok(Arc::new(Self {
            labels: rows.iter().map(|&row| self.labels[row]).collect(),
            linear,
        }))
    }

    fn on_device(&self, device: &Device) -> Result<Arc<dyn RowLoss>> {
        let linear = self.linear.to_device(device)?;
        Ok(Arc::new(Self {
            labels: self.labels.clone(),
            linear,
        }))
    }
}
