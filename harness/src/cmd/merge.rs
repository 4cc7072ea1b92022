//! `harness merge`.

use super::reproduce::ROOT;
use super::{outcome, report, show};
use crate::cli::Merge;
use crate::merge::merge;
use crate::publish::site;
use crate::screen;
use anyhow::{Result, bail, ensure};
use lab::manifest::{FILE, Manifest};
use lab::progress::say;
use std::path::{Path, PathBuf};

pub(super) fn run(arguments: &Merge) -> Result<u8> {
    let folders = &arguments.folders;
    let claims = report::claims(&folders[0])?;
    let alone = folders.iter().filter(|f| f.join(FILE).is_file()).count();
    ensure!(
        alone == 0 || alone == folders.len(),
        "either all of these folders are a target's, or all are reports of several"
    );
    let mut code = super::DONE;
    // Each target, with the folders that have a run of it.
    let mut targets: Vec<(String, Vec<PathBuf>)> = Vec::new();
    for folder in folders {
        let found = site::targets(folder, &[])?;
        ensure!(
            !found.is_empty(),
            "{} has no run: no {FILE}, neither there nor in a folder of it",
            folder.display()
        );
        for run in found {
            let manifest = Manifest::read(&run)?;
            if let Some(altered) = manifest.altered {
                bail!("{}: {altered}", run.display());
            }
            let target = manifest.target;
            match targets.iter_mut().find(|(name, _)| *name == target) {
                Some((_, runs)) => runs.push(run),
                None => targets.push((target, vec![run])),
            }
        }
    }
    if let (Some(out), true, [(one, _), (other, _), ..]) = (&arguments.out, alone > 0, &targets[..])
    {
        bail!(
            "these folders are of several targets, {one} and {other} among them, and {} can hold one: merge those of \
             one target at a time, or the folders above them",
            out.display()
        );
    }
    let root = arguments.out.clone().unwrap_or_else(|| ROOT.into());
    let mut last = None;
    for (target, runs) in &targets {
        let out = match (&arguments.out, alone > 0) {
            (Some(out), true) => out.clone(),
            _ => root.join(target),
        };
        let built = merge(runs, &out, &arguments.allow, &claims)?;
        let (parts, folder) = (runs.len(), out.display());
        let runs = if parts == 1 { "run" } else { "runs" };
        say(&format!("{target}: {parts} {runs} merged into {folder}"));
        code = code.max(outcome(&built));
        last = Some(built);
    }
    if let Some(built) = last.filter(|_| targets.len() == 1) {
        show(&screen::tables(&built.document))?;
    }
    let claims = kept(folders)?;
    let site = site::build(&root, Some(&claims), None)?;
    say(&format!(
        "the page is {}",
        root.join("index.html").display()
    ));
    show(&site.summary)?;
    Ok(code)
}

/// The claims that the first folder was judged by, or the one above it.
fn kept(folders: &[PathBuf]) -> Result<String> {
    let first = &folders[0];
    let above = first.parent().unwrap_or(Path::new("."));
    site::kept_claims(first).or_else(|_| site::kept_claims(above))
}
