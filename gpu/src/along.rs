//! Inner products of a few long vectors.

use crate::kernel::{Grid, Kernel, Number, Written};
use crate::launch::{block_threads, start};
use crate::scratch::{Lent, Scratch};
use candle_core::{DType, Result, Tensor, bail};

/// Of how many tensors others come, at most.
const MOST_KINDS: usize = 6;

/// Threads of a block, which makes one product.
const THREADS: usize = 128;

/// The inner product of each of the rows `[p, D]` with each of the other tensors' rows, `[D]` or `[k, D]` each,
/// as f64 `[all k, p]`, by one kernel.
pub(crate) fn along(rows: &Tensor, others: &[&Tensor], scratch: &Scratch) -> Result<Lent> {
    let (count, dimension) = rows.dims2()?;
    let counts: Vec<usize> = others.iter().map(|t| t.elem_count() / dimension).collect();
    let fits = |other: &&Tensor| other.dims().last() == Some(&dimension);
    if others.len() > MOST_KINDS || !others.iter().all(fits) {
        bail!("inner products of {rows:?} with {others:?}");
    }
    let all: usize = counts.iter().sum();
    let out = scratch.room(&[all, count], DType::F64, rows.device())?;
    let kernel = Along {
        rows,
        others,
        counts,
    };
    start(&kernel, &out)?;
    Ok(out)
}

struct Along<'a> {
    rows: &'a Tensor,
    others: &'a [&'a Tensor],
    counts: Vec<usize>,
}

#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Arguments {
    out: u64,
    rows: u64,
    others: [u64; MOST_KINDS],
    dimension: u64,
    count: u32,
    counts: [u32; MOST_KINDS],
}

impl Kernel for Along<'_> {
    type Arguments<T: Copy> = Arguments;

    const NAME: &'static str = "along";

    fn elements(&self) -> DType {
        self.rows.dtype()
    }

    fn inputs(&self) -> Vec<&Tensor> {
        [&[self.rows], self.others].concat()
    }

    fn grid(&self, written: usize) -> Grid {
        let threads = block_threads(self.rows.device()).min(THREADS);
        Grid {
            blocks: written,
            threads,
            shared_bytes: threads * size_of::<f64>(),
        }
    }

    fn arguments<T: Number>(&self, written: Written, inputs: &[u64]) -> Arguments {
        let mut arguments = Arguments {
            out: written.address,
            rows: inputs[0],
            others: [0; MOST_KINDS],
            dimension: self.rows.dims()[1] as u64,
            count: self.rows.dims()[0] as u32,
            counts: [0; MOST_KINDS],
        };
        for (kind, count) in self.counts.iter().enumerate() {
            arguments.others[kind] = inputs[1 + kind];
            arguments.counts[kind] = *count as u32;
        }
        arguments
    }
}
