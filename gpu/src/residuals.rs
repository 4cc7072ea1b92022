//! What a logistic regression's gradient needs between its two products.

use crate::kernel::{Grid, Kernel, Number, WARP, Written, place};
use crate::launch::{runs, start};
use crate::open::SHARED;
use candle_core::{CpuStorage, DType, Device, InplaceOp2, Layout, Result, Tensor, WithDType, bail};

/// Threads of a block, at most.
const THREADS: usize = 256;

/// C, at most: what fits into a multiprocessor's shared memory for a warp of f64.
pub const MOST_CLASSES: usize = 191;

/// (softmax(z) − e_y)·`scale` in place, for logits `[n, W·C]` (f32 or f64) of W points side by side and
/// labels y `[n]` (u32, each below C).
///
/// # Errors
/// If the shapes, types or devices do not fit together, the logits are not contiguous, or there are more
/// classes than [`MOST_CLASSES`].
///
/// ```
/// use candle_core::{Device, Tensor};
/// # fn main() -> candle_core::Result<()> {
/// let z = Tensor::new(&[[0f64, 0.0], [3.0, 3.0]], &Device::Cpu)?;
/// let labels = Tensor::new(&[0u32, 1], &Device::Cpu)?;
/// gpu::residuals(&z, &labels, 2, 0.5)?;
/// assert_eq!(z.to_vec2::<f64>()?, [[-0.25, 0.25], [0.25, -0.25]]);
/// # Ok(())
/// # }
/// ```
pub fn residuals(z: &Tensor, labels: &Tensor, classes: usize, scale: f64) -> Result<()> {
    let (rows, columns) = z.dims2()?;
    if classes == 0 || classes > MOST_CLASSES || !columns.is_multiple_of(classes) {
        bail!(
            "residuals of {classes} classes in {columns} columns (at most {MOST_CLASSES} classes)"
        );
    }
    if labels.dims() != [rows] || labels.dtype() != DType::U32 {
        bail!("residuals of {rows} rows need as many labels in u32, not {labels:?}");
    }
    if rows == 0 || columns == 0 {
        return Ok(());
    }
    if !runs(z.device(), z.dtype()) {
        return plain(z, labels, classes, scale);
    }
    let kernel = Residuals {
        labels,
        classes,
        scale,
        elements: z.dtype(),
    };
    start(&kernel, z)
}

/// Whether [`residuals`] and [`gradients`](crate::gradients()) compute on a device what the CPU does, to
/// rounding: on small problems, in some milliseconds. A driver that misreads a kernel is so found out before it is used.
///
/// # Errors
/// If the device fails. A kernel that cannot be started there does not agree.
///
/// ```
/// use candle_core::{DType, Device};
/// assert!(gpu::agrees(&Device::Cpu, DType::F32).unwrap());
/// ```
pub fn agrees(device: &Device, dtype: DType) -> Result<bool> {
    const ROWS: usize = 300;
    const CLASSES: usize = 7;
    let z = |i: usize| ((i * 7919) % 1000) as f64 / 50.0 - 10.0;
    let z: Vec<f64> = (0..ROWS * 3 * CLASSES).map(z).collect();
    let z = Tensor::from_vec(z, (ROWS, 3 * CLASSES), &Device::Cpu)?.to_dtype(dtype)?;
    let labels: Vec<u32> = (0..ROWS).map(|i| (i % CLASSES) as u32).collect();
    let labels = Tensor::from_vec(labels, ROWS, &Device::Cpu)?;
    let there = z.to_device(device)?.copy()?;
    plain(&z, &labels, CLASSES, 0.5)?;
    if residuals(&there, &labels.to_device(device)?, CLASSES, 0.5).is_err() {
        return Ok(false);
    }
    let apart = (there.to_device(&Device::Cpu)? - z)?.abs()?;
    let apart = apart.flatten_all()?.max(0)?.to_dtype(DType::F64)?;
    // Not a number is not agreement.
    Ok(apart.to_scalar::<f64>()? <= 1e-6 && crate::gradient::gradients_agree(device, dtype)?)
}

/// [`residuals`] by plain loops, of logits on the CPU.
pub(crate) fn plain(z: &Tensor, labels: &Tensor, classes: usize, scale: f64) -> Result<()> {
    z.inplace_op2(labels, &Plain { classes, scale })
}

/// The operation, as the tensor library's: on the CPU.
struct Plain {
    classes: usize,
    scale: f64,
}

impl InplaceOp2 for Plain {
    fn name(&self) -> &'static str {
        "residuals"
    }

    fn cpu_fwd(
        &self,
        z: &mut CpuStorage,
        z_layout: &Layout,
        labels: &CpuStorage,
        labels_layout: &Layout,
    ) -> Result<()> {
        let labels = &labels.as_slice::<u32>()?[place(labels_layout)?];
        let own = place(z_layout)?;
        match z {
            CpuStorage::F32(z) => self.on_host(&mut z[own], labels, |x: f32| x.exp()),
            CpuStorage::F64(z) => self.on_host(&mut z[own], labels, |x: f64| x.exp()),
            _ => bail!("residuals of logits that are neither f32 nor f64"),
        }
        Ok(())
    }
}

impl Plain {
    fn on_host<T>(&self, z: &mut [T], labels: &[u32], exp: impl Fn(T) -> T)
    where
        T: WithDType + std::ops::SubAssign + std::ops::MulAssign,
    {
        let points = z.len() / self.classes / labels.len();
        let scale = T::from_f64(self.scale);
        for (pair, z) in z.chunks_exact_mut(self.classes).enumerate() {
            let top = z
                .iter()
                .copied()
                .fold(z[0], |top, z| if z > top { z } else { top });
            let mut sum = T::zero();
            for z in z.iter_mut() {
                *z = exp(*z - top);
                sum += *z;
            }
            let factor = scale / sum;
            for z in z.iter_mut() {
                *z *= factor;
            }
            z[labels[pair / points] as usize] -= scale;
        }
    }
}

/// The operation as a kernel.
struct Residuals<'a> {
    labels: &'a Tensor,
    classes: usize,
    scale: f64,
    elements: DType,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Arguments<T> {
    z: u64,
    labels: u64,
    pairs: u64,
    points: u32,
    classes: u32,
    scale: T,
}

impl Kernel for Residuals<'_> {
    type Arguments<T: Copy> = Arguments<T>;

    const NAME: &'static str = "residuals";

    fn elements(&self) -> DType {
        self.elements
    }

    fn inputs(&self) -> Vec<&Tensor> {
        vec![self.labels]
    }

    /// Blocks of as many pairs as fit into shared memory, in whole warps.
    fn grid(&self, written: usize) -> Grid {
        let each = (self.classes | 1) * self.elements.size_in_bytes();
        let threads = (SHARED / each / WARP * WARP).clamp(WARP, THREADS);
        Grid {
            blocks: (written / self.classes).div_ceil(threads),
            threads,
            shared_bytes: threads * each,
        }
    }

    fn arguments<T: Number>(&self, written: Written, inputs: &[u64]) -> Arguments<T> {
        let pairs = written.elements / self.classes;
        Arguments {
            z: written.address,
            labels: inputs[0],
            pairs: pairs as u64,
            points: (pairs / self.labels.elem_count()) as u32,
            classes: self.classes as u32,
            scale: T::of(self.scale),
        }
    }
}
