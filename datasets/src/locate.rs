//! Where a file lies: the names it may have in a folder, and the folders of the cache.
//!
//! Nothing is opened here.

use std::path::{Path, PathBuf};

use crate::read::Compression;

/// Finds `name` in `folder`, plain or under a compression's suffix.
pub(crate) fn in_folder(folder: &Path, name: &str) -> Option<PathBuf> {
    Compression::SUFFIXES
        .iter()
        .map(|suffix| folder.join(format!("{name}{suffix}")))
        .find(|path| path.is_file())
}

/// What a download of `address` is kept as: the file's name, with the compression's suffix that the
/// address has.
pub(crate) fn download_name(name: &str, address: &str) -> String {
    let path = address.split(['?', '#']).next().unwrap_or(address);
    let suffix = Compression::SUFFIXES[1..]
        .iter()
        .find(|suffix| path.ends_with(**suffix))
        .unwrap_or(&"");
    format!("{name}{suffix}")
}

/// The folder of the cache that belongs to this program, unless there is no home to put it in.
pub fn platform_cache() -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.cache_dir().join("frictionless"))
}

/// The parts of a cache folder.
#[derive(Debug, Clone)]
pub(crate) struct CacheFolders {
    root: PathBuf,
}

impl CacheFolders {
    pub(crate) fn new(root: PathBuf) -> Self {
        CacheFolders { root }
    }

    /// Downloads of one data set. Data sets have folders of their own, since two may have files of
    /// one name.
    pub(crate) fn downloads(&self, dataset: &str) -> PathBuf {
        self.root.join("downloads").join(dataset)
    }

    /// A parsed file, by its [`key`](crate::cache::key).
    pub(crate) fn parsed(&self, key: &str) -> PathBuf {
        self.root.join("parsed").join(key)
    }
}
