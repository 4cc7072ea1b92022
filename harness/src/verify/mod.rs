//! Says whether a run's files are what the run left, follow from its rows, and hold when cells are run again.
//!
//! What is stated here is stated of files: nobody can be kept from measuring something else and writing it down
//! well. What was changed by accident, or by hand in one place, is found.

mod again;
mod apart;
mod files;

pub use again::{Again, Wanted, again};

use crate::publish::{self, JOURNAL, site};
use anyhow::Result;
use claims::Claims;
use lab::experiments;
use lab::journal::{self, JournalLines};
use lab::manifest::{FILE, Manifest};
use std::path::Path;

/// Something stated of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Whether it holds; `None` where that cannot be told.
    pub holds: Option<bool>,
    /// In a sentence.
    pub text: String,
}

impl Statement {
    fn new(holds: impl Into<Option<bool>>, text: impl Into<String>) -> Self {
        Self {
            holds: holds.into(),
            text: text.into(),
        }
    }

    /// As a line for a terminal.
    #[must_use]
    pub fn line(&self) -> String {
        let mark = match self.holds {
            Some(true) => "holds ",
            Some(false) => "FAILS ",
            None => "untold",
        };
        format!("{mark}  {}", self.text)
    }
}

/// All that can be stated of the files of a run in `folder`, judged by `claims`, without running anything.
///
/// # Errors
/// If there is no run, or its files cannot be read.
pub fn stated(folder: &Path, claims: &Claims) -> Result<Vec<Statement>> {
    let manifest = Manifest::read(folder)?;
    let mut all = vec![of_manifest(&manifest)];
    if !folder.join(JOURNAL).is_file() {
        let text = format!("{JOURNAL} is not there, of which everything else is made");
        all.push(Statement::new(None, text));
        return Ok(all);
    }
    let lines = journal::read(&folder.join(JOURNAL), &manifest.target)?;
    all.push(of_journal(&manifest, &lines));
    all.push(of_cells(&manifest, lines)?);
    let made = publish::made(folder, claims)?;
    all.push(files::compared(folder, &made.files));
    Ok(all)
}

/// Whether the page of a report, and the verdicts on it, follow from the rows of its runs.
///
/// # Errors
/// If it has none.
pub fn page(root: &Path) -> Result<Statement> {
    let (_, made) = site::made(root, &site::kept_claims(root)?, None)?;
    Ok(files::compared(root, &made))
}

fn of_manifest(manifest: &Manifest) -> Statement {
    match (&manifest.altered, &manifest.sum) {
        (Some(altered), _) => Statement::new(false, altered.clone()),
        (None, Some(_)) => Statement::new(true, format!("{FILE} is as the run wrote it")),
        (None, None) => Statement::new(
            None,
            format!(
                "{FILE} is an older program's, which wrote no checksum; its plan has the hash it says"
            ),
        ),
    }
}

fn of_journal(manifest: &Manifest, lines: &JournalLines) -> Statement {
    let count = lines.end.lines;
    let faults = lines.faults();
    if !faults.is_empty() {
        return Statement::new(false, format!("{JOURNAL}: {}", faults.join("; ")));
    }
    let Some(end) = &manifest.journal else {
        let text =
            format!("{JOURNAL}, {count} lines, is an older program's, which wrote no checksums");
        return Statement::new(None, text);
    };
    if manifest.ended_at.is_some() && *end != lines.end {
        let text = format!(
            "{JOURNAL} has {count} lines, and had {} when the run ended",
            end.lines
        );
        return Statement::new(false, text);
    }
    let text =
        format!("{JOURNAL}: each of {count} lines is as it was written, behind the one before it");
    Statement::new(true, text)
}

/// Whether each cell of the run has an entry that is its own.
fn of_cells(manifest: &Manifest, lines: JournalLines) -> Result<Statement> {
    let experiment = experiments::of(&manifest.plan()?)?;
    let entries = journal::select(&lines.entries(manifest.journal.is_some()), &manifest.cells);
    let all = manifest.cells.len();
    let keyed = entries.iter().filter(|entry| manifest.keys(entry)).count();
    let read = entries
        .iter()
        .filter(|entry| experiment.reads(entry).is_ok());
    let (there, read) = (entries.len(), read.count());
    let of = if manifest.verifiable {
        "of the cell that its key says"
    } else {
        "there"
    };
    Ok(match there == all && keyed == all && read == all {
        true => Statement::new(
            true,
            format!("each of {all} cells has a measurement, and it is {of}"),
        ),
        false => {
            let text = format!(
                "of {all} cells, {there} have a measurement, {keyed} one that is {of}, {read} one that can be read"
            );
            Statement::new(false, text)
        }
    })
}
