//! Rows and slopes.

use super::measure::{IdealizedCell, IdealizedRun, MeasuredIdealized};
use crate::journal::Entry;
use crate::plan::Plan;
use anyhow::Result;
use rows::schema;
use rows::statistics::{paired_difference, power};

schema! {
    /// One run: `rows.parquet`, `rows.csv`.
    IdealizedRow {
        experiment: String, "", "The target that this row belongs to.";
        profile: String, "", "The plan's profile it was run with.";
        cell: String, "", "The cell's key.";
        scheme: String, "", "constant, chebyshev, random: exact flows; gd, hb, nesterov, cg: gradients.";
        condition: f64, "", "κ = L/μ.";
        dimension: u64, "", "D.";
        start: u64, "", "Which problem and start, counted from 1.";
        target_distance: f64, "", "‖x − x*‖/‖x_0 − x*‖ that is to be reached.";
        iterations: Option<u64>, "", "Iterations until then, or the cap; a flow counts as one whatever its length.";
        integration_time: Option<f64>, "", "√L times the sum of the flows' times: what an integrator's work is proportional to; none of methods without flows.";
        status: String, "", "complete, capped, or failed with its reason.";
    }
}

schema! {
    /// How a measure grows with κ: `slopes.parquet`, `slopes.csv`.
    SlopeRow {
        scheme: String, "", "As in the rows.";
        measure: String, "", "iterations or integration-time.";
        slope: f64, "", "The p of work ∝ κ^p: least squares of the logarithms for each start, mean over the starts.";
        slope_low: Option<f64>, "", "Lower end of its Student-t interval over the starts; none of fewer than two.";
        slope_high: Option<f64>, "", "Upper end.";
        starts: u64, "", "Starts with a slope: those whose runs all reached the target.";
        conditions: u64, "", "How many κ.";
    }
}

/// A row for each run, and one for a cell that failed.
pub fn rows(plan: &Plan, entries: &[Entry]) -> Result<Vec<IdealizedRow>> {
    let mut rows = Vec::new();
    for entry in entries {
        let cell: IdealizedCell = entry.cell()?;
        let row = |start: usize, run: Option<&IdealizedRun>| IdealizedRow {
            experiment: plan.target.clone(),
            profile: plan.profile.name.clone(),
            cell: entry.key.clone(),
            scheme: cell.scheme.name().to_owned(),
            condition: cell.condition,
            dimension: cell.dimension as u64,
            start: start as u64 + 1,
            target_distance: cell.target_distance,
            iterations: run.map(|run| run.iterations),
            integration_time: run.and_then(|run| run.integration_time),
            status: match run {
                Some(run) if !run.reached => "capped".to_owned(),
                _ => entry.status(),
            },
        };
        match entry.measured::<MeasuredIdealized>()? {
            Some(measured) => {
                rows.extend(
                    measured
                        .runs
                        .iter()
                        .enumerate()
                        .map(|(i, run)| row(i, Some(run))),
                );
            }
            None => rows.push(row(0, None)),
        }
    }
    Ok(rows)
}

/// What is measured of a run.
pub type Of = fn(&IdealizedRow) -> Option<f64>;

/// The measures, by name.
pub const MEASURES: [(&str, Of); 2] = [
    ("iterations", |row| row.iterations.map(|n| n as f64)),
    ("integration-time", |row| row.integration_time),
];

/// The slopes of every method, as far as its runs reached the target.
pub fn slopes(rows: &[IdealizedRow], confidence: f64) -> Vec<SlopeRow> {
    let mut all = Vec::new();
    for scheme in schemes(rows) {
        for (measure, of) in MEASURES {
            let rows: Vec<&IdealizedRow> = rows.iter().filter(|r| r.scheme == scheme).collect();
            let mut starts: Vec<u64> = rows.iter().map(|r| r.start).collect();
            starts.sort_unstable();
            starts.dedup();
            let (mut slopes, mut conditions) = (Vec::new(), 0);
            for start in starts {
                let rows = || rows.iter().filter(|r| r.start == start);
                let points: Vec<(f64, f64)> = rows()
                    .filter(|row| row.status == "complete")
                    .filter_map(|row| Some((row.condition, of(row)?)))
                    .collect();
                conditions = points.len();
                if points.len() >= 2 && points.len() == rows().count() {
                    slopes.push(power(&points));
                }
            }
            if slopes.is_empty() {
                continue;
            }
            let interval = paired_difference(&slopes, confidence);
            all.push(SlopeRow {
                scheme: scheme.to_owned(),
                measure: measure.to_owned(),
                slope: slopes.iter().sum::<f64>() / slopes.len() as f64,
                slope_low: interval.map(|i| i.low),
                slope_high: interval.map(|i| i.high),
                starts: slopes.len() as u64,
                conditions: conditions as u64,
            });
        }
    }
    all
}

/// Names of the methods, in the order of the rows.
pub fn schemes(rows: &[IdealizedRow]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        if !names.contains(&row.scheme.as_str()) {
            names.push(&row.scheme);
        }
    }
    names
}
