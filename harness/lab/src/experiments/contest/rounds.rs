//! Checks and times the contestants of a data set: A B C D, B C D A, …, one at a time.
//!
//! All processes are there at once, each with the data in its memory, and wait for their turns. Before each turn is a
//! rest, in which threads that spin after their work come to an end, and then a probe of how much of the machine is
//! there: whatever else runs then is no contestant's.

use super::cell::{CellProgram, ContestCell, ContestTurn, MeasuredContest};
use super::entrant::{Entrant, TaskProgress};
use super::plan::{ContestProgram, ContestTask};
use super::problem::{ProblemFolder, points, problem};
use super::process::ProcessRules;
use super::referee::Referee;
use crate::capacity::{Probe, Sample, ThreadWorkers, spin};
use crate::device::cores;
use crate::journal::Outcome;
use crate::kept::Keeper;
use crate::progress::Watch;
use anyhow::{Context as _, Result, anyhow};
use datasets::Dataset;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

/// The most bytes of a number in an answer, with what stands between two.
const NUMBER_BYTES: usize = 40;

/// The most bytes of an answer beside its numbers.
const ANSWER_BYTES: usize = 1 << 16;

/// What a unit has come to: kept, so that a run that is killed goes on from its last round.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
struct ContestProgress {
    cells: Vec<ContestCell>,
    /// Rounds that are over.
    rounds: usize,
    tasks: Vec<TaskProgress>,
    /// How often it was interrupted.
    interrupted: u64,
}

/// The order of a round: each of so many is once first, once second, …
pub(super) fn rotated(count: usize, round: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |place| (place + round) % count)
}

/// What `measure` is told besides its cells.
pub struct ContestSetting<'a> {
    /// The data.
    pub dataset: &'a Dataset,
    /// Those of the plan, for how they are installed.
    pub programs: &'a [ContestProgram],
    /// Where the problem is written, and removed from again.
    pub folder: PathBuf,
    /// What it has come to is kept there.
    pub keeper: Keeper,
    /// Is told what goes on.
    pub watch: &'a dyn Watch,
}

/// Measures the cells of one data set, with those that they are compared with.
///
/// # Errors
/// If this project's own results cannot be had, or progress cannot be kept. What a contestant does wrong is an outcome.
pub fn measure(
    cells: &[ContestCell],
    setting: ContestSetting<'_>,
) -> Result<Vec<Outcome<MeasuredContest>>> {
    let Some(like) = cells.first() else {
        return Ok(Vec::new());
    };
    let ContestSetting {
        dataset,
        watch,
        mut keeper,
        ..
    } = setting;
    watch.doing(&format!("{}, this project's own results", dataset.name));
    let points = points(like, dataset);
    let referee = Referee::new(like, dataset, &points)?;
    let problem = problem(like, dataset);
    let folder = ProblemFolder::write(setting.folder, &problem, dataset, &points)?;
    let rules = |program: &CellProgram| {
        let of = setting.programs.iter().find(|of| of.name == program.name);
        ProcessRules {
            problem: folder.path(),
            backend: &like.backend,
            limit: Duration::try_from_secs_f64(like.time_limit_s).unwrap_or(Duration::MAX),
            most: NUMBER_BYTES * points.len() * points[0].len() + ANSWER_BYTES,
            install: of.and_then(|of| of.install.as_deref()),
            optional: of.is_some_and(|of| of.optional),
        }
    };
    let mut entrants = entrants(cells, rules);
    let before = keeper
        .kept::<ContestProgress>()
        .filter(|kept| kept.cells == cells);
    let mut interrupted = 0;
    let mut begun = 0;
    if let Some(before) = before {
        interrupted = before.interrupted + 1;
        begun = before.rounds;
        for entrant in &mut entrants {
            for task in &mut entrant.tasks {
                let same = |of: &&TaskProgress| of.name == task.name && of.task == task.task;
                if let Some(known) = before.tasks.iter().find(same) {
                    *task = known.clone();
                }
            }
        }
    }
    let is_cell = |name: &str, task: ContestTask| {
        cells
            .iter()
            .any(|cell| cell.program.name == name && cell.task == task)
    };
    for entrant in &mut entrants {
        watch.doing(&format!(
            "{}, {}: does it compute the same?",
            dataset.name,
            entrant.name()
        ));
        entrant.check(&referee, like.gradient_s, &|name, task| {
            if is_cell(name, task) {
                watch.step();
            }
        });
    }
    let probe = like.probe_s.filter(|_| like.rounds > 0);
    let probe = probe.map(|probe_s| Probe::new(ThreadWorkers::new(cores(), spin)?, probe_s));
    let probe = probe
        .transpose()
        .context("probing how much of the machine is there")?;
    let rest = || -> Result<Option<Sample>> {
        thread::sleep(Duration::try_from_secs_f64(like.rest_s).unwrap_or_default());
        probe.as_ref().map(Probe::sample).transpose()
    };
    (0..begun * cells.len()).for_each(|_| watch.step());
    for round in begun..like.rounds {
        let mut turn = 0;
        for group in groups(&entrants) {
            let members = members(&entrants, &group);
            for place in rotated(members.len(), round) {
                let (entrant, task) = members[place];
                let entrant = &mut entrants[entrant];
                let of = &entrant.tasks[task];
                if of.fault.is_none() {
                    watch.doing(&format!(
                        "{}, {}: {}, timed",
                        dataset.name, of.name, of.task
                    ));
                    turn += 1;
                    let begun = ContestTurn {
                        round: round as u64 + 1,
                        turn,
                        probe: rest()?,
                        ..ContestTurn::default()
                    };
                    entrant.turn(task, (begun, &referee));
                }
                if is_cell(&entrant.tasks[task].name, entrant.tasks[task].task) {
                    watch.step();
                }
            }
        }
        let tasks = entrants
            .iter()
            .flat_map(|entrant| entrant.tasks.iter().cloned());
        keeper.keep(&ContestProgress {
            cells: cells.to_vec(),
            rounds: round + 1,
            tasks: tasks.collect(),
            interrupted,
        })?;
    }
    entrants.iter_mut().for_each(Entrant::quit);
    let tasks: Vec<TaskProgress> = entrants
        .into_iter()
        .flat_map(|entrant| entrant.tasks)
        .collect();
    Ok(cells
        .iter()
        .map(|cell| outcome(cell, &tasks, interrupted))
        .collect())
}

/// Everyone who takes part: the cells' programs, and those that they are compared with, each once with its tasks in the
/// order in which they are timed.
fn entrants<'a>(
    cells: &[ContestCell],
    rules: impl Fn(&CellProgram) -> ProcessRules<'a>,
) -> Vec<Entrant<'a>> {
    let mut all: Vec<Entrant<'a>> = Vec::new();
    let mut add = |program: &CellProgram, task: ContestTask| {
        let known = all
            .iter()
            .position(|entrant| entrant.name() == program.name);
        let place = known.unwrap_or(all.len());
        if known.is_none() {
            all.push(Entrant::new(program.clone(), rules(program)));
        }
        let tasks = &mut all[place].tasks;
        if !tasks.iter().any(|of| of.task == task) {
            tasks.push(TaskProgress {
                name: program.name.clone(),
                task,
                measured: MeasuredContest::default(),
                fault: None,
                left_out: false,
            });
            tasks.sort_by_key(|of| of.task);
        }
    };
    for cell in cells {
        add(&cell.program, cell.task);
        for baseline in &cell.baselines {
            add(baseline, cell.task.of_baseline());
        }
    }
    all
}

/// Tasks that are compared with one another, by their baselines' task.
fn groups(entrants: &[Entrant<'_>]) -> Vec<ContestTask> {
    let tasks = entrants.iter().flat_map(|entrant| &entrant.tasks);
    let mut all: Vec<ContestTask> = tasks.map(|of| of.task.of_baseline()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Places of the entrants, and of their tasks, that are of a group.
fn members(entrants: &[Entrant<'_>], group: &ContestTask) -> Vec<(usize, usize)> {
    let of_entrant = |(place, entrant): (usize, &Entrant<'_>)| {
        let tasks = entrant.tasks.iter().enumerate();
        let tasks = tasks.filter(|(_, of)| of.task.of_baseline() == *group);
        tasks
            .map(move |(task, _)| (place, task))
            .collect::<Vec<_>>()
    };
    entrants.iter().enumerate().flat_map(of_entrant).collect()
}

/// What came of a cell, with its baselines' turns beside its own.
fn outcome(
    cell: &ContestCell,
    tasks: &[TaskProgress],
    interrupted: u64,
) -> Outcome<MeasuredContest> {
    let of =
        |name: &str, task: ContestTask| tasks.iter().find(|of| of.name == name && of.task == task);
    let Some(own) = of(&cell.program.name, cell.task) else {
        return Outcome::failed(&anyhow!("{} did not take part", cell.label()));
    };
    if let Some(fault) = &own.fault {
        let why = fault.clone();
        return match own.left_out {
            true => Outcome::LeftOut { why },
            false => Outcome::Failed { error: why },
        };
    }
    let turns = |baseline: &CellProgram| {
        let task = of(&baseline.name, cell.task.of_baseline())?;
        let there = baseline.name != cell.program.name && task.fault.is_none();
        there.then(|| (baseline.name.clone(), task.measured.turns.clone()))
    };
    Outcome::Measured(MeasuredContest {
        baselines: cell.baselines.iter().filter_map(turns).collect(),
        interrupted,
        ..own.measured.clone()
    })
}
