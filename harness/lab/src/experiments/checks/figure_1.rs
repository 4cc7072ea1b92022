//! P Figure 1: a point of a Picard iteration depends on the points before it, and on no other.

use super::Checker;
use super::check::{CheckBound, CheckedNumber};
use super::problems::{Instance, Logistic, tensor};
use super::watched::{StepPlace, Watched};
use crate::seed::Seeds;
use anyhow::{Result, ensure};
use optim::{Kinetic, Oracle, Recurrence, Window, WindowedRecurrence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Algorithm 5 with a window over the whole flow, one of its gradients disturbed.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Figure1 {
    /// The problems.
    pub problems: Logistic,
    /// θ.
    pub step_size: f64,
    /// S, and W.
    pub steps: usize,
}

/// Points of the round after the disturbed one.
#[derive(Default)]
struct MovedPoints {
    /// Those that come after the disturbed one and are other numbers.
    after: usize,
    /// All that come after it.
    all_after: usize,
    /// Those that do not come after it and are other numbers nevertheless.
    before: usize,
    /// All that do not come after it.
    all_before: usize,
}

/// The round that is disturbed. In the first all points are the same one.
const ROUND: usize = 1;

impl Checker for Figure1 {
    fn bound(&self, check: &str) -> Option<CheckBound> {
        Some(match check {
            "figure-1-points-after-move" => CheckBound::at_least(1.0).control(),
            _ => {
                let name = check.strip_prefix("figure-1-no-point-before-moves-")?;
                let of = |kinetic: &&Kinetic| kinetic.to_string() == name;
                let none = CheckBound::at_most(0.0);
                Kinetic::ALL.iter().find(of).map(|k| none.under(*k))?
            }
        })
    }

    fn run(&self, seeds: &Seeds) -> Result<Vec<CheckedNumber>> {
        let instances = self.problems.instances(seeds, "figure-1")?;
        let (mut checks, mut share) = (Vec::new(), f64::NAN);
        for &kinetic in Kinetic::ALL {
            let mut moved = MovedPoints::default();
            for instance in &instances {
                self.disturb(instance, kinetic, &mut moved)?;
            }
            ensure!(moved.all_before > 0, "figure-1: no point to look at");
            if kinetic == Kinetic::HalfL2Squared {
                share = moved.after as f64 / moved.all_after as f64;
            }
            checks.push(CheckedNumber::new(
                format!("figure-1-no-point-before-moves-{kinetic}"),
                "P Figure 1, eq. (14)",
                format!(
                    "x̄_s of a round depends on x̄_i of the last for i < s alone, φ = {kinetic}: how many points with s ≤ i change by a bit when the gradient at x̄_i does, of {} looked at",
                    moved.all_before
                ),
                moved.before as f64,
            ));
        }
        checks.push(CheckedNumber::new(
            "figure-1-points-after-move",
            "P Figure 1, eq. (14)",
            "… and those with s > i do, φ = ½‖v‖²: the share that changes",
            share,
        ));
        Ok(checks)
    }
}

/// What a window over the whole flow asks gradients for in a round: x̄_s for every s from `first` on.
struct Asked {
    first: usize,
    points: Vec<Vec<f64>>,
}

impl Asked {
    fn point(&self, s: usize) -> Option<&Vec<f64>> {
        self.points.get(s.checked_sub(self.first)?)
    }
}

impl Figure1 {
    /// The round that is disturbed, and the one after it; `None` of a flow that is done before that, as one
    /// under a norm can be whose steps all go the same way.
    fn rounds(
        &self,
        instance: &Instance,
        kinetic: Kinetic,
        disturbed: Option<StepPlace>,
    ) -> Result<Option<[Asked; 2]>> {
        let flow = WindowedRecurrence {
            recurrence: Recurrence::new(kinetic, self.step_size, self.steps),
            window: Window {
                width: self.steps,
                ..Window::default()
            },
        };
        let watched = Watched::new(instance.potential.clone(), disturbed);
        let start = tensor(&instance.start)?;
        let end = flow.from_rest(&start, &mut Oracle::shared(watched.clone()))?;
        let rounds = watched.rounds();
        let asked = |round: usize| {
            let first: usize = end.strides[..round].iter().sum();
            let points = rounds.get(round).cloned().unwrap_or_default();
            ensure!(
                first + points.len() == self.steps,
                "figure-1: round {} of a window over {} steps has {} points from {first} on",
                round + 1,
                self.steps,
                points.len()
            );
            Ok(Asked { first, points })
        };
        if end.strides.len() > ROUND + 1 {
            Ok(Some([asked(ROUND)?, asked(ROUND + 1)?]))
        } else {
            Ok(None)
        }
    }

    /// Disturbs the gradient at each x̄_i of a round in turn, and looks at the points of the next.
    fn disturb(
        &self,
        instance: &Instance,
        kinetic: Kinetic,
        moved: &mut MovedPoints,
    ) -> Result<()> {
        let Some([round, wanted]) = self.rounds(instance, kinetic, None)? else {
            return Ok(());
        };
        for (point, i) in (round.first..self.steps).enumerate() {
            let place = StepPlace {
                round: ROUND,
                point,
            };
            let Some([_, found]) = self.rounds(instance, kinetic, Some(place))? else {
                continue;
            };
            for s in 0..self.steps {
                let (Some(found), Some(wanted)) = (found.point(s), wanted.point(s)) else {
                    continue;
                };
                let mut entries = found.iter().zip(wanted);
                let same = entries.all(|(a, b)| a.to_bits() == b.to_bits());
                if s > i {
                    moved.all_after += 1;
                    moved.after += usize::from(!same);
                } else {
                    moved.all_before += 1;
                    moved.before += usize::from(!same);
                }
            }
        }
        Ok(())
    }
}
