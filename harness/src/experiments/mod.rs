//! One file for each kind of experiment: which cells a plan has, which rows they become, how the
//! rows are shown. Nothing here measures, and what is shown comes from rows alone.

pub mod windows;
