//! What loops over numbers on a CPU share.

pub(crate) mod aligned;
mod peak;
pub(crate) mod real;

pub use peak::multiply_adds;
