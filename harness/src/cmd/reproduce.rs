//! `harness reproduce`.

use super::{library, registry, show};
use crate::cell::Cell;
use crate::cli::Reproduce;
use crate::configs::Configs;
use crate::device::{Machine, cores};
use crate::environment::Environment;
use crate::experiments;
use crate::journal::{Entry, Journal, Outcome};
use crate::manifest::{Data, Manifest, now, sha256_hex};
use crate::paper::Paper;
use crate::plan::{Plan, apply_settings};
use crate::progress::{DataBar, RunBar};
use crate::report;
use crate::runner::Bench;
use crate::seed::Seeds;
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
    if arguments.fresh {
        run.journal.clear()?;
    }
    let registry = registry(&arguments.common, &configs)?;
    let library = library(&arguments.data, registry, Seeds::new(run.plan.seed));
    let mut loaded = Vec::new();
    for name in run.plan.profile.datasets.clone() {
        let split = run.plan.splits.get(&name).map(String::as_str);
        let dataset = library.load(&name, split, &DataBar::default())?;
        loaded.push(dataset);
    }
    run.cells(&loaded)?;
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

impl Run {
    /// Runs every cell that the journal does not have.
    fn cells(&mut self, loaded: &[Dataset]) -> Result<()> {
        let mut work: Vec<Vec<(String, Cell)>> = Vec::new();
        for dataset in loaded {
            self.manifest.data.push(Data::of(dataset));
            let cells = experiments::windows::cells(&self.plan, &self.machine, dataset)?;
            let keyed = |cell: Cell| (cell.key(&self.manifest.environment), cell);
            work.push(cells.into_iter().map(keyed).collect());
        }
        self.manifest.cells = work.iter().flatten().map(|(key, _)| key.clone()).collect();
        self.manifest.write(&self.folder)?;
        self.announce(&work);
        let cost = |dataset: &Dataset| operations(dataset);
        let todo = |(key, _): &&(String, Cell)| !self.journal.has(key);
        let total = loaded
            .iter()
            .zip(&work)
            .map(|(dataset, cells)| {
                let flows = cells
                    .iter()
                    .filter(todo)
                    .map(|(_, c)| Bench::flows_of(c) as u64);
                flows.sum::<u64>() * cost(dataset)
            })
            .sum();
        let bar = RunBar::new(total);
        for (dataset, cells) in loaded.iter().zip(work) {
            self.dataset(dataset, cells, &bar, cost(dataset))?;
        }
        bar.finish();
        Ok(())
    }

    /// Says, before anything is measured, what a reader has to know.
    fn announce(&self, work: &[Vec<(String, Cell)>]) {
        for data in &self.manifest.data {
            if let Some(reason) = &data.surrogate_reason {
                eprintln!("\n*** SURROGATE DATA for {}: {reason}", data.dataset);
                eprintln!(
                    "*** Its numbers say nothing about the paper. --data-dir DIR gives real data.\n"
                );
            }
        }
        let cells = || work.iter().flatten();
        let kept = cells().filter(|(key, _)| self.journal.has(key)).count();
        let folder = self.folder.display();
        if kept > 0 {
            eprintln!(
                "{kept} of {} cells are in {folder} already; --fresh starts over",
                cells().count()
            );
        }
        if cells().any(|(_, cell)| cell.oversubscribed) {
            eprintln!(
                "this machine has {} cores: cells with more workers are marked, and what as many devices would take is modelled",
                cores()
            );
        }
    }

    fn dataset(
        &mut self,
        dataset: &Dataset,
        cells: Vec<(String, Cell)>,
        bar: &RunBar,
        cost: u64,
    ) -> Result<()> {
        let mut bench = None;
        for (key, cell) in cells {
            if self.journal.has(&key) {
                continue;
            }
            bar.doing(&cell.label());
            let mut measure = || -> Result<Outcome> {
                let bench = match &mut bench {
                    Some(bench) => bench,
                    none => none.insert(Bench::new(&self.machine, dataset, &cell)?),
                };
                bench.measure(&cell, &|| bar.done(cost))
            };
            // One cell's failure is a row, not the end of the run.
            let outcome = measure().unwrap_or_else(|error| {
                bar.say(&format!("{}: {error:#}", cell.label()));
                Outcome::Failed {
                    error: format!("{error:#}"),
                }
            });
            self.journal.append(Entry {
                key,
                ended_at: now(),
                cell,
                outcome,
            })?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<u8> {
        self.manifest.ended_at = Some(now());
        self.manifest.write(&self.folder)?;
        let built = report::build(&self.folder)?;
        show(&built.terminal);
        eprintln!("\nwritten to {}:", self.folder.display());
        let name = |path: &PathBuf| Some(path.file_name()?.to_string_lossy().into_owned());
        let mut names: Vec<String> = built.files.iter().filter_map(name).collect();
        names.extend([report::JOURNAL.to_owned(), crate::manifest::FILE.to_owned()]);
        eprintln!("  {}", names.join(", "));
        for failure in &built.failures {
            eprintln!("failed: {failure}");
        }
        Ok(if built.failures.is_empty() {
            super::DONE
        } else {
            super::FAILED
        })
    }
}

/// The operations of one gradient, for estimating the time left.
fn operations(dataset: &Dataset) -> u64 {
    (dataset.train.len() * dataset.features * dataset.classes) as u64
}
