//! Runs cells of a run again, and compares.

use super::Statement;
use super::apart::{Apart, LEAST, apart};
use crate::publish::KeptRun;
use crate::run as of_run;
use anyhow::{Context, Result, bail};
use datasets::Library;
use lab::device::{Machine, Request};
use lab::environment::Environment;
use lab::experiments::{self, Bench};
use lab::journal::{self, Cell, Entry, Outcome};
use lab::manifest::{now, sha256_hex};
use lab::progress::RunBar;
use std::path::Path;

/// Where not the same program on the same kind of processor ran: relative, as [`LEAST`] says.
const TOLERANCE: f64 = 1e-4;

/// How many cells are run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// So many of a run, others every time.
    Sample(usize),
    /// Every one.
    All,
}

/// What cells came to that were run again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Again {
    /// How many were run.
    pub cells: usize,
    /// How many cells the run has.
    pub of: usize,
    /// How many of these failed or were left out, and have nothing to be compared with.
    pub unmeasured: usize,
    /// How many came out equal to the last bit, but for times and memory.
    pub equal: usize,
    /// Whether all were wanted.
    pub wanted_all: bool,
    /// Whether that is what was to be expected.
    pub to_the_bit: bool,
    /// How far numbers of the others were apart at most.
    pub farthest: f64,
    /// Of each that is farther apart than it may be, what differs first.
    pub failing: Vec<String>,
    /// Of one that is not, what differs first.
    pub first: Option<String>,
}

/// A cell to be run again: the unit it is of, what it was, and what it came to.
struct Chosen<'a> {
    unit: usize,
    cell: Cell,
    entry: &'a Entry,
}

/// Runs cells of the run in `folder` again, with data of `library`; those that start programs which the run's plan names
/// only where `programs` says so.
///
/// # Errors
/// If the run cannot be read, neither its data nor its devices are here, or it starts programs.
pub fn again(folder: &Path, library: &Library, wanted: Wanted, programs: bool) -> Result<Again> {
    let run = KeptRun::read(folder)?;
    let manifest = &run.manifest;
    let request: Request = manifest.devices.parse()?;
    let machine = Machine::open(request).context("on what it was run")?;
    let mut experiment = experiments::of(&manifest.plan()?)?;
    if experiment.starts_programs() && !programs {
        bail!("its plan starts programs of whoever wrote it; read it, and --programs runs them");
    }
    let data = of_run::load(experiment.as_ref(), library)?;
    for (record, _) in &data {
        let recorded = manifest.data.iter().find(|r| r.dataset == record.dataset);
        let recorded = recorded.map(|r| r.digest.as_str()).unwrap_or_default();
        if recorded != record.digest {
            bail!(
                "{} has digest {} here, and had {recorded}",
                record.dataset,
                record.digest
            );
        }
    }
    let data: Vec<_> = data.into_iter().map(|(_, data)| data).collect();
    let entries = journal::select(run.entries(), &manifest.cells);
    let units = experiment.units(&machine, &data)?;
    let mut chosen = Vec::new();
    for (unit, cells) in units.iter().map(|unit| &unit.cells).enumerate() {
        for cell in cells {
            let entry = entries.iter().find(|entry| entry.cell == cell.settings);
            if let Some(entry) = entry.filter(|entry| entry.stands()) {
                let cell = experiment.without_clock(cell)?;
                chosen.push(Chosen { unit, cell, entry });
            }
        }
    }
    if let Wanted::Sample(count) = wanted {
        let now = now().to_string();
        let drawn = |c: &Chosen<'_>| sha256_hex([&now, &c.entry.key[..]].concat().as_bytes());
        chosen.sort_by_cached_key(drawn);
        chosen.truncate(count);
        chosen.sort_by_key(|c| c.unit);
    }
    let here = Environment::current();
    let mut found = Again {
        of: manifest.cells.len(),
        unmeasured: entries.iter().filter(|entry| !entry.stands()).count(),
        wanted_all: wanted == Wanted::All,
        to_the_bit: manifest
            .environments()
            .all(|made| made.fingerprint() == here.fingerprint()),
        ..Again::default()
    };
    let kept = tempfile::tempdir().context("making a folder for what cells keep meanwhile")?;
    let bar = RunBar::new(chosen.len() as u64);
    let clocked = experiment.clocked();
    for (unit, of) in units.iter().enumerate() {
        let these: Vec<&Chosen<'_>> = chosen.iter().filter(|c| c.unit == unit).collect();
        if these.is_empty() {
            continue;
        }
        let bench = Bench {
            machine: &machine,
            data: of.data.map(|index| &data[index]),
            watch: &bar,
            keep: &|cell| Some(kept.path().join(cell.key(&here))),
            ended: &|_, _| Ok(()),
        };
        let cells: Vec<Cell> = these.iter().map(|c| c.cell.clone()).collect();
        for (c, outcome) in these.iter().zip(experiment.measure(&bench, &cells)?) {
            found.add(
                &c.cell.label,
                &compared(&c.entry.outcome, &outcome, clocked),
            );
        }
    }
    bar.finish();
    Ok(found)
}

fn compared(recorded: &Outcome, found: &Outcome, clocked: &[&str]) -> Apart {
    match (recorded, found) {
        (Outcome::Measured(recorded), Outcome::Measured(found)) => apart(recorded, found, clocked),
        (recorded, found) if recorded == found => Apart::default(),
        (_, Outcome::Failed { error }) => Apart {
            first: Some(format!("it failed: {error}")),
            otherwise: true,
            ..Apart::default()
        },
        _ => Apart {
            first: Some("one ended, the other diverged".into()),
            otherwise: true,
            ..Apart::default()
        },
    }
}

impl Again {
    fn add(&mut self, label: &str, apart: &Apart) {
        self.cells += 1;
        self.farthest = self.farthest.max(apart.farthest);
        let Some(first) = &apart.first else {
            self.equal += 1;
            return;
        };
        let said = format!("{label}: {first}");
        if self.to_the_bit || apart.otherwise || apart.farthest > TOLERANCE {
            self.failing.push(said);
        } else {
            self.first.get_or_insert(said);
        }
    }

    /// In a statement.
    #[must_use]
    pub fn statement(&self) -> Statement {
        let (cells, of, equal) = (self.cells, self.of, self.equal);
        if cells == 0 {
            let text = "no cell was run again: none that has a measurement is one of the plan on this machine";
            return Statement::new(None, text);
        }
        let unmeasured = self.unmeasured;
        let strange = of.saturating_sub(cells + unmeasured);
        let mut left_out = Vec::new();
        if self.wanted_all && unmeasured > 0 {
            left_out.push(format!("{unmeasured} failed or were left out"));
        }
        if self.wanted_all && strange > 0 {
            left_out.push(format!("{strange} not of the plan on this machine"));
        }
        let left_out = match left_out.join(", ") {
            none if none.is_empty() => none,
            some => format!(" ({some})"),
        };
        let run = format!(
            "run again: {cells} of {of}{left_out}, equal to the last bit but for times and memory: {equal}"
        );
        let by = match self.to_the_bit {
            true => "this program on this kind of machine made them".to_owned(),
            false => format!(
                "another program or kind of machine made them, so numbers may be apart by {TOLERANCE:e} (relative, or \
                 of {LEAST:e})"
            ),
        };
        if let Some(first) = self.failing.first() {
            let count = self.failing.len();
            return Statement::new(
                false,
                format!("{run}, {count} are not what they were ({by}): {first}"),
            );
        }
        let others = match &self.first {
            None => String::new(),
            Some(first) => format!(
                ", the others apart by {:.1e} at most, as {first}",
                self.farthest
            ),
        };
        Statement::new(true, format!("{run}{others}; {by}"))
    }
}
