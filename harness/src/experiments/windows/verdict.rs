//! Whether a row is the paper's own experiment, and whether it has the paper's speedup.

use super::cell::WindowCell;
use super::plan::EvaluatorKind;
use super::rows::{Maker, lacks_devices};
use super::schema::WindowRow;
use crate::paper::Table2;
use optim::{Storage, Velocity, WindowMethod};

impl Maker<'_> {
    /// Sets the paper's figures beside a row, and passes a verdict where the paper has a speedup.
    pub(super) fn compare(&self, row: &mut WindowRow, cell: &WindowCell) {
        let paper = self.paper;
        let Some(column) = paper.datasets.get(&row.dataset) else {
            return;
        };
        let papers_method = cell.group == EvaluatorKind::Devices
            && cell.window_method == WindowMethod::Picard
            && cell.velocity == Velocity::Carried
            && cell.storage == Storage::Points
            && (cell.is_baseline() || cell.predictor.name() == paper.setting.predictor);
        if !papers_method {
            return;
        }
        let speedup = (row.window == paper.workers).then_some(column.speedup);
        let note = |row: &mut WindowRow, note: &str| {
            if speedup.is_some() {
                row.verdict_note = Some(note.to_owned());
            }
        };
        if let Some(difference) = other_setting(cell, paper, &column.split) {
            note(row, &format!("not compared with the paper: {difference}"));
            return;
        }
        row.paper_wall_s = column.wall_s.get(&row.window).copied();
        row.paper_speedup = speedup;
        if row.data_source != "real" {
            note(row, "no verdict: surrogate data");
        } else if !self.head.profile.verdicts {
            note(
                row,
                &format!("no verdict: profile {} is too short for one", row.profile),
            );
        } else if let Some(speedup) = speedup {
            let (verdict, note) = self.judge(row, speedup);
            row.verdict = Some(verdict.into());
            row.verdict_note = Some(note);
        }
    }

    /// Whether a row with the paper's method and setting has the paper's speedup: its whole interval
    /// has to reach it, less the plan's tolerance, so that noise proves nothing.
    fn judge(&self, row: &WindowRow, paper: f64) -> (&'static str, String) {
        let (Some(speedup), Some(low), Some(high), Some(depth)) = (
            row.speedup,
            row.speedup_low,
            row.speedup_high,
            row.depth_speedup,
        ) else {
            return ("not testable here", row.status.clone());
        };
        let least = paper * (1.0 - self.plan.verdict.relative_tolerance);
        let measured = format!("{speedup:.2}x [{low:.2}, {high:.2}] on {}", row.devices);
        if lacks_devices(row) {
            let bound = format!("at K = {} its depth speedup is {depth:.2}x", row.flows);
            let against = if depth >= least {
                "leaves room for"
            } else {
                "does not reach"
            };
            let note = format!(
                "needs {} devices or cores; measured {measured}; {bound}, which {against} the paper's {paper:.2}x",
                row.window
            );
            return ("not testable here", note);
        }
        let note = format!("measured {measured}, paper {paper:.2}x, needed {least:.2}x");
        let covered = 1.0 - 0.5_f64.powi(row.repeats as i32 - 1);
        if covered < self.statistics.confidence {
            (
                "inconclusive",
                format!("{note}: {} pairs are too few for an interval", row.repeats),
            )
        } else if low >= least {
            ("reproduced", note)
        } else if high < least && low > 1.0 {
            (
                "partly",
                format!("{note}: faster than one worker, but by less"),
            )
        } else if high < least {
            ("not reproduced", note)
        } else {
            (
                "inconclusive",
                format!("{note}: the interval lies on both sides"),
            )
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
                cell.tolerance.to_string(),
                setting.tolerance.to_string(),
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
