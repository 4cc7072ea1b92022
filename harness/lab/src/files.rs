//! Writing files so that nobody ever sees half of one.

use anyhow::{Context, Result};
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Replaces `path` with `content` of a report, or leaves it as it was, as [`replace`] does.
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

/// Replaces `path` with `content`, or leaves it as it was: temporary file beside it, fsync,
/// rename, fsync of the folder.
///
/// # Errors
/// If the folder cannot be written.
pub fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file()
            .set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(folder)?.sync_all()
}
