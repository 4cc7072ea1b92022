//! Lines and tables on terminals that have no room for the whole of them.

use super::table::{Cell, Table, TableColumn};

/// Lines above the first row: a rule, the titles, a rule.
const HEAD: usize = 3;

/// How far what stands below a row is moved in.
const INDENT: usize = 4;

/// Stands for a space at which no line is broken.
const HELD: char = '\u{a0}';

/// A table as a terminal of some width shows it.
#[derive(Clone, Debug)]
pub struct FittedTable {
    /// The columns for which there is room beside one another.
    table: Table,
    /// Those that stand below each row instead, by their titles.
    below: Vec<TableColumn>,
    /// The titles of the details, which are left out.
    pub left_out: Vec<String>,
}

impl FittedTable {
    /// Makes a table fit a terminal of so many characters a line: details are left out, then columns from the right are
    /// stacked below their rows; the first two stay. With any number of characters it is whole.
    #[must_use]
    pub fn new(table: &Table, width: Option<usize>) -> Self {
        let mut fitted = Self {
            table: table.clone(),
            below: Vec::new(),
            left_out: Vec::new(),
        };
        let Some(width) = width else {
            return fitted;
        };
        while fitted.is_wider_than(width) {
            let columns = &mut fitted.table.columns;
            let detail = columns.iter().skip(2).rposition(|column| column.detail);
            match detail {
                Some(at) => {
                    let column = columns.remove(at + 2);
                    fitted.left_out.insert(0, column.title);
                }
                None if columns.len() > 2 => {
                    fitted.below.splice(0..0, columns.pop()).for_each(drop)
                }
                None => break,
            }
        }
        fitted
    }

    fn is_wider_than(&self, width: usize) -> bool {
        let shown = self.table.to_terminal();
        shown
            .lines()
            .any(|line| line.trim_end().chars().count() > width)
    }

    /// Returns it for a terminal of that width.
    #[must_use]
    pub fn to_terminal(&self, width: Option<usize>) -> String {
        let room = width.map(|width| width.saturating_sub(INDENT));
        let mut lines = Vec::new();
        for (index, line) in self.table.to_terminal().lines().enumerate() {
            lines.push(line.to_owned());
            let row = index.checked_sub(HEAD).filter(|row| *row < self.table.rows);
            let cells = self.below.iter().filter_map(|column| {
                let cell = &column.cells[row?];
                let text = cell.text().replace('\n', " ");
                (!cell.is_empty()).then(|| held_together(format!("{}: {text}", column.title), room))
            });
            let told = cells.collect::<Vec<_>>().join("; ");
            if !told.is_empty() {
                let indented = |line: &str| format!("{:INDENT$}{line}", "");
                let told = wrapped(&told, room).replace(HELD, " ");
                lines.extend(told.lines().map(indented));
            }
        }
        lines.join("\n")
    }

    /// Says whether a cell that is shown has this text in it.
    #[must_use]
    pub fn holds(&self, text: &str) -> bool {
        let has = |cell: &Cell| cell.text().contains(text);
        self.table.holds(text) || self.below.iter().any(|column| column.cells.iter().any(has))
    }
}

/// Keeps a title and its number on one line, unless no line has the room.
fn held_together(text: String, room: Option<usize>) -> String {
    // Less what further lines are moved in by, and what parts it from the next.
    let fits = room.is_none_or(|room| text.chars().count() + 3 <= room);
    match fits {
        true => text.replace(' ', &HELD.to_string()),
        false => text,
    }
}

/// Breaks a line between words where it is longer than a terminal's.
pub(super) fn wrapped(line: &str, width: Option<usize>) -> String {
    let width = width.unwrap_or(usize::MAX);
    let (mut out, mut room) = (String::new(), width);
    for word in line.split(' ') {
        let length = word.chars().count();
        if out.is_empty() {
            room = width.saturating_sub(length);
        } else if length < room {
            out.push(' ');
            room -= length + 1;
        } else {
            out.push_str("\n  ");
            room = width.saturating_sub(length + 2);
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table::of(&["mnist", "a8a"])
            .words("data set", |name| *name)
            .numbers("wall", |_| "4.67 s")
            .numbers("gradients", |_| "195")
            .detail()
            .numbers("speedup", |_| "1.88x [1.25, 1.89]")
            .numbers("late", |name| if *name == "a8a" { "" } else { "3.41x" })
            .numbers("memory", |_| "629.2 kB")
            .detail()
            .words("not complete", |name| format!("1 of 3: {name} stopped"))
            .build()
    }

    #[test]
    fn at_every_width_each_number_that_is_no_detail_is_there_and_no_line_is_longer() {
        for width in [40, 60, 80, 100, 120, 200] {
            let fitted = FittedTable::new(&table(), Some(width));
            let shown = fitted.to_terminal(Some(width));
            for line in shown.lines() {
                assert!(
                    line.trim_end().chars().count() <= width,
                    "{width}:\n{shown}"
                );
            }
            let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
            for text in [
                "4.67 s",
                "1.88x [1.25, 1.89]",
                "3.41x",
                "1 of 3: a8a stopped",
            ] {
                assert!(words.contains(text), "{width}: {text}\n{shown}");
            }
            for (title, text) in [("gradients", "195"), ("memory", "629.2 kB")] {
                let named = fitted.left_out.iter().any(|column| column == title);
                assert_eq!(words.contains(text), !named, "{width}: {title}\n{shown}");
            }
        }
        let whole = FittedTable::new(&table(), None);
        assert_eq!(whole.to_terminal(None), table().to_terminal());
    }

    #[test]
    fn columns_without_room_stand_below_their_row_under_their_titles_and_empty_ones_do_not() {
        let fitted = FittedTable::new(&table(), Some(44));
        assert_eq!(fitted.left_out, ["gradients", "memory"]);
        let shown = fitted.to_terminal(Some(44));
        let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
        assert_eq!(
            lines[HEAD..HEAD + 5],
            [
                " mnist      4.67 s   1.88x [1.25, 1.89]",
                "    late: 3.41x;",
                "      not complete: 1 of 3: mnist stopped",
                " a8a        4.67 s   1.88x [1.25, 1.89]",
                "    not complete: 1 of 3: a8a stopped",
            ],
            "{shown}"
        );
        assert!(fitted.holds("3.41x") && !fitted.holds("629.2 kB"));
    }

    #[test]
    fn the_first_two_columns_stay_beside_one_another_however_narrow_it_is() {
        let shown = FittedTable::new(&table(), Some(1)).to_terminal(Some(1));
        assert!(shown.contains(" mnist      4.67 s"), "{shown}");
    }
}
