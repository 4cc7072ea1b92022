//! What a kernel is: all it needs to be started, wherever that is.

use candle_core::{DType, Layout, Result, Tensor, bail};

/// Threads of a warp.
pub(crate) const WARP: usize = 32;

/// A kernel and all it needs but the tensor it writes.
pub(crate) trait Kernel {
    /// Its arguments for elements `T`, laid out as the structure that it takes.
    type Arguments<T: Copy>: Copy;

    /// Its name, and its module's.
    const NAME: &'static str;

    /// Its name in its module, to which `_f32` or `_f64` is added.
    fn entry(&self) -> String {
        Self::NAME.into()
    }

    /// Whether a multiprocessor is to keep all it can as shared memory, for several of its blocks.
    #[cfg_attr(not(feature = "cuda"), allow(dead_code))]
    const MOSTLY_SHARED: bool = false;

    /// The type of the elements it is compiled for.
    fn elements(&self) -> DType;

    /// What it reads, contiguous, on one device.
    fn inputs(&self) -> Vec<&Tensor>;

    /// How many threads it needs, for a tensor to write with so many elements.
    fn grid(&self, written: usize) -> Grid;

    /// The arguments, from where the written tensor and the inputs lie.
    fn arguments<T: Number>(&self, written: Written, inputs: &[u64]) -> Self::Arguments<T>;
}

/// Where a kernel writes.
#[derive(Clone, Copy)]
pub(crate) struct Written {
    pub address: u64,
    pub elements: usize,
}

/// Blocks, threads of each, a power of two from 32 on, and bytes of shared memory of each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    pub blocks: usize,
    pub threads: usize,
    pub shared_bytes: usize,
}

impl Grid {
    /// Threads of a block in which each has an element of its own.
    pub const EACH: usize = 256;

    /// A thread for each element.
    pub fn of_each(elements: usize) -> Self {
        Self {
            blocks: elements.div_ceil(Self::EACH),
            threads: Self::EACH,
            shared_bytes: 0,
        }
    }
}

/// An element type of the kernels.
pub(crate) trait Number: Copy {
    /// Rounded.
    fn of(value: f64) -> Self;
    /// The smallest positive number that is not denormal.
    const SMALLEST: Self;
}

impl Number for f32 {
    fn of(value: f64) -> Self {
        value as f32
    }
    const SMALLEST: Self = f32::MIN_POSITIVE;
}

impl Number for f64 {
    fn of(value: f64) -> Self {
        value
    }
    const SMALLEST: Self = f64::MIN_POSITIVE;
}

/// Where a tensor's contiguous elements lie in its storage.
pub(crate) fn place(layout: &Layout) -> Result<std::ops::Range<usize>> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(start..end),
        None => bail!("a kernel needs contiguous elements"),
    }
}
