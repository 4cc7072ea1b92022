//! From rows to files: data frames, tables, plots, pages. Sees rows and manifests, never a device.

mod claims;
mod document;
mod escape;
#[cfg(test)]
mod fixture;
mod frame;
mod inline;
mod markdown;
mod page;
mod plot;
mod provenance;
mod section;
pub mod site;
mod table;
mod terminal;

pub use claims::{ClaimLine, ClaimsSummary, claims_markdown};
pub use document::{Block, Document, FigureBlock, TableBlock};
pub use escape::escaped;
pub use frame::{to_csv, to_parquet};
pub use markdown::markdown;
pub use page::{PageEntry, page};
pub use plot::{
    Across, Axis, Band, Dash, Figure, Kind as SeriesKind, Look, Mark, Panel, Reference, Scale,
    Series,
};
pub use table::Table;
pub use terminal::terminal;

use crate::experiments::{self, Context};
use crate::files::write_atomically;
use crate::journal;
use crate::manifest::Manifest;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// The journal's name in a report's folder.
pub const JOURNAL: &str = "journal.jsonl";

/// Stands wherever a number is not about the paper's data.
pub const SURROGATE: &str = "SURROGATE DATA";

/// What `build` made.
pub struct Built {
    /// The report.
    pub document: Document,
    /// The tables, for a terminal.
    pub terminal: String,
    /// The files written, sorted.
    pub files: Vec<PathBuf>,
    /// Cells of the run that have no outcome yet.
    pub missing: usize,
}

/// Makes all tables and plots of a folder again from its journal and manifest.
///
/// # Errors
/// If the folder holds no run, or cannot be written.
pub fn build(folder: &Path) -> Result<Built> {
    let manifest = Manifest::read(folder)?;
    let (document, missing) = document(folder, &manifest)?;
    let mut files: Vec<(String, Vec<u8>)> = vec![(
        format!("{}.md", document.target),
        markdown::markdown(&document, &manifest).into_bytes(),
    )];
    for frame in &document.frames {
        files.push((format!("{}.csv", frame.name), to_csv(frame)?));
        files.push((format!("{}.parquet", frame.name), to_parquet(frame)?));
    }
    for block in &document.blocks {
        if let Block::Figure(figure) = block {
            let svg = figure.figure.to_svg(&figure.alt)?;
            files.push((format!("{}.svg", figure.name), svg.into_bytes()));
        }
    }
    files.sort();
    let mut written = Vec::with_capacity(files.len());
    for (name, content) in files {
        let path = folder.join(name);
        write_atomically(&path, &content)?;
        written.push(path);
    }
    Ok(Built {
        terminal: terminal::terminal(&document),
        document,
        files: written,
        missing,
    })
}

/// The report of a folder with its run, and how many of its run's cells have no outcome yet.
pub(crate) fn document(folder: &Path, manifest: &Manifest) -> Result<(Document, usize)> {
    let plan = manifest.plan()?;
    let experiment = experiments::of(&plan)?;
    let entries = journal::read(&folder.join(JOURNAL))?;
    let entries = journal::select(&entries, &manifest.cells);
    let context = Context {
        plan: &plan,
        manifest,
    };
    let mut document = experiment.document(&context, &entries)?.validated()?;
    document.target.clone_from(&plan.target);
    document.title.clone_from(&plan.title);
    document.source.clone_from(&plan.source);
    document.banner = banner(manifest);
    for block in &mut document.blocks {
        if let Block::Figure(block) = block {
            block.figure.note.clone_from(&document.banner);
        }
    }
    Ok((document, manifest.cells.len() - entries.len()))
}

/// What has to be said before any number, if some data is generated.
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
