//! What has to hold of everything that this project reads, whatever its bytes.
//!
//! Each target is a function of bytes that panics where something does not hold: `cargo fuzz` looks for
//! such bytes (`ci/fuzz.sh`), and the tests put changed [`seeds`](https://llvm.org/docs/LibFuzzer.html#corpus)
//! to the same functions. That nothing panics, and that memory and time stay bounded, is asked of all of them.

#![forbid(unsafe_code)]

mod data;
mod edits;
mod evidence;
mod tables;
mod yaml;

pub use data::{archive, compressed, libsvm};
pub use edits::{edited, mutated};
pub use evidence::{journal, manifest};
pub use tables::tables;
pub use yaml::{claims, plan, registry};

/// A target: what bytes are put to.
pub type Target = fn(&[u8]);

/// All targets, by the names of their programs and of their folders of seeds.
pub const TARGETS: [(&str, Target); 9] = [
    ("archive", archive),
    ("claims", claims),
    ("compressed", compressed),
    ("journal", journal),
    ("libsvm", libsvm),
    ("manifest", manifest),
    ("plan", plan),
    ("registry", registry),
    ("tables", tables),
];
