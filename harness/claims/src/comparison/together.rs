//! All pairs of two sides by the interval of their mean.

use super::super::interval::Rigour;
use super::super::rules::in_words;
use super::super::selection::Selection;
use super::super::verdict::{PartVerdict, Verdict, short};
use super::pairs::Pair;
use super::{CompareBy, Comparison, Hypothesis, beyond, wins};
use anyhow::Result;
use rows::statistics::{MeanInterval, median, p_value, paired_difference};
use std::collections::BTreeSet;

/// Holds by how much the first of each pair is better.
#[derive(Default)]
struct Gains {
    gains: Vec<f64>,
    firsts: Vec<f64>,
    seconds: Vec<f64>,
    /// Pairs without a number.
    unknown: usize,
}

impl Comparison<'_> {
    /// Judges all pairs by the interval of their mean. A run that diverged has no difference to
    /// average: then all pairs have to agree. Pairs whose rows are the very same are one run told
    /// several times, and count once.
    pub fn together(
        &self,
        rows: &Selection,
        pairs: &[Pair],
        rigour: Rigour,
    ) -> Result<PartVerdict> {
        let all = self.gains(rows, pairs)?;
        let count = all.gains.len();
        let mut part = PartVerdict {
            pairs: count,
            metric: self.metric.column.to_owned(),
            brief: self.brief(&all),
            ..PartVerdict::new("", Verdict::NotTestable, self.note(&all, pairs.len()))
        };
        if count == 0 {
            return Ok(part);
        }
        if count < rigour.least_pairs {
            part.note += &format!(": fewer than the {} that decide", rigour.least_pairs);
            part.verdict = Verdict::Inconclusive;
        } else if let Some(interval) = paired_difference(&all.gains, rigour.confidence) {
            self.by_interval(&mut part, &all.gains, &interval, rigour.confidence);
        } else {
            self.by_count(&mut part, &all);
        }
        Ok(part)
    }

    fn gains(&self, rows: &Selection, pairs: &[Pair]) -> Result<Gains> {
        let (mut all, mut seen) = (Gains::default(), BTreeSet::new());
        for pair in pairs {
            let first = self.metric.mean(rows, &pair.first)?;
            let second = self.metric.mean(rows, &pair.second)?;
            let Some((first, second)) = first.zip(second) else {
                all.unknown += 1;
                continue;
            };
            let measured = first.is_finite() && second.is_finite();
            if !measured || seen.insert(self.told(rows, pair)) {
                all.gains.push(self.metric.gain(first, second)?);
                all.firsts.push(first);
                all.seconds.push(second);
            }
        }
        Ok(all)
    }

    fn note(&self, all: &Gains, pairs: usize) -> String {
        let middle = |values: &[f64]| median(values).map_or("none".into(), short);
        let count = all.gains.len();
        let mut note = format!(
            "median {} {} against {}, {count} pairs",
            self.metric.column,
            middle(&all.firsts),
            middle(&all.seconds)
        );
        if all.unknown > 0 {
            note += &format!(", {} without a number", all.unknown);
        }
        if count + all.unknown < pairs {
            note += &format!(", {} told twice", pairs - count - all.unknown);
        }
        note
    }

    /// Says which numbers are compared, and which side has the better one.
    fn brief(&self, all: &Gains) -> String {
        let Some((first, second)) = median(&all.firsts).zip(median(&all.seconds)) else {
            return format!("{} has no number", in_words(self.metric.column));
        };
        let mean = all.gains.iter().sum::<f64>() / all.gains.len() as f64;
        let word = match (self.hypothesis, mean) {
            (Hypothesis::FirstIsBetter, ..0.0) => ", worse",
            (Hypothesis::FirstIsBetter, _) if mean > 0.0 => ", better",
            _ => "",
        };
        let metric = in_words(self.metric.column);
        format!("{metric} {} against {}{word}", short(first), short(second))
    }

    /// Returns by how much the first may be worse, or, if negative, has to be better.
    fn slack(&self) -> f64 {
        match self.metric.scale {
            CompareBy::Linear => self.allowance - self.margin,
            CompareBy::Log => self.allowance.ln_1p() - self.margin.ln_1p(),
        }
    }

    fn by_interval(
        &self,
        part: &mut PartVerdict,
        gains: &[f64],
        interval: &MeanInterval,
        confidence: f64,
    ) {
        let (mean, low, high) = (interval.mean, interval.low, interval.high);
        let slack = self.slack();
        part.note += &format!(": {}", self.in_words([mean, low, high]));
        let boundary = match self.hypothesis {
            Hypothesis::FirstIsBetter => -slack,
            Hypothesis::TheyDiffer => -slack * mean.signum(),
        };
        part.apart = gains.iter().map(|gain| gain - boundary).collect();
        // Counts can be apart by the same in every pair. An interval of width nothing would claim more
        // than so many pairs can say: that they all lie on one side.
        let is_scattered = gains.iter().any(|gain| *gain != gains[0]);
        let one_sided = 0.5_f64.powi(gains.len() as i32 - 1);
        part.p = match is_scattered {
            true => p_value(gains, boundary),
            false => Some(one_sided),
        };
        part.verdict = match self.hypothesis {
            _ if !is_scattered && one_sided > 1.0 - confidence => {
                part.note += ", the same in each: too few pairs without scatter";
                Verdict::Inconclusive
            }
            Hypothesis::FirstIsBetter => beyond(low, high, slack),
            Hypothesis::TheyDiffer => differ(low, high, -slack),
        };
    }

    /// Judges pairs of which some have no difference that could be averaged.
    fn by_count(&self, part: &mut PartVerdict, all: &Gains) {
        let slack = self.slack();
        let count = |is: &dyn Fn(f64) -> bool| all.gains.iter().filter(|g| is(**g)).count();
        let won = match self.hypothesis {
            Hypothesis::FirstIsBetter => count(&|gain| wins(gain, slack)),
            Hypothesis::TheyDiffer => {
                // A pair that diverged on both sides is no difference.
                let lost = all.firsts.iter().filter(|f| !f.is_finite()).count();
                let less = count(&|gain| gain < slack).saturating_sub(lost);
                count(&|gain| gain > -slack).max(less)
            }
        };
        part.note +=
            &format!(": no interval with runs that diverged or reached 0; {won} pairs won");
        part.verdict = match won {
            _ if won == all.gains.len() => Verdict::Reproduced,
            0 => Verdict::NotReproduced,
            _ => Verdict::Inconclusive,
        };
    }

    /// Puts a gain with its interval into words: "better by 0.03 [0.01, 0.05]", "worse by a factor of
    /// 2 [1.5, 2.7]", "better by 0.01, between 0.02 worse and 0.04 better".
    fn in_words(&self, [mean, low, high]: [f64; 3]) -> String {
        let (more, less) = match self.hypothesis {
            Hypothesis::FirstIsBetter => ("better", "worse"),
            Hypothesis::TheyDiffer => ("more", "less"),
        };
        let (word, ends) = match mean < 0.0 {
            true => (less, [-mean, -high, -low]),
            false => (more, [mean, low, high]),
        };
        if low < 0.0 && high > 0.0 {
            let (what, ends) = match self.metric.scale {
                CompareBy::Linear => ("", ends),
                CompareBy::Log => ("a factor of ", ends.map(|end| end.abs().exp())),
            };
            let mean = short(ends[0].abs());
            let [low, high] = match self.metric.scale {
                CompareBy::Linear => [-low, high].map(short),
                CompareBy::Log => [-low, high].map(|end| short(end.exp())),
            };
            return format!("{word} by {what}{mean}, between {low} {less} and {high} {more}");
        }
        let (what, ends) = match self.metric.scale {
            CompareBy::Linear => ("by", ends),
            CompareBy::Log => ("by a factor of", ends.map(f64::exp)),
        };
        let [mean, low, high] = ends.map(short);
        format!("{word} {what} {mean} [{low}, {high}]")
    }
}

/// Says whether an interval lies beyond a margin, on either side.
fn differ(low: f64, high: f64, margin: f64) -> Verdict {
    if low > margin || high < -margin {
        Verdict::Reproduced
    } else if low >= -margin && high <= margin {
        Verdict::NotReproduced
    } else {
        Verdict::Inconclusive
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_differ_beyond_the_margin_and_are_alike_within_it_its_ends_among_it() {
        use Verdict::{Inconclusive, NotReproduced, Reproduced};
        for (low, high, verdict) in [
            (1.1, 2.0, Reproduced),
            (1.0, 2.0, Inconclusive),
            (-2.0, -1.1, Reproduced),
            (-2.0, -1.0, Inconclusive),
            (-1.0, 1.0, NotReproduced),
            (-1.5, 0.0, Inconclusive),
            (0.0, 1.5, Inconclusive),
            (-2.0, 2.0, Inconclusive),
        ] {
            assert_eq!(differ(low, high, 1.0), verdict, "{low} {high}");
        }
    }
}
