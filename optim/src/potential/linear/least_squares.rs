//! Least squares: numbers predicted by a linear model.

use super::model::{Linear, RowLoss, as_linear};
use super::problem::{Kernel, Ridge};
use super::residuals::Targets;
use super::rows::DataRows;
use crate::{Error, Result};
use candle_core::{Device, Tensor};
use std::sync::Arc;

/// Half the mean square of a linear model's errors,
/// f(w) = (1/2n) Σ_i (x_iᵀw − y_i)² + λ/2 ‖w‖².
///
/// A point is the weight vector w `[d]` (d counts the constant feature of the intercept if there is one). The
/// gradient is Xᵀ(Xw − y)/n + λw; it is least where (XᵀX/n + λI)w = Xᵀy/n. All points of the bulk form are
/// computed in one pass over X.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{LeastSquares, Potential, Ridge};
/// # fn main() -> optim::Result<()> {
/// let x = Tensor::new(&[[1f64], [2.0]], &Device::Cpu)?;
/// let f = LeastSquares::new(x, &[3.0, 5.0], Ridge { bias: true, l2: 0.0 })?;
/// // y = 2x + 1
/// let least = Tensor::new(&[2f64, 1.0], &Device::Cpu)?;
/// assert_eq!(f.value(&least)?, 0.0);
/// assert_eq!(f.gradient(&least)?.to_vec1::<f64>()?, [0.0, 0.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LeastSquares {
    pub(super) linear: Linear,
    numbers: Arc<[f64]>,
}

impl LeastSquares {
    /// Makes the problem of the rows `x` `[n, d]` (f32 or f64, on any device) and the number of each.
    ///
    /// # Errors
    /// As [`from_rows`](Self::from_rows).
    pub fn new(x: Tensor, numbers: &[f64], ridge: Ridge) -> Result<Self> {
        Self::from_rows(DataRows::Dense(x), numbers, ridge, Kernel::Auto)
    }

    /// Makes the problem of dense or sparse rows and the number of each, with a kernel of one's choice.
    ///
    /// # Errors
    /// If there are no rows, not as many numbers as rows, a number that is not finite, a penalty that is not a
    /// number ≥ 0, a kernel that is not for the rows' device or element type, [`Kernel::Fused`], or no room where
    /// sparse rows have to be made dense.
    pub fn from_rows(
        rows: DataRows<'_>,
        numbers: &[f64],
        ridge: Ridge,
        kernel: Kernel,
    ) -> Result<Self> {
        if let Some(number) = numbers.iter().find(|number| !number.is_finite()) {
            return Err(Error::setting("label", number, "a finite number"));
        }
        let numbers: Arc<[f64]> = numbers.into();
        Ok(Self {
            linear: Linear::new(rows, Targets::Numbers(numbers.clone()), ridge, kernel)?,
            numbers,
        })
    }
}

as_linear!(LeastSquares);

impl RowLoss for LeastSquares {
    fn samples(&self) -> usize {
        self.linear.samples()
    }

    fn kernel(&self) -> Kernel {
        self.linear.kernel()
    }

    fn loss(&self, point: &Tensor) -> Result<f64> {
        let z = self.linear.predictions(point)?;
        let square = |(z, y): (f64, &f64)| (z - y).powi(2);
        let sum: f64 = z.into_iter().zip(self.numbers.iter()).map(square).sum();
        Ok(0.5 * sum / self.numbers.len() as f64)
    }

    fn hits(&self, _: &Tensor) -> Result<Option<f64>> {
        Ok(None)
    }

    fn subset(&self, rows: &[usize]) -> Result<Arc<dyn RowLoss>> {
        let linear = self.linear.subset(rows)?;
        Ok(Arc::new(Self {
            numbers: rows.iter().map(|&row| self.numbers[row]).collect(),
            linear,
        }))
    }

    fn on_device(&self, device: &Device) -> Result<Arc<dyn RowLoss>> {
        let linear = self.linear.to_device(device)?;
        Ok(Arc::new(Self {
            numbers: self.numbers.clone(),
            linear,
        }))
    }
}
