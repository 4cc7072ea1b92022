//! `ordering`: some rows have a better metric than others.

use super::better_than;
use super::{Filter, GroupBy, PartVerdict, RowRule, Selection, strings};
use crate::comparison::{
    Better, CompareBy, Comparison, Sides, WhichFirst, WhichSecond, check_pair_by,
};
use crate::filter::sides_in_words;
use crate::interval::{IntervalColumns, Rigour};
use crate::verdict::short;
use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

/// Asks whether rows of `first` have a better metric than rows of `second`.
///
/// Rows that agree in `pair_by` form a pair, in each group of `groups`, for each group of the
/// first rows alone (`first_by`: every method has to win) and of the second alone (`second_by`:
/// against every method).
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Ordering {
    /// The rows that should win.
    first: Filter,
    /// The rows that should lose.
    second: Filter,
    /// The column compared.
    metric: String,
    /// Which end of it is the good one.
    better: Better,
    /// By differences or by ratios.
    #[serde(default)]
    scale: CompareBy,
    /// By how much the first may be worse and still count: a share on the log scale.
    #[serde(default)]
    allowance: f64,
    /// By how much the first has to be better to count: a share on the log scale.
    #[serde(default)]
    margin: f64,
    /// What makes two rows a pair: start, data set.
    pair_by: Vec<String>,
    /// The metric's own uncertainty. With it, each pair is judged alone, by whether the two
    /// intervals are apart; without it, all pairs together by the interval of their mean.
    interval: Option<IntervalColumns>,
    /// Which first row, if several agree in `pair_by`.
    #[serde(default)]
    compared: WhichFirst,
    /// Which second row, if several agree in `pair_by`.
    #[serde(default)]
    against: WhichSecond,
    /// What both sides are taken apart by.
    #[serde(default)]
    groups: Vec<GroupBy>,
    /// What the first rows are taken apart by besides.
    #[serde(default)]
    first_by: Vec<GroupBy>,
    /// What the second rows are taken apart by besides.
    #[serde(default)]
    second_by: Vec<GroupBy>,
}

impl RowRule for Ordering {
    fn check(&self) -> Result<()> {
        let (allowance, margin) = (self.allowance, self.margin);
        for (key, number) in [("allowance", allowance), ("margin", margin)] {
            ensure!(
                number.is_finite() && number >= 0.0,
                "{key} is {number}, but has to be 0 or positive"
            );
        }
        let given = [self.interval.is_some(), allowance > 0.0, margin > 0.0];
        ensure!(
            given.into_iter().filter(|there| *there).count() <= 1,
            "allowance, margin and interval exclude one another"
        );
        check_pair_by(&self.pair_by)?;
        // The worst and the best of the same rows are how far apart these are.
        let apart = (self.compared, self.against) == (WhichFirst::Worst, WhichSecond::Best);
        ensure!(
            self.first != self.second || apart,
            "first and second are the same"
        );
        self.interval.iter().try_for_each(|i| i.check_repeats())
    }

    fn asks(&self) -> String {
        let sides = sides_in_words(&self.first, &self.second);
        let mut text = better_than(&self.metric, self.better, &sides);
        let share = |of: f64| match self.scale {
            CompareBy::Linear => short(of),
            CompareBy::Log => format!("{} %", short(100.0 * of)),
        };
        if self.allowance > 0.0 {
            text += &format!(", or worse by no more than {}", share(self.allowance));
        }
        if self.margin > 0.0 {
            text += &format!(", and by more than {}", share(self.margin));
        }
        text
    }

    fn columns(&self) -> Vec<&str> {
        let interval = self.interval.iter().flat_map(|i| i.names());
        let names = interval.chain(strings(&self.pair_by));
        names.chain([self.metric.as_str()]).collect()
    }

    fn filters(&self) -> Vec<&Filter> {
        vec![&self.first, &self.second]
    }

    fn groups(&self) -> Vec<&GroupBy> {
        let groups = self.groups.iter().chain(&self.first_by);
        groups.chain(&self.second_by).collect()
    }

    fn judge(&self, rows: &Selection, rigour: Rigour) -> Result<Vec<PartVerdict>> {
        let comparison = Comparison {
            allowance: self.allowance,
            margin: self.margin,
            compared: self.compared,
            against: self.against,
            interval: self.interval.as_ref(),
            ..Comparison::new(&self.metric, self.better, self.scale, &self.pair_by)
        };
        let sides = Sides {
            first: &self.first,
            second: &self.second,
            groups: &self.groups,
            first_by: &self.first_by,
            second_by: &self.second_by,
        };
        sides.judge(&comparison, rows, rigour)
    }

    fn allowing(&self, allowance: f64) -> Option<Box<dyn RowRule>> {
        let rule = self.clone();
        Some(Box::new(Self { allowance, ..rule }))
    }
}
