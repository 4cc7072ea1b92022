//! Numbers on their way between a device's memory and the host's.

use candle_core::{DType, Device, Result, Shape, Tensor, bail};

/// Takes the numbers of tensors to the host, as bytes, and back.
///
/// Those of a GPU go through memory of the host that is *pinned*: the GPU reads and writes it by itself, where the driver
/// copies from and to other memory once more. It is kept for the next time, as it takes long to get; where the driver has
/// none to give, numbers go without it.
///
/// ```
/// use candle_core::{DType, Device, Tensor};
/// let staging = gpu::Staging::default();
/// let rows = Tensor::new(&[[1f32, 2.0], [3.0, 4.0]], &Device::Cpu)?;
/// let bytes = staging.bytes(&rows)?;
/// assert_eq!(bytes.len(), 16);
/// let again = staging.tensor((2, 2), DType::F32, &Device::Cpu, |all| all.copy_from_slice(&bytes))?;
/// assert_eq!(again.to_vec2::<f32>()?, rows.to_vec2::<f32>()?);
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Default)]
pub struct Staging {
    #[cfg(feature = "cuda")]
    pinned: std::sync::Mutex<Option<pinned::PinnedBytes>>,
}

impl Staging {
    /// Returns the numbers of a tensor of f32 or f64 as bytes, row by row. Waits for the device.
    ///
    /// # Errors
    /// If it is of another type, or the device fails.
    pub fn bytes(&self, tensor: &Tensor) -> Result<Vec<u8>> {
        check(tensor.dtype())?;
        let flat = tensor.flatten_all()?.contiguous()?;
        #[cfg(feature = "cuda")]
        if let Device::Cuda(device) = flat.device() {
            let bytes = flat.elem_count() * flat.dtype().size_in_bytes();
            let mut kept = self.kept();
            if let Some(pinned) = pinned::of(&mut kept, device, bytes) {
                return pinned::forget_failing(pinned.downloaded(&flat), &mut kept);
            }
        }
        Ok(match flat.dtype() {
            DType::F32 => bytemuck::cast_slice(&flat.to_vec1::<f32>()?).to_vec(),
            _ => bytemuck::cast_slice(&flat.to_vec1::<f64>()?).to_vec(),
        })
    }

    /// Makes a tensor of f32 or f64 of the bytes of its numbers, row by row, all of which `fill` has to write.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    pub fn tensor(
        &self,
        shape: impl Into<Shape>,
        dtype: DType,
        device: &Device,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Tensor> {
        check(dtype)?;
        let shape = shape.into();
        let count = shape.elem_count();
        #[cfg(feature = "cuda")]
        if let Device::Cuda(cuda) = device {
            let bytes = count * dtype.size_in_bytes();
            let mut kept = self.kept();
            if let Some(pinned) = pinned::of(&mut kept, cuda, bytes) {
                return pinned::forget_failing(
                    pinned.uploaded(shape, dtype, device, fill),
                    &mut kept,
                );
            }
        }
        match dtype {
            DType::F32 => {
                let mut numbers = vec![0f32; count];
                fill(bytemuck::cast_slice_mut(&mut numbers));
                Tensor::from_vec(numbers, shape, device)
            }
            _ => {
                let mut numbers = vec![0f64; count];
                fill(bytemuck::cast_slice_mut(&mut numbers));
                Tensor::from_vec(numbers, shape, device)
            }
        }
    }

    #[cfg(feature = "cuda")]
    fn kept(&self) -> std::sync::MutexGuard<'_, Option<pinned::PinnedBytes>> {
        let kept = self.pinned.lock();
        kept.unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn check(dtype: DType) -> Result<()> {
    match dtype {
        DType::F32 | DType::F64 => Ok(()),
        other => bail!(
            "numbers of {} are not taken to the host and back",
            other.as_str()
        ),
    }
}

#[cfg(feature = "cuda")]
mod pinned {
    use crate::kernel::place;
    use crate::launch::room_for;
    use bytemuck::Pod;
    use candle_core::backend::{BackendDevice, BackendStorage};
    use candle_core::cuda_backend::cudarc::driver::{CudaStream, DeviceRepr, PinnedHostSlice};
    use candle_core::cuda_backend::{CudaDType, CudaDevice, CudaStorage, WrapErr};
    use candle_core::{
        CpuStorage, DType, Device, InplaceOp1, Layout, Result, Shape, Storage, Tensor, bail,
    };
    use std::sync::Arc;

    /// So many bytes of the host, pinned for a device. Nothing that the device was asked for is still to read or write
    /// them whenever they are lent: each copy is waited for, and after one that failed they are given up.
    pub(super) struct PinnedBytes {
        bytes: PinnedHostSlice<u8>,
        stream: Arc<CudaStream>,
        device: CudaDevice,
    }

    /// Memory for at least so many bytes; `None` if the driver has none.
    pub(super) fn of<'a>(
        kept: &'a mut Option<PinnedBytes>,
        device: &CudaDevice,
        bytes: usize,
    ) -> Option<&'a mut PinnedBytes> {
        let fits =
            |kept: &PinnedBytes| kept.bytes.len() >= bytes && kept.device.same_device(device);
        if !kept.as_ref().is_some_and(fits) {
            *kept = None;
            *kept = PinnedBytes::new(device, bytes).ok();
        }
        kept.as_mut()
    }

    /// Gives the memory up where a copy failed, as nobody knows whether the device is done with it.
    pub(super) fn forget_failing<T>(
        answer: Result<T>,
        kept: &mut Option<PinnedBytes>,
    ) -> Result<T> {
        if answer.is_err() {
            std::mem::forget(kept.take());
        }
        answer
    }

    impl PinnedBytes {
        #[allow(unsafe_code)]
        fn new(device: &CudaDevice, bytes: usize) -> Result<Self> {
            let stream = device.cuda_stream();
            // Not combined writes, as the library would have it by itself: the host reads this memory, too.
            let context = stream.context();
            // SAFETY: it is written before anybody reads it.
            let bytes = unsafe { context.alloc_pinned_with_flags::<u8>(bytes.max(1), 0) };
            let mut bytes = bytes.w()?;
            bytes.as_mut_slice().w()?.fill(0);
            Ok(Self {
                bytes,
                stream,
                device: device.clone(),
            })
        }

        /// The bytes of a flat, contiguous tensor.
        pub(super) fn downloaded(&mut self, flat: &Tensor) -> Result<Vec<u8>> {
            let (storage, layout) = flat.storage_and_layout();
            let Storage::Cuda(storage) = &*storage else {
                bail!("these numbers are in the host's memory already");
            };
            match flat.dtype() {
                DType::F32 => self.download::<f32>(storage, layout),
                _ => self.download::<f64>(storage, layout),
            }
        }

        fn download<T: CudaDType + DeviceRepr + Pod>(
            &mut self,
            storage: &CudaStorage,
            layout: &Layout,
        ) -> Result<Vec<u8>> {
            let numbers = storage.as_cuda_slice::<T>()?.slice(place(layout)?);
            let bytes = numbers.len() * size_of::<T>();
            let host = &mut self.bytes.as_mut_slice().w()?[..bytes];
            let copied = match host.is_empty() {
                true => Ok(()),
                false => self.stream.memcpy_dtoh(&numbers, aligned::<T>(host)?).w(),
            };
            self.stream.synchronize().w()?;
            copied?;
            Ok(host.to_vec())
        }

        /// A tensor of bytes that are written to the pinned memory first.
        pub(super) fn uploaded(
            &mut self,
            shape: Shape,
            dtype: DType,
            device: &Device,
            fill: impl FnOnce(&mut [u8]),
        ) -> Result<Tensor> {
            let host = &mut self.bytes.as_mut_slice().w()?;
            let host = &mut host[..shape.elem_count() * dtype.size_in_bytes()];
            fill(host);
            if host.is_empty() {
                return Tensor::zeros(shape, dtype, device);
            }
            let tensor = room_for(shape.dims(), dtype, device)?;
            let copied = tensor.inplace_op1(&Upload(host));
            self.stream.synchronize().w()?;
            copied?;
            Ok(tensor)
        }
    }

    /// The same bytes as numbers: pinned memory begins at a page.
    fn aligned<T: Pod>(bytes: &mut [u8]) -> Result<&mut [T]> {
        match bytemuck::try_cast_slice_mut(bytes) {
            Ok(numbers) => Ok(numbers),
            Err(why) => bail!("pinned memory: {why}"),
        }
    }

    /// Writes a tensor's numbers from the host's memory.
    struct Upload<'a>(&'a [u8]);

    impl Upload<'_> {
        fn to<T: CudaDType + DeviceRepr + Pod>(
            &self,
            storage: &mut CudaStorage,
            layout: &Layout,
        ) -> Result<()> {
            let numbers: &[T] = match bytemuck::try_cast_slice(self.0) {
                Ok(numbers) => numbers,
                Err(why) => bail!("pinned memory: {why}"),
            };
            let stream = storage.device.cuda_stream();
            let slice = storage.as_cuda_slice_mut::<T>()?;
            let mut to = slice.slice_mut(place(layout)?);
            stream.memcpy_htod(numbers, &mut to).w()
        }
    }

    impl InplaceOp1 for Upload<'_> {
        fn name(&self) -> &'static str {
            "upload"
        }

        fn cpu_fwd(&self, _: &mut CpuStorage, _: &Layout) -> Result<()> {
            bail!("these numbers are in the host's memory already")
        }

        fn cuda_fwd(&self, storage: &mut CudaStorage, layout: &Layout) -> Result<()> {
            match storage.dtype() {
                DType::F64 => self.to::<f64>(storage, layout),
                _ => self.to::<f32>(storage, layout),
            }
        }
    }
}
