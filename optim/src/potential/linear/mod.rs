//! Linear models: what is predicted of a row is a product with its features, fitted by one of several losses.
//!
//! The losses are a file each: [`LogisticRegression`] of several classes, the problem of the paper's Sections 4.1
//! and 4.3, [`BinaryLogistic`] and [`LeastSquares`]. What they share is here: rows on a device, whichever way they
//! are kept, and gradients at many points in one pass over them. They differ in the residuals between the two
//! products, which are in `residuals`.

mod banded;
mod binary;
mod composed;
mod exclusive;
mod host;
mod joined;
mod least_squares;
mod logistic;
mod lookups;
mod model;
mod occurring;
mod panels;
mod problem;
mod residuals;
mod rows;
mod runs;
mod sparse;

pub use binary::BinaryLogistic;
pub use least_squares::LeastSquares;
pub use logistic::LogisticRegression;
pub use model::RowLoss;
pub use problem::{Kernel, Problem, Ridge};
pub use rows::{DataRows, SparseRows};

#[cfg(test)]
mod tests;
