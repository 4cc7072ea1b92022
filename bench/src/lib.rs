//! Inputs of the benchmarks: generated, deterministic, needing no data files.
//!
//! The shapes are those of the paper's data sets with fewer rows, so that a whole pass stays
//! short; throughput is given in elements, which makes sizes comparable.
//!
//! [`peer`] is something else: this project's side of the comparison with NumPy, JAX and the like.

pub mod peer;

use candle_core::{DType, Device, Result, Tensor};
use std::sync::Arc;

/// Rows, features and classes of a generated problem, under the name of the set it resembles.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The paper's data set.
    pub name: &'static str,
    /// n.
    pub rows: usize,
    /// d.
    pub features: usize,
    /// C.
    pub classes: usize,
}

/// The three kinds of problem in the paper: wide images, many sparse rows, small images.
pub const SHAPES: [Shape; 3] = [
    Shape {
        name: "mnist",
        rows: 10_000,
        features: 784,
        classes: 10,
    },
    Shape {
        name: "a9a",
        rows: 32_561,
        features: 123,
        classes: 2,
    },
    Shape {
        name: "usps",
        rows: 7_291,
        features: 256,
        classes: 10,
    },
];

/// A number in [0, 1) that looks random and depends on `i` alone (Weyl's sequence).
fn spread(i: usize) -> f64 {
    (i as f64 * 0.754_877_666_246_692_8).fract()
}

impl Shape {
    /// The data `[n, d]` and the labels.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn data(&self, dtype: DType) -> Result<(Tensor, Vec<u32>)> {
        let values: Vec<f32> = (0..self.rows * self.features)
            .map(|i| spread(i) as f32)
            .collect();
        let x = Tensor::from_vec(values, (self.rows, self.features), &Device::Cpu)?;
        let labels = (0..self.rows)
            .map(|i| (spread(7 * i) * self.classes as f64) as u32)
            .collect();
        Ok((x.to_dtype(dtype)?, labels))
    }

    /// The logistic regression on it.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn potential(&self, dtype: DType) -> optim::Result<Arc<optim::LogisticRegression>> {
        let (x, labels) = self.data(dtype)?;
        let problem = optim::Problem {
            classes: self.classes,
            bias: false,
            l2: 0.0,
        };
        Ok(Arc::new(optim::LogisticRegression::new(
            x, &labels, problem,
        )?))
    }

    /// A point `[D]`; another for each `which`.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn point(&self, which: usize, dtype: DType) -> Result<Tensor> {
        let length = self.features * self.classes;
        let values: Vec<f64> = (0..length)
            .map(|i| 0.1 * (spread(i + 1000 * which) - 0.5))
            .collect();
        Tensor::new(values, &Device::Cpu)?.to_dtype(dtype)
    }
}

/// `rows` lines of LIBSVM text with `nonzeros` entries each.
#[must_use]
pub fn libsvm_text(rows: usize, features: usize, nonzeros: usize) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    let stride = features / nonzeros;
    for row in 0..rows {
        let _ = write!(text, "{}", row % 10);
        for k in 0..nonzeros {
            let _ = write!(text, " {}:{:.6}", k * stride + 1, spread(row + k));
        }
        text.push('\n');
    }
    text
}
