//! Rows less the last of them.

use crate::kernel::{Grid, Kernel, Number, Written};
use crate::launch::start;
use crate::scratch::{Lent, Scratch};
use candle_core::{DType, Result, Tensor, bail};

/// Says of how many rows at most [`differences`] are made.
pub const MOST_ROWS: usize = 33;

/// Takes the last of some rows `[D]` off each of the others: of points and of gradients, as `[2, rows − 1, D]`, by
/// one kernel, wherever the rows lie. Where there are surrogates, their differences are taken off the gradients'.
///
/// # Errors
/// If there are no rows or more than [`MOST_ROWS`], lists differ in length, shapes, types or devices differ, or
/// kernels do not run there ([`runs`](crate::runs)).
pub fn differences(
    points: &[Tensor],
    gradients: &[Tensor],
    surrogates: &[Tensor],
    scratch: &Scratch,
) -> Result<Lent> {
    let Some(like) = points.first() else {
        bail!("differences of no rows");
    };
    let dimension = like.dims1()?;
    let mut all = points.iter().chain(gradients).chain(surrogates);
    let fits = all.all(|row| row.dims() == [dimension] && row.dtype() == like.dtype());
    let count = points.len();
    let as_many = gradients.len() == count && [0, count].contains(&surrogates.len());
    if !fits || !as_many || count > MOST_ROWS {
        bail!(
            "differences of {count} points like {like:?}, {} gradients and {} surrogates",
            gradients.len(),
            surrogates.len()
        );
    }
    let before = count - 1;
    let out = scratch.room(&[2, before, dimension], like.dtype(), like.device())?;
    if before == 0 || dimension == 0 {
        return Ok(out);
    }
    let kernel = Differences {
        points,
        gradients,
        surrogates,
        dimension,
    };
    start(&kernel, &out)?;
    Ok(out)
}

struct Differences<'a> {
    points: &'a [Tensor],
    gradients: &'a [Tensor],
    surrogates: &'a [Tensor],
    dimension: usize,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Arguments {
    out: u64,
    rows: [[u64; MOST_ROWS]; 3],
    dimension: u64,
    before: u32,
    blocks: u32,
}

impl Differences<'_> {
    /// How many blocks share a row.
    fn blocks(&self) -> usize {
        self.dimension.div_ceil(Grid::EACH)
    }
}

impl Kernel for Differences<'_> {
    type Arguments<T: Copy> = Arguments;

    const NAME: &'static str = "differences";

    fn elements(&self) -> DType {
        self.points[0].dtype()
    }

    fn inputs(&self) -> Vec<&Tensor> {
        let all = self.points.iter().chain(self.gradients);
        all.chain(self.surrogates).collect()
    }

    fn grid(&self, _: usize) -> Grid {
        Grid {
            blocks: 2 * (self.points.len() - 1) * self.blocks(),
            threads: Grid::EACH,
            shared_bytes: 0,
        }
    }

    fn arguments<T: Number>(&self, written: Written, inputs: &[u64]) -> Arguments {
        let count = self.points.len();
        let mut arguments = Arguments {
            out: written.address,
            rows: [[0; MOST_ROWS]; 3],
            dimension: self.dimension as u64,
            before: (count - 1) as u32,
            blocks: self.blocks() as u32,
        };
        for (rows, inputs) in arguments.rows.iter_mut().zip(inputs.chunks(count)) {
            rows[..count].copy_from_slice(inputs);
        }
        arguments
    }
}
