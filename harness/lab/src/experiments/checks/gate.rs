//! The theory gate: the lemmas, checked in about a second.

use super::{Check, Checks};
use crate::configs::Configs;
use anyhow::{Context, Result, bail};
use std::time::{Duration, Instant};

/// The target whose checks are the gate, and the profile they are made with.
const TARGET: (&str, &str) = ("lemmas", "gate");

/// What came of the gate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateReport {
    /// Checks that came out as they are known to: all of them.
    pub passed: usize,
    /// How long they took.
    pub took: Duration,
}

/// Checks the lemmas with the plan `lemmas`, profile `gate`, writing nothing.
///
/// # Errors
/// If a check comes out other than it is known to: the message names each with what was measured
/// and its bound. Also if there is no such plan or profile, or a family cannot be run.
pub fn gate(configs: &Configs) -> Result<GateReport> {
    let began = Instant::now();
    let (target, profile) = TARGET;
    let plan = configs.plan(target)?.profile(Some(profile)).plan();
    let plan = plan.with_context(|| format!("the plan of {target}"))?;
    let passed = passed(&Checks::new(&plan)?)?;
    Ok(GateReport {
        passed,
        took: began.elapsed(),
    })
}

/// How many checks there are, if all come out as they are known to.
pub(super) fn passed(checks: &Checks) -> Result<usize> {
    let (mut passed, mut failed) = (0, Vec::new());
    for cell in &checks.cells {
        let family = cell.checks.name();
        let checks = cell
            .run()
            .with_context(|| format!("the checks {family} of the theory"))?;
        let (good, bad): (Vec<Check>, Vec<Check>) =
            checks.into_iter().partition(Check::as_expected);
        passed += good.len();
        failed.extend(bad);
    }
    if failed.is_empty() {
        return Ok(passed);
    }
    let line = |check: &Check| {
        let (name, place) = (&check.number.check, &check.number.lemma);
        format!("\n  {name} ({place}): {}", check.comparison())
    };
    let lines: String = failed.iter().map(line).collect();
    bail!(
        "{} of {} checks of the theory fail, so nothing measured would mean anything:{lines}",
        failed.len(),
        failed.len() + passed
    )
}
