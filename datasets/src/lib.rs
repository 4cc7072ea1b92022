//! The paper's data sets: found, fetched, verified, parsed, split, or stood in for.
//!
//! Bytes go in and matrices come out. A [`Registry`] (YAML) says which data sets there are; a
//! [`Library`] looks for their files in a folder, in its cache and at their addresses, checks them,
//! parses them into [`Csr`] rows, and keeps those for the next time. Where a file cannot be had, rows
//! of the same shape can be generated. Files are LIBSVM text, CSV, Parquet (the feature `parquet`) or arrays
//! of NumPy.
//!
//! No tensors, no models and no experiments live here.

// Its snippets are compiled and run as tests.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

mod assemble;
pub mod cache;
mod csr;
mod digest;
mod draw;
mod error;
mod fetch;
pub mod files;
mod images;
mod labels;
mod library;
pub mod libsvm;
mod locate;
mod place;
mod progress;
pub mod read;
mod real;
pub mod registry;
mod split;
mod surrogate;
mod table;
mod tabular;
pub mod yaml;

pub use csr::Csr;
pub use digest::Sha;
pub use draw::Draw;
pub use error::{Attempt, Error, Result};
pub use images::{Augment, Epoch, ImageSet, Images, ImagesSpec, Normalise};
pub use labels::{Label, LabelMap, Labels};
pub use library::{DataPolicy, Library, LibraryOptions};
pub use locate::platform_cache;
pub use place::{FileStatus, Place};
pub use progress::{Progress, Silent};
pub use registry::Address;
pub use registry::{DatasetSpec, Registry};
pub use split::{Dataset, FileRecord, Source, Split};
pub use surrogate::GENERATOR_VERSION;
pub use table::{TablePlace, TableProblem};
