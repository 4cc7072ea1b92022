//! By how much points changed.

use crate::kernel::{Grid, Kernel, Number, Written};
use crate::launch::{block_threads, start};
use crate::scratch::{Lent, Scratch};
use candle_core::{DType, Result, Tensor, bail};

/// ‖new − old‖, ‖old‖ and ‖new‖ of each row of two tensors `[W, D]`, as f64 `[3, W]`, by one kernel.
///
/// Sums are made in f64. ‖new‖ is rounded to the tensors' type: infinite where that holds no such length.
///
/// # Errors
/// If shapes, types or devices differ, or kernels do not run there ([`runs`](crate::runs)).
pub fn changes(new: &Tensor, old: &Tensor, scratch: &Scratch) -> Result<Lent> {
    let (rows, dimension) = new.dims2()?;
    if old.dims() != new.dims() || old.dtype() != new.dtype() {
        bail!("changes between {old:?} and {new:?}");
    }
    let out = scratch.room(&[3, rows], DType::F64, new.device())?;
    if rows == 0 {
        return Ok(out);
    }
    let (new, old) = (new.contiguous()?, old.contiguous()?);
    let kernel = Changes {
        new,
        old,
        dimension,
        rows,
    };
    start(&kernel, &out)?;
    Ok(out)
}

struct Changes {
    new: Tensor,
    old: Tensor,
    dimension: usize,
    rows: usize,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Arguments {
    out: u64,
    new: u64,
    old: u64,
    dimension: u64,
    rows: u32,
}

impl Kernel for Changes {
    type Arguments<T: Copy> = Arguments;

    const NAME: &'static str = "changes";

    fn elements(&self) -> DType {
        self.new.dtype()
    }

    fn inputs(&self) -> Vec<&Tensor> {
        vec![&self.new, &self.old]
    }

    fn grid(&self, _: usize) -> Grid {
        let threads = block_threads(self.new.device()).min(256);
        Grid {
            blocks: self.rows,
            threads,
            shared_bytes: threads * size_of::<f64>(),
        }
    }

    fn arguments<T: Number>(&self, written: Written, inputs: &[u64]) -> Arguments {
        Arguments {
            out: written.address,
            new: inputs[0],
            old: inputs[1],
            dimension: self.dimension as u64,
            rows: self.rows as u32,
        }
    }
}
