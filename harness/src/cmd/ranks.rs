//! What `harness reproduce` does on ranks of MPI.

use super::{DONE, FAILED, library, registry};
use crate::cli::Reproduce;
use anyhow::{Result, ensure};
use datasets::{Dataset, Silent};
use lab::configs::Configs;
use lab::device::{Machine, leave_ranks};
use lab::environment::Environment;
use lab::experiments::windows::ranks::{agree, serve};
use lab::experiments::{self, Need};
use lab::manifest::sha256_hex;
use lab::plan::Plan;
use lab::seed::Seeds;

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
    let (data, same) = at_hand(arguments, configs, plan)?;
    match agree(ranks.as_ref(), &same) {
        Err(error) if leads => return Err(error),
        // Rank 0 says it.
        Err(_) => {
            leave_ranks(FAILED);
            return Ok(Some(FAILED));
        }
        Ok(()) => {}
    }
    if leads {
        return Ok(None);
    }
    serve(machine, &data)?;
    leave_ranks(DONE);
    Ok(Some(DONE))
}

/// What ranks have to have alike, by its name.
type Same = [(&'static str, String); 4];

/// The data that this rank has, and what the others have to have too.
fn at_hand(arguments: &Reproduce, configs: &Configs, plan: &Plan) -> Result<(Vec<Dataset>, Same)> {
    ensure!(
        plan.experiment == "windows",
        "ranks of MPI compute windows: {} has none; leave --devices out",
        plan.target
    );
    let registry = registry(&arguments.common, configs)?;
    let library = library(&arguments.data, registry, Seeds::new(plan.seed));
    let mut data = Vec::new();
    let mut digests = String::new();
    for need in experiments::of(plan)?.needs() {
        if let Need::Rows { dataset, split } = need {
            let rows = library.load(&dataset, split.as_deref(), &Silent)?;
            digests.push_str(&rows.digest());
            data.push(rows);
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
