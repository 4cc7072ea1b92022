//! Starting kernels: on a GPU, or their emulation on the CPU.

use crate::kernel::{Kernel, WARP};
use candle_core::op::BackpropOp;
use candle_core::{
    CpuStorage, DType, Device, InplaceOp1, Layout, Result, Shape, Storage, Tensor, bail,
};

/// Whether kernels run on a device, for elements of a type.
#[must_use]
pub fn runs(device: &Device, dtype: DType) -> bool {
    let there = match device {
        Device::Cpu => cfg!(feature = "emulated"),
        Device::Cuda(_) => cfg!(feature = "cuda"),
        Device::Metal(_) => false,
    };
    there && matches!(dtype, DType::F32 | DType::F64)
}

/// Threads of a block that works alone, or in which threads have to wait for one another.
pub(crate) fn block_threads(device: &Device) -> usize {
    match device {
        // Emulated threads take their turns.
        Device::Cpu => 2 * WARP,
        _ => 1024,
    }
}

/// A tensor for a kernel that writes all of it, of another's type and on its device.
pub(crate) fn room(shape: &[usize], like: &Tensor) -> Result<Tensor> {
    room_for(shape, like.dtype(), like.device())
}

/// A tensor for a kernel that writes all of it. Where kernels are emulated it is no number until then.
#[allow(unsafe_code)]
pub(crate) fn room_for(shape: &[usize], dtype: DType, device: &Device) -> Result<Tensor> {
    match device {
        Device::Cpu => Tensor::full(f64::NAN, shape, device)?.to_dtype(dtype),
        // SAFETY: nobody sees it before the kernel that was started on it has written every element.
        _ => unsafe { Tensor::empty(shape, dtype, device) },
    }
}

/// Starts a kernel that writes a tensor; does not wait for it.
pub(crate) fn start<K: Kernel>(kernel: &K, write: &Tensor) -> Result<()> {
    check_inputs(kernel, write.device())?;
    write.inplace_op1(&LaunchStart(kernel))
}

fn check_inputs<K: Kernel>(kernel: &K, device: &Device) -> Result<()> {
    for input in kernel.inputs() {
        if !input.is_contiguous() || !input.device().same_device(device) {
            bail!(
                "{} needs contiguous tensors on one device, not {input:?}",
                K::NAME
            );
        }
    }
    Ok(())
}

/// A storage of a shape that a kernel has written: what a differentiable operation of the tensor library
/// answers with. The device is that of the kernel's first input.
pub(crate) fn storage<K: Kernel>(kernel: &K, shape: &Shape, dtype: DType) -> Result<Storage> {
    let Some(device) = kernel.inputs().first().map(|input| input.device().clone()) else {
        bail!("{} reads nothing", K::NAME);
    };
    check_inputs(kernel, &device)?;
    let layout = Layout::contiguous(shape);
    match &device {
        #[cfg(feature = "emulated")]
        Device::Cpu => {
            let nothing = vec![f64::NAN; shape.elem_count()];
            let mut storage = match dtype {
                DType::F32 => CpuStorage::F32(vec![f32::NAN; nothing.len()]),
                _ => CpuStorage::F64(nothing),
            };
            crate::emulated::start(kernel, &mut storage, &layout)?;
            Ok(Storage::Cpu(storage))
        }
        #[cfg(feature = "cuda")]
        Device::Cuda(cuda) => {
            let mut storage = crate::cuda::room(cuda, shape, dtype)?;
            crate::cuda::start(kernel, &mut storage, &layout)?;
            Ok(Storage::Cuda(storage))
        }
        other => bail!("{} is not for {other:?} ({layout:?}, {dtype:?})", K::NAME),
    }
}

/// A tensor of a shape that a kernel writes; does not wait for it.
pub(crate) fn tensor<K: Kernel>(kernel: &K, shape: &Shape, dtype: DType) -> Result<Tensor> {
    let storage = storage(kernel, shape, dtype)?;
    Ok(Tensor::from_storage(
        storage,
        shape.clone(),
        BackpropOp::none(),
        false,
    ))
}

struct LaunchStart<'a, K>(&'a K);

impl<K: Kernel> InplaceOp1 for LaunchStart<'_, K> {
    fn name(&self) -> &'static str {
        K::NAME
    }

    #[cfg(not(feature = "emulated"))]
    fn cpu_fwd(&self, _: &mut CpuStorage, _: &Layout) -> Result<()> {
        bail!("{} is not for the CPU", K::NAME)
    }

    #[cfg(feature = "emulated")]
    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        crate::emulated::start(self.0, storage, layout)
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, storage: &mut candle_core::CudaStorage, layout: &Layout) -> Result<()> {
        crate::cuda::start(self.0, storage, layout)
    }
}
