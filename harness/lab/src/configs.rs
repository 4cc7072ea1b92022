//! Where plans and registries come from: a folder, or the copies compiled into the program.

use crate::plan::{Layers, Summary};
use crate::progress::say;
use anyhow::{Context, Result, ensure};
use datasets::yaml;
use serde_yaml::Value;
use std::path::{Path, PathBuf};

macro_rules! compiled_in {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../configs/", $name)))),+]
    };
}

/// The files as they were when the program was compiled, so that it also works away from its
/// source.
const COMPILED_IN: &[(&str, &str)] = compiled_in![
    "ablation.yaml",
    "all.yaml",
    "autotune.yaml",
    "beyond.yaml",
    "claims.yaml",
    "coordinate.yaml",
    "datasets.yaml",
    "fig2.yaml",
    "fig3.yaml",
    "fig4.yaml",
    "fig5.yaml",
    "fig6.yaml",
    "fig7.yaml",
    "fig8.yaml",
    "fig9.yaml",
    "idealized.yaml",
    "lemmas.yaml",
    "networks.yaml",
    "paper.yaml",
    "parallel.yaml",
    "peers.yaml",
    "rates.yaml",
    "sensitivity.yaml",
    "spring.yaml",
    "table1.yaml",
    "table2.yaml",
];

/// The files that are no plans.
const NOT_PLANS: &[&str] = &[
    "all.yaml",
    "claims.yaml",
    "datasets.yaml",
    "networks.yaml",
    "paper.yaml",
    "rates.yaml",
];

/// A folder of configurations.
#[derive(Clone, Debug)]
pub struct Configs {
    folder: Option<PathBuf>,
}

impl Configs {
    /// From `folder`; without one, from `configs` in the current folder if it is this program's, and
    /// else the compiled-in copies.
    #[must_use]
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self {
            folder: folder.or_else(|| here(Path::new("configs"))),
        }
    }

    /// The copies compiled into the program, whatever folder there is.
    #[must_use]
    pub fn compiled_in() -> Self {
        Self { folder: None }
    }

    /// Where they come from, for messages.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.folder {
            Some(folder) => folder.display().to_string(),
            None => "compiled in".to_owned(),
        }
    }

    /// The text of a file such as `datasets.yaml`.
    ///
    /// # Errors
    /// If there is no such file.
    pub fn read(&self, name: &str) -> Result<String> {
        match &self.folder {
            Some(folder) => {
                let path = folder.join(name);
                datasets::yaml::read(&path).with_context(|| format!("reading {}", path.display()))
            }
            None => compiled_in(name).with_context(|| format!("no {name} is compiled in")),
        }
    }

    /// The whole path of a schema's file, such as that of `descent`; none where there is no such file.
    #[must_use]
    pub fn schema(&self, kind: &str) -> Option<String> {
        let path = self
            .folder
            .as_ref()?
            .join("schema")
            .join(format!("{kind}.json"));
        Some(path.canonicalize().ok()?.display().to_string())
    }

    /// Finds the plan of a target, or, if `target` is a path to a YAML file, that file's, over the plan
    /// that it is `like`.
    ///
    /// # Errors
    /// If there is none; the message lists those that exist. If it, or the plan it is like, is no
    /// mapping in YAML; the message says which file.
    pub fn plan(&self, target: &str) -> Result<Layers> {
        let own = self.written(target)?;
        let told = || format!("the plan of {target}");
        match own.base().with_context(told)? {
            Some(base) => own.like(self.written(&base)?).with_context(told),
            None => Ok(own),
        }
    }

    /// Reads a plan as it stands in its file.
    fn written(&self, target: &str) -> Result<Layers> {
        let path = Path::new(target);
        if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            let text = datasets::yaml::read(path);
            let text = text.with_context(|| format!("reading the plan {target}"))?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let own = Layers::of(&text).with_context(|| target.to_owned())?;
            return Ok(own.named(&name));
        }
        let name = format!("{target}.yaml");
        let targets = self.targets()?;
        ensure!(
            targets.contains(&name),
            "`{target}` is no target: there is {}; a path to a plan of your own (….yaml) works too",
            targets
                .iter()
                .map(|t| t.trim_end_matches(".yaml"))
                .collect::<Vec<_>>()
                .join(", ")
        );
        let text = self.read(&name)?;
        Layers::of(&text).with_context(|| format!("{name} ({})", self.place()))
    }

    /// Every plan's summary.
    ///
    /// # Errors
    /// If one is not valid; the message names it.
    pub fn summaries(&self) -> Result<Vec<Summary>> {
        let summary = |name: &String| {
            self.plan(name.trim_end_matches(".yaml"))
                .and_then(Layers::summary)
                .with_context(|| format!("{}/{name}", self.place()))
        };
        self.targets()?.iter().map(summary).collect()
    }

    /// File names of all plans, sorted.
    fn targets(&self) -> Result<Vec<String>> {
        let mut names: Vec<String> = match &self.folder {
            None => COMPILED_IN
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .collect(),
            Some(folder) => std::fs::read_dir(folder)
                .with_context(|| format!("listing {}", folder.display()))?
                .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                .collect(),
        };
        // Hidden files are editors' and systems', whatever they end with.
        names.retain(|name| {
            let plan = name.ends_with(".yaml") && !NOT_PLANS.contains(&name.as_str());
            plan && !name.starts_with('.')
        });
        names.sort();
        Ok(names)
    }
}

/// A folder of this name, if it is there and its plans and data sets are this program's. Other
/// programs have a folder `configs` too.
fn here(folder: &Path) -> Option<PathBuf> {
    const REGISTRY: &[&str] = &["limits", "datasets", "images"];
    let registry = folder.join("datasets.yaml");
    if !registry.is_file() {
        return None;
    }
    // What is wrong further down is a mistake in a registry, and told when it is read.
    let text = datasets::yaml::read(&registry).ok();
    let known = |key: &Value| key.as_str().is_some_and(|key| REGISTRY.contains(&key));
    let ours = match text.and_then(|text| yaml::load::<Value>(&text).ok()) {
        Some(Value::Mapping(keys)) => !keys.is_empty() && keys.keys().all(known),
        Some(_) => false,
        None => true,
    };
    if ours && folder.join("all.yaml").is_file() {
        return Some(folder.to_owned());
    }
    say(&format!(
        "the folder {0} is not taken for this program's: its datasets.yaml is no registry, or all.yaml \
         is missing; the compiled-in plans are used, and --configs {0} takes it all the same",
        folder.display()
    ));
    None
}

fn compiled_in(name: &str) -> Option<String> {
    COMPILED_IN
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| (*text).to_owned())
}

#[cfg(test)]
mod tests;
