//! `harness fetch`.

use super::{library, registry, show};
use crate::cli::{Common, Data};
use anyhow::Result;
use lab::configs::Configs;
use lab::progress::{DataBar, say};
use lab::seed::Seeds;
use std::fmt::Write;

pub(super) fn run(names: &[String], data: &Data, common: &Common) -> Result<u8> {
    let configs = Configs::new(common.configs.clone());
    let library = library(data, registry(common, &configs)?, Seeds::new(0));
    let registry = library.registry();
    // Archives that are made by hand have no address.
    let addressed = |name: &&str| {
        registry
            .images(name)
            .is_ok_and(|i| !i.archive.addresses.is_empty())
    };
    let images = registry.image_names().into_iter().filter(addressed);
    let all: Vec<String> = registry
        .names()
        .into_iter()
        .chain(images)
        .map(str::to_owned)
        .collect();
    let progress = DataBar::default();
    let mut first_error = None;
    for name in if names.is_empty() { &all } else { names } {
        match library.fetch(name, &progress) {
            Ok(files) => {
                let mut out = String::new();
                for file in files {
                    let _ = writeln!(
                        out,
                        "{name}: {} {} bytes, sha256 {}, from {}",
                        file.name, file.bytes, file.sha256, file.from
                    );
                }
                show(&out)?;
            }
            Err(error) => {
                say(&format!("{name}: {error}"));
                first_error.get_or_insert(error);
            }
        }
    }
    match first_error {
        None => Ok(super::DONE),
        Some(error) if error.is_unavailable() => Ok(super::NO_DATA),
        Some(_) => Ok(super::FAILED),
    }
}
