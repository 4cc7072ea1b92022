//! The ratios: how many times faster one way to compute something is than another, measured in
//! pairs side by side, and the bound that a ratio may not fall below.

use super::baseline::{Baseline, Origin, RecordedRatio, RecordedRatios};
use super::lab::Lab;
use super::pairs::{Pairs, of_flows, of_kernels};
use crate::statistics::{Interval, paired_ratio};
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;

/// What the ratios came to.
#[derive(Clone, Debug)]
pub struct RatioReport {
    /// Each, in the order of the baseline; then those that are recorded and not measured.
    pub ratios: Vec<Ratio>,
    /// When the bounds were recorded, if they were.
    pub since: Option<Origin>,
}

/// A ratio as measured and as recorded.
#[derive(Clone, Debug)]
pub struct Ratio {
    /// Its name.
    pub name: String,
    /// What was measured.
    pub measured: Measurement,
    /// What is recorded of it.
    pub recorded: Option<RecordedRatio>,
    /// The bound as a share of the median, for when it is recorded anew.
    pub bound_share: f64,
}

/// What came of measuring a ratio.
#[derive(Clone, Debug, PartialEq)]
pub enum Measurement {
    /// The median of so many pairs' ratios, and its interval.
    Done {
        /// The interval.
        interval: Interval,
        /// The pairs.
        pairs: usize,
    },
    /// It could not be measured, and why.
    Failed(String),
    /// The baseline records it, and names nothing to measure.
    Unknown,
}

/// How a ratio stands to its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The interval is not all below the bound.
    Holds,
    /// It is.
    Below,
    /// There is no bound.
    NotRecorded,
    /// There is a bound, and nothing measured.
    NotMeasured,
}

impl Ratio {
    /// How it stands to its bound.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match (&self.measured, self.recorded) {
            (Measurement::Done { .. }, None) => Standing::NotRecorded,
            (Measurement::Done { interval, .. }, Some(recorded)) => {
                // The whole interval, so that noise alone fails nothing.
                match interval.high < recorded.bound {
                    true => Standing::Below,
                    false => Standing::Holds,
                }
            }
            (Measurement::Failed(_) | Measurement::Unknown, _) => Standing::NotMeasured,
        }
    }

    /// What to record of it; `None` if nothing measures it any more.
    fn to_record(&self) -> Result<Option<RecordedRatio>> {
        let interval = match &self.measured {
            Measurement::Done { interval, .. } => interval,
            Measurement::Unknown => return Ok(None),
            Measurement::Failed(why) => {
                bail!(
                    "`{}` failed, and that is nothing to record: {why}",
                    self.name
                )
            }
        };
        Ok(Some(RecordedRatio {
            bound: hundredths(self.bound_share * interval.median),
            median: hundredths(interval.median),
            low: hundredths(interval.low),
            high: hundredths(interval.high),
        }))
    }
}

/// As many decimals as are shown.
fn hundredths(value: f64) -> f64 {
    (100.0 * value).round() / 100.0
}

impl RatioReport {
    /// Whether a ratio is below its bound, or has none, or was not measured.
    #[must_use]
    pub fn failed(&self) -> bool {
        let holds = |ratio: &Ratio| ratio.standing() == Standing::Holds;
        !self.ratios.iter().all(holds)
    }

    /// Whether nothing was measured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ratios.is_empty()
    }

    /// What to record.
    ///
    /// # Errors
    /// If a ratio could not be measured.
    pub fn recorded(&self, origin: Origin) -> Result<RecordedRatios> {
        let mut ratios = BTreeMap::new();
        for ratio in &self.ratios {
            if let Some(recorded) = ratio.to_record()? {
                ratios.insert(ratio.name.clone(), recorded);
            }
        }
        Ok(RecordedRatios { origin, ratios })
    }
}

/// Measures all ratios and sets what is recorded beside them.
pub(super) fn run(baseline: &Baseline, lab: &Lab) -> Result<RatioReport> {
    let mut all = Vec::new();
    for (plan, flows) in &baseline.ratios.flows {
        let pairs = of_flows(lab, plan, flows);
        all.extend(pairs.with_context(|| format!("the plan {plan} of the ratios"))?);
    }
    for ratio in &baseline.ratios.kernels {
        for dataset in ratio.dataset.all() {
            all.push(Pairs {
                name: format!("{}, {dataset}", ratio.name),
                share: ratio.bound_share,
                pairs: of_kernels(lab, ratio, &dataset),
            });
        }
    }
    let recorded = baseline.recorded.ratios.as_ref();
    let known = |name: &str| recorded.and_then(|r| r.ratios.get(name)).copied();
    let mut ratios: Vec<Ratio> = Vec::new();
    for pairs in all {
        ensure!(
            ratios.iter().all(|ratio| ratio.name != pairs.name),
            "two ratios are both called `{}`",
            pairs.name
        );
        ratios.push(Ratio {
            measured: measurement(baseline, lab, &pairs),
            recorded: known(&pairs.name),
            bound_share: pairs.share.unwrap_or(baseline.ratios.bound_share),
            name: pairs.name,
        });
    }
    for (name, ratio) in recorded.iter().flat_map(|recorded| &recorded.ratios) {
        if !ratios.iter().any(|ratio| ratio.name == *name) {
            ratios.push(Ratio {
                name: name.clone(),
                measured: Measurement::Unknown,
                recorded: Some(*ratio),
                bound_share: baseline.ratios.bound_share,
            });
        }
    }
    let since = recorded.map(|recorded| recorded.origin.clone());
    Ok(RatioReport { ratios, since })
}

fn measurement(baseline: &Baseline, lab: &Lab, of: &Pairs) -> Measurement {
    let pairs = match &of.pairs {
        Ok(pairs) => pairs,
        Err(error) => return Measurement::Failed(format!("{error:#}")),
    };
    let statistics = baseline.statistics;
    let mut stream = lab.seeds.stream(&["bootstrap", &of.name]);
    let interval = paired_ratio(
        pairs,
        statistics.resamples,
        statistics.confidence,
        &mut stream,
    );
    match interval {
        Some(interval) => Measurement::Done {
            interval,
            pairs: pairs.len(),
        },
        None => Measurement::Failed("no pairs: does the plan say `repeats`?".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(low: f64, high: f64, bound: f64) -> Standing {
        let interval = Interval {
            median: (low + high) / 2.0,
            low,
            high,
        };
        let ratio = Ratio {
            name: String::new(),
            measured: Measurement::Done { interval, pairs: 9 },
            recorded: Some(RecordedRatio {
                bound,
                median: 2.0,
                low: 1.9,
                high: 2.1,
            }),
            bound_share: 0.7,
        };
        ratio.standing()
    }

    #[test]
    fn only_an_interval_that_lies_below_its_bound_as_a_whole_fails() {
        assert_eq!(standing(1.0, 1.39, 1.4), Standing::Below);
        assert_eq!(standing(1.0, 1.41, 1.4), Standing::Holds);
        assert_eq!(standing(1.5, 1.6, 1.4), Standing::Holds);
    }
}
