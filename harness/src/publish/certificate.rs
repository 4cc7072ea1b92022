//! What a verification found, kept beside the run for its readers.

use anyhow::{Context, Result};
use lab::environment::Environment;
use lab::files::write_atomically;
use lab::manifest::{FILE, Manifest, date, now, sha256_hex};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The file's name.
pub const CERTIFICATE: &str = "certificate.json";

/// A verification of a run in which nothing failed.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Certificate {
    /// Seconds since 1970.
    pub verified_at: u64,
    /// The version of the program that verified, and the commit it was built from.
    pub version: String,
    /// SHA-256 of the manifest that was verified; of another one it says nothing.
    pub manifest_sha256: String,
    /// What holds, or could not be told.
    pub statements: Vec<String>,
}

impl Certificate {
    /// Of statements on the run in `folder`.
    ///
    /// # Errors
    /// If its manifest cannot be read.
    pub fn new(folder: &Path, statements: Vec<String>) -> Result<Self> {
        let environment = Environment::current();
        Ok(Self {
            verified_at: now(),
            version: format!("{} ({})", environment.version, environment.commit),
            manifest_sha256: of_manifest(folder)?,
            statements,
        })
    }

    /// Writes it into the run's folder.
    ///
    /// # Errors
    /// If that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        write_atomically(&folder.join(CERTIFICATE), text.as_bytes())
    }

    /// That of the run in `folder`, where it has one.
    #[must_use]
    pub fn of(folder: &Path) -> Option<Self> {
        let text = lab::files::read_text(&folder.join(CERTIFICATE)).ok()?;
        let certificate: Self = serde_json::from_str(&text).ok()?;
        let manifest = of_manifest(folder).ok()?;
        (certificate.manifest_sha256 == manifest).then_some(certificate)
    }

    /// In statements for readers of a report.
    #[must_use]
    pub fn provenance(&self) -> Vec<String> {
        let mut all = vec![format!(
            "Verified on {} by version {}:",
            date(self.verified_at),
            self.version
        )];
        all.extend(self.statements.iter().cloned());
        all
    }
}

fn of_manifest(folder: &Path) -> Result<String> {
    let path = folder.join(FILE);
    let bytes = lab::files::read(&path).with_context(|| format!("reading {}", path.display()))?;
    // Read once to know that it is one.
    Manifest::read(folder)?;
    Ok(sha256_hex(&bytes))
}
