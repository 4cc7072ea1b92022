//! Which of two methods is better: paired rows, an interval, a verdict.

use super::predicate::{Against, Better, Compared, Interval, Scale};
use super::select::{Table, number, shown};
use super::verdict::{Part, Verdict, short};
use anyhow::{Result, ensure};
use rows::statistics::{median, p_value, paired_difference};
use rows::{Column, Value};
use std::collections::BTreeSet;

/// What an interval is made with, from the head of the file.
#[derive(Clone, Copy, Debug)]
pub struct Rigour {
    /// The confidence of an interval.
    pub confidence: f64,
    /// The fewest pairs that may decide anything.
    pub least_pairs: usize,
}

impl Rigour {
    /// The fewest repeats of which the interval of a median can cover what `confidence` asks: the least
    /// and the largest of n values enclose the median with probability 1 − 2^(1 − n).
    #[must_use]
    pub fn least_repeats(&self) -> u64 {
        let covers = |n: &u64| 1.0 - 0.5_f64.powi(*n as i32 - 1) >= self.confidence;
        (2..64).find(covers).unwrap_or(64)
    }

    /// Why an interval of that many repeats decides nothing, if it does not.
    pub(super) fn too_few(
        &self,
        table: &Table,
        row: &[Value],
        interval: &Interval,
    ) -> Result<Option<String>> {
        let Some(column) = &interval.repeats else {
            return Ok(None);
        };
        let repeats = number(&row[table.position(column)?]).unwrap_or(0.0);
        let least = self.least_repeats();
        Ok((repeats < least as f64).then(|| {
            format!("{repeats} repeats are fewer than the {least} that an interval takes")
        }))
    }
}

/// A column of numbers in which a run that diverged counts as worst.
#[derive(Clone, Copy, Debug)]
pub struct Metric<'a> {
    /// Its column.
    pub column: &'a str,
    /// Which end of it is good.
    pub better: Better,
}

impl Metric<'_> {
    /// A row's number; of a run that diverged the worst there is, whatever was recorded before,
    /// since a mean over the part before says nothing of a method that then failed. `None` if a
    /// run that did not diverge has none.
    ///
    /// # Errors
    /// If there is no such column.
    pub fn of(&self, table: &Table, row: &[Value]) -> Result<Option<f64>> {
        let at = table.position(self.column)?;
        Ok(if diverged(table, row) {
            Some(self.worst())
        } else {
            number(&row[at]).filter(|n| !n.is_nan())
        })
    }

    fn worst(&self) -> f64 {
        match self.better {
            Better::Lower => f64::INFINITY,
            Better::Higher => f64::NEG_INFINITY,
        }
    }
}

/// Whether a row's status says that its run diverged. Frames without a status have no such rows.
pub fn diverged(table: &Table, row: &[Value]) -> bool {
    let status = table.frame.position("status").map(|at| &row[at]);
    matches!(status, Some(Value::Text(Some(text))) if text.starts_with("diverged"))
}

/// What is asked of two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Whether the first is better.
    Better,
    /// Whether they differ, whichever is better.
    Differ,
}

/// How two sides are compared.
#[derive(Clone, Copy, Debug)]
pub struct Comparison<'a> {
    /// What is asked.
    pub asked: Asked,
    /// What of.
    pub metric: Metric<'a>,
    /// By differences or ratios.
    pub scale: Scale,
    /// By how much the first may be worse.
    pub allowance: f64,
    /// By how much it has to be better, or they have to differ.
    pub margin: f64,
    /// What makes two rows a pair.
    pub pair_by: &'a [String],
    /// Which first row of several.
    pub compared: Compared,
    /// Which second row of several.
    pub against: Against,
    /// The metric's own interval.
    pub interval: Option<&'a Interval>,
    /// Columns over whose values the mean of the metric is compared.
    pub mean_over: &'a [String],
}

/// Rows that are compared: one each, or those of which the means are.
struct Pair<'a> {
    key: String,
    first: Vec<&'a [Value]>,
    second: Vec<&'a [Value]>,
}

impl<'a> Comparison<'a> {
    /// Asks whether the first is better at all, of the only row of each side in each pair.
    #[must_use]
    pub fn new(column: &'a str, better: Better, scale: Scale, pair_by: &'a [String]) -> Self {
        Self {
            asked: Asked::Better,
            metric: Metric { column, better },
            scale,
            allowance: 0.0,
            margin: 0.0,
            pair_by,
            compared: Compared::Only,
            against: Against::Only,
            interval: None,
            mean_over: &[],
        }
    }
}

impl Comparison<'_> {
    /// Answers for the first rows against the second.
    ///
    /// # Errors
    /// If a column is missing, two rows claim one place in a pair, or a logarithm is asked of a
    /// negative number.
    pub fn judge(&self, first: &Table, second: &Table, rigour: Rigour) -> Result<Vec<Part>> {
        let pairs = self.pairs(first, second)?;
        let mut parts = match self.interval {
            _ if pairs.is_empty() => vec![],
            Some(interval) => pairs
                .iter()
                .map(|pair| self.apart(first, pair, interval, rigour))
                .collect::<Result<_>>()?,
            None => vec![self.together(first, &pairs, rigour)?],
        };
        // What has no partner is not left out in silence: it keeps the whole from passing.
        let alone = |table: &Table| -> Result<Vec<String>> {
            let mut keys: Vec<String> = table.keyed(self.pair_by)?.into_keys().collect();
            keys.retain(|key| !pairs.iter().any(|pair| pair.key == *key));
            Ok(keys)
        };
        let mut unpaired = alone(first)?;
        unpaired.extend(alone(second)?);
        if !unpaired.is_empty() {
            let note = format!("no partner for {}", unpaired.join(", "));
            parts.push(Part::new("", Verdict::NotTestable, note));
        }
        Ok(parts)
    }

    fn pairs<'a>(&self, first: &Table<'a>, second: &Table<'a>) -> Result<Vec<Pair<'a>>> {
        if !self.mean_over.is_empty() {
            return self.pairs_of_means(first, second);
        }
        let rivals = second.keyed(self.pair_by)?;
        let mut pairs = Vec::new();
        let firsts = match self.compared {
            Compared::Only => first.keyed_once(self.pair_by)?,
            Compared::Worst => first
                .keyed(self.pair_by)?
                .into_iter()
                .map(|(key, rows)| Ok((key, self.worst(first, &rows)?)))
                .collect::<Result<_>>()?,
        };
        for (key, row) in firsts {
            let Some(rows) = rivals.get(&key) else {
                continue;
            };
            let rival = match self.against {
                Against::Only => {
                    let count = rows.len();
                    ensure!(
                        count == 1,
                        "{count} second rows for {key}: the filters have to leave one, or say `against: best`"
                    );
                    rows[0]
                }
                Against::Best => self.best(second, rows)?,
            };
            pairs.push(Pair {
                key,
                first: vec![row],
                second: vec![rival],
            });
        }
        Ok(pairs)
    }

    /// Pairs of which each side has a row for each of the same values of `mean_over`.
    fn pairs_of_means<'a>(&self, first: &Table<'a>, second: &Table<'a>) -> Result<Vec<Pair<'a>>> {
        let each = [self.pair_by, self.mean_over].concat();
        let (mine, theirs) = (first.keyed_once(&each)?, second.keyed_once(&each)?);
        ensure!(
            mine.keys().eq(theirs.keys()),
            "the two sides do not have the same {}",
            each.join(", ")
        );
        let mut rivals = second.keyed(self.pair_by)?;
        let pair = |(key, first)| {
            let second = rivals.remove(&key).unwrap_or_default();
            Pair { key, first, second }
        };
        Ok(first.keyed(self.pair_by)?.into_iter().map(pair).collect())
    }

    /// The mean of the metric of some rows, mostly one; none if one of them has no number.
    fn mean(&self, table: &Table, rows: &[&[Value]]) -> Result<Option<f64>> {
        let mut sum = 0.0;
        for row in rows {
            match self.metric.of(table, row)? {
                Some(value) => sum += value,
                None => return Ok(None),
            }
        }
        Ok(Some(sum / rows.len() as f64))
    }

    fn worst<'a>(&self, table: &Table<'a>, rows: &[&'a [Value]]) -> Result<&'a [Value]> {
        let of = |row| {
            let value = self.metric.of(table, row)?;
            anyhow::Ok(value.unwrap_or(self.metric.worst()))
        };
        let mut worst = (of(rows[0])?, rows[0]);
        for row in &rows[1..] {
            let value = of(row)?;
            if self.gain(value, worst.0)? < 0.0 {
                worst = (value, row);
            }
        }
        Ok(worst.1)
    }

    fn best<'a>(&self, table: &Table<'a>, rows: &[&'a [Value]]) -> Result<&'a [Value]> {
        let mut best = (self.metric.worst(), rows[0]);
        for row in rows {
            let value = self.metric.of(table, row)?.unwrap_or(self.metric.worst());
            if self.gain(value, best.0)? > 0.0 {
                best = (value, row);
            }
        }
        Ok(best.1)
    }

    /// By how much the first is better than the second; infinitely, if the second diverged. A
    /// first that diverged never wins, also not against one that did too.
    fn gain(&self, first: f64, second: f64) -> Result<f64> {
        if first == self.metric.worst() {
            return Ok(f64::NEG_INFINITY);
        }
        let scaled = |value: f64| {
            ensure!(
                self.scale == Scale::Linear || value >= 0.0,
                "`{}` is {}, which has no logarithm: use scale: linear",
                self.metric.column,
                short(value)
            );
            Ok(match self.scale {
                Scale::Linear => value,
                Scale::Log => value.ln(),
            })
        };
        if first == second {
            return Ok(0.0);
        }
        // An infinitely bad accuracy has no logarithm, but is no mistake.
        if second == self.metric.worst() {
            return Ok(f64::INFINITY);
        }
        let (first, second) = (scaled(first)?, scaled(second)?);
        Ok(match self.metric.better {
            Better::Lower => second - first,
            Better::Higher => first - second,
        })
    }

    /// All pairs by the interval of their mean. A run that diverged has no difference to average:
    /// then all pairs have to agree. Pairs whose rows are the very same are one run told several times,
    /// and count once.
    fn together(&self, table: &Table, pairs: &[Pair], rigour: Rigour) -> Result<Part> {
        let (mut gains, mut firsts, mut seconds) = (Vec::new(), Vec::new(), Vec::new());
        let (mut seen, mut unknown) = (BTreeSet::new(), 0);
        for pair in pairs {
            let (first, second) = (
                self.mean(table, &pair.first)?,
                self.mean(table, &pair.second)?,
            );
            let Some((first, second)) = first.zip(second) else {
                unknown += 1;
                continue;
            };
            let measured = first.is_finite() && second.is_finite();
            if !measured || seen.insert(self.told(table, pair)) {
                gains.push(self.gain(first, second)?);
                firsts.push(first);
                seconds.push(second);
            }
        }
        let count = gains.len();
        let middle = |values: &[f64]| median(values).map_or("none".into(), short);
        let mut note = format!(
            "median {} {} against {}, {count} pairs",
            self.metric.column,
            middle(&firsts),
            middle(&seconds)
        );
        if unknown > 0 {
            note += &format!(", {unknown} without a number");
        }
        if count + unknown < pairs.len() {
            note += &format!(", {} told twice", pairs.len() - count - unknown);
        }
        let slack = match self.scale {
            Scale::Linear => self.allowance - self.margin,
            Scale::Log => self.allowance.ln_1p() - self.margin.ln_1p(),
        };
        let (mut p, mut apart) = (None, Vec::new());
        let verdict = if count == 0 {
            Verdict::NotTestable
        } else if count < rigour.least_pairs {
            note += &format!(": fewer than the {} that decide", rigour.least_pairs);
            Verdict::Inconclusive
        } else if let Some(interval) = paired_difference(&gains, rigour.confidence) {
            let ends = [interval.mean, interval.low, interval.high];
            note += &format!(": {}", self.in_words(ends));
            let boundary = match self.asked {
                Asked::Better => -slack,
                Asked::Differ => -slack * interval.mean.signum(),
            };
            apart = gains.iter().map(|gain| gain - boundary).collect();
            // Counts can be apart by the same in every pair. An interval of width nothing would claim more
            // than so many pairs can say: that they all lie on one side.
            let is_scattered = gains.iter().any(|gain| *gain != gains[0]);
            let one_sided = 0.5_f64.powi(count as i32 - 1);
            p = match is_scattered {
                true => p_value(&gains, boundary),
                false => Some(one_sided),
            };
            match self.asked {
                _ if !is_scattered && one_sided > 1.0 - rigour.confidence => {
                    note += ", the same in each: too few pairs without scatter";
                    Verdict::Inconclusive
                }
                Asked::Better => Self::word(interval.low, interval.high, slack),
                Asked::Differ => Self::differ(interval.low, interval.high, -slack),
            }
        } else {
            let won = match self.asked {
                Asked::Better => gains.iter().filter(|g| wins(**g, slack)).count(),
                Asked::Differ => {
                    let more = gains.iter().filter(|g| **g > -slack).count();
                    let less = gains.iter().filter(|g| **g < slack).count();
                    // A pair that diverged on both sides is no difference.
                    let lost = firsts.iter().filter(|f| !f.is_finite()).count();
                    more.max(less.saturating_sub(lost))
                }
            };
            note += &format!(": no interval with runs that diverged or reached 0; {won} pairs won");
            match won {
                _ if won == count => Verdict::Reproduced,
                0 => Verdict::NotReproduced,
                _ => Verdict::Inconclusive,
            }
        };
        Ok(Part {
            pairs: count,
            p,
            metric: self.metric.column.to_owned(),
            apart,
            ..Part::new("", verdict, note)
        })
    }

    /// What two pairs have in common if they are one run told twice: all numbers of their rows, besides
    /// seconds, which no run has twice, and what tells pairs apart. The metric alone is not enough: counts
    /// of different starts are often the same.
    fn told(&self, table: &Table, pair: &Pair) -> Vec<u64> {
        let tells = |column: &Column| {
            column.unit != "s" && !self.pair_by.iter().any(|name| name == column.name)
        };
        let mut told = Vec::new();
        for row in pair.first.iter().chain(&pair.second) {
            let columns = row.iter().zip(&table.frame.columns);
            let numbers = columns.filter(|(_, column)| tells(column));
            told.extend(
                numbers
                    .filter_map(|(value, _)| number(value))
                    .map(f64::to_bits),
            );
        }
        told
    }

    /// Whether an interval lies beyond a margin, on either side.
    fn differ(low: f64, high: f64, margin: f64) -> Verdict {
        if low > margin || high < -margin {
            Verdict::Reproduced
        } else if low >= -margin && high <= margin {
            Verdict::NotReproduced
        } else {
            Verdict::Inconclusive
        }
    }

    /// A gain with its interval: "better by 0.03 [0.01, 0.05]", "worse by a factor of 2 [1.5, 2.7]".
    fn in_words(&self, [mean, low, high]: [f64; 3]) -> String {
        let (word, [mean, low, high]) = match (self.asked, mean < 0.0) {
            (Asked::Better, true) => ("worse", [-mean, -high, -low]),
            (Asked::Better, false) => ("better", [mean, low, high]),
            (Asked::Differ, true) => ("less", [-mean, -high, -low]),
            (Asked::Differ, false) => ("more", [mean, low, high]),
        };
        let (what, ends) = match self.scale {
            Scale::Linear => ("by", [mean, low, high]),
            Scale::Log => ("by a factor of", [mean, low, high].map(f64::exp)),
        };
        let [mean, low, high] = ends.map(short);
        format!("{word} {what} {mean} [{low}, {high}]")
    }

    fn word(low: f64, high: f64, slack: f64) -> Verdict {
        if wins(low, slack) {
            Verdict::Reproduced
        } else if !wins(high, slack) {
            Verdict::NotReproduced
        } else {
            Verdict::Inconclusive
        }
    }

    /// One pair by its own intervals: apart, the right way round.
    fn apart(
        &self,
        table: &Table,
        pair: &Pair,
        interval: &Interval,
        rigour: Rigour,
    ) -> Result<Part> {
        let (first, second) = (pair.first[0], pair.second[0]);
        let column = table.position(self.metric.column)?;
        let (low, high) = (
            table.position(&interval.low)?,
            table.position(&interval.high)?,
        );
        let ends = |row: &[Value]| number(&row[low]).zip(number(&row[high]));
        let text = |row: &[Value]| {
            let [value, low, high] = [column, low, high].map(|at| shown(&row[at]));
            format!("{value} [{low}, {high}]")
        };
        let note = format!(
            "{} {} against {}",
            self.metric.column,
            text(first),
            text(second)
        );
        let few = [first, second].map(|row| rigour.too_few(table, row, interval));
        let few: Vec<String> = few
            .into_iter()
            .filter_map(Result::transpose)
            .collect::<Result<_>>()?;
        let note = match few.first() {
            Some(reason) => format!("{note}: {reason}"),
            None => note,
        };
        let lost = [first, second].map(|row| diverged(table, row));
        let verdict = match (lost, ends(first).zip(ends(second))) {
            ([true, _], _) => Verdict::NotReproduced,
            ([false, true], _) => Verdict::Reproduced,
            (_, None) => Verdict::NotTestable,
            _ if !few.is_empty() => Verdict::Inconclusive,
            (_, Some((first, second))) => {
                let (worst, best) = match self.metric.better {
                    Better::Lower => (second.0 - first.1, second.1 - first.0),
                    Better::Higher => (first.0 - second.1, first.1 - second.0),
                };
                Self::word(worst, best, 0.0)
            }
        };
        Ok(Part {
            pairs: 1,
            ..Part::new(pair.key.clone(), verdict, note)
        })
    }
}

/// Whether a gain is one: not worse than a positive slack allows, or larger than a negative one asks.
fn wins(gain: f64, slack: f64) -> bool {
    if slack > 0.0 {
        gain >= -slack
    } else {
        gain > -slack
    }
}
