//! Opening GPUs.

#[cfg(feature = "cuda")]
use candle_core::cuda_backend::cudarc::driver::sys::{self, CUmemPool_attribute as Attribute};
#[cfg(feature = "cuda")]
use candle_core::cuda_backend::{CudaDevice, WrapErr};
use candle_core::{Device, Result};
use std::io::Write;

/// The variable that says whether tests may go without a GPU.
const TESTS: &str = "GPU_TESTS";

/// Opens a GPU by its number, as CUDA counts, with a stream of its own.
///
/// Each call makes another device: tensors of two do not mix, even on one GPU, so that several workers may
/// share it. Memory that was freed is kept for the next allocation, and nothing orders the work of two
/// devices by itself: what one reads of another stands between two calls of [`after`](crate::after()).
///
/// # Errors
/// If there is no such GPU, or this was compiled without the feature `cuda`.
///
/// ```
/// if let Ok(device) = gpu::open(0) {
///     assert!(device.is_cuda());
/// }
/// ```
pub fn open(ordinal: usize) -> Result<Device> {
    let device = Device::new_cuda_with_stream(ordinal)?;
    #[cfg(feature = "cuda")]
    if let Device::Cuda(cuda) = &device {
        prepare(cuda)?;
    }
    Ok(device)
}

/// Says which of CUDA's libraries this program looked for when it started and did not find, and why. Without them
/// it is a program for the CPU.
///
/// ```
/// for why in gpu::absent_libraries() {
///     println!("{why}");
/// }
/// ```
#[must_use]
pub fn absent_libraries() -> &'static [String] {
    #[cfg(all(feature = "cuda", target_os = "linux"))]
    let absent = crate::forward::absent();
    #[cfg(not(all(feature = "cuda", target_os = "linux")))]
    let absent = &[];
    absent
}

/// Lets the calling thread work on a GPU: to be called first in a thread of one's own. The tensor library does
/// it by itself only where it allocates, and a kernel may be looked up before. Nothing on a CPU.
///
/// # Errors
/// If the device is lost.
///
/// ```
/// gpu::enter(&candle_core::Device::Cpu).unwrap();
/// ```
pub fn enter(device: &Device) -> Result<()> {
    #[cfg(feature = "cuda")]
    if let Device::Cuda(cuda) = device {
        cuda.cuda_stream().context().bind_to_thread().w()?;
    }
    let _ = device;
    Ok(())
}

/// Returns what tests run on: the CPU, and the first GPU where there is one.
///
/// # Panics
/// If there is none though the environment's `GPU_TESTS` is `required`: a test that went without its GPU
/// would say that it passed.
///
/// ```
/// assert!(gpu::devices_to_test()[0].is_cpu());
/// ```
#[must_use]
pub fn devices_to_test() -> Vec<Device> {
    let mut devices = vec![Device::Cpu];
    match open(0) {
        Ok(device) => devices.push(device),
        Err(error) => {
            let required = std::env::var_os(TESTS).is_some_and(|value| value == "required");
            assert!(
                !required,
                "{TESTS}=required, and there is no GPU to test on: {error}"
            );
            // Not eprintln!, which the test runner keeps to itself when a test passes.
            let reason = error.to_string();
            let reason = reason.lines().next().unwrap_or_default();
            writeln!(std::io::stderr(), "no GPU, on the CPU alone: {reason}").ok();
        }
    }
    devices
}

/// Returns how many bytes of a GPU's memory can still be had: what nobody holds, and what this process holds
/// and does not use; `None` for what is no GPU.
///
/// # Errors
/// If the device is lost.
///
/// ```
/// assert_eq!(gpu::free_bytes(&candle_core::Device::Cpu).unwrap(), None);
/// ```
pub fn free_bytes(device: &Device) -> Result<Option<u64>> {
    #[cfg(feature = "cuda")]
    if let Device::Cuda(cuda) = device {
        let (free, _) = cuda.cuda_stream().context().mem_get_info().w()?;
        return Ok(Some(free as u64 + unused_bytes(cuda)?));
    }
    let _ = device;
    Ok(None)
}

/// Shared memory that every GPU gives a block without being asked specially, in bytes.
pub(crate) const SHARED: usize = 48 << 10;

/// What a device has of what kernels share out among themselves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeviceLimits {
    pub multiprocessors: usize,
    /// Bytes of shared memory that a block may have.
    pub shared: usize,
    /// Bytes of shared memory that a multiprocessor has for all of its blocks.
    pub shared_each: usize,
}

impl DeviceLimits {
    /// Those of a GPU; of a CPU, which emulates one, few, so that blocks have to share work.
    pub fn of(device: &Device) -> Result<Self> {
        #[cfg(feature = "cuda")]
        if let Device::Cuda(cuda) = device {
            use sys::CUdevice_attribute as Of;
            let stream = cuda.cuda_stream();
            let of = |attribute| -> Result<usize> {
                let value = stream.context().attribute(attribute).w()?;
                Ok(usize::try_from(value).unwrap_or_default())
            };
            let reserved = of(Of::CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK)?;
            let each = of(Of::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR)?;
            return Ok(Self {
                multiprocessors: of(Of::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?,
                shared: of(Of::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)?,
                shared_each: each.saturating_sub(2 * reserved),
            });
        }
        let _ = device;
        Ok(Self {
            multiprocessors: 2,
            shared: SHARED,
            shared_each: SHARED,
        })
    }
}

/// Keeps freed memory, and leaves the order between streams to [`after`](crate::after()).
#[cfg(feature = "cuda")]
#[allow(unsafe_code)]
fn prepare(device: &CudaDevice) -> Result<()> {
    // Otherwise two events are made, recorded and waited for in each operation, though they order nothing
    // between devices: what the tensor library writes is not marked as written.
    // SAFETY: a tensor is used on another device's stream only between two calls of `after`, which also
    // keep it from being freed while it is read.
    unsafe { device.disable_event_tracking() };
    // Otherwise the pool gives all that is free back to the driver whenever the host waits.
    let Some(pool) = pool(device)? else {
        return Ok(());
    };
    let mut kept = u64::MAX;
    // SAFETY: the pool is the device's, and this attribute is one number of 64 bits.
    unsafe {
        sys::cuMemPoolSetAttribute(
            pool,
            Attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD,
            (&raw mut kept).cast(),
        )
    }
    .result()
    .w()
}

/// What the device's pool holds and no tensor uses.
#[cfg(feature = "cuda")]
#[allow(unsafe_code)]
fn unused_bytes(device: &CudaDevice) -> Result<u64> {
    let Some(pool) = pool(device)? else {
        return Ok(0);
    };
    let current = |attribute| {
        let mut bytes = 0u64;
        // SAFETY: the pool is the device's, and both attributes are one number of 64 bits.
        unsafe { sys::cuMemPoolGetAttribute(pool, attribute, (&raw mut bytes).cast()) }
            .result()
            .w()?;
        Ok(bytes)
    };
    let held: Result<u64> = current(Attribute::CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT);
    Ok(held?.saturating_sub(current(Attribute::CU_MEMPOOL_ATTR_USED_MEM_CURRENT)?))
}

/// Where the device's memory comes from, if it has such pools.
#[cfg(feature = "cuda")]
#[allow(unsafe_code)]
fn pool(device: &CudaDevice) -> Result<Option<sys::CUmemoryPool>> {
    let mut pool = std::ptr::null_mut();
    let stream = device.cuda_stream();
    // SAFETY: the device is open, and `pool` is written before this returns.
    match unsafe { sys::cuDeviceGetDefaultMemPool(&raw mut pool, stream.context().cu_device()) } {
        sys::CUresult::CUDA_ERROR_NOT_SUPPORTED => Ok(None),
        answer => answer.result().w().map(|()| Some(pool)),
    }
}
