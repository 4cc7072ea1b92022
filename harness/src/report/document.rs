//! What a report consists of, before it is Markdown, a terminal's text or a page.
//!
//! An experiment turns its rows into a [`Document`]; the renderers beside this file know nothing of
//! experiments, and experiments nothing of Markdown or HTML.

use super::{Figure, Table};
use crate::rows::Frame;

/// The report of one target.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The target's name.
    pub target: String,
    /// What it shows.
    pub title: String,
    /// Where in the papers.
    pub source: String,
    /// What has to be said before any number, such as that data is generated.
    pub banner: Option<String>,
    /// What is shown, in reading order.
    pub blocks: Vec<Block>,
    /// The rows that everything shown is made from; the first is the main one, `rows`.
    pub frames: Vec<Frame>,
    /// Cells that failed, with their reasons.
    pub failures: Vec<String>,
}

/// A piece of a report.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "a report has few blocks")]
pub enum Block {
    /// The title of what follows.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// Statements, one a line.
    List(Vec<String>),
    /// A table.
    Table(TableBlock),
    /// A picture.
    Figure(FigureBlock),
}

/// A table with what has to be said about it.
#[derive(Clone, Debug)]
pub struct TableBlock {
    /// What it shows.
    pub caption: String,
    /// Its cells.
    pub table: Table,
    /// How to read it; may be empty.
    pub note: String,
    /// Whether a terminal shows it too.
    pub in_terminal: bool,
}

/// A picture with what a reader who does not see it has to know.
#[derive(Clone, Debug)]
pub struct FigureBlock {
    /// The file's name, without `.svg`.
    pub name: String,
    /// What the picture shows, in words.
    pub alt: String,
    /// The picture.
    pub figure: Figure,
}
