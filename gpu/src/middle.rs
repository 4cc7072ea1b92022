//! What the secant method needs of the steps between known points.

use crate::launch::{Grid, Kernel, Number, Written, block_threads, start};
use candle_core::{DType, Result, Tensor};

/// Ω (Ω G Ω + ρ)⁻¹ Ω, f64 `[p, p]`, for the Gram matrix G = SSᵀ of steps S `[p, D]` and Ω = diag(1/‖S_i‖),
/// by one kernel: without the host's looking at G.
///
/// ρ is `ridge` times the largest sum of a row of |Ω G Ω|; a step shorter than the longest by more than
/// `shortest` is weighted as if it were not. All zeros where no step has a length, one has none that is
/// finite, or the matrix is not positive definite.
///
/// # Errors
/// If the steps are not a matrix, or kernels do not run where they are ([`runs`](crate::runs)).
pub fn middle(steps: &Tensor, ridge: f64, shortest: f64) -> Result<Tensor> {
    let (size, dimension) = steps.dims2()?;
    // The kernel works in the two behind the result.
    let out = Tensor::zeros((3, size, size), DType::F64, steps.device())?;
    let kernel = Middle {
        steps: steps.contiguous()?,
        dimension,
        size,
        ridge,
        shortest,
    };
    if size > 0 {
        start(&kernel, &out)?;
    }
    out.get(0)
}

struct Middle {
    steps: Tensor,
    dimension: usize,
    size: usize,
    ridge: f64,
    shortest: f64,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Arguments {
    out: u64,
    steps: u64,
    dimension: u64,
    size: u32,
    ridge: f64,
    shortest: f64,
}

impl Kernel for Middle {
    type Arguments<T: Copy> = Arguments;

    const NAME: &'static str = "middle";

    fn elements(&self) -> DType {
        self.steps.dtype()
    }

    fn inputs(&self) -> Vec<&Tensor> {
        vec![&self.steps]
    }

    fn grid(&self, _: usize) -> Grid {
        let threads = block_threads(self.steps.device());
        Grid {
            blocks: 1,
            threads,
            shared_bytes: (threads + self.size) * size_of::<f64>(),
        }
    }

    fn arguments<T: Number>(&self, written: Written, inputs: &[u64]) -> Arguments {
        Arguments {
            out: written.address,
            steps: inputs[0],
            dimension: self.dimension as u64,
            size: self.size as u32,
            ridge: self.ridge,
            shortest: self.shortest,
        }
    }
}
