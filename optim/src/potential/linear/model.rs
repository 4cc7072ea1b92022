//! What all linear models share: rows on a device with what is predicted of them, and gradients at many points in one
//! pass over them.

use super::composed::Composed;
use super::host::HostData;
use super::problem::{Kernel, Ridge};
use super::residuals::Targets;
use super::rows::DataRows;
use crate::{Cost, Error, Potential, Result};
use candle_core::{DType, Device, Tensor};
use std::sync::Arc;

/// A mean loss over rows of data: what a problem that is learned from data has besides being a [`Potential`].
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{LeastSquares, Potential, Ridge, RowLoss};
/// # fn main() -> optim::Result<()> {
/// let x = Tensor::new(&[[1f64], [2.0], [3.0]], &Device::Cpu)?;
/// let f = LeastSquares::new(x, &[2.0, 4.0, 7.0], Ridge { bias: false, l2: 1.0 })?;
/// let point = Tensor::new(&[2f64], &Device::Cpu)?;
/// // ½·(0 + 0 + 1)/3, and the penalty ½·2² on top of it.
/// assert!((f.loss(&point)? - 1.0 / 6.0).abs() < 1e-15);
/// assert!((f.value(&point)? - 13.0 / 6.0).abs() < 1e-15);
/// assert_eq!(f.subset(&[0, 1])?.value(&point)?, 2.0);
/// # Ok(())
/// # }
/// ```
pub trait RowLoss: Potential {
    /// Returns n, the number of rows.
    fn samples(&self) -> usize;

    /// Returns what computes the gradients: never [`Kernel::Auto`], but what it came to.
    fn kernel(&self) -> Kernel;

    /// Computes the mean loss of the rows at a point `[D]`, without any penalty.
    ///
    /// # Errors
    /// If the point does not fit.
    fn loss(&self, point: &Tensor) -> Result<f64>;

    /// Computes the share of rows, between 0 and 1, whose class is the predicted one; `None` where numbers are
    /// predicted.
    ///
    /// # Errors
    /// If the point does not fit.
    fn hits(&self, point: &Tensor) -> Result<Option<f64>>;

    /// Makes the same problem on some of the rows, with the same kernel.
    ///
    /// # Errors
    /// If there is no row, or none of that number.
    fn subset(&self, rows: &[usize]) -> Result<Arc<dyn RowLoss>>;

    /// Puts the problem on a device; on the one it is on already, the data is shared, not copied.
    ///
    /// # Errors
    /// If the device has no room.
    fn on_device(&self, device: &Device) -> Result<Arc<dyn RowLoss>>;
}

/// Rows on a device with what is predicted of them: the part of a linear model that all losses share.
#[derive(Clone)]
pub(super) struct Linear {
    pub(super) data: LinearData,
    pub(super) targets: Targets<f64>,
    pub(super) ridge: Ridge,
    /// d, with the constant feature of an intercept if there is one.
    pub(super) features: usize,
    pub(super) dtype: DType,
    pub(super) device: Device,
}

#[derive(Clone)]
pub(super) enum LinearData {
    Host(HostData),
    Tensors(Composed),
}

impl Linear {
    /// Takes in rows.
    ///
    /// # Errors
    /// If there are none, not as many targets as rows, a penalty that is not a number ≥ 0, a kernel that is not
    /// for the rows' device or element type or for the loss, or no room where sparse rows have to be made dense.
    pub(super) fn new(
        rows: DataRows<'_>,
        targets: Targets<f64>,
        ridge: Ridge,
        kernel: Kernel,
    ) -> Result<Self> {
        rows.check()?;
        let (n, d) = rows.shape()?;
        if n == 0 || d == 0 || n != targets.rows() {
            return Err(Error::Shape {
                what: "the data",
                found: vec![n, d],
                expected: format!(
                    "features, and one row for each of {} labels",
                    targets.rows()
                ),
            });
        }
        if !(ridge.l2.is_finite() && ridge.l2 >= 0.0) {
            return Err(Error::setting("l2", ridge.l2, "0 or a positive number"));
        }
        if kernel == Kernel::Fused && !matches!(targets, Targets::Classes(..)) {
            return Err(Error::setting(
                "kernel",
                kernel,
                "another one: it is for logits of several classes",
            ));
        }
        let (dtype, device) = (rows.dtype(), rows.device().clone());
        let host = match kernel {
            Kernel::Composed | Kernel::Fused => None,
            _ if device.is_cpu() => HostData::new(&rows, &targets, ridge, kernel)?,
            _ => None,
        };
        let data = match (host, kernel) {
            (Some(host), _) => LinearData::Host(host),
            (None, Kernel::Sparse | Kernel::Banded | Kernel::Dense) => {
                let possible = "auto, fused or composed, as the data is not f32 or f64 on a CPU";
                return Err(Error::setting("kernel", kernel, possible));
            }
            (None, _) => {
                let x = rows.into_tensor(ridge.bias)?;
                LinearData::Tensors(Composed::new(x, &targets, ridge, kernel)?)
            }
        };
        Ok(Self {
            data,
            targets,
            ridge,
            features: d + usize::from(ridge.bias),
            dtype,
            device,
        })
    }

    pub(super) fn to_device(&self, device: &Device) -> Result<Self> {
        let data = match &self.data {
            LinearData::Host(host) if device.is_cpu() => LinearData::Host(host.clone()),
            LinearData::Host(host) => {
                let x = host.to_tensor(device)?;
                LinearData::Tensors(Composed::new(x, &self.targets, self.ridge, Kernel::Auto)?)
            }
            LinearData::Tensors(tensors) => LinearData::Tensors(tensors.to_device(device)?),
        };
        Ok(Self {
            data,
            device: device.clone(),
            ..self.clone()
        })
    }

    pub(super) fn subset(&self, rows: &[usize]) -> Result<Self> {
        if let Some(&row) = rows.iter().find(|row| **row >= self.targets.rows()) {
            return Err(Error::setting("row", row, "below the number of rows"));
        }
        if rows.is_empty() {
            return Err(Error::setting("rows", "empty", "at least one row"));
        }
        let (targets, kernel) = (self.targets.subset(rows), self.kernel());
        let data = match &self.data {
            LinearData::Host(host) => LinearData::Host(host.subset(rows, kernel)?),
            LinearData::Tensors(tensors) => {
                let rows: Vec<u32> = rows.iter().map(|&row| row as u32).collect();
                let rows = Tensor::new(rows, &self.device)?;
                let x = tensors.x.index_select(&rows, 0)?;
                LinearData::Tensors(Composed::new(x, &targets, self.ridge, kernel)?)
            }
        };
        Ok(Self {
            data,
            targets,
            ..self.clone()
        })
    }

    pub(super) fn kernel(&self) -> Kernel {
        match &self.data {
            LinearData::Host(host) => host.kernel(),
            LinearData::Tensors(tensors) if tensors.fused => Kernel::Fused,
            LinearData::Tensors(_) => Kernel::Composed,
        }
    }

    pub(super) fn samples(&self) -> usize {
        self.targets.rows()
    }

    pub(super) fn dimension(&self) -> usize {
        self.features * self.targets.outputs()
    }

    /// XΘ, `[n, C]`, for a point `[D]`.
    pub(super) fn products(&self, point: &Tensor) -> Result<Tensor> {
        self.fits(point, &[self.dimension()])?;
        match &self.data {
            LinearData::Host(host) => Ok(host.logits(point)?),
            LinearData::Tensors(tensors) => tensors.logits(point),
        }
    }

    /// The same of one output in f64 on the host.
    pub(super) fn predictions(&self, point: &Tensor) -> Result<Vec<f64>> {
        let products = self.products(point)?.to_dtype(DType::F64)?;
        Ok(products.flatten_all()?.to_vec1()?)
    }

    pub(super) fn gradient(&self, point: &Tensor) -> Result<Tensor> {
        self.fits(point, &[self.dimension()])?;
        Ok(self.gradients(&point.unsqueeze(0)?)?.squeeze(0)?)
    }

    pub(super) fn gradients(&self, points: &Tensor) -> Result<Tensor> {
        self.fits(points, &[points.dim(0)?, self.dimension()])?;
        if points.dim(0)? == 0 {
            return Ok(points.clone());
        }
        match &self.data {
            LinearData::Host(host) => Ok(points.contiguous()?.apply_op1_no_bwd(host)?),
            LinearData::Tensors(tensors) => tensors.gradients(points),
        }
    }

    /// λ/2 ‖Θ‖², of weights that are no intercepts.
    pub(super) fn penalty(&self, point: &Tensor) -> Result<f64> {
        if self.ridge.l2 == 0.0 {
            return Ok(0.0);
        }
        let intercepts = match self.ridge.bias {
            true => self.targets.outputs(),
            false => 0,
        };
        let weights = point.narrow(0, 0, self.dimension() - intercepts)?;
        let square = weights.to_dtype(DType::F64)?.sqr()?.sum_all()?;
        Ok(0.5 * self.ridge.l2 * square.to_scalar::<f64>()?)
    }

    pub(super) fn cost(&self, points: usize) -> Cost {
        let (n, d) = (self.samples() as f64, self.features as f64);
        let columns = (self.targets.outputs() * points) as f64;
        let size = self.dtype.size_in_bytes() as f64;
        match &self.data {
            LinearData::Host(host) => host.cost(points),
            LinearData::Tensors(_) => Cost {
                // Two products, and what makes a residual of each entry of the first.
                operations: 4.0 * n * d * columns + self.targets.operations() * n * columns,
                // The data once, the labels, and the points in and out.
                bytes: n * d * size + 4.0 * n + 2.0 * d * columns * size,
            },
        }
    }

    fn fits(&self, points: &Tensor, shape: &[usize]) -> Result<()> {
        if points.dims() == shape {
            return Ok(());
        }
        Err(Error::Shape {
            what: "a point of the linear model",
            found: points.dims().to_vec(),
            expected: format!("{shape:?}"),
        })
    }
}

/// Refuses labels that are no classes.
pub(super) fn check_classes(labels: &[u32], classes: usize) -> Result<()> {
    match labels.iter().find(|&&label| label as usize >= classes) {
        Some(label) => Err(Error::setting(
            "label",
            label,
            "below the number of classes",
        )),
        None => Ok(()),
    }
}

/// What every linear model has by its part that all share.
macro_rules! as_linear {
    ($($model:ty),+) => { $(
        impl $crate::Potential for $model {
            fn dimension(&self) -> usize {
                self.linear.dimension()
            }

            fn dtype(&self) -> candle_core::DType {
                self.linear.dtype
            }

            fn device(&self) -> &candle_core::Device {
                &self.linear.device
            }

            fn value(&self, point: &candle_core::Tensor) -> $crate::Result<f64> {
                Ok($crate::RowLoss::loss(self, point)? + self.linear.penalty(point)?)
            }

            fn gradient(&self, point: &candle_core::Tensor) -> $crate::Result<candle_core::Tensor> {
                self.linear.gradient(point)
            }

            fn gradients(&self, points: &candle_core::Tensor) -> $crate::Result<candle_core::Tensor> {
                self.linear.gradients(points)
            }

            fn cost(&self, points: usize) -> $crate::Cost {
                self.linear.cost(points)
            }
        }
    )+ };
}
pub(super) use as_linear;
