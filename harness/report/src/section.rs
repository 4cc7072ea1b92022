//! Writes the section of one target in the page, and the pieces of HTML it consists of.

use super::escape::escaped;
use super::table::{Cell, ColumnHolds, Piece, TableColumn};
use super::{Block, Document, FigureBlock, TableBlock, inline};
use claims::Verdict;
use rows::Frame;
use std::fmt::Write;

/// Writes the section of a target under this id.
pub(super) fn section(document: &Document, id: &str) -> String {
    let mut out = format!(
        "<section class=\"target\" id=\"{id}\" aria-labelledby=\"title-{id}\">\n\
         <h2 id=\"title-{id}\"><span class=\"name\">{}</span> {}</h2>\n\
         <p class=\"source\">{}. Profile <code>{}</code>.</p>\n",
        escaped(&document.target),
        inline::html(&document.title),
        inline::html(document.source.trim_end_matches('.')),
        escaped(&document.profile),
    );
    if let Some(banner) = &document.banner {
        let _ = writeln!(
            out,
            "<p class=\"banner\"><span aria-hidden=\"true\">⚠</span> {}</p>",
            inline::html(banner)
        );
    }
    for (index, block) in document.blocks.iter().enumerate() {
        out.push_str(&piece(block, &document.target, index));
    }
    if !document.failures.is_empty() {
        let _ = write!(
            out,
            "<h3>What failed</h3>\n<div class=\"failures\">{}</div>\n",
            list(&document.failures)
        );
    }
    let plan = escaped(&document.plan);
    out.push_str(&details(
        "Configuration",
        &format!("<pre tabindex=\"0\"><code>{plan}</code></pre>\n"),
    ));
    out.push_str(&details(
        "Where these numbers come from",
        &list(&document.provenance),
    ));
    for frame in &document.frames {
        let summary = format!("Columns of {0}.csv and {0}.parquet", frame.name);
        out.push_str(&details(&summary, &columns(frame)));
    }
    out.push_str("<p class=\"up\"><a href=\"#contents\">Contents</a></p>\n</section>\n");
    out
}

fn piece(block: &Block, target: &str, index: usize) -> String {
    match block {
        Block::Heading(title) => format!("<h3>{}</h3>\n", inline::html(title)),
        Block::Text(text) => format!("<p>{}</p>\n", inline::html(text)),
        Block::List(lines) => list(lines),
        Block::Table(block) => table(block, target, index),
        Block::Figure(block) => figure(block, target),
    }
}

fn list(lines: &[String]) -> String {
    let mut out = String::from("<ul>\n");
    for line in lines {
        let _ = writeln!(out, "<li>{}</li>", inline::html(line));
    }
    out + "</ul>\n"
}

/// Writes what is folded away.
pub(super) fn details(summary: &str, content: &str) -> String {
    let summary = escaped(summary);
    format!("<details>\n<summary>{summary}</summary>\n{content}</details>\n")
}

/// More rows than these are not printed on paper.
const ON_PAPER: usize = 40;

/// Writes a table in a box of its own, which scrolls where the table is wider than the page. The box is called by
/// its target and place, as no two places of a page may be called the same.
fn table(block: &TableBlock, target: &str, index: usize) -> String {
    let name = format!("{target} {}: {}", index + 1, inline::plain(&block.caption));
    let name = escaped(name.trim_end_matches([':', ' ']));
    let rows = block.table.lines().count();
    let long = match rows > ON_PAPER {
        true => " class=\"long\"",
        false => "",
    };
    let mut out = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{name}\">\n<table{long}>\n"
    );
    if !block.caption.is_empty() {
        let _ = writeln!(out, "<caption>{}</caption>", inline::html(&block.caption));
    }
    let class = |column: &TableColumn| {
        let numbers = column.holds == ColumnHolds::Numbers;
        let classes = [
            (numbers, "n"),
            (column.modelled, "modelled"),
            (column.detail, "detail"),
        ];
        let classes = classes.iter().filter(|(is, _)| *is).map(|(_, name)| *name);
        match classes.collect::<Vec<_>>().join(" ") {
            none if none.is_empty() => none,
            classes => format!(" class=\"{classes}\""),
        }
    };
    let columns = &block.table.columns;
    out.push_str("<thead><tr>");
    for column in columns {
        let (class, title) = (class(column), escaped(&column.title));
        let _ = write!(out, "<th scope=\"col\"{class}>{title}</th>");
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for cells in block.table.lines() {
        out.push_str("<tr>");
        for (index, (value, column)) in cells.into_iter().zip(columns).enumerate() {
            let (class, value) = (class(column), cell(value));
            if index == 0 {
                let _ = write!(out, "<th scope=\"row\"{class}>{value}</th>");
            } else {
                let _ = write!(out, "<td{class}>{value}</td>");
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
    if !long.is_empty() {
        let file = escaped(target);
        let _ = writeln!(
            out,
            "<p class=\"paper\">The first {ON_PAPER} of {rows} rows; {file}.md has all.</p>"
        );
    }
    if !block.note.is_empty() {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", inline::html(&block.note));
    }
    out
}

/// Writes a cell, with verdicts and warnings so that they are seen.
fn cell(cell: &Cell) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Verdict(verdict) => badge(*verdict),
        Piece::Warning(text) => warning(text),
        other => escaped(&other.text()),
    };
    cell.0.iter().map(piece).collect()
}

/// Writes what a reader must not miss.
pub(super) fn warning(text: &str) -> String {
    format!("<strong class=\"surrogate\">{}</strong>", escaped(text))
}

/// Writes the word of a verdict with its symbol; never a colour alone.
pub(super) fn badge(verdict: Verdict) -> String {
    let (class, symbol) = match verdict {
        Verdict::Reproduced => ("reproduced", "✓"),
        Verdict::Faster => ("reproduced", "✓✓"),
        Verdict::Partly => ("partly", "◐"),
        Verdict::NotReproduced => ("refuted", "✗"),
        Verdict::Inconclusive => ("inconclusive", "?"),
        Verdict::Contradiction => ("contradiction", "≠"),
        Verdict::EvidenceMissing => ("inconclusive", "…"),
        Verdict::NotTestable | Verdict::NotRun => ("untested", "–"),
    };
    format!(
        "<span class=\"badge {class}\"><span aria-hidden=\"true\">{symbol}</span> {verdict}</span>"
    )
}

/// Writes a plot in a box of its own, with what it shows in words below.
fn figure(block: &FigureBlock, target: &str) -> String {
    // Inside of HTML an SVG needs no name space.
    let svg = block.figure.to_svg(&block.alt);
    let svg = svg.replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1);
    format!(
        "<figure>\n<div class=\"scroll plot\" tabindex=\"0\" role=\"region\" aria-label=\"{2}: plot {0}\">\n\
         {svg}</div>\n<figcaption>{1} <span class=\"file\">{0}.svg</span></figcaption>\n</figure>\n",
        escaped(&block.name),
        inline::html(&block.alt),
        escaped(target),
    )
}

/// Says what the columns of a frame's files mean.
fn columns(frame: &Frame) -> String {
    let mut out = String::from("<dl class=\"columns\">\n");
    for column in &frame.columns {
        let unit = if column.unit.is_empty() {
            String::new()
        } else {
            format!(" [{}]", escaped(column.unit))
        };
        let _ = writeln!(
            out,
            "<div><dt><code>{}</code>{unit}</dt><dd>{}</dd></div>",
            escaped(column.name),
            escaped(column.what)
        );
    }
    out + "</dl>\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SURROGATE, Table};
    use rows::format::Format;

    #[test]
    fn numbers_verdicts_and_what_is_modelled_are_seen_as_such() {
        let verdicts = [Some(Verdict::NotReproduced), None];
        let cells = Table::of(&verdicts)
            .words("data set", |verdict| match verdict {
                Some(_) => Cell::from("a8a"),
                None => Cell::from("usps (")
                    .then(Piece::Warning(SURROGATE))
                    .then(")"),
            })
            .number("modelled speedup", Format::Ratio, |verdict| {
                verdict.map(|_| 2.16)
            })
            .modelled()
            .words("verdict", |verdict| match verdict {
                Some(verdict) => Cell::from(*verdict),
                None => "none".into(),
            });
        let block = TableBlock::new("Speedups", cells.build(), "");
        let html = table(&block, "table2", 1);
        for part in [
            "aria-label=\"table2 2: Speedups\"",
            "<caption>Speedups</caption>",
            "<th scope=\"col\" class=\"n modelled\">modelled speedup</th>",
            "<th scope=\"row\">a8a</th><td class=\"n modelled\">2.16x</td>",
            "<span aria-hidden=\"true\">✗</span> not reproduced</span>",
            "usps (<strong class=\"surrogate\">SURROGATE DATA</strong>)",
            "<td>none</td>",
        ] {
            assert!(html.contains(part), "{part} is not in\n{html}");
        }
    }

    #[test]
    fn of_a_long_table_paper_has_the_first_rows_and_says_so() {
        let rows: Vec<usize> = (0..41).collect();
        let html = |rows: &[usize]| {
            let cells = Table::of(rows).words("row", |row| row.to_string()).build();
            table(&TableBlock::new("", cells, ""), "fig2", 0)
        };
        let long = html(&rows);
        assert!(long.contains("<table class=\"long\">"), "{long}");
        assert!(
            long.contains("The first 40 of 41 rows; fig2.md has all."),
            "{long}"
        );
        assert_eq!(long.matches("<tr>").count(), 42, "the screen has all");
        assert!(!html(&rows[..40]).contains("long"));
    }
}
