//! Rectified linear units, behind a sum too.

use super::{here, on_gpu, slice, with_slice};
use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, DType, Device, Layout, Result, Shape, Tensor, WithDType, bail,
};
use rayon::prelude::*;

/// Numbers that a thread takes at a time.
const AT_ONCE: usize = 1 << 15;

/// Returns max(x, 0), whose gradient at 0 is the one from above, as the tensor library has it.
///
/// # Errors
/// If the device fails.
///
/// ```
/// # use candle_core::{Device, Tensor};
/// let x = Tensor::new(&[-1f64, 0.0, 2.0], &Device::Cpu)?;
/// assert_eq!(layers::rectify(&x)?.to_vec1::<f64>()?, [0.0, 0.0, 2.0]);
/// # candle_core::Result::Ok(())
/// ```
pub fn rectify(x: &Tensor) -> Result<Tensor> {
    if on_gpu(x) {
        gpu::rectified(x)
    } else if here(x) {
        x.contiguous()?.apply_op1(Rectification)
    } else {
        x.relu()
    }
}

/// Returns max(x + y, 0), like [`rectify`].
///
/// # Errors
/// If the shapes or kinds of number differ, or the device fails.
pub fn rectify_sum(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    if x.dims() != y.dims() || x.dtype() != y.dtype() {
        bail!(
            "a sum of {:?} {:?} and {:?} {:?}",
            x.dtype(),
            x.dims(),
            y.dtype(),
            y.dims()
        )
    }
    if on_gpu(x) {
        gpu::rectified_sum(x, y)
    } else if here(x) && here(y) {
        x.contiguous()?.apply_op2(&y.contiguous()?, Rectification)
    } else {
        (x + y)?.relu()
    }
}

struct Rectification;

/// What is made of each number.
fn each<T: WithDType>(x: &[T], of: impl Fn(T) -> T + Sync) -> Vec<T> {
    let mut out = vec![T::zero(); x.len()];
    out.par_chunks_mut(AT_ONCE)
        .zip(x.par_chunks(AT_ONCE))
        .for_each(|(out, x)| out.iter_mut().zip(x).for_each(|(out, x)| *out = of(*x)));
    out
}

/// What is made of each pair.
fn each_pair<T: WithDType>(x: &[T], y: &[T], of: impl Fn(T, T) -> T + Sync) -> Vec<T> {
    let mut out = x.to_vec();
    out.par_chunks_mut(AT_ONCE)
        .zip(y.par_chunks(AT_ONCE))
        .for_each(|(out, y)| out.iter_mut().zip(y).for_each(|(x, y)| *x = of(*x, *y)));
    out
}

fn rectified<T: WithDType>(x: T) -> T {
    if x > T::zero() { x } else { T::zero() }
}

/// What of a gradient passes a unit that got a number.
fn passed<T: WithDType>(gradient: T, x: T) -> T {
    if x >= T::zero() { gradient } else { T::zero() }
}

impl CustomOp1 for Rectification {
    fn name(&self) -> &'static str {
        "rectified"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let out = match x {
            CpuStorage::F32(_) => CpuStorage::F32(each(slice(x, layout)?, rectified)),
            CpuStorage::F64(_) => CpuStorage::F64(each(slice(x, layout)?, rectified)),
            _ => bail!("numbers are f32 or f64"),
        };
        Ok((out, layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        fn of<T: WithDType>(x: &Tensor, gradient: &Tensor) -> Result<Tensor> {
            let values = with_slice(gradient, |g: &[T]| {
                with_slice(x, |x: &[T]| Ok(each_pair(g, x, passed)))
            })?;
            Tensor::from_vec(values, x.shape(), &Device::Cpu)
        }
        let gradient = gradient.contiguous()?;
        Ok(Some(match x.dtype() {
            DType::F64 => of::<f64>(x, &gradient)?,
            _ => of::<f32>(x, &gradient)?,
        }))
    }
}

impl CustomOp2 for Rectification {
    fn name(&self) -> &'static str {
        "rectified-sum"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        y: &CpuStorage,
        y_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        fn of<T: WithDType>(x: &[T], y: &[T]) -> Vec<T> {
            each_pair(x, y, |x, y| rectified(x + y))
        }
        let out = match (x, y) {
            (CpuStorage::F32(_), CpuStorage::F32(_)) => {
                CpuStorage::F32(of(slice(x, x_layout)?, slice(y, y_layout)?))
            }
            (CpuStorage::F64(_), CpuStorage::F64(_)) => {
                CpuStorage::F64(of(slice(x, x_layout)?, slice(y, y_layout)?))
            }
            _ => bail!("numbers are f32 or f64, both the same"),
        };
        Ok((out, x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        y: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        fn of<T: WithDType>(x: &Tensor, y: &Tensor, gradient: &Tensor) -> Result<Tensor> {
            let sums = with_slice(x, |x: &[T]| {
                with_slice(y, |y: &[T]| Ok(each_pair(x, y, |x, y| x + y)))
            })?;
            let values = with_slice(gradient, |g: &[T]| Ok(each_pair(g, &sums, passed)))?;
            Tensor::from_vec(values, x.shape(), &Device::Cpu)
        }
        let gradient = gradient.contiguous()?;
        let passed = match x.dtype() {
            DType::F64 => of::<f64>(x, y, &gradient)?,
            _ => of::<f32>(x, y, &gradient)?,
        };
        Ok((Some(passed.clone()), Some(passed)))
    }
}
