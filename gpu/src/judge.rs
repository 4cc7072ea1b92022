//! How good logits are.

use crate::kernel::{Grid, Kernel, Number, Written};
use crate::launch::{block_threads, room_for, start};
use candle_core::{DType, Result, Tensor, bail};

/// Of logits `[n, C]` (f32 or f64) and labels `[n]` (u32, each below C): the sum of the cross-entropies,
/// and how many rows have their largest logit, the first of equal ones, at their label. By one kernel, one
/// pass over the logits; sums are made in f64.
///
/// # Errors
/// If shapes, types or devices do not fit together, or kernels do not run there ([`runs`](crate::runs)).
pub fn judged(z: &Tensor, labels: &Tensor) -> Result<(f64, f64)> {
    let (rows, classes) = z.dims2()?;
    if labels.dims() != [rows] || labels.dtype() != DType::U32 || classes == 0 {
        bail!("to judge {z:?} takes as many labels in u32, not {labels:?}");
    }
    if rows == 0 {
        return Ok((0.0, 0.0));
    }
    let z = z.contiguous()?;
    let kernel = Judge {
        z: &z,
        labels,
        rows,
        classes,
    };
    let blocks = rows.div_ceil(kernel.threads());
    let out = room_for(&[2, blocks], DType::F64, z.device())?;
    start(&kernel, &out)?;
    let sums = out.to_vec2::<f64>()?;
    Ok((sums[0].iter().sum(), sums[1].iter().sum()))
}

struct Judge<'a> {
    z: &'a Tensor,
    labels: &'a Tensor,
    rows: usize,
    classes: usize,
}

impl Judge<'_> {
    fn threads(&self) -> usize {
        block_threads(self.z.device()).min(256)
    }
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Arguments {
    out: u64,
    z: u64,
    labels: u64,
    rows: u64,
    classes: u32,
}

impl Kernel for Judge<'_> {
    type Arguments<T: Copy> = Arguments;

    const NAME: &'static str = "judge";

    fn elements(&self) -> DType {
        self.z.dtype()
    }

    fn inputs(&self) -> Vec<&Tensor> {
        vec![self.z, self.labels]
    }

    fn grid(&self, written: usize) -> Grid {
        let threads = self.threads();
        Grid {
            blocks: written / 2,
            threads,
            shared_bytes: threads * size_of::<f64>(),
        }
    }

    fn arguments<T: Number>(&self, written: Written, inputs: &[u64]) -> Arguments {
        Arguments {
            out: written.address,
            z: inputs[0],
            labels: inputs[1],
            rows: self.rows as u64,
            classes: self.classes as u32,
        }
    }
}
