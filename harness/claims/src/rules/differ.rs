//! `differ`: two sides differ, whichever is larger.

use super::in_words;
use super::{Filter, GroupBy, PartVerdict, Rigour, RowRule, Selection, strings};
use crate::comparison::{Better, CompareBy, Comparison, Hypothesis, Sides, check_pair_by};
use crate::filter::sides_in_words;
use crate::verdict::short;
use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

/// Asks whether rows of `first` and rows of `second` have different metrics, whichever has the larger:
/// for where a paper says that something varies, and not which way.
///
/// The whole interval of the paired differences has to lie beyond the margin, on one side or the other;
/// if it lies within the margin, they do not differ.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Differ {
    /// The rows on one side.
    first: Filter,
    /// The rows on the other.
    second: Filter,
    /// The column compared.
    metric: String,
    /// By differences or by ratios.
    #[serde(default)]
    scale: CompareBy,
    /// By how much they have to differ: a share on the log scale.
    margin: f64,
    /// What makes two rows a pair.
    pair_by: Vec<String>,
    /// What both sides are taken apart by.
    #[serde(default)]
    groups: Vec<GroupBy>,
}

impl RowRule for Differ {
    fn check(&self) -> Result<()> {
        ensure!(
            self.margin > 0.0 && self.margin.is_finite(),
            "margin is {}, but is a positive number: without it nothing could be the same",
            self.margin
        );
        ensure!(self.first != self.second, "first and second are the same");
        check_pair_by(&self.pair_by)
    }

    fn asks(&self) -> String {
        let [first, second, _] = sides_in_words(&self.first, &self.second);
        let (metric, margin) = (in_words(&self.metric), short(self.margin));
        format!(
            "{metric} differs between {first} and {second} by more than {margin}, by the interval of the paired differences"
        )
    }

    fn columns(&self) -> Vec<&str> {
        let pair_by = strings(&self.pair_by);
        pair_by.chain([self.metric.as_str()]).collect()
    }

    fn filters(&self) -> Vec<&Filter> {
        vec![&self.first, &self.second]
    }

    fn groups(&self) -> Vec<&GroupBy> {
        self.groups.iter().collect()
    }

    fn judge(&self, rows: &Selection, rigour: Rigour) -> Result<Vec<PartVerdict>> {
        let comparison = Comparison {
            hypothesis: Hypothesis::TheyDiffer,
            margin: self.margin,
            ..Comparison::new(&self.metric, Better::Higher, self.scale, &self.pair_by)
        };
        let sides = Sides {
            first: &self.first,
            second: &self.second,
            groups: &self.groups,
            first_by: &[],
            second_by: &[],
        };
        sides.judge(&comparison, rows, rigour)
    }
}
