//! Making sure that a renamed file is on the disk before anyone relies on it.

use std::fs::File;
use std::io;
use std::path::Path;

/// Asks the system to write a folder's list of names to the disk.
///
/// Systems that cannot open a folder as a file have no such request, and keep the order themselves.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
