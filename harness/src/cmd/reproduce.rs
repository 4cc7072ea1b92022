//! `harness reproduce`.

use super::{library, registry};
use crate::cell::Cell;
use crate::cli::Reproduce;
use crate::configs::Configs;
use crate::device::{Machine, cores};
use crate::environment::Environment;
use crate::experiments;
use crate::journal::{Entry, Journal, Outcome};
use crate::manifest::{Data, Manifest, now, sha256_hex};
use crate::paper::Paper;
use crate::plan::{Experiment, Plan, apply_settings};
use crate::progress::{DataBar, RunBar, say};
use crate::report;
use crate::runner::{self, flows_of};
use crate::seed::Seeds;
use crate::workbench::Workbench;
use anyhow::{Context, Result};
use datasets::Dataset;
use std::path::PathBuf;

pub(super) fn run(arguments: &Reproduce) -> Result<u8> {
    let configs = Configs::new(arguments.common.configs.clone());
    let text = configs.plan(&arguments.target)?;
    let mut plan = Plan::from_yaml(&text, &arguments.settings, arguments.profile.as_deref())
        .with_context(|| format!("the plan of {}", arguments.target))?;
    if !arguments.datasets.is_empty() {
        plan.only(&arguments.datasets)?;
    }
    let machine = Machine::open(arguments.devices.clone())?;
    let folder = arguments
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from("reports").join(&plan.target));
    let mut run = Run {
        manifest: manifest(arguments, &plan, &text, &configs)?,
        journal: Journal::open(&folder.join(report::JOURNAL))?,
        machine,
        plan,
        folder,
    };
    let registry = registry(&arguments.common, &configs)?;
    let library = library(&arguments.data, registry, Seeds::new(run.plan.seed));
    let mut loaded = Vec::new();
    for name in run.plan.profile.datasets.clone() {
        let split = run.plan.splits.get(&name).map(String::as_str);
        let dataset = library.load(&name, split, &DataBar::default())?;
        loaded.push(dataset);
    }
    // Only now that everything needed is there.
    if arguments.fresh {
        run.journal.clear()?;
    }
    run.all(&loaded)?;
    run.finish()
}

fn manifest(arguments: &Reproduce, plan: &Plan, text: &str, configs: &Configs) -> Result<Manifest> {
    let mut value: serde_yaml::Value = serde_yaml::from_str(text)?;
    apply_settings(&mut value, &arguments.settings)?;
    let resolved = serde_yaml::to_string(&value)?;
    Ok(Manifest {
        command: std::env::args().collect(),
        started_at: now(),
        ended_at: None,
        target: plan.target.clone(),
        profile: plan.profile.name.clone(),
        datasets: plan.profile.datasets.clone(),
        plan_sha256: sha256_hex(resolved.as_bytes()),
        plan: resolved,
        devices: arguments.devices.to_string(),
        seed: plan.seed,
        registry_sha256: sha256_hex(configs.read("datasets.yaml")?.as_bytes()),
        data: Vec::new(),
        cells: Vec::new(),
        environment: Environment::current(),
        paper: Paper::from_yaml(&configs.read("paper.yaml")?).context("paper.yaml")?,
    })
}

/// A run in progress.
struct Run {
    plan: Plan,
    machine: Machine,
    folder: PathBuf,
    manifest: Manifest,
    journal: Journal,
}

/// Cells that are compared with the same sequential flow, with their keys.
type Group = Vec<(String, Cell)>;

impl Run {
    /// Runs every cell that the journal does not have.
    fn all(&mut self, loaded: &[Dataset]) -> Result<()> {
        let mut work: Vec<Vec<Group>> = Vec::new();
        for dataset in loaded {
            self.manifest.data.push(Data::of(dataset));
            let cells = match self.plan.experiment {
                Experiment::Windows => {
                    experiments::windows::cells(&self.plan, &self.machine, dataset)?
                }
            };
            let mut groups: Vec<Group> = Vec::new();
            for cell in cells {
                let keyed = (cell.key(&self.manifest.environment), cell);
                match groups
                    .iter_mut()
                    .find(|group| group[0].1.group == keyed.1.group)
                {
                    Some(group) => group.push(keyed),
                    None => groups.push(vec![keyed]),
                }
            }
            work.push(groups);
        }
        let cells = work.iter().flatten().flatten();
        self.manifest.cells = cells.map(|(key, _)| key.clone()).collect();
        self.manifest.write(&self.folder)?;
        self.announce(&work);
        let total = loaded
            .iter()
            .zip(&work)
            .map(|(d, groups)| self.operations(d, groups))
            .sum();
        let bar = RunBar::new(total);
        for (dataset, groups) in loaded.iter().zip(work) {
            self.dataset(dataset, &groups, &bar)?;
            // A run that is cut short leaves the tables of what it had.
            report::build(&self.folder)?;
        }
        bar.finish();
        Ok(())
    }

    /// Says, before anything is measured, what a reader has to know.
    fn announce(&self, work: &[Vec<Group>]) {
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
                say(&format!(
                    "{} has no test rows: it is tested on its training rows",
                    data.dataset
                ));
            }
        }
        let cells = || work.iter().flatten().flatten();
        let kept = cells().filter(|(key, _)| self.journal.has(key)).count();
        if kept > 0 {
            let (all, folder) = (cells().count(), self.folder.display());
            say(&format!(
                "{kept} of {all} cells are in {folder} already; --fresh starts over"
            ));
        }
        if cells().any(|(_, cell)| cell.oversubscribed) {
            say(&format!(
                "this machine has {} cores: cells with more workers are marked, and what as many devices could do at most is modelled",
                cores()
            ));
        }
    }

    /// The operations that are still to be done on a data set, for estimating the time left.
    fn operations(&self, dataset: &Dataset, groups: &[Group]) -> u64 {
        let flows = groups
            .iter()
            .map(|group| flows_of(&self.todo(group)) as u64)
            .sum::<u64>();
        flows * flow_operations(dataset)
    }

    /// The cells of a group that have no outcome yet.
    fn todo(&self, group: &Group) -> Vec<Cell> {
        let todo = |(key, _): &&(String, Cell)| !self.journal.has(key);
        group
            .iter()
            .filter(todo)
            .map(|(_, cell)| cell.clone())
            .collect()
    }

    fn dataset(&mut self, dataset: &Dataset, groups: &[Group], bar: &RunBar) -> Result<()> {
        bar.flows_count(flow_operations(dataset));
        let mut bench = None;
        for group in groups {
            let cells = self.todo(group);
            let Some(first) = cells.first() else { continue };
            let mut measure = || -> Result<Vec<Outcome>> {
                let bench = match &mut bench {
                    Some(bench) => bench,
                    none => none.insert(Workbench::new(&self.machine, dataset, first)?),
                };
                runner::measure(bench, &cells, bar)
            };
            // A group's failure is rows, not the end of the run.
            let outcomes = measure().unwrap_or_else(|error| {
                bar.say(&format!("{}: {error:#}", first.dataset));
                cells
                    .iter()
                    .map(|_| Outcome::Failed {
                        error: format!("{error:#}"),
                    })
                    .collect()
            });
            for (cell, outcome) in cells.into_iter().zip(outcomes) {
                let key = cell.key(&self.manifest.environment);
                self.journal.append(Entry {
                    key,
                    ended_at: now(),
                    cell,
                    outcome,
                })?;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<u8> {
        self.manifest.ended_at = Some(now());
        self.manifest.write(&self.folder)?;
        let built = report::build(&self.folder)?;
        super::show(&built.terminal);
        let name = |path: &PathBuf| Some(path.file_name()?.to_string_lossy().into_owned());
        let mut names: Vec<String> = built.files.iter().filter_map(name).collect();
        names.extend([report::JOURNAL.to_owned(), crate::manifest::FILE.to_owned()]);
        say(&format!(
            "\nwritten to {}:\n  {}",
            self.folder.display(),
            names.join(", ")
        ));
        Ok(super::outcome(&built))
    }
}

/// Products of one flow's worth of gradients on a data set, up to a factor that all share.
fn flow_operations(dataset: &Dataset) -> u64 {
    (dataset.train.len() * dataset.features * dataset.classes) as u64
}
