//! What rows of windows are called in tables, legends and sentences.

use crate::show::shared::in_words;
use lab::experiments::windows::WindowRow;
use report::{Cell, Piece, SURROGATE};

/// Names a row's data set, with a warning if it is generated, and what differs from the plan's setting.
pub(super) fn name(row: &WindowRow, rows: &[WindowRow]) -> Cell {
    let name = Cell::from(&row.dataset);
    let name = match row.data_source.as_str() {
        "real" => name,
        _ => name.then(" (").then(Piece::Warning(SURROGATE)).then(")"),
    };
    name.then(varied(row, rows))
}

/// Shows the kinetic energy of a row, where not all rows have the same.
pub(super) fn kinetic(row: &WindowRow, rows: &[WindowRow]) -> Option<String> {
    let several = rows
        .iter()
        .any(|r| r.kinetic_energy != rows[0].kinetic_energy);
    several.then(|| in_words(&row.kinetic_energy))
}

/// Says what of the flow's setting is not the first row's, which is the plan's: `, θ = 0.05`.
pub(super) fn varied(row: &WindowRow, rows: &[WindowRow]) -> String {
    let mut text = String::new();
    let Some(own) = rows.first() else {
        return text;
    };
    if row.seed != own.seed {
        text.push_str(&format!(", seed {}", row.seed));
    }
    if row.step_size.to_bits() != own.step_size.to_bits() {
        text.push_str(&format!(", θ = {}", row.step_size));
    }
    if row.steps != own.steps {
        text.push_str(&format!(", S = {}", row.steps));
    }
    text
}
