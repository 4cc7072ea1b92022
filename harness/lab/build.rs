//! Tells the program what it was built from: commit, profile, compiler.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
use std::process::Command;

/// What a measurement depends on: this crate, which shows nothing, those that it computes with, kernels
/// included, and how they are compiled.
const SOURCES: [&str; 7] = [
    "src",
    "../../optim/src",
    "../../gpu/src",
    "../../gpu/kernels",
    "../../datasets/src",
    "../../Cargo.lock",
    "../../Cargo.toml",
];

fn main() {
    // The commit has to be looked up again when it changes, and whether the tree differs from it
    // when a source file does.
    for path in std::iter::once("../../.git/logs/HEAD").chain(SOURCES) {
        println!("cargo:rerun-if-changed={path}");
    }
    let commit = output("git", &["rev-parse", "HEAD"]).unwrap_or_else(|| "unknown".into());
    let changed = output("git", &["status", "--porcelain", "--untracked-files=no"])
        .is_some_and(|status| !status.is_empty());
    println!(
        "cargo:rustc-env=HARNESS_COMMIT={commit}{}",
        if changed { "-changed" } else { "" }
    );
    println!(
        "cargo:rustc-env=HARNESS_SOURCES={:016x}",
        hash_of(&SOURCES.map(PathBuf::from))
    );
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let version = output(&rustc, &["--version"]).unwrap_or_else(|| "unknown".into());
    println!("cargo:rustc-env=HARNESS_RUSTC={version}");
    let profile = std::env::var("PROFILE").unwrap_or_else(|_| "unknown".into());
    println!("cargo:rustc-env=HARNESS_PROFILE={profile}");
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A hash of the content of files, and of folders' files, whatever their order on disk.
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
