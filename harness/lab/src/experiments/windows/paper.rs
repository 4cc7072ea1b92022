//! Whether a row is the paper's own experiment.

use super::cell::WindowCell;
use super::plan::EvaluatorKind;
use super::rows::Maker;
use super::schema::WindowRow;
use crate::paper::Table2;
use crate::plan::Loss;
use optim::{RelativeTo, Storage, Velocity, WindowMethod};

impl Maker<'_> {
    /// Sets the paper's figures beside a row that is its own experiment, and beside one that is but
    /// for a setting, why not.
    pub(super) fn compare(&self, row: &mut WindowRow, cell: &WindowCell) {
        let paper = self.paper;
        let Some(column) = paper.datasets.get(&row.dataset) else {
            return;
        };
        let papers_method = cell.group == EvaluatorKind::Devices
            && cell.window.velocity == Velocity::Carried
            && cell.window.method.storage() == Storage::Points
            && match cell.window.method {
                WindowMethod::Picard { predictor, .. } => {
                    cell.is_baseline() || predictor.name() == paper.setting.predictor
                }
                WindowMethod::Secant { .. } => false,
            };
        if !papers_method {
            return;
        }
        match other_setting(cell, paper, &column.split) {
            Some(difference) => row.paper_differs = Some(difference),
            None => {
                row.paper_wall_s = column.wall_s.get(&row.window).copied();
                row.paper_speedup = (row.window == paper.workers).then_some(column.speedup);
            }
        }
    }
}

/// What a cell does otherwise than the paper, if anything.
fn other_setting(cell: &WindowCell, paper: &Table2, split: &str) -> Option<String> {
    let setting = &paper.setting;
    let differs = |what: &str, here: String, there: String| {
        (here != there).then(|| format!("{what} is {here}, the paper's {there}"))
    };
    differs("the split", cell.split.clone(), split.to_owned())
        .or_else(|| {
            differs(
                "φ",
                cell.kinetic.to_string(),
                setting.kinetic_energy.clone(),
            )
        })
        .or_else(|| {
            differs(
                "θ",
                cell.step_size.to_string(),
                setting.step_size.to_string(),
            )
        })
        .or_else(|| differs("S", cell.steps.to_string(), setting.steps.to_string()))
        .or_else(|| {
            differs(
                "τ",
                cell.window.tolerance.to_string(),
                setting.tolerance.to_string(),
            )
        })
        .or_else(|| {
            (cell.window.relative_to != RelativeTo::Size).then(|| {
                let scale = cell.window.relative_to;
                format!("τ is a share of {scale}, the paper's of the point's size")
            })
        })
        .or_else(|| {
            (cell.window.across_flows)
                .then(|| "windows reach across flows, the paper's do not".into())
        })
        .or_else(|| {
            differs(
                "loss",
                cell.loss.name().into(),
                Loss::Logistic.name().into(),
            )
        })
        .or_else(|| {
            cell.model
                .bias
                .then(|| "there is a bias, which the paper does not name".into())
        })
        .or_else(|| {
            (cell.model.l2 > 0.0)
                .then(|| "there is a penalty, which the paper does not name".into())
        })
}
