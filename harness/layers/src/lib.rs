//! Convolution, batch normalisation and rectified units with their gradients in closed form.
//!
//! The tensor library's own are of many operations each: on a CPU a convolution with its gradients costs many
//! times the matrix products that it comes to, and batch normalisation is a dozen passes over memory
//! (`cargo bench -p bench --bench network`); on a GPU every operation is a launch, and some of their kernels make
//! each number by itself from memory. Here are loops for CPUs; for GPUs there are kernels in `gpu`. Where
//! neither runs the tensor library's own are used.

mod convolution;
mod normalisation;
mod patches;
mod rectified;
#[cfg(test)]
mod tests;

pub use convolution::convolve;
pub use normalisation::normalise;
pub use rectified::{rectify, rectify_sum};

use candle_core::{CpuStorage, DType, Layout, Result, Storage, Tensor, WithDType, bail};

/// Whether the kernels for GPUs compute on a tensor.
fn on_gpu(tensor: &Tensor) -> bool {
    tensor.device().is_cuda() && gpu::runs(tensor.device(), tensor.dtype())
}

/// Whether what is here computes on a tensor.
fn here(tensor: &Tensor) -> bool {
    tensor.device().is_cpu() && matches!(tensor.dtype(), DType::F32 | DType::F64)
}

/// The numbers of a contiguous array.
fn slice<'a, T: WithDType>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [T]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("a contiguous array is wanted")
    };
    Ok(&T::cpu_storage_as_slice(storage)?[start..end])
}

/// Does something with the numbers of a contiguous tensor on the CPU.
fn with_slice<T: WithDType, R>(
    tensor: &Tensor,
    action: impl FnOnce(&[T]) -> Result<R>,
) -> Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => action(slice(storage, layout)?),
        _ => bail!("a tensor on the CPU is wanted"),
    }
}
