//! `harness plan`: for those who write plans of their own.

use super::{DONE, FAILED, asked, registry, show, suite};
use crate::cli::{Common, PlanCheck, PlanCommand};
use anyhow::{Context, Result};
use lab::configs::Configs;
use lab::experiments::{self, KindSchema, Need};
use lab::plan::{Layers, schema};
use lab::progress::say;
use serde_yaml::{Mapping, Value};
use std::fmt::Write;
use std::path::{Path, PathBuf};

pub(super) fn run(command: &PlanCommand) -> Result<u8> {
    match command {
        PlanCommand::New { kind, common } => {
            let known: Vec<&str> = EXAMPLES.iter().map(|(kind, _)| *kind).collect();
            let example = EXAMPLES.iter().find(|(name, _)| name == kind);
            let (_, text) = example.with_context(|| {
                format!(
                    "there is no small plan of kind `{kind}` to begin with: there is {}; the project's own, by `harness list`, \
                     are examples of all kinds",
                    known.join(", ")
                )
            })?;
            show(&begun(kind, text, &Configs::new(common.configs.clone())))?;
            Ok(DONE)
        }
        PlanCommand::Check(arguments) => check(arguments),
        PlanCommand::Schema { kind } => {
            let schemas = files();
            let known: Vec<&str> = schemas.iter().map(|(name, _)| *name).collect();
            let found = schemas.iter().find(|(name, _)| name == kind);
            let (_, schema) = found.with_context(|| {
                format!(
                    "`{kind}` is no kind of experiment, and neither claims nor a registry: there is {}",
                    known.join(", ")
                )
            })?;
            show(&written(schema)?)?;
            Ok(DONE)
        }
        PlanCommand::Keys => {
            show(&keys())?;
            Ok(DONE)
        }
    }
}

/// What `new` writes: plans by their kinds, claims on the one of kind descent, the program of the one of kind contest,
/// and a registry of data sets.
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
        "registry",
        include_str!("../../../configs/examples/registry.yaml"),
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

/// A text to begin with, whose first line names its schema where an editor finds it wherever the file is kept: in the
/// folder of configurations; where there is none beside the file, and how it comes there is said.
fn begun(kind: &str, text: &str, configs: &Configs) -> String {
    let relative = format!("$schema=../schema/{kind}.json");
    if !text.contains(&relative) {
        return text.to_owned();
    }
    let schema = configs.schema(kind).unwrap_or_else(|| {
        let beside = format!("{kind}.schema.json");
        say(&format!(
            "its first line names {beside}, by which editors complete and check it: `harness plan schema {kind} > {beside}` writes that"
        ));
        beside
    });
    text.replacen(&relative, &format!("$schema={schema}"), 1)
}

/// The schemas of all files that one writes: plans by their kinds, lists of targets, claims, and registries of data sets.
#[must_use]
pub fn files() -> Vec<(&'static str, serde_json::Value)> {
    let plans = experiments::schemas()
        .into_iter()
        .map(|of| (of.kind, of.file));
    let suite = schema::of_file(suite::KIND, &suite::body_schema());
    let others = [
        (suite::KIND, suite),
        ("claims", asked::file_schema()),
        ("registry", schema::registry()),
    ];
    plans.chain(others).collect()
}

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
         of keys each of which takes the whole place of the plan's; `harness plan check FILE` names all that is wrong with a plan at once.\n\n\
         An editor with the YAML language server (VS Code: the extension YAML of Red Hat) completes and checks a file by its first line,\n\
         `# yaml-language-server: $schema=PATH`; `harness plan new KIND` writes it, and `harness plan schema KIND > PATH` the schema.\n",
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
    let targets = schema::table(&schema::of_file(suite::KIND, &suite::body_schema()));
    let registry = schema::table(&schema::registry());
    let _ = write!(
        text,
        "\n## suite\n\nThe targets of `harness reproduce all`, as [`all.yaml`](all.yaml) lists them.\n\n{targets}\n## Claims\n\nWhat `--claims FILE` may say, as [`claims.yaml`](claims.yaml) does. Where a claim has `each`, `{{name}}` may stand \
         for any value.\n\n{}\n## Registries of data sets\n\nWhat `--registry FILE` may say, as [`datasets.yaml`](datasets.yaml) does.\n\n{registry}",
        schema::table(&asked::schema())
    );
    text
}

/// Looks at a registry, at claims, or at every profile of a plan, or at one.
fn check(arguments: &PlanCheck) -> Result<u8> {
    let configs = Configs::new(arguments.common.configs.clone());
    let file = Path::new(&arguments.plan);
    let text = match file
        .extension()
        .is_some_and(|of| of == "yaml" || of == "yml")
    {
        true => datasets::yaml::read(file).unwrap_or_default(),
        false => String::new(),
    };
    let keys: Mapping = datasets::yaml::load(&text).unwrap_or_default();
    let is = |key: &str| keys.contains_key(key) && !keys.contains_key("experiment");
    if is("claims") {
        let looked = check_claims(&text, file, &configs);
        return Ok(said(
            arguments,
            looked.with_context(|| arguments.plan.clone()),
        ));
    }
    if keys.get("experiment").and_then(Value::as_str) == Some(suite::KIND) {
        return Ok(said(arguments, suite::check(&text, &configs)));
    }
    // The `datasets` of a plan are a list of names.
    let of_names = keys.get("datasets").is_some_and(Value::is_mapping);
    if of_names || is("images") && !keys.contains_key("like") {
        let common = Common {
            registry: [arguments.common.registry.clone(), vec![file.to_owned()]].concat(),
            ..arguments.common.clone()
        };
        return Ok(said(arguments, registry(&common, &configs).map(drop)));
    }
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

/// Says what came of looking at a file.
fn said(arguments: &PlanCheck, looked: Result<()>) -> u8 {
    match looked {
        Ok(()) => {
            say(&format!("{}: nothing is wrong with it", arguments.plan));
            DONE
        }
        Err(error) => {
            say(&format!("{error:#}"));
            FAILED
        }
    }
}

/// The names of the plans, or whatever else is YAML, in a file's folder.
fn beside(file: &Path) -> Vec<String> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let listed = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let of_plan = |path: PathBuf| {
        let yaml = path.extension().is_some_and(|of| of == "yaml");
        let stem = path.file_stem().filter(|_| yaml)?;
        Some(stem.to_string_lossy().into_owned())
    };
    listed.filter_map(|entry| of_plan(entry.path())).collect()
}

/// Looks at claims, beside the plans that they are about: the project's own, or one of that name in their folder.
fn check_claims(text: &str, file: &Path, configs: &Configs) -> Result<()> {
    let targets: Vec<String> = configs
        .summaries()?
        .into_iter()
        .map(|plan| plan.target)
        .collect();
    let plan = |target: &str| {
        let own = file.with_file_name(format!("{target}.yaml"));
        let name = match own.is_file() {
            true => own.display().to_string(),
            false if targets.iter().any(|known| known == target) => target.to_owned(),
            false => {
                let known = [&targets[..], &beside(file)].concat();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let hint = schema::meant(target, &known);
                return Err(format!(
                    "there is neither a plan {target}.yaml beside it nor a target of that name{hint}"
                ));
            }
        };
        configs
            .plan(&name)
            .and_then(Layers::plan)
            .map_err(|error| format!("{error:#}"))
    };
    asked::read(text, plan).map(drop)
}
