//! Writing files so that nobody ever sees half of one: as [`datasets::files`] does, with what to do about
//! a report that cannot be written.

use anyhow::{Context, Result};
use std::path::Path;

pub use datasets::files::{append, read, read_text, replace, settle};

/// Replaces the file of a report at `path` with `content`, or leaves it as it was.
///
/// # Errors
/// If the folder cannot be written.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    replace(path, content).with_context(|| {
        format!(
            "writing {}: is the folder writable, and is there room? --out DIR puts it elsewhere",
            path.display()
        )
    })
}
