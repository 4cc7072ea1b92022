//! A run: one target's cells, measured unless a journal has them, and its report.

use crate::publish::{self, Built};
use anyhow::{Context, Result, anyhow};
use claims::Claims;
use datasets::Library;
use lab::configs::Configs;
use lab::device::{Machine, check_plan, explained};
use lab::experiments::{self, AnyExperiment, Bench, Data, Need, Unit, checks};
use lab::journal::{self, Cell, Entry, Journal, Outcome};
use lab::manifest::{DataRecord, Manifest, now};
use lab::plan::Plan;
use lab::progress::{DataBar, RunBar, say};
use lab::rates::Rates;
use lab::sharing::{Copied, Relative};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The checks of the theory, made at most once by a command, and before anything is measured: no clock runs on a
/// program whose mathematics is wrong.
#[derive(Debug, Default)]
pub struct Theory {
    held: OnceCell<usize>,
}

impl Theory {
    /// Checks it, unless that has been done, and answers how many checks held.
    ///
    /// # Errors
    /// If one does not hold.
    pub fn holds(&self) -> Result<usize> {
        if let Some(held) = self.held.get() {
            return Ok(*held);
        }
        let report = checks::gate(&Configs::compiled_in())?;
        say(&format!(
            "{} checks of the theory hold ({:.1} s)",
            report.passed,
            report.took.as_secs_f64()
        ));
        Ok(*self.held.get_or_init(|| report.passed))
    }
}

/// A target on a machine, with its data and its folder.
pub struct TargetRun {
    experiment: Box<dyn AnyExperiment>,
    machine: Machine,
    folder: PathBuf,
    manifest: Manifest,
    journal: Journal,
    data: Vec<Data>,
    claims: Claims,
}

/// How long a run goes on before its report is made anew, so that a run that is cut short leaves
/// the tables of what it had.
const REPORT_EVERY: Duration = Duration::from_secs(30);

/// The folder, in a target's own, for what cells keep until they have ended.
const KEPT: &str = "checkpoints";

/// Writes a line to standard error, unless this process has written the very same before: what is so of a data set
/// is so for every target that it is loaded for.
fn say_once(line: &str) {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if said.insert(line.to_owned()) {
        say(line);
    }
}

/// Gets the data that an experiment needs, and what identifies it.
///
/// # Errors
/// If some of it is not to be had.
pub(crate) fn load(
    experiment: &dyn AnyExperiment,
    library: &Library,
) -> Result<Vec<(DataRecord, Data)>> {
    let bar = DataBar::default();
    let one = |need| {
        Ok(match need {
            Need::Rows { dataset, split } => {
                let rows = library.load(&dataset, split.as_deref(), &bar)?;
                (DataRecord::of(&rows), Data::Rows(rows))
            }
            Need::Images {
                dataset,
                train,
                test,
            } => {
                let images = library.images(&dataset, &bar)?;
                let record = DataRecord::of_images(&images);
                (record, Data::Images(images.first(train, test)?))
            }
        })
    };
    experiment.needs().into_iter().map(one).collect()
}

impl TargetRun {
    /// Opens the journal in `folder`. Nothing is measured yet. The report will be judged by `claims`.
    ///
    /// # Errors
    /// If the plan is not valid, or another run has the journal open.
    pub fn open(
        plan: &Plan,
        machine: Machine,
        folder: &Path,
        manifest: Manifest,
        claims: Claims,
    ) -> Result<Self> {
        // A plan that is not valid leaves nothing behind.
        let experiment = experiments::of(plan)?;
        let path = folder.join(publish::JOURNAL);
        let journal = Journal::open(&path, &plan.target)?;
        for fault in journal.faults() {
            say(&format!("{}: {fault}", path.display()));
        }
        Ok(Self {
            experiment,
            machine,
            folder: folder.to_owned(),
            manifest,
            journal,
            data: Vec::new(),
            claims,
        })
    }

    /// Gets the data that the experiment needs.
    ///
    /// # Errors
    /// If some of it is not to be had.
    pub fn load(&mut self, library: &Library) -> Result<()> {
        for (record, data) in load(self.experiment.as_ref(), library)? {
            if let Data::Rows(_) = data {
                self.manifest.datasets.push(record.dataset.clone());
            }
            self.manifest.data.push(record);
            self.data.push(data);
        }
        Ok(())
    }

    /// Whether wall times are measured.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.experiment.is_timed()
    }

    /// Says what the machine can do at most, for the report.
    pub fn rates(&mut self, rates: Option<Rates>) {
        self.manifest.rates = rates;
    }

    /// Forgets what earlier runs measured.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn start_over(&mut self) -> Result<()> {
        self.forget(journal::is_key);
        self.journal.clear(&self.manifest.target)
    }

    /// Removes what cells have kept that have ended.
    fn tidy(&self) {
        self.forget(|key| self.journal.has(key));
    }

    /// Removes what cells of some keys have kept. What else lies there is somebody's own.
    fn forget(&self, of: impl Fn(&str) -> bool) {
        let kept = self.folder.join(KEPT);
        let Ok(listed) = std::fs::read_dir(&kept) else {
            return;
        };
        for entry in listed.flatten() {
            if of(&entry.file_name().to_string_lossy()) {
                std::fs::remove_dir_all(entry.path()).ok();
            }
        }
        // Only if nothing is left in it.
        std::fs::remove_dir(kept).ok();
    }

    /// Measures every cell that neither this folder's journal nor that of a relative has, if the theory
    /// holds, and makes the report.
    ///
    /// # Errors
    /// If the theory does not hold, or the folder cannot be written. A unit that fails is rows, not the end of
    /// the run.
    pub fn all(&mut self, relatives: &[Relative], theory: &Theory) -> Result<Built> {
        let units = self.experiment.units(&self.machine, &self.data)?;
        let units = self.share(units);
        let need = self.experiment.memory(&units, &self.data)?;
        check_plan(&self.manifest.target, need)?;
        let cells = || units.iter().flat_map(|unit| &unit.cells);
        self.manifest.cells = cells().map(|cell| self.key(cell)).collect();
        self.announce_data();
        // A measurement that cannot be read is made again.
        let (of_run, experiment) = (&self.manifest.cells, &self.experiment);
        let environment = &self.manifest.environment;
        let usable = |e: &Entry| experiment.reads(e).is_ok() && e.is_keyed(environment);
        let passed_over = self
            .journal
            .pass_over(|e| of_run.contains(&e.key) && !usable(e));
        // Those that were made again before stay in the file.
        let again = passed_over.iter().filter(|key| !self.journal.has(key));
        let again = again.count();
        if again > 0 {
            say(&format!(
                "{again} of the measurements in {} are not whole, or not of the cell they name, and are \
                 made again",
                self.folder.join(publish::JOURNAL).display()
            ));
        }
        self.check(theory, &units)?;
        self.borrow(relatives)?;
        let entries = journal::select(self.journal.entries().to_vec(), &self.manifest.cells);
        self.manifest.copied = Copied::of(&entries);
        publish::Certificate::forget(&self.folder);
        self.write_manifest()?;
        self.tidy();
        self.announce_cells();
        let total = units.iter().map(|unit| self.effort(unit)).sum();
        let bar = RunBar::new(total);
        let mut shown = Instant::now();
        for unit in &units {
            self.unit(unit, &bar)?;
            if shown.elapsed() > REPORT_EVERY {
                publish::build(&self.folder, &self.claims)?;
                shown = Instant::now();
            }
        }
        bar.finish();
        self.manifest.ended_at = Some(now());
        self.write_manifest()?;
        publish::build(&self.folder, &self.claims)
    }

    /// The units that this run makes: all, or those of its share. Cells of one unit stay together, as they are
    /// compared with one another.
    fn share(&mut self, units: Vec<Unit>) -> Vec<Unit> {
        let Some(shard) = self.manifest.shard else {
            return units;
        };
        let whole = units.iter().flat_map(|unit| &unit.cells);
        self.manifest.whole = whole.map(|cell| self.key(cell)).collect();
        let effort = |unit: &Unit| {
            let data = unit.data.map(|index| &self.data[index]);
            let effort = self.experiment.effort(&unit.cells, data);
            effort.steps * effort.weight
        };
        let efforts: Vec<u64> = units.iter().map(effort).collect();
        let count = units.len();
        let ours = units.into_iter().zip(shard.of(&efforts));
        let ours: Vec<Unit> = ours
            .filter(|(_, ours)| *ours)
            .map(|(unit, _)| unit)
            .collect();
        if ours.is_empty() {
            let units = match count {
                1 => "one unit, whose cells are compared with one another and stay together"
                    .to_owned(),
                count => format!("{count} units"),
            };
            say(&format!(
                "share {shard} of {} has nothing to measure: the run has {units}, in other shares",
                self.manifest.target
            ));
        }
        ours
    }

    /// Checks the theory where something is to be measured; of a run that is whole already its manifest knows.
    fn check(&mut self, theory: &Theory, units: &[Unit]) -> Result<()> {
        let is_whole = units.iter().all(|unit| self.todo(unit).is_empty());
        let before = Manifest::read(&self.folder).ok().filter(|_| is_whole);
        self.manifest.theory_checks = Some(match before.and_then(|run| run.theory_checks) {
            Some(held) => held,
            None => theory.holds()?,
        });
        Ok(())
    }

    /// Writes the manifest, with where the journal ends.
    fn write_manifest(&mut self) -> Result<()> {
        self.journal.keep();
        self.manifest.journal = Some(self.journal.end().clone());
        self.manifest.write(&self.folder)
    }

    fn key(&self, cell: &Cell) -> String {
        cell.key(&self.manifest.environment)
    }

    /// Says, before anything is measured, what a reader has to know of the data.
    fn announce_data(&self) {
        for data in &self.manifest.data {
            if let Some(reason) = &data.surrogate_reason {
                say(&format!(
                    "\n*** SURROGATE DATA for {}: {reason}",
                    data.dataset
                ));
                say(
                    "*** Its numbers say nothing about the paper. --data-dir DIR gives real data.\n",
                );
            }
            if data.test_is_train {
                say_once(&format!(
                    "{} has no test rows: it is tested on its training rows",
                    data.dataset
                ));
            }
        }
    }

    /// Takes the cells that are the same from the journals of targets that share their runs with
    /// this one.
    fn borrow(&mut self, relatives: &[Relative]) -> Result<()> {
        for Relative { target, folder } in relatives {
            // What cannot be read is no reason not to measure.
            let Ok(theirs) = journal::read(&folder.join(publish::JOURNAL), target) else {
                continue;
            };
            let newest: BTreeMap<&str, &Entry> =
                theirs.sealed.iter().map(|e| (e.key.as_str(), e)).collect();
            let mut taken = 0;
            for key in self.manifest.cells.clone() {
                let usable = |e: &&&Entry| {
                    let is_keyed = e.is_keyed(&self.manifest.environment);
                    e.stands() && is_keyed && self.experiment.reads(e).is_ok()
                };
                let entry = newest.get(key.as_str()).filter(usable);
                if let Some(entry) = entry.filter(|_| !self.journal.has(&key)) {
                    let measured_by = entry.copied_from.as_ref().unwrap_or(target);
                    self.journal.append(Entry {
                        copied_from: Some(measured_by.clone()),
                        ..(*entry).clone()
                    })?;
                    taken += 1;
                }
            }
            if taken > 0 {
                let (all, folder) = (self.manifest.cells.len(), folder.display());
                say(&format!(
                    "{taken} of {all} cells are the same as in {folder}, and taken from there"
                ));
            }
        }
        Ok(())
    }

    fn announce_cells(&self) {
        let cells = &self.manifest.cells;
        let kept = cells.iter().filter(|key| self.journal.has(key)).count();
        if kept > 0 {
            let (all, folder) = (cells.len(), self.folder.display());
            say(&format!(
                "{kept} of {all} cells are in {folder} already; --fresh starts over"
            ));
        }
    }

    /// The cells of a unit that have no outcome yet.
    fn todo(&self, unit: &Unit) -> Vec<Cell> {
        let todo = |cell: &&Cell| !self.journal.has(&self.key(cell));
        unit.cells.iter().filter(todo).cloned().collect()
    }

    fn effort(&self, unit: &Unit) -> u64 {
        let todo = self.todo(unit);
        if todo.is_empty() {
            return 0;
        }
        let data = unit.data.map(|index| &self.data[index]);
        let effort = self.experiment.effort(&todo, data);
        effort.steps * effort.weight
    }

    fn unit(&mut self, unit: &Unit, bar: &RunBar) -> Result<()> {
        let todo = self.todo(unit);
        if todo.is_empty() {
            return Ok(());
        }
        let data = unit.data.map(|index| &self.data[index]);
        bar.steps_count(self.experiment.effort(&todo, data).weight);
        let (kept, environment) = (self.folder.join(KEPT), &self.manifest.environment);
        let keep = |cell: &Cell| Some(kept.join(cell.key(environment)));
        let (journal, told) = (
            RefCell::new(&mut self.journal),
            RefCell::new(BTreeSet::new()),
        );
        let lost = RefCell::new(None);
        let ended = |place: usize, outcome: Outcome| {
            if !told.borrow_mut().insert(place) {
                return Ok(());
            }
            let cell = &todo[place];
            let appended = journal.borrow_mut().append(Entry {
                key: cell.key(environment),
                ended_at: now(),
                cell: cell.settings.clone(),
                outcome,
                copied_from: None,
            });
            appended.map_err(|error| {
                // What cannot be kept need not be measured: this ends the run, and no cell has failed.
                let said = anyhow!("{error:#}");
                lost.replace(Some(error));
                said
            })
        };
        let bench = Bench {
            machine: &self.machine,
            data,
            watch: bar,
            keep: &keep,
            ended: &ended,
        };
        let outcomes = self
            .experiment
            .measure(&bench, &todo)
            .unwrap_or_else(|error| {
                bar.say(&format!("{}: {}", todo[0].label, explained(&error)));
                todo.iter().map(|_| Outcome::failed(&error)).collect()
            });
        if let Some(error) = lost.take() {
            return Err(error);
        }
        let failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed { .. });
        let failed = outcomes.iter().any(failed);
        for (place, outcome) in outcomes.into_iter().enumerate() {
            ended(place, outcome)?;
        }
        // What has failed may go on from there; what has ended need not.
        self.tidy();
        if failed {
            // On a lost device every other cell would fail like this one.
            self.machine.still_computes().with_context(|| {
                format!(
                    "what was measured is kept in {}; without --fresh `reproduce` goes on from there",
                    self.folder.display()
                )
            })?;
        }
        Ok(())
    }
}
