//! What an optimiser does to its variables.

use crate::kernel::{Grid, Kernel, Number, Written};
use crate::launch::start;
use candle_core::{DType, Result, Tensor, bail};

/// As many pairs as a kernel takes at once.
const MOST_PUSHED: usize = 96;

/// Adds `factor`·y to x in place, for pairs (x, y), by one kernel for each 96 of them. Each number is rounded as by
/// a product and a sum.
///
/// # Errors
/// If the two of a pair have not the same shape, all not the same type and device, or are not contiguous; if two x, or
/// an x and a y, are in one memory; or kernels do not run there ([`runs`](crate::runs)).
///
/// ```
/// # use candle_core::{DType, Device, Tensor};
/// let x = Tensor::new(&[1f64, 2.0], &Device::Cpu)?;
/// let y = Tensor::new(&[2f64, 4.0], &Device::Cpu)?;
/// if gpu::runs(x.device(), DType::F64) {
///     gpu::push(&[(x.clone(), y)], -0.5)?;
///     assert_eq!(x.to_vec1::<f64>()?, [0.0, 0.0]);
/// }
/// # candle_core::Result::Ok(())
/// ```
pub fn push(pairs: &[(Tensor, Tensor)], factor: f64) -> Result<()> {
    let Some((first, _)) = pairs.first() else {
        return Ok(());
    };
    for (x, y) in pairs {
        let fits = x.dims() == y.dims() && x.dtype() == y.dtype() && x.dtype() == first.dtype();
        let short = u32::try_from(x.elem_count()).is_ok();
        let together = x.device().same_device(first.device()) && y.device().same_device(x.device());
        if !fits || !short || !together || !x.is_contiguous() || !y.is_contiguous() {
            bail!("{x:?} moved along {y:?}");
        }
    }
    // What is written is locked, and would be waited for.
    let place = |tensor: &Tensor| std::ptr::from_ref(&*tensor.storage_and_layout().0).addr();
    let mut written: Vec<usize> = pairs.iter().map(|(x, _)| place(x)).collect();
    written.sort_unstable();
    let twice = written.windows(2).any(|pair| pair[0] == pair[1]);
    let read = |(_, y): &(Tensor, Tensor)| written.binary_search(&place(y)).is_ok();
    if twice || pairs.iter().any(read) {
        bail!("a tensor moved twice, or along another that moves");
    }
    let pairs: Vec<_> = pairs.iter().filter(|(x, _)| x.elem_count() > 0).collect();
    for pairs in pairs.chunks(MOST_PUSHED) {
        start(&Push { pairs, factor }, &pairs[0].0)?;
    }
    Ok(())
}

struct Push<'a> {
    pairs: &'a [&'a (Tensor, Tensor)],
    factor: f64,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Arguments<T> {
    x: [u64; MOST_PUSHED],
    y: [u64; MOST_PUSHED],
    elements: [u32; MOST_PUSHED],
    count: u32,
    factor: T,
}

impl Kernel for Push<'_> {
    type Arguments<T: Copy> = Arguments<T>;

    const NAME: &'static str = "push";

    fn elements(&self) -> DType {
        self.pairs[0].0.dtype()
    }

    /// All y, and all x but the first, which is what is written by name.
    fn inputs(&self) -> Vec<&Tensor> {
        let y = self.pairs.iter().map(|(_, y)| y);
        y.chain(self.pairs[1..].iter().map(|(x, _)| x)).collect()
    }

    fn grid(&self, _: usize) -> Grid {
        let blocks = |(x, _): &&(Tensor, Tensor)| x.elem_count().div_ceil(Grid::EACH);
        Grid {
            blocks: self.pairs.iter().map(blocks).sum(),
            threads: Grid::EACH,
            shared_bytes: 0,
        }
    }

    fn arguments<T: Number>(&self, written: Written, inputs: &[u64]) -> Arguments<T> {
        let count = self.pairs.len();
        let mut arguments = Arguments {
            x: [0; MOST_PUSHED],
            y: [0; MOST_PUSHED],
            elements: [0; MOST_PUSHED],
            count: count as u32,
            factor: T::of(self.factor),
        };
        let (y, x) = inputs.split_at(count);
        arguments.y[..count].copy_from_slice(y);
        arguments.x[0] = written.address;
        arguments.x[1..count].copy_from_slice(x);
        for (elements, (x, _)) in arguments.elements.iter_mut().zip(self.pairs) {
            *elements = x.elem_count() as u32;
        }
        arguments
    }
}
