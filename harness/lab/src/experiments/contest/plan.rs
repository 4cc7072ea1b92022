//! What a plan of kind `contest` says, validated.

use super::wire::ContestForm;
use crate::capacity::Limits;
use crate::plan::{Plan, Start};
use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The kinds of work that a contestant can be asked for.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Ability {
    /// Gradients at given points.
    Gradient,
    /// K flows from the start.
    Flow,
    /// Whatever it does from the start until the loss is as low as where the flow ends.
    TimeToLoss,
}

/// A backend that a contestant can compute on.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum ContestBackend {
    /// The host's cores.
    Cpu,
    /// A GPU.
    Cuda,
}

impl ContestBackend {
    /// The name that machines use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
        }
    }
}

/// What a contestant is timed at.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum ContestTask {
    /// Gradients at so many points at once.
    Gradient(usize),
    /// K flows from the start.
    Flow,
    /// The time until the loss is as low as where the flow ends.
    TimeToLoss,
}

impl ContestTask {
    /// What a contestant has to be able to do for it.
    #[must_use]
    pub fn ability(self) -> Ability {
        match self {
            Self::Gradient(_) => Ability::Gradient,
            Self::Flow => Ability::Flow,
            Self::TimeToLoss => Ability::TimeToLoss,
        }
    }

    /// The task of the baseline that it is compared with: the flow sets the loss that others have to reach, so its
    /// time to that loss is the flow's.
    #[must_use]
    pub fn of_baseline(self) -> Self {
        match self {
            Self::TimeToLoss => Self::Flow,
            other => other,
        }
    }

    /// The name that rows use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gradient(_) => "gradient",
            Self::Flow => "flow",
            Self::TimeToLoss => "time-to-loss",
        }
    }

    /// At how many points gradients are taken at once.
    #[must_use]
    pub fn points(self) -> Option<u64> {
        match self {
            Self::Gradient(points) => Some(points as u64),
            _ => None,
        }
    }
}

impl fmt::Display for ContestTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gradient(1) => f.write_str("one gradient"),
            Self::Gradient(points) => write!(f, "{points} gradients at once"),
            Self::Flow => f.write_str("the flow"),
            Self::TimeToLoss => f.write_str("time to the flow's loss"),
        }
    }
}

/// A program that takes part.
#[derive(Clone, Debug, PartialEq)]
pub struct ContestProgram {
    /// What rows and tables call it.
    pub name: String,
    /// What it is, in a line.
    pub label: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Further arguments on some data sets; those of `other` on all that are not named.
    pub arguments: BTreeMap<String, Vec<String>>,
    /// Where it runs.
    pub folder: String,
    /// Variables of its environment.
    pub environment: BTreeMap<String, String>,
    /// What it consists of beside what the command names.
    pub sources: Vec<String>,
    /// What it can do.
    pub tasks: Vec<Ability>,
    /// On what it can compute.
    pub backends: Vec<ContestBackend>,
    /// The data sets on which it takes part; all if none are said.
    pub datasets: Option<Vec<String>>,
    /// How it is installed, for those who do not have it.
    pub install: Option<String>,
    /// Whether a run is whole without it.
    pub optional: bool,
}

impl ContestProgram {
    /// Whether it can compute on a backend.
    #[must_use]
    pub fn is_on(&self, backend: &str) -> bool {
        self.backends.iter().any(|of| of.name() == backend)
    }

    /// Whether it takes part on a data set.
    #[must_use]
    pub fn takes_part_on(&self, dataset: &str) -> bool {
        let named = |datasets: &Vec<String>| datasets.iter().any(|name| name == dataset);
        self.datasets.as_ref().is_none_or(named)
    }

    /// The command on a data set.
    #[must_use]
    pub fn command_on(&self, dataset: &str) -> Vec<String> {
        let of = self.arguments.get(dataset);
        let more = of.or_else(|| self.arguments.get(OTHER));
        let more = more.into_iter().flatten().cloned();
        self.command.iter().cloned().chain(more).collect()
    }
}

/// The key that stands for all data sets that are not named.
pub(super) const OTHER: &str = "other";

/// How closely contestants have to agree with this project before they are timed; relative.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// By how much a gradient may differ from this project's own in f64, in the 2-norm, relative.
    pub gradient: f64,
    /// By how much the loss at a flow's end may differ, and the loss that is reached lie above the flow's, relative.
    pub loss: f64,
}

/// How gradients are timed.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct GradientTimings {
    /// At how many points at once gradients are taken; each is a task of its own.
    pub at_once: Vec<usize>,
    /// For about how many seconds a gradient is repeated in one timing, so that it lasts many ticks of any clock.
    pub seconds: f64,
}

/// The body of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct ContestPlan {
    /// The data sets.
    pub datasets: Vec<String>,
    /// Splits other than the default one.
    pub splits: BTreeMap<String, String>,
    /// Where flows start.
    pub start: Start,
    /// θ.
    pub step_size: f64,
    /// S.
    pub steps: usize,
    /// K by data set; `other` of those that are not named.
    pub flows: BTreeMap<String, usize>,
    /// How gradients are timed.
    pub gradients: GradientTimings,
    /// What has to agree.
    pub agreement: Agreement,
    /// How often each is timed.
    pub rounds: usize,
    /// Seconds of rest before each turn.
    pub rest_s: f64,
    /// Seconds that a contestant has to start, and for each answer.
    pub time_limit_s: f64,
    /// How much of the machine may be missing.
    pub machine: Option<Limits>,
    /// Names of the contestants that all are compared with.
    pub baselines: Vec<String>,
    /// Who takes part.
    pub contestants: Vec<ContestProgram>,
}

impl ContestPlan {
    /// Of a plan.
    ///
    /// # Errors
    /// Whatever of it cannot be run, by its key.
    pub fn new(plan: &Plan) -> Result<Self> {
        plan.statistics()?;
        plan.body::<ContestForm>()?.validated()
    }

    /// K on a data set.
    #[must_use]
    pub fn flows_of(&self, dataset: &str) -> Option<usize> {
        let of = self.flows.get(dataset);
        of.or_else(|| self.flows.get(OTHER)).copied()
    }

    /// The tasks of a contestant, in the order in which they are timed.
    #[must_use]
    pub fn tasks_of(&self, contestant: &ContestProgram) -> Vec<ContestTask> {
        let gradients = self.gradients.at_once.iter();
        let all = gradients.map(|points| ContestTask::Gradient(*points));
        let all = all.chain([ContestTask::Flow, ContestTask::TimeToLoss]);
        all.filter(|task| contestant.tasks.contains(&task.ability()))
            .collect()
    }

    /// The most points at which gradients are taken at once.
    #[must_use]
    pub fn most_points(&self) -> usize {
        self.gradients.at_once.iter().copied().max().unwrap_or(1)
    }
}
