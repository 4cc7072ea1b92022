//! A report as Markdown.

use super::{Block, Document};
use crate::manifest::Manifest;
use std::fmt::Write;

/// The whole report as Markdown.
#[must_use]
pub fn markdown(document: &Document, _manifest: &Manifest) -> String {
    let mut out = format!("# {}: {}\n", document.target, document.title);
    if let Some(banner) = &document.banner {
        let _ = writeln!(out, "> **{banner}**\n");
    }
    for block in &document.blocks {
        if let Block::Table(block) = block {
            let _ = writeln!(out, "{}", block.table.to_markdown());
        }
    }
    out
}
