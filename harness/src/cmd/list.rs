//! `harness list`.

use super::{cost, registry, show};
use crate::cli::Common;
use anyhow::{Context, Result};
use datasets::registry::{DatasetSpec, LabelSpec};
use lab::configs::Configs;
use lab::plan::Layers;
use std::fmt::Write;

/// Says how many columns and classes a data set has, as far as its entry tells.
fn shape(spec: &DatasetSpec) -> String {
    let features = match spec.features {
        Some(features) => format!("{features} features"),
        None => format!("{}, features counted when it is read", spec.train.format),
    };
    let labels = match (&spec.labels, spec.classes) {
        (LabelSpec::Numbers, _) => "labels are numbers".to_owned(),
        (_, Some(classes)) => format!("{classes} classes"),
        (_, None) => "classes as found".to_owned(),
    };
    format!("{features}, {labels}")
}

pub(super) fn run(common: &Common) -> Result<u8> {
    let configs = Configs::new(common.configs.clone());
    let mut out = format!("Targets (plans: {}):\n", configs.place());
    let all = Layers::of(&configs.read("all.yaml")?).and_then(Layers::summary);
    let all = all.context("all.yaml")?;
    for plan in std::iter::once(all).chain(configs.summaries()?) {
        let _ = writeln!(out, "\n  {:<10} {}", plan.target, plan.title);
        let _ = writeln!(out, "  {:<10} {}", "", plan.source);
        for (index, profile) in plan.profiles.iter().enumerate() {
            let default = if index == 0 { " (default)" } else { "" };
            let _ = writeln!(
                out,
                "  {:<10} --profile {}{default}: {}{}",
                "",
                profile.name,
                profile.what,
                cost(profile)
            );
        }
    }
    let _ = writeln!(out, "\nData sets:\n");
    let registry = registry(common, &configs)?;
    for name in registry.names() {
        let spec = registry.get(name)?;
        let title = &spec.title;
        let _ = writeln!(out, "  {name:<14} {}  {title}", shape(spec));
    }
    for name in registry.image_names() {
        let spec = registry.images(name)?;
        let _ = writeln!(
            out,
            "  {name:<14} {} x {} x {}, {} classes  {}",
            spec.channels, spec.side, spec.side, spec.classes, spec.title
        );
    }
    let _ = writeln!(
        out,
        "\nRun one: harness reproduce TARGET [--profile NAME] [--data-dir DIR]"
    );
    show(&out)?;
    Ok(super::DONE)
}
