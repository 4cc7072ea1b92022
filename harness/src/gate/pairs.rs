//! Pairs of times, measured side by side: what the ratios are made of.

use super::Presence;
use super::baseline::{FlowRatio, FlowRatios, KernelRatio};
use super::setup::{FoundFlow, Lab};
use anyhow::{Context, Result, bail, ensure};
use lab::capacity::{Probe, Snapshot, ThreadWorkers, spin};
use lab::clock::alternating;
use lab::experiments::windows::cell::MeasuredWindow;
use lab::journal::Outcome;
use optim::Potential;
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
    Ok(of_found(&lab.flows(plan, &flows.plan)?, &flows.compare))
}

/// The same of flows that were run.
fn of_found(found: &[FoundFlow], compare: &[FlowRatio]) -> Vec<Pairs> {
    let mut places: Vec<Vec<&FoundFlow>> = Vec::new();
    for flow in found {
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
    for ratio in compare {
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
    all
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
        Outcome::Failed { error } | Outcome::LeftOut { why: error } => {
            bail!("{}: {error}", found.name())
        }
    }
}

/// Seconds of each timed run, and of the sequential run next to it.
fn seconds(measured: &MeasuredWindow) -> (Vec<f64>, Vec<f64>) {
    let total = |runs: &[Vec<f64>]| runs.iter().map(|run| run.iter().sum()).collect();
    (total(&measured.wall_s), total(&measured.baseline_wall_s))
}

/// How many times a kernel's pairs are interrupted by a probe of the machine, one more at the end.
const PROBES: usize = 3;

/// So many pairs, in parts of which each follows a probe.
fn between_probes(pairs: usize) -> Vec<usize> {
    let most = pairs.div_ceil(PROBES).max(1);
    let part = |from| most.min(pairs - from);
    (0..pairs).step_by(most).map(part).collect()
}

/// Pairs of seconds of the slower kernel and of the faster, at random points.
pub(super) fn of_kernels(lab: &Lab, ratio: &KernelRatio, dataset: &str) -> Result<TimedPairs> {
    let placement = lab.machine.whole();
    let data = lab.dataset(dataset)?;
    let potential = |kernel| lab.potential(&data, ratio.precision, kernel);
    let over = potential(ratio.over)?;
    let of = match &lab.through {
        Some(through) => through(potential(ratio.of)?),
        None => potential(ratio.of)?,
    };
    let points = lab.points(&data, &*of, ratio.points, ratio.precision)?;
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
    let probe = Probe::new(ThreadWorkers::new(workers, spin)?, lab.limits.probe_s)?;
    let (mut pairs, mut samples) = (Vec::new(), Vec::new());
    let mut accounts = Vec::new();
    for some in between_probes(ratio.pairs) {
        samples.push(probe.sample()?);
        let before = Snapshot::now();
        pairs.extend(alternating(&placement, some, work(&over), work(&of))?);
        accounts.push(Snapshot::now().since(&before));
    }
    samples.push(probe.sample()?);
    Ok(TimedPairs {
        pairs,
        presence: Presence::of(workers, &samples, &accounts),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::tests::{cell, timed};
    use lab::experiments::windows::cell::WindowCell;
    use lab::experiments::windows::plan::EvaluatorKind;
    use optim::Kinetic;
    use std::collections::BTreeMap;

    const WINDOW: &str = "batched W=4 copy";

    fn ratio(of: &str, over: &str) -> FlowRatio {
        FlowRatio {
            name: "faster".into(),
            of: of.into(),
            over: over.into(),
            bound_share: Some(0.6),
            elsewhere: BTreeMap::from([("large".to_owned(), 1.2)]),
        }
    }

    fn error(place: &[&FoundFlow], of: &str, over: &str) -> String {
        let error = compared(place, &ratio(of, over)).err();
        error.unwrap().to_string()
    }

    #[test]
    fn a_window_over_the_sequential_flow_is_paired_with_the_runs_beside_it() {
        // What the sequential flow took elsewhere does not count.
        let sequential = timed(cell(1), &[7.0, 7.0], &[7.0, 7.0]);
        let window = timed(cell(4), &[2.0, 3.0], &[5.0, 6.0]);
        let place = [&sequential, &window];
        let found = compared(&place, &ratio(WINDOW, "sequential on cpu")).unwrap();
        assert_eq!(found.pairs, [(5.0, 2.0), (6.0, 3.0)]);
    }

    #[test]
    fn two_windows_are_compared_in_seconds_of_the_sequential_runs_beside_each() {
        let four = timed(cell(4), &[1.0, 3.0], &[4.0, 4.0]);
        let two = timed(cell(2), &[3.0, 5.0], &[2.0, 4.0]);
        let found = compared(&[&two, &four], &ratio(WINDOW, "batched W=2 copy")).unwrap();
        assert_eq!(found.pairs, [(1.5, 0.25), (1.25, 0.75)]);
    }

    #[test]
    fn of_two_windows_the_one_that_had_less_of_the_machine_says_how_much_was_there() {
        let crowded = WindowCell {
            oversubscribed: true,
            workers: 2,
            ..cell(2)
        };
        let two = timed(crowded, &[3.0], &[2.0]);
        let four = timed(cell(4), &[1.0], &[4.0]);
        for (of, over) in [(WINDOW, "batched W=2 copy"), ("batched W=2 copy", WINDOW)] {
            let found = compared(&[&two, &four], &ratio(of, over)).unwrap();
            assert_eq!(found.presence.oversubscribed, Some(2));
        }
    }

    #[test]
    fn flows_that_cannot_be_compared_are_refused_by_their_names() {
        let window = timed(cell(4), &[1.0], &[4.0]);
        let elsewhere = WindowCell {
            evaluator: EvaluatorKind::Devices,
            group: EvaluatorKind::Devices,
            ..cell(2)
        };
        let devices = timed(elsewhere, &[1.0], &[4.0]);
        assert_eq!(
            error(&[&window, &devices], WINDOW, "W=2 copy"),
            "`batched W=4 copy` and `W=2 copy` do not run on the same device"
        );
        assert_eq!(
            error(&[&window, &devices], "batched W=5 copy", WINDOW),
            "`batched W=5 copy` is no flow of the plan: it has batched W=4 copy; W=2 copy"
        );
        let diverged = FoundFlow {
            cell: cell(2),
            outcome: Outcome::Diverged { flow: 3 },
        };
        let failed = FoundFlow {
            cell: cell(3),
            outcome: Outcome::Failed {
                error: "no memory".into(),
            },
        };
        let place = [&window, &diverged, &failed];
        assert_eq!(
            error(&place, WINDOW, "batched W=2 copy"),
            "batched W=2 copy diverged in flow 3"
        );
        assert_eq!(
            error(&place, "batched W=3 copy", WINDOW),
            "batched W=3 copy: no memory"
        );
    }

    fn both(dataset: &str, kinetic: Kinetic, seconds: f64) -> [FoundFlow; 2] {
        [1, 4].map(|width| {
            let cell = WindowCell {
                dataset: dataset.into(),
                kinetic,
                ..cell(width)
            };
            timed(cell, &[seconds], &[2.0 * seconds])
        })
    }

    #[test]
    fn each_data_set_has_its_own_ratio_and_floor() {
        let flows = [
            both("little", Kinetic::L2, 1.0),
            both("large", Kinetic::L2, 8.0),
        ];
        let found = of_found(
            &flows.into_iter().flatten().collect::<Vec<_>>(),
            &[ratio(WINDOW, "sequential on cpu")],
        );
        let names: Vec<&str> = found.iter().map(|pairs| pairs.name.as_str()).collect();
        assert_eq!(names, ["faster, little", "faster, large"]);
        let floors: Vec<Option<f64>> = found.iter().map(|pairs| pairs.elsewhere).collect();
        assert_eq!(floors, [None, Some(1.2)]);
        assert!(found.iter().all(|pairs| pairs.share == Some(0.6)));
        let timed = found.into_iter().map(|pairs| pairs.timed.unwrap().pairs);
        assert_eq!(timed.collect::<Vec<_>>(), [[(2.0, 1.0)], [(16.0, 8.0)]]);
    }

    #[test]
    fn several_kinetic_energies_are_told_apart_by_their_names() {
        let flows = [
            both("little", Kinetic::L2, 1.0),
            both("little", Kinetic::L1, 8.0),
        ];
        let found = of_found(
            &flows.into_iter().flatten().collect::<Vec<_>>(),
            &[ratio(WINDOW, "sequential on cpu")],
        );
        let names: Vec<&str> = found.iter().map(|pairs| pairs.name.as_str()).collect();
        assert_eq!(names, ["faster, little, l2", "faster, little, l1"]);
        let timed = found.into_iter().map(|pairs| pairs.timed.unwrap().pairs);
        assert_eq!(timed.collect::<Vec<_>>(), [[(2.0, 1.0)], [(16.0, 8.0)]]);
    }

    #[test]
    fn probes_interrupt_pairs_at_most_three_times() {
        assert_eq!(between_probes(6), [2, 2, 2]);
        assert_eq!(between_probes(7), [3, 3, 1]);
        assert_eq!(between_probes(4), [2, 2]);
        assert_eq!(between_probes(1), [1]);
        assert!(between_probes(0).is_empty());
    }
}
