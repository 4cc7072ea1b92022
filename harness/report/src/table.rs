//! Tables of text, for Markdown and for the terminal.

use comfy_table::{CellAlignment, LineStyle, TableStyle};
use std::fmt::Write;

/// Rules above, below and under the header, none between rows.
const RULED: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// Headers and rows of text.
#[derive(Clone, Debug, Default)]
pub struct Table {
    headers: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With these headers.
    #[must_use]
    pub fn new(headers: &[&str]) -> Self {
        Self {
            headers: headers.iter().map(|h| (*h).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// Whether it has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The titles of its columns.
    #[must_use]
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// Its rows, each as long as the headers.
    #[must_use]
    pub fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    /// Leaves out columns that are empty in every row.
    #[must_use]
    pub fn without_empty_columns(self) -> Self {
        let used = |i: &usize| self.rows.iter().any(|row| !row[*i].is_empty());
        let keep: Vec<usize> = (0..self.headers.len()).filter(used).collect();
        let pick = |from: &Vec<String>| keep.iter().map(|&i| from[i].clone()).collect();
        Self {
            headers: pick(&self.headers),
            rows: self.rows.iter().map(pick).collect(),
        }
    }

    /// As a Markdown table: first column to the left, numbers to the right.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut out = String::new();
        let line = |cells: &[String]| {
            let escaped: Vec<String> = cells.iter().map(|c| c.replace('|', "\\|")).collect();
            format!("| {} |\n", escaped.join(" | "))
        };
        out.push_str(&line(&self.headers));
        let _ = writeln!(
            out,
            "|---|{}",
            "---:|".repeat(self.headers.len().saturating_sub(1))
        );
        for row in &self.rows {
            out.push_str(&line(row));
        }
        out
    }

    /// For the terminal; a name in the first column is shown once for its group.
    #[must_use]
    pub fn to_terminal(&self) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(RULED).set_header(&self.headers);
        for (index, row) in self.rows.iter().enumerate() {
            let repeated = index > 0 && self.rows[index - 1][0] == row[0];
            let mut cells = row.clone();
            if repeated {
                cells[0] = String::new();
            }
            table.add_row(cells);
        }
        for (index, column) in table.column_iter_mut().enumerate() {
            if index > 0 {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["a", "b", "c"]);
        table.push(vec!["x".into(), String::new(), "1|2".into()]);
        table.push(vec!["x".into(), String::new(), "3".into()]);
        table
    }

    #[test]
    fn markdown_escapes_what_would_end_a_cell() {
        let wanted = "| a | c |\n|---|---:|\n| x | 1\\|2 |\n| x | 3 |\n";
        assert_eq!(table().without_empty_columns().to_markdown(), wanted);
    }

    #[test]
    fn the_terminal_shows_a_groups_name_once() {
        assert_eq!(table().to_terminal().matches('x').count(), 1);
    }
}
