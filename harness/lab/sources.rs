//! What a measurement depends on: included by the build script, which hashes it, and by a test.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

/// The folders and files, from the root of the workspace: the crate that measures, which shows nothing,
/// those that it computes with, kernels included, and how they are compiled.
pub const SOURCES: [&str; 8] = [
    "harness/lab/src",
    "harness/layers/src",
    "optim/src",
    "gpu/src",
    "gpu/kernels",
    "datasets/src",
    "Cargo.lock",
    "Cargo.toml",
];

/// Hashes all of them below a root.
pub fn hash_below(root: &Path) -> u64 {
    hash_of(&SOURCES.map(|path| root.join(path)))
}

/// Hashes the content of files, and of folders' files, whatever their order on disk.
fn hash_of(paths: &[PathBuf]) -> u64 {
    let mut hash = DefaultHasher::new();
    for path in paths {
        if let Ok(folder) = std::fs::read_dir(path) {
            let mut inside: Vec<PathBuf> = folder.filter_map(|e| Some(e.ok()?.path())).collect();
            inside.sort();
            hash_of(&inside).hash(&mut hash);
        } else if let Ok(content) = std::fs::read(path) {
            content.hash(&mut hash);
        }
    }
    hash.finish()
}
