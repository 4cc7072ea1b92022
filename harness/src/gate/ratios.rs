//! The ratios: how many times faster one way to compute something is than another, measured in
//! pairs side by side, and the bound that a ratio may not fall below.

use super::baseline::{Baseline, Origin, RecordedRatio, RecordedRatios};
use super::pairs::{Pairs, TimedPairs, of_flows, of_kernels};
use super::setup::Lab;
use super::{Lacking, Processor};
use anyhow::{Context, Result, bail, ensure};
use rows::statistics::{Interval, paired_ratio};
use std::collections::BTreeMap;

/// What the ratios came to.
#[derive(Clone, Debug)]
pub struct RatioReport {
    /// Each, in the order of the baseline; then those that are recorded and not measured.
    pub ratios: Vec<Ratio>,
    /// The kind of processor they were measured on.
    pub processor: Processor,
    /// When the bounds of that kind were recorded, if they were.
    pub since: Option<Origin>,
    /// Whether bounds are recorded for other kinds.
    pub known_elsewhere: bool,
}

/// A ratio as measured and as recorded.
#[derive(Clone, Debug)]
pub struct Ratio {
    /// Its name.
    pub name: String,
    /// What was measured.
    pub measured: Measurement,
    /// What the machine lacked meanwhile, if it did.
    pub lacking: Option<Lacking>,
    /// What is recorded of it on this kind of processor.
    pub recorded: Option<RecordedRatio>,
    /// What it may not lie below where this kind has no bounds recorded, but others have.
    pub elsewhere: Option<Elsewhere>,
    /// The bound as a share of the median, for when it is recorded anew.
    pub bound_share: f64,
}

/// What a ratio is held to on a kind of processor without bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Elsewhere {
    /// Its plan's floor for other processors.
    Floor(f64),
    /// Nothing: what is recorded of it does not carry over.
    Nothing,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The interval is not all below the bound.
    Holds,
    /// It is.
    Below,
    /// Nothing can be said, and why.
    NotJudged(String),
    /// There is no bound.
    NotRecorded,
    /// There is a bound, and nothing measured.
    NotMeasured,
}

impl Standing {
    /// Whether the gate fails by it.
    #[must_use]
    pub fn failed(&self) -> bool {
        match self {
            Self::Holds | Self::NotJudged(_) => false,
            Self::Below | Self::NotRecorded | Self::NotMeasured => true,
        }
    }
}

impl Ratio {
    /// How it stands to its bound.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let Measurement::Done { interval, .. } = &self.measured else {
            return Standing::NotMeasured;
        };
        if let Some(lacking) = &self.lacking {
            return Standing::NotJudged(lacking.to_string());
        }
        match (self.bound(), self.elsewhere) {
            // The whole interval, so that noise alone fails nothing.
            (Some(bound), _) if interval.high < bound => Standing::Below,
            (Some(_), _) => Standing::Holds,
            (None, Some(_)) => {
                Standing::NotJudged("not recorded for this kind of processor".to_owned())
            }
            (None, None) => Standing::NotRecorded,
        }
    }

    /// What the whole interval may not lie below.
    #[must_use]
    pub fn bound(&self) -> Option<f64> {
        match (self.recorded, self.elsewhere) {
            (Some(recorded), _) => Some(recorded.bound),
            (None, Some(Elsewhere::Floor(floor))) => Some(floor),
            (None, _) => None,
        }
    }

    /// What to record of it; `None` if nothing measures it any more, or this kind of processor has
    /// too few cores to.
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
        if let Some(lacking) = &self.lacking {
            if matches!(lacking, Lacking::Cores { .. }) {
                return Ok(None);
            }
            bail!(
                "while `{}` was timed {lacking}, and that is nothing to record: close other programs and try again",
                self.name
            );
        }
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
        self.ratios.iter().any(|ratio| ratio.standing().failed())
    }

    /// How many ratios could not be judged.
    #[must_use]
    pub fn not_judged(&self) -> usize {
        let open = |ratio: &&Ratio| matches!(ratio.standing(), Standing::NotJudged(_));
        self.ratios.iter().filter(open).count()
    }

    /// Whether nothing was measured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ratios.is_empty()
    }

    /// What to record.
    ///
    /// # Errors
    /// If a ratio could not be measured, or not on the whole machine.
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
                elsewhere: ratio.elsewhere.get(&dataset).copied(),
                timed: of_kernels(lab, ratio, &dataset),
            });
        }
    }
    beside_recorded(baseline, lab, all)
}

/// Sets what is recorded beside what was timed.
fn beside_recorded(baseline: &Baseline, lab: &Lab, all: Vec<Pairs>) -> Result<RatioReport> {
    let kinds = &baseline.recorded.ratios;
    let recorded = kinds.get(&lab.processor.to_string());
    let known_elsewhere = kinds.len() > usize::from(recorded.is_some());
    let known = |name: &str| recorded.and_then(|r| r.ratios.get(name)).copied();
    let mut ratios: Vec<Ratio> = Vec::new();
    for pairs in all {
        ensure!(
            ratios.iter().all(|ratio| ratio.name != pairs.name),
            "two ratios are both called `{}`",
            pairs.name
        );
        // Where this kind has bounds, a ratio without one is new, and has to be recorded; where nothing is
        // recorded for any kind yet, all of them are.
        let others = recorded.is_none() && known_elsewhere;
        let elsewhere =
            others.then(|| pairs.elsewhere.map_or(Elsewhere::Nothing, Elsewhere::Floor));
        let presence = pairs.timed.as_ref().ok().map(|timed| &timed.presence);
        let presence = lab.seen.as_ref().or(presence);
        ratios.push(Ratio {
            measured: measurement(baseline, lab, &pairs),
            lacking: presence.and_then(|presence| presence.lacking(&lab.limits)),
            recorded: known(&pairs.name),
            elsewhere,
            bound_share: pairs.share.unwrap_or(baseline.ratios.bound_share),
            name: pairs.name,
        });
    }
    for (name, ratio) in recorded.iter().flat_map(|recorded| &recorded.ratios) {
        if !ratios.iter().any(|ratio| ratio.name == *name) {
            ratios.push(Ratio {
                name: name.clone(),
                measured: Measurement::Unknown,
                lacking: None,
                recorded: Some(*ratio),
                elsewhere: None,
                bound_share: baseline.ratios.bound_share,
            });
        }
    }
    let since = recorded.map(|recorded| recorded.origin.clone());
    Ok(RatioReport {
        ratios,
        processor: lab.processor.clone(),
        since,
        known_elsewhere,
    })
}

fn measurement(baseline: &Baseline, lab: &Lab, of: &Pairs) -> Measurement {
    let pairs = match &of.timed {
        Ok(TimedPairs { pairs, .. }) => pairs,
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
mod tests;
