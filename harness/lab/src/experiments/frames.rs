//! Which frames the rows of each kind of experiment are in, and what columns they have.

use super::checks::{CheckRow, SummaryRow, TraceRow};
use super::contest::{ContestRow, TurnRow};
use super::counts::CountRow;
use super::descent::{DescentCurveRow, DescentMarkRow, DescentRow};
use super::idealized::{IdealizedRow, SlopeRow};
use super::parallel::ParallelRow;
use super::sensitivity::StepWidthRow;
use super::spring::{SpringRow, SpringSummary};
use super::training::{TrainingCurveRow, TrainingRow};
use super::windows::{CurveRow, WindowRow};
use rows::{Column, Schema};

/// A frame's name, and its columns.
pub type FrameColumns = (&'static str, &'static [Column]);

/// The frames of a kind; none of one that is not known.
#[must_use]
pub fn frames(kind: &str) -> Vec<FrameColumns> {
    match kind {
        "checks" => vec![
            ("rows", CheckRow::COLUMNS),
            ("summary", SummaryRow::COLUMNS),
            ("traces", TraceRow::COLUMNS),
        ],
        "contest" => vec![("rows", ContestRow::COLUMNS), ("turns", TurnRow::COLUMNS)],
        "counts" => vec![("rows", CountRow::COLUMNS)],
        "descent" => vec![
            ("rows", DescentRow::COLUMNS),
            ("curves", DescentCurveRow::COLUMNS),
            ("marks", DescentMarkRow::COLUMNS),
        ],
        "idealized" => vec![
            ("rows", IdealizedRow::COLUMNS),
            ("slopes", SlopeRow::COLUMNS),
        ],
        "parallel" => vec![("rows", ParallelRow::COLUMNS)],
        "sensitivity" => vec![
            ("rows", DescentRow::COLUMNS),
            ("widths", StepWidthRow::COLUMNS),
        ],
        "spring" => vec![
            ("rows", SpringRow::COLUMNS),
            ("summary", SpringSummary::COLUMNS),
        ],
        "training" => vec![
            ("rows", TrainingRow::COLUMNS),
            ("curves", TrainingCurveRow::COLUMNS),
        ],
        "windows" => vec![("rows", WindowRow::COLUMNS), ("curves", CurveRow::COLUMNS)],
        _ => Vec::new(),
    }
}
