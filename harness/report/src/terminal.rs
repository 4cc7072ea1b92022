//! Writes a report as a terminal shows it: tables and statements, no figures.

use super::{Block, Document, inline};
use std::fmt::Write;

/// Writes the report of a target; what has to be said before any number stands before and after them.
#[must_use]
pub fn terminal(document: &Document) -> String {
    let mut out = format!("{}: {}\n", document.target, document.title);
    let warn = |out: &mut String| {
        if let Some(banner) = &document.banner {
            let _ = writeln!(out, "*** {} ***", inline::plain(banner));
        }
    };
    warn(&mut out);
    let mut heading = None;
    for block in &document.blocks {
        let shown = match block {
            Block::Heading(title) => {
                heading = Some(title);
                continue;
            }
            Block::Table(block) if block.in_terminal && !block.table.is_empty() => {
                let caption = match block.caption.as_str() {
                    "" => String::new(),
                    caption => format!("{}:\n", inline::plain(caption)),
                };
                format!("{caption}{}\n", block.table.to_terminal())
            }
            Block::List(lines) if !lines.is_empty() => {
                let lines = lines.iter().map(|l| inline::plain(l));
                lines.collect::<Vec<_>>().join("\n") + "\n"
            }
            Block::Table(_) | Block::List(_) | Block::Text(_) | Block::Figure(_) => continue,
        };
        out.push('\n');
        // A title is worth its line only where something of its section is shown.
        if let Some(title) = heading.take() {
            let _ = writeln!(out, "{}\n", inline::plain(title));
        }
        out.push_str(&shown);
    }
    if !document.failures.is_empty() {
        let _ = writeln!(out, "\nFAILED:\n{}", document.failures.join("\n"));
    }
    if document.banner.is_some() {
        out.push('\n');
        warn(&mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn the_banner_stands_before_and_after_the_numbers() {
        let text = terminal(&fixture::document("table2"));
        let banner = "*** SURROGATE DATA: a8a generated ***";
        let number = text.find("<1.2x|2>").unwrap();
        assert!(text.find(banner).unwrap() < number);
        assert!(text.rfind(banner).unwrap() > number);
    }

    #[test]
    fn a_table_that_is_not_for_terminals_is_not_shown_nor_its_title() {
        let text = terminal(&fixture::document("table2"));
        assert!(!text.contains("Every cell"), "{text}");
        assert!(!text.contains("cpu:1"), "{text}");
        assert!(text.contains("a8a: reproduced"), "{text}");
        assert!(text.contains("out of <memory>"), "{text}");
    }
}
