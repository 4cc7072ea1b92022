//! What windows would do on more devices, or behind another network, than were at hand: a model of a
//! round, fitted to measured rows. Everything that comes from here is modelled, not measured.

mod link;
mod rows;

pub use self::rows::{ComparedRow, PaperModelRow, PredictedRow, compared, paper, predicted};
pub use link::{Link, Networks};

use super::plan::EvaluatorKind;
use super::schema::WindowRow;
use ::rows::statistics::median;
use anyhow::{Result, ensure};

/// A measured row, and what of its problem the row does not say.
#[derive(Clone, Debug)]
pub struct ModelledRow {
    /// As measured.
    pub row: WindowRow,
    /// D.
    pub coordinates: u64,
}

/// What a round of a window costs, from rows on as few devices as there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoundCosts {
    /// Seconds of a gradient.
    pub gradient_s: f64,
    /// What each further point that a device computes at once costs, in gradients: 1 if nothing is gained.
    pub further: f64,
    /// Whether that was measured, or is 1 for want of a row.
    pub further_measured: bool,
    /// Seconds that moving the window takes, on every device alike.
    pub move_s: f64,
    /// W.
    pub window: u64,
    /// Bytes of a gradient.
    pub gradient_bytes: f64,
}

/// What a round would take, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoundParts {
    /// Gradients.
    pub gradient_s: f64,
    /// Their exchange.
    pub exchange_s: f64,
    /// Moving the window.
    pub move_s: f64,
}

impl RoundParts {
    /// Adds them up.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.gradient_s + self.exchange_s + self.move_s
    }
}

impl RoundCosts {
    /// Returns what a round would take on so many devices; those beyond the window's slots have nothing to do.
    #[must_use]
    pub fn round(&self, devices: u64, link: Link) -> RoundParts {
        let devices = devices.clamp(1, self.window.max(1));
        let points = self.window.div_ceil(devices);
        let further = (points - 1) as f64 * self.further;
        let received = (devices - 1) as f64 * points as f64 * self.gradient_bytes;
        RoundParts {
            gradient_s: self.gradient_s * (1.0 + further),
            exchange_s: link.exchange_s(devices, received),
            move_s: self.move_s,
        }
    }

    /// Returns how many times as fast as the sequential flow windows would be that do `depth` steps a round.
    #[must_use]
    pub fn speedup(&self, depth: f64, devices: u64, link: Link) -> f64 {
        depth * self.gradient_s / self.round(devices, link).seconds()
    }
}

/// Rows of one window, the same in everything but where it was computed.
#[derive(Clone, Debug)]
pub struct ModelledWindow {
    /// Every measured row, those on the fewest devices first, those whose devices shared cores last.
    pub rows: Vec<ModelledRow>,
    /// What its rounds cost.
    pub costs: RoundCosts,
}

impl ModelledWindow {
    /// The row that says what is not modelled: gradient, moves and depth.
    #[must_use]
    pub fn basis(&self) -> &WindowRow {
        &self.rows[0].row
    }
}

/// Finds the windows in rows of workers that were timed, with the costs of each.
///
/// # Errors
/// If there is none.
pub fn windows(rows: Vec<ModelledRow>) -> Result<Vec<ModelledWindow>> {
    let mut of: Vec<(WindowRow, Vec<ModelledRow>)> = Vec::new();
    let timed = |row: &ModelledRow| {
        let row = &row.row;
        row.evaluator == EvaluatorKind::Devices.name()
            && row.window > 1
            && row.wall_s.is_some()
            && row.gradient_s.is_some()
            && row.depth_speedup.is_some()
    };
    for row in rows.into_iter().filter(timed) {
        let same = apart_from_machine(&row.row);
        match of.iter_mut().find(|(known, _)| *known == same) {
            Some((_, rows)) => rows.push(row),
            None => of.push((same, vec![row])),
        }
    }
    ensure!(
        !of.is_empty(),
        "no window was timed on workers: a model needs rows of `evaluator: devices` with a wall time, as \
         `reproduce table2` makes"
    );
    for (_, rows) in &mut of {
        rows.sort_by_key(|row| (row.row.oversubscribed, row.row.workers));
    }
    let further: Vec<(String, f64)> = of
        .iter()
        .filter_map(|(_, rows)| Some((rows[0].row.dataset.clone(), further(&rows[0].row)?)))
        .collect();
    let window = |rows: Vec<ModelledRow>| {
        let first = &rows[0];
        let row = &first.row;
        let of_data: Vec<f64> = further
            .iter()
            .filter(|(dataset, _)| *dataset == row.dataset)
            .map(|(_, further)| *further)
            .collect();
        let further = median(&of_data);
        let size = if row.precision == "f64" { 8.0 } else { 4.0 };
        let free = row.round_overhead_s.unwrap_or_default();
        Some(ModelledWindow {
            costs: RoundCosts {
                gradient_s: row.gradient_s?,
                further: further.unwrap_or(1.0),
                further_measured: further.is_some(),
                move_s: (free - row.rank_exchange_s.unwrap_or_default()).max(0.0),
                window: row.window,
                gradient_bytes: first.coordinates as f64 * size,
            },
            rows,
        })
    };
    Ok(of
        .into_iter()
        .filter_map(|(_, rows)| window(rows))
        .collect())
}

/// What a further point at once costs in gradients, where a device of this row computed several.
fn further(row: &WindowRow) -> Option<f64> {
    let points = row.window.div_ceil(row.workers.max(1));
    if points < 2 || row.oversubscribed {
        return None;
    }
    let of_round = || Some(row.wall_s? / row.rounds? as f64 - row.round_overhead_s?);
    let gradients = row.rank_gradient_s.or_else(of_round)?;
    let further = (gradients / row.gradient_s? - 1.0) / (points - 1) as f64;
    Some(further.max(0.0))
}

/// What makes two rows rows of one window: all but the machine, and how long it ran.
fn apart_from_machine(row: &WindowRow) -> WindowRow {
    WindowRow {
        dataset: row.dataset.clone(),
        data_split: row.data_split.clone(),
        data_source: row.data_source.clone(),
        backend: row.backend.clone(),
        window: row.window,
        window_method: row.window_method.clone(),
        velocity: row.velocity.clone(),
        predictor: row.predictor.clone(),
        tolerance: row.tolerance,
        relative_to: row.relative_to.clone(),
        memory: row.memory,
        damped: row.damped,
        surrogate_rows: row.surrogate_rows,
        across_flows: row.across_flows,
        storage: row.storage.clone(),
        at_once: row.at_once,
        tf32: row.tf32,
        kinetic_energy: row.kinetic_energy.clone(),
        steps: row.steps,
        step_size: row.step_size,
        precision: row.precision.clone(),
        ..WindowRow::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A timed row of a window of four.
    fn timed(workers: u64) -> ModelledRow {
        let row = WindowRow {
            dataset: "a8a".into(),
            evaluator: "devices".into(),
            window: 4,
            workers,
            steps: 20,
            flows: 1,
            rounds: Some(10),
            depth_speedup: Some(2.0),
            gradient_s: Some(0.1),
            round_overhead_s: Some(0.01),
            wall_s: Some(10.0 * (0.16 + 0.01)),
            ..WindowRow::default()
        };
        ModelledRow {
            row,
            coordinates: 100,
        }
    }

    #[test]
    fn costs_are_those_of_the_row_on_the_fewest_devices() {
        let found = windows(vec![timed(4), timed(1)]).unwrap();
        assert_eq!(found.len(), 1);
        let ModelledWindow { rows, costs } = &found[0];
        assert_eq!(
            rows.iter().map(|r| r.row.workers).collect::<Vec<_>>(),
            [1, 4]
        );
        assert!(
            (costs.further - 0.2).abs() < 1e-12,
            "four points took 1.6 gradients"
        );
        assert!(costs.further_measured);
        assert_eq!((costs.move_s, costs.gradient_bytes), (0.01, 400.0));
    }

    #[test]
    fn a_round_is_the_share_of_a_device_the_exchange_and_the_move() {
        let costs = windows(vec![timed(1)]).unwrap()[0].costs;
        let link = Link {
            latency_s: 0.001,
            bytes_per_s: 1e5,
        };
        let two = costs.round(2, link);
        assert!((two.gradient_s - 0.12).abs() < 1e-12, "two points each");
        assert!((two.exchange_s - (0.001 + 2.0 * 400.0 / 1e5)).abs() < 1e-12);
        let four = costs.round(4, link);
        assert!((four.gradient_s - 0.1).abs() < 1e-12);
        assert!((four.exchange_s - (0.002 + 3.0 * 400.0 / 1e5)).abs() < 1e-12);
        assert_eq!(costs.round(64, link), four, "a slot each is all there is");
        let speedup = costs.speedup(2.0, 4, Link::FREE);
        assert!((speedup - 2.0 * 0.1 / 0.11).abs() < 1e-12);
    }

    #[test]
    fn rows_that_were_not_timed_on_workers_are_no_basis() {
        let mut untimed = timed(4);
        untimed.row.wall_s = None;
        let mut batched = timed(1);
        batched.row.evaluator = "batched".into();
        let error = windows(vec![untimed, batched]).unwrap_err().to_string();
        assert!(error.contains("no window was timed on workers"), "{error}");
    }
}
