//! Starting the kernels.

use crate::kernels;
use crate::residuals::{Residuals, contiguous};
use candle_core::backend::BackendStorage;
use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::driver::{
    DeviceRepr, LaunchConfig, PushKernelArg, ValidAsZeroBits,
};
use candle_core::cuda_backend::{CudaDType, CudaStorage};
use candle_core::{DType, Layout, Result, bail};

/// Shared memory that every GPU gives a block without being asked specially, in bytes.
const SHARED: usize = 48 << 10;

/// Threads of a block, at most.
const THREADS: usize = 256;

/// Threads of a warp.
const WARP: usize = 32;

pub(crate) fn residuals(
    op: &Residuals,
    z: &mut CudaStorage,
    z_layout: &Layout,
    labels: &CudaStorage,
    labels_layout: &Layout,
) -> Result<()> {
    match z.dtype() {
        DType::F32 => of::<f32>("residuals_f32", op, z, z_layout, labels, labels_layout),
        DType::F64 => of::<f64>("residuals_f64", op, z, z_layout, labels, labels_layout),
        _ => bail!("residuals of logits that are neither f32 nor f64"),
    }
}

/// Pairs of a block, and the shared memory they take: as many as fit, in whole warps.
fn block<T>(classes: usize) -> (usize, usize) {
    let each = (classes | 1) * size_of::<T>();
    let threads = (SHARED / each / WARP * WARP).clamp(WARP, THREADS);
    (threads, threads * each)
}

#[allow(unsafe_code)]
fn of<T>(
    name: &str,
    op: &Residuals,
    z: &mut CudaStorage,
    z_layout: &Layout,
    labels: &CudaStorage,
    labels_layout: &Layout,
) -> Result<()>
where
    T: CudaDType + DeviceRepr + ValidAsZeroBits + candle_core::WithDType,
{
    let (own, rows) = (contiguous(z_layout)?, contiguous(labels_layout)?);
    let pairs = own.len() / op.classes;
    let points = (pairs / rows.len()) as u32;
    let (classes, scale) = (op.classes as u32, T::from_f64(op.scale));
    let (threads, shared) = block::<T>(op.classes);
    let device = z.device().clone();
    let kernel = device.get_or_load_custom_func(name, "residuals", kernels::RESIDUALS)?;
    let labels = labels.as_cuda_slice::<u32>()?.slice(rows);
    let mut z = z.as_cuda_slice_mut::<T>()?.slice_mut(own);
    let mut launch = kernel.builder();
    launch
        .arg(&mut z)
        .arg(&labels)
        .arg(&pairs)
        .arg(&points)
        .arg(&classes)
        .arg(&scale);
    let config = LaunchConfig {
        grid_dim: (pairs.div_ceil(threads) as u32, 1, 1),
        block_dim: (threads as u32, 1, 1),
        shared_mem_bytes: shared as u32,
    };
    // SAFETY: the arguments are those of the kernel, in its order and types. It writes z[0 .. pairs·C],
    // which is all of the slice, and reads labels[0 .. pairs/points], which is all of theirs; labels below
    // C are the caller's promise, checked where the problem is made. Shared memory is for `threads` pairs.
    unsafe { launch.launch(config) }.w()?;
    Ok(())
}
