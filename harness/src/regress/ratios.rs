//! The ratios: how many times faster one way to compute something is than another, measured in
//! pairs side by side, and the bound that a ratio may not fall below.

use super::baseline::{
    Baseline, FlowRatio, FlowRatios, KernelRatio, Origin, RecordedRatio, RecordedRatios,
};
use super::lab::{Found, Lab};
use crate::clock::alternating;
use crate::experiments::windows::cell::Measured;
use crate::journal::Outcome;
use crate::plan::{Model, Scale, Start};
use crate::regression::{Regression, starting_point};
use crate::statistics::{Interval, paired_ratio};
use anyhow::{Context, Result, bail, ensure};
use candle_core::Tensor;
use optim::{Kernel, Potential};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

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

/// Pairs of seconds, or of what else is divided, by the ratio's name.
struct Pairs {
    name: String,
    share: Option<f64>,
    pairs: Result<Vec<(f64, f64)>>,
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

/// The ratios of a plan's flows, on each of its data sets and for each of its kinetic energies.
fn of_flows(lab: &Lab, plan: &str, flows: &FlowRatios) -> Result<Vec<Pairs>> {
    let found = lab.flows(plan, &flows.plan)?;
    let mut places: Vec<Vec<&Found>> = Vec::new();
    for flow in &found {
        let of = |f: &Found| (f.cell.dataset.clone(), f.cell.kinetic);
        match places.iter_mut().find(|place| of(place[0]) == of(flow)) {
            Some(place) => place.push(flow),
            None => places.push(vec![flow]),
        }
    }
    let several = places
        .iter()
        .any(|p| p[0].cell.kinetic != found[0].cell.kinetic);
    let mut all = Vec::new();
    for ratio in &flows.compare {
        for place in &places {
            let cell = &place[0].cell;
            let name = format!("{}, {}", ratio.name, cell.dataset);
            all.push(Pairs {
                name: match several {
                    true => format!("{name}, {}", cell.kinetic),
                    false => name,
                },
                share: ratio.bound_share,
                pairs: compared(place, ratio),
            });
        }
    }
    Ok(all)
}

/// Pairs of two flows. Each was timed next to the sequential flow, so a flow's seconds are
/// counted in those of the sequential flow beside it.
fn compared(place: &[&Found], ratio: &FlowRatio) -> Result<Vec<(f64, f64)>> {
    let of = find(place, &ratio.of)?;
    let over = find(place, &ratio.over)?;
    ensure!(
        of.cell.group == over.cell.group,
        "`{}` and `{}` do not run on the same device",
        ratio.of,
        ratio.over
    );
    let (of_s, beside) = seconds(of)?;
    if over.cell.is_baseline() {
        return Ok(beside.into_iter().zip(of_s).collect());
    }
    let relative = |(seconds, beside): (Vec<f64>, Vec<f64>)| -> Vec<f64> {
        seconds.iter().zip(&beside).map(|(s, b)| s / b).collect()
    };
    let over_s = relative(seconds(over)?);
    Ok(over_s.into_iter().zip(relative((of_s, beside))).collect())
}

fn find<'a>(place: &[&'a Found], name: &str) -> Result<&'a Found> {
    let found = place.iter().find(|flow| flow.name() == name);
    found.copied().with_context(|| {
        let known: Vec<String> = place.iter().map(|flow| flow.name()).collect();
        format!(
            "`{name}` is no flow of the plan: it has {}",
            known.join("; ")
        )
    })
}

/// Seconds of each timed run, and of the sequential run next to it.
fn seconds(found: &Found) -> Result<(Vec<f64>, Vec<f64>)> {
    let measured = match &found.outcome {
        Outcome::Measured(value) => Measured::deserialize(value)?,
        Outcome::Diverged { flow } => bail!("{} diverged in flow {flow}", found.name()),
        Outcome::Failed { error } => bail!("{}: {error}", found.name()),
    };
    let total = |runs: &[Vec<f64>]| runs.iter().map(|run| run.iter().sum()).collect();
    Ok((total(&measured.wall_s), total(&measured.baseline_wall_s)))
}

/// Pairs of seconds of the slower kernel and of the faster, at random points.
fn of_kernels(lab: &Lab, ratio: &KernelRatio, dataset: &str) -> Result<Vec<(f64, f64)>> {
    let placement = lab.machine.whole();
    let data = lab.dataset(dataset)?;
    let potential = |kernel: Kernel| -> Result<Arc<dyn Potential>> {
        let model = Model {
            bias: false,
            l2: 0.0,
            kernel,
        };
        let of = Regression::new(&data, model, ratio.precision, lab.machine.home())?;
        Ok(Arc::new(of.train))
    };
    let over = potential(ratio.over)?;
    let of = match &lab.through {
        Some(through) => through(potential(ratio.of)?),
        None => potential(ratio.of)?,
    };
    let start = Start::Uniform {
        scale: Scale::InverseSqrtFeatures,
    };
    let mut stream = lab.seeds.stream(&["kernels", dataset]);
    let shape = (ratio.points, of.dimension());
    let points: Vec<f64> = (0..ratio.points)
        .flat_map(|_| starting_point(start, data.features, shape.1, &mut stream))
        .collect();
    let points = Tensor::from_vec(points, shape, lab.machine.home())?;
    let points = points.to_dtype(ratio.precision.dtype())?;
    let work = |potential: &Arc<dyn Potential>| {
        let (potential, points) = (potential.clone(), points.clone());
        move || {
            for _ in 0..ratio.calls {
                std::hint::black_box(potential.gradients(&points)?);
            }
            Ok(())
        }
    };
    alternating(&placement, ratio.pairs, work(&over), work(&of))
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
