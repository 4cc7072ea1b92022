//! The layers of a plan, and the only place where they are put together. From the lowest to the highest:
//!
//! 1. the plan that its file is [`like`](Layers::like),
//! 2. its file, with the merge keys `<<` applied as in every YAML that is read,
//! 3. the [`profile`](Layers::profile) that is run,
//! 4. what the command line sets ([`set`](Layers::set)),
//! 5. the data sets that it names ([`only`](Layers::only)).
//!
//! A key of a higher layer replaces the whole value of a lower one; only a setting may reach into a value.
//! The layers are folded once, by [`plan`](Layers::plan), in this order, in whichever order they were given.

use super::schema::PlanLines;
use super::settings::Override;
use super::{Plan, Profile, ProfileWire, Profiles, Summary, numbers};
use crate::progress::printable;
use anyhow::{Context, Result, bail, ensure};
use datasets::yaml;
use serde_yaml::{Mapping, Value};

/// The key by which a plan names the one it is like.
const LIKE: &str = "like";

/// The keys of the head that are the same in every profile.
const FIXED: &[&str] = &[
    "target",
    "experiment",
    "title",
    "source",
    LIKE,
    "default_profile",
    "profiles",
];

/// A plan's layers, not yet put together.
#[derive(Clone, Debug)]
pub struct Layers {
    /// The file, over what it is like.
    file: Mapping,
    profile: Option<String>,
    settings: Vec<String>,
    datasets: Vec<String>,
    /// Where the file's keys stand in it.
    lines: PlanLines,
}

impl From<Mapping> for Layers {
    fn from(file: Mapping) -> Self {
        Self {
            file,
            lines: PlanLines::default(),
            profile: None,
            settings: Vec::new(),
            datasets: Vec::new(),
        }
    }
}

impl Layers {
    /// Reads a plan's file.
    ///
    /// # Errors
    /// If the text is no mapping in YAML.
    pub fn of(text: &str) -> Result<Self> {
        match yaml::load(text)? {
            Value::Mapping(file) => Ok(Self {
                lines: PlanLines::of(text),
                ..file.into()
            }),
            _ => bail!("the plan is not a mapping of keys"),
        }
    }

    /// Names the target of a file that does not: by the file.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.file.entry("target".into()).or_insert(name.into());
        self
    }

    /// Returns the name of the plan that the file says it is like.
    ///
    /// # Errors
    /// If what it says is not a name.
    pub fn base(&self) -> Result<Option<String>> {
        let name = |like: &Value| Some(like.as_str()?.to_owned());
        let like = self.file.get(LIKE);
        let name = like.map(|like| name(like).context("`like` is not the name of a target"));
        name.transpose()
    }

    /// Puts the file over that of another plan, whose name stays under `like`: the two share their runs.
    ///
    /// # Errors
    /// If the other is itself like another.
    pub fn like(mut self, base: Self) -> Result<Self> {
        let mut whole = base.file;
        ensure!(
            !whole.contains_key(LIKE),
            "the plan it is like is itself like another: name that one"
        );
        let name = whole.get("target").cloned();
        whole.extend(self.file);
        if let Some(name) = name {
            whole.insert(LIKE.into(), name);
        }
        self.file = whole;
        Ok(self)
    }

    /// Chooses a profile; without a name, the plan's default.
    #[must_use]
    pub fn profile(mut self, name: Option<&str>) -> Self {
        self.profile = name.map(str::to_owned);
        self
    }

    /// Adds settings such as `flow.steps=40`.
    #[must_use]
    pub fn set(mut self, settings: &[String]) -> Self {
        self.settings.extend_from_slice(settings);
        self
    }

    /// Leaves only the given data sets, in the given order, each once; all of them if none is given.
    #[must_use]
    pub fn only(mut self, datasets: &[String]) -> Self {
        for name in datasets {
            if !self.datasets.contains(name) {
                self.datasets.push(name.clone());
            }
        }
        self
    }

    /// Returns the names of the plan's profiles, as far as it can be told.
    #[must_use]
    pub fn profiles(&self) -> Vec<String> {
        let mut plan = self.file.clone();
        fill_in(&mut plan);
        let profiles = plan.get("profiles").and_then(Value::as_mapping);
        let names = profiles.into_iter().flat_map(Mapping::keys);
        names
            .filter_map(|name| Some(name.as_str()?.to_owned()))
            .collect()
    }

    /// Summarises the plan, with all of its profiles.
    ///
    /// # Errors
    /// If its head is not valid.
    pub fn summary(self) -> Result<Summary> {
        let all = Profiles::of(&self.file)?;
        let plan = self.plan()?;
        let named = |(name, wire): (&String, &ProfileWire)| wire.clone().named(name);
        let mut profiles: Vec<Profile> = all.profiles.iter().map(named).collect();
        profiles.sort_by_key(|profile| profile.name != all.default_profile);
        Ok(Summary {
            target: plan.target,
            title: plan.title,
            source: plan.source,
            profiles,
        })
    }

    /// Puts the layers together. The plan's body is not looked at yet.
    ///
    /// # Errors
    /// If something in the head is unknown, missing or out of range, by its key; if a layer is of no effect.
    pub fn plan(self) -> Result<Plan> {
        let mut plan = self.file;
        fill_in(&mut plan);
        let settings = self.settings.iter().map(|text| Override::of(text));
        let settings: Vec<Override<'_>> = settings.collect::<Result<_>>()?;
        // Settings of a profile change the file, so that its layer is what they make of it.
        let (of_profiles, others): (Vec<_>, Vec<_>) =
            settings.into_iter().partition(Override::is_of_profiles);
        for setting in &of_profiles {
            setting.apply(&mut plan)?;
        }
        let profiles = Profiles::of(&plan)?;
        let name = self.profile.unwrap_or(profiles.default_profile);
        for setting in &of_profiles {
            setting.is_of_profile(&name)?;
        }
        for (key, value) in profile_keys(&plan, &name)? {
            plan.insert(key, value);
        }
        plan.insert("default_profile".into(), name.into());
        for setting in &others {
            setting.apply(&mut plan)?;
        }
        if !self.datasets.is_empty() {
            ensure!(
                plan.contains_key("datasets"),
                "the plan has no data sets to choose from"
            );
            plan.insert("datasets".into(), self.datasets.into());
        }
        ensure!(
            plan.contains_key("experiment"),
            "experiment is missing: the kind of experiment, such as descent, windows or sensitivity (`harness plan keys` has all)"
        );
        let plan = Value::Mapping(plan);
        numbers::check(&[numbers::HEAD], &plan)?;
        names(&plan, "")?;
        let mut plan: Plan = yaml::typed(&plan)?;
        // A key that the profile changes stands there first.
        plan.lines = self.lines.under(&format!("profiles.{}", plan.profile.name));
        for setting in &self.settings {
            let key = setting.split('=').next().unwrap_or_default();
            plan.lines = plan.lines.without(key);
        }
        ensure!(
            is_name(&plan.target),
            "target is {:?}, but has to be a name of at most 64 letters, digits, spaces and `-_.+`, the first a \
             letter or digit, as it names files and folders",
            plan.target
        );
        Ok(plan)
    }
}

/// Says what a plan does not say of itself: that its title is its name, that it is of no paper, and that it is one
/// profile with all of it.
fn fill_in(plan: &mut Mapping) {
    let name = plan.get("target").cloned().unwrap_or_default();
    let profile = Mapping::from_iter([
        ("what".into(), "all of it".into()),
        ("verdicts".into(), true.into()),
    ]);
    let profiles = Mapping::from_iter([(WHOLE.into(), profile.into())]);
    plan.entry("title".into()).or_insert(name);
    plan.entry("source".into())
        .or_insert("a plan of one's own".into());
    let profiles = plan.entry("profiles".into()).or_insert(profiles.into());
    let first = profiles
        .as_mapping()
        .and_then(|all| all.keys().next())
        .cloned();
    if let Some(first) = first {
        plan.entry("default_profile".into()).or_insert(first);
    }
}

/// The profile of a plan that has none.
const WHOLE: &str = "whole";

/// Checks every `name` of a plan, wherever it stands: it comes into tables, pages, pictures and lines of a terminal,
/// and is to be taken for a name in all of them.
fn names(plan: &Value, place: &str) -> Result<()> {
    match plan {
        Value::Mapping(map) => {
            for (key, value) in map {
                let key = key.as_str().unwrap_or_default();
                let place = format!("{place}.{key}");
                if let (NAME, Some(name)) = (key, value.as_str()) {
                    ensure!(
                        is_shown_as_it_is(name),
                        "{} is {name:?}, but a name has one to 100 characters, no space before or behind it, none of `<>[]|` or `\"`, backticks or control characters, and \
                         does not begin with `=`, `+`, `-` or `@`, which programs take for a formula",
                        place.trim_start_matches('.')
                    );
                }
                names(value, &place)?;
            }
            Ok(())
        }
        Value::Sequence(list) => {
            let mut all = list.iter().enumerate();
            all.try_for_each(|(index, value)| names(value, &format!("{place}[{index}]")))
        }
        _ => Ok(()),
    }
}

/// The key of what has a name.
const NAME: &str = "name";

/// Whether a text is shown as it is, whatever it is written into.
fn is_shown_as_it_is(text: &str) -> bool {
    let markup = |c: char| "<>[]|`\"".contains(c);
    !text.is_empty()
        && text.trim() == text
        && !text.starts_with(['=', '+', '-', '@'])
        && text.chars().count() <= 100
        && !text.contains(markup)
        && printable(text) == text
        && !text.contains(['\n', '\t'])
}

/// Whether a text names a file in any folder, whatever it is written into.
fn is_name(text: &str) -> bool {
    let of_names = |c: char| c.is_alphanumeric() || " -_.+".contains(c);
    let begins = text.chars().next().is_some_and(char::is_alphanumeric);
    begins && text.chars().count() <= 64 && text.chars().all(of_names)
}

/// The keys that a profile puts in the place of the plan's.
fn profile_keys(plan: &Mapping, name: &str) -> Result<Mapping> {
    let profiles = plan.get("profiles").and_then(Value::as_mapping);
    let profile = profiles.and_then(|profiles| profiles.get(name)?.as_mapping());
    let mut keys = profile.cloned().with_context(|| {
        let names = profiles.into_iter().flat_map(Mapping::keys);
        let names: Vec<&str> = names.filter_map(Value::as_str).collect();
        format!(
            "`{name}` is no profile of the plan: it has {}",
            names.join(", ")
        )
    })?;
    keys.retain(|key, _| {
        !key.as_str()
            .is_some_and(|key| ProfileWire::KEYS.contains(&key))
    });
    if let Some(fixed) = FIXED.iter().find(|fixed| keys.contains_key(**fixed)) {
        bail!("profiles.{name}.{fixed}: no profile can change it");
    }
    Ok(keys)
}

#[cfg(test)]
mod tests;
