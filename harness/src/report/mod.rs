//! From rows to files: data frames, tables, plots. Sees rows and the manifest, never a device.

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
mod table;
mod terminal;
mod windows;

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

use crate::experiments;
use crate::files::write_atomically;
use crate::journal;
use crate::manifest::Manifest;
use crate::plan::{Experiment, Plan};
use crate::rows::Frame;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// The journal's name in a report's folder.
pub const JOURNAL: &str = "journal.jsonl";

/// What `build` made.
pub struct Built {
    /// The tables, for a terminal.
    pub terminal: String,
    /// The files written, sorted.
    pub files: Vec<PathBuf>,
    /// Cells that failed, with their reasons.
    pub failures: Vec<String>,
    /// Cells of the run that have no outcome yet.
    pub missing: usize,
}

/// Makes all tables and plots of a folder again from its journal and manifest.
///
/// # Errors
/// If the folder holds no run, or cannot be written.
pub fn build(folder: &Path) -> Result<Built> {
    let manifest = Manifest::read(folder)?;
    let mut plan = Plan::from_yaml(&manifest.plan, &[], Some(&manifest.profile))
        .context("the manifest's plan")?;
    plan.only(&manifest.datasets)?;
    let entries = journal::read(&folder.join(JOURNAL))?;
    let entries = journal::select(&entries, &manifest.cells);
    let (rows, curves) = match plan.experiment {
        Experiment::Windows => (
            experiments::windows::rows(&plan, &manifest.paper.table2, &entries),
            experiments::windows::curves(&entries),
        ),
    };
    let mut files: Vec<(String, Vec<u8>)> = vec![
        ("rows.csv".into(), to_csv(&Frame::of("rows", &rows))?),
        (
            "rows.parquet".into(),
            to_parquet(&Frame::of("rows", &rows))?,
        ),
        ("curves.csv".into(), to_csv(&Frame::of("curves", &curves))?),
        (
            "curves.parquet".into(),
            to_parquet(&Frame::of("curves", &curves))?,
        ),
        (
            format!("{}.md", plan.target),
            windows::markdown(&plan, &manifest, &rows).into_bytes(),
        ),
    ];
    for (name, figure) in windows::figures(&plan.figures, &rows, &curves) {
        files.push((
            format!("{name}.svg"),
            figure.to_svg(&figure.title)?.into_bytes(),
        ));
    }
    files.sort();
    let mut written = Vec::with_capacity(files.len());
    for (name, content) in files {
        let path = folder.join(name);
        write_atomically(&path, &content)?;
        written.push(path);
    }
    let failed = |row: &&crate::rows::WindowRow| row.status.starts_with("failed");
    Ok(Built {
        missing: manifest.cells.len() - rows.len(),
        terminal: windows::terminal(&plan, &manifest, &rows),
        files: written,
        failures: rows
            .iter()
            .filter(failed)
            .map(|row| {
                format!(
                    "{} W={} on {}: {}",
                    row.dataset, row.window, row.devices, row.status
                )
            })
            .collect(),
    })
}
