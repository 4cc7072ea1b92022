//! Where plans and registries come from: a folder, or the copies compiled into the program.

use crate::plan::{Plan, Summary};
use crate::progress::say;
use anyhow::{Context, Result, ensure};
use datasets::yaml;
use serde_yaml::{Mapping, Value};
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
                std::fs::read_to_string(&path)
                    .with_context(|| format!("reading {}", path.display()))
            }
            None => compiled_in(name).with_context(|| format!("no {name} is compiled in")),
        }
    }

    /// The text of a plan: of the target of that name, or, if `target` is a path to a YAML file,
    /// of that file. A plan that is `like` another has that one's keys where it has none, and keeps
    /// the other's name under `like`: the two share their runs.
    ///
    /// # Errors
    /// If there is none; the message lists those that exist. If it, or the plan it is like, is no
    /// mapping in YAML; the message says which file.
    pub fn plan(&self, target: &str) -> Result<String> {
        let mut plan = self.written(target)?;
        if let Some(like) = plan.remove(LIKE) {
            let like = like
                .as_str()
                .with_context(|| format!("`{LIKE}` of {target} is not the name of a target"))?;
            let mut whole = self.written(like)?;
            ensure!(
                !whole.contains_key(LIKE),
                "{target} is like {like}, which is like another: name that one"
            );
            let name = whole.get("target").cloned();
            whole.extend(plan);
            whole.insert(LIKE.into(), name.unwrap_or_else(|| like.into()));
            plan = whole;
        }
        Ok(serde_yaml::to_string(&plan)?)
    }

    /// A plan as it stands in its file, merge keys applied.
    fn written(&self, target: &str) -> Result<Mapping> {
        let path = Path::new(target);
        let (file, text) = match path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            true => {
                let text = std::fs::read_to_string(path);
                let text = text.with_context(|| format!("reading the plan {target}"))?;
                (target.to_owned(), text)
            }
            false => {
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
                (format!("{name} ({})", self.place()), self.read(&name)?)
            }
        };
        match yaml::load(&text).with_context(|| file.clone())? {
            Value::Mapping(plan) => Ok(plan),
            _ => anyhow::bail!("{file} is not a mapping of a plan's keys"),
        }
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
    let text = std::fs::read_to_string(&registry).ok();
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
mod tests {
    use super::*;

    #[test]
    fn every_plan_of_the_folder_is_compiled_in_and_valid_in_every_profile() {
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs"));
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

    /// A folder with the compiled-in files, and one more.
    fn with(name: &str, text: &str) -> (tempfile::TempDir, Configs) {
        let folder = tempfile::TempDir::new().unwrap();
        for (name, text) in COMPILED_IN {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        std::fs::write(folder.path().join(name), text).unwrap();
        let configs = Configs::new(Some(folder.path().to_owned()));
        (folder, configs)
    }

    fn number(configs: &Configs, target: &str, profile: Option<&str>, key: &str) -> f64 {
        let plan = Plan::from_yaml(&configs.plan(target).unwrap(), &[], profile).unwrap();
        plan.body::<Mapping>().unwrap()[key].as_f64().unwrap()
    }

    #[test]
    fn keys_that_a_plan_like_another_has_by_a_merge_key_are_its_own() {
        let text = "like: spring\ntarget: mine\n<<: {start: 2.0, steps: 30}\n";
        let (_folder, configs) = with("mine.yaml", text);
        assert_eq!(number(&configs, "mine", None, "start"), 2.0);
        assert_eq!(number(&configs, "mine", None, "steps"), 30.0);
        assert_eq!(number(&configs, "mine", None, "stiffness"), 1.0);
        // What it is like may itself come by a merge key, and by one of a list.
        let text = "<<: [{start: 3.0}, {like: spring, start: 4.0}]\ntarget: mine\n";
        let (_folder, configs) = with("mine.yaml", text);
        assert_eq!(number(&configs, "mine", None, "start"), 3.0);
    }

    #[test]
    fn a_profile_made_by_a_merge_key_is_one_of_a_plan_like_another() {
        let text = "like: spring\ntarget: mine\ndefault_profile: short\nprofiles:\n  \
                    long: &long {what: w, verdicts: true, steps: 90, start: 2.0}\n  \
                    short: {<<: *long, steps: 19}\n";
        let (_folder, configs) = with("mine.yaml", text);
        assert_eq!(number(&configs, "mine", None, "steps"), 19.0);
        assert_eq!(number(&configs, "mine", None, "start"), 2.0);
        assert_eq!(number(&configs, "mine", Some("long"), "steps"), 90.0);
    }

    #[test]
    fn a_plan_whose_profile_is_made_by_a_merge_key_is_listed_with_it() {
        let text = compiled_in("spring.yaml").unwrap();
        let text = text.replace("  smoke:\n", "  smoke: &smoke\n");
        let text = text + "  short:\n    <<: *smoke\n    steps: 19\n";
        let (_folder, configs) = with("spring.yaml", &text);
        assert_eq!(number(&configs, "spring", Some("short"), "steps"), 19.0);
        let summaries = configs.summaries().unwrap();
        let spring = summaries.iter().find(|s| s.target == "spring").unwrap();
        assert!(
            spring
                .profiles
                .iter()
                .any(|profile| profile.name == "short")
        );
    }

    #[test]
    fn what_list_says_of_a_plan_is_what_is_run() {
        let configs = Configs::compiled_in();
        for summary in configs.summaries().unwrap() {
            let text = configs.plan(&summary.target).unwrap();
            let default = Plan::from_yaml(&text, &[], None).unwrap();
            assert_eq!(default.profile, summary.profiles[0], "{}", summary.target);
            for profile in summary.profiles {
                let plan = Plan::from_yaml(&text, &[], Some(&profile.name)).unwrap();
                assert_eq!(plan.profile, profile);
                assert_eq!(
                    (&plan.title, &plan.source),
                    (&summary.title, &summary.source)
                );
            }
        }
    }

    #[test]
    fn targets_whose_plans_are_like_one_another_are_a_family() {
        let configs = Configs::compiled_in();
        let family = |target: &str| {
            let plan = Plan::from_yaml(&configs.plan(target).unwrap(), &[], None).unwrap();
            plan.family().to_owned()
        };
        for (target, of) in [
            ("table2", "table2"),
            ("fig5", "table2"),
            ("fig6", "table2"),
            ("fig2", "fig2"),
            ("fig3", "fig2"),
            ("spring", "spring"),
        ] {
            assert_eq!(family(target), of);
        }
    }

    #[test]
    fn an_error_names_the_file_and_the_key() {
        for (text, key) in [
            (
                "like: spring\ntarget: mine\nsteps: 30\nsteps: 31\n",
                "steps",
            ),
            ("like: spring\ntarget: mine\nstart: .inf\n", "start"),
            ("like: spring\ntarget: mine\n<<: 3\n", "<<"),
        ] {
            let (_folder, configs) = with("mine.yaml", text);
            let error = format!("{:#}", configs.plan("mine").unwrap_err());
            assert!(
                error.contains("mine.yaml") && error.contains(key),
                "{error}"
            );
        }
    }

    #[test]
    fn hidden_files_are_no_plans() {
        for name in [".#table2.yaml", "._table2.yaml"] {
            let (_folder, configs) = with(name, "\u{0}");
            assert_eq!(
                configs.targets().unwrap(),
                Configs::compiled_in().targets().unwrap()
            );
            assert!(configs.summaries().is_ok());
        }
    }

    #[test]
    fn a_folder_of_another_program_is_not_taken_for_this_ones() {
        let (folder, _) = with("mine.yaml", "");
        assert_eq!(here(folder.path()), Some(folder.path().to_owned()));
        // A mistake of one's own is told where it is read.
        std::fs::write(
            folder.path().join("datasets.yaml"),
            "datasets: {x: {a: 1, a: 2}}",
        )
        .unwrap();
        assert!(here(folder.path()).is_some());
        std::fs::write(
            folder.path().join("datasets.yaml"),
            "defaults: [_self_]\nroot: ./data\n",
        )
        .unwrap();
        assert_eq!(here(folder.path()), None);
        std::fs::write(folder.path().join("datasets.yaml"), "datasets: {}").unwrap();
        std::fs::remove_file(folder.path().join("all.yaml")).unwrap();
        assert_eq!(here(folder.path()), None);
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
