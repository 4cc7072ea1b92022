//! A report for a terminal.

use super::{Block, Document};
use std::fmt::Write;

/// The tables, for a terminal.
#[must_use]
pub fn terminal(document: &Document) -> String {
    let mut out = format!("{}: {}\n", document.target, document.title);
    if let Some(banner) = &document.banner {
        let _ = writeln!(out, "*** {banner} ***\n");
    }
    for block in &document.blocks {
        match block {
            Block::Table(block) if block.in_terminal => {
                let _ = writeln!(out, "{}\n", block.table.to_terminal());
            }
            Block::List(lines) => {
                let _ = writeln!(out, "{}\n", lines.join("\n"));
            }
            _ => {}
        }
    }
    out
}
