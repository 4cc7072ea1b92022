//! `holds`: a column says yes.

use super::{GroupBy, PartVerdict, Rigour, RowRule, Verdict, each_row, in_words, strings};
use crate::selection::{Selection, shown};
use anyhow::Result;
use rows::Value;
use schemars::JsonSchema;
use serde::Deserialize;

/// Asks whether a column of yes and no has the expected answer in all rows.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Holds {
    /// The column of yes and no.
    column: String,
    /// The expected answer; no, for a control.
    #[serde(default = "yes")]
    expect: bool,
    /// Columns that the note shows: what was measured, and against what.
    #[serde(default)]
    show: Vec<String>,
    /// What a note names a row by.
    #[serde(default)]
    groups: Vec<GroupBy>,
}

fn yes() -> bool {
    true
}

impl RowRule for Holds {
    fn asks(&self) -> String {
        let answer = if self.expect { "yes" } else { "no" };
        format!("`{}` is {answer} in every row", self.column)
    }

    fn columns(&self) -> Vec<&str> {
        strings(&self.show).chain([self.column.as_str()]).collect()
    }

    fn groups(&self) -> Vec<&GroupBy> {
        self.groups.iter().collect()
    }

    fn judge(&self, rows: &Selection, _rigour: Rigour) -> Result<Vec<PartVerdict>> {
        let column = rows.position(&self.column)?;
        let show = self.show.iter().map(|c| Ok((c, rows.position(c)?)));
        let show: Vec<(&String, usize)> = show.collect::<Result<_>>()?;
        each_row(rows, &self.groups, |row| {
            // The numbers say more than that they do or do not; a word needs no name.
            let told = show.iter().map(|(name, at)| match &row[*at] {
                Value::Text(Some(word)) => word.clone(),
                value => format!("{} {}", in_words(name), shown(value)),
            });
            let mut note = told.collect::<Vec<_>>().join(", ");
            if note.is_empty() {
                note = format!("{} {}", self.column, shown(&row[column]));
            }
            // What was not measured says neither yes nor no, whatever the column holds.
            let unmeasured = show.iter().any(|(_, at)| row[*at].is_none());
            let verdict = match row[column] {
                _ if unmeasured => Verdict::NotTestable,
                Value::Flag(Some(flag)) if flag == self.expect => Verdict::Reproduced,
                Value::Flag(Some(_)) => Verdict::NotReproduced,
                _ => Verdict::NotTestable,
            };
            Ok((verdict, note))
        })
    }
}
