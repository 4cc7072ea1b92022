//! The laboratory: from a plan in YAML to rows.
//!
//! A [`plan`] is read and validated, its data found, its cells measured by its kind of [`experiments`],
//! every result appended to the [`journal`], and rows made of that. A cell's key hashes this crate and
//! those below it, kernels included: what measures. How rows are shown and judged is not here, so that a
//! change there leaves what was measured as it is.

pub mod capacity;
pub mod clock;
pub mod configs;
pub mod device;
pub mod environment;
pub mod experiments;
pub mod files;
pub mod heap;
pub mod journal;
pub mod kept;
pub mod manifest;
pub mod paper;
pub mod plan;
pub mod progress;
pub mod rates;
pub mod regression;
pub mod seed;
pub mod shard;
pub mod sharing;
