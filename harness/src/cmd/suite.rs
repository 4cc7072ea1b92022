//! `harness reproduce all`: every target, in an order that gives results early.

use super::reproduce::{ROOT, gate, target};
use super::{DONE, FAILED};
use crate::cli::Reproduce;
use crate::configs::Configs;
use crate::plan::Plan;
use crate::progress::say;
use crate::report::site;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Instant;

/// The name of the target that is all targets.
pub(super) const NAME: &str = "all";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    targets: Vec<String>,
}

/// The order of the targets.
///
/// # Errors
/// If the plan of all targets is not valid.
pub(super) fn order(configs: &Configs) -> Result<Vec<String>> {
    Ok(plan(configs, None)?.body::<Body>()?.targets)
}

fn plan(configs: &Configs, profile: Option<&str>) -> Result<Plan> {
    let text = configs.read("all.yaml")?;
    Plan::from_yaml(&text, &[], profile).context("the plan of all targets, all.yaml")
}

pub(super) fn run(arguments: &Reproduce, configs: &Configs) -> Result<u8> {
    ensure!(
        arguments.settings.is_empty() && arguments.datasets.is_empty(),
        "--set and --datasets are for one target, not for all of them"
    );
    let suite = plan(configs, arguments.profile.as_deref())?;
    let targets = suite.body::<Body>()?.targets;
    let root = arguments.out.clone().unwrap_or_else(|| ROOT.into());
    let claims = configs.read("claims.yaml")?;
    let checks = gate()?;
    std::fs::create_dir_all(&root)
        .with_context(|| format!("making the folder {}", root.display()))?;
    let begin = Instant::now();
    let mut done: Vec<PathBuf> = match arguments.fresh {
        true => Vec::new(),
        false => targets.iter().map(|name| root.join(name)).collect(),
    };
    let mut code = DONE;
    let mut summary = String::new();
    for (index, name) in targets.iter().enumerate() {
        say(&format!("[{}/{}] {name}", index + 1, targets.len()));
        let folder = root.join(name);
        // One that fails is told, and the others go on.
        let one = || -> Result<u8> {
            let plan = Plan::from_yaml(&configs.plan(name)?, &[], Some(&suite.profile.name))
                .with_context(|| format!("the plan of {name}"))?;
            let built = target(arguments, configs, &plan, (&folder, &done), checks)?;
            Ok(super::outcome(&built))
        };
        match one() {
            Ok(outcome) => code = code.max(outcome),
            Err(error) => {
                say(&format!("{name} failed: {error:#}"));
                code = code.max(failure(&error));
            }
        }
        done.push(folder);
        summary = site::build(&root, Some(&claims), Some(&targets))?.summary;
        say(&format!(
            "      {} after {:.0} s",
            summary,
            begin.elapsed().as_secs_f64()
        ));
    }
    super::show(&summary);
    say(&format!(
        "the page is {}",
        root.join("index.html").display()
    ));
    Ok(code)
}

/// The exit code of a target that could not be run.
fn failure(error: &anyhow::Error) -> u8 {
    match super::no_data(error) {
        true => super::NO_DATA,
        false => FAILED,
    }
}
