//! How tensors get from one device to another.

use crate::Result;
use candle_core::{Device, Tensor};

/// Copies rows `[U, D]` between the caller's device and a worker's.
pub(super) trait Exchange: Send + Sync {
    /// The rows on a device, for or from the worker of that number. Does not wait for the copy; the
    /// device does before it reads it.
    fn bring(&self, rows: &Tensor, worker: usize, to: &Device) -> Result<Tensor>;
}

/// Directly from device to device, where they can reach one another.
pub(super) struct PeerCopies;

impl Exchange for PeerCopies {
    fn bring(&self, rows: &Tensor, _worker: usize, to: &Device) -> Result<Tensor> {
        let from = rows.device();
        if from.same_device(to) {
            return Ok(rows.clone());
        }
        // All that lies behind a tensor is copied, not only the rows that it shows.
        let own = rows.force_contiguous()?;
        gpu::after(to, from)?;
        let there = own.to_device(to)?;
        // The rows may not be freed, and their memory used again, before they have been read.
        gpu::after(from, to)?;
        Ok(there)
    }
}
