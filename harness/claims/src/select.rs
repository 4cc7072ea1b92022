//! Which rows a claim is about: filters by column, and groups of rows.

use super::range::Range;
use super::verdict::short;
use anyhow::{Result, anyhow, ensure};
use rows::{Frame, Value};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// A value as YAML has it; any number matches a whole or a real column.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged, expecting = "a text, a number, true or false")]
pub enum Scalar {
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
}

/// What a column has to hold.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a value, a list of values, {has: word}, {same_as: column} or a range such as {at_least: 1}"
)]
pub enum Match {
    /// This value.
    One(Scalar),
    /// One of these values. Each of them has to occur: a claim on four data sets is not judged on
    /// three.
    Any(Vec<Scalar>),
    /// A '+'-joined text with this word.
    Has {
        /// The word.
        has: String,
    },
    /// What another column of the same row holds.
    Same {
        /// That column.
        same_as: String,
    },
    /// A number in this range.
    Within(Range),
}

/// What several columns have to hold, all of them.
pub type Filter = BTreeMap<String, Match>;

/// What rows are taken apart by.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a column, or {column: …, words: […]}"
)]
pub enum Group {
    /// A group for each value of a column.
    Column(String),
    /// A group for each of the words, of the rows whose '+'-joined text has it. A row can be in
    /// several.
    Words {
        /// The column.
        column: String,
        /// The words.
        words: Vec<String>,
    },
}

impl Scalar {
    fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Flag(want), Value::Flag(Some(have))) => want == have,
            (Self::Text(want), Value::Text(Some(have))) => want == have,
            (Self::Number(want), value) => number(value) == Some(*want),
            _ => false,
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text}"),
        }
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(scalar) => write!(f, "= {scalar}"),
            Self::Any(list) => {
                let list: Vec<String> = list.iter().map(ToString::to_string).collect();
                write!(f, "one of {}", list.join(", "))
            }
            Self::Has { has } => write!(f, "has {has}"),
            Self::Same { same_as } => write!(f, "= {same_as}"),
            Self::Within(range) => write!(f, "{range}"),
        }
    }
}

/// A filter in words.
#[must_use]
pub fn described(filter: &Filter) -> String {
    let one = |(column, what): (&String, &Match)| format!("{column} {what}");
    filter.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Some rows of a frame.
#[derive(Clone, Debug)]
pub struct Table<'a> {
    /// The frame.
    pub frame: &'a Frame,
    /// The rows.
    pub rows: Vec<&'a [Value]>,
}

impl<'a> Table<'a> {
    /// All rows of a frame.
    #[must_use]
    pub fn of(frame: &'a Frame) -> Self {
        Self {
            frame,
            rows: frame.rows.iter().map(Vec::as_slice).collect(),
        }
    }

    /// The place of a column.
    ///
    /// # Errors
    /// If there is none; the message lists those that there are.
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

    /// The rows that a filter lets through.
    ///
    /// # Errors
    /// If it names a column that there is not.
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

    /// The listed values of a filter that none of these rows has, in words.
    ///
    /// # Errors
    /// If it names a column that there is not.
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

    /// Rows taken apart, in the order in which the groups first occur, under labels that name
    /// them. Without groups: all rows, under an empty label.
    ///
    /// # Errors
    /// If a group names a column that there is not.
    pub fn split(&self, groups: &[Group]) -> Result<Vec<(String, Self)>> {
        let mut all = vec![(Vec::new(), self.clone())];
        for group in groups {
            let mut finer = Vec::new();
            for (label, table) in &all {
                for (name, part) in table.split_once(group)? {
                    let mut label: Vec<String> = label.clone();
                    label.push(name);
                    finer.push((label, part));
                }
            }
            all = finer;
        }
        Ok(all
            .into_iter()
            .map(|(label, table)| (label.join(", "), table))
            .collect())
    }

    fn split_once(&self, group: &Group) -> Result<Vec<(String, Self)>> {
        match group {
            Group::Words { column, words } => {
                let by = |word: &String| {
                    let filter = Filter::from([(column.clone(), Match::Has { has: word.clone() })]);
                    Ok((word.clone(), self.filter(&filter)?))
                };
                words.iter().map(by).collect()
            }
            Group::Column(column) => {
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

    /// The rows by what they hold in some columns, each of them once.
    ///
    /// # Errors
    /// If a column does not exist.
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

    /// As [`Table::keyed`], where no two rows may share a key.
    ///
    /// # Errors
    /// If two do, or a column does not exist.
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

/// A value as a label: text by itself, anything else after its column's name.
fn named(column: &str, value: &Value) -> String {
    match value {
        Value::Text(Some(text)) => text.clone(),
        // In full: two close numbers are not the same group.
        Value::Real(Some(real)) => format!("{column} {real}"),
        value => format!("{column} {}", shown(value)),
    }
}

/// A value as a note shows it.
#[must_use]
pub fn shown(value: &Value) -> String {
    match value {
        Value::Text(Some(text)) => text.clone(),
        Value::Count(Some(count)) => count.to_string(),
        Value::Real(Some(real)) => short(*real),
        Value::Flag(Some(flag)) => flag.to_string(),
        _ => "none".into(),
    }
}

/// A whole or real number.
#[must_use]
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Count(count) => count.map(|c| c as f64),
        Value::Real(real) => *real,
        _ => None,
    }
}

fn words(value: &Value) -> impl Iterator<Item = &str> {
    let text = if let Value::Text(Some(text)) = value {
        text.as_str()
    } else {
        ""
    };
    text.split('+').map(str::trim)
}
