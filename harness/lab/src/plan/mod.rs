//! Plans: what an experiment consists of, read from YAML. No number of any experiment is written
//! in Rust.
//!
//! A plan has a *head*, the same for all ([`Plan`]): names, seed, profiles. What is left, its
//! *body*, belongs to its kind of experiment, which validates it into types of its own
//! ([`Plan::body`]). A *profile* is a set of keys that take the place of the body's.
//!
//! What a plan says in several places is put together in one order: merge keys `<<` of each file,
//! then the plan it is `like` ([`Configs::plan`](crate::configs::Configs::plan)), then the profile,
//! then `--set`, then `--datasets`; what comes later goes before.

mod common;
mod grid;
pub mod numbers;
mod settings;

pub use common::{Model, Precision, Scale, Start, named, non_negative, positive};
pub use datasets::yaml::OneOrMany;
pub use grid::combinations;
pub use settings::apply_settings;

use anyhow::{Context, Result, bail, ensure};
use datasets::yaml;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_yaml::{Mapping, Value};
use std::collections::BTreeMap;

/// How intervals are made.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Statistics {
    /// Bootstrap resamples.
    pub resamples: usize,
    /// The interval's coverage, in (0, 1).
    pub confidence: f64,
}

impl Statistics {
    /// Itself, if an interval can be made by it.
    ///
    /// # Errors
    /// If it cannot.
    pub fn validated(self) -> Result<Self> {
        let value = serde_yaml::to_value(BTreeMap::from([("statistics", self)]))?;
        numbers::check(&[numbers::HEAD], &value)?;
        Ok(self)
    }
}

/// How much of a plan is run.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// What it is good for.
    pub what: String,
    /// What it costs: minutes on two cores, as measured or estimated.
    pub minutes: Option<f64>,
    /// Whether its runs are long enough for verdicts.
    pub verdicts: bool,
}

/// A plan with its profile chosen: the head that all plans share, and the body of its kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The name it is reproduced by.
    pub target: String,
    /// Its kind of experiment.
    pub experiment: String,
    /// What it shows.
    pub title: String,
    /// Where in the papers.
    pub source: String,
    /// The target whose plan it is like, if it is.
    pub like: Option<String>,
    /// The root seed.
    pub seed: u64,
    /// How intervals are made, where there are any.
    pub statistics: Option<Statistics>,
    /// How much of it.
    pub profile: Profile,
    /// What is left, with the profile's keys in their places.
    body: Mapping,
}

/// What `harness list` shows of a plan.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The name it is reproduced by.
    pub target: String,
    /// What it shows.
    pub title: String,
    /// Where in the papers.
    pub source: String,
    /// Its profiles, the default first.
    pub profiles: Vec<Profile>,
}

/// The part that all plans have, as it is written.
#[derive(Debug, Deserialize, Serialize)]
struct Wire {
    target: String,
    experiment: String,
    title: String,
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    like: Option<String>,
    #[serde(default)]
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    statistics: Option<Statistics>,
    default_profile: String,
    profiles: BTreeMap<String, WireProfile>,
    #[serde(flatten)]
    body: Mapping,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct WireProfile {
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    minutes: Option<f64>,
    verdicts: bool,
    #[serde(flatten)]
    keys: Mapping,
}

impl WireProfile {
    fn named(&self, name: &str) -> Profile {
        Profile {
            name: name.to_owned(),
            what: self.what.clone(),
            minutes: self.minutes,
            verdicts: self.verdicts,
        }
    }
}

impl Plan {
    /// From YAML text, with `key=value` settings applied and a profile chosen (the plan's own
    /// default if `None`). The body is not looked at yet.
    ///
    /// # Errors
    /// Whatever of the head is unknown, missing or out of range, by its key.
    pub fn from_yaml(text: &str, settings: &[String], profile: Option<&str>) -> Result<Self> {
        let mut value: Value = yaml::load(text)?;
        apply_settings(&mut value, settings)?;
        let mut wire = Wire::of(&value)?;
        let (name, chosen) = wire.profile(profile)?;
        for (key, value) in &chosen.keys {
            wire.body.insert(key.clone(), value.clone());
        }
        // What the user says goes before what the profile says.
        let mut body = Value::Mapping(wire.body);
        let of_body = settings.iter().filter(|setting| {
            let key = setting.split(['.', '=']).next().unwrap_or_default();
            !HEAD.contains(&key)
        });
        apply_settings(&mut body, &of_body.cloned().collect::<Vec<_>>())?;
        let Value::Mapping(body) = body else {
            bail!("the plan is not a mapping")
        };
        Ok(Self {
            target: wire.target,
            experiment: wire.experiment,
            title: wire.title,
            source: wire.source,
            like: wire.like,
            seed: wire.seed,
            statistics: wire.statistics,
            profile: chosen.named(&name),
            body,
        })
    }

    /// The summary of a plan in YAML.
    ///
    /// # Errors
    /// If its head is not valid.
    pub fn summary(text: &str) -> Result<Summary> {
        let wire = Wire::of(&yaml::load(text)?)?;
        wire.profile(None)?;
        let mut profiles: Vec<Profile> = wire
            .profiles
            .iter()
            .map(|(name, profile)| profile.named(name))
            .collect();
        profiles.sort_by_key(|profile| profile.name != wire.default_profile);
        Ok(Summary {
            target: wire.target,
            title: wire.title,
            source: wire.source,
            profiles,
        })
    }

    /// The body as the type that its kind of experiment reads.
    ///
    /// # Errors
    /// Whatever is unknown, missing, out of range or of another type, by its key.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T> {
        let body = Value::Mapping(self.body.clone());
        numbers::check(&[numbers::of_kind(&self.experiment)], &body)?;
        Ok(yaml::typed(&body)?)
    }

    /// The name that it has in common with the targets whose runs it shares: that of the target it
    /// is like, else its own.
    #[must_use]
    pub fn family(&self) -> &str {
        self.like.as_deref().unwrap_or(&self.target)
    }

    /// The statistics of a plan that has to have them.
    ///
    /// # Errors
    /// If it has none.
    pub fn statistics(&self) -> Result<Statistics> {
        self.statistics
            .with_context(|| format!("the plan of {} says no `statistics`", self.target))
    }

    /// Leaves only the given data sets, in the given order, each once.
    ///
    /// # Errors
    /// If the plan is not about data sets.
    pub fn only(&mut self, datasets: &[String]) -> Result<()> {
        ensure!(
            self.body.contains_key("datasets"),
            "the plan of {} has no data sets to choose from",
            self.target
        );
        let mut once: Vec<String> = Vec::new();
        for name in datasets {
            if !once.contains(name) {
                once.push(name.clone());
            }
        }
        self.body.insert("datasets".into(), once.into());
        Ok(())
    }

    /// The plan as YAML with its profile's keys in their places: what was run, without the
    /// profiles that were not.
    ///
    /// # Errors
    /// If it cannot be written as YAML.
    pub fn resolved(&self) -> Result<String> {
        let profile = WireProfile {
            what: self.profile.what.clone(),
            minutes: self.profile.minutes,
            verdicts: self.profile.verdicts,
            keys: Mapping::new(),
        };
        let wire = Wire {
            target: self.target.clone(),
            experiment: self.experiment.clone(),
            title: self.title.clone(),
            source: self.source.clone(),
            like: self.like.clone(),
            seed: self.seed,
            statistics: self.statistics,
            default_profile: self.profile.name.clone(),
            profiles: BTreeMap::from([(self.profile.name.clone(), profile)]),
            body: self.body.clone(),
        };
        Ok(serde_yaml::to_string(&wire)?)
    }
}

/// The keys of the head.
const HEAD: &[&str] = &[
    "target",
    "experiment",
    "title",
    "source",
    "like",
    "seed",
    "statistics",
    "default_profile",
    "profiles",
];

impl Wire {
    /// Of a plan's YAML, merge keys and settings applied.
    fn of(plan: &Value) -> Result<Self> {
        numbers::check(&[numbers::HEAD], plan)?;
        Ok(yaml::typed(plan)?)
    }

    fn profile(&self, name: Option<&str>) -> Result<(String, WireProfile)> {
        let name = name.unwrap_or(&self.default_profile);
        let Some(profile) = self.profiles.get(name) else {
            let known = self.profiles.keys().cloned().collect::<Vec<_>>().join(", ");
            bail!("`{name}` is no profile of {}: it has {known}", self.target);
        };
        Ok((name.to_owned(), profile.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "{target: t, experiment: e, title: a, source: b, seed: 1, size: 3, flow: {steps: 2, time: 1}, \
                        default_profile: long, profiles: {long: {what: w, verdicts: true}, \
                        short: {what: s, verdicts: false, size: 1}}}";

    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Body {
        size: u64,
        flow: BTreeMap<String, u64>,
    }

    fn body(settings: &[&str], profile: Option<&str>) -> Result<Body> {
        let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
        Plan::from_yaml(PLAN, &settings, profile)?.body()
    }

    #[test]
    fn a_profiles_keys_take_the_place_of_the_plans() {
        assert_eq!(body(&[], None).unwrap().size, 3);
        assert_eq!(body(&[], Some("short")).unwrap().size, 1);
    }

    #[test]
    fn a_setting_goes_before_plan_and_profile() {
        assert_eq!(body(&["size=7"], Some("short")).unwrap().size, 7);
        assert_eq!(
            body(&["profiles.short.size=8"], Some("short"))
                .unwrap()
                .size,
            8
        );
        assert_eq!(body(&["flow.steps=9"], None).unwrap().flow["steps"], 9);
    }

    #[test]
    fn a_setting_reaches_what_came_by_a_merge_key_and_may_have_merge_keys_itself() {
        let text = PLAN.replace(
            "flow: {steps: 2, time: 1}",
            "flow: {<<: {steps: 2}, time: 1}",
        );
        let flow = |setting: &str| {
            let plan = Plan::from_yaml(&text, &[setting.to_owned()], None).unwrap();
            plan.body::<Body>().unwrap().flow
        };
        assert_eq!(flow("flow.steps=9")["steps"], 9);
        assert_eq!(flow("flow={<<: {steps: 7}, time: 3}")["steps"], 7);
        let refused = Plan::from_yaml(&text, &["<<={size: 9}".to_owned()], None);
        let said = format!("{:#}", refused.unwrap().body::<Body>().unwrap_err());
        assert!(said.contains("<<"), "{said}");
    }

    #[test]
    fn a_profile_may_be_made_by_a_merge_key_for_the_summary_as_for_the_run() {
        let text = "{target: t, experiment: e, title: a, source: b, size: 3, flow: {}, default_profile: long, \
                    profiles: {long: &long {what: w, verdicts: true, size: 5}, \
                    short: {<<: *long, what: s}, both: {<<: [{what: b}, *long], size: 6}}}";
        for profile in Plan::summary(text).unwrap().profiles {
            let plan = Plan::from_yaml(text, &[], Some(&profile.name)).unwrap();
            assert_eq!(plan.profile, profile);
            let size = if profile.name == "both" { 6 } else { 5 };
            assert_eq!(plan.body::<Body>().unwrap().size, size, "{}", profile.name);
        }
    }

    #[test]
    fn a_number_that_is_not_finite_is_refused_wherever_it_comes_from() {
        for text in [
            PLAN.replace("size: 3", "size: .inf"),
            PLAN.replace("size: 1}", "size: .nan}"),
        ] {
            let error = Plan::from_yaml(&text, &[], None).unwrap_err();
            assert!(format!("{error:#}").contains("size"), "{error:#}");
        }
        let error = format!("{:#}", body(&["flow.steps=.inf"], None).unwrap_err());
        assert!(error.contains("flow.steps"), "{error}");
    }

    #[test]
    fn what_no_kind_of_experiment_knows_is_refused_by_its_key() {
        let error = format!("{:#}", body(&["no_such_key=1"], None).unwrap_err());
        assert!(error.contains("no_such_key"), "{error}");
        let error = format!("{:#}", body(&["flow"], None).unwrap_err());
        assert!(error.contains("key=value"), "{error}");
        let error = body(&[], Some("fast")).unwrap_err().to_string();
        assert!(error.contains("short"), "{error}");
    }

    #[test]
    fn the_resolved_plan_is_the_plan_that_was_run() {
        let settings = ["flow.steps=9".to_owned()];
        let plan = Plan::from_yaml(PLAN, &settings, Some("short")).unwrap();
        let again = Plan::from_yaml(&plan.resolved().unwrap(), &[], Some("short")).unwrap();
        assert_eq!(again, plan);
    }
}
