//! What the secant method needs of the steps between known points.

use crate::along::along;
use crate::kernel::{Grid, Kernel, Number, Written};
use crate::launch::{block_threads, start};
use crate::open::SHARED;
use crate::scratch::{Lent, Scratch};
use candle_core::{DType, Result, Tensor};

/// Ω (Ω G Ω + ρ)⁻¹ Ω, f64 `[p, p]`, for the Gram matrix G = SSᵀ of steps S `[p, D]` and Ω = diag(1/‖S_i‖),
/// by two kernels: without the host's looking at G.
///
/// ρ is `ridge` times the largest sum of a row of |Ω G Ω|; a step shorter than the longest by more than
/// `shortest` is weighted as if it were not. All zeros where no step has a length, one has none that is
/// finite, or the matrix is not positive definite.
///
/// # Errors
/// If the steps are not a matrix, or kernels do not run where they are ([`runs`](crate::runs)).
pub fn middle(steps: &Tensor, ridge: f64, shortest: f64, scratch: &Scratch) -> Result<Lent> {
    let (size, _) = steps.dims2()?;
    // The kernel works in the two behind the result, if they do not fit into shared memory.
    let out = scratch.room(&[3, size, size], DType::F64, steps.device())?;
    if size == 0 {
        return out.first();
    }
    let steps = steps.contiguous()?;
    let kernel = Middle {
        gram: along(&steps, &[&steps], scratch)?,
        size,
        ridge,
        shortest,
    };
    start(&kernel, &out)?;
    out.first()
}

/// Threads of the block: the matrices are small, and waiting for one another costs them most.
const THREADS: usize = 64;

struct Middle {
    gram: Lent,
    size: usize,
    ridge: f64,
    shortest: f64,
}

impl Middle {
    /// What the shared memory holds at least, in bytes.
    fn least_shared(&self) -> usize {
        (block_threads(self.gram.device()).min(THREADS) + self.size) * size_of::<f64>()
    }

    /// What two matrices take, in bytes.
    fn matrices(&self) -> usize {
        2 * self.size * self.size * size_of::<f64>()
    }

    fn in_shared(&self) -> bool {
        self.least_shared() + self.matrices() <= SHARED
    }
}

#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Arguments {
    out: u64,
    gram: u64,
    size: u32,
    shared: u32,
    ridge: f64,
    shortest: f64,
}

impl Kernel for Middle {
    type Arguments<T: Copy> = Arguments;

    const NAME: &'static str = "middle";

    fn elements(&self) -> DType {
        DType::F64
    }

    fn inputs(&self) -> Vec<&Tensor> {
        vec![&self.gram]
    }

    fn grid(&self, _: usize) -> Grid {
        let more = if self.in_shared() { self.matrices() } else { 0 };
        Grid {
            blocks: 1,
            threads: block_threads(self.gram.device()).min(THREADS),
            shared_bytes: self.least_shared() + more,
        }
    }

    fn arguments<T: Number>(&self, written: Written, inputs: &[u64]) -> Arguments {
        Arguments {
            out: written.address,
            gram: inputs[0],
            size: self.size as u32,
            shared: u32::from(self.in_shared()),
            ridge: self.ridge,
            shortest: self.shortest,
        }
    }
}
