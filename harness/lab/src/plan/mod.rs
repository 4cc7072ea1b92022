//! Plans: what an experiment consists of, read from YAML. No number of any experiment is written
//! in Rust.
//!
//! A plan has a *head*, the same for all ([`Plan`]): names, seed, profiles. What is left, its
//! *body*, belongs to its kind of experiment, which validates it into types of its own
//! ([`Plan::body`]). A *profile* is a set of keys that take the place of the plan's. All that a plan
//! is put together of, and in which order, is in [`Layers`].

mod common;
mod differences;
mod grid;
mod layers;
pub mod numbers;
pub mod schema;
mod settings;

pub use common::{LinearFit, Loss, Model, Precision, Scale, Start, named, non_negative, positive};
pub use datasets::yaml::OneOrMany;
pub use grid::combinations;
pub use layers::Layers;

use anyhow::{Context, Result};
use datasets::yaml;
use schema::{PlanFault, PlanLines};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_yaml::{Mapping, Value};
use std::collections::BTreeMap;

/// How intervals are made.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
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
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(try_from = "Profiles", into = "Profiles")]
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
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub like: Option<String>,
    /// The root seed.
    #[serde(default)]
    pub seed: u64,
    /// How intervals are made, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statistics: Option<Statistics>,
    /// How much of it.
    #[serde(flatten)]
    pub profile: Profile,
    /// What is left, with the profile's keys in their places.
    #[serde(flatten)]
    body: Mapping,
    /// Where its keys stand in the file that it was read from.
    #[serde(skip)]
    lines: PlanLines,
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

/// The profiles of a plan, as they are written.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Profiles {
    default_profile: String,
    profiles: BTreeMap<String, ProfileWire>,
}

/// What a profile says of itself, beside the keys of the plan that it changes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
struct ProfileWire {
    /// What it is good for.
    #[serde(default)]
    what: String,
    /// Minutes that it takes on two cores, as measured or estimated.
    #[serde(skip_serializing_if = "Option::is_none")]
    minutes: Option<f64>,
    /// Whether its runs are long enough for verdicts.
    #[serde(default = "long_enough")]
    verdicts: bool,
}

fn long_enough() -> bool {
    true
}

impl Profiles {
    /// Reads those of a plan.
    fn of(plan: &Mapping) -> Result<Self> {
        Ok(yaml::typed(&Value::Mapping(plan.clone()))?)
    }
}

impl ProfileWire {
    const KEYS: &[&str] = &["what", "minutes", "verdicts"];

    fn named(self, name: &str) -> Profile {
        Profile {
            name: name.to_owned(),
            what: self.what,
            minutes: self.minutes,
            verdicts: self.verdicts,
        }
    }
}

impl TryFrom<Profiles> for Profile {
    type Error = String;

    fn try_from(mut all: Profiles) -> Result<Self, String> {
        let name = all.default_profile;
        let wire = all.profiles.remove(&name);
        let wire = wire.ok_or_else(|| format!("there is no profile `{name}`"))?;
        Ok(wire.named(&name))
    }
}

impl From<Profile> for Profiles {
    fn from(profile: Profile) -> Self {
        let wire = ProfileWire {
            what: profile.what,
            minutes: profile.minutes,
            verdicts: profile.verdicts,
        };
        Self {
            default_profile: profile.name.clone(),
            profiles: BTreeMap::from([(profile.name, wire)]),
        }
    }
}

impl Plan {
    /// Reads a plan of one file, with a profile chosen (the plan's own default if `None`) and
    /// `key=value` settings.
    ///
    /// # Errors
    /// As [`Layers::plan`].
    pub fn from_yaml(text: &str, settings: &[String], profile: Option<&str>) -> Result<Self> {
        Layers::of(text)?.profile(profile).set(settings).plan()
    }

    /// Reads the body as the type that its kind of experiment has for it.
    ///
    /// # Errors
    /// The first thing that is unknown, missing, out of range or of another type, by its key: [`faults`](Self::faults)
    /// knows of all.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T> {
        let body = Value::Mapping(self.body.clone());
        numbers::check(&[numbers::of_kind(&self.experiment)], &body)?;
        Ok(yaml::typed(&body)?)
    }

    /// Finds everything in the body that its kind's schema does not allow, each by its key and its line.
    #[must_use]
    pub fn faults(&self, schema: &serde_json::Value) -> Vec<PlanFault> {
        let body = Value::Mapping(self.body.clone());
        schema::faults(
            "this kind of plan",
            schema,
            numbers::of_kind(&self.experiment),
            &body,
            &self.lines,
        )
    }

    /// Returns the plan of another kind of experiment with the same head: how a kind whose runs are
    /// another's has them made there.
    #[must_use]
    pub fn handed_to(&self, experiment: &str, body: Mapping) -> Self {
        Self {
            experiment: experiment.to_owned(),
            body,
            ..self.clone()
        }
    }

    /// Returns the name that it has in common with the targets whose runs it shares: that of the
    /// target it is like, else its own.
    #[must_use]
    pub fn family(&self) -> &str {
        self.like.as_deref().unwrap_or(&self.target)
    }

    /// Returns the statistics of a plan that has to have them.
    ///
    /// # Errors
    /// If it has none.
    pub fn statistics(&self) -> Result<Statistics> {
        self.statistics
            .with_context(|| format!("the plan of {} says no `statistics`", self.target))
    }

    /// Writes the plan as YAML with its layers put together: what was run, without the profiles that
    /// were not.
    ///
    /// # Errors
    /// If it cannot be written as YAML.
    pub fn resolved(&self) -> Result<String> {
        Ok(serde_yaml::to_string(self)?)
    }
}
