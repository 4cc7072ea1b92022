//! Where plans and registries come from: a folder, or the copies compiled into the program.

use crate::plan::{Plan, Summary};
use anyhow::{Context, Result, bail};
use serde_yaml::Mapping;
use std::path::{Path, PathBuf};

macro_rules! compiled_in {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../configs/", $name)))),+]
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
    "paper.yaml",
    "rates.yaml",
    "spring.yaml",
    "table1.yaml",
    "table2.yaml",
];

/// The key by which a plan names the one it is like.
const LIKE: &str = "like";

/// The files that are no plans.
const NOT_PLANS: &[&str] = &[
    "all.yaml",
    "claims.yaml",
    "datasets.yaml",
    "paper.yaml",
    "rates.yaml",
];

/// A folder of configurations.
#[derive(Clone, Debug)]
pub struct Configs {
    folder: Option<PathBuf>,
}

impl Configs {
    /// From `folder`; without one, from `configs` in the current folder if it is there, and else
    /// the compiled-in copies.
    #[must_use]
    pub fn new(folder: Option<PathBuf>) -> Self {
        let here = PathBuf::from("configs");
        Self {
            folder: folder.or_else(|| here.join("datasets.yaml").is_file().then_some(here)),
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
                std::fs::read_to_string(&path)
                    .with_context(|| format!("reading {}", path.display()))
            }
            None => compiled_in(name).with_context(|| format!("no {name} is compiled in")),
        }
    }

    /// The text of a plan: of the target of that name, or, if `target` is a path to a YAML file,
    /// of that file. A plan that is `like` another has that one's keys where it has none.
    ///
    /// # Errors
    /// If there is none; the message lists those that exist.
    pub fn plan(&self, target: &str) -> Result<String> {
        let text = self.written(target)?;
        let mut plan: Mapping = serde_yaml::from_str(&text)
            .with_context(|| format!("the plan of {target} is not a mapping in YAML"))?;
        let Some(like) = plan.remove(LIKE) else {
            return Ok(text);
        };
        let like = like
            .as_str()
            .with_context(|| format!("`{LIKE}` of {target} is not the name of a target"))?;
        let mut whole: Mapping = serde_yaml::from_str(&self.written(like)?)?;
        if whole.contains_key(LIKE) {
            bail!("{target} is like {like}, which is like another: name that one");
        }
        whole.extend(plan);
        Ok(serde_yaml::to_string(&whole)?)
    }

    /// A plan as it stands in its file.
    fn written(&self, target: &str) -> Result<String> {
        if Path::new(target)
            .extension()
            .is_some_and(|e| e == "yaml" || e == "yml")
        {
            return std::fs::read_to_string(target)
                .with_context(|| format!("reading the plan {target}"));
        }
        let name = format!("{target}.yaml");
        let targets = self.targets()?;
        if !targets.contains(&name) {
            let known: Vec<_> = targets
                .iter()
                .map(|t| t.trim_end_matches(".yaml"))
                .collect();
            bail!(
                "`{target}` is no target: there is {}; a path to a plan of your own (….yaml) works too",
                known.join(", ")
            );
        }
        self.read(&name)
    }

    /// Every plan's summary.
    ///
    /// # Errors
    /// If one is not valid; the message names it.
    pub fn summaries(&self) -> Result<Vec<Summary>> {
        let summary = |name: &String| {
            self.plan(name.trim_end_matches(".yaml"))
                .and_then(|text| Plan::summary(&text))
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
        names.retain(|name| name.ends_with(".yaml") && !NOT_PLANS.contains(&name.as_str()));
        names.sort();
        Ok(names)
    }
}

fn compiled_in(name: &str) -> Option<String> {
    COMPILED_IN
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| (*text).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_of_the_folder_is_compiled_in_and_valid_in_every_profile() {
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../configs"));
        let folder = Configs {
            folder: Some(folder),
        };
        let compiled_in = Configs { folder: None };
        assert_eq!(compiled_in.targets().unwrap(), folder.targets().unwrap());
        for summary in compiled_in.summaries().unwrap() {
            let text = compiled_in.plan(&summary.target).unwrap();
            for profile in summary.profiles {
                let plan = Plan::from_yaml(&text, &[], Some(&profile.name)).unwrap();
                let made = crate::experiments::of(&plan).map(|_| ());
                assert!(made.is_ok(), "{} {}: {made:?}", plan.target, profile.name);
            }
        }
    }

    #[test]
    fn a_plan_that_is_like_another_has_its_keys_but_for_its_own() {
        let (one, other) = (
            Configs::compiled_in().plan("fig3").unwrap(),
            Configs::compiled_in().plan("fig2").unwrap(),
        );
        let of = |text: &str, key: &str| -> serde_yaml::Value {
            serde_yaml::from_str::<Mapping>(text).unwrap()[key].clone()
        };
        assert_eq!(of(&one, "methods"), of(&other, "methods"));
        assert_ne!(of(&one, "pictures"), of(&other, "pictures"));
        assert_eq!(of(&one, "target"), "fig3");
    }

    #[test]
    fn a_target_that_does_not_exist_is_answered_with_those_that_do() {
        let error = Configs { folder: None }
            .plan("table3")
            .unwrap_err()
            .to_string();
        assert!(error.contains("table2"), "{error}");
    }
}
