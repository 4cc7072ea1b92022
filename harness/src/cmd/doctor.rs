//! `harness doctor`.

use super::{cost, library, rates, registry, show};
use crate::cli::{Common, Data};
use anyhow::Result;
use candle_core::DType;
use lab::configs::Configs;
use lab::device::{Machine, Request, explained, gpu};
use lab::environment::Environment;
use lab::seed::Seeds;
use rows::format::Format;
use std::fmt::Write;

pub(super) fn run(measure: bool, devices: Request, data: &Data, common: &Common) -> Result<u8> {
    let mut out = String::new();
    machine(&mut out);
    let diagnosis = diagnose(&mut out, measure, devices, data, common);
    // What was found before something failed is what one asked for.
    let shown = show(&out);
    diagnosis.and(shown).map(|()| super::DONE)
}

fn diagnose(
    out: &mut String,
    measure: bool,
    devices: Request,
    data: &Data,
    common: &Common,
) -> Result<()> {
    let configs = Configs::new(common.configs.clone());
    let of = Machine::open(devices)?;
    if let Some(line) = kernels(&of)? {
        let _ = writeln!(out, "Kernels  {line}");
    }
    let store = rates(data, &configs, &of)?;
    let known = match measure {
        true => Some(store.measure(&of)?),
        false => store.kept(),
    };
    let _ = match known {
        Some(rates) => writeln!(out, "Rates    {rates}"),
        None => writeln!(
            out,
            "Rates    not measured yet: --measure does it, and the first timed target"
        ),
    };
    let library = library(data, registry(common, &configs)?, Seeds::new(0));
    let _ = writeln!(out, "\nData ({}):", data.data);
    let registry = library.registry();
    for name in registry.names().into_iter().chain(registry.image_names()) {
        for file in library.status(name)? {
            let _ = writeln!(out, "  {name:<14} {:<26} {}", file.name, file.place);
        }
    }
    let _ = writeln!(
        out,
        "\nWhat `harness reproduce` would do (plans: {}):",
        configs.place()
    );
    for summary in configs.summaries()? {
        for profile in summary.profiles {
            let layers = configs.plan(&summary.target)?;
            let plan = layers.profile(Some(&profile.name)).plan()?;
            let experiment = lab::experiments::of(&plan)?;
            let needs = experiment.needs();
            let names: Vec<&str> = needs.iter().map(|need| need.dataset()).collect();
            let on = if names.is_empty() {
                String::new()
            } else {
                format!(" on {}", names.join(", "))
            };
            let _ = writeln!(
                out,
                "  {} --profile {}{on}; {}{}",
                summary.target,
                profile.name,
                profile.what,
                cost(&profile)
            );
        }
    }
    Ok(())
}

/// Whether a GPU computes by this project's kernels; nothing of a CPU.
fn kernels(machine: &Machine) -> Result<Option<String>> {
    let device = machine.home();
    if device.is_cpu() {
        return Ok(None);
    }
    let mut without = Vec::new();
    for dtype in [DType::F32, DType::F64] {
        if !optim::window_kernels(device, dtype)? {
            without.push(format!("windows of {dtype:?}"));
        }
        if !::gpu::agrees(device, dtype)? {
            without.push(format!("gradients of {dtype:?}"));
        }
    }
    let place = machine.whole().label;
    Ok(Some(match without.is_empty() {
        true => format!("{place} computes with them what the CPU does, and uses them"),
        false => format!(
            "{place} computes otherwise than the CPU with those for {}: it uses the tensor library's operations there, which are slower; is the driver older than this program's CUDA?",
            without.join(", ")
        ),
    }))
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
    let memory = Format::Gibibytes.show(e.memory_bytes as f64);
    let _ = writeln!(out, "Machine  {}, {}", e.cpu, e.os);
    let _ = writeln!(out, "         {} cores, {memory} memory", e.cores);
    let _ = writeln!(
        out,
        "Devices  cpu      {} threads; cpu:N gives N single-threaded workers",
        e.threads
    );
    match gpu::count() {
        Ok(count) => {
            for described in (0..count).map(gpu::described) {
                let _ = match described {
                    Ok(gpu) => {
                        let free = Format::Gibibytes.show(gpu.free_bytes as f64);
                        writeln!(out, "         {gpu}, {free} free")
                    }
                    Err(error) => writeln!(out, "         {}", explained(&error)),
                };
            }
            if let Some(peers) = gpu::peer_access(count) {
                let _ = writeln!(out, "         {peers}");
            }
            let driver = gpu::driver().unwrap_or_else(|| "of unknown version".into());
            let cuda = gpu::cuda_version().unwrap_or_default();
            let cublas = ::gpu::cublas_version().unwrap_or_else(|| "of unknown version".into());
            let cudnn = match ::gpu::cudnn_version() {
                Some(version) => format!("cuDNN {version}"),
                None => "no cuDNN".into(),
            };
            let _ = writeln!(
                out,
                "         CUDA {cuda}, cuBLAS {cublas}, {cudnn}, driver {driver}"
            );
        }
        Err(error) => {
            let _ = writeln!(out, "         cuda     no: {}", explained(&error));
        }
    }
}
