//! Ranks whose GPUs give one another their gradients by NCCL.

use super::by_devices::ByDevices;
use anyhow::{Context, Result};
use candle_core::{Device, Tensor};
use gpu::Nccl;
use optim::{DeviceRanks, Ranks};
use std::sync::Arc;

/// Gathers tensors from GPU to GPU. Compiled, and run where threads stand in for ranks and the CPU for GPUs; it has not
/// been timed on GPUs yet.
pub struct NcclRanks(Nccl);

impl NcclRanks {
    /// Joins the GPUs of all ranks, each on one of its own. Waits for all.
    ///
    /// # Errors
    /// If NCCL is not to be had, or two ranks have one GPU.
    pub fn join(ranks: Arc<dyn Ranks>, device: &Device) -> Result<ByDevices<Self>> {
        let id = match ranks.rank() {
            0 => Nccl::id()?.to_vec(),
            _ => Vec::new(),
        };
        let id = ranks.broadcast(&id)?.try_into();
        let id = id.ok().context("rank 0 told no id of NCCL")?;
        let nccl = Nccl::join(device, id, ranks.rank(), ranks.count())?;
        Ok(ByDevices {
            ranks,
            devices: Self(nccl),
        })
    }
}

impl DeviceRanks for NcclRanks {
    fn all_gather(&self, own: &Tensor) -> optim::Result<Tensor> {
        Ok(self.0.gathered(own)?)
    }
}
