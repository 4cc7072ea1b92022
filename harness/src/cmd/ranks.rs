//! What `harness reproduce` does on ranks of MPI.

use super::{DONE, FAILED, library, registry};
use crate::cli::Reproduce;
use anyhow::{Context, Result, ensure};
use datasets::{Library, Silent};
use lab::configs::Configs;
use lab::device::Machine;
use lab::environment::Environment;
use lab::experiments::windows::ranks::{agree, serve};
use lab::experiments::{self, Need};
use lab::manifest::sha256_hex;
use lab::plan::Plan;
use lab::seed::Seeds;
use optim::Ranks;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Makes sure that all ranks run the same program on the same data. Rank 0 goes on with `None`; every other rank
/// does what rank 0 says until it has ended, and answers its exit code.
///
/// # Errors
/// If the plan is none of windows, or ranks differ.
pub(super) fn follow(
    arguments: &Reproduce,
    configs: &Configs,
    plan: &Plan,
    machine: &Machine,
) -> Result<Option<u8>> {
    let Some(ranks) = machine.ranks() else {
        return Ok(None);
    };
    let leads = ranks.rank() == 0;
    // What fails here on one rank alone ends all of them, with its reason.
    let library = library_of(arguments, configs, plan)?;
    let (data, same) = at_hand(plan, &library)?;
    match agree(ranks.as_ref(), &same) {
        Err(error) if leads => return Err(error),
        // Rank 0 says it.
        Err(_) => return Ok(Some(FAILED)),
        Ok(()) => {}
    }
    if leads {
        return Ok(None);
    }
    serve(machine, |digest| {
        let of = data.iter().find(|known| known.digest == digest);
        let OnDisk { name, split, .. } = of.context("its digest is none of the plan's data")?;
        Ok(library.load(name, split.as_deref(), &Silent)?)
    })?;
    Ok(Some(DONE))
}

/// A target that rank 0 has chosen from all of them.
#[derive(Debug, Deserialize, Serialize)]
struct ChosenTarget {
    target: String,
    profile: String,
}

/// Of several targets, what rank 0 tells the others: which is next, and when it is dropped that there are no more.
pub(super) struct Chooser(Arc<dyn Ranks>);

impl Chooser {
    /// Of the ranks of a machine, if it has any.
    pub(super) fn of(machine: &Machine) -> Option<Self> {
        machine.ranks().map(|ranks| Self(ranks.clone()))
    }

    /// Has the others follow in a plan's target.
    ///
    /// # Errors
    /// If a rank is lost.
    pub(super) fn choose(&self, plan: &Plan) -> Result<()> {
        let chosen = Some(ChosenTarget {
            target: plan.target.clone(),
            profile: plan.profile.name.clone(),
        });
        self.0.broadcast(&serde_json::to_vec(&chosen)?)?;
        Ok(())
    }
}

impl Drop for Chooser {
    fn drop(&mut self) {
        // Ranks that are lost cannot be told.
        self.0.broadcast(b"null").ok();
    }
}

/// Follows rank 0 in each target that it chooses, if this is another rank: answers its exit code.
///
/// # Errors
/// As [`follow`].
pub(super) fn follow_each(
    arguments: &Reproduce,
    configs: &Configs,
    machine: &Machine,
) -> Result<Option<u8>> {
    let Some(ranks) = machine.ranks().filter(|ranks| ranks.rank() > 0) else {
        return Ok(None);
    };
    let mut code = DONE;
    loop {
        let told = ranks.broadcast(&[])?;
        let Some(chosen) = serde_json::from_slice::<Option<ChosenTarget>>(&told)? else {
            return Ok(Some(code));
        };
        let ChosenTarget { target, profile } = chosen;
        let plan = configs.plan(&target)?.profile(Some(&profile)).plan();
        let plan = plan.with_context(|| format!("the plan of {target}"))?;
        code = code.max(follow(arguments, configs, &plan, machine)?.unwrap_or(DONE));
    }
}

/// Whether a plan is of what ranks compute.
pub(super) fn is_for_ranks(plan: &Plan) -> bool {
    plan.experiment == "windows"
}

/// What ranks have to have alike, by its name.
type Same = [(&'static str, String); 4];

/// A data set that was parsed and is on this host's disk. Ranks that share a host read the same file, which the system
/// holds in memory once; what each holds of it for itself is what its kernel computes with.
struct OnDisk {
    name: String,
    split: Option<String>,
    digest: String,
}

fn library_of(arguments: &Reproduce, configs: &Configs, plan: &Plan) -> Result<Library> {
    ensure!(
        is_for_ranks(plan),
        "ranks of MPI compute windows: {} has none; leave --devices out",
        plan.target
    );
    let registry = registry(&arguments.common, configs)?;
    Ok(library(&arguments.data, registry, Seeds::new(plan.seed)))
}

/// The data that this rank has, and what the others have to have too.
fn at_hand(plan: &Plan, library: &Library) -> Result<(Vec<OnDisk>, Same)> {
    let mut data = Vec::new();
    let mut digests = String::new();
    for need in experiments::of(plan)?.needs() {
        if let Need::Rows { dataset, split } = need {
            let digest = library.load(&dataset, split.as_deref(), &Silent)?.digest();
            digests.push_str(&digest);
            data.push(OnDisk {
                name: dataset,
                split,
                digest,
            });
        }
    }
    let here = Environment::current();
    let same = [
        (
            "program",
            format!("{} {}", here.sources, here.build_profile),
        ),
        ("plan", sha256_hex(plan.resolved()?.as_bytes())),
        ("data", sha256_hex(digests.as_bytes())),
        ("processor", here.cpu),
    ];
    Ok((data, same))
}
