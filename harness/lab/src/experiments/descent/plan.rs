//! What a plan of kind `descent` says, validated. How it is written is in `wire`.

use super::marks::Marks;
use super::methods::MethodSpec;
use super::problem::DescentProblem;
use super::wire::DescentForm;
use crate::plan::{Plan, Precision, Start};
use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A method of the plan, with one variant for each value of its lists.
#[derive(Clone, Debug, PartialEq)]
pub struct Contestant {
    /// What tables and legends call it.
    pub name: String,
    /// Its variants: those of its lists, then those that only a reading gives it.
    pub variants: Vec<MethodSpec>,
    /// How many of the variants are its lists'.
    pub listed: usize,
    /// Whether the lists are a grid from which the best is chosen, rather than things to compare.
    pub tuned: bool,
    /// The step size that each reading of the paper gives it.
    pub readings: BTreeMap<String, f64>,
}

impl Contestant {
    /// The variants that the best is chosen from.
    #[must_use]
    pub fn grid(&self) -> Vec<&MethodSpec> {
        self.variants.iter().take(self.listed).collect()
    }
}

/// A part of the plan that is drawn in one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct DescentPart {
    /// Its name in rows: a, b, c; empty if the plan has but one.
    pub name: String,
    /// What it shows.
    pub title: String,
    /// What is minimised.
    pub problem: DescentProblem,
    /// How runs start.
    pub start: Start,
    /// How many starting points.
    pub starts: u64,
    /// How many gradients each run may compute.
    pub gradients: u64,
    /// How many gradients lie between two evaluations.
    pub record_every: u64,
    /// Where runs are compared besides their ends.
    pub marks: Marks,
    /// What is compared.
    pub contestants: Vec<Contestant>,
}

/// A column that runs are judged by.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Function value or training loss; less is better.
    Value,
    /// Distance to the solution; less is better.
    Distance,
    /// Test accuracy; more is better.
    TestAccuracy,
}

/// How the best of a grid is chosen.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Best {
    /// The column, whose median over the starts decides: after the last gradient, and at each mark
    /// the one there.
    pub metric: Metric,
}

/// By the function value.
impl Default for Best {
    fn default() -> Self {
        Self {
            metric: Metric::Value,
        }
    }
}

/// A picture of the plan.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// The file's name.
    pub name: String,
    /// What is drawn.
    pub metric: Metric,
    /// Against what.
    #[serde(default)]
    pub against: Against,
    /// Whether the values' axis is logarithmic.
    #[serde(default)]
    pub logarithmic: bool,
}

/// What values are drawn against.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// Gradients computed.
    #[default]
    Gradients,
    /// Outer iterations: flows, or steps of a counterpart.
    Iterations,
    /// Running time.
    WallS,
}

/// A validated plan of descents.
#[derive(Clone, Debug, PartialEq)]
pub struct DescentPlan {
    /// Element type.
    pub precision: Precision,
    /// Data sets; none for problems without.
    pub datasets: Vec<String>,
    /// The split of each data set that does not use its default.
    pub splits: BTreeMap<String, String>,
    /// The parts.
    pub parts: Vec<DescentPart>,
    /// How the best of a grid is chosen.
    pub best: Best,
    /// The value to be reached, by data set, where time to a target is asked for.
    pub targets: BTreeMap<String, f64>,
    /// Whether the methods of a start share one product for their gradients; then they have no
    /// time of their own.
    pub lockstep: bool,
    /// The last share of a run over which means are taken and its steadiness is judged, if it is.
    pub tail: Option<f64>,
    /// The pictures.
    pub pictures: Vec<Picture>,
    /// What has to be said about it all.
    pub notes: Vec<String>,
    /// Whether methods of all kinetic energies share a panel.
    pub one_panel: bool,
}

impl DescentPlan {
    /// The names of all readings of the paper under which methods are compared, besides each at
    /// its own best; none if the plan has none.
    #[must_use]
    pub fn readings(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for contestant in self.parts.iter().flat_map(|part| &part.contestants) {
            for name in contestant.readings.keys() {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
        }
        names
    }
}

impl DescentPlan {
    /// From a plan's body.
    ///
    /// # Errors
    /// Whatever is unknown, missing or out of range, by its key.
    pub fn new(plan: &Plan) -> Result<Self> {
        plan.body::<DescentForm>()?.validated()
    }
}
