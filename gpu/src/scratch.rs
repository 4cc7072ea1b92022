//! Memory for what one kernel leaves for the next.

use crate::launch::room_for;
use candle_core::{DType, Device, Result, Tensor};
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keeps memory of kernels' intermediate results from one call to the next, so that none is allocated anew.
///
/// A device does one thing after the other, so what is given back may be written again by whatever is asked of
/// the device next. Clones share what they keep. On a CPU nothing is kept.
///
/// ```
/// use candle_core::{DType, Device, Tensor};
/// let device = Device::Cpu;
/// let scratch = gpu::Scratch::default();
/// let points = Tensor::ones((2, 3), DType::F64, &device)?;
/// if gpu::runs(&device, DType::F64) {
///     let changes = gpu::changes(&points, &points, &scratch)?;
///     assert_eq!(changes.dims(), [3, 2]);
/// }
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Scratch(Arc<Mutex<Vec<Tensor>>>);

/// How many tensors are kept, at most.
const MOST: usize = 8;

impl Scratch {
    /// A tensor for a kernel that writes all of it.
    pub(crate) fn room(&self, shape: &[usize], dtype: DType, device: &Device) -> Result<Lent> {
        let elements = shape.iter().product();
        let whole = match self.fitting(elements, dtype, device) {
            Some(whole) => whole,
            // A GPU has no memory of no bytes to give.
            None => room_for(&[elements.max(1)], dtype, device)?,
        };
        Ok(Lent {
            tensor: whole.narrow(0, 0, elements)?.reshape(shape)?,
            whole,
            scratch: self.clone(),
        })
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Tensor>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The smallest that has so many elements.
    fn fitting(&self, elements: usize, dtype: DType, device: &Device) -> Option<Tensor> {
        let mut kept = self.kept();
        let fits = |tensor: &Tensor| {
            tensor.elem_count() >= elements
                && tensor.dtype() == dtype
                && tensor.device().same_device(device)
        };
        let all = kept.iter().enumerate().filter(|(_, tensor)| fits(tensor));
        let (place, _) = all.min_by_key(|(_, tensor)| tensor.elem_count())?;
        Some(kept.swap_remove(place))
    }
}

/// A tensor in memory that goes back to a [`Scratch`] when this is dropped: nobody may keep a clone of it.
pub struct Lent {
    tensor: Tensor,
    /// `[elements, or more]`.
    whole: Tensor,
    scratch: Scratch,
}

impl Lent {
    /// The first of its rows alone, in the same memory.
    pub(crate) fn first(mut self) -> Result<Self> {
        self.tensor = self.tensor.get(0)?;
        Ok(self)
    }
}

impl Deref for Lent {
    type Target = Tensor;

    fn deref(&self) -> &Tensor {
        &self.tensor
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.whole.device().is_cpu() {
            return;
        }
        let mut kept = self.scratch.kept();
        kept.push(self.whole.clone());
        if kept.len() > MOST {
            let all = kept.iter().enumerate();
            if let Some((smallest, _)) = all.min_by_key(|(_, tensor)| tensor.elem_count()) {
                kept.swap_remove(smallest);
            }
        }
    }
}
