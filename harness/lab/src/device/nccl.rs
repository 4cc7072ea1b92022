//! Ranks whose GPUs give one another their gradients by NCCL.

use anyhow::{Context, Result};
use candle_core::{Device, Tensor};
use gpu::Nccl;
use optim::{DeviceRanks, Ranks};
use std::sync::Arc;

/// Ranks that say through others what is to be done, and gather tensors from GPU to GPU. Compiled, and run where
/// threads stand in for ranks and the CPU for GPUs; it has not been timed on GPUs yet.
pub struct NcclRanks {
    ranks: Arc<dyn Ranks>,
    nccl: Nccl,
}

impl NcclRanks {
    /// Joins the GPUs of all ranks, each on one of its own. Waits for all.
    ///
    /// # Errors
    /// If NCCL is not to be had, or two ranks have one GPU.
    pub fn join(ranks: Arc<dyn Ranks>, device: &Device) -> Result<Self> {
        let id = match ranks.rank() {
            0 => Nccl::id()?.to_vec(),
            _ => Vec::new(),
        };
        let id = ranks.broadcast(&id)?.try_into();
        let id = id.ok().context("rank 0 told no id of NCCL")?;
        let nccl = Nccl::join(device, id, ranks.rank(), ranks.count())?;
        Ok(Self { ranks, nccl })
    }
}

impl Ranks for NcclRanks {
    fn rank(&self) -> usize {
        self.ranks.rank()
    }

    fn count(&self) -> usize {
        self.ranks.count()
    }

    fn all_gather(&self, own: &[u8], all: &mut [u8]) -> optim::Result<()> {
        self.ranks.all_gather(own, all)
    }

    fn broadcast(&self, message: &[u8]) -> optim::Result<Vec<u8>> {
        self.ranks.broadcast(message)
    }

    fn on_devices(&self) -> Option<&dyn DeviceRanks> {
        Some(self)
    }
}

impl DeviceRanks for NcclRanks {
    fn all_gather(&self, own: &Tensor) -> optim::Result<Tensor> {
        Ok(self.nccl.gathered(own)?)
    }
}
