//! Any function of candle's operations as a potential.

use crate::{Error, Potential, Result};
use candle_core::{DType, Device, Tensor, Var};
use std::fmt;

/// Makes a potential of a function of a tensor `[D]` to a scalar, whose gradient candle finds by autograd.
///
/// Every operation of the function has to be one that candle can differentiate. The function is called once for a
/// value and once for each gradient, from any thread; a closure keeps the data that it needs. A loss with a gradient
/// in closed form is faster as a [`Potential`] of its own.
///
/// ```
/// use candle_core::{DType, Device, Tensor};
/// use optim::{Bound, Differentiable, HeavyBall, Kinetic, Potential, Run, check_gradient};
/// use std::sync::Arc;
/// # fn main() -> optim::Result<()> {
/// // Huber's loss of a line through data with an outlier.
/// let x = Tensor::new(&[[-2f64, 1.0], [-1.0, 1.0], [0.0, 1.0], [1.0, 1.0], [2.0, 1.0]], &Device::Cpu)?;
/// let y = Tensor::new(&[-3f64, -1.0, 90.0, 3.0, 5.0], &Device::Cpu)?;
/// let huber = Differentiable::new(2, DType::F64, &Device::Cpu, move |w| {
///     let error = (x.matmul(&w.unsqueeze(1)?)?.squeeze(1)? - &y)?;
///     // √(1 + e²) − 1 is half a square near 0, and grows by 1 far away.
///     ((error.sqr()? + 1.0)?.sqrt()? - 1.0)?.mean_all()
/// });
/// let start = Tensor::zeros(2, DType::F64, &Device::Cpu)?;
/// assert!(check_gradient(&huber, &start)? < 1e-8);
/// let f = Arc::new(huber);
/// let method = HeavyBall::new(f, Kinetic::HalfL2Squared, 0.1, 0.9, start)?;
/// let mut run = Run::new(method).until(Bound::Iterations(2000));
/// run.go()?;
/// let line = run.position().to_vec1::<f64>()?;
/// // Four lie on 2x + 1; the fifth pulls at it with a weight of 1 however far away it is.
/// assert!((line[0] - 2.0).abs() < 1e-3 && (line[1] - 1.0).abs() < 0.3, "{line:?}");
/// # Ok(())
/// # }
/// ```
pub struct Differentiable<F> {
    function: F,
    dimension: usize,
    dtype: DType,
    device: Device,
}

impl<F> Differentiable<F>
where
    F: Fn(&Tensor) -> candle_core::Result<Tensor> + Send + Sync,
{
    /// Makes one of a function of D = `dimension` numbers of a type on a device. What it returns has one element.
    pub fn new(dimension: usize, dtype: DType, device: &Device, function: F) -> Self {
        Self {
            function,
            dimension,
            dtype,
            device: device.clone(),
        }
    }

    /// The function's one number at a point.
    fn at(&self, point: &Tensor) -> Result<Tensor> {
        if point.dims() != [self.dimension] {
            return Err(Error::Shape {
                what: "a point of the function",
                found: point.dims().to_vec(),
                expected: format!("[{}]", self.dimension),
            });
        }
        let value = (self.function)(point)?;
        if value.elem_count() != 1 {
            return Err(Error::Shape {
                what: "what the function returned",
                found: value.dims().to_vec(),
                expected: "one number".into(),
            });
        }
        Ok(value.flatten_all()?.squeeze(0)?)
    }
}

impl<F> fmt::Debug for Differentiable<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Differentiable")
            .field("dimension", &self.dimension)
            .field("dtype", &self.dtype)
            .finish_non_exhaustive()
    }
}

impl<F> Potential for Differentiable<F>
where
    F: Fn(&Tensor) -> candle_core::Result<Tensor> + Send + Sync,
{
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn dtype(&self) -> DType {
        self.dtype
    }

    fn device(&self) -> &Device {
        &self.device
    }

    fn value(&self, point: &Tensor) -> Result<f64> {
        Ok(self.at(point)?.to_dtype(DType::F64)?.to_scalar()?)
    }

    fn gradient(&self, point: &Tensor) -> Result<Tensor> {
        let point = Var::from_tensor(point)?;
        let mut gradients = self.at(&point)?.backward()?;
        gradients.remove(&point).ok_or_else(|| {
            Error::setting(
                "function",
                "without a gradient",
                "made of its point by operations that candle can differentiate",
            )
        })
    }
}
