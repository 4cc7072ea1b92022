//! The regression gate: what a change may not alter unnoticed, compared with what was recorded.
//!
//! Three tiers, all on generated data so that they run anywhere. What is *exact* (rounds, strides,
//! gradients, losses to a few digits) has to be as recorded. *Ratios* of two ways to compute the same
//! may wander with the machine: one fails when its whole interval lies below its bound, which is
//! recorded well below what was measured. *Instructions*, counted on one thread, may not rise by more than a
//! leeway: they say of a kernel what its time says, without noise, where valgrind is there to count them.
//!
//! A bound belongs to a [kind of processor](Processor). On another kind a ratio is held to the floor
//! that its plan gives it there, or not judged. Nor is one that was timed while [part of the
//! machine](Presence) was not there. What is not judged neither fails the gate nor passes it: it is
//! said, and the exit code is that of the rest.
//!
//! Plans, rules and recorded values are in one YAML file, the [`baseline`]. Flows are run by the
//! code that `reproduce` runs them by; [`exact`] and [`ratios`] only compare.

pub mod baseline;
pub mod exact;
pub mod instructions;
mod pairs;
mod presence;
mod processor;
pub mod ratios;
mod record;
mod setup;
pub mod show;

pub use presence::{Lacking, Presence};
pub use processor::Processor;
pub use setup::Lab;

use anyhow::{Result, bail};
use baseline::{Baseline, Origin, Recorded};
use exact::ExactReport;
use instructions::InstructionReport;
use lab::environment::Environment;
use lab::manifest::{date, now};
use ratios::RatioReport;

/// The part of the gate that is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Tier {
    /// Rounds, strides, gradients, losses.
    Exact,
    /// Measured ratios of speeds.
    Ratios,
    /// Counted instructions, which are not part of the rest.
    Instructions,
}

/// What came of the gate; of a tier that was not run nothing.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The exact tier's.
    pub exact: Option<ExactReport>,
    /// The ratios'.
    pub ratios: Option<RatioReport>,
    /// The instructions'.
    pub instructions: Option<InstructionReport>,
}

impl Report {
    /// Whether anything is worse than recorded, changed, or not recorded.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.exact.as_ref().is_some_and(ExactReport::failed)
            || self.ratios.as_ref().is_some_and(RatioReport::failed)
            || self
                .instructions
                .as_ref()
                .is_some_and(InstructionReport::failed)
    }

    /// How many ratios could not be judged.
    #[must_use]
    pub fn not_judged(&self) -> usize {
        self.ratios.as_ref().map_or(0, RatioReport::not_judged)
    }

    /// What to record from now on: what was found, and of a tier that was not run, and of other
    /// kinds of processors, what `old` has.
    ///
    /// # Errors
    /// If something could not be measured, or not on the whole machine: that is not recorded.
    pub fn recorded(&self, old: &Recorded) -> Result<Recorded> {
        let mut ratios = old.ratios.clone();
        if let Some(report) = &self.ratios {
            let kind = report.processor.to_string();
            ratios.insert(kind, report.recorded(origin())?);
        }
        let mut instructions = old.instructions.clone();
        // Where there is nothing to count with, what was counted elsewhere stays.
        if let Some(report) = self.instructions.as_ref().filter(|r| r.missing.is_none()) {
            instructions.insert(report.kind.clone(), report.recorded(origin())?);
        }
        Ok(Recorded {
            exact: match &self.exact {
                Some(report) => Some(report.recorded(origin())?),
                None => old.exact.clone(),
            },
            ratios,
            instructions,
        })
    }
}

/// Runs the gate, or one tier of it; the instructions only if they are named.
///
/// # Errors
/// If a plan is not valid. What cannot be run is in the report.
pub fn run(baseline: &Baseline, lab: &Lab, only: Option<Tier>) -> Result<Report> {
    let wanted = |tier| only.is_none_or(|only| only == tier);
    let report = Report {
        exact: match wanted(Tier::Exact) {
            true => Some(exact::run(baseline, lab)?),
            false => None,
        },
        ratios: match wanted(Tier::Ratios) {
            true => Some(ratios::run(baseline, lab)?),
            false => None,
        },
        // Only if asked for, as valgrind takes the better part of a minute.
        instructions: match only == Some(Tier::Instructions) && !baseline.instructions.is_empty() {
            true => Some(instructions::run(baseline)?),
            false => None,
        },
    };
    if report.exact.as_ref().is_none_or(ExactReport::is_empty)
        && report.ratios.as_ref().is_none_or(RatioReport::is_empty)
        && report.instructions.is_none()
    {
        bail!("the baseline has nothing to compare");
    }
    Ok(report)
}

/// This program, today, on this machine.
fn origin() -> Origin {
    origin_of(&Environment::current(), date(now()))
}

fn origin_of(here: &Environment, date: String) -> Origin {
    let (commit, changed) = match here.commit.split_once('-') {
        Some((commit, _)) => (commit, "-changed"),
        None => (here.commit.as_str(), ""),
    };
    Origin {
        commit: format!("{}{changed}", &commit[..commit.len().min(12)]),
        date,
        machine: format!("{}, {} cores, {}", here.cpu, here.cores, here.build_profile),
    }
}

#[cfg(test)]
mod tests;
