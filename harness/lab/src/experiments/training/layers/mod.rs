//! Convolution and batch normalisation with their gradients in closed form, for CPUs.
//!
//! The tensor library's own are composed for GPUs: on a CPU a convolution with its gradients costs many
//! times the matrix products that it comes to, and batch normalisation is a dozen passes over memory
//! (`cargo bench -p bench --bench network`). On any other device the tensor library's own are used, but for the
//! gradient of a convolution.

mod composed;
mod convolution;
mod normalisation;
mod patches;
#[cfg(test)]
mod tests;

pub use convolution::convolve;
pub use normalisation::normalise;

use candle_core::{CpuStorage, DType, Layout, Result, Storage, Tensor, WithDType, bail};

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
