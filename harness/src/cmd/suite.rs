//! `harness reproduce all`: every target, in an order that gives results early.

use super::ranks::{self, Chooser, is_for_ranks};
use super::reproduce::{own_folder, root as default_root, target};
use super::{DONE, FAILED};
use crate::cli::Reproduce;
use crate::publish::site;
use crate::run::Theory;
use anyhow::{Context, Result, bail, ensure};
use lab::configs::Configs;
use lab::device::{Machine, RankDevice, Request, explained};
use lab::experiments::windows::ranks::Leader;
use lab::manifest::Manifest;
use lab::plan::{Plan, schema};
use lab::progress::say;
use lab::sharing::relatives;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::Path;
use std::time::Instant;

/// The name of the target that is all targets.
pub(super) const NAME: &str = "all";

/// The kind of the plan that lists targets.
pub(super) const KIND: &str = "suite";

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SuiteBody {
    /// The targets, in the order in which they are made.
    targets: Vec<SuitePart>,
}

/// A target of the suite.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum SuitePart {
    /// Run with its profile of the suite's name.
    Plain(String),
    /// Run so too where there are GPUs; on a CPU with another profile.
    Bounded(Bounded),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Bounded {
    /// Its name.
    target: String,
    /// The profile that a CPU can run.
    on_cpu: String,
}

impl SuitePart {
    fn name(&self) -> &str {
        match self {
            Self::Plain(name) | Self::Bounded(Bounded { target: name, .. }) => name,
        }
    }

    /// The profile it is run with, in a suite's.
    fn profile<'a>(&'a self, suite: &'a str, on: &Request) -> &'a str {
        match (self, on) {
            (
                Self::Bounded(Bounded { on_cpu, .. }),
                Request::Cpu { .. }
                | Request::Mpi {
                    on: RankDevice::Core,
                },
            ) => on_cpu,
            _ => suite,
        }
    }
}

/// The order of the targets.
///
/// # Errors
/// If the plan of all targets is not valid.
pub(super) fn order(configs: &Configs) -> Result<Vec<String>> {
    let parts = parts(&plan(configs, None)?)?;
    Ok(parts.iter().map(|part| part.name().to_owned()).collect())
}

fn parts(plan: &Plan) -> Result<Vec<SuitePart>> {
    let body = plan.body::<SuiteBody>();
    Ok(body.context("the list of all targets, all.yaml")?.targets)
}

/// The schema of the keys that only such a plan has.
pub(super) fn body_schema() -> serde_json::Value {
    schema::of::<SuiteBody>()
}

/// Looks at a list of targets: what its schema does not allow, and targets and profiles that are not there.
///
/// # Errors
/// All that is wrong with it, or the first target that is not there.
pub(super) fn check(text: &str, configs: &Configs) -> Result<()> {
    let suite = Plan::from_yaml(text, &[], None)?;
    let faults = suite.faults(&body_schema());
    ensure!(faults.is_empty(), "{}", schema::told(&faults));
    for part in parts(&suite)? {
        let target = configs.plan(part.name())?;
        if let SuitePart::Bounded(Bounded { on_cpu, target: of }) = &part {
            let named = target.profiles();
            ensure!(
                named.contains(on_cpu),
                "targets: {of} has no profile `{on_cpu}`, as `on_cpu` says: there is {}",
                named.join(", ")
            );
        }
    }
    Ok(())
}

fn plan(configs: &Configs, profile: Option<&str>) -> Result<Plan> {
    let text = configs.read("all.yaml")?;
    Plan::from_yaml(&text, &[], profile).context("the plan of all targets, all.yaml")
}

pub(super) fn run(arguments: &Reproduce, configs: &Configs) -> Result<u8> {
    ensure!(
        arguments.settings.is_empty()
            && arguments.datasets.is_empty()
            && arguments.claims.is_none(),
        "--set, --datasets and --claims are for one target, not for all of them"
    );
    // Ranks are joined once; other devices are opened for each target, and looked at then.
    let of_ranks = match arguments.devices {
        Request::Mpi { .. } => Some(Machine::open(arguments.devices.clone())?),
        _ => None,
    };
    if let Some(machine) = &of_ranks
        && let Some(code) = ranks::follow_each(arguments, configs, machine)?
    {
        return Ok(code);
    }
    let chooser = of_ranks.as_ref().and_then(Chooser::of);
    let suite = plan(configs, arguments.profile.as_deref())?;
    let parts = parts(&suite)?;
    let targets: Vec<String> = parts.iter().map(|part| part.name().to_owned()).collect();
    let root = arguments
        .out
        .clone()
        .unwrap_or_else(|| default_root(arguments));
    if let Ok(alone) = Manifest::read(&root) {
        let (root, target) = (root.display(), alone.target);
        bail!(
            "{root} has a run of {target}, whose page would hide the others: give this one another folder, by --out"
        );
    }
    let claims = configs.read("claims.yaml")?;
    let theory = Theory::default();
    std::fs::create_dir_all(&root)
        .with_context(|| format!("making the folder {}", root.display()))?;
    let mut page = site::SitePage::new(&root, Some(&claims), Some(&targets))?;
    let begin = Instant::now();
    let mut done: Vec<String> = Vec::new();
    let mut code = DONE;
    let mut summary = String::new();
    for (index, part) in parts.iter().enumerate() {
        let name = part.name();
        say(&format!("[{}/{}] {name}", index + 1, targets.len()));
        let folder = root.join(name);
        let profile = part.profile(&suite.profile.name, &arguments.devices);
        let planned = || {
            let plan = configs.plan(name)?.profile(Some(profile)).plan();
            plan.with_context(|| format!("the plan of {name}"))
        };
        if chooser.is_some() && planned().is_ok_and(|plan| !is_for_ranks(&plan)) {
            say("      left out: ranks of MPI compute windows, and it has none");
            continue;
        }
        // What a CPU can do does not take the place of what a GPU has done.
        if profile != suite.profile.name
            && let Some(there) = shown(&folder).filter(|there| there != profile)
        {
            say(&format!("      left as it is: a run of profile {there}"));
            done.push(name.to_owned());
            continue;
        }
        // One that fails is told, and the others go on.
        let mut one = || -> Result<u8> {
            let plan = planned()?;
            let mut sharing = relatives(&root, &plan)?;
            // Afresh, only what this command has measured.
            sharing.retain(|relative| !arguments.fresh || done.contains(&relative.target));
            own_folder(&folder, name)?;
            let machine = match &of_ranks {
                Some(machine) => machine.clone(),
                None => Machine::open(arguments.devices.clone())?,
            };
            let _leader = match &chooser {
                Some(chooser) => {
                    chooser.choose(&plan)?;
                    ranks::follow(arguments, configs, &plan, &machine)?;
                    Leader::of(&machine)
                }
                None => None,
            };
            let places = (folder.as_path(), &sharing[..]);
            let built = target(arguments, configs, &plan, (machine, places), &theory)?;
            let outcome = super::outcome(&built);
            page.take(&folder, built);
            Ok(outcome)
        };
        match one() {
            Ok(outcome) => code = code.max(outcome),
            Err(error) => {
                say(&format!("{name} failed: {}", explained(&error)));
                code = code.max(failure(&error));
            }
        }
        done.push(name.to_owned());
        summary = page.build()?.summary;
        say(&format!(
            "      {} after {:.0} s",
            summary,
            begin.elapsed().as_secs_f64()
        ));
    }
    super::show(&summary)?;
    say(&format!(
        "the page is {}",
        root.join("index.html").display()
    ));
    Ok(code)
}

/// The profile of the run that a folder shows.
fn shown(folder: &Path) -> Option<String> {
    let manifest = Manifest::read(folder).ok()?;
    Some(manifest.profile)
}

/// The exit code of a target that could not be run.
fn failure(error: &anyhow::Error) -> u8 {
    match super::no_data(error) {
        true => super::NO_DATA,
        false => FAILED,
    }
}
