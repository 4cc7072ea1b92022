//! What one device has to know of another.

use candle_core::{Device, Result};

/// Lets a device begin what it is asked from now on only when another has done what that one was asked
/// until now. The host does not wait. Nothing where either is a CPU, which does at once what it is asked.
///
/// # Errors
/// If one of the devices is lost.
///
/// ```
/// use candle_core::Device;
/// gpu::after(&Device::Cpu, &Device::Cpu).unwrap();
/// ```
pub fn after(later: &Device, earlier: &Device) -> Result<()> {
    #[cfg(feature = "cuda")]
    {
        use candle_core::cuda_backend::WrapErr;
        if let (Device::Cuda(later), Device::Cuda(earlier)) = (later, earlier) {
            later.cuda_stream().join(&earlier.cuda_stream()).w()?;
        }
    }
    let _ = (later, earlier);
    Ok(())
}

/// Lets GPUs read and write one another's memory directly, where they can: without it a copy from one to
/// another goes through the host's. For devices that are no GPUs, or the same, nothing.
///
/// # Errors
/// If one of the devices is lost, or refuses.
///
/// ```
/// use candle_core::Device;
/// gpu::open_peers(&[Device::Cpu, Device::Cpu]).unwrap();
/// ```
pub fn open_peers(devices: &[Device]) -> Result<()> {
    #[cfg(feature = "cuda")]
    for of in devices {
        for other in devices {
            if let (Device::Cuda(of), Device::Cuda(other)) = (of, other) {
                let (of, other) = (of.cuda_stream(), other.cuda_stream());
                if of.context() != other.context() {
                    open_peer(of.context(), other.context())?;
                }
            }
        }
    }
    let _ = devices;
    Ok(())
}

/// Lets one GPU read and write another's memory, if it can.
#[cfg(feature = "cuda")]
#[allow(unsafe_code)]
fn open_peer(
    of: &candle_core::cuda_backend::cudarc::driver::CudaContext,
    other: &candle_core::cuda_backend::cudarc::driver::CudaContext,
) -> Result<()> {
    use candle_core::cuda_backend::WrapErr;
    use candle_core::cuda_backend::cudarc::driver::sys;
    let mut can = 0;
    // SAFETY: both devices are open, and `can` is written before this returns.
    unsafe { sys::cuDeviceCanAccessPeer(&raw mut can, of.cu_device(), other.cu_device()) }
        .result()
        .w()?;
    if can == 0 {
        return Ok(());
    }
    of.bind_to_thread().w()?;
    // SAFETY: both contexts are alive, and `of` is this thread's.
    match unsafe { sys::cuCtxEnablePeerAccess(other.cu_ctx(), 0) } {
        sys::CUresult::CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED => {}
        answer => answer.result().w()?,
    }
    // What is allocated in the order of a stream is in the device's pool, with rights of its own.
    let mut pool = std::ptr::null_mut();
    // SAFETY: `pool` is written before this returns.
    match unsafe { sys::cuDeviceGetDefaultMemPool(&raw mut pool, other.cu_device()) } {
        // Without pools the rights of the context are all there are.
        sys::CUresult::CUDA_ERROR_NOT_SUPPORTED => return Ok(()),
        answer => answer.result().w()?,
    }
    // CUmemAccessDesc, whose Rust form depends on the version of CUDA: a location (a device, of that
    // number), and that it may read and write.
    let rights: [i32; 3] = [1, of.ordinal() as i32, 3];
    // SAFETY: three numbers of 32 bits are what the driver reads of one description.
    unsafe { sys::cuMemPoolSetAccess(pool, rights.as_ptr().cast(), 1) }
        .result()
        .w()
}

/// For each pair of the first `count` GPUs whether the first can read the second's memory without the
/// host's; `None` without the feature `cuda`.
///
/// # Errors
/// If there is no driver, or fewer GPUs.
#[cfg(feature = "cuda")]
#[allow(unsafe_code)]
pub fn peers(count: usize) -> Result<Option<Vec<Vec<bool>>>> {
    use candle_core::cuda_backend::WrapErr;
    use candle_core::cuda_backend::cudarc::driver::{CudaContext, sys};
    let devices = (0..count)
        .map(|ordinal| Ok(CudaContext::new(ordinal).w()?.cu_device()))
        .collect::<Result<Vec<_>>>()?;
    let can = |of, other| {
        let mut answer = 0;
        // SAFETY: both devices are open, and `answer` is written before this returns.
        unsafe { sys::cuDeviceCanAccessPeer(&raw mut answer, of, other) }
            .result()
            .w()?;
        Ok(answer != 0)
    };
    devices
        .iter()
        .map(|&of| devices.iter().map(|&other| can(of, other)).collect())
        .collect::<Result<_>>()
        .map(Some)
}

/// The version of cuBLAS, which makes products on GPUs, as `13.0.2`; `None` without the feature `cuda`.
#[must_use]
#[allow(unsafe_code)]
pub fn cublas_version() -> Option<String> {
    #[cfg(feature = "cuda")]
    {
        use candle_core::cuda_backend::cudarc::cublas::sys::{
            cublasGetProperty, libraryPropertyType_t as Part,
        };
        let of = |part| {
            let mut value = 0;
            // SAFETY: `value` is written before this returns.
            let status = unsafe { cublasGetProperty(part, &raw mut value) };
            status.result().ok().map(|()| value)
        };
        let (major, minor, patch) = (
            of(Part::MAJOR_VERSION)?,
            of(Part::MINOR_VERSION)?,
            of(Part::PATCH_LEVEL)?,
        );
        Some(format!("{major}.{minor}.{patch}"))
    }
    #[cfg(not(feature = "cuda"))]
    None
}

/// The version of cuDNN, which makes convolutions on GPUs, as `9.21.0`; `None` without the feature `cudnn`:
/// then the tensor library's own kernels make them.
#[must_use]
pub fn cudnn_version() -> Option<String> {
    #[cfg(feature = "cudnn")]
    {
        let version = candle_core::cuda_backend::cudarc::cudnn::result::get_version();
        let (major, minor, patch) = (version / 10_000, version / 100 % 100, version % 100);
        Some(format!("{major}.{minor}.{patch}"))
    }
    #[cfg(not(feature = "cudnn"))]
    None
}

/// For each pair of the first `count` GPUs whether the first can read the second's memory without the
/// host's; `None` without the feature `cuda`.
///
/// # Errors
/// If there is no driver, or fewer GPUs.
#[cfg(not(feature = "cuda"))]
pub fn peers(_count: usize) -> Result<Option<Vec<Vec<bool>>>> {
    Ok(None)
}
