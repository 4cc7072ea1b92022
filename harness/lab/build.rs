//! Tells the program what it was built from: commit, profile, compiler.

use std::path::Path;
use std::process::Command;

#[path = "sources.rs"]
mod sources;

/// The root of the workspace.
const ROOT: &str = "../..";

fn main() {
    // The commit has to be looked up again when it changes, and whether the tree differs from it
    // when a source file does.
    for path in std::iter::once(".git/logs/HEAD").chain(sources::SOURCES) {
        println!("cargo:rerun-if-changed={ROOT}/{path}");
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
        sources::hash_below(Path::new(ROOT))
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
