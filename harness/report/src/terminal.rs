//! Writes a report as a terminal shows it: tables and statements, no figures.

use super::fitted::{FittedTable, wrapped};
use super::{Block, Document, TableBlock, inline};
use std::fmt::Write;

/// Writes the report of a target for a terminal of so many characters a line, or for one of any width; what has to be
/// said before any number stands before and after them.
#[must_use]
pub fn terminal(document: &Document, width: Option<usize>) -> String {
    let title = format!("{}: {}", document.target, document.title);
    let mut out = wrapped(&title, width) + "\n";
    let warn = |out: &mut String| {
        if let Some(banner) = &document.banner {
            let banner = format!("*** {} ***", inline::plain(banner));
            let _ = writeln!(out, "{}", wrapped(&banner, width));
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
                table(block, &document.target, width)
            }
            Block::List(lines) if !lines.is_empty() => {
                let lines = lines.iter().map(|l| wrapped(&inline::plain(l), width));
                lines.collect::<Vec<_>>().join("\n") + "\n"
            }
            Block::Table(_) | Block::List(_) | Block::Text(_) | Block::Figure(_) => continue,
        };
        out.push('\n');
        // A title is worth its line only where something of its section is shown.
        if let Some(title) = heading.take() {
            let _ = writeln!(out, "{}\n", wrapped(&inline::plain(title), width));
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

/// Writes a table, what its marks mean where they occur, and which details there was no room for.
fn table(block: &TableBlock, target: &str, width: Option<usize>) -> String {
    let mut out = match block.caption.as_str() {
        "" => String::new(),
        caption => wrapped(&format!("{}:", inline::plain(caption)), width) + "\n",
    };
    let table = FittedTable::new(&block.table, width);
    let _ = writeln!(out, "{}", table.to_terminal(width));
    for (mark, meaning) in block.marks.iter().filter(|(mark, _)| table.holds(mark)) {
        let _ = writeln!(out, "{}", wrapped(&format!("{mark}: {meaning}"), width));
    }
    if !table.left_out.is_empty() {
        let columns = table.left_out.join(", ");
        let said = format!("Not shown for want of width, all in {target}.md: {columns}");
        let _ = writeln!(out, "{}", wrapped(&said, width));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn the_banner_stands_before_and_after_the_numbers() {
        let text = terminal(&fixture::document("table2"), None);
        let banner = "*** SURROGATE DATA: a8a generated ***";
        let number = text.find("<1.2x|2>").unwrap();
        assert!(text.find(banner).unwrap() < number);
        assert!(text.rfind(banner).unwrap() > number);
    }

    #[test]
    fn a_table_that_is_not_for_terminals_is_not_shown_nor_its_title() {
        let text = terminal(&fixture::document("table2"), None);
        assert!(!text.contains("Every cell"), "{text}");
        assert!(!text.contains("cpu:1"), "{text}");
        assert!(text.contains("a8a: reproduced"), "{text}");
        assert!(text.contains("out of <memory>"), "{text}");
    }

    #[test]
    fn a_mark_is_explained_where_it_occurs_and_what_has_no_room_is_named() {
        let rows = ["4.67 s*"];
        let wide = crate::Table::of(&rows)
            .words("data set", |_| "mnist")
            .numbers("wall", |wall| *wall)
            .numbers("late", |_| "3.41x (K = 200)")
            .detail()
            .build();
        let block = TableBlock::new("", wide, "")
            .explaining("*", "more workers than cores")
            .explaining("disturbed", "something else ran");
        let document = Document {
            target: "table2".into(),
            blocks: vec![block.into()],
            ..Document::default()
        };
        let all = terminal(&document, None);
        assert!(all.contains("*: more workers than cores\n"), "{all}");
        assert!(
            !all.contains("something else ran") && !all.contains("Not shown"),
            "{all}"
        );
        let narrow = terminal(&document, Some(30));
        assert!(
            narrow.contains("Not shown for want of width,\n  all in table2.md: late\n"),
            "{narrow}"
        );
        assert!(
            narrow
                .lines()
                .all(|line| line.trim_end().chars().count() <= 30),
            "{narrow}"
        );
    }
}
