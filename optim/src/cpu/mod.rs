//! What loops over numbers on a CPU share.

mod ahead;
pub(crate) mod aligned;
pub(crate) mod dense;
mod peak;
pub(crate) mod real;
pub(crate) mod sections;
mod sums;
pub(crate) mod tiles;

pub use peak::multiply_adds;
