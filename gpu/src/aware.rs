//! Rows gathered from GPUs by an MPI that reads and writes their memory by itself: one that is *CUDA-aware*.

use candle_core::{Result, Tensor, bail};
use mpi::Count;
use mpi::datatype::{
    AsDatatype, Buffer, BufferMut, Collection, Pointer, PointerMut, SystemDatatype,
};
use std::ffi::{c_int, c_void};
use std::marker::PhantomData;

/// GPUs of several ranks that give one another rows of tensors by an MPI that takes addresses of their memory.
///
/// Rows are copied to memory that is kept for it, and from there: it is the kind that processes of a host can lend to one
/// another, which that of tensors, given out in the order of a device's work, is not.
pub struct MpiGather {
    rank: usize,
    count: usize,
    #[cfg(feature = "cuda")]
    kept: std::sync::Mutex<Option<on_gpu::PlainMemory>>,
}

/// Numbers in a GPU's memory that MPI may read.
pub struct DeviceNumbers<'a>(NumbersAt, PhantomData<&'a [u8]>);

/// Numbers in a GPU's memory that MPI may write.
pub struct DeviceNumbersMut<'a>(NumbersAt, PhantomData<&'a mut [u8]>);

/// An address on a device, and how many numbers are there.
struct NumbersAt {
    address: u64,
    count: Count,
    datatype: SystemDatatype,
}

impl MpiGather {
    /// Makes the one of this rank, of `count`; `None` if there is no such rank, or the MPI that this program runs with does
    /// not say of itself that it takes addresses of GPUs' memory. Open MPI and MPICH do where they were built to; the
    /// fourth Open MPI does so even where that was switched off, and then follows them as if they were the host's.
    #[must_use]
    pub fn of(rank: usize, count: usize) -> Option<Self> {
        (rank < count && mpi_is_cuda_aware()).then(|| Self {
            rank,
            count,
            #[cfg(feature = "cuda")]
            kept: std::sync::Mutex::default(),
        })
    }

    /// Gathers the rows of every rank, `[rows, D]` each, as many everywhere, in the order of their ranks: `[count·rows, D]`, on
    /// this rank's device. `exchange` has MPI send its first argument to every other rank, and receive from each that is
    /// named in the second what is to be written beside its number; it returns when all of that is done.
    ///
    /// # Errors
    /// If the rows are no contiguous numbers of f32 or f64 on a GPU, or more than MPI counts, or `exchange` fails.
    pub fn gathered(
        &self,
        own: &Tensor,
        exchange: impl Fn(DeviceNumbers<'_>, Vec<(usize, DeviceNumbersMut<'_>)>) -> Result<()>,
    ) -> Result<Tensor> {
        #[cfg(feature = "cuda")]
        if own.device().is_cuda() {
            return own.apply_op1_no_bwd(&on_gpu::MpiGathered { by: self, exchange });
        }
        let _ = exchange;
        bail!(
            "rank {} of {} gathers from GPUs, and these rows are on {:?}",
            self.rank,
            self.count,
            own.device()
        )
    }
}

/// Whether the MPI that this program was linked with says so.
fn mpi_is_cuda_aware() -> bool {
    type CudaSupport = unsafe extern "C" fn() -> c_int;
    #[cfg(unix)]
    #[allow(unsafe_code)]
    // SAFETY: this is the function's type in mpi-ext.h of Open MPI and mpi_proto.h of MPICH; it only answers.
    unsafe {
        let program = libloading::os::unix::Library::this();
        let query = program.get::<CudaSupport>(b"MPIX_Query_cuda_support\0");
        query.is_ok_and(|query| query() == 1)
    }
    #[cfg(not(unix))]
    false
}

macro_rules! as_mpi_takes_them {
    ($numbers:ident) => {
        // SAFETY: so many numbers of this type are at the address, which an MPI that is CUDA-aware follows, and nobody else;
        // there are none without such an MPI. They are borrowed as long as this is.
        #[allow(unsafe_code)]
        unsafe impl Collection for $numbers<'_> {
            fn count(&self) -> Count {
                self.0.count
            }
        }

        // SAFETY: as above.
        #[allow(unsafe_code)]
        unsafe impl AsDatatype for $numbers<'_> {
            type Out = SystemDatatype;

            fn as_datatype(&self) -> SystemDatatype {
                self.0.datatype
            }
        }
    };
}

as_mpi_takes_them!(DeviceNumbers);
as_mpi_takes_them!(DeviceNumbersMut);

// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Pointer for DeviceNumbers<'_> {
    fn pointer(&self) -> *const c_void {
        self.0.address as *const c_void
    }
}

// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl PointerMut for DeviceNumbersMut<'_> {
    fn pointer_mut(&mut self) -> *mut c_void {
        self.0.address as *mut c_void
    }
}

// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Buffer for DeviceNumbers<'_> {}

// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl BufferMut for DeviceNumbersMut<'_> {}

#[cfg(feature = "cuda")]
mod on_gpu {
    use super::*;
    use crate::cuda::{address, address_mut, room};
    use crate::kernel::place;
    use candle_core::backend::{BackendDevice, BackendStorage};
    use candle_core::cuda_backend::cudarc::driver::result;
    use candle_core::cuda_backend::{CudaDevice, CudaStorage, WrapErr};
    use candle_core::{CpuStorage, CustomOp1, DType, Layout, Shape};
    use mpi::datatype::Equivalence;
    use std::sync::PoisonError;

    /// Memory of a GPU that is given out at once, not in the order of its work.
    pub(super) struct PlainMemory {
        address: u64,
        bytes: usize,
        device: CudaDevice,
    }

    impl PlainMemory {
        /// At least so many bytes; what is kept, if it has as many.
        #[allow(unsafe_code)]
        fn of<'a>(
            kept: &'a mut Option<Self>,
            device: &CudaDevice,
            bytes: usize,
        ) -> Result<&'a Self> {
            let fits = |kept: &Self| kept.bytes >= bytes && kept.device.same_device(device);
            if !kept.as_ref().is_some_and(fits) {
                *kept = None;
                // SAFETY: all of it is written before it is read; the thread has the device's context.
                let address = unsafe { result::malloc_sync(bytes) }.w()?;
                *kept = Some(Self {
                    address,
                    bytes,
                    device: device.clone(),
                });
            }
            match kept {
                Some(kept) => Ok(kept),
                None => bail!("no memory to gather rows in"),
            }
        }
    }

    impl Drop for PlainMemory {
        #[allow(unsafe_code)]
        fn drop(&mut self) {
            let stream = self.device.cuda_stream();
            if stream.context().bind_to_thread().is_ok() && stream.synchronize().is_ok() {
                // SAFETY: it was given out by this device, and what was asked of it is done. A device that fails keeps it.
                unsafe { result::free_sync(self.address) }.ok();
            }
        }
    }

    pub(super) struct MpiGathered<'a, F> {
        pub by: &'a MpiGather,
        pub exchange: F,
    }

    impl<F> CustomOp1 for MpiGathered<'_, F>
    where
        F: Fn(DeviceNumbers<'_>, Vec<(usize, DeviceNumbersMut<'_>)>) -> Result<()>,
    {
        fn name(&self) -> &'static str {
            "mpi-gathered"
        }

        fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
            bail!("MPI gathers from GPUs, and these rows are in the host's memory")
        }

        #[allow(unsafe_code)]
        fn cuda_fwd(&self, own: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
            let MpiGather { rank, count, kept } = self.by;
            let place = place(layout)?;
            let mut dims = layout.dims().to_vec();
            let Some(rows) = dims.first_mut() else {
                bail!("a number has no rows to gather");
            };
            *rows *= count;
            let datatype = match own.dtype() {
                DType::F32 => f32::equivalent_datatype(),
                DType::F64 => f64::equivalent_datatype(),
                other => bail!("numbers of {} are not gathered", other.as_str()),
            };
            let Ok(numbers) = Count::try_from(place.len()) else {
                bail!("{} numbers are more than MPI counts", place.len());
            };
            let shape = Shape::from(dims);
            let mut all = room(own.device(), &shape, own.dtype())?;
            let bytes = place.len() * own.dtype().size_in_bytes();
            if bytes > 0 {
                let stream = own.device().cuda_stream();
                stream.context().bind_to_thread().w()?;
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let memory = PlainMemory::of(&mut kept, own.device(), bytes * count)?;
                let part = |rank: usize| NumbersAt {
                    address: memory.address + (rank * bytes) as u64,
                    count: numbers,
                    datatype,
                };
                let (from, _read) = address(own, place.start, &stream)?;
                let here = part(*rank);
                // SAFETY: so many bytes are at either place, until what was asked of the stream is done.
                unsafe { result::memcpy_dtod_async(here.address, from, bytes, stream.cu_stream()) }
                    .w()?;
                // MPI knows nothing of the stream: what it reads is to be there, and what it writes not in use.
                stream.synchronize().w()?;
                let others = (0..*count).filter(|other| other != rank);
                let others =
                    others.map(|other| (other, DeviceNumbersMut(part(other), PhantomData)));
                (self.exchange)(DeviceNumbers(here, PhantomData), others.collect())?;
                let (to, _written) = address_mut(&mut all, 0, &stream)?;
                // SAFETY: as above. What is written next into this memory waits for the stream first.
                unsafe {
                    result::memcpy_dtod_async(to, memory.address, bytes * count, stream.cu_stream())
                }
                .w()?;
            }
            Ok((all, shape))
        }
    }
}
