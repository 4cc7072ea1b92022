//! Tables of typed cells, and how Markdown and the terminal show them.
//!
//! A column says whether it holds words or numbers, and a cell what it consists of, so that no renderer has to guess
//! either from text.

use super::inline::markdown;
use claims::Verdict;
use comfy_table::{CellAlignment, LineStyle, TableStyle};
use rows::format::Format;
use rows::statistics::Interval;

/// Rules above, below and under the header, none between rows.
const RULED: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// What stands in one place of a table; nothing if it has no pieces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell(pub(super) Vec<Piece>);

/// A piece of a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Plain text.
    Text(String),
    /// Text that a reader must not miss.
    Warning(&'static str),
    /// A number.
    Number(f64, Format),
    /// A median with its interval.
    Interval(Interval, Format),
    /// The median of numbers, and between what they lie.
    Spread(Vec<f64>, Format),
    /// What became of a claim.
    Verdict(Verdict),
}

impl Piece {
    /// Returns it as text.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Warning(text) => (*text).to_owned(),
            Self::Number(value, format) => format.show(*value),
            Self::Interval(interval, format) => format.interval(*interval),
            Self::Spread(values, format) => format.spread(values),
            Self::Verdict(verdict) => verdict.to_string(),
        }
    }
}

impl Cell {
    /// Adds what stands behind it, if it is not empty itself.
    #[must_use]
    pub fn then(mut self, more: impl Into<Self>) -> Self {
        if !self.is_empty() {
            self.0.extend(more.into().0);
        }
        self
    }

    /// Returns it as text.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.iter().map(Piece::text).collect()
    }

    /// Says whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text().is_empty()
    }
}

impl From<Piece> for Cell {
    fn from(piece: Piece) -> Self {
        Self(vec![piece])
    }
}

macro_rules! texts {
    ($($text:ty),+) => { $(
        impl From<$text> for Cell {
            fn from(text: $text) -> Self {
                Piece::Text(text.to_string()).into()
            }
        }
    )+ };
}
texts!(String, &String, &str);

impl From<Verdict> for Cell {
    fn from(verdict: Verdict) -> Self {
        Piece::Verdict(verdict).into()
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(Self::default, Into::into)
    }
}

/// What a column holds, which decides to which side it is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnHolds {
    Words,
    Numbers,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub(super) struct TableColumn {
    pub title: String,
    pub holds: ColumnHolds,
    /// Whether its numbers are calculated instead of measured.
    pub modelled: bool,
    /// Whether it is left out first where there is no room for all.
    pub detail: bool,
    pub cells: Vec<Cell>,
}

/// Columns of cells.
#[derive(Clone, Debug, Default)]
pub struct Table {
    pub(super) columns: Vec<TableColumn>,
    pub(super) rows: usize,
}

/// A table in the making, each line of which shows one of `rows`.
#[derive(Debug)]
pub struct TableBuilder<'a, R> {
    rows: &'a [R],
    table: Table,
}

impl<'a, R> TableBuilder<'a, R> {
    fn column<C: Into<Cell>>(
        mut self,
        title: impl Into<String>,
        holds: ColumnHolds,
        cell: impl Fn(&'a R) -> C,
    ) -> Self {
        self.table.columns.push(TableColumn {
            title: title.into(),
            holds,
            modelled: false,
            detail: false,
            cells: self.rows.iter().map(|row| cell(row).into()).collect(),
        });
        self
    }

    /// Adds a column of words.
    #[must_use]
    pub fn words<C: Into<Cell>>(self, title: impl Into<String>, cell: impl Fn(&'a R) -> C) -> Self {
        self.column(title, ColumnHolds::Words, cell)
    }

    /// Adds a column of numbers of one format.
    #[must_use]
    pub fn number(
        self,
        title: impl Into<String>,
        format: Format,
        value: impl Fn(&'a R) -> Option<f64>,
    ) -> Self {
        self.numbers(title, |row| value(row).map(|v| Piece::Number(v, format)))
    }

    /// Adds a column of numbers with something around them.
    #[must_use]
    pub fn numbers<C: Into<Cell>>(
        self,
        title: impl Into<String>,
        cell: impl Fn(&'a R) -> C,
    ) -> Self {
        self.column(title, ColumnHolds::Numbers, cell)
    }

    /// Says that the last column is calculated instead of measured.
    #[must_use]
    pub fn modelled(mut self) -> Self {
        if let Some(column) = self.table.columns.last_mut() {
            column.modelled = true;
        }
        self
    }

    /// Says that the last column is left out before others where there is no room for all.
    #[must_use]
    pub fn detail(mut self) -> Self {
        if let Some(column) = self.table.columns.last_mut() {
            column.detail = true;
        }
        self
    }

    /// Returns the table.
    #[must_use]
    pub fn build(self) -> Table {
        self.table
    }
}

impl Table {
    /// Begins a table with a line for each of these rows.
    #[must_use]
    pub fn of<R>(rows: &[R]) -> TableBuilder<'_, R> {
        let table = Self {
            columns: Vec::new(),
            rows: rows.len(),
        };
        TableBuilder { rows, table }
    }

    /// Says whether it has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Leaves out columns that are empty in every row.
    #[must_use]
    pub fn without_empty_columns(mut self) -> Self {
        let used = |column: &TableColumn| !column.cells.iter().all(Cell::is_empty);
        self.columns.retain(used);
        self
    }

    /// Returns the texts of the column of this title, if there is one.
    #[must_use]
    pub fn texts(&self, title: &str) -> Option<Vec<String>> {
        let column = self.columns.iter().find(|column| column.title == title)?;
        Some(column.cells.iter().map(Cell::text).collect())
    }

    /// Returns the cells of each row.
    pub(super) fn lines(&self) -> impl Iterator<Item = Vec<&Cell>> {
        (0..self.rows).map(|row| self.columns.iter().map(|c| &c.cells[row]).collect())
    }

    fn titles(&self) -> Vec<String> {
        self.columns.iter().map(|c| c.title.clone()).collect()
    }

    /// Returns it as Markdown.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let line = |cells: Vec<String>| {
            let cells = cells.iter().map(|c| markdown(c).replace('|', "\\|"));
            format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
        };
        let sides = self.columns.iter().map(|column| match column.holds {
            ColumnHolds::Words => "---|",
            ColumnHolds::Numbers => "---:|",
        });
        let mut out = line(self.titles());
        out.push_str(&format!("|{}\n", sides.collect::<String>()));
        for cells in self.lines() {
            out.push_str(&line(cells.into_iter().map(Cell::text).collect()));
        }
        out
    }

    /// Says whether a cell has this text in it.
    pub(super) fn holds(&self, text: &str) -> bool {
        let cells = self.columns.iter().flat_map(|column| &column.cells);
        cells.into_iter().any(|cell| cell.text().contains(text))
    }

    /// Returns it for the terminal, a line for each row; a name in the first column is shown once for its group.
    #[must_use]
    pub fn to_terminal(&self) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(RULED).set_header(self.titles());
        let mut group = None;
        for cells in self.lines() {
            let texts = cells.into_iter().map(|cell| cell.text().replace('\n', " "));
            let mut texts: Vec<String> = texts.collect();
            let name = texts.first().cloned();
            if name == group && !texts.is_empty() {
                texts[0].clear();
            }
            group = name;
            table.add_row(texts);
        }
        for (shown, column) in table.column_iter_mut().zip(&self.columns) {
            if column.holds == ColumnHolds::Numbers {
                shown.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table::of(&["1|2", "3"])
            .words("a", |_| "x")
            .words("b", |_| "")
            .numbers("c", |text| *text)
            .build()
            .without_empty_columns()
    }

    #[test]
    fn markdown_escapes_what_would_end_a_cell() {
        let wanted = "| a | c |\n|---|---:|\n| x | 1\\|2 |\n| x | 3 |\n";
        assert_eq!(table().to_markdown(), wanted);
    }

    #[test]
    fn the_terminal_shows_a_groups_name_once() {
        assert_eq!(table().to_terminal().matches('x').count(), 1);
    }

    #[test]
    fn what_stands_behind_a_missing_number_is_missing_too() {
        let share = |value: Option<f64>| {
            Cell::from(value.map(|v| Piece::Number(v, Format::Percent(0)))).then(" ops")
        };
        assert_eq!(share(Some(0.41)).text(), "41 % ops");
        assert!(share(None).is_empty());
    }
}
