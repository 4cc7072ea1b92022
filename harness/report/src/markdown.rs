//! Writes a report as Markdown.

use super::inline::{self, sentence};
use super::{Block, Document, TableBlock};
use rows::Frame;
use std::fmt::Write;

/// Writes the whole report of a target.
#[must_use]
pub fn markdown(document: &Document) -> String {
    let mut out = format!(
        "# {}: {}\n\n{}. Profile `{}`.\n",
        inline::markdown(&document.target),
        inline::markdown(&document.title),
        inline::markdown(document.source.trim_end_matches('.')),
        inline::markdown(&document.profile)
    );
    if let Some(banner) = &document.banner {
        let _ = writeln!(out, "\n> **{}**", inline::markdown(banner));
    }
    for block in &document.blocks {
        out.push('\n');
        out.push_str(&piece(block));
    }
    if !document.failures.is_empty() {
        let _ = write!(out, "\n## What failed\n\n{}", list(&document.failures));
    }
    for frame in &document.frames {
        let _ = write!(out, "\n{}", columns(frame));
    }
    let _ = write!(
        out,
        "\n## Where these numbers come from\n\n{}",
        list(&document.provenance)
    );
    out
}

fn piece(block: &Block) -> String {
    match block {
        Block::Heading(title) => format!("## {}\n", inline::markdown(title)),
        Block::Text(text) => format!("{}\n", inline::markdown_line(text)),
        Block::List(lines) => list(lines),
        Block::Table(block) => table(block),
        Block::Figure(figure) => {
            let alt = inline::markdown(&figure.alt);
            let alt = alt.replace('[', "\\[").replace(']', "\\]");
            format!("![{alt}]({}.svg)\n", figure.name)
        }
    }
}

/// Writes a table between its caption and its note.
fn table(block: &TableBlock) -> String {
    let mut out = String::new();
    if !block.caption.is_empty() {
        let _ = writeln!(out, "**{}**\n", inline::markdown(&block.caption));
    }
    out.push_str(&block.table.to_markdown());
    if !block.note.is_empty() {
        let _ = writeln!(out, "\n{}", inline::markdown_line(&block.note));
    }
    out
}

/// Writes a statement a line; each ends as a sentence does.
fn list(lines: &[String]) -> String {
    let mut out = String::new();
    for line in lines {
        let _ = writeln!(out, "- {}", inline::markdown_line(&sentence(line)));
    }
    out
}

/// Says what the columns of a frame's files mean.
fn columns(frame: &Frame) -> String {
    let name = &frame.name;
    let mut out = format!("## Columns of `{name}.csv` and `{name}.parquet`\n\n");
    for column in &frame.columns {
        let unit = if column.unit.is_empty() {
            String::new()
        } else {
            format!(" [{}]", column.unit)
        };
        let _ = writeln!(out, "- `{}`{unit}: {}", column.name, column.what);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn everything_that_a_document_holds_is_in_the_markdown_in_its_order() {
        let text = markdown(&fixture::document("table2"));
        let mut rest = text.as_str();
        for part in [
            "# table2: Windows & \\<workers>\n\nTable 2. Profile `smoke`.\n",
            "> **SURROGATE DATA: a8a generated**\n",
            "## As the paper prints it\n",
            "**Speedups**\n\n| data set | speedup |\n|---|---:|\n| a8a | <1.2x\\|2> |\n",
            "*Depth* is counted.\n",
            "- a8a: reproduced.\n",
            "![loss \\[nats\\] against time](loss-time.svg)\n",
            "## What failed\n\n- a8a W=4: out of \\<memory>.\n",
            "## Columns of `rows.csv` and `rows.parquet`\n\n- `wall_s` [s]: Wall time.\n",
            "## Where these numbers come from\n",
            "- a8a (**SURROGATE**: no \\<network>; split `upstream`).\n",
        ] {
            let at = rest.find(part);
            let Some(at) = at else {
                panic!("{part:?} is not where it belongs in\n{text}")
            };
            rest = &rest[at + part.len()..];
        }
    }

    #[test]
    fn no_two_empty_lines_follow_each_other() {
        let text = markdown(&fixture::document("table2"));
        assert!(!text.contains("\n\n\n"), "{text}");
    }
}
