//! Which run of the journal is which of the plan, and under which readings of the paper it stands.

use super::marks::Mark;
use super::measure::{DescentCell, Ended, MeasuredDescent};
use super::methods::MethodSpec;
use super::plan::{Contestant, DescentPart, DescentPlan, Metric};
use super::record::Record;
use super::scene::Worth;
use crate::experiments::identity::once;
use crate::journal::Entry;
use anyhow::Result;
use rows::statistics::median;

/// A run with its place in the plan.
pub(super) struct PlacedRun<'a> {
    pub(super) part: &'a DescentPart,
    pub(super) contestant: &'a Contestant,
    pub(super) cell: DescentCell,
    pub(super) entry: &'a Entry,
    measured: Option<MeasuredDescent>,
}

/// Where a run is at a mark.
pub(super) enum At<'a> {
    /// At the last of these records.
    Reached(&'a [Record]),
    /// It diverged before.
    Diverged,
    /// It could not be run.
    Failed,
}

/// All runs of a contestant on a data set, variant by variant, start by start. Data sets come
/// first, then parts, then contestants.
///
/// # Errors
/// If an entry is not of this kind.
pub(super) fn placed<'a>(
    plan: &'a DescentPlan,
    entries: &'a [Entry],
) -> Result<Vec<Vec<PlacedRun<'a>>>> {
    let mut cells: Vec<(DescentCell, &Entry)> = Vec::new();
    for entry in entries {
        // The same run may stand in several parts.
        if !cells.iter().any(|(_, known)| known.key == entry.key) {
            cells.push((entry.cell()?, entry));
        }
    }
    let mut all = Vec::new();
    for name in once(cells.iter().map(|(cell, _)| cell.setting.name())) {
        for part in &plan.parts {
            for contestant in &part.contestants {
                let mut runs = Vec::new();
                for variant in &contestant.variants {
                    let here = cells.iter().filter(|(cell, _)| {
                        cell.setting.name() == name && cell.variant == *variant && cell.is_of(part)
                    });
                    for (cell, entry) in here {
                        runs.push(PlacedRun {
                            part,
                            contestant,
                            cell: cell.clone(),
                            entry,
                            measured: entry.measured()?,
                        });
                    }
                }
                all.push(runs);
            }
        }
    }
    Ok(all)
}

impl DescentCell {
    fn is_of(&self, part: &DescentPart) -> bool {
        self.setting.problem == part.problem
            && self.setting.start == part.start
            && self.setting.index < part.starts
            && self.gradients == part.gradients
            && self.record_every == part.record_every
            && self.marks == part.marks
    }
}

/// The name of the reading in which each method has the best of its own grid.
pub const OWN_BEST: &str = "own-best";
/// Marks what the best was chosen from.
pub const GRID: &str = "grid";

/// Under which readings each of a contestant's runs on a data set stands, joined by +. Which of its
/// grid is its own best is told by a score of each run, of which the lowest median is the best.
pub(super) fn readings(
    plan: &DescentPlan,
    runs: &[PlacedRun<'_>],
    score: impl Fn(&PlacedRun<'_>) -> f64,
) -> Vec<String> {
    let best = best(runs, score);
    let of_run = |run: &PlacedRun<'_>| {
        let (variant, contestant) = (&run.cell.variant, run.contestant);
        if !contestant.tuned {
            // A method without a grid is the same under every reading.
            let mut words = plan.readings();
            words.push(OWN_BEST.into());
            return words.join("+");
        }
        let here = |(reading, value): (&String, &f64)| {
            (variant.step_size() == Some(*value)).then(|| reading.clone())
        };
        let mut words: Vec<String> = contestant.readings.iter().filter_map(here).collect();
        if contestant.grid().contains(&variant) {
            words.push(GRID.into());
        }
        if Some(variant) == best.as_ref() {
            words.push(OWN_BEST.into());
        }
        words.join("+")
    };
    runs.iter().map(of_run).collect()
}

/// The variant of a grid with the best median over the starts.
fn best(runs: &[PlacedRun<'_>], score: impl Fn(&PlacedRun<'_>) -> f64) -> Option<MethodSpec> {
    let middle = |variant: &MethodSpec| -> Option<f64> {
        let of_variant = runs.iter().filter(|r| r.cell.variant == *variant);
        median(&of_variant.map(&score).collect::<Vec<_>>())
    };
    let grid = runs.first()?.contestant.grid().into_iter();
    let scored = grid.filter_map(|variant| Some((variant, middle(variant)?)));
    let best = scored.min_by(|a, b| a.1.total_cmp(&b.1))?;
    best.1.is_finite().then(|| best.0.clone())
}

impl Metric {
    /// Less is better; infinite is what has none.
    fn score(self, worth: Option<&Worth>) -> f64 {
        let Some(worth) = worth else {
            return f64::INFINITY;
        };
        match self {
            Self::Value => worth.value,
            Self::Distance => worth.distance.unwrap_or(f64::INFINITY),
            Self::TestAccuracy => worth.test_accuracy.map_or(f64::INFINITY, |a| -a),
        }
    }
}

impl PlacedRun<'_> {
    /// Where it ended, by the metric that the best is chosen by.
    pub(super) fn score(&self, metric: Metric) -> f64 {
        metric.score(self.end().map(|record| &record.worth))
    }

    /// Where it was at a mark.
    pub(super) fn score_at(&self, metric: Metric, mark: Mark) -> f64 {
        match self.at(mark) {
            Some(At::Reached(records)) => metric.score(records.last().map(|r| &r.worth)),
            _ => f64::INFINITY,
        }
    }

    /// All records, also those behind its gradients that its marks ask for.
    pub(super) fn all_records(&self) -> &[Record] {
        self.measured.as_ref().map_or(&[], |m| &m.records)
    }

    /// The records until its gradients were used up.
    pub(super) fn records(&self) -> &[Record] {
        let all = self.all_records();
        let last = all.iter().position(|r| r.gradients >= self.cell.gradients);
        last.map_or(all, |last| &all[..=last])
    }

    /// How it ended, unless its gradients had been used up by then.
    fn ended(&self) -> Option<Ended> {
        let used_up = self.records().last()?.gradients >= self.cell.gradients;
        self.measured.as_ref()?.ended.filter(|_| !used_up)
    }

    fn diverged(&self) -> bool {
        // Without a single record it diverged at once.
        let ended = self.measured.as_ref().and_then(|m| m.ended);
        ended == Some(Ended::Diverged)
            && (self.records().is_empty() || self.ended() == Some(Ended::Diverged))
    }

    /// The last record of a run that did not diverge.
    pub(super) fn end(&self) -> Option<&Record> {
        if self.diverged() {
            None
        } else {
            self.records().last()
        }
    }

    /// Where it was at a mark; `None` of a run that stopped before.
    pub(super) fn at(&self, mark: Mark) -> Option<At<'_>> {
        let Some(measured) = &self.measured else {
            return Some(At::Failed);
        };
        match measured.records.iter().position(|r| mark.is(r)) {
            Some(last) => Some(At::Reached(&measured.records[..=last])),
            None if measured.ended == Some(Ended::Diverged) => Some(At::Diverged),
            None => None,
        }
    }

    /// How it came to its end, as rows say it.
    pub(super) fn status(&self) -> String {
        let after = |records: &[Record]| records.last().map_or(0, |r| r.gradients);
        if self.diverged() {
            return self.diverged_after();
        }
        match self.ended() {
            Some(Ended::Stopped) => format!("stopped after {} gradients", after(self.records())),
            _ => self.entry.status(),
        }
    }

    /// That it diverged, after how many gradients.
    pub(super) fn diverged_after(&self) -> String {
        let after = self.all_records().last().map_or(0, |r| r.gradients);
        format!("diverged after {after} gradients")
    }
}
