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
    for target in &targets {
        let statements = of(target, &claims, arguments).unwrap_or_else(|error| {
            let text = format!("it cannot be verified: {error:#}");
            vec![Statement {
                holds: Some(false),
                text,
            }]
        });
        show(&format!("{}\n{}\n", target.display(), lines(&statements)))?;
        let holds = statements
            .iter()
            .all(|statement| statement.holds != Some(false));
        if !holds {
            code = FAILED;
        } else if arguments.certify {
            let lines = statements.iter().map(Statement::line).collect();
            Certificate::new(target, lines)?.write(target)?;
            publish::build(target, &claims)?;
        }
    }
    if folder.join(site::CLAIMS).is_file() {
        if arguments.certify && code == DONE {
            site::build(folder, None, None)?;
        }
        let page = verify::page(folder)?;
        show(&format!(
            "{}\n{}",
            folder.display(),
            lines(std::slice::from_ref(&page))
        ))?;
        if page.holds == Some(false) {
            code = FAILED;
        }
    }
    Ok(code)
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
        verify::again(folder, &library, wanted)
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
