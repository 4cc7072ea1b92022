//! Rows of a frame, filtered, taken apart and sorted by key.

use super::filter::{Filter, GroupBy, Match, Scalar};
use super::verdict::short;
use anyhow::{Result, anyhow, ensure};
use rows::{Frame, Value};
use std::collections::BTreeMap;

/// Holds some rows of a frame.
#[derive(Clone, Debug)]
pub struct Selection<'a> {
    /// The frame.
    pub frame: &'a Frame,
    /// The rows.
    pub rows: Vec<&'a [Value]>,
}

impl<'a> Selection<'a> {
    /// Selects all rows of a frame.
    pub fn of(frame: &'a Frame) -> Self {
        Self {
            frame,
            rows: frame.rows.iter().map(Vec::as_slice).collect(),
        }
    }

    /// Selects no rows of the same frame.
    pub fn none(&self) -> Self {
        Self {
            frame: self.frame,
            rows: vec![],
        }
    }

    /// Finds the place of a column.
    pub fn position(&self, column: &str) -> Result<usize> {
        self.frame.position(column).ok_or_else(|| {
            let known: Vec<_> = self.frame.columns.iter().map(|c| c.name).collect();
            anyhow!(
                "the frame `{}` has no column `{column}`: it has {}",
                self.frame.name,
                known.join(", ")
            )
        })
    }

    /// Selects the rows that a filter lets through.
    pub fn filter(&self, filter: &Filter) -> Result<Self> {
        let mut rows = self.rows.clone();
        for (column, what) in filter {
            let at = self.position(column)?;
            match what {
                Match::One(want) => rows.retain(|row| want.is(&row[at])),
                Match::Any(list) => rows.retain(|row| list.iter().any(|want| want.is(&row[at]))),
                Match::Has { has } => rows.retain(|row| words(&row[at]).any(|word| word == has)),
                Match::Same { same_as } => {
                    let other = self.position(same_as)?;
                    rows.retain(|row| row[at] == row[other]);
                }
                Match::Within(range) => {
                    rows.retain(|row| number(&row[at]).is_some_and(|n| range.contains(n)));
                }
            }
        }
        Ok(Self {
            frame: self.frame,
            rows,
        })
    }

    /// Lists, in words, the values of a filter that none of these rows has.
    pub fn unmet(&self, filter: &Filter) -> Result<Vec<String>> {
        let mut unmet = Vec::new();
        for (column, what) in filter {
            let at = self.position(column)?;
            if let Match::Any(list) = what {
                let met = |want: &&Scalar| !self.rows.iter().any(|row| want.is(&row[at]));
                unmet.extend(list.iter().filter(met).map(|w| format!("{column} = {w}")));
            }
        }
        Ok(unmet)
    }

    /// Takes rows apart, in the order in which the groups first occur, under labels that name
    /// them. Without groups: all rows, under an empty label.
    pub fn split(&self, groups: &[GroupBy]) -> Result<Vec<(String, Self)>> {
        let mut all = vec![(Vec::new(), self.clone())];
        for group in groups {
            let mut finer = Vec::new();
            for (label, rows) in &all {
                for (name, part) in rows.split_once(group)? {
                    let mut label: Vec<String> = label.clone();
                    label.push(name);
                    finer.push((label, part));
                }
            }
            all = finer;
        }
        Ok(all
            .into_iter()
            .map(|(label, rows)| (label.join(", "), rows))
            .collect())
    }

    fn split_once(&self, group: &GroupBy) -> Result<Vec<(String, Self)>> {
        match group {
            GroupBy::Words { column, words } => {
                let by = |word: &String| {
                    let filter = Filter::from([(column.clone(), Match::Has { has: word.clone() })]);
                    Ok((word.clone(), self.filter(&filter)?))
                };
                words.iter().map(by).collect()
            }
            GroupBy::Column(column) => {
                let at = self.position(column)?;
                let mut parts: Vec<(String, Self)> = Vec::new();
                for row in &self.rows {
                    let name = named(column, &row[at]);
                    if let Some((_, part)) = parts.iter_mut().find(|(known, _)| *known == name) {
                        part.rows.push(row);
                    } else {
                        let part = Self {
                            frame: self.frame,
                            rows: vec![row],
                        };
                        parts.push((name, part));
                    }
                }
                Ok(parts)
            }
        }
    }

    /// Sorts rows by what they hold in some columns.
    pub fn keyed(&self, columns: &[String]) -> Result<BTreeMap<String, Vec<&'a [Value]>>> {
        let at: Vec<usize> = columns
            .iter()
            .map(|c| self.position(c))
            .collect::<Result<_>>()?;
        let mut keyed: BTreeMap<String, Vec<&[Value]>> = BTreeMap::new();
        for row in &self.rows {
            let name = |(column, at): (&String, &usize)| named(column, &row[*at]);
            let key: Vec<String> = columns.iter().zip(&at).map(name).collect();
            keyed.entry(key.join(", ")).or_default().push(row);
        }
        Ok(keyed)
    }

    /// Sorts rows as [`Selection::keyed`] does, where no two rows may share a key.
    pub fn keyed_once(&self, columns: &[String]) -> Result<BTreeMap<String, &'a [Value]>> {
        let mut once = BTreeMap::new();
        for (key, rows) in self.keyed(columns)? {
            let place = if key.is_empty() {
                "one place"
            } else {
                key.as_str()
            };
            ensure!(
                rows.len() == 1,
                "{} rows for {place}: the filters have to leave one",
                rows.len()
            );
            once.insert(key, rows[0]);
        }
        Ok(once)
    }
}

/// Makes a value a label: text by itself, anything else after its column's name.
fn named(column: &str, value: &Value) -> String {
    match value {
        Value::Text(Some(text)) => text.clone(),
        // In full: two close numbers are not the same group.
        Value::Real(Some(real)) => format!("{column} {real}"),
        value => format!("{column} {}", shown(value)),
    }
}

/// Shows a value as a note does.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Text(Some(text)) => text.clone(),
        Value::Count(Some(count)) => count.to_string(),
        Value::Real(Some(real)) => short(*real),
        Value::Flag(Some(flag)) => flag.to_string(),
        _ => "none".into(),
    }
}

/// Reads a whole or real number.
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Count(count) => count.map(|c| c as f64),
        Value::Real(real) => *real,
        _ => None,
    }
}

/// Splits a '+'-joined text into its words.
fn words(value: &Value) -> impl Iterator<Item = &str> {
    let text = if let Value::Text(Some(text)) = value {
        text.as_str()
    } else {
        ""
    };
    text.split('+').map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_they_are_but_numbers_shortened_and_groups_named_in_full() {
        let text = Value::Text(Some("a8a".into()));
        let real = Value::Real(Some(1.234_567_8));
        let count = Value::Count(Some(3));
        let all = [
            &text,
            &real,
            &count,
            &Value::Flag(Some(true)),
            &Value::Real(None),
        ];
        assert_eq!(
            all.map(shown),
            ["a8a", "1.235", "3", "true", "none"].map(String::from)
        );
        let named = [&text, &real, &count].map(|value| named("x", value));
        assert_eq!(named, ["a8a", "x 1.2345678", "x 3"].map(String::from));
        let numbers = [&text, &real, &count].map(number);
        assert_eq!(numbers, [None, Some(1.234_567_8), Some(3.0)]);
    }
}
