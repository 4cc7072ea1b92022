//! Inputs of the benchmarks: generated, deterministic, needing no data files.
//!
//! The [shapes](SHAPES) are those of the paper's data sets with fewer rows, so that a whole pass
//! stays short; throughput is given in elements or bytes, which makes sizes comparable.

mod free;
mod noise;
mod shape;
mod text;

pub use free::Free;
pub use noise::noise;
pub use shape::{Content, SHAPES, Shape};
pub use text::libsvm_text;

/// D of the paper's smallest and largest problems: a8a and a9a (123 features, 2 classes), MNIST
/// (784 features, 10 classes).
pub const DIMENSIONS: [usize; 2] = [246, 7840];

/// A point `[length]` in f32 on the CPU, all of whose elements differ.
///
/// # Errors
/// If there is no memory for it.
pub fn vector(length: usize) -> candle_core::Result<candle_core::Tensor> {
    let values: Vec<f32> = (0..length).map(|i| noise(i as u64) as f32 - 0.5).collect();
    candle_core::Tensor::new(values, &candle_core::Device::Cpu)
}
