//! What a long measurement has come to, on disk until its outcome is in the journal: a run that is killed
//! goes on from there.

use crate::files::{read_text, replace};
use crate::journal::{numbers_of, with_numbers};
use crate::manifest::sha256_hex;
use anyhow::{Context, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The file, in the folder that a measurement has for this.
const FILE: &str = "progress.json";

/// Writes progress down, not more often than every few seconds.
pub struct Keeper {
    folder: Option<PathBuf>,
    every: Duration,
    written: Instant,
}

impl Keeper {
    /// Keeps progress in a folder, which need not exist, at most every ten seconds; without one, nothing.
    #[must_use]
    pub fn new(folder: impl Into<Option<PathBuf>>) -> Self {
        Self::every(folder, Duration::from_secs(10))
    }

    /// Keeps progress in a folder, with at least so much time between two writes.
    #[must_use]
    pub fn every(folder: impl Into<Option<PathBuf>>, every: Duration) -> Self {
        Self {
            folder: folder.into(),
            every,
            written: Instant::now(),
        }
    }

    /// Reads what was kept; `None` if nothing was, or what is there is not as it was written.
    #[must_use]
    pub fn kept<T: DeserializeOwned>(&self) -> Option<T> {
        let text = read_text(&self.folder.as_ref()?.join(FILE)).ok()?;
        let (sum, progress) = text.split_once('\n')?;
        let whole = sha256_hex(progress.as_bytes()) == sum;
        numbers_of(&serde_json::from_str(progress).ok().filter(|_| whole)?).ok()
    }

    /// Writes progress down, if it is time.
    ///
    /// # Errors
    /// If the folder cannot be written; what was kept before is then still there.
    pub fn keep(&mut self, progress: &impl Serialize) -> Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        if self.written.elapsed() < self.every {
            return Ok(());
        }
        let text = with_numbers(progress)?.to_string();
        let sum = sha256_hex(text.as_bytes());
        std::fs::create_dir_all(folder)
            .and_then(|()| replace(&folder.join(FILE), format!("{sum}\n{text}").as_bytes()))
            .with_context(|| format!("keeping a checkpoint in {}", folder.display()))?;
        self.written = Instant::now();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read_again_and_changed_files_are_not() {
        let folder = tempfile::TempDir::new().unwrap();
        let inside = folder.path().join("cell");
        let mut keeper = Keeper::every(inside.clone(), Duration::ZERO);
        assert_eq!(keeper.kept::<Vec<f64>>(), None);
        let progress = vec![0.1, f64::INFINITY];
        keeper.keep(&progress).unwrap();
        assert_eq!(keeper.kept(), Some(progress));
        let path = inside.join(FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("0.1", "0.2")).unwrap();
        assert_eq!(keeper.kept::<Vec<f64>>(), None);
    }

    #[test]
    fn nothing_is_written_before_its_time() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut keeper = Keeper::new(folder.path().to_owned());
        keeper.keep(&1).unwrap();
        assert_eq!(keeper.kept::<u64>(), None);
    }

    #[test]
    fn without_a_folder_nothing_is_written_anywhere() {
        let mut keeper = Keeper::every(None, Duration::ZERO);
        keeper.keep(&1).unwrap();
        assert_eq!(keeper.kept::<u64>(), None);
        assert!(!std::path::Path::new(FILE).exists(), "the working folder");
    }
}
