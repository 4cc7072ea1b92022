//! `harness verify`.

use super::{DONE, FAILED, library, registry, show};
use crate::cli::Verify;
use crate::publish::{self, Certificate, site};
use crate::verify::{self, Statement, Wanted};
use anyhow::{Result, ensure};
use claims::Claims;
use datasets::DataPolicy;
use lab::configs::Configs;
use lab::manifest::Manifest;
use lab::seed::Seeds;
use std::path::Path;

pub(super) fn run(arguments: &Verify) -> Result<u8> {
    let folder = &arguments.folder;
    let targets = site::targets(folder, &[])?;
    ensure!(
        !targets.is_empty(),
        "{} has no run: no manifest.json, neither there nor in a folder of it",
        folder.display()
    );
    let claims = super::report::claims(folder)?;
    let mut code = DONE;
    let mut sound = Vec::new();
    for target in &targets {
        let mut statements = of(target, &claims, arguments).unwrap_or_else(|error| {
            let text = format!("it cannot be verified: {error:#}");
            vec![Statement {
                holds: Some(false),
                text,
            }]
        });
        if target != folder {
            statements.extend(verify::of_folder(target));
        }
        code = code.max(told(target, &statements)?);
        let holds = statements
            .iter()
            .all(|statement| statement.holds != Some(false));
        if holds && target.join(publish::JOURNAL).is_file() {
            sound.push((target, statements));
        }
    }
    if arguments.certify {
        for (target, statements) in sound {
            let lines = statements.iter().map(Statement::line).collect();
            Certificate::new(target, lines)?.write(target)?;
            publish::build(target, &claims)?;
        }
        // The page of this folder, and the one above it of which this is a target.
        let above = folder.parent().filter(|_| targets == [folder.clone()]);
        for root in [Some(folder.as_path()), above].into_iter().flatten() {
            if root.join(site::CLAIMS).is_file() {
                site::build(root, None, None)?;
            }
        }
    }
    let page = folder.join("index.html").is_file();
    if page || folder.join(site::CLAIMS).is_file() {
        let of_page = || {
            let both = vec![verify::of_claims(folder, &targets)?, verify::page(folder)?];
            Ok::<_, anyhow::Error>(both)
        };
        let statements = of_page().unwrap_or_else(|error| {
            let text = format!("the page cannot be verified: {error:#}");
            vec![Statement {
                holds: Some(false),
                text,
            }]
        });
        code = code.max(told(folder, &statements)?);
    }
    Ok(code)
}

/// Prints statements on a folder, and answers the exit code for them.
fn told(folder: &Path, statements: &[Statement]) -> Result<u8> {
    show(&format!("{}\n{}\n", folder.display(), lines(statements)))?;
    let holds = statements
        .iter()
        .all(|statement| statement.holds != Some(false));
    Ok(if holds { DONE } else { FAILED })
}

fn lines(statements: &[Statement]) -> String {
    let lines: Vec<String> = statements
        .iter()
        .map(|s| format!("  {}", s.line()))
        .collect();
    lines.join("\n")
}

/// What can be stated of the run in a folder.
fn of(folder: &Path, claims: &Claims, arguments: &Verify) -> Result<Vec<Statement>> {
    let mut all = verify::stated(folder, claims)?;
    let wanted = match (arguments.all, arguments.sample) {
        (true, _) => Wanted::All,
        (false, 0) => return Ok(all),
        (false, count) => Wanted::Sample(count),
    };
    if !folder.join(publish::JOURNAL).is_file() {
        return Ok(all);
    }
    let again = || {
        let manifest = Manifest::read(folder)?;
        let mut data = arguments.data.clone();
        if data.data == DataPolicy::Auto {
            data.data = as_it_was(&manifest);
        }
        let configs = Configs::new(arguments.common.configs.clone());
        let registry = registry(&arguments.common, &configs)?;
        let library = library(&data, registry, Seeds::new(manifest.seed));
        verify::again(folder, &library, wanted, arguments.programs)
    };
    all.push(match again() {
        Ok(again) => again.statement(),
        Err(error) => Statement {
            holds: None,
            text: format!("no cell was run again: {}", lab::device::explained(&error)),
        },
    });
    Ok(all)
}

/// What kind of data a run had.
fn as_it_was(manifest: &Manifest) -> DataPolicy {
    let real = manifest
        .data
        .iter()
        .filter(|data| data.source == "real")
        .count();
    match real {
        0 => DataPolicy::Surrogate,
        real if real == manifest.data.len() => DataPolicy::Real,
        _ => DataPolicy::Auto,
    }
}
