//! The rules by which claims are judged. Each is a file: how it is written in YAML, what of that is
//! refused, which columns it reads and how it judges.
//!
//! A new rule is a file here, its `mod` and its line in the list of rules.

mod best_of;
mod contradiction;
mod differ;
mod dominates;
mod holds;
mod not_testable;
mod ordering;
mod slope;
mod speedup;
mod trend;
mod value;

use super::comparison::Better;
use super::filter::{Filter, GroupBy, check_filter};
use super::finding::Finding;
use super::interval::Rigour;
use super::judging::Judging;
use super::question::{Evidence, RowScope};
use super::selection::Selection;
use super::verdict::{PartVerdict, Verdict};
use anyhow::Result;
use rows::Value;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// Lists the rules, each under its name in YAML.
macro_rules! rules {
    ($($(#[$default:ident])? $name:literal => $module:ident::$rule:ident, $what:literal;)+) => {
        /// Decides a claim: the rule under `judge`, as a mapping of its name to what it takes.
        #[derive(Clone, Debug, Deserialize, PartialEq)]
        pub enum Rule { $(#[doc = $what] #[serde(rename = $name)] $rule($module::$rule),)+ }

        /// Names a rule.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum RuleKind { $(#[doc = $what] $(#[$default])? $rule,)+ }

        impl Rule {
            /// Returns which rule it is.
            pub fn kind(&self) -> RuleKind {
                match self { $(Self::$rule(_) => RuleKind::$rule,)+ }
            }

            /// Lists the names of all rules, with what makes their schemas.
            fn schemas() -> Vec<(&'static str, fn(&mut SchemaGenerator) -> Schema)> {
                vec![$(($name, SchemaGenerator::subschema_for::<$module::$rule>),)+]
            }

            /// Returns what the rule can do.
            pub fn answers(&self) -> &dyn Answers {
                match self { $(Self::$rule(rule) => rule,)+ }
            }
        }

        impl RuleKind {
            /// Returns its name, in YAML and in rows.
            pub fn word(self) -> &'static str {
                match self { $(Self::$rule => $name,)+ }
            }
        }
    };
}

rules! {
    "value" => value::InRange, "A column lies in a range.";
    "speedup" => speedup::Speedup, "A measured speedup is the stated one.";
    "holds" => holds::Holds, "A column says yes.";
    "ordering" => ordering::Ordering, "Some rows have a better metric than others.";
    "best-of" => best_of::BestOf, "The best values of a grid are the stated ones.";
    "differ" => differ::Differ, "Two sides differ.";
    "dominates" => dominates::Dominates, "A curve is not worse than another at most places.";
    "trend" => trend::Trend, "A metric goes one way along a column.";
    "slope" => slope::Slope, "A fitted slope lies in a range.";
    "contradiction" => contradiction::Contradiction, "Statements of a paper exclude each other.";
    #[default] "not-testable" => not_testable::NotTestable, "Nothing here can answer it.";
}

/// Makes the schema of a rule, whichever, under its name.
pub fn any(generator: &mut SchemaGenerator) -> Schema {
    under_its_name(generator, |_| true)
}

/// Makes the schema of a rule that evidence may have: it is asked of rows, and not of further evidence.
pub fn of_evidence(generator: &mut SchemaGenerator) -> Schema {
    under_its_name(generator, |name| name != RuleKind::Contradiction.word())
}

fn under_its_name(generator: &mut SchemaGenerator, is_one: fn(&str) -> bool) -> Schema {
    let all = Rule::schemas().into_iter().filter(|(name, _)| is_one(name));
    let properties: serde_json::Map<_, _> = all
        .map(|(name, schema)| (name.to_owned(), schema(generator).to_value()))
        .collect();
    json_schema!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "minProperties": 1,
        "maxProperties": 1,
    })
}

/// Judges rows: what a rule is that rows answer.
pub trait RowRule {
    /// Refuses what YAML lets through and makes no sense.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Returns the columns that it reads, besides those of filters and groups.
    fn columns(&self) -> Vec<&str>;

    /// Says what has to be so of the rows, as what follows "it holds if".
    fn asks(&self) -> String;

    /// Returns the filters inside it; each has to let rows through.
    fn filters(&self) -> Vec<&Filter> {
        vec![]
    }

    /// Returns what its rows are taken apart by.
    fn groups(&self) -> Vec<&GroupBy> {
        vec![]
    }

    /// Judges rows, a verdict for each part.
    fn judge(&self, rows: &Selection, rigour: Rigour) -> Result<Vec<PartVerdict>>;

    /// Says what was measured of rows that may not be judged, if that is of interest.
    fn unjudged(&self, _rows: &Selection) -> Result<Option<String>> {
        Ok(None)
    }

    /// Returns the same rule with another allowance, if it has one.
    fn allowing(&self, _allowance: f64) -> Option<Box<dyn RowRule>> {
        None
    }
}

/// Answers a question: what every rule does, whether rows answer it or not.
pub trait Answers {
    /// Refuses what makes no sense, in the rule and in all that is inside it.
    fn check_all(&self) -> Result<()>;

    /// Says what has to be so for the claim to hold, as what follows "it holds if".
    fn asks(&self) -> String;

    /// Returns the rule by which rows answer, if they do.
    fn by_rows(&self) -> Option<&dyn RowRule> {
        None
    }

    /// Returns the questions that are asked in the place of its own.
    fn evidence(&self) -> &[Evidence] {
        &[]
    }

    /// Answers.
    fn answer(&self, scope: &RowScope, judging: &Judging) -> Finding;
}

impl<R: RowRule> Answers for R {
    fn check_all(&self) -> Result<()> {
        self.check()?;
        self.filters().into_iter().try_for_each(check_filter)?;
        self.groups().into_iter().try_for_each(GroupBy::check)
    }

    fn asks(&self) -> String {
        RowRule::asks(self)
    }

    fn by_rows(&self) -> Option<&dyn RowRule> {
        Some(self)
    }

    fn answer(&self, scope: &RowScope, judging: &Judging) -> Finding {
        judging.by_rows(scope, self)
    }
}

/// Judges each row by itself, named by its groups.
fn each_row(
    rows: &Selection,
    groups: &[GroupBy],
    judge: impl Fn(&[Value]) -> Result<(Verdict, String)>,
) -> Result<Vec<PartVerdict>> {
    let mut parts = Vec::new();
    for (label, group) in rows.split(groups)? {
        if group.rows.is_empty() {
            parts.push(PartVerdict::new(label, Verdict::NotTestable, "no rows"));
            continue;
        }
        for row in &group.rows {
            let (verdict, note) = judge(row)?;
            parts.push(PartVerdict::new(label.clone(), verdict, note));
        }
    }
    Ok(parts)
}

/// Puts a column's name into words.
pub fn in_words(column: &str) -> String {
    column.replace('_', " ")
}

/// Says that a metric is better on one side than on the other.
fn better_than(metric: &str, better: Better, [first, second, both]: &[String; 3]) -> String {
    let word = match better {
        Better::Lower => "lower",
        Better::Higher => "higher",
    };
    let metric = in_words(metric);
    let both = match both.as_str() {
        "" => String::new(),
        both => format!(" (both with {both})"),
    };
    format!(
        "{metric} is {word} with {first} than with {second}{both}, by the interval of the paired differences"
    )
}

fn no_number(column: &str) -> String {
    format!("{column} has no number")
}

fn strings(columns: &[String]) -> impl Iterator<Item = &str> {
    columns.iter().map(String::as_str)
}
