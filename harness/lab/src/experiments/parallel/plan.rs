//! What a plan of kind `parallel` says, validated. How it is written is in `wire`.

use super::setting::NetworkProblem;
use super::wire::ParallelForm;
use crate::device::{Machine, Placement};
use crate::experiments::descent::DescentProblem;
use crate::experiments::descent::MethodSpec;
use crate::experiments::descent::plan::Contestant;
use crate::experiments::identity::once;
use crate::experiments::windows::plan::EvaluatorKind;
use crate::plan::{Plan, Precision, Start};
use anyhow::Result;
use optim::Window;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A window, and where its gradients are computed.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
pub struct PlacedSteps {
    /// `Batched` or `Devices`, also for width 1, to say on what steps are taken one after the other.
    pub evaluator: EvaluatorKind,
    /// How many steps at once, and how.
    pub window: Window,
}

/// What moves: a method whose steps are computed in a window, or one that takes them as it does.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Mover {
    /// The method with all its numbers.
    pub method: MethodSpec,
    /// Its window; none of a method that is no recurrence of one gradient a step.
    pub placed: Option<PlacedSteps>,
}

impl Mover {
    /// Whether it takes one step after the other on one whole device: what others of its method are compared with.
    #[must_use]
    pub fn is_baseline(&self) -> bool {
        let whole = |placed: &PlacedSteps| {
            placed.window.width == 1 && placed.evaluator == EvaluatorKind::Batched
        };
        self.placed.as_ref().is_none_or(whole)
    }

    /// Where it runs.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn placement(&self, machine: &Machine) -> Result<Placement> {
        match &self.placed {
            Some(PlacedSteps {
                evaluator: EvaluatorKind::Devices,
                window,
            }) => machine.workers(window.width),
            _ => Ok(machine.whole()),
        }
    }

    /// Its step size and window, for whoever waits.
    #[must_use]
    pub fn label(&self) -> String {
        let size = self.method.step_size();
        let size = size.map_or_else(String::new, |size| format!("{size} "));
        match &self.placed {
            Some(placed) => format!("{size}{} {}", placed.evaluator.name(), placed.window),
            None => size.trim_end().to_owned(),
        }
    }
}

/// What is minimised.
#[derive(Clone, Debug, PartialEq)]
pub enum ParallelProblem {
    /// A potential, on each of the plan's data sets where it is fitted to data.
    Potential(DescentProblem),
    /// The loss of a network.
    Network(NetworkProblem),
}

impl ParallelProblem {
    /// Whether it is fitted to the plan's data sets.
    #[must_use]
    pub fn needs_rows(&self) -> bool {
        matches!(self, Self::Potential(problem) if problem.needs_data())
    }
}

/// A problem of the plan, with what is compared on it.
#[derive(Clone, Debug, PartialEq)]
pub struct ParallelPart {
    /// Its name in rows; none of the plan's own problem.
    pub name: String,
    /// What is minimised.
    pub problem: ParallelProblem,
    /// How runs start.
    pub start: Start,
    /// How many starting points.
    pub starts: u64,
    /// How many steps each run takes at most.
    pub steps: usize,
    /// How many steps lie between two looks at the value.
    pub every: usize,
    /// Along how many steps the growth of differences is measured; 0 if it is not.
    pub exponent_steps: usize,
    /// How often each run is timed; 0 for never.
    pub repeats: usize,
    /// The value to be reached, by data set or problem.
    pub targets: BTreeMap<String, f64>,
    /// What is compared.
    pub methods: Vec<Contestant>,
    /// The windows of each method that has any.
    pub windows: Vec<PlacedSteps>,
}

impl ParallelPart {
    /// The value to be reached on a data set or problem.
    #[must_use]
    pub fn target_of(&self, name: &str) -> Option<f64> {
        self.targets.get(name).copied()
    }

    /// Every method with its numbers, under its name.
    pub fn variants(&self) -> impl Iterator<Item = (&str, &MethodSpec)> {
        self.methods.iter().flat_map(|method| {
            let name = method.name.as_str();
            method.variants.iter().map(move |spec| (name, spec))
        })
    }

    /// Each way in which a method moves.
    #[must_use]
    pub fn movers(&self, method: &MethodSpec) -> Vec<Mover> {
        let mover = |placed| Mover {
            method: method.clone(),
            placed,
        };
        match method.recurrence() {
            Some(_) => self
                .windows
                .iter()
                .map(|&placed| mover(Some(placed)))
                .collect(),
            None => vec![mover(None)],
        }
    }
}

/// A validated plan of windows over the steps of several methods.
#[derive(Clone, Debug, PartialEq)]
pub struct ParallelPlan {
    /// The element type.
    pub precision: Precision,
    /// The data sets of logistic problems.
    pub datasets: Vec<String>,
    /// Their splits, where they are not the default.
    pub splits: BTreeMap<String, String>,
    /// The problems.
    pub parts: Vec<ParallelPart>,
    /// What has to be said about it all.
    pub notes: Vec<String>,
}

impl ParallelPlan {
    /// The networks of its parts, each once.
    pub fn networks(&self) -> impl Iterator<Item = &NetworkProblem> {
        once(self.parts.iter().filter_map(|part| match &part.problem {
            ParallelProblem::Network(network) => Some(network),
            ParallelProblem::Potential(_) => None,
        }))
        .into_iter()
    }

    /// What a part calls a method.
    #[must_use]
    pub fn name_of(&self, part: &str, method: &MethodSpec) -> String {
        let parts = self.parts.iter().filter(|of| of.name == part);
        let mut all = parts.flat_map(ParallelPart::variants);
        let found = all.find(|(_, spec)| *spec == method);
        found.map_or_else(String::new, |(name, _)| name.to_owned())
    }

    /// From a plan's body.
    ///
    /// # Errors
    /// Whatever is unknown, missing or out of range, by its key.
    pub fn new(plan: &Plan) -> Result<Self> {
        plan.statistics()?;
        plan.body::<ParallelForm>()?.validated()
    }
}
