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

/// For each pair of the first `count` GPUs whether the first can read the second's memory without the
/// host's; `None` without the feature `cuda`.
///
/// # Errors
/// If there is no driver, or fewer GPUs.
#[cfg(not(feature = "cuda"))]
pub fn peers(_count: usize) -> Result<Option<Vec<Vec<bool>>>> {
    Ok(None)
}
