//! What a plan of kind `training` says, validated.

use super::methods::TrainingMethod;
use super::network::Architecture;
use crate::experiments::identity::repeated;
use crate::plan::schema::listed;
use crate::plan::{Plan, positive};
use anyhow::{Context, Result, bail, ensure};
use datasets::Augment;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_yaml::Mapping;
use std::borrow::Cow;

/// A plan.
#[derive(Clone, Debug)]
pub struct TrainingPlan {
    /// The data set of images.
    pub dataset: String,
    /// How many images of each part; all if `None`.
    pub images: TrainingImages,
    /// The network.
    pub network: Architecture,
    /// Images of a step.
    pub batch: usize,
    /// How images are varied.
    pub augment: Option<Moves>,
    /// Passes over the training images.
    pub epochs: usize,
    /// How many times, from different weights and in different orders.
    pub starts: u64,
    /// A loss above this is an explosion.
    pub diverged_above: f64,
    /// What is compared.
    pub methods: Vec<TrainingContestant>,
    /// What is drawn.
    pub pictures: Vec<TrainingPicture>,
    /// What has to be said.
    pub notes: Vec<String>,
}

/// How many images.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct TrainingImages {
    /// To train on.
    pub train: Option<usize>,
    /// To test on.
    pub test: Option<usize>,
}

/// [`Augment`] as it is written.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Moves {
    /// Pixels.
    pub pad: usize,
    /// Mirrored by chance.
    pub flip: bool,
}

impl Moves {
    /// Refuses what moves images out of sight; `key` is where a plan says it.
    ///
    /// # Errors
    /// By the key.
    pub fn check(&self, key: &str) -> Result<()> {
        let pad = self.pad;
        ensure!(pad <= 16, "{key}.pad is {pad}, but is at most 16");
        Ok(())
    }
}

impl From<Moves> for Augment {
    fn from(moves: Moves) -> Self {
        Self {
            pad: moves.pad,
            flip: moves.flip,
        }
    }
}

/// A method by name.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingContestant {
    /// As the paper calls it.
    pub name: String,
    /// The pictures it is in, by their groups.
    pub groups: Vec<String>,
    /// With all its numbers.
    pub method: TrainingMethod,
}

/// What a picture shows over the epochs.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum TrainingMetric {
    /// Share of test images classified rightly.
    TestAccuracy,
    /// Mean cross-entropy of the training batches of an epoch.
    TrainLoss,
    /// Mean cross-entropy of the test images.
    TestLoss,
    /// Share of training images classified rightly, batch by batch.
    TrainAccuracy,
}

/// A picture.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct TrainingPicture {
    /// Its file's name.
    pub name: String,
    /// What it shows, in words.
    pub title: String,
    /// Over the epochs.
    pub metric: TrainingMetric,
    /// Of the methods of this group.
    pub group: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainingForm {
    /// The images.
    dataset: String,
    /// How many of them; all where nothing is said.
    #[serde(default)]
    images: TrainingImages,
    /// The residual network.
    network: Architecture,
    /// Images of a step.
    batch: usize,
    /// How images are moved before each step, if they are.
    augment: Option<Moves>,
    /// How often all images are gone through.
    epochs: usize,
    /// How many starting points.
    starts: u64,
    /// The training loss above which a run has diverged.
    diverged_above: f64,
    /// What is compared.
    methods: Vec<TrainingMethodForm>,
    /// What is drawn.
    pictures: Vec<TrainingPicture>,
    /// What has to be said about it all.
    #[serde(default)]
    notes: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct TrainingMethodForm {
    /// What tables and legends call it.
    name: String,
    /// The pictures that it is in, by their groups.
    groups: Vec<String>,
    /// The method's key with its numbers; each of a list is a method.
    #[serde(flatten)]
    method: Mapping,
}

impl JsonSchema for TrainingMethodForm {
    fn schema_name() -> Cow<'static, str> {
        "TrainingMethodForm".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut properties = serde_json::json!({
            "name": {"type": "string", "description": "What tables and legends call it."},
            "groups": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The pictures that it is in, by their groups.",
            },
        });
        // One of these keys, each of whose numbers may be a list: a method for each.
        let methods = generator.subschema_for::<TrainingMethod>().to_value();
        for method in methods["oneOf"].as_array().into_iter().flatten() {
            for (key, of) in method["properties"].as_object().into_iter().flatten() {
                let mut of = of.clone();
                if let Some(numbers) = of["properties"].as_object_mut() {
                    numbers
                        .values_mut()
                        .for_each(|number| *number = listed(number.take()));
                }
                properties[key] = of;
            }
        }
        json_schema!({
            "type": "object",
            "properties": properties,
            "required": ["name", "groups"],
            "additionalProperties": false,
        })
    }
}

impl TrainingPlan {
    /// From a plan with its profile chosen.
    ///
    /// # Errors
    /// Whatever cannot be run, by its key.
    pub fn new(plan: &Plan) -> Result<Self> {
        plan.body::<TrainingForm>()?.validated()
    }
}

impl TrainingForm {
    fn validated(self) -> Result<TrainingPlan> {
        ensure!(
            self.batch >= 2,
            "batch is {}, but normalising over a batch takes 2 images",
            self.batch
        );
        ensure!(self.epochs >= 1, "epochs is 0, but a run has at least 1");
        ensure!(self.starts >= 1, "starts is 0, but there is at least 1");
        positive("diverged_above", self.diverged_above)?;
        self.network.check("network")?;
        if let Some(moves) = self.augment {
            moves.check("augment")?;
        }
        let mut methods: Vec<TrainingContestant> = Vec::new();
        for wire in &self.methods {
            let made = TrainingMethod::listed(&wire.method)
                .with_context(|| format!("methods: {}", wire.name))?;
            for method in made {
                let known = methods.iter_mut().find(|m| m.method == method);
                match known {
                    // The same run in several pictures.
                    Some(known) if known.name == wire.name => {
                        known.groups.extend(wire.groups.iter().cloned());
                    }
                    Some(known) => bail!(
                        "methods: {} is the same as {}; the same run cannot have two names",
                        wire.name,
                        known.name
                    ),
                    None => methods.push(TrainingContestant {
                        name: wire.name.clone(),
                        groups: wire.groups.clone(),
                        method,
                    }),
                }
            }
        }
        let names: Vec<&String> = self.pictures.iter().map(|picture| &picture.name).collect();
        if let Some(name) = repeated(&names) {
            bail!("pictures: two are named `{name}`");
        }
        for picture in &self.pictures {
            ensure!(
                methods.iter().any(|m| m.groups.contains(&picture.group)),
                "pictures: no method is in the group `{}`",
                picture.group
            );
        }
        Ok(TrainingPlan {
            dataset: self.dataset,
            images: self.images,
            network: self.network,
            batch: self.batch,
            augment: self.augment,
            epochs: self.epochs,
            starts: self.starts,
            diverged_above: self.diverged_above,
            methods,
            pictures: self.pictures,
            notes: self.notes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::identity::settings;

    const FIG4: &str = include_str!("../../../../../configs/fig4.yaml");

    #[test]
    fn the_plan_of_figure_4_maps_the_papers_numbers_and_every_profile_is_valid() {
        for profile in crate::plan::Layers::of(FIG4)
            .unwrap()
            .summary()
            .unwrap()
            .profiles
        {
            let plan = Plan::from_yaml(FIG4, &[], Some(&profile.name)).unwrap();
            TrainingPlan::new(&plan).unwrap();
        }
        let plan = Plan::from_yaml(FIG4, &[], Some("paper")).unwrap();
        let plan = TrainingPlan::new(&plan).unwrap();
        let flow = |name: &str| {
            let named = plan.methods.iter().find(|m| m.name == name).unwrap();
            let (step_size, steps) = (named.method.step_size(), named.method.steps());
            (
                step_size.unwrap(),
                steps.unwrap() as f64,
                named.groups.clone(),
            )
        };
        // The learning rate is θ²; the integration time 0.2 is S·θ, or S times the learning rate.
        let (step_size, steps, groups) = flow("HD S=2");
        assert!((step_size * step_size - 0.01).abs() < 1e-15);
        assert!((step_size * steps - 0.2).abs() < 1e-15);
        assert_eq!(groups, ["methods", "integration-times"]);
        let (step_size, steps, groups) = flow("HD S=20");
        assert!((step_size * step_size * steps - 0.2).abs() < 1e-15);
        assert_eq!(groups, ["methods", "integration-times"]);
        assert_eq!(plan.batch, 64);
        // By what journals and rows know the runs.
        let known_by = |index: usize| {
            let method = &plan.methods[index].method;
            settings(method).unwrap()
        };
        let flow = "hamiltonian.integration=symplectic-euler hamiltonian.kinetic=half-l2-squared \
            hamiltonian.scope=together hamiltonian.step_size=0.1 hamiltonian.steps=2";
        assert_eq!(known_by(0), flow);
        let descent = "baseline.direction=half-l2-squared baseline.learning_rate=0.01 \
            baseline.momentum=0.0 baseline.scope=together";
        assert_eq!(known_by(2), descent);
        // Both of (a) are of (c) too, and are run once.
        assert_eq!(plan.methods.len(), 4 + 5 - 2);
    }

    #[test]
    fn a_plan_that_cannot_be_meant_is_refused_by_its_key() {
        let refused = |setting: &str| {
            let plan = Plan::from_yaml(FIG4, &[setting.to_owned()], Some("paper")).unwrap();
            format!("{:#}", TrainingPlan::new(&plan).unwrap_err())
        };
        assert!(refused("batch=1").contains("2 images"));
        assert!(refused("epochs=0").contains("epochs"));
        assert!(refused("network={width: 4, blocks: [1, 0]}").contains("network"));
        let picture = "{name: a, title: b, metric: test-loss, group: methods}";
        let twice = refused(&format!("pictures=[{picture}, {picture}]"));
        assert!(twice.contains("pictures: two are named `a`"), "{twice}");
        let method = |text| refused(&format!("methods=[{{name: X, groups: [methods]{text}}}]"));
        for (text, said) in [
            ("", "methods: X: has beside name and groups one method"),
            (", adam: {learning_rate: 1}, baseline: {}", "one method"),
            (", adam: 1", "one method"),
            (", newton: {}", "`adam`"),
            (", adam: {learning_rate: 1, momentum: 0}", "`momentum`"),
            (", adam: {reset_every: 2}", "`learning_rate`"),
            (
                ", adam: {learning_rate: 1, reset_every: 0}",
                "reset_every is 0",
            ),
            (", adam: {learning_rate: 0}", "learning_rate is 0"),
        ] {
            assert!(method(text).contains(said), "{text}: {}", method(text));
        }
        assert!(
            refused("pictures=[{name: a, title: b, metric: test-loss, group: none}]")
                .contains("`none`")
        );
    }
}
