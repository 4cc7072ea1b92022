//! `harness plan`: for those who write plans of their own.

use super::{DONE, FAILED, registry, show};
use crate::cli::{PlanCheck, PlanCommand};
use anyhow::{Context, Result};
use lab::configs::Configs;
use lab::experiments::{self, KindSchema, Need};
use lab::plan::{Layers, schema};
use lab::progress::say;
use std::fmt::Write;

pub(super) fn run(command: &PlanCommand) -> Result<u8> {
    match command {
        PlanCommand::New { kind } => {
            let known: Vec<&str> = EXAMPLES.iter().map(|(kind, _)| *kind).collect();
            let example = EXAMPLES.iter().find(|(name, _)| name == kind);
            let (_, text) = example.with_context(|| {
                format!(
                    "there is no small plan of kind `{kind}` to begin with: there is {}; the project's own, by `harness list`, \
                     are examples of all kinds",
                    known.join(", ")
                )
            })?;
            show(text)?;
            Ok(DONE)
        }
        PlanCommand::Check(arguments) => check(arguments),
        PlanCommand::Schema { kind } => {
            let schemas = experiments::schemas();
            let known: Vec<&str> = schemas.iter().map(|of| of.kind).collect();
            let found = schemas.iter().find(|of| of.kind == kind);
            let found = found.with_context(|| {
                format!(
                    "`{kind}` is no kind of experiment: there is {}",
                    known.join(", ")
                )
            })?;
            show(&written(&found.file)?)?;
            Ok(DONE)
        }
        PlanCommand::Keys => {
            show(&keys())?;
            Ok(DONE)
        }
    }
}

/// What `new` writes: plans by their kinds, claims on the one of kind descent, and the program of the one of kind contest.
pub const EXAMPLES: &[(&str, &str)] = &[
    (
        "claims",
        include_str!("../../../configs/examples/claims.yaml"),
    ),
    (
        "contest",
        include_str!("../../../configs/examples/contest.yaml"),
    ),
    (
        "contestant",
        include_str!("../../../configs/examples/contestant.py"),
    ),
    (
        "descent",
        include_str!("../../../configs/examples/descent.yaml"),
    ),
    (
        "parallel",
        include_str!("../../../configs/examples/parallel.yaml"),
    ),
    (
        "sensitivity",
        include_str!("../../../configs/examples/sensitivity.yaml"),
    ),
    (
        "windows",
        include_str!("../../../configs/examples/windows.yaml"),
    ),
];

/// A schema as it is kept in a file.
///
/// # Errors
/// If it cannot be written as JSON.
pub fn written(schema: &serde_json::Value) -> Result<String> {
    Ok(serde_json::to_string_pretty(schema)? + "\n")
}

/// The table of all keys, kind by kind: configs/PLANS.md.
#[must_use]
pub fn keys() -> String {
    let mut text = String::from(
        "# What plans say\n\nEvery key of every kind of plan, made from the types that plans are read as (`harness plan keys`). \
         `[]` is an item of a list, `*` any name, and `methods[method=adam]` an item whose `method` is `adam`. A profile is a set \
         of keys each of which takes the whole place of the plan's; `harness plan check FILE` names all that is wrong with a plan at once.\n",
    );
    for KindSchema {
        kind,
        body,
        mut file,
    } in experiments::schemas()
    {
        // Of a plan that is like no other.
        let required = body["required"].as_array().into_iter().flatten().cloned();
        file["required"] = required.chain(["experiment".into()]).collect();
        let _ = write!(text, "\n## {kind}\n\n{}", schema::table(&file));
    }
    text
}

/// Looks at every profile of a plan, or at one.
fn check(arguments: &PlanCheck) -> Result<u8> {
    let configs = Configs::new(arguments.common.configs.clone());
    let registry = registry(&arguments.common, &configs)?;
    let plan = || -> Result<Layers> { Ok(configs.plan(&arguments.plan)?.set(&arguments.settings)) };
    let can_be_run = |profile: Option<&str>| -> Result<String> {
        let plan = plan()?.profile(profile).plan()?;
        for need in experiments::of(&plan)?.needs() {
            match need {
                Need::Rows { dataset, .. } => drop(registry.get(&dataset)?),
                Need::Images { dataset, .. } => drop(registry.images(&dataset)?),
            }
        }
        Ok(plan.profile.name)
    };
    // The one that is run where none is named first, whichever there are.
    let mut profiles = vec![arguments.profile.clone()];
    if arguments.profile.is_none() {
        profiles.extend(plan()?.profiles().into_iter().map(Some));
    }
    let (mut code, mut fine) = (DONE, Vec::new());
    for profile in profiles {
        match can_be_run(profile.as_deref()) {
            Ok(name) if fine.contains(&name) => {}
            Ok(name) => {
                say(&format!("{}, profile {name}: can be run", arguments.plan));
                fine.push(name);
            }
            Err(error) => {
                let of = profile.map_or_else(String::new, |name| format!(", profile {name}"));
                say(&format!("{}{of}: {error:#}", arguments.plan));
                code = FAILED;
                if of.is_empty() {
                    break;
                }
            }
        }
    }
    Ok(code)
}
