//! Filters and groups as YAML has them. What they choose is in `selection`.

use super::range::{AllowedRange, Bounds};
use super::selection::number;
use anyhow::{Result, ensure};
use rows::Value;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// Holds a value as YAML has it; any number matches a whole or a real column.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(untagged, expecting = "a text, a number, true or false")]
pub enum Scalar {
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
}

/// Says what a column has to hold.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
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
    Within(#[schemars(with = "Bounds")] AllowedRange),
}

/// Says what several columns have to hold, all of them.
pub type Filter = BTreeMap<String, Match>;

/// Groups that a claim's words can make, at most.
const MOST_GROUPS: usize = 1000;

/// Refuses more groups than anybody reads: rows are taken apart by each of them in turn, so that their words multiply.
pub fn check_groups(groups: &[&GroupBy]) -> Result<()> {
    let words = |group: &&GroupBy| match group {
        GroupBy::Column(_) => 1,
        GroupBy::Words { words, .. } => words.len(),
    };
    let all = groups.iter().map(words).fold(1, usize::saturating_mul);
    ensure!(
        all <= MOST_GROUPS,
        "the words of its groups make {all} groups, of which there may be {MOST_GROUPS}"
    );
    Ok(())
}

/// Says what rows are taken apart by.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a column, or {column: …, words: […]}"
)]
pub enum GroupBy {
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
    /// Says whether a row's value is this one.
    pub fn is(&self, value: &Value) -> bool {
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

/// Puts a filter into words.
pub fn described(filter: &Filter) -> String {
    let one = |(column, what): (&String, &Match)| format!("{column} {what}");
    filter.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Puts two filters into words that stand beside each other: what each has for itself, and what both have.
pub fn sides_in_words(first: &Filter, second: &Filter) -> [String; 3] {
    let words = |filter: &Filter, keep: &dyn Fn(&String, &Match) -> bool| {
        let kept = filter.iter().filter(|(column, what)| keep(column, what));
        let one = |(column, what): (&String, &Match)| {
            let what = match what {
                Match::One(scalar) => scalar.to_string(),
                Match::Any(list) => {
                    let all: Vec<String> = list.iter().map(ToString::to_string).collect();
                    all.join(" or ")
                }
                other => other.to_string(),
            };
            format!("{} {what}", column.replace('_', " "))
        };
        kept.map(one).collect::<Vec<_>>().join(", ")
    };
    let own = |mine: &Filter, other: &Filter| {
        let own = words(mine, &|column, what| other.get(column) != Some(what));
        match own.is_empty() {
            true => "the others".to_owned(),
            false => own,
        }
    };
    let both = words(first, &|column, what| second.get(column) == Some(what));
    [own(first, second), own(second, first), both]
}

/// Refuses lists that nothing can match.
pub fn check_filter(filter: &Filter) -> Result<()> {
    for (column, what) in filter {
        ensure!(
            !matches!(what, Match::Any(list) if list.is_empty()),
            "the list of `{column}` is empty: no row can match it"
        );
        ensure!(
            !matches!(what, Match::Any(list) if list.len() > MOST_GROUPS),
            "the list of `{column}` has more than {MOST_GROUPS} values"
        );
    }
    Ok(())
}

impl GroupBy {
    /// Returns the column.
    pub fn column(&self) -> &str {
        match self {
            Self::Column(column) | Self::Words { column, .. } => column,
        }
    }

    /// Refuses words that are not there.
    pub fn check(&self) -> Result<()> {
        if let Self::Words { column, words } = self {
            ensure!(!words.is_empty(), "the words of `{column}` are empty");
        }
        Ok(())
    }
}
