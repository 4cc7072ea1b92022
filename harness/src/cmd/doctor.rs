//! `harness doctor`.

use super::{library, registry, show};
use crate::cli::{Common, Data};
use crate::configs::Configs;
use crate::device::Machine;
use crate::environment::Environment;
use crate::plan::Plan;
use crate::seed::Seeds;
use anyhow::Result;
use std::fmt::Write;

pub(super) fn run(data: &Data, common: &Common) -> Result<u8> {
    let mut out = String::new();
    machine(&mut out);
    let configs = Configs::new(common.configs.clone());
    let library = library(data, registry(common, &configs)?, Seeds::new(0));
    let _ = writeln!(out, "\nData ({}):", data.data);
    for name in library.registry().names() {
        for file in library.status(name)? {
            let _ = writeln!(out, "  {name:<8} {:<14} {}", file.name, file.place);
        }
    }
    let _ = writeln!(
        out,
        "\nWhat `harness reproduce` would do (plans: {}):",
        configs.place()
    );
    for summary in configs.summaries()? {
        for (profile, what) in summary.profiles {
            let plan = Plan::from_yaml(&configs.plan(&summary.target)?, &[], Some(&profile))?;
            let cells = plan.profile.datasets.len() * plan.windows.len();
            let _ = writeln!(
                out,
                "  {} --profile {profile}: {cells} cells on {}, each timed {} times; {what}",
                summary.target,
                plan.profile.datasets.join(", "),
                plan.profile.repeats
            );
        }
    }
    show(&out);
    Ok(super::DONE)
}

fn machine(out: &mut String) {
    let e = Environment::current();
    let _ = writeln!(
        out,
        "Program  {} ({} build), commit {}",
        e.version, e.build_profile, e.commit
    );
    let _ = writeln!(out, "         {}", e.rustc);
    if e.build_profile != "release" {
        let _ = writeln!(
            out,
            "         timings of a build without --release are slower than need be"
        );
    }
    let gib = e.memory_bytes as f64 / f64::from(1 << 30);
    let _ = writeln!(out, "Machine  {}, {}", e.cpu, e.os);
    let _ = writeln!(out, "         {} cores, {gib:.1} GiB memory", e.cores);
    let _ = writeln!(
        out,
        "Devices  cpu      {} threads; cpu:N gives N single-threaded workers",
        e.threads
    );
    match Machine::open(crate::device::Request::Cuda { ordinals: vec![0] }) {
        Ok(_) => {
            let _ = writeln!(out, "         cuda:0   there");
        }
        Err(error) => {
            let _ = writeln!(out, "         cuda     no: {error:#}");
        }
    }
}
