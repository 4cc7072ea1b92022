//! Numbers laid in another order, each by one kernel: the tensor library's own copies take one for each row, or
//! are told of the order by a copy from the host.

use crate::kernel::{Grid, Kernel, Number, Written};
use crate::launch::{room, start};
use candle_core::{DType, Result, Tensor, bail};

/// As many rows as a kernel gathers at once.
const MOST_GATHERED: usize = 33;

/// Copies contiguous rows `[D]`, wherever each of them lies, one after the other: `[rows, D]`.
///
/// # Errors
/// If there are none, one is not contiguous, shapes, types or devices differ, or kernels do not run there ([`runs`](crate::runs)).
pub fn gathered(rows: &[Tensor]) -> Result<Tensor> {
    let Some(like) = rows.first() else {
        bail!("no rows to be gathered");
    };
    let dimension = like.dims1()?;
    if let Some(other) = rows
        .iter()
        .find(|row| row.dims() != [dimension] || row.dtype() != like.dtype())
    {
        bail!("rows like {like:?} and {other:?} to be gathered");
    }
    if dimension == 0 || rows.len() > MOST_GATHERED {
        return Tensor::stack(rows, 0);
    }
    let out = room(&[rows.len(), dimension], like)?;
    start(&Gathered { rows, dimension }, &out)?;
    Ok(out)
}

struct Gathered<'a> {
    rows: &'a [Tensor],
    dimension: usize,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct GatheredArguments {
    out: u64,
    rows: [u64; MOST_GATHERED],
    dimension: u64,
    blocks: u32,
}

impl Gathered<'_> {
    /// How many blocks share a row.
    fn blocks(&self) -> usize {
        self.dimension.div_ceil(Grid::EACH)
    }
}

impl Kernel for Gathered<'_> {
    type Arguments<T: Copy> = GatheredArguments;

    const NAME: &'static str = "arrange";

    fn entry(&self) -> String {
        "gathered".into()
    }

    fn elements(&self) -> DType {
        self.rows[0].dtype()
    }

    fn inputs(&self) -> Vec<&Tensor> {
        self.rows.iter().collect()
    }

    fn grid(&self, _: usize) -> Grid {
        Grid {
            blocks: self.rows.len() * self.blocks(),
            threads: Grid::EACH,
            shared_bytes: 0,
        }
    }

    fn arguments<T: Number>(&self, written: Written, inputs: &[u64]) -> GatheredArguments {
        let mut rows = [0; MOST_GATHERED];
        rows[..inputs.len()].copy_from_slice(inputs);
        GatheredArguments {
            out: written.address,
            rows,
            dimension: self.dimension as u64,
            blocks: self.blocks() as u32,
        }
    }
}

/// Changes the first two dimensions of a tensor `[a, b, c]` over: `[b, a, c]`.
///
/// # Errors
/// If it has other dimensions, or kernels do not run there ([`runs`](crate::runs)).
pub fn turned(of: &Tensor) -> Result<Tensor> {
    let (rows, columns, width) = of.dims3()?;
    if of.elem_count() == 0 {
        return of.transpose(0, 1)?.contiguous();
    }
    let out = room(&[columns, rows, width], of)?;
    let of = &of.contiguous()?;
    start(&Turned { of }, &out)?;
    Ok(out)
}

struct Turned<'a> {
    of: &'a Tensor,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct TurnedArguments {
    out: u64,
    of: u64,
    elements: u64,
    rows: u32,
    columns: u32,
    width: u32,
}

impl Kernel for Turned<'_> {
    type Arguments<T: Copy> = TurnedArguments;

    const NAME: &'static str = "arrange";

    fn entry(&self) -> String {
        "turned".into()
    }

    fn elements(&self) -> DType {
        self.of.dtype()
    }

    fn inputs(&self) -> Vec<&Tensor> {
        vec![self.of]
    }

    fn grid(&self, written: usize) -> Grid {
        Grid::of_each(written)
    }

    fn arguments<T: Number>(&self, written: Written, inputs: &[u64]) -> TurnedArguments {
        let dims = self.of.dims();
        TurnedArguments {
            out: written.address,
            of: inputs[0],
            elements: written.elements as u64,
            rows: dims[0] as u32,
            columns: dims[1] as u32,
            width: dims[2] as u32,
        }
    }
}
