//! Rows gathered from GPUs by an MPI that reads and writes their memory by itself: one that is *CUDA-aware*.

use candle_core::{Result, Tensor, bail};
use mpi::Count;
use mpi::datatype::{
    AsDatatype, Buffer, BufferMut, Collection, Equivalence, Pointer, PointerMut, SystemDatatype,
};
use std::ffi::{c_int, c_void};
use std::marker::PhantomData;

/// Says whether the MPI that this program runs with takes addresses of GPUs' memory, by what it says itself. Open MPI and
/// MPICH do; of others, and of programs that were linked without any, the answer is no.
#[must_use]
pub fn mpi_is_cuda_aware() -> bool {
    type Query = unsafe extern "C" fn() -> c_int;
    #[cfg(unix)]
    #[allow(unsafe_code)]
    // SAFETY: this is the function's type in mpi-ext.h of Open MPI and mpi_proto.h of MPICH; it only answers.
    unsafe {
        let program = libloading::os::unix::Library::this();
        let query = program.get::<Query>(b"MPIX_Query_cuda_support\0");
        query.is_ok_and(|query| query() == 1)
    }
    #[cfg(not(unix))]
    false
}

/// Numbers in a GPU's memory that MPI may read.
pub struct DeviceNumbers<'a>(Numbers, PhantomData<&'a [u8]>);

/// Numbers in a GPU's memory that MPI may write.
pub struct DeviceNumbersMut<'a>(Numbers, PhantomData<&'a mut [u8]>);

struct Numbers {
    address: u64,
    count: Count,
    datatype: SystemDatatype,
}

macro_rules! as_mpi_takes_them {
    ($numbers:ident) => {
        // SAFETY: an address on the device, which is MPI's alone to follow, of so many numbers of this type; they are
        // borrowed as long as this is.
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

/// Gathers the rows of every rank, `[rows, D]` each, as many everywhere, in their order: `[count·rows, D]`, on this rank's
/// GPU. `gather` has the MPI do it, and is done when that is; the GPU has computed the rows by then.
///
/// An MPI that is not CUDA-aware follows these addresses as if they were the host's, and ends the program:
/// [`mpi_is_cuda_aware`].
///
/// # Errors
/// If the rows are not on a GPU, or are more than MPI counts, or `gather` fails.
pub fn gathered_by_mpi(
    own: &Tensor,
    count: usize,
    gather: impl Fn(DeviceNumbers<'_>, DeviceNumbersMut<'_>) -> Result<()>,
) -> Result<Tensor> {
    #[cfg(feature = "cuda")]
    if own.device().is_cuda() {
        return own.apply_op1_no_bwd(&on_gpu::Gathered { count, gather });
    }
    let _ = (count, gather);
    bail!(
        "MPI gathers from GPUs, and these rows are on {:?}",
        own.device()
    )
}

#[cfg(feature = "cuda")]
mod on_gpu {
    use super::*;
    use crate::cuda::{address, address_mut, room};
    use crate::kernel::place;
    use candle_core::backend::BackendStorage;
    use candle_core::cuda_backend::{CudaStorage, WrapErr};
    use candle_core::{CpuStorage, CustomOp1, DType, Layout, Shape};

    pub(super) struct Gathered<F> {
        pub count: usize,
        pub gather: F,
    }

    impl<F: Fn(DeviceNumbers<'_>, DeviceNumbersMut<'_>) -> Result<()>> CustomOp1 for Gathered<F> {
        fn name(&self) -> &'static str {
            "mpi-gathered"
        }

        fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
            bail!("MPI gathers from GPUs, and these rows are in the host's memory")
        }

        fn cuda_fwd(&self, own: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
            let place = place(layout)?;
            let mut dims = layout.dims().to_vec();
            let Some(rows) = dims.first_mut() else {
                bail!("a number has no rows to gather");
            };
            *rows *= self.count;
            let datatype = match own.dtype() {
                DType::F32 => f32::equivalent_datatype(),
                DType::F64 => f64::equivalent_datatype(),
                other => bail!("numbers of {} are not gathered", other.as_str()),
            };
            let shape = Shape::from(dims);
            let mut all = room(own.device(), &shape, own.dtype())?;
            if !place.is_empty() {
                let stream = own.device().cuda_stream();
                let of = |count: usize, address: u64| match Count::try_from(count) {
                    Ok(count) => Ok(Numbers {
                        address,
                        count,
                        datatype,
                    }),
                    Err(_) => bail!("{count} numbers are more than MPI counts"),
                };
                let (from, _read) = address(own, place.start, &stream)?;
                let (to, _written) = address_mut(&mut all, 0, &stream)?;
                // MPI knows nothing of the stream: what it reads is to be there, and it asks the thread's device.
                stream.context().bind_to_thread().w()?;
                stream.synchronize().w()?;
                (self.gather)(
                    DeviceNumbers(of(place.len(), from)?, PhantomData),
                    DeviceNumbersMut(of(shape.elem_count(), to)?, PhantomData),
                )?;
            }
            Ok((all, shape))
        }
    }
}
