//! Pairs of times, measured side by side: what the ratios are made of.

use super::Presence;
use super::baseline::{FlowRatio, FlowRatios, KernelRatio};
use super::setup::{FoundFlow, Lab};
use anyhow::{Context, Result, bail, ensure};
use candle_core::Tensor;
use lab::capacity::{Probe, Snapshot, spin};
use lab::clock::alternating;
use lab::experiments::windows::cell::MeasuredWindow;
use lab::journal::Outcome;
use lab::plan::{Model, Scale, Start};
use lab::regression::{Regression, starting_point};
use optim::{Kernel, Potential};
use std::sync::Arc;

/// A ratio's pairs, by its name.
pub(super) struct Pairs {
    pub name: String,
    pub share: Option<f64>,
    /// What it may not lie below on a kind of processor without a bound.
    pub elsewhere: Option<f64>,
    pub timed: Result<TimedPairs>,
}

/// Pairs of seconds, or of what else is divided, and how much of the machine was there.
pub(super) struct TimedPairs {
    pub pairs: Vec<(f64, f64)>,
    pub presence: Presence,
}

/// The ratios of a plan's flows, on each of its data sets and for each of its kinetic energies.
pub(super) fn of_flows(lab: &Lab, plan: &str, flows: &FlowRatios) -> Result<Vec<Pairs>> {
    let found = lab.flows(plan, &flows.plan)?;
    let mut places: Vec<Vec<&FoundFlow>> = Vec::new();
    for flow in &found {
        let of = |f: &FoundFlow| (f.cell.dataset.clone(), f.cell.kinetic);
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
                elsewhere: ratio.elsewhere.get(&cell.dataset).copied(),
                timed: compared(place, ratio),
            });
        }
    }
    Ok(all)
}

/// Pairs of two flows. Each was timed next to the sequential flow, so a flow's seconds are
/// counted in those of the sequential flow beside it.
fn compared(place: &[&FoundFlow], ratio: &FlowRatio) -> Result<TimedPairs> {
    let of = find(place, &ratio.of)?;
    let over = find(place, &ratio.over)?;
    ensure!(
        of.cell.group == over.cell.group,
        "`{}` and `{}` do not run on the same device",
        ratio.of,
        ratio.over
    );
    let measured = measured(of)?;
    let (of_s, beside) = seconds(measured);
    let presence = Presence::of_flow(of, measured);
    if over.cell.is_baseline() {
        let pairs = beside.into_iter().zip(of_s).collect();
        return Ok(TimedPairs { pairs, presence });
    }
    let relative = |(seconds, beside): (Vec<f64>, Vec<f64>)| -> Vec<f64> {
        seconds.iter().zip(&beside).map(|(s, b)| s / b).collect()
    };
    let other = self::measured(over)?;
    let over_s = relative(seconds(other));
    Ok(TimedPairs {
        pairs: over_s.into_iter().zip(relative((of_s, beside))).collect(),
        presence: presence.worse(Presence::of_flow(over, other)),
    })
}

fn find<'a>(place: &[&'a FoundFlow], name: &str) -> Result<&'a FoundFlow> {
    let found = place.iter().find(|flow| flow.name() == name);
    found.copied().with_context(|| {
        let known: Vec<String> = place.iter().map(|flow| flow.name()).collect();
        format!(
            "`{name}` is no flow of the plan: it has {}",
            known.join("; ")
        )
    })
}

fn measured(found: &FoundFlow) -> Result<&MeasuredWindow> {
    match &found.outcome {
        Outcome::Measured(measured) => Ok(measured),
        Outcome::Diverged { flow } => bail!("{} diverged in flow {flow}", found.name()),
        Outcome::Failed { error } => bail!("{}: {error}", found.name()),
    }
}

/// Seconds of each timed run, and of the sequential run next to it.
fn seconds(measured: &MeasuredWindow) -> (Vec<f64>, Vec<f64>) {
    let total = |runs: &[Vec<f64>]| runs.iter().map(|run| run.iter().sum()).collect();
    (total(&measured.wall_s), total(&measured.baseline_wall_s))
}

/// How many times a kernel's pairs are interrupted by a probe of the machine, one more at the end.
const PROBES: usize = 3;

/// Pairs of seconds of the slower kernel and of the faster, at random points.
pub(super) fn of_kernels(lab: &Lab, ratio: &KernelRatio, dataset: &str) -> Result<TimedPairs> {
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
    let workers = rayon::current_num_threads();
    let probe = Probe::new(workers, lab.limits.probe_s, &spin)?;
    let (mut pairs, mut samples) = (Vec::new(), Vec::new());
    let mut accounts = Vec::new();
    while pairs.len() < ratio.pairs {
        samples.push(probe.sample(&spin)?);
        let some = ratio.pairs.div_ceil(PROBES).min(ratio.pairs - pairs.len());
        let before = Snapshot::now();
        pairs.extend(alternating(&placement, some, work(&over), work(&of))?);
        accounts.push(Snapshot::now().since(&before));
    }
    samples.push(probe.sample(&spin)?);
    Ok(TimedPairs {
        pairs,
        presence: Presence::of(workers, &samples, &accounts),
    })
}
