//! CUDA kernels for what would take the tensor library several passes over memory, as operations of
//! that library. Each can be done on a CPU too, plainly, so that whoever uses it is tested without a GPU.

#[cfg(feature = "cuda")]
mod launch;
mod residuals;

pub use residuals::{MOST_CLASSES, agrees, residuals};

#[cfg(feature = "cuda")]
mod kernels {
    #![allow(missing_docs)]
    include!(concat!(env!("OUT_DIR"), "/ptx.rs"));
}
