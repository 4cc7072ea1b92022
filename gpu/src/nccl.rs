//! Rows gathered from the GPUs of several processes, by NCCL.

use candle_core::{Device, Result, Tensor, bail};

/// What processes have to know alike before they [`join`](Nccl::join): made by one of them, told to the others.
pub type NcclId = [u8; 128];

/// GPUs of several processes that give one another rows of tensors without the hosts' memory in between, by NVIDIA's
/// collective communications library, `libnccl.so.2`, looked for when it is first asked for.
///
/// It takes no two of its processes on one GPU. What is asked for is begun in the order of the device's work; a process that
/// is lost meanwhile leaves the others' GPUs waiting.
///
/// ```
/// use candle_core::Device;
/// // A CPU is for none of it.
/// assert!(gpu::Nccl::join(&Device::Cpu, [0; 128], 0, 2).is_err());
/// ```
pub struct Nccl {
    #[cfg(all(feature = "cuda", target_os = "linux"))]
    joined: joined::JoinedGpus,
}

impl Nccl {
    /// Makes what the processes have to know.
    ///
    /// # Errors
    /// If the library is not to be had, or this was compiled without the feature `cuda`.
    pub fn id() -> Result<NcclId> {
        #[cfg(all(feature = "cuda", target_os = "linux"))]
        return joined::id();
        #[cfg(not(all(feature = "cuda", target_os = "linux")))]
        bail!("NCCL takes a program that was built with CUDA, under Linux");
    }

    /// Joins `count` processes as the one of this rank, with a GPU of its own. Waits for all of them.
    ///
    /// # Errors
    /// If the device is no GPU, another process has it too, or the library refuses.
    pub fn join(device: &Device, id: NcclId, rank: usize, count: usize) -> Result<Self> {
        #[cfg(all(feature = "cuda", target_os = "linux"))]
        if let Device::Cuda(cuda) = device {
            let joined = joined::JoinedGpus::new(cuda, id, (rank, count))?;
            return Ok(Self { joined });
        }
        let _ = (id, count);
        bail!("NCCL gathers from GPUs, and rank {rank} computes on {device:?}")
    }

    /// Gathers the rows of every process, `[rows, D]` each, as many everywhere, in the order of their ranks:
    /// `[count·rows, D]`, on this process's device. All processes call this in the same order.
    ///
    /// # Errors
    /// If the tensor is not contiguous or on another device, or the library fails.
    pub fn gathered(&self, own: &Tensor) -> Result<Tensor> {
        #[cfg(all(feature = "cuda", target_os = "linux"))]
        return own.apply_op1_no_bwd(&self.joined);
        #[cfg(not(all(feature = "cuda", target_os = "linux")))]
        bail!("{own:?} on no GPU");
    }
}

#[cfg(all(feature = "cuda", target_os = "linux"))]
mod joined {
    use super::NcclId;
    use crate::cuda::{address, address_mut, room};
    use crate::forward;
    use crate::kernel::place;
    use candle_core::backend::BackendStorage;
    use candle_core::cuda_backend::{CudaDevice, CudaStorage, WrapErr};
    use candle_core::{CpuStorage, CustomOp1, Error, Layout, Result, Shape, bail};
    use libloading::Library;
    use std::ffi::{CStr, c_char, c_int, c_void};
    use std::sync::{Mutex, OnceLock, PoisonError};

    /// ncclUniqueId, passed by value.
    #[derive(Clone, Copy)]
    #[repr(C)]
    struct UniqueId([u8; 128]);

    /// ncclUint8: what is gathered is bytes.
    const BYTES: c_int = 1;

    /// The functions of `nccl.h` that are called.
    struct NcclFunctions {
        error: unsafe extern "C" fn(c_int) -> *const c_char,
        id: unsafe extern "C" fn(*mut UniqueId) -> c_int,
        init: unsafe extern "C" fn(*mut *mut c_void, c_int, UniqueId, c_int) -> c_int,
        all_gather: AllGather,
        abort: unsafe extern "C" fn(*mut c_void) -> c_int,
    }

    type AllGather = unsafe extern "C" fn(
        from: *const c_void,
        to: *mut c_void,
        count: usize,
        of: c_int,
        communicator: *mut c_void,
        stream: *mut c_void,
    ) -> c_int;

    impl NcclFunctions {
        /// Those of the library, which stays until the program ends.
        fn get() -> Result<&'static Self> {
            static FOUND: OnceLock<std::result::Result<NcclFunctions, String>> = OnceLock::new();
            let found = FOUND.get_or_init(|| {
                let library = forward::open(&["libnccl.so.2", "libnccl.so"])?;
                let functions = Self::of(&library).map_err(|error| error.to_string());
                std::mem::forget(library);
                functions
            });
            found
                .as_ref()
                .map_err(|why| Error::Msg(format!("NCCL is not to be had: {why}")))
        }

        #[allow(unsafe_code)]
        fn of(library: &Library) -> std::result::Result<Self, libloading::Error> {
            // SAFETY: these are the functions' types in nccl.h, alike in all versions of the library's second.
            unsafe {
                Ok(Self {
                    error: *library.get(b"ncclGetErrorString\0")?,
                    id: *library.get(b"ncclGetUniqueId\0")?,
                    init: *library.get(b"ncclCommInitRank\0")?,
                    all_gather: *library.get(b"ncclAllGather\0")?,
                    abort: *library.get(b"ncclCommAbort\0")?,
                })
            }
        }

        /// What the library answered, as an error if it is one.
        #[allow(unsafe_code)]
        fn check(&self, what: &str, answer: c_int) -> Result<()> {
            if answer == 0 {
                return Ok(());
            }
            // SAFETY: answers a constant text for any number.
            let text = unsafe { (self.error)(answer) };
            let text = match text.is_null() {
                true => "no reason".into(),
                // SAFETY: it is a text that ends with a zero, and is never freed.
                false => unsafe { CStr::from_ptr(text) }.to_string_lossy(),
            };
            bail!("NCCL, {what}: {text} ({answer})")
        }
    }

    /// See [`super::Nccl::id`].
    #[allow(unsafe_code)]
    pub(super) fn id() -> Result<NcclId> {
        let functions = NcclFunctions::get()?;
        let mut id = UniqueId([0; 128]);
        // SAFETY: it is written before this returns.
        functions.check("making an id", unsafe { (functions.id)(&raw mut id) })?;
        Ok(id.0)
    }

    /// ncclComm_t, which one thread may use at a time.
    struct Communicator(*mut c_void);

    // SAFETY: it belongs to no thread; that one uses it at a time the lock about it sees to.
    #[allow(unsafe_code)]
    unsafe impl Send for Communicator {}

    /// This process among the others.
    pub(super) struct JoinedGpus {
        functions: &'static NcclFunctions,
        communicator: Mutex<Communicator>,
        device: CudaDevice,
        count: usize,
    }

    impl JoinedGpus {
        #[allow(unsafe_code)]
        pub(super) fn new(
            device: &CudaDevice,
            id: NcclId,
            (rank, count): (usize, usize),
        ) -> Result<Self> {
            let functions = NcclFunctions::get()?;
            let (Ok(number), Ok(of)) = (c_int::try_from(rank), c_int::try_from(count)) else {
                bail!("rank {rank} of {count} are more than NCCL counts");
            };
            device.cuda_stream().context().bind_to_thread().w()?;
            let mut communicator = std::ptr::null_mut();
            // SAFETY: it is written before this returns; the device is this thread's.
            let answer =
                unsafe { (functions.init)(&raw mut communicator, of, UniqueId(id), number) };
            functions.check(&format!("joining as rank {rank} of {count}"), answer)?;
            Ok(Self {
                functions,
                communicator: Mutex::new(Communicator(communicator)),
                device: device.clone(),
                count,
            })
        }
    }

    impl Drop for JoinedGpus {
        #[allow(unsafe_code)]
        fn drop(&mut self) {
            let communicator = self.communicator.get_mut();
            let communicator = communicator.unwrap_or_else(PoisonError::into_inner);
            // SAFETY: nobody uses it any more. It waits for no other process.
            unsafe { (self.functions.abort)(communicator.0) };
        }
    }

    impl CustomOp1 for JoinedGpus {
        fn name(&self) -> &'static str {
            "nccl-gathered"
        }

        fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
            bail!("NCCL gathers from GPUs, and these rows are in the host's memory")
        }

        #[allow(unsafe_code)]
        fn cuda_fwd(&self, own: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
            if own.device().id() != self.device.id() {
                bail!("NCCL was joined with another device than that of these rows");
            }
            let place = place(layout)?;
            let mut dims = layout.dims().to_vec();
            let Some(rows) = dims.first_mut() else {
                bail!("a number has no rows to gather");
            };
            *rows *= self.count;
            let (shape, bytes) = (Shape::from(dims), place.len() * own.dtype().size_in_bytes());
            let mut all = room(&self.device, &shape, own.dtype())?;
            if bytes > 0 {
                let stream = self.device.cuda_stream();
                let (from, _read) = address(own, place.start, &stream)?;
                let (to, _written) = address_mut(&mut all, 0, &stream)?;
                let communicator = self.communicator.lock();
                let communicator = communicator.unwrap_or_else(PoisonError::into_inner);
                stream.context().bind_to_thread().w()?;
                // SAFETY: both places are the stream's, as many bytes as are said and as all processes have, until
                // what was begun in its order is done.
                let answer = unsafe {
                    (self.functions.all_gather)(
                        from as *const c_void,
                        to as *mut c_void,
                        bytes,
                        BYTES,
                        communicator.0,
                        stream.cu_stream().cast(),
                    )
                };
                self.functions.check("gathering rows", answer)?;
            }
            Ok((all, shape))
        }
    }
}
