//! Starting kernels on a GPU.

use crate::kernel::{Kernel, Number, Written, place};
use crate::open::DeviceLimits;
use candle_core::backend::{BackendDevice, BackendStorage};
use candle_core::cuda_backend::cudarc::driver::sys::CUfunction_attribute_enum as Of;
use candle_core::cuda_backend::cudarc::driver::{
    CudaFunction, CudaStream, DevicePtr, DevicePtrMut, DeviceRepr, LaunchConfig, PushKernelArg,
    SyncOnDrop,
};
use candle_core::cuda_backend::{CudaDType, CudaDevice, CudaStorage, DeviceId, WrapErr};
use candle_core::{DType, Device, Layout, Result, Shape, Storage, bail};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

mod kernels {
    #![allow(missing_docs)]
    include!(concat!(env!("OUT_DIR"), "/ptx.rs"));
}

/// A kernel's structure of arguments, passed by value.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Passed<A>(A);

// SAFETY: structures of numbers and addresses with C's layout, as the kernels declare them.
#[allow(unsafe_code)]
unsafe impl<A: Copy> DeviceRepr for Passed<A> {}

/// An address, and what tells other streams when it has been used.
type LaunchPlace<'a> = (u64, SyncOnDrop<'a>);

pub(crate) fn address<'a>(
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

pub(crate) fn address_mut<'a>(
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

/// The functions that were looked up, by device and name: looking one up again takes as long as starting it.
type Functions = RwLock<HashMap<(DeviceId, String), CudaFunction>>;

/// A kernel's function on a device, which may be given as much shared memory as the device has for a block.
fn function<K: Kernel>(device: &CudaDevice, name: &str, code: &str) -> Result<CudaFunction> {
    static KNOWN: OnceLock<Functions> = OnceLock::new();
    let known = KNOWN.get_or_init(Functions::default);
    let key = (device.id(), name.to_owned());
    let there = |known: &HashMap<_, CudaFunction>| known.get(&key).cloned();
    if let Some(function) = there(&known.read().unwrap_or_else(PoisonError::into_inner)) {
        return Ok(function);
    }
    let function = device
        .get_or_load_custom_func(name, K::NAME, code)?
        .into_cuda_function();
    let most = DeviceLimits::of(&Device::Cuda(device.clone()))?.shared;
    let dynamic = Of::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
    function.set_attribute(dynamic, most as i32).w()?;
    if K::MOSTLY_SHARED {
        let carveout = Of::CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT;
        function.set_attribute(carveout, 100).w()?;
    }
    let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
    known.insert(key, function.clone());
    Ok(function)
}

/// A storage for a kernel that writes all of it.
#[allow(unsafe_code)]
pub(crate) fn room(device: &CudaDevice, shape: &Shape, dtype: DType) -> Result<CudaStorage> {
    // SAFETY: nobody sees it before the kernel that is started on it has written every element.
    unsafe { device.alloc_uninit(shape, dtype) }
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
    let code = match K::NAME {
        "along" => kernels::ALONG,
        "arrange" => kernels::ARRANGE,
        "changes" => kernels::CHANGES,
        "differences" => kernels::DIFFERENCES,
        "gradient" => kernels::GRADIENT,
        "judge" => kernels::JUDGE,
        "middle" => kernels::MIDDLE,
        "normalise" => kernels::NORMALISE,
        "patches" => kernels::PATCHES,
        "push" => kernels::PUSH,
        "rectified" => kernels::RECTIFY,
        "residuals" => kernels::RESIDUALS,
        "steps" => kernels::STEPS,
        other => bail!("there is no kernel {other}"),
    };
    let name = format!("{}_{suffix}", kernel.entry());
    let function = function::<K>(&device, &name, code)?;
    let arguments = Passed(arguments);
    let mut builder = stream.launch_builder(&function);
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
