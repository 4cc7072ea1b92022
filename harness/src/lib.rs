//! The harness: from a plan in YAML to rows, and from rows to tables, plots and verdicts.
//!
//! Data goes one way. A [`plan`] is read and validated, its data found, its cells [`run`] by its
//! kind of [`experiments`], and every result appended to the [`journal`]. The
//! [`report`] is made from the journal alone, so it can be made again without running anything.
//!
//! The mathematics is in the `optim` crate, the data in `datasets`; neither knows of this one.

pub mod capacity;
pub mod cli;
pub mod clock;
pub mod cmd;
pub mod configs;
pub mod device;
pub mod environment;
pub mod experiments;
pub mod files;
pub mod heap;
pub mod journal;
pub mod manifest;
pub mod paper;
pub mod plan;
pub mod progress;
pub mod publish;
pub mod rates;
pub mod regress;
pub mod regression;
pub mod run;
pub mod seed;
pub mod sharing;
pub mod threads;
