//! `harness reproduce`.

use super::{asked, library, ranks, rates, registry, suite};
use crate::cli::Reproduce;
use crate::publish::{self, Built, site};
use crate::run::{TargetRun, Theory};
use crate::screen;
use anyhow::{Context, Result, bail, ensure};
use claims::Claims;
use lab::configs::Configs;
use lab::device::Machine;
use lab::environment::Environment;
use lab::experiments::windows::ranks::Leader;
use lab::manifest::{Manifest, now, sha256_hex};
use lab::paper::Paper;
use lab::plan::Plan;
use lab::plan::schema::meant;
use lab::progress::say;
use lab::rates::Rates;
use lab::rates::store::Store;
use lab::seed::Seeds;
use lab::sharing::{Relative, relatives};
use std::path::{Path, PathBuf};

pub(super) fn run(arguments: &Reproduce) -> Result<u8> {
    let configs = Configs::new(arguments.common.configs.clone());
    if arguments.target == suite::NAME {
        return suite::run(arguments, &configs);
    }
    let layers = configs
        .plan(&arguments.target)?
        .profile(arguments.profile.as_deref())
        .set(&arguments.settings)
        .only(&arguments.datasets);
    let plan = layers.plan();
    let plan = plan.with_context(|| format!("the plan of {}", arguments.target))?;
    // With --out the page stands in the target's own folder, else above all targets.
    let alone = arguments.out.is_some() || arguments.claims.is_some();
    let (folder, root) = match &arguments.out {
        Some(out) => (out.clone(), out.clone()),
        None => {
            let root = root(arguments);
            let folder = root.join(&plan.target);
            let root = if alone { folder.clone() } else { root };
            (folder, root)
        }
    };
    // A folder of one's own is a report of its own.
    let sharing = match arguments.fresh || alone {
        true => Vec::new(),
        false => relatives(&root, &plan)?,
    };
    if let Some(file) = &arguments.claims {
        own_claims(file, &plan)?;
    }
    let machine = Machine::open(arguments.devices.clone())?;
    if let Some(code) = ranks::follow(arguments, &configs, &plan, &machine)? {
        return Ok(code);
    }
    // Whatever comes of this rank, the others end with it.
    let _leader = Leader::of(&machine);
    own_folder(&folder, &plan.target)?;
    let theory = Theory::default();
    let places = (folder.as_path(), &sharing[..]);
    let built = target(arguments, &configs, &plan, (machine, places), &theory)?;
    super::show(&screen::tables(&built.document))?;
    say_files(&folder, &built);
    let order = suite::order(&configs)?;
    let claims = claims_of(arguments, &configs)?;
    let outcome = super::outcome(&built);
    let mut page = site::SitePage::new(&root, Some(&claims), Some(&order))?;
    page.take(&folder, built);
    let site = page.build()?;
    // The page of all targets, where there is one, shows its rows too.
    let above = self::root(arguments);
    if arguments.out.is_none() && above != root && above.join(site::CLAIMS).is_file() {
        site::build(&above, None, Some(&order))?;
    }
    say(&format!(
        "the page is {}",
        root.join("index.html").display()
    ));
    super::show(&site.summary)?;
    Ok(outcome)
}

/// What a run is judged by: the papers' claims, or those that the command line names.
fn claims_of(arguments: &Reproduce, configs: &Configs) -> Result<String> {
    match &arguments.claims {
        Some(file) => datasets::yaml::read(file)
            .with_context(|| format!("reading the claims {}", file.display())),
        None => configs.read(site::CLAIMS),
    }
}

/// Refuses claims of one's own that no row of the plan can answer, before hours are spent on its rows.
fn own_claims(file: &Path, plan: &Plan) -> Result<()> {
    let shown = || file.display().to_string();
    let text = datasets::yaml::read(file);
    let text = text.with_context(|| format!("reading the claims {}", file.display()))?;
    let own = &plan.target;
    let of_plan = |target: &str| match target == own {
        true => Ok(plan.clone()),
        false => Err(format!(
            "is about `{target}`, but what is run is `{own}`{}",
            meant(target, &[own])
        )),
    };
    asked::read(&text, of_plan).map(drop).with_context(shown)
}

/// Refuses a folder in which a run would hide or leave behind what others have measured.
pub(super) fn own_folder(folder: &Path, target: &str) -> Result<()> {
    if let Ok(there) = Manifest::read(folder) {
        ensure!(
            there.target == target,
            "{} has a run of {}: give this one another folder, by --out",
            folder.display(),
            there.target
        );
        return Ok(());
    }
    if folder.join(lab::manifest::FILE).is_file() {
        // One that cannot be read is made again.
        return Ok(());
    }
    let runs = site::targets(folder, &[]).unwrap_or_default();
    if let Some(run) = runs.first() {
        let (folder, run) = (folder.display(), run.display());
        bail!(
            "{folder} is a report of several runs ({run} is one): give this one --out {folder}/{target}"
        );
    }
    Ok(())
}

/// The folder of all targets that a command writes, where it does not say which.
pub(super) fn root(arguments: &Reproduce) -> PathBuf {
    let shard = arguments
        .shard
        .map(|shard| Path::new(ROOT).join(shard.folder()));
    shard.unwrap_or_else(|| ROOT.into())
}

/// The folder of all targets.
pub(super) const ROOT: &str = "reports";

/// Runs one target into a folder; cells that one of its relatives has are taken from there.
pub(super) fn target(
    arguments: &Reproduce,
    configs: &Configs,
    plan: &Plan,
    (machine, (folder, sharing)): (Machine, (&Path, &[Relative])),
    theory: &Theory,
) -> Result<Built> {
    let store = rates(&arguments.data, configs, &machine)?;
    let manifest = manifest(arguments, plan, configs)?;
    let claims =
        Claims::from_yaml(&claims_of(arguments, configs)?).context(match &arguments.claims {
            Some(file) => file.display().to_string(),
            None => site::CLAIMS.to_owned(),
        })?;
    if let Some(file) = &arguments.claims {
        let others = claims
            .claims
            .iter()
            .find(|claim| claim.target() != plan.target);
        ensure!(
            others.is_none(),
            "{}: the claim {} is about the rows of {}, and this run is of {}",
            file.display(),
            others.map_or("", |claim| &claim.id),
            others.map_or("", |claim| claim.target()),
            plan.target
        );
    }
    let mut run = TargetRun::open(plan, machine.clone(), folder, manifest, claims)?;
    let registry = registry(&arguments.common, configs)?;
    let library = library(&arguments.data, registry, Seeds::new(plan.seed));
    run.load(&library)?;
    // Only now that everything needed is there.
    if arguments.fresh {
        run.start_over()?;
    }
    if run.is_timed() {
        run.rates(known_or_measured(&store, &machine));
    }
    run.all(sharing, theory)
}

/// The machine's rates. Without them a run lacks some columns, and is no failure.
fn known_or_measured(store: &Store, machine: &Machine) -> Option<Rates> {
    store.kept().or_else(|| {
        let measured = store.measure(machine);
        measured
            .map_err(|error| {
                say(&format!(
                    "no rates, and no least times from them: {error:#}"
                ))
            })
            .ok()
    })
}

fn say_files(folder: &Path, built: &Built) {
    let name = |path: &PathBuf| Some(path.file_name()?.to_string_lossy().into_owned());
    let mut names: Vec<String> = built.files.iter().filter_map(name).collect();
    names.extend([publish::JOURNAL.to_owned(), lab::manifest::FILE.to_owned()]);
    say(&format!(
        "\nwritten to {}:\n  {}",
        folder.display(),
        names.join(", ")
    ));
}

/// Lists in what a plan differs from the one that the program has under that name; of a target that it has none of
/// there is nothing to compare.
fn changed(plan: &Plan) -> Result<Vec<String>> {
    let Ok(published) = Configs::compiled_in().plan(&plan.target) else {
        return Ok(Vec::new());
    };
    match published.profile(Some(&plan.profile.name)).plan() {
        Ok(published) => plan.differences(&published),
        Err(_) => Ok(vec![format!(
            "the profile {} is none of the published plan's",
            plan.profile.name
        )]),
    }
}

/// The command as it was given, the program by its name alone: where it lay on this machine is no part of what
/// can be repeated elsewhere.
fn command_line(arguments: impl Iterator<Item = std::ffi::OsString>) -> Vec<String> {
    let text = |argument: &std::ffi::OsStr| argument.to_string_lossy().into_owned();
    arguments
        .enumerate()
        .map(
            |(place, argument)| match (place, Path::new(&argument).file_name()) {
                (0, Some(name)) => text(name),
                _ => text(&argument),
            },
        )
        .collect()
}

fn manifest(arguments: &Reproduce, plan: &Plan, configs: &Configs) -> Result<Manifest> {
    let resolved = plan.resolved()?;
    Ok(Manifest {
        command: command_line(std::env::args_os()),
        started_at: now(),
        ended_at: None,
        target: plan.target.clone(),
        profile: plan.profile.name.clone(),
        changed: changed(plan)?,
        datasets: Vec::new(),
        plan_sha256: sha256_hex(resolved.as_bytes()),
        plan: resolved,
        devices: arguments.devices.to_string(),
        seed: plan.seed,
        registry_sha256: sha256_hex(configs.read("datasets.yaml")?.as_bytes()),
        data: Vec::new(),
        cells: Vec::new(),
        shard: arguments.shard,
        whole: Vec::new(),
        verifiable: true,
        copied: Vec::new(),
        theory_checks: None,
        environment: Environment::current(),
        elsewhere: Vec::new(),
        rates: None,
        paper: Paper::from_yaml(&configs.read("paper.yaml")?).context("paper.yaml")?,
        claims_sha256: Some(sha256_hex(claims_of(arguments, configs)?.as_bytes())),
        journal: None,
        sum: None,
        altered: None,
    })
}
