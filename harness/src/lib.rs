//! The harness: what a user runs, and what he reads.
//!
//! Data goes one way. A plan is measured by the crate `lab`, which gives rows. [`show`] makes documents of
//! rows, [`publish`] files of documents and of the verdicts on them, from journals alone, so that they can
//! be made again without running anything. [`gate`] compares the program with what is recorded of it.
//! [`cmd`] is the command line.
//!
//! Crates beside this one: `rows` (what a run says), `claims` (verdicts on rows), `report` (documents as
//! text, pages and pictures), `lab` (what measures).

// The snippets of the front page are compiled and run as tests.
#![cfg_attr(doctest, doc = include_str!("../../README.md"))]

pub mod cli;
pub mod cmd;
pub mod gate;
pub mod merge;
pub mod publish;
pub mod run;
pub mod screen;
pub mod show;
pub mod threads;
pub mod verify;
