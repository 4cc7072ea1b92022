//! Which of two sides is better, or whether they differ: paired rows, an interval, a verdict.

mod metric;
mod pairs;
mod sides;
mod together;

pub use metric::{Better, CompareBy, MetricColumn, diverged};
pub use pairs::{WhichFirst, WhichSecond};
pub use sides::Sides;

use super::interval::{IntervalColumns, IntervalReader, Rigour};
use super::selection::{Selection, shown};
use super::verdict::{PartVerdict, Verdict};
use anyhow::{Result, ensure};
use pairs::Pair;
use rows::Value;

/// Says what is asked of two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hypothesis {
    /// Whether the first is better.
    FirstIsBetter,
    /// Whether they differ, whichever is better.
    TheyDiffer,
}

/// Says how two sides are compared.
#[derive(Clone, Copy, Debug)]
pub struct Comparison<'a> {
    /// What is asked.
    pub hypothesis: Hypothesis,
    /// What of.
    pub metric: MetricColumn<'a>,
    /// By how much the first may be worse.
    pub allowance: f64,
    /// By how much it has to be better, or they have to differ.
    pub margin: f64,
    /// What makes two rows a pair.
    pub pair_by: &'a [String],
    /// Which first row of several.
    pub compared: WhichFirst,
    /// Which second row of several.
    pub against: WhichSecond,
    /// The metric's own interval. With it, each pair is judged alone, by whether the two intervals are
    /// apart; without it, all pairs together by the interval of their mean.
    pub interval: Option<&'a IntervalColumns>,
    /// Columns over whose values the mean of the metric is compared.
    pub mean_over: &'a [String],
}

/// Refuses pairs that nothing makes.
pub fn check_pair_by(pair_by: &[String]) -> Result<()> {
    ensure!(!pair_by.is_empty(), "pair_by is empty");
    Ok(())
}

impl<'a> Comparison<'a> {
    /// Asks whether the first is better at all, of the only row of each side in each pair.
    pub fn new(column: &'a str, better: Better, scale: CompareBy, pair_by: &'a [String]) -> Self {
        Self {
            hypothesis: Hypothesis::FirstIsBetter,
            metric: MetricColumn {
                column,
                better,
                scale,
            },
            allowance: 0.0,
            margin: 0.0,
            pair_by,
            compared: WhichFirst::Only,
            against: WhichSecond::Only,
            interval: None,
            mean_over: &[],
        }
    }

    /// Judges the first rows against the second, a part for each pair or one for all.
    pub fn judge(
        &self,
        first: &Selection,
        second: &Selection,
        rigour: Rigour,
    ) -> Result<Vec<PartVerdict>> {
        let pairs = self.pairs(first, second)?;
        let mut parts = match self.interval {
            _ if pairs.is_empty() => vec![],
            Some(interval) => {
                let interval = interval.reader(first)?;
                let apart = |pair| self.apart(first, pair, interval, rigour);
                pairs.iter().map(apart).collect::<Result<_>>()?
            }
            None => vec![self.together(first, &pairs, rigour)?],
        };
        // What has no partner is not left out in silence: it keeps the whole from passing.
        let alone = |rows: &Selection| -> Result<Vec<String>> {
            let mut keys: Vec<String> = rows.keyed(self.pair_by)?.into_keys().collect();
            keys.retain(|key| !pairs.iter().any(|pair| pair.key == *key));
            Ok(keys)
        };
        let mut unpaired = alone(first)?;
        unpaired.extend(alone(second)?);
        if !unpaired.is_empty() {
            let note = format!("no partner for {}", unpaired.join(", "));
            parts.push(PartVerdict::new("", Verdict::NotTestable, note));
        }
        Ok(parts)
    }

    /// Judges one pair by its own intervals: apart, the right way round.
    fn apart(
        &self,
        rows: &Selection,
        pair: &Pair,
        interval: IntervalReader,
        rigour: Rigour,
    ) -> Result<PartVerdict> {
        let both = [pair.first[0], pair.second[0]];
        let column = rows.position(self.metric.column)?;
        let [first, second] = both.map(|row| {
            let [low, high] = interval.values(row).map(shown);
            format!("{} [{low}, {high}]", shown(&row[column]))
        });
        let mut note = format!("{} {first} against {second}", self.metric.column);
        let few = both.iter().find_map(|row| interval.too_few(row, rigour));
        if let Some(reason) = &few {
            note += &format!(": {reason}");
        }
        let [first, second] = both.map(|row: &[Value]| interval.ends(row));
        let verdict = match (both.map(|row| diverged(rows, row)), first.zip(second)) {
            ([true, _], _) => Verdict::NotReproduced,
            ([false, true], _) => Verdict::Reproduced,
            (_, None) => Verdict::NotTestable,
            _ if few.is_some() => Verdict::Inconclusive,
            (_, Some((first, second))) => {
                let (worst, best) = match self.metric.better {
                    Better::Lower => (second.0 - first.1, second.1 - first.0),
                    Better::Higher => (first.0 - second.1, first.1 - second.0),
                };
                beyond(worst, best, 0.0)
            }
        };
        Ok(PartVerdict {
            pairs: 1,
            ..PartVerdict::new(pair.key.clone(), verdict, note)
        })
    }
}

/// Says whether all of an interval of gains is one.
fn beyond(low: f64, high: f64, slack: f64) -> Verdict {
    if wins(low, slack) {
        Verdict::Reproduced
    } else if !wins(high, slack) {
        Verdict::NotReproduced
    } else {
        Verdict::Inconclusive
    }
}

/// Says whether a gain is one: not worse than a positive slack allows, or larger than a negative one
/// asks.
fn wins(gain: f64, slack: f64) -> bool {
    match slack > 0.0 {
        true => gain >= -slack,
        false => gain > -slack,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_gain_is_no_win_unless_slack_allows_it_and_what_is_asked_for_has_to_be_exceeded() {
        for (gain, slack, wanted) in [
            (0.0, 0.0, false),
            (1e-9, 0.0, true),
            (-1e-9, 0.0, false),
            (-0.1, 0.1, true),
            (-0.11, 0.1, false),
            (0.0, 0.1, true),
            (0.1, -0.1, false),
            (0.11, -0.1, true),
        ] {
            assert_eq!(wins(gain, slack), wanted, "{gain} {slack}");
        }
    }
}
