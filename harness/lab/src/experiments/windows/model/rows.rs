//! The rows of a model: what it says, and what was measured.

use super::{Link, ModelledWindow, further};
use crate::experiments::windows::WindowRow;
use crate::experiments::windows::plan::Inference;
use crate::paper::Table2;
use rows::schema;

schema! {
    /// What a window would do on so many devices: `predicted.csv`.
    PredictedRow {
        dataset: String, "", "Data set.";
        data_source: String, "", "real, or surrogate: generated.";
        window: u64, "", "W, the steps computed at once.";
        method: String, "", "How gradients become points.";
        kinetic_energy: String, "", "φ.";
        basis: String, "", "On what the row was measured that gradient, moves and depth are from.";
        network: String, "", "Through what gradients are exchanged.";
        devices: u64, "", "How many devices; those beyond W have nothing to do.";
        depth_speedup: f64, "", "Steps a round: counted in the basis.";
        gradient_s: f64, "s", "Modelled: the gradients of a round, ⌈W/devices⌉ points on a device.";
        exchange_s: f64, "s", "Modelled: their exchange.";
        move_s: f64, "s", "Moving the window, as in the basis.";
        further: f64, "", "What each further point that a device computes at once costs, in gradients.";
        further_measured: bool, "", "Whether that was measured; 1 otherwise.";
        modelled_speedup: f64, "", "Modelled: how many times as fast as the sequential flow.";
    }
}

schema! {
    /// What a window was modelled to do, beside what it did: `compared.csv`.
    ComparedRow {
        dataset: String, "", "Data set.";
        data_source: String, "", "real, or surrogate: generated.";
        window: u64, "", "W, the steps computed at once.";
        method: String, "", "How gradients become points.";
        kinetic_energy: String, "", "φ.";
        basis: String, "", "On what the row was measured that gradient and moves are from.";
        devices: String, "", "On what this row was measured.";
        workers: u64, "", "How many devices that are.";
        oversubscribed: bool, "", "Whether several of them shared a core, which no model here knows.";
        fitted: bool, "", "Whether the model's costs are of this very row, so that it tests little.";
        depth_speedup: f64, "", "Steps a round, counted in this row.";
        exchange_s: Option<f64>, "s", "The exchange of a round, measured.";
        modelled_exchange_s: Option<f64>, "s", "The same, modelled.";
        modelled_speedup: f64, "", "Modelled.";
        speedup: f64, "", "Measured: median of paired ratios.";
        speedup_low: f64, "", "Lower end of its interval.";
        speedup_high: f64, "", "Upper end of its interval.";
        modelled_over_measured: f64, "", "Modelled over measured.";
    }
}

schema! {
    /// What the paper's machine should have given, beside what it printed: `paper.csv`.
    PaperModelRow {
        dataset: String, "", "Data set.";
        reading: String, "", "From where a gradient reads the data.";
        gradient_s: f64, "s", "Modelled: a gradient, as long as it takes to read the data.";
        network: String, "", "Through what gradients are exchanged.";
        exchange_s: f64, "s", "Modelled: the exchange of a round.";
        depth_speedup: f64, "", "Steps a round, counted here: of the last half of a longer run where there is one.";
        modelled_speedup: f64, "", "Modelled, with a window that moves in no time: at most so much.";
        paper_speedup: f64, "", "As the paper prints it.";
    }
}

/// Models every window on each number of devices.
#[must_use]
pub fn predicted(
    windows: &[ModelledWindow],
    devices: &[u64],
    (name, link): (&str, Link),
) -> Vec<PredictedRow> {
    let mut all = Vec::with_capacity(windows.len() * devices.len());
    for window in windows {
        let (basis, costs) = (window.basis(), window.costs);
        let Some(depth) = basis.depth_speedup else {
            continue;
        };
        for &devices in devices {
            let round = costs.round(devices, link);
            all.push(PredictedRow {
                dataset: basis.dataset.clone(),
                data_source: basis.data_source.clone(),
                window: basis.window,
                method: basis.guess(),
                kinetic_energy: basis.kinetic_energy.clone(),
                basis: basis.devices.clone(),
                network: name.into(),
                devices,
                depth_speedup: depth,
                gradient_s: round.gradient_s,
                exchange_s: round.exchange_s,
                move_s: round.move_s,
                further: costs.further,
                further_measured: costs.further_measured,
                modelled_speedup: costs.speedup(depth, devices, link),
            });
        }
    }
    all
}

/// Sets what is modelled beside every measured row, each at its own counted depth.
#[must_use]
pub fn compared(windows: &[ModelledWindow], link: Link) -> Vec<ComparedRow> {
    let row = |window: &ModelledWindow, row: &WindowRow| {
        // Threads of one process exchange nothing that their moves do not count.
        let on_ranks = row.rank_exchange_s.is_some();
        let link = if on_ranks { link } else { Link::FREE };
        let (depth, speedup) = (row.depth_speedup?, row.speedup?);
        let modelled = window.costs.speedup(depth, row.workers, link);
        let basis = window.basis();
        Some(ComparedRow {
            dataset: row.dataset.clone(),
            data_source: row.data_source.clone(),
            window: row.window,
            method: row.guess(),
            kinetic_energy: row.kinetic_energy.clone(),
            basis: basis.devices.clone(),
            devices: row.devices.clone(),
            workers: row.workers,
            oversubscribed: row.oversubscribed,
            fitted: std::ptr::eq(basis, row)
                && (further(row).is_some() || row.workers >= row.window),
            depth_speedup: depth,
            exchange_s: row.rank_exchange_s,
            modelled_exchange_s: on_ranks.then(|| window.costs.round(row.workers, link).exchange_s),
            modelled_speedup: modelled,
            speedup,
            speedup_low: row.speedup_low?,
            speedup_high: row.speedup_high?,
            modelled_over_measured: modelled / speedup,
        })
    };
    let rows = windows
        .iter()
        .flat_map(|window| window.rows.iter().map(move |each| row(window, &each.row)));
    rows.flatten().collect()
}

/// Models the paper's own runs on its own machine: a gradient takes as long as reading the data may have
/// taken, moves take no time, depth is that of the same windows here.
#[must_use]
pub fn paper(
    windows: &[ModelledWindow],
    paper: &Table2,
    inference: &Inference,
    networks: &[(&str, Link)],
) -> Vec<PaperModelRow> {
    let mut all = Vec::new();
    for window in windows {
        let papers = window
            .rows
            .iter()
            .map(|r| &r.row)
            .filter(|row| row.paper_speedup.is_some() && row.data_source == "real");
        let Some(row) = papers.max_by_key(|row| row.depth_late.is_some()) else {
            continue;
        };
        let column = paper.datasets.get(&row.dataset);
        let entries = column.and_then(|column| column.million_entries());
        let depth = row.depth_late.or(row.depth_speedup);
        let (Some(printed), Some(entries), Some(depth)) = (row.paper_speedup, entries, depth)
        else {
            continue;
        };
        for reading in &inference.readings {
            let bytes = 1e6 * entries * inference.bytes_per_entry * reading.passes;
            let costs = super::RoundCosts {
                gradient_s: bytes / reading.bytes_per_s,
                move_s: 0.0,
                ..window.costs
            };
            for &(name, link) in networks {
                all.push(PaperModelRow {
                    dataset: row.dataset.clone(),
                    reading: reading.name.clone(),
                    gradient_s: costs.gradient_s,
                    network: name.into(),
                    exchange_s: costs.round(paper.workers, link).exchange_s,
                    depth_speedup: depth,
                    modelled_speedup: costs.speedup(depth, paper.workers, link),
                    paper_speedup: printed,
                });
            }
        }
    }
    all
}
