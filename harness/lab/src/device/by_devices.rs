//! Ranks that say through others what is to be done, and gather tensors from device to device.

use optim::{DeviceRanks, Ranks};
use std::sync::Arc;

/// Ranks with something that carries tensors between their devices.
pub struct ByDevices<D> {
    /// Carry all that is no tensor.
    pub ranks: Arc<dyn Ranks>,
    /// Carries tensors.
    pub devices: D,
}

impl<D: DeviceRanks> Ranks for ByDevices<D> {
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
        Some(&self.devices)
    }
}
