//! Turns a folder's journal into its files: tables, plots, pages and verdicts, made again without running
//! anything.

mod certificate;
pub mod provenance;
mod ro_crate;
pub mod site;

pub use certificate::Certificate;

use crate::show;
use anyhow::Result;
use claims::Claims;
use lab::experiments;
use lab::files::write_atomically;
use lab::journal::{self, Entry, JournalLines};
use lab::manifest::{FILE as MANIFEST, Manifest};
use lab::sharing::Copied;
use report::{Block, Document, SURROGATE, markdown, to_csv, to_parquet};
use ro_crate::RO_CRATE;
use rows::{Column, Kind, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The journal's name in a report's folder.
pub const JOURNAL: &str = "journal.jsonl";

/// What `build` made.
pub struct Built {
    /// The report.
    pub document: Document,
    /// The files written, sorted.
    pub files: Vec<PathBuf>,
    /// Cells of the run that have no outcome yet.
    pub missing: usize,
    /// What it was made of.
    pub(crate) run: RunState,
}

/// A run as a report was made of it.
pub(crate) struct RunState {
    target: String,
    /// Why its rows say nothing about the papers, if they do not.
    untestable: Option<String>,
    files: Vec<Option<(u64, SystemTime)>>,
}

impl RunState {
    /// Lengths and times of the files that a report is made of; looked at before they are read, so that what
    /// changes meanwhile is seen as another.
    fn files(folder: &Path) -> Vec<Option<(u64, SystemTime)>> {
        let of = |name: &str| {
            let found = folder.join(name).metadata().ok()?;
            Some((found.len(), found.modified().ok()?))
        };
        [MANIFEST, JOURNAL, certificate::CERTIFICATE].map(of).into()
    }

    fn of(files: Vec<Option<(u64, SystemTime)>>, run: &KeptRun) -> Result<Self> {
        Ok(Self {
            target: run.manifest.target.clone(),
            untestable: run.manifest.untestable()?,
            files,
        })
    }
}

/// Makes all tables and plots of a folder again from its journal and manifest; verdicts that stand in a
/// table are those of `claims`.
///
/// # Errors
/// If the folder holds no run, or cannot be written.
pub fn build(folder: &Path, claims: &Claims) -> Result<Built> {
    let MadeReport {
        document,
        files,
        missing,
        run,
    } = made(folder, claims)?;
    let mut written = Vec::with_capacity(files.len());
    for (name, content) in files {
        let path = folder.join(name);
        write_atomically(&path, &content)?;
        written.push(path);
    }
    Ok(Built {
        document,
        files: written,
        missing,
        run,
    })
}

/// A report before it is written.
pub(crate) struct MadeReport {
    document: Document,
    /// Names and contents, sorted.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    missing: usize,
    run: RunState,
}

/// Makes the files of a folder from its journal and manifest, and writes nothing.
pub(crate) fn made(folder: &Path, claims: &Claims) -> Result<MadeReport> {
    let state = RunState::files(folder);
    let run = KeptRun::read(folder)?;
    let (document, missing) = document(folder, &run, claims)?;
    let mut files: Vec<(String, Vec<u8>)> = vec![(
        format!("{}.md", document.target),
        markdown(&document).into_bytes(),
    )];
    for frame in &document.frames {
        files.push((format!("{}.csv", frame.name), to_csv(frame)?));
        files.push((format!("{}.parquet", frame.name), to_parquet(frame)?));
    }
    for block in &document.blocks {
        if let Block::Figure(figure) = block {
            let svg = figure.figure.to_svg(&figure.alt);
            files.push((format!("{}.svg", figure.name), svg.into_bytes()));
        }
    }
    files.sort();
    let mut all = files.clone();
    for kept in [JOURNAL, MANIFEST] {
        let content = lab::files::read(&folder.join(kept))?;
        all.push((kept.to_owned(), content));
    }
    let described = ro_crate::described(&run.manifest, &document.title, &all)?;
    files.push((RO_CRATE.to_owned(), described));
    Ok(MadeReport {
        document,
        files,
        missing,
        run: RunState::of(state, &run)?,
    })
}

/// Makes the report of a folder with its run, and counts those of its run's cells that have no outcome yet.
pub(crate) fn document(folder: &Path, run: &KeptRun, claims: &Claims) -> Result<(Document, usize)> {
    let manifest = &run.manifest;
    let plan = manifest.plan()?;
    let experiment = experiments::of(&plan)?;
    let faults = run.faults();
    let mut entries = run.entries();
    entries.retain(|entry| manifest.cells.contains(&entry.key));
    let unreadable = entries
        .extract_if(.., |entry| {
            experiment.reads(entry).is_err() || !manifest.keys(entry)
        })
        .count();
    let entries = journal::select(entries, &manifest.cells);
    let mut document = show::document(&plan, manifest, claims, &entries)?.validated()?;
    document.target.clone_from(&plan.target);
    document.title.clone_from(&plan.title);
    document.source.clone_from(&plan.source);
    document.profile.clone_from(&manifest.profile);
    document.plan.clone_from(&manifest.plan);
    document.provenance = provenance::statements(manifest);
    if let Some(certificate) = Certificate::of(folder).filter(|_| faults.is_empty()) {
        document.provenance.extend(certificate.provenance());
    }
    document.banner = banner(manifest);
    let mut said = faults;
    if manifest.is_unsealed() {
        said.push(
            "Neither its manifest nor its journal has checksums, as those of older programs: that its numbers are \
             those that were measured is not shown by anything here."
                .into(),
        );
    }
    if unreadable > 0 {
        said.push(format!(
            "{unreadable} of the journal's measurements are an older version's, not whole, or not of the cell \
             they name; a cell that has no other counts as not measured."
        ));
    }
    if !said.is_empty() {
        document.blocks.insert(0, Block::List(said));
    }
    tell_copied(&mut document, &entries, manifest.cells.len());
    for block in &mut document.blocks {
        if let Block::Figure(block) = block {
            block.figure.note.clone_from(&document.banner);
        }
    }
    Ok((document, manifest.cells.len() - entries.len()))
}

/// A run as it lies in a folder.
pub(crate) struct KeptRun {
    pub(crate) manifest: Manifest,
    pub(crate) lines: JournalLines,
}

impl KeptRun {
    /// Reads manifest and journal, and whether they are of one run.
    ///
    /// # Errors
    /// If one of them is not there, or cannot be read.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let mut manifest = Manifest::read(folder)?;
        let lines = journal::read(&folder.join(JOURNAL), &manifest.target)?;
        if manifest.journal.is_none() && !lines.sealed.is_empty() {
            let why = format!(
                "{MANIFEST} is not as the run wrote it: it has no checksum, and {JOURNAL} has"
            );
            manifest.altered.get_or_insert(why);
        }
        Ok(Self { manifest, lines })
    }

    /// Entries that are as they were written, as far as that can be told.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.lines.clone().entries(self.manifest.journal.is_some())
    }

    /// Whether the journal ends where the manifest says, or the run goes on or was cut short, and has written more
    /// than its manifest knows.
    pub(crate) fn ends_well(&self) -> bool {
        let ended = self
            .manifest
            .journal
            .as_ref()
            .filter(|_| self.manifest.ended_at.is_some());
        ended.is_none_or(|end| *end == self.lines.end)
    }

    /// In what a run's files are not as it left them, in sentences.
    fn faults(&self) -> Vec<String> {
        let mut all: Vec<String> = self
            .manifest
            .altered
            .iter()
            .map(|what| format!("{what}."))
            .collect();
        let of_journal = self.lines.faults();
        all.extend(
            of_journal
                .iter()
                .map(|fault| format!("In {JOURNAL}, {fault}.")),
        );
        if self.manifest.journal.is_some()
            && self.lines.sealed.is_empty()
            && !self.lines.unsealed.is_empty()
        {
            all.push(format!(
                "No line of {JOURNAL} has its checksum, so none of them counts."
            ));
        }
        if !self.ends_well() {
            all.push(format!(
                "{JOURNAL} does not end with the line that the run left last."
            ));
        }
        all
    }
}

/// The column of every frame with cells that says which target measured a cell.
const COPIED_FROM: Column = Column {
    name: "copied_from",
    unit: "",
    what: "The target of the same report whose run this cell is, if it is not this one's.",
    kind: Kind::Text,
};

/// The column beside it.
const COPIED_ENDED_AT: Column = Column {
    name: "copied_ended_at",
    unit: "s",
    what: "When that run of the cell ended, in seconds since 1970; none of this target's own.",
    kind: Kind::Count,
};

/// Says, under the tables and in every row, which cells are another target's, and of when.
fn tell_copied(document: &mut Document, entries: &[Entry], cells: usize) {
    let copied = Copied::of(entries);
    if !copied.is_empty() {
        let is_table = |block: &Block| matches!(block, Block::Table(_));
        let under = document.blocks.iter().rposition(is_table);
        let lines = copied.iter().map(|copied| copied.sentence(cells));
        let lines = Block::List(lines.collect());
        document.blocks.insert(under.map_or(0, |at| at + 1), lines);
    }
    let by_key: BTreeMap<&str, &Entry> = entries.iter().map(|e| (e.key.as_str(), e)).collect();
    for frame in &mut document.frames {
        let Some(at) = frame.position("cell") else {
            continue;
        };
        let from = |row: &Vec<Value>| {
            let Value::Text(Some(key)) = &row[at] else {
                return None;
            };
            let entry = by_key.get(key.as_str())?;
            Some((entry.copied_from.clone()?, entry.ended_at))
        };
        let from: Vec<Option<(String, u64)>> = frame.rows.iter().map(from).collect();
        let targets = from
            .iter()
            .map(|from| from.as_ref().map(|from| from.0.clone()));
        frame.push(COPIED_FROM, targets.map(Value::Text));
        let ends = from.iter().map(|from| from.as_ref().map(|from| from.1));
        frame.push(COPIED_ENDED_AT, ends.map(Value::Count));
    }
}

/// Says what has to be said before any number, if some data is generated.
fn banner(manifest: &Manifest) -> Option<String> {
    let generated = manifest.data.iter().filter(|data| data.source != "real");
    let names: Vec<&str> = generated.map(|data| data.dataset.as_str()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "{SURROGATE}: {} generated, not real, and says nothing about the paper",
            names.join(", ")
        )
    })
}
