//! A cell: a method whose steps are computed in a window, beside the same steps one after the other.

use super::plan::{Mover, PlacedSteps};
use super::scene::{ParallelScene, Started};
use super::setting::ParallelSetting;
use super::theory;
use crate::clock::timed;
use crate::device::Machine;
use crate::experiments::Held;
use crate::experiments::descent::MethodSpec;
use crate::experiments::windows::plan::EvaluatorKind;
use crate::journal::{Cell, Outcome};
use crate::progress::Watch;
use anyhow::Result;
use candle_core::{DType, Tensor};
use optim::{Bound, Recurrence, Run};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// A mover on a scene: what is measured.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct ParallelCell {
    /// The part of the plan that it is of; none of the plan's own problem.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub part: String,
    /// The problem and the start.
    pub setting: ParallelSetting,
    /// What moves.
    pub mover: Mover,
    /// How many steps it takes at most.
    pub steps: usize,
    /// How many steps lie between two looks at the value.
    pub every: usize,
    /// The value to be reached.
    pub target: Option<f64>,
    /// Along how many steps the growth of differences is measured, of steps one after the other.
    pub exponent_steps: usize,
    /// How often it is timed.
    pub repeats: usize,
    /// On what it runs.
    pub devices: String,
    /// cpu or cuda.
    pub backend: String,
}

/// Where a run was; a list of its numbers in journals, of which there are many.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(from = "WrittenLook", into = "WrittenLook")]
pub struct ParallelLook {
    /// Steps up to here.
    pub steps: u64,
    /// Rounds up to here.
    pub rounds: u64,
    /// Distinct gradients up to here.
    pub gradients: u64,
    /// Function value; of a network the mean loss over the test images.
    pub value: f64,
    /// Share of test rows or images classified rightly, where classes are predicted.
    pub accuracy: Option<f64>,
}

/// Steps, rounds, gradients, value, and accuracy where there is one; by their names in journals of older versions.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum WrittenLook {
    Scored(u64, u64, u64, f64, f64),
    Valued(u64, u64, u64, f64),
    Named {
        steps: u64,
        rounds: u64,
        gradients: u64,
        value: f64,
        accuracy: Option<f64>,
    },
}

impl From<WrittenLook> for ParallelLook {
    fn from(written: WrittenLook) -> Self {
        let (steps, rounds, gradients, value, accuracy) = match written {
            WrittenLook::Scored(s, r, g, value, accuracy) => (s, r, g, value, Some(accuracy)),
            WrittenLook::Valued(s, r, g, value) => (s, r, g, value, None),
            WrittenLook::Named {
                steps,
                rounds,
                gradients,
                value,
                accuracy,
            } => (steps, rounds, gradients, value, accuracy),
        };
        Self {
            steps,
            rounds,
            gradients,
            value,
            accuracy,
        }
    }
}

impl From<ParallelLook> for WrittenLook {
    fn from(look: ParallelLook) -> Self {
        let (s, r, g, value) = (look.steps, look.rounds, look.gradients, look.value);
        match look.accuracy {
            Some(accuracy) => Self::Scored(s, r, g, value, accuracy),
            None => Self::Valued(s, r, g, value),
        }
    }
}

/// What came of a run.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct MeasuredParallel {
    /// In order.
    pub looks: Vec<ParallelLook>,
    /// Steps that the same method took one after the other until its target, or all.
    pub sequential_steps: u64,
    /// ‖x − x_sequential‖/‖x_sequential‖ after as many steps; none of what is itself that method.
    pub error: Option<f64>,
    /// What theory bounds that by, of a flow's Picard window on a quadratic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_bound: Option<f64>,
    /// What an iteration holds in memory besides gradients while they are computed; none of a method that is no
    /// recurrence of one gradient a step, nor in journals of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// Seconds to the target, or of all steps, once a repeat.
    pub wall_s: Vec<f64>,
    /// Those of the same method's steps one after the other on one whole device, taken in turns.
    pub baseline_wall_s: Vec<f64>,
    /// The mean logarithm of the growth of a difference in a step, over the second half of those measured.
    pub exponent: Option<f64>,
    /// What theory says it is at last, where it says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exponent_exact: Option<f64>,
}

/// A run that was looked at.
struct Followed {
    looks: Vec<ParallelLook>,
    /// Where it was after so many looks as the sequential method had.
    there: Option<Tensor>,
    /// The iteration in which its numbers stopped being finite.
    diverged: Option<usize>,
}

/// The steps of a method one after the other.
struct OneByOne {
    mover: Mover,
    followed: Followed,
    /// Bytes that an iteration holds, of a recurrence.
    held: Option<u64>,
}

/// A cell that has been counted, and what it is compared with.
struct CountedCell<'a> {
    cell: &'a ParallelCell,
    /// Which of the unit's sequences of steps is its own, one after the other.
    alone: usize,
    /// The inner error is the look at which its numbers were no longer finite.
    measured: Result<std::result::Result<MeasuredParallel, usize>>,
}

/// Measures all cells of a unit, the step sizes and windows of one method from one start: counts each, then times
/// in turns the one of each width that comes to the target in the fewest rounds.
///
/// # Errors
/// If a device fails.
pub(super) fn unit(
    cells: &[Cell<ParallelCell>],
    scene: &ParallelScene,
    machine: &Machine,
    watch: &dyn Watch,
) -> Result<Vec<Outcome<MeasuredParallel>>> {
    let mut alone: Vec<OneByOne> = Vec::new();
    let mut counted: Vec<CountedCell<'_>> = Vec::new();
    for Cell { label, settings } in cells {
        watch.doing(label);
        let known = alone
            .iter()
            .position(|a| a.mover.method == settings.mover.method);
        let own = match known {
            Some(own) => own,
            None => {
                alone.push(OneByOne::follow(settings, scene, machine)?);
                alone.len() - 1
            }
        };
        counted.push(CountedCell {
            cell: settings,
            alone: own,
            measured: settings.count(scene, machine, &alone[own]),
        });
        watch.step();
    }
    time(&mut counted, &alone, scene, machine)?;
    let outcomes = counted.into_iter().map(|counted| match counted.measured {
        Ok(Ok(measured)) => Outcome::Measured(measured),
        Ok(Err(flow)) => Outcome::Diverged { flow },
        Err(error) => Outcome::failed(&error),
    });
    Ok(outcomes.collect())
}

/// Times the cells worth it in turns, each with the sequence of steps that it is compared with.
fn time(
    counted: &mut [CountedCell<'_>],
    alone: &[OneByOne],
    scene: &ParallelScene,
    machine: &Machine,
) -> Result<()> {
    let worth = worth_timing(counted);
    let repeats = counted.first().map_or(0, |first| first.cell.repeats);
    let mut owns: Vec<usize> = worth.iter().map(|&i| counted[i].alone).collect();
    owns.sort_unstable();
    owns.dedup();
    let seconds = |cell: &ParallelCell, mover: &Mover, looks: &[ParallelLook]| {
        cell.seconds(mover, cell.until_target(looks), scene, machine)
    };
    // One more at first, which finds caches cold.
    for repeat in 0..repeats + usize::from(repeats > 0) {
        let mut baseline = vec![0.0; alone.len()];
        let cell = counted[worth.first().copied().unwrap_or_default()].cell;
        for &own in &owns {
            let sequential = &alone[own];
            baseline[own] = seconds(cell, &sequential.mover, &sequential.followed.looks)?;
        }
        for &i in &worth {
            let (cell, own) = (counted[i].cell, counted[i].alone);
            let Ok(Ok(measured)) = &mut counted[i].measured else {
                continue;
            };
            let mine = match cell.mover.is_baseline() {
                true => baseline[own],
                false => seconds(cell, &cell.mover, &measured.looks)?,
            };
            if repeat > 0 {
                measured.wall_s.push(mine);
                measured.baseline_wall_s.push(baseline[own]);
            }
        }
    }
    Ok(())
}

/// Which cells are worth their time: of each width the one that comes to the target in the fewest rounds; without a
/// target all.
fn worth_timing(counted: &[CountedCell<'_>]) -> Vec<usize> {
    let place = |of: &CountedCell<'_>| {
        let placed = of.cell.mover.placed;
        placed.map(|placed| (placed.window.width, placed.evaluator.name()))
    };
    let rounds = |of: &CountedCell<'_>| -> Option<u64> {
        let measured = of.measured.as_ref().ok()?.as_ref().ok()?;
        let target = of.cell.target?;
        let reached = measured.looks.iter().find(|look| look.value <= target);
        reached.map(|look| look.rounds)
    };
    let mut fewest: Vec<(usize, u64)> = Vec::new();
    for (i, one) in counted.iter().enumerate() {
        let Some(rounds) = rounds(one) else { continue };
        match fewest
            .iter_mut()
            .find(|(best, _)| place(&counted[*best]) == place(one))
        {
            Some(best) if rounds < best.1 => *best = (i, rounds),
            Some(_) => {}
            None => fewest.push((i, rounds)),
        }
    }
    let all = 0..counted.len();
    all.filter(|&i| counted[i].cell.target.is_none() || fewest.iter().any(|(best, _)| *best == i))
        .collect()
}

impl OneByOne {
    /// Follows a cell's method without a window.
    fn follow(cell: &ParallelCell, scene: &ParallelScene, machine: &Machine) -> Result<Self> {
        let mover = Mover {
            method: cell.mover.method.clone(),
            placed: cell.mover.method.recurrence().map(|_| PlacedSteps {
                evaluator: EvaluatorKind::Batched,
                window: optim::Window::default(),
            }),
        };
        let followed = cell.follow(&mover, scene, machine, None)?;
        let end = followed.there.as_ref();
        let held = end.map(|like| cell.held(&mover, like, machine));
        let held = held.transpose()?.flatten();
        Ok(Self {
            mover,
            followed,
            held,
        })
    }
}

impl ParallelCell {
    /// The recurrence, looked at as often as the cell says.
    pub(super) fn recurrence(&self, method: &MethodSpec) -> Option<Recurrence> {
        method.recurrence().map(|of| of.every(self.every))
    }

    /// Looks at most.
    pub(super) fn iterations(&self) -> usize {
        self.steps / self.every
    }

    /// Runs to the target, and on to as many looks as `until` says, or to the last step.
    fn follow(
        &self,
        mover: &Mover,
        scene: &ParallelScene,
        machine: &Machine,
        until: Option<usize>,
    ) -> Result<Followed> {
        let placement = mover.placement(machine)?;
        let Started { method, worth } = scene.started(self, mover, &placement)?;
        // Of a method with iterations of its own each is one.
        let each = if mover.placed.is_some() {
            self.every
        } else {
            1
        };
        let most = self.steps / each;
        let mut run = Run::new(method).until(Bound::Iterations(most as u64));
        let mut followed = Followed {
            looks: Vec::new(),
            there: None,
            diverged: None,
        };
        let mut reached = false;
        placement.run(|| {
            run.observe(|seen| {
                let worth = worth(seen.position())?;
                let finite = worth.value.is_finite();
                if !finite || seen.progress.termination.is_some() && mover.placed.is_some() {
                    followed.diverged = Some(seen.iterations as usize);
                    return anyhow::Ok(ControlFlow::Break(()));
                }
                followed.looks.push(ParallelLook {
                    steps: seen.iterations * each as u64,
                    rounds: seen.counts.rounds,
                    gradients: seen.counts.distinct,
                    value: worth.value,
                    accuracy: worth.test_accuracy,
                });
                reached |= self.target.is_some_and(|target| worth.value <= target);
                let looks = followed.looks.len();
                let awaited = until.unwrap_or(looks);
                if looks == awaited || until.is_none() {
                    followed.there = Some(seen.position().clone());
                }
                Ok(match reached && looks >= awaited {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                })
            })
        })?;
        Ok(followed)
    }

    /// Counts what the cell takes beside its sequential method. The inner error is the look at which its numbers were no longer
    /// finite.
    fn count(
        &self,
        scene: &ParallelScene,
        machine: &Machine,
        sequential: &OneByOne,
    ) -> Result<std::result::Result<MeasuredParallel, usize>> {
        let alone = &sequential.followed;
        let awaited = alone.looks.len();
        if let Some(at) = alone.diverged {
            return Ok(Err(at));
        }
        let mine = match self.mover.is_baseline() {
            true => None,
            false => Some(self.follow(&self.mover, scene, machine, Some(awaited))?),
        };
        let looks = match &mine {
            Some(followed) => &followed.looks,
            None => &alone.looks,
        };
        if let Some(at) = mine.as_ref().and_then(|mine| mine.diverged) {
            return Ok(Err(at));
        }
        let Some(last) = alone.looks.last() else {
            return Ok(Err(1));
        };
        let mut measured = MeasuredParallel {
            looks: looks.clone(),
            sequential_steps: last.steps,
            ..MeasuredParallel::default()
        };
        let there = mine.as_ref().and_then(|mine| mine.there.as_ref());
        if let Some((there, end)) = there.zip(alone.there.as_ref()) {
            measured.error = relative(there, end)?;
            if let Some(start) = scene.start() {
                let (start, end) = (norm(start)?, norm(end)?);
                let bound = theory::error_bound(self, start, last.steps);
                // One that allows another point altogether says nothing.
                measured.error_bound = bound.map(|bound| bound / end).filter(|bound| *bound < 1.0);
            }
        }
        if self.mover.is_baseline() {
            measured.exponent = scene.exponent(self)?;
            measured.exponent_exact = measured.exponent.and_then(|_| theory::exponent(self));
        }
        if let Some((like, held)) = alone.there.as_ref().zip(sequential.held) {
            measured.held = self.compared_in_memory(held, like, machine)?;
        }
        Ok(Ok(measured))
    }

    /// Looks of a run until its target, or all.
    fn until_target(&self, looks: &[ParallelLook]) -> usize {
        let reached = looks
            .iter()
            .position(|look| self.target.is_some_and(|target| look.value <= target));
        reached.map_or(looks.len(), |at| at + 1)
    }

    /// Seconds of so many iterations from the start.
    fn seconds(
        &self,
        mover: &Mover,
        iterations: usize,
        scene: &ParallelScene,
        machine: &Machine,
    ) -> Result<f64> {
        let placement = mover.placement(machine)?;
        let Started { method, .. } = scene.started(self, mover, &placement)?;
        let mut run = Run::new(method).until(Bound::Iterations(iterations as u64));
        let (_, seconds) = placement.run(|| timed(placement.first(), || run.go()))?;
        Ok(seconds)
    }
}

/// ‖a − b‖/‖b‖; none at b = 0.
fn relative(a: &Tensor, b: &Tensor) -> Result<Option<f64>> {
    let length = norm(b)?;
    let apart = norm(&(a - b)?)?;
    Ok((length > 0.0).then(|| apart / length))
}

/// ‖a‖, summed in f64.
fn norm(of: &Tensor) -> Result<f64> {
    let squares = of.to_dtype(DType::F64)?.sqr()?.sum_all()?;
    Ok(squares.to_scalar::<f64>()?.sqrt())
}
