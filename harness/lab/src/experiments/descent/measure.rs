//! Runs a variant from its start and writes down what its points are worth.

use super::marks::Marks;
use super::methods::{MethodSite, MethodSpec};
use super::record::Record;
use super::scene::{Scene, Setting};
use crate::clock::Clocked;
use crate::device::Placement;
use crate::progress::Watch;
use anyhow::Result;
use optim::{Evaluator, Run, RunEnd, Termination};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::sync::Arc;

/// A variant on a scene: what is measured.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct DescentCell {
    /// The problem and the start.
    pub setting: Setting,
    /// The method with all its numbers.
    pub variant: MethodSpec,
    /// How many gradients it may compute.
    pub gradients: u64,
    /// How many gradients lie between two records.
    pub record_every: u64,
    /// Where there are records too; the run goes on until it has passed the last of them.
    #[serde(default, skip_serializing_if = "Marks::is_empty")]
    pub marks: Marks,
    /// Whether the methods of a start share one product for their gradients; then they have no
    /// time of their own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lockstep: bool,
    /// cpu or cuda.
    pub backend: String,
}

impl DescentCell {
    /// How many gradients the run is expected to take: those it may compute, or as many more as
    /// its last mark asks for.
    #[must_use]
    pub fn expected_gradients(&self) -> u64 {
        let each = self.variant.gradients_an_iteration().unwrap_or(0);
        let marks = (each * self.marks.last_iteration()).max(self.marks.last_gradient());
        self.gradients.max(marks)
    }
}

/// What came of a run.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct MeasuredDescent {
    /// In order; the last is the end of the run.
    pub records: Vec<Record>,
    /// Why it ended before its gradients were used up and its marks passed, if it did.
    pub ended: Option<Ended>,
}

/// Why a run ended early.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// Its numbers stopped being finite.
    Diverged,
    /// The method finds nothing better and computes no more.
    Stopped,
}

/// Runs a cell until its gradients are used up and its last mark is passed. Tells `watch` about
/// every `record_every` gradients.
///
/// # Errors
/// If the method cannot be made, or the device fails.
pub fn run(
    cell: &DescentCell,
    scene: &Scene,
    evaluator: Arc<dyn Evaluator>,
    placement: &Placement,
    watch: &dyn Watch,
) -> Result<MeasuredDescent> {
    let method = cell.variant.build(&MethodSite {
        scene,
        setting: &cell.setting,
        evaluator,
    })?;
    let mut records = Vec::new();
    let mut due = cell.record_every;
    let last = cell.gradients.max(cell.marks.last_gradient());
    let mut run = Run::new(Clocked::new(method, placement));
    let end = run.observe(|seen| {
        let (iterations, gradients) = (seen.iterations, seen.counts.distinct);
        let done = gradients >= last && iterations >= cell.marks.last_iteration();
        let asked = gradients >= due || cell.marks.at(iterations, gradients);
        if asked || seen.is_last() {
            while due <= gradients {
                due += cell.record_every;
                watch.step();
            }
            let worth = scene.worth(seen.position())?;
            let not_finite = matches!(
                seen.progress.termination,
                Some(Termination::NotFinite { .. })
            );
            if not_finite || !worth.value.is_finite() {
                return anyhow::Ok(ControlFlow::Break(Some(Ended::Diverged)));
            }
            let wall_s = seen.method.seconds().iter().sum();
            records.push(Record {
                iterations,
                gradients,
                wall_s,
                worth,
            });
        }
        Ok(match done && !seen.is_last() {
            true => ControlFlow::Break(None),
            false => ControlFlow::Continue(()),
        })
    })?;
    let ended = match end {
        RunEnd::Observer(ended) => ended,
        RunEnd::Method(Termination::Stationary) => Some(Ended::Stopped),
        RunEnd::Method(Termination::NotFinite { .. }) => Some(Ended::Diverged),
        RunEnd::Bound(_) => None,
    };
    Ok(MeasuredDescent { records, ended })
}
