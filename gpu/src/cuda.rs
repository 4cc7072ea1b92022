//! Starting kernels on a GPU.

use crate::kernels;
use crate::launch::{Kernel, Number, Written, place};
use candle_core::backend::BackendStorage;
use candle_core::cuda_backend::cudarc::driver::{
    CudaStream, DevicePtr, DevicePtrMut, DeviceRepr, LaunchConfig, PushKernelArg, SyncOnDrop,
};
use candle_core::cuda_backend::{CudaDType, CudaStorage, WrapErr};
use candle_core::{DType, Layout, Result, Storage, bail};
use std::sync::Arc;

/// A kernel's structure of arguments, passed by value.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Passed<A>(A);

// SAFETY: structures of numbers and addresses with C's layout, as the kernels declare them.
#[allow(unsafe_code)]
unsafe impl<A: Copy> DeviceRepr for Passed<A> {}

/// An address, and what tells other streams when it has been used.
type LaunchPlace<'a> = (u64, SyncOnDrop<'a>);

fn address<'a>(
    storage: &'a CudaStorage,
    from: usize,
    stream: &'a Arc<CudaStream>,
) -> Result<LaunchPlace<'a>> {
    fn of<'a, T: CudaDType + 'a>(
        storage: &'a CudaStorage,
        from: usize,
        stream: &'a Arc<CudaStream>,
    ) -> Result<LaunchPlace<'a>> {
        let (address, used) = storage.as_cuda_slice::<T>()?.device_ptr(stream);
        Ok((address + (from * size_of::<T>()) as u64, used))
    }
    match storage.dtype() {
        DType::F32 => of::<f32>(storage, from, stream),
        DType::F64 => of::<f64>(storage, from, stream),
        DType::U32 => of::<u32>(storage, from, stream),
        other => bail!("kernels take f32, f64 and u32, not {other:?}"),
    }
}

fn address_mut<'a>(
    storage: &'a mut CudaStorage,
    from: usize,
    stream: &'a Arc<CudaStream>,
) -> Result<LaunchPlace<'a>> {
    fn of<'a, T: CudaDType + 'a>(
        storage: &'a mut CudaStorage,
        from: usize,
        stream: &'a Arc<CudaStream>,
    ) -> Result<LaunchPlace<'a>> {
        let (address, used) = storage.as_cuda_slice_mut::<T>()?.device_ptr_mut(stream);
        Ok((address + (from * size_of::<T>()) as u64, used))
    }
    match storage.dtype() {
        DType::F32 => of::<f32>(storage, from, stream),
        DType::F64 => of::<f64>(storage, from, stream),
        other => bail!("kernels write f32 and f64, not {other:?}"),
    }
}

/// Starts a kernel on the stream of the storage's device.
pub(crate) fn start<K: Kernel>(
    kernel: &K,
    storage: &mut CudaStorage,
    layout: &Layout,
) -> Result<()> {
    match kernel.elements() {
        DType::F32 => launch::<K, f32>(kernel, "f32", storage, layout),
        DType::F64 => launch::<K, f64>(kernel, "f64", storage, layout),
        other => bail!("{} is not for {other:?}", K::NAME),
    }
}

#[allow(unsafe_code)]
fn launch<K: Kernel, T: Number>(
    kernel: &K,
    suffix: &str,
    storage: &mut CudaStorage,
    layout: &Layout,
) -> Result<()> {
    let device = storage.device().clone();
    let stream = device.cuda_stream();
    let own = place(layout)?;
    let tensors = kernel.inputs();
    let guards: Vec<_> = tensors.iter().map(|t| t.storage_and_layout()).collect();
    let mut places = Vec::with_capacity(guards.len());
    for (input, layout) in &guards {
        let Storage::Cuda(input) = &**input else {
            bail!("{} reads from another device", K::NAME);
        };
        places.push(address(input, place(layout)?.start, &stream)?);
    }
    let inputs: Vec<u64> = places.iter().map(|(address, _)| *address).collect();
    let grid = kernel.grid(own.len());
    let (address, written) = address_mut(storage, own.start, &stream)?;
    let arguments = kernel.arguments::<T>(
        Written {
            address,
            elements: own.len(),
        },
        &inputs,
    );
    let name = format!("{}_{suffix}", K::NAME);
    let code = match K::NAME {
        "changes" => kernels::CHANGES,
        "judge" => kernels::JUDGE,
        "middle" => kernels::MIDDLE,
        "residuals" => kernels::RESIDUALS,
        "steps" => kernels::STEPS,
        other => bail!("there is no kernel {other}"),
    };
    let function = device.get_or_load_custom_func(&name, K::NAME, code)?;
    let arguments = Passed(arguments);
    let mut builder = function.builder();
    builder.arg(&arguments);
    let config = LaunchConfig {
        grid_dim: (grid.blocks as u32, 1, 1),
        block_dim: (grid.threads as u32, 1, 1),
        shared_mem_bytes: grid.shared_bytes as u32,
    };
    // SAFETY: the arguments have the layout of the kernel's structure of that name, and point to tensors
    // of the sizes they state. Their storages are locked until the launch is in its stream, and freed
    // only in the order of streams.
    unsafe { builder.launch(config) }.w()?;
    drop((places, written));
    Ok(())
}
