//! Says whether a run's files are what the run left, follow from its rows, and hold when cells are run again.
//!
//! What is stated here is stated of files: nobody can be kept from measuring something else and writing it down
//! well. What was changed by accident, or by hand in one place, is found.

mod again;
mod apart;
mod files;

pub use again::{Again, Wanted, again};

use crate::publish::{self, JOURNAL, KeptRun, site};
use anyhow::Result;
use claims::Claims;
use lab::configs::Configs;
use lab::experiments;
use lab::journal::{self, Entry, Outcome};
use lab::manifest::{FILE, Manifest, sha256_hex};
use std::path::{Path, PathBuf};

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
            Some(true) => "holds  ",
            Some(false) => "FAILS  ",
            None => "unknown",
        };
        format!("{mark}  {}", self.text)
    }
}

/// All that can be stated of the files of a run in `folder`, judged by `claims`, without running anything.
///
/// # Errors
/// If there is no run, or its files cannot be read.
pub fn stated(folder: &Path, claims: &Claims) -> Result<Vec<Statement>> {
    if !folder.join(JOURNAL).is_file() {
        let text = format!("there is no {JOURNAL}, and all that is shown is made of it");
        return Ok(vec![
            of_manifest(&Manifest::read(folder)?),
            Statement::new(None, text),
        ]);
    }
    let run = KeptRun::read(folder)?;
    let mut all = vec![of_manifest(&run.manifest)];
    all.extend(of_journal(&run));
    all.push(of_cells(&run)?);
    let made = publish::made(folder, claims)?;
    all.push(files::compared(folder, &made.files));
    Ok(all)
}

/// Whether a run in a report of several lies in the folder of its own name, and not a copy of it in another's.
#[must_use]
pub fn of_folder(folder: &Path) -> Option<Statement> {
    let target = Manifest::read(folder).ok()?.target;
    let name = folder.file_name()?.to_string_lossy();
    (name != target).then(|| {
        Statement::new(
            false,
            format!("it is a run of {target}, in a folder of another name"),
        )
    })
}

/// Whether the claims of a report are those that its runs were judged by first, or this program's.
///
/// # Errors
/// If they cannot be read.
pub fn of_claims(root: &Path, targets: &[PathBuf]) -> Result<Statement> {
    let text = site::kept_claims(root)?;
    let here = sha256_hex(text.as_bytes());
    let ours = sha256_hex(Configs::compiled_in().read(site::CLAIMS)?.as_bytes());
    let of = |folder: &PathBuf| Manifest::read(folder).ok()?.claims_sha256;
    let first: Vec<String> = targets.iter().filter_map(of).collect();
    Ok(match () {
        () if here == ours => Statement::new(true, format!("{} is this program's", site::CLAIMS)),
        () if first.contains(&here) => Statement::new(
            true,
            format!("{} is what the runs were judged by first", site::CLAIMS),
        ),
        () if first.is_empty() => Statement::new(
            None,
            format!(
                "{} is not this program's, and no run says which it was",
                site::CLAIMS
            ),
        ),
        () => Statement::new(
            false,
            format!(
                "{} is neither what the runs were judged by first nor this program's",
                site::CLAIMS
            ),
        ),
    })
}

/// Whether the page of a report, and the verdicts on it, follow from the rows of its runs.
///
/// # Errors
/// If it has none.
pub fn page(root: &Path) -> Result<Statement> {
    let (_, made) = site::SitePage::new(root, None, None)?.made()?;
    Ok(files::compared(root, &made))
}

fn of_manifest(manifest: &Manifest) -> Statement {
    match (&manifest.altered, &manifest.sum) {
        (Some(altered), _) => Statement::new(false, altered.clone()),
        (None, Some(_)) => Statement::new(true, format!("{FILE} is as the run wrote it")),
        (None, None) => Statement::new(
            None,
            format!(
                "{FILE} is an older program's, which wrote no checksum; its plan has the hash that it says"
            ),
        ),
    }
}

fn of_journal(run: &KeptRun) -> Vec<Statement> {
    let (lines, count) = (&run.lines, run.lines.end.lines);
    let mut all = Vec::new();
    // What does not count is told by the cells that lack it.
    all.extend(
        lines
            .faults()
            .iter()
            .map(|fault| Statement::new(None, format!("{JOURNAL}: {fault}"))),
    );
    if run.manifest.journal.is_none() {
        let text = format!(
            "{JOURNAL} ({}) is an older program's, which wrote no checksums",
            files::number(count, "line")
        );
        all.push(Statement::new(None, text));
    } else if !run.ends_well() {
        let text = format!("{JOURNAL} does not end with the line that the run left last");
        all.push(Statement::new(false, text));
    } else if all.is_empty() {
        let older = match lines.unsealed.len() {
            0 => String::new(),
            older => format!(
                "; {} of an older program before them do not count",
                files::number(older, "line")
            ),
        };
        let sealed = files::number(lines.sealed.len(), "line");
        let text =
            format!("{JOURNAL} has {sealed} as written, each behind the one before it{older}");
        all.push(Statement::new(true, text));
    }
    all
}

/// Whether each cell of the run has a measurement that is its own.
fn of_cells(run: &KeptRun) -> Result<Statement> {
    let manifest = &run.manifest;
    let experiment = experiments::of(&manifest.plan()?)?;
    let entries = journal::select(run.entries(), &manifest.cells);
    let all = manifest.cells.len();
    let count = |of: &dyn Fn(&Entry) -> bool| entries.iter().filter(|entry| of(entry)).count();
    let failed = count(&|entry| matches!(entry.outcome, Outcome::Failed { .. }));
    let left_out = count(&|entry| matches!(entry.outcome, Outcome::LeftOut { .. }));
    let strange = count(&|entry| !manifest.keys(entry));
    let unread = count(&|entry| experiment.reads(entry).is_err());
    let wrong = [
        (all - entries.len(), "no measurement"),
        (failed, "failed"),
        (strange, "not the measurement of the cell that its key says"),
        (unread, "a measurement that this version cannot read"),
    ];
    let wrong: Vec<String> = wrong
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count}: {what}"))
        .collect();
    let mut cells = files::number(all, "cell");
    if left_out > 0 {
        cells += &format!(", {left_out} of them left out and the others");
    }
    Ok(match (wrong.is_empty(), manifest.verifiable) {
        (true, true) => Statement::new(
            true,
            format!("{cells} measured, each under the key that follows from it"),
        ),
        (true, false) => Statement::new(true, format!("{cells} measured")),
        (false, _) => Statement::new(false, format!("of {cells}, {}", wrong.join("; "))),
    })
}
