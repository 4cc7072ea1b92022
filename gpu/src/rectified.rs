//! Rectified linear units, behind a sum too.

use crate::kernel::{Grid, Kernel, Number, Written};
use crate::launch::{storage, tensor};
use crate::operation::{Operation, WithBackward};
use candle_core::{DType, Result, Shape, Storage, Tensor, bail};

/// max(x, 0) by one kernel, and its gradient, which is the one from above at 0, by another.
///
/// # Errors
/// If kernels do not run there ([`runs`](crate::runs)).
///
/// ```
/// # use candle_core::{DType, Device, Tensor};
/// let x = Tensor::new(&[-1f32, 2.0], &Device::Cpu)?;
/// if gpu::runs(x.device(), DType::F32) {
///     assert_eq!(gpu::rectified(&x)?.to_vec1::<f32>()?, [0.0, 2.0]);
/// }
/// # candle_core::Result::Ok(())
/// ```
pub fn rectified(x: &Tensor) -> Result<Tensor> {
    let x = x.contiguous()?;
    x.apply_op1(WithBackward(Rectified {
        x: x.detach(),
        y: None,
    }))
}

/// max(x + y, 0), like [`rectified`].
///
/// # Errors
/// If the shapes differ, or kernels do not run there ([`runs`](crate::runs)).
pub fn rectified_sum(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    if x.dims() != y.dims() || x.dtype() != y.dtype() {
        bail!("a sum of {x:?} and {y:?}");
    }
    let (x, y) = (x.contiguous()?, y.contiguous()?);
    let operation = Rectified {
        x: x.detach(),
        y: Some(y.detach()),
    };
    x.apply_op2(&y, WithBackward(operation))
}

struct Rectified {
    x: Tensor,
    y: Option<Tensor>,
}

impl Operation for Rectified {
    const NAME: &'static str = "rectified";

    fn forward(&self) -> Result<(Storage, Shape)> {
        let kernel = Rectify {
            of: self,
            gradient: None,
        };
        let out = storage(&kernel, self.x.shape(), self.x.dtype())?;
        Ok((out, self.x.shape().clone()))
    }

    fn backward(&self, gradient: &Tensor) -> Result<Vec<Tensor>> {
        let kernel = Rectify {
            of: self,
            gradient: Some(gradient),
        };
        let out = tensor(&kernel, self.x.shape(), self.x.dtype())?;
        Ok(vec![out.clone(), out])
    }
}

/// The values, or the gradient from that for the values.
struct Rectify<'a> {
    of: &'a Rectified,
    gradient: Option<&'a Tensor>,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Arguments {
    out: u64,
    x: u64,
    y: u64,
    gradient: u64,
    written: u64,
}

impl Kernel for Rectify<'_> {
    type Arguments<T: Copy> = Arguments;

    const NAME: &'static str = "rectified";

    fn elements(&self) -> DType {
        self.of.x.dtype()
    }

    fn inputs(&self) -> Vec<&Tensor> {
        let given = [Some(&self.of.x), self.of.y.as_ref(), self.gradient];
        given.into_iter().flatten().collect()
    }

    fn grid(&self, written: usize) -> Grid {
        Grid::of_each(written)
    }

    fn arguments<T: Number>(&self, written: Written, inputs: &[u64]) -> Arguments {
        let mut inputs = inputs.iter().copied();
        let mut next = |there: bool| if there { inputs.next() } else { None }.unwrap_or(0);
        Arguments {
            out: written.address,
            x: next(true),
            y: next(self.of.y.is_some()),
            gradient: next(self.gradient.is_some()),
            written: written.elements as u64,
        }
    }
}
