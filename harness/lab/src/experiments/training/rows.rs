//! From journal entries to rows of trainings.

use super::measure::{EpochRecord, MeasuredTraining, TrainingCell};
use super::plan::{TrainingContestant, TrainingPlan};
use crate::experiments::identity::settings;
use crate::journal::Entry;
use crate::plan::Plan;
use anyhow::Result;
use rows::schema;

schema! {
    /// The end of one run: `rows.csv`, `rows.parquet`.
    TrainingRow {
        experiment: String, "", "The target that this row belongs to.";
        profile: String, "", "The plan's profile it was run with.";
        cell: String, "", "The cell's key, under which the journal holds the whole run.";
        dataset: String, "", "Data set.";
        data_source: String, "", "real, or surrogate: generated, no statement about the paper.";
        train_images: u64, "", "Images trained on.";
        test_images: u64, "", "Images tested on.";
        network: String, "", "The network: channels of the first stage, and blocks of each.";
        parameters: Option<u64>, "", "Numbers that are trained.";
        batch: u64, "", "Images of a step.";
        backend: String, "", "cpu or cuda.";
        start: u64, "", "Which start, counted from 0; methods share its weights and its order of images.";
        method: String, "", "The method, as the paper calls it.";
        groups: String, "", "The pictures it is in, joined by +.";
        kinetic_energy: Option<String>, "", "φ, or the direction of a counterpart.";
        scope: Option<String>, "", "Over what φ is taken: all weights together, or each tensor on its own.";
        integrator: Option<String>, "", "Of a flow.";
        step_size: Option<f64>, "", "θ, of a flow.";
        steps: Option<u64>, "", "S, of a flow.";
        integration_time: Option<f64>, "", "S·θ, of a flow.";
        learning_rate: f64, "", "θ² of a flow, η of a counterpart.";
        momentum: Option<f64>, "", "β, of a counterpart.";
        settings: String, "", "The method with all its numbers, key=value: runs of one method and settings differ in their starts only.";
        seed: u64, "", "The root seed.";
        status: String, "", "complete, diverged at which step, or failed with its reason.";
        epochs: u64, "", "Passes over the images.";
        gradients: Option<u64>, "", "Gradients computed, one a step; of a run that diverged, up to the step that did.";
        wall_s: Option<f64>, "s", "Wall time of the whole epochs trained, without evaluation.";
        train_loss: Option<f64>, "", "Mean cross-entropy over the last epoch's batches, in training mode.";
        train_accuracy: Option<f64>, "", "Share of their images classified rightly.";
        test_loss: Option<f64>, "", "Mean cross-entropy of the test images at the end, in evaluation mode.";
        test_accuracy: Option<f64>, "", "Share of them classified rightly at the end.";
        best_test_accuracy: Option<f64>, "", "The largest after any epoch.";
    }
}

schema! {
    /// Where a run was after each epoch: `curves.csv`, `curves.parquet`.
    TrainingCurveRow {
        cell: String, "", "The cell's key.";
        dataset: String, "", "Data set.";
        data_source: String, "", "real or surrogate.";
        start: u64, "", "Which start.";
        method: String, "", "The method.";
        integration_time: Option<f64>, "", "S·θ, of a flow.";
        settings: String, "", "The method with all its numbers, as in the rows.";
        epoch: u64, "", "Epochs done, counted from 1.";
        gradients: u64, "", "Gradients up to here.";
        wall_s: f64, "s", "Wall time up to here, without evaluation.";
        train_loss: f64, "", "Mean cross-entropy over the epoch's batches.";
        train_accuracy: f64, "", "Share of their images classified rightly.";
        test_loss: f64, "", "Mean cross-entropy of the test images.";
        test_accuracy: f64, "", "Share of them classified rightly.";
    }
}

/// Rows and curves of all entries, in the order of the plan's methods.
///
/// # Errors
/// If an entry is not of this kind.
pub fn rows(
    head: &Plan,
    plan: &TrainingPlan,
    sizes: [u64; 2],
    entries: &[Entry],
) -> Result<(Vec<TrainingRow>, Vec<TrainingCurveRow>)> {
    let (mut rows, mut curves) = (Vec::new(), Vec::new());
    for contestant in &plan.methods {
        let settings = settings(&contestant.method)?;
        for entry in entries {
            let cell: TrainingCell = entry.cell()?;
            if cell.method != contestant.method {
                continue;
            }
            let measured: Option<MeasuredTraining> = entry.measured()?;
            let run = ContestantRun {
                contestant,
                settings: &settings,
                cell: &cell,
                entry,
                measured: measured.as_ref(),
            };
            rows.push(run.row(head, sizes));
            curves.extend(run.curve());
        }
    }
    Ok((rows, curves))
}

/// A contestant's run, and what came of it.
struct ContestantRun<'a> {
    contestant: &'a TrainingContestant,
    settings: &'a str,
    cell: &'a TrainingCell,
    entry: &'a Entry,
    measured: Option<&'a MeasuredTraining>,
}

impl ContestantRun<'_> {
    fn diverged_at(&self) -> Option<u64> {
        self.measured.and_then(|m| m.diverged_at)
    }

    fn records(&self) -> &[EpochRecord] {
        self.measured.map_or(&[], |m| &m.records)
    }

    fn status(&self) -> String {
        match self.diverged_at() {
            Some(step) => format!("diverged at step {step}"),
            None => self.entry.status(),
        }
    }

    fn row(&self, head: &Plan, sizes: [u64; 2]) -> TrainingRow {
        let (cell, records) = (self.cell, self.records());
        let end = match self.diverged_at() {
            None => records.last(),
            Some(_) => None,
        };
        let blocks: Vec<String> = cell.network.blocks.iter().map(usize::to_string).collect();
        let method = &cell.method;
        let best = records.iter().map(|r| r.test_accuracy);
        TrainingRow {
            experiment: head.target.clone(),
            profile: head.profile.name.clone(),
            cell: self.entry.key.clone(),
            dataset: cell.dataset.clone(),
            data_source: cell.data_source.clone(),
            train_images: cell.images.train.map_or(sizes[0], |n| n as u64),
            test_images: cell.images.test.map_or(sizes[1], |n| n as u64),
            network: format!("ResNet {}: {}", cell.network.width, blocks.join(", ")),
            parameters: self.measured.map(|m| m.parameters),
            batch: cell.batch as u64,
            backend: cell.backend.clone(),
            start: cell.start,
            method: self.contestant.name.clone(),
            groups: self.contestant.groups.join("+"),
            kinetic_energy: method.kinetic_energy().map(|kinetic| kinetic.to_string()),
            scope: method.scope().map(|scope| scope.to_string()),
            integrator: method.integrator().map(|integrator| integrator.to_string()),
            step_size: method.step_size(),
            steps: method.steps().map(|steps| steps as u64),
            integration_time: method.integration_time(),
            learning_rate: method.learning_rate(),
            momentum: method.momentum(),
            settings: self.settings.into(),
            seed: cell.seed,
            status: self.status(),
            epochs: cell.epochs as u64,
            gradients: self
                .diverged_at()
                .or_else(|| records.last().map(|r| r.steps)),
            wall_s: records.last().map(|r| r.wall_s),
            train_loss: end.map(|r| r.train_loss),
            train_accuracy: end.map(|r| r.train_accuracy),
            test_loss: end.map(|r| r.test_loss),
            test_accuracy: end.map(|r| r.test_accuracy),
            best_test_accuracy: end.and(best.reduce(f64::max)),
        }
    }

    fn curve(&self) -> Vec<TrainingCurveRow> {
        let cell = self.cell;
        let row = |record: &EpochRecord| TrainingCurveRow {
            cell: self.entry.key.clone(),
            dataset: cell.dataset.clone(),
            data_source: cell.data_source.clone(),
            start: cell.start,
            method: self.contestant.name.clone(),
            integration_time: cell.method.integration_time(),
            settings: self.settings.into(),
            epoch: record.epoch as u64,
            gradients: record.steps,
            wall_s: record.wall_s,
            train_loss: record.train_loss,
            train_accuracy: record.train_accuracy,
            test_loss: record.test_loss,
            test_accuracy: record.test_accuracy,
        };
        self.records().iter().map(row).collect()
    }
}
