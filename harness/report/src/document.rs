//! Defines what a report consists of, before it is Markdown, a terminal's text or a page.
//!
//! An experiment turns its rows into a [`Document`]; the renderers beside this file know nothing of
//! experiments, and experiments nothing of Markdown or HTML.

use crate::{Figure, Table};
use anyhow::{Result, ensure};
use rows::Frame;
use std::collections::BTreeSet;

/// The report of one target.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The target's name.
    pub target: String,
    /// What it shows.
    pub title: String,
    /// Where in the papers.
    pub source: String,
    /// The profile that was run.
    pub profile: String,
    /// What has to be said before any number: that data is generated.
    pub banner: Option<String>,
    /// What is shown, in reading order.
    pub blocks: Vec<Block>,
    /// The rows that everything shown is made from; the first is the main one, `rows`.
    pub frames: Vec<Frame>,
    /// Cells that failed, with their reasons.
    pub failures: Vec<String>,
    /// Where the numbers come from, one statement each, with `code` in backticks.
    pub provenance: Vec<String>,
    /// The plan with all its settings, as YAML.
    pub plan: String,
}

impl Document {
    /// Makes a report of what is shown, the rows it is made from, and what failed; what its run was is for the
    /// caller to add.
    #[must_use]
    pub fn made_of(blocks: Vec<Block>, frames: Vec<Frame>, failures: Vec<String>) -> Self {
        Self {
            blocks,
            frames,
            failures,
            ..Self::default()
        }
    }

    /// Returns itself, if no two of its files would have one name: figures, frames.
    ///
    /// # Errors
    /// If two would; one of them would be lost, and every place that shows it would show the other.
    pub fn validated(self) -> Result<Self> {
        let mut names = BTreeSet::new();
        for block in &self.blocks {
            if let Block::Figure(figure) = block {
                let name = &figure.name;
                ensure!(names.insert(name), "two figures are named `{name}`");
            }
        }
        let mut names = BTreeSet::new();
        for Frame { name, .. } in &self.frames {
            ensure!(names.insert(name), "two frames are named `{name}`");
        }
        Ok(self)
    }
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
    /// What marks in its cells mean, for those who see the cells without the note.
    pub marks: Vec<(&'static str, &'static str)>,
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

impl TableBlock {
    /// Makes a table that a terminal shows too.
    #[must_use]
    pub fn new(caption: impl Into<String>, table: Table, note: impl Into<String>) -> Self {
        Self {
            caption: caption.into(),
            table,
            note: note.into(),
            in_terminal: true,
            marks: Vec::new(),
        }
    }

    /// Says what a mark in its cells means, such as an asterisk.
    #[must_use]
    pub fn explaining(mut self, mark: &'static str, meaning: &'static str) -> Self {
        self.marks.push((mark, meaning));
        self
    }

    /// Hides it from terminals.
    #[must_use]
    pub fn not_in_terminal(mut self) -> Self {
        self.in_terminal = false;
        self
    }
}

impl FigureBlock {
    /// Makes a picture of this name, with what it shows in words.
    #[must_use]
    pub fn new(name: impl Into<String>, alt: impl Into<String>, figure: Figure) -> Self {
        Self {
            name: name.into(),
            alt: alt.into(),
            figure,
        }
    }
}

impl From<TableBlock> for Block {
    fn from(block: TableBlock) -> Self {
        Self::Table(block)
    }
}

impl From<FigureBlock> for Block {
    fn from(block: FigureBlock) -> Self {
        Self::Figure(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn two_figures_or_two_frames_of_one_name_are_refused() {
        let whole = fixture::document("table2");
        assert!(whole.clone().validated().is_ok());
        let figure = |block: &&Block| matches!(block, Block::Figure(_));
        let mut twice = whole.clone();
        let again = whole.blocks.iter().find(figure).unwrap().clone();
        twice.blocks.push(again);
        let error = twice.validated().unwrap_err().to_string();
        assert!(error.starts_with("two figures are named"), "{error}");
        let mut twice = whole.clone();
        twice.frames.push(whole.frames[0].clone());
        let error = twice.validated().unwrap_err().to_string();
        assert!(error.starts_with("two frames are named"), "{error}");
    }
}
