//! The temporary file that a download grows in, beside the place it is meant for.
//!
//! Its name is `.NAME.PID-RANDOM.part`, and its owner holds a lock on it. A lock that can be had
//! shows that the owner is dead, whatever its process number has become since.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::files::settle;

/// A download so far, locked against other processes.
pub(super) struct PartialDownload {
    file: File,
    path: PathBuf,
    /// Bytes in the file.
    len: u64,
}

impl PartialDownload {
    /// Takes over what a dead process left of a download of `name`, or begins anew.
    pub(super) fn open(folder: &Path, name: &str, adopt: bool) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        if adopt && let Some(part) = abandoned(folder, name).next() {
            return Ok(part);
        }
        loop {
            let path = folder.join(format!(
                ".{name}.{}-{:016x}.part",
                std::process::id(),
                random()
            ));
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .open(&path)?;
            // Between its making and its lock the file looks abandoned, and may be taken.
            if locked(&file)? && path.is_file() {
                return Ok(PartialDownload { file, path, len: 0 });
            }
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Reads what is there from the start, leaving the file ready for more at its end.
    pub(super) fn replay(&mut self, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut buffer = vec![0; 1 << 16];
        let mut left = self.len;
        while left > 0 {
            let most = buffer
                .len()
                .min(usize::try_from(left).unwrap_or(usize::MAX));
            let n = self.file.read(&mut buffer[..most])?;
            if n == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            each(&buffer[..n]);
            left -= n as u64;
        }
        Ok(())
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Empties the file.
    pub(super) fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.len = 0;
        Ok(())
    }

    /// Moves the finished file to its place, then clears away what dead processes left of it.
    pub(super) fn finish(self, folder: &Path, name: &str) -> io::Result<PathBuf> {
        let target = folder.join(name);
        settle(&self.path, &target)?;
        abandoned(folder, name).for_each(PartialDownload::discard);
        Ok(target)
    }

    /// Removes the file.
    pub(super) fn discard(self) {
        if let Err(e) = fs::remove_file(&self.path) {
            tracing::warn!("removing {}: {e}", self.path.display());
        }
    }

    /// Keeps what there is for whoever tries next, unless it is nothing.
    pub(super) fn leave(self) {
        if self.len == 0 {
            self.discard();
        }
    }
}

/// The temporary files of `name` whose owners are dead, each locked as it is handed out.
fn abandoned(folder: &Path, name: &str) -> impl Iterator<Item = PartialDownload> + use<> {
    let prefix = format!(".{name}.");
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(move |entry| {
            let entry = entry.ok()?;
            let found = entry.file_name();
            let owner = found.to_str()?.strip_prefix(&prefix)?;
            let owner = owner.strip_suffix(".part")?;
            // NAME may itself be the beginning of another file's name.
            let of_this_name = owner.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
            if !of_this_name {
                return None;
            }
            let path = entry.path();
            let mut file = OpenOptions::new().read(true).write(true).open(&path).ok()?;
            file.try_lock().ok()?;
            // Its owner may have finished and moved it between the listing and the lock.
            if !path.is_file() {
                return None;
            }
            let len = file.seek(SeekFrom::End(0)).ok()?;
            Some(PartialDownload { file, path, len })
        })
}

/// Locks a file, unless someone else has. On a file system without locks the random name alone keeps
/// processes apart.
fn locked(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Unsupported => Ok(true),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

/// A number that differs from call to call and from process to process.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
