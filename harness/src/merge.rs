//! Merges runs of shares of a plan into the run that one machine would have made.

use crate::publish::{self, Built, KeptRun};
use anyhow::{Context, Result, bail, ensure};
use claims::Claims;
use lab::environment::Environment;
use lab::journal::{Cell, Entry, Journal};
use lab::manifest::{FILE, Manifest};
use lab::progress::say;
use lab::sharing::Copied;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// In what the parts of a run may differ if its user says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum MayDiffer {
    /// The program: sources, compiler, build.
    Code,
    /// The plan, its profile and settings, the seed, and `--devices`.
    Plan,
    /// The numbers of a data set.
    Data,
}

/// A part: the folder it lies in, and its run.
struct MergedPart {
    folder: PathBuf,
    run: KeptRun,
}

/// Merges the runs in `folders` into a run in `out`, judged by `claims`.
///
/// # Errors
/// If a folder holds no run or one that is not as it was written, if two differ in what is not allowed, or if there
/// is a run in `out`.
pub fn merge(
    folders: &[PathBuf],
    out: &Path,
    allowed: &[MayDiffer],
    claims: &Claims,
) -> Result<Built> {
    let parts: Vec<MergedPart> = folders
        .iter()
        .map(|f| MergedPart::read(f))
        .collect::<Result<_>>()?;
    let (first, others) = parts.split_first().context("there is nothing to merge")?;
    for other in others {
        first.goes_with(other, allowed)?;
    }
    ensure!(
        !out.join(FILE).exists() && !out.join(publish::JOURNAL).exists(),
        "{} has a run already: give this one another folder, by --out",
        out.display()
    );
    let (mut manifest, entries) = merged(&parts);
    let mut journal = Journal::open(&out.join(publish::JOURNAL), &manifest.target)?;
    for entry in entries {
        journal.append(entry)?;
    }
    journal.keep();
    manifest.journal = Some(journal.end().clone());
    manifest.write(out)?;
    drop(journal);
    publish::build(out, claims)
}

impl MergedPart {
    fn read(folder: &Path) -> Result<Self> {
        let run = KeptRun::read(folder)?;
        if let Some(altered) = &run.manifest.altered {
            bail!("{}: {altered}", folder.display());
        }
        ensure!(
            run.manifest.journal.is_some(),
            "{} is of a program that wrote no checksums, and cannot be merged",
            folder.display()
        );
        for fault in run.lines.faults() {
            say(&format!("{}: {fault}", folder.display()));
        }
        Ok(Self {
            folder: folder.to_owned(),
            run,
        })
    }

    fn manifest(&self) -> &Manifest {
        &self.run.manifest
    }

    /// Refuses another part that is not of the same run.
    fn goes_with(&self, other: &Self, allowed: &[MayDiffer]) -> Result<()> {
        let (a, b) = (self.manifest(), other.manifest());
        let (here, there) = (self.folder.display(), other.folder.display());
        ensure!(
            a.target == b.target,
            "{here} has a run of {}, {there} one of {}",
            a.target,
            b.target
        );
        let code = |m: &Manifest| {
            let e = &m.environment;
            [&e.sources, &e.rustc, &e.build_profile].map(String::clone)
        };
        let plan = |m: &Manifest| (m.plan_sha256.clone(), m.seed, m.devices.clone());
        let data = |m: &Manifest| -> Vec<[String; 4]> {
            let of = |d: &lab::manifest::DataRecord| {
                [&d.dataset, &d.split, &d.source, &d.digest].map(String::clone)
            };
            m.data.iter().map(of).collect()
        };
        for (what, same, name) in [
            (MayDiffer::Code, code(a) == code(b), "program"),
            (MayDiffer::Plan, plan(a) == plan(b), "plan, seed or devices"),
            (MayDiffer::Data, data(a) == data(b), "data"),
        ] {
            ensure!(
                same || allowed.contains(&what),
                "{there} was made with another {name} than {here}: --allow {} merges them all the same",
                format!("{what:?}").to_lowercase()
            );
        }
        Ok(())
    }

    /// Measurements that stand where the cell they name is theirs, by their keys on another machine.
    fn by_keys_on(&self, environment: &Environment) -> BTreeMap<String, Entry> {
        let own = self.run.entries().into_iter();
        let usable = own.filter(|entry| entry.stands() && self.manifest().keys(entry));
        let key = |entry: Entry| (Cell::new("", entry.cell.clone()).key(environment), entry);
        usable.map(key).collect()
    }
}

/// The manifest of all parts, and their entries in the order of the plan.
fn merged(parts: &[MergedPart]) -> (Manifest, Vec<Entry>) {
    let first = parts[0].manifest();
    let found: Vec<BTreeMap<String, Entry>> = parts
        .iter()
        .map(|part| part.by_keys_on(&first.environment))
        .collect();
    let mut seen = BTreeSet::new();
    let mut whole: Vec<String> = first.all_cells().to_vec();
    // Of another plan, or of another machine that has other cells, what the first does not have comes behind.
    let same = |part: &&MergedPart| part.manifest().plan_sha256 == first.plan_sha256;
    if !parts.iter().all(|part| same(&part)) {
        whole.extend(found.iter().flat_map(|entries| entries.keys().cloned()));
    }
    whole.retain(|key| seen.insert(key.clone()));
    let mut twice = 0;
    let (mut cells, mut entries) = (Vec::with_capacity(whole.len()), Vec::new());
    for key in whole {
        let mut of = found.iter().filter_map(|entries| entries.get(&key));
        match of.next() {
            Some(entry) => {
                twice += usize::from(of.next().is_some());
                cells.push(entry.key.clone());
                entries.push(entry.clone());
            }
            None => cells.push(key),
        }
    }
    if twice > 0 {
        say(&format!(
            "{twice} cells are in several of the folders: those of the first are taken"
        ));
    }
    let complete = entries.len() == cells.len();
    let manifests = || parts.iter().map(MergedPart::manifest);
    let mut elsewhere: Vec<Environment> = Vec::new();
    for environment in manifests().flat_map(Manifest::environments) {
        let known = |e: &Environment| e.fingerprint() == environment.fingerprint();
        if !known(&first.environment) && !elsewhere.iter().any(known) {
            elsewhere.push(environment.clone());
        }
    }
    let ended: Option<u64> = manifests()
        .map(|m| m.ended_at)
        .collect::<Option<Vec<_>>>()
        .and_then(|all| all.into_iter().max());
    let manifest = Manifest {
        command: whole_command(&first.command),
        started_at: manifests().map(|m| m.started_at).min().unwrap_or_default(),
        ended_at: ended.filter(|_| complete),
        cells,
        shard: None,
        whole: Vec::new(),
        copied: Copied::of(&entries),
        theory_checks: manifests().map(|m| m.theory_checks).min().flatten(),
        // The least times that follow from rates are one machine's.
        rates: first.rates.clone().filter(|_| elsewhere.is_empty()),
        elsewhere,
        journal: None,
        sum: None,
        ..first.clone()
    };
    (manifest, entries)
}

/// A command without its share, and without where it was to be written.
fn whole_command(command: &[String]) -> Vec<String> {
    let mut whole = Vec::with_capacity(command.len());
    let mut words = command.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--shard" | "--out" => {
                words.next();
            }
            word if word.starts_with("--shard=") || word.starts_with("--out=") => {}
            _ => whole.push(word.clone()),
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merged_command_names_neither_a_share_nor_a_folder() {
        let of = |text: &str| {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            whole_command(&words).join(" ")
        };
        for text in [
            "harness reproduce table2 --shard 2/3 --profile quick",
            "harness reproduce --shard=1/3 table2 --out a --profile quick",
            "harness reproduce table2 --profile quick --out=b",
        ] {
            assert_eq!(of(text), "harness reproduce table2 --profile quick");
        }
    }
}
