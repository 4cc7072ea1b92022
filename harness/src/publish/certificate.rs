//! What a verification found, kept beside the run for its readers.

use super::JOURNAL;
use anyhow::{Context, Result};
use lab::environment::Environment;
use lab::files::write_atomically;
use lab::manifest::{FILE, date, now, sha256_hex};
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
    /// SHA-256 of the manifest and the journal that were verified; of others it says nothing.
    pub of: String,
    /// What holds, or could not be told.
    pub statements: Vec<String>,
    /// SHA-256 of what stands above.
    pub sum: String,
}

impl Certificate {
    /// Of statements on the run in `folder`.
    ///
    /// # Errors
    /// If its manifest cannot be read.
    pub fn new(folder: &Path, statements: Vec<String>) -> Result<Self> {
        let environment = Environment::current();
        let certificate = Self {
            verified_at: now(),
            version: format!("{} ({})", environment.version, environment.commit),
            of: of_run(folder)?,
            statements,
            sum: String::new(),
        };
        Ok(Self {
            sum: certificate.checksum(),
            ..certificate
        })
    }

    fn checksum(&self) -> String {
        let stated = (self.verified_at, &self.version, &self.of, &self.statements);
        sha256_hex(format!("{stated:?}").as_bytes())
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
        let of = of_run(folder).ok()?;
        (certificate.of == of && certificate.sum == certificate.checksum()).then_some(certificate)
    }

    /// Removes that of an earlier run.
    pub fn forget(folder: &Path) {
        std::fs::remove_file(folder.join(CERTIFICATE)).ok();
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

fn of_run(folder: &Path) -> Result<String> {
    let mut both = Vec::new();
    for name in [FILE, JOURNAL] {
        let path = folder.join(name);
        let bytes = lab::files::read(&path);
        both.extend(bytes.with_context(|| format!("reading {}", path.display()))?);
    }
    Ok(sha256_hex(&both))
}
