//! What an optimiser does to a variable.

use crate::kernel::{Grid, Kernel, Number, Written};
use crate::launch::start;
use candle_core::{DType, Result, Tensor, bail};

/// Adds `factor`·y to x in place, by one kernel. Each number is rounded as by a product and a sum.
///
/// # Errors
/// If the two have not the same shape, type and device, are not contiguous, or kernels do not run there
/// ([`runs`](crate::runs)).
///
/// ```
/// # use candle_core::{DType, Device, Tensor};
/// let x = Tensor::new(&[1f64, 2.0], &Device::Cpu)?;
/// let y = Tensor::new(&[2f64, 4.0], &Device::Cpu)?;
/// if gpu::runs(x.device(), DType::F64) {
///     gpu::push(&x, &y, -0.5)?;
///     assert_eq!(x.to_vec1::<f64>()?, [0.0, 0.0]);
/// }
/// # candle_core::Result::Ok(())
/// ```
pub fn push(x: &Tensor, y: &Tensor, factor: f64) -> Result<()> {
    if x.dims() != y.dims() || x.dtype() != y.dtype() {
        bail!("{x:?} moved along {y:?}");
    }
    start(&Push { y, factor }, x)
}

struct Push<'a> {
    y: &'a Tensor,
    factor: f64,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Arguments<T> {
    x: u64,
    y: u64,
    written: u64,
    factor: T,
}

impl Kernel for Push<'_> {
    type Arguments<T: Copy> = Arguments<T>;

    const NAME: &'static str = "push";

    fn elements(&self) -> DType {
        self.y.dtype()
    }

    fn inputs(&self) -> Vec<&Tensor> {
        vec![self.y]
    }

    fn grid(&self, written: usize) -> Grid {
        Grid::of_each(written)
    }

    fn arguments<T: Number>(&self, written: Written, inputs: &[u64]) -> Arguments<T> {
        Arguments {
            x: written.address,
            y: inputs[0],
            written: written.elements as u64,
            factor: T::of(self.factor),
        }
    }
}
