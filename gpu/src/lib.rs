//! CUDA kernels for what the tensor library would take many passes or many launches for, as operations on
//! its tensors.
//!
//! Each is compared with the same computed plainly. With the feature `emulated` the kernels' own sources
//! run on the CPU, thread by thread, so that they are tested where there is no GPU.

// Its snippets are compiled and run as tests.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
// Without either there is nothing to start a kernel on.
#![cfg_attr(not(any(feature = "cuda", feature = "emulated")), allow(dead_code))]

mod along;
mod arrange;
#[cfg(feature = "mpi")]
mod aware;
mod changes;
mod convolution;
#[cfg(feature = "cuda")]
mod cuda;
mod differences;
#[cfg(feature = "emulated")]
mod emulated;
#[cfg(all(feature = "cuda", target_os = "linux"))]
mod forward;
mod gradient;
mod judge;
mod kernel;
mod largest;
mod launch;
mod middle;
mod nccl;
mod normalisation;
mod open;
mod operation;
mod order;
mod push;
mod rectified;
mod residuals;
mod scratch;
mod staging;
mod steps;

pub use arrange::{gathered, turned};
#[cfg(feature = "mpi")]
pub use aware::{DeviceNumbers, DeviceNumbersMut, MpiGather};
pub use changes::changes;
pub use convolution::convolve;
pub use differences::{MOST_ROWS, differences};
pub use gradient::gradients;
pub use judge::judged;
pub use largest::first_largest;
pub use launch::runs;
pub use middle::middle;
pub use nccl::{Nccl, NcclId};
pub use normalisation::normalise;
pub use open::{absent_libraries, devices_to_test, enter, free_bytes, open};
pub use order::{after, cublas_version, cudnn_version, open_peers, peers};
pub use push::push;
pub use rectified::{rectified, rectified_sum};
pub use residuals::{MOST_CLASSES, agrees, residuals};
pub use scratch::{Lent, Scratch};
pub use staging::Staging;
pub use steps::{Energy, KernelGradients, Model, Pace, Steps};
