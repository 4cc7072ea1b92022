//! The gradients of a multinomial logistic regression in one pass over its data.

use crate::kernel::{Grid, Kernel, Number, WARP, Written};
use crate::launch::{block_threads, room, runs, start};
use crate::open::DeviceLimits;
use crate::scratch::Scratch;
use candle_core::{DType, Device, Result, Tensor, bail};

/// Threads of a block, at most.
const THREADS: usize = 256;

/// A kernel as it is compiled.
#[derive(Clone, Copy)]
struct Compiled {
    /// Features of a thread.
    slots: usize,
    /// Columns of all points, in growing order.
    columns: &'static [usize],
    /// Rows that are kept in shared memory, at most and at least.
    tile: [usize; 2],
    /// Whether a warp's threads add up what they have, or the block does.
    by_warps: bool,
}

/// For few features: a thread has one of them, or two threads share it. More columns than these, which blocks
/// would have to share, were no faster than products: 0.7x (a8a at 16 points) to 1.06x (USPS at 4).
const NARROW: Compiled = Compiled {
    slots: 1,
    columns: &[4, 12, 20],
    tile: [64, 4],
    by_warps: false,
};

/// For many: with these columns a thread has half of its registers full.
const WIDE: Compiled = Compiled {
    slots: 4,
    columns: &[4, 12],
    tile: [16, 16],
    by_warps: true,
};

/// Blocks that a multiprocessor is given at once, at most.
const BLOCKS_EACH: usize = 6;

/// Xᵀ(softmax(XΘ) − Y)·`scale` for rows X `[n, d]` (f32 or f64), labels `[n]` (u32, each below C) and points
/// Θ `[W, d·C]`, in the points' shape; or `None` where no kernel makes it at once: on a device where kernels do
/// not [run](crate::runs), or where products are faster or a block has no room: for more than 20 columns W·C, for
/// more than 12 with more than 256 features, for more than 1024 features.
///
/// # Errors
/// If shapes, types or devices do not fit together.
///
/// ```
/// use candle_core::{Device, Tensor};
/// # fn main() -> candle_core::Result<()> {
/// let x = Tensor::new(&[[1f32], [3.0]], &Device::Cpu)?;
/// let labels = Tensor::new(&[0u32, 1], &Device::Cpu)?;
/// let points = Tensor::new(&[[0f32, 0.0]], &Device::Cpu)?;
/// let scratch = gpu::Scratch::default();
/// if let Some(gradients) = gpu::gradients(&x, &labels, &points, 2, 0.5, &scratch)? {
///     assert_eq!(gradients.to_vec2::<f32>()?, [[0.5, -0.5]]);
/// }
/// # Ok(())
/// # }
/// ```
pub fn gradients(
    x: &Tensor,
    labels: &Tensor,
    points: &Tensor,
    classes: usize,
    scale: f64,
    scratch: &Scratch,
) -> Result<Option<Tensor>> {
    let ((rows, features), (count, length)) = (x.dims2()?, points.dims2()?);
    if length != features * classes
        || labels.dims() != [rows]
        || labels.dtype() != DType::U32
        || points.dtype() != x.dtype()
    {
        bail!(
            "gradients of {x:?} with labels {labels:?} at points {points:?} of {classes} classes"
        );
    }
    if !runs(x.device(), x.dtype()) || rows * length * count == 0 {
        return Ok(None);
    }
    let limits = DeviceLimits::of(x.device())?;
    let shape = RegressionShape {
        rows,
        features,
        classes,
        points: count,
        element: x.dtype().size_in_bytes(),
    };
    let Some(work) = shape.divided(block_threads(x.device()).min(THREADS), limits) else {
        return Ok(None);
    };
    let kernel = Gradient {
        x: &x.contiguous()?,
        labels,
        points: &points.contiguous()?,
        classes,
        scale,
        work,
    };
    let out = room(&[count, length], x)?;
    if work.chunks == 1 {
        start(&kernel, &out)?;
        return Ok(Some(out));
    }
    let parts = scratch.room(&[work.chunks, count, length], x.dtype(), x.device())?;
    start(&kernel, &parts)?;
    start(&Sums { of: &parts }, &out)?;
    Ok(Some(out))
}

/// What is to be computed.
#[derive(Clone, Copy)]
struct RegressionShape {
    rows: usize,
    features: usize,
    classes: usize,
    points: usize,
    /// Bytes.
    element: usize,
}

/// How it is divided among blocks and threads.
#[derive(Clone, Copy)]
struct Work {
    threads: usize,
    columns: usize,
    slots: usize,
    tile: usize,
    stride: usize,
    /// Blocks.
    chunks: usize,
    shared_bytes: usize,
}

impl RegressionShape {
    fn divided(&self, threads: usize, limits: DeviceLimits) -> Option<Work> {
        let compiled = [NARROW, WIDE];
        let compiled = compiled
            .into_iter()
            .find(|c| c.slots * threads >= self.features)?;
        let mut columns = compiled.columns.iter().copied();
        let columns = columns.find(|&c| c >= self.points * self.classes)?;
        // Two blocks at once, of which one computes while the other reads; else one.
        let (tile, shared_bytes) = [limits.shared_each / 2, limits.shared]
            .into_iter()
            .find_map(|room| self.tile(compiled, threads, columns, room.min(limits.shared)))?;
        let at_once = (limits.shared_each / shared_bytes).clamp(1, BLOCKS_EACH);
        let chunks = (limits.multiprocessors * at_once).max(1);
        Some(Work {
            threads,
            columns,
            slots: compiled.slots,
            tile,
            stride: self.stride(compiled),
            chunks: chunks.min(self.rows.div_ceil(tile)),
            shared_bytes,
        })
    }

    /// How far rows of a tile lie apart, so that what a warp reads together meets different banks: one number of
    /// each row, or eight of each of four.
    fn stride(&self, compiled: Compiled) -> usize {
        match compiled.by_warps {
            true => (self.features + 23) / 32 * 32 + 8,
            false => self.features | 1,
        }
    }

    /// How many rows of a tile fit into so many bytes of shared memory, and what they take.
    fn tile(
        &self,
        compiled: Compiled,
        threads: usize,
        columns: usize,
        room: usize,
    ) -> Option<(usize, usize)> {
        let line = columns * self.element;
        let bytes = |tile: usize| {
            let rows = tile * self.stride(compiled) * self.element;
            let parts = match compiled.by_warps {
                true => threads / WARP * tile,
                false => threads,
            };
            (self.features + parts + tile) * line + rows + tile * size_of::<u32>()
        };
        let [most, least] = compiled.tile;
        let mut tile = most.min(threads);
        while bytes(tile) > room {
            tile /= 2;
            if tile < least {
                return None;
            }
        }
        Some((tile, bytes(tile)))
    }
}

struct Gradient<'a> {
    x: &'a Tensor,
    labels: &'a Tensor,
    points: &'a Tensor,
    classes: usize,
    scale: f64,
    work: Work,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct GradientArguments<T> {
    out: u64,
    x: u64,
    points: u64,
    labels: u64,
    rows: u64,
    features: u32,
    classes: u32,
    count: u32,
    tile: u32,
    stride: u32,
    per_feature: u64,
    per_class: u64,
    scale: T,
}

impl Kernel for Gradient<'_> {
    type Arguments<T: Copy> = GradientArguments<T>;

    const NAME: &'static str = "gradient";

    const MOSTLY_SHARED: bool = true;

    fn entry(&self) -> String {
        format!("gradient_{}_{}", self.work.columns, self.work.slots)
    }

    fn elements(&self) -> DType {
        self.x.dtype()
    }

    fn inputs(&self) -> Vec<&Tensor> {
        vec![self.x, self.points, self.labels]
    }

    fn grid(&self, _: usize) -> Grid {
        Grid {
            blocks: self.work.chunks,
            threads: self.work.threads,
            shared_bytes: self.work.shared_bytes,
        }
    }

    fn arguments<T: Number>(&self, written: Written, inputs: &[u64]) -> GradientArguments<T> {
        let (rows, features) = (self.x.dims()[0], self.x.dims()[1]);
        GradientArguments {
            out: written.address,
            x: inputs[0],
            points: inputs[1],
            labels: inputs[2],
            rows: rows as u64,
            features: features as u32,
            classes: self.classes as u32,
            count: self.points.dims()[0] as u32,
            tile: self.work.tile as u32,
            stride: self.work.stride as u32,
            per_feature: (1u64 << 32).div_ceil(features as u64),
            per_class: (1u64 << 32).div_ceil(self.classes as u64),
            scale: T::of(self.scale),
        }
    }
}

/// Sums over the first dimension.
struct Sums<'a> {
    /// `[terms, …]`
    of: &'a Tensor,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct SumsArguments {
    out: u64,
    of: u64,
    elements: u64,
    terms: u32,
}

impl Kernel for Sums<'_> {
    type Arguments<T: Copy> = SumsArguments;

    const NAME: &'static str = "gradient";

    fn entry(&self) -> String {
        "sums".into()
    }

    fn elements(&self) -> DType {
        self.of.dtype()
    }

    fn inputs(&self) -> Vec<&Tensor> {
        vec![self.of]
    }

    fn grid(&self, written: usize) -> Grid {
        let threads = block_threads(self.of.device());
        Grid {
            blocks: written.div_ceil(WARP),
            threads,
            shared_bytes: threads * self.of.dtype().size_in_bytes(),
        }
    }

    fn arguments<T: Number>(&self, written: Written, inputs: &[u64]) -> SumsArguments {
        SumsArguments {
            out: written.address,
            of: inputs[0],
            elements: written.elements as u64,
            terms: self.of.dims()[0] as u32,
        }
    }
}

/// Whether [`gradients`] makes on a device what the tensor library's operations do, to rounding.
pub(crate) fn gradients_agree(device: &Device, dtype: DType) -> Result<bool> {
    const ROWS: usize = 150;
    let number = |i: usize| ((i * 7919) % 1000) as f64 / 500.0 - 1.0;
    for (features, classes, points) in [(37, 2, 1), (37, 10, 2), (300, 10, 1)] {
        let tensor = |from: usize, rows: usize, columns: usize| {
            let numbers: Vec<f64> = (from..from + rows * columns).map(number).collect();
            Tensor::from_vec(numbers, (rows, columns), &Device::Cpu)?.to_dtype(dtype)
        };
        let x = tensor(0, ROWS, features)?;
        let thetas = tensor(31, points, features * classes)?;
        let labels: Vec<u32> = (0..ROWS).map(|i| (i % classes) as u32).collect();
        let labels = Tensor::from_vec(labels, ROWS, &Device::Cpu)?;
        let there = gradients(
            &x.to_device(device)?,
            &labels.to_device(device)?,
            &thetas.to_device(device)?,
            classes,
            0.5,
            &Scratch::default(),
        );
        let there = match there {
            Ok(None) => continue,
            Ok(Some(there)) => there.to_device(&Device::Cpu)?,
            Err(_) => return Ok(false),
        };
        for point in 0..points {
            let z = x.matmul(&thetas.get(point)?.reshape((features, classes))?)?;
            crate::residuals::plain(&z, &labels, classes, 0.5)?;
            let wanted = x.t()?.matmul(&z)?.flatten_all()?;
            let apart = (there.get(point)? - wanted)?.abs()?;
            let apart = apart.max(0)?.to_dtype(DType::F64)?.to_scalar::<f64>()?;
            // Not a number is not agreement.
            if apart.is_nan() || apart > 1e-3 {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
