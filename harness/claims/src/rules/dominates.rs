//! `dominates`: a curve is not worse than another at more than a share of its places.

use super::in_words;
use super::{Filter, GroupBy, PartVerdict, Rigour, RowRule, Selection, strings};
use crate::comparison::{Better, CompareBy, Comparison, MetricColumn, check_pair_by};
use crate::filter::{described, sides_in_words};
use crate::selection::number;
use crate::verdict::Verdict;
use anyhow::{Context, Result, ensure};
use rows::{Column, Frame, Kind, Value};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Asks whether the curve of the first rows along a column is not worse than that of the second at more
/// than a share of the places: with most step sizes, after most gradients.
///
/// Rows of a side that agree in `pair_by` are a curve. Places of one curve are no independent tries; so
/// each pair of curves counts once, by the share of its places at which the first is not worse, and the
/// interval of these shares over the pairs has to lie above `share`. A first that diverged is worse.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Dominates {
    /// The rows whose curves should lie on the good side.
    first: Filter,
    /// The rows whose curves they are compared with.
    second: Filter,
    /// The column whose values are the places; every curve has to have each once.
    along: String,
    /// More than which share of the places, from 0 on and below 1.
    share: f64,
    /// The column compared.
    metric: String,
    /// Which end of it is the good one.
    #[serde(default)]
    better: Better,
    /// What makes two curves a pair.
    pair_by: Vec<String>,
    /// What both sides are taken apart by.
    #[serde(default)]
    groups: Vec<GroupBy>,
}

/// The metric at each place, of each curve by its key; none where it has no number.
type Curves = BTreeMap<String, Vec<Option<f64>>>;

/// What a pair is called in the frame of shares.
const CURVE: &str = "curve";
/// What is compared there.
const SHARE: &str = "share of places";

impl RowRule for Dominates {
    fn check(&self) -> Result<()> {
        ensure!(
            (0.0..1.0).contains(&self.share),
            "share is {}, but lies in [0, 1): more than all places there are not",
            self.share
        );
        ensure!(self.first != self.second, "first and second are the same");
        check_pair_by(&self.pair_by)
    }

    fn asks(&self) -> String {
        let [first, second, _] = sides_in_words(&self.first, &self.second);
        let (metric, along) = (in_words(&self.metric), in_words(&self.along));
        let share = 100.0 * self.share;
        format!(
            "{metric} is no worse with {first} than with {second} at more than {share:.0} % of the places along {along}, by the interval over the pairs"
        )
    }

    fn columns(&self) -> Vec<&str> {
        let own = [self.metric.as_str(), self.along.as_str()];
        strings(&self.pair_by).chain(own).collect()
    }

    fn filters(&self) -> Vec<&Filter> {
        vec![&self.first, &self.second]
    }

    fn groups(&self) -> Vec<&GroupBy> {
        self.groups.iter().collect()
    }

    fn judge(&self, rows: &Selection, rigour: Rigour) -> Result<Vec<PartVerdict>> {
        let places = self.places(rows)?;
        let mut parts = Vec::new();
        for (group, rows) in rows.split(&self.groups)? {
            let first = self.curves(&rows.filter(&self.first)?, &places)?;
            let second = self.curves(&rows.filter(&self.second)?, &places)?;
            if first.is_empty() || second.is_empty() {
                let note = "no rows on one of the sides";
                parts.push(PartVerdict::new(group, Verdict::NotTestable, note));
                continue;
            }
            for part in self.by_shares(&first, &second, rigour)? {
                parts.push(PartVerdict {
                    label: group.clone(),
                    metric: self.question(&group),
                    note: format!("{}, {} of {}", part.note, places.len(), self.along),
                    ..part
                });
            }
        }
        Ok(parts)
    }
}

impl Dominates {
    /// Says what is compared: other curves may have the same shares, and are another comparison.
    fn question(&self, group: &str) -> String {
        let (first, second) = (described(&self.first), described(&self.second));
        let (metric, along) = (&self.metric, &self.along);
        format!("{metric} along {along}: {first} against {second}, {group}")
    }

    fn place(&self, rows: &Selection, row: &[Value]) -> Result<f64> {
        let value = number(&row[rows.position(&self.along)?]);
        value.with_context(|| format!("`{}` is not a number", self.along))
    }

    /// Returns the places of all curves, from the least on.
    fn places(&self, rows: &Selection) -> Result<Vec<f64>> {
        let places = rows.rows.iter().map(|row| self.place(rows, row));
        let mut places = places.collect::<Result<Vec<f64>>>()?;
        places.sort_by(f64::total_cmp);
        places.dedup();
        let (count, along) = (places.len(), &self.along);
        ensure!(count >= 2, "a curve has two values of `{along}` or more");
        Ok(places)
    }

    /// Returns the curves of one side.
    fn curves(&self, rows: &Selection, places: &[f64]) -> Result<Curves> {
        let metric = self.metric();
        let mut curves = Curves::new();
        for (key, of) in rows.keyed(&self.pair_by)? {
            let point = |row: &&[Value]| Ok((self.place(rows, row)?, metric.of(rows, row)?));
            let mut points: Vec<(f64, Option<f64>)> =
                of.iter().map(point).collect::<Result<_>>()?;
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            ensure!(
                points.iter().map(|point| &point.0).eq(places),
                "the curve of {key} does not have each value of `{}` once",
                self.along
            );
            curves.insert(key, points.into_iter().map(|point| point.1).collect());
        }
        Ok(curves)
    }

    fn metric(&self) -> MetricColumn<'_> {
        MetricColumn {
            column: &self.metric,
            better: self.better,
            // Which of two is better does not depend on it.
            scale: CompareBy::Linear,
        }
    }

    /// Returns the share of the places at which the first is not worse.
    fn share_of(&self, first: &[Option<f64>], second: &[Option<f64>]) -> Result<Option<f64>> {
        let mut held = 0;
        for (first, second) in first.iter().zip(second) {
            let Some((first, second)) = first.zip(*second) else {
                return Ok(None);
            };
            held += usize::from(self.metric().gain(first, second)? >= 0.0);
        }
        Ok(Some(held as f64 / first.len() as f64))
    }

    /// Compares the shares of all pairs with that which is asked, as an ordering compares metrics.
    fn by_shares(
        &self,
        first: &Curves,
        second: &Curves,
        rigour: Rigour,
    ) -> Result<Vec<PartVerdict>> {
        let share = |(key, curve): (&String, &Vec<Option<f64>>)| {
            let rival = second.get(key);
            Ok(match rival {
                Some(rival) => self.share_of(curve, rival)?,
                None => None,
            })
        };
        let shares = first.iter().map(share).collect::<Result<Vec<_>>>()?;
        let mine = shares_of(first, shares);
        let asked = shares_of(second, vec![Some(self.share); second.len()]);
        let (curve, linear) = ([CURVE.to_owned()], CompareBy::Linear);
        let comparison = Comparison::new(SHARE, Better::Higher, linear, &curve);
        comparison.judge(&Selection::of(&mine), &Selection::of(&asked), rigour)
    }
}

/// Makes the frame of one side: a row for each curve with its share, and behind it the curve itself, by
/// which one that is told twice is known.
fn shares_of(curves: &Curves, shares: Vec<Option<f64>>) -> Frame {
    let column = |name, kind| Column {
        name,
        unit: "",
        what: "",
        kind,
    };
    let places = curves.values().next().map_or(0, Vec::len);
    let mut columns = vec![column(CURVE, Kind::Text), column(SHARE, Kind::Real)];
    columns.resize(2 + places, column("", Kind::Real));
    let row = |((key, curve), share): ((&String, &Vec<Option<f64>>), Option<f64>)| {
        let head = [Value::Text(Some(key.clone())), Value::Real(share)];
        let curve = curve.iter().copied().map(Value::Real);
        head.into_iter().chain(curve).collect()
    };
    Frame {
        name: SHARE.to_owned(),
        columns,
        rows: curves.iter().zip(shares).map(row).collect(),
    }
}
