//! `harness doctor`.

use super::{library, rates, registry, show};
use crate::cli::{Common, Data};
use anyhow::Result;
use candle_core::DType;
use datasets::{Library, Place};
use lab::configs::Configs;
use lab::device::{Machine, Request, explained, gpu};
use lab::environment::Environment;
use lab::plan::Profile;
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
    let _ = writeln!(
        out,
        "\nData ({}; `harness fetch` says it file by file):",
        data.data
    );
    for (place, names) in places(&library)? {
        let _ = writeln!(out, "  {place:<16} {}", names.join(", "));
    }
    let _ = writeln!(
        out,
        "\nWhat `harness reproduce TARGET --profile PROFILE` would do, on two cores (plans: {}; more: `harness list`):",
        configs.place()
    );
    for summary in configs.summaries()? {
        let mut profiles = Vec::new();
        for profile in &summary.profiles {
            // One that cannot be read is told here.
            let layers = configs.plan(&summary.target)?;
            layers.profile(Some(&profile.name)).plan()?;
            profiles.push(format!("{}{}", profile.name, shortly(profile)));
        }
        let _ = writeln!(out, "  {:<11} {}", summary.target, profiles.join(", "));
    }
    Ok(())
}

/// Collects the data sets by where their files would come from.
fn places(library: &Library) -> Result<Vec<(String, Vec<String>)>> {
    let mut places: Vec<(String, Vec<String>)> = Vec::new();
    let registry = library.registry();
    for name in registry.names().into_iter().chain(registry.image_names()) {
        for file in library.status(name)? {
            let place = match file.place {
                Place::ParsedCache(_) => "parsed cache".to_owned(),
                Place::Path(path) => path.display().to_string(),
                Place::DataDir(path) => format!("in {}", path.parent().unwrap_or(&path).display()),
                Place::Downloaded(_) => "downloaded".to_owned(),
                Place::MustDownload { addresses } if addresses.is_empty() => "nowhere".to_owned(),
                _ => "to be downloaded".to_owned(),
            };
            let at = places.iter().position(|(known, _)| *known == place);
            let at = at.unwrap_or_else(|| {
                places.push((place, Vec::new()));
                places.len() - 1
            });
            let names = &mut places[at].1;
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    Ok(places)
}

/// Says how long a profile takes, to be set behind its name.
fn shortly(profile: &Profile) -> String {
    match profile.minutes {
        Some(minutes) if minutes < 1.0 => format!(" {:.0} s", 60.0 * minutes),
        Some(minutes) => format!(" {minutes:.0} min"),
        None => String::new(),
    }
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
