//! Reports: what a target shows, as Markdown, a terminal's text, a page, pictures, CSV and Parquet.
//!
//! A [`Document`] is made of rows; the renderers here know nothing of experiments, devices or journals.

mod claims_of_papers;
mod document;
mod escape;
mod fitted;
#[cfg(test)]
mod fixture;
mod frame;
mod inline;
mod markdown;
mod page;
mod plot;
mod reasons;
mod section;
mod statements;
mod table;
mod terminal;

pub use claims_of_papers::{Judged, claims_markdown};
pub use document::{Block, Document, FigureBlock, TableBlock};
pub use escape::escaped;
pub use frame::{to_csv, to_parquet};
pub use markdown::markdown;
pub use page::page;
pub use plot::{Axis, Band, Dash, Figure, Hue, Look, Mark, Panel, Scale, Series, SeriesKind};
pub use table::{Cell, Piece, Table, TableBuilder};
pub use terminal::terminal;

/// Stands wherever a number is not about the paper's data.
pub const SURROGATE: &str = "SURROGATE DATA";
