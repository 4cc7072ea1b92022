//! Where runs are after so many gradients.

use super::scene::Worth;
use serde::{Deserialize, Serialize};

/// Where a run is after so many gradients.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
pub struct Record {
    /// Outer iterations so far.
    pub iterations: u64,
    /// Gradients so far.
    pub gradients: u64,
    /// Seconds so far, without evaluation.
    pub wall_s: f64,
    /// What the point is worth.
    pub worth: Worth,
}
