//! A plan of kind `contest` as it is written, and what makes it valid.

use super::super::identity::{once, repeated};
use super::plan::{
    Ability, Agreement, ContestBackend, ContestPlan, ContestProgram, GradientTimings, OTHER,
};
use crate::capacity::Limits;
use crate::plan::schema::one_or_many;
use crate::plan::{OneOrMany, Start, positive};
use anyhow::{Context, Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// As it is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContestForm {
    /// The data sets.
    datasets: Vec<String>,
    /// The split of each data set that does not use its default.
    #[serde(default)]
    splits: BTreeMap<String, String>,
    /// Where flows start, and those who minimise by other means.
    start: Start,
    /// The flow: symplectic Euler on ½‖v‖².
    flow: ContestFlow,
    /// K: how many flows one after the other a timing has, by data set; `other` stands for all that are not named.
    flows: BTreeMap<String, usize>,
    /// How gradients are timed.
    gradients: GradientTimings,
    /// How closely a contestant has to agree with this project before it is timed.
    agreement: Agreement,
    /// How often each contestant is timed: once in each round.
    rounds: usize,
    /// Seconds of rest before each turn, in which threads that spin after their work come to an end.
    rest_s: f64,
    /// Seconds that a contestant has to start, and for each answer; then it is ended.
    time_limit_s: f64,
    /// How much of the machine a timed run may lack before nothing is decided by its time.
    machine: Option<Limits>,
    /// The contestant that all are compared with; of a list, with each.
    #[schemars(schema_with = "one_or_many::<String>")]
    baseline: OneOrMany<String>,
    /// The programs that take part: bench/PROTOCOL.md says what they have to speak.
    contestants: Vec<ContestantForm>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ContestFlow {
    /// θ: the step size.
    step_size: f64,
    /// S: the steps of a flow.
    steps: usize,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ContestantForm {
    /// What rows and tables call it.
    name: String,
    /// What it is, in a line; its name if nothing is said.
    label: Option<String>,
    /// The program and its arguments, behind which the folder with the problem is added; `{harness}` is the program
    /// that runs the plan.
    command: Vec<String>,
    /// What it can be asked for.
    tasks: Vec<Ability>,
    /// The data sets on which it takes part; all if nothing is said.
    datasets: Option<Vec<String>>,
    /// Further arguments, by data set; those of `other` on all that are not named.
    #[serde(default)]
    arguments: BTreeMap<String, Vec<String>>,
    /// The folder in which it runs, from where the harness was started; that one if nothing is said.
    #[serde(default = "here")]
    folder: String,
    /// Variables of its environment.
    #[serde(default)]
    environment: BTreeMap<String, String>,
    /// Files and folders, from its own, that it consists of beside those that its command names: where one changes, what
    /// was measured of it is measured again.
    #[serde(default)]
    sources: Vec<String>,
    /// On what it can compute; the others leave it out.
    #[serde(default = "on_cpus")]
    devices: Vec<ContestBackend>,
    /// How it is installed, said where it cannot be started.
    install: Option<String>,
    /// Whether a run is whole without it: where it cannot be started it is then left out, which is said and is no failure.
    #[serde(default)]
    optional: bool,
}

fn here() -> String {
    ".".to_owned()
}

fn on_cpus() -> Vec<ContestBackend> {
    vec![ContestBackend::Cpu]
}

impl ContestForm {
    pub(super) fn validated(self) -> Result<ContestPlan> {
        positive("flow.step_size", self.flow.step_size)?;
        ensure!(!self.datasets.is_empty(), "datasets is empty");
        for dataset in &self.datasets {
            ensure!(
                self.flows.contains_key(dataset) || self.flows.contains_key(OTHER),
                "flows has neither `{dataset}` nor `{OTHER}`: --set flows.{dataset}=10 says K for it"
            );
        }
        ensure!(!self.contestants.is_empty(), "contestants is empty");
        let contestants: Vec<ContestProgram> = self
            .contestants
            .into_iter()
            .map(ContestantForm::validated)
            .collect::<Result<_>>()?;
        let names: Vec<&str> = contestants.iter().map(|c| c.name.as_str()).collect();
        if let Some(twice) = repeated(&names) {
            anyhow::bail!("two contestants are named `{twice}`");
        }
        let asked = |ability| contestants.iter().any(|c| c.tasks.contains(&ability));
        ensure!(
            !self.gradients.at_once.is_empty() || !asked(Ability::Gradient),
            "gradients.at_once is empty, but some contestants are asked for gradients"
        );
        if let Some(twice) = repeated(&self.gradients.at_once) {
            anyhow::bail!("gradients.at_once has {twice} twice");
        }
        let baselines = once(self.baseline.all());
        ensure!(!baselines.is_empty(), "baseline is empty");
        for name in &baselines {
            let of = contestants.iter().find(|c| c.name == *name);
            let of = of.with_context(|| {
                let all = names.join(", ");
                format!("baseline is `{name}`, but is the name of a contestant: {all}")
            })?;
            // A time to a loss is compared with a flow, which sets that loss.
            ensure!(
                of.tasks.iter().any(|task| *task != Ability::TimeToLoss),
                "baseline is `{name}`, whose tasks have neither gradient nor flow, so that nothing can be compared with it"
            );
        }
        Ok(ContestPlan {
            datasets: self.datasets,
            splits: self.splits,
            start: self.start.validated()?,
            step_size: self.flow.step_size,
            steps: self.flow.steps,
            flows: self.flows,
            gradients: self.gradients,
            agreement: self.agreement,
            rounds: self.rounds,
            rest_s: self.rest_s,
            time_limit_s: self.time_limit_s,
            machine: self.machine.map(Limits::validated).transpose()?,
            baselines,
            contestants,
        })
    }
}

impl ContestantForm {
    fn validated(self) -> Result<ContestProgram> {
        let name = &self.name;
        ensure!(
            self.command
                .first()
                .is_some_and(|program| !program.is_empty()),
            "the contestant {name} has no command"
        );
        ensure!(!self.tasks.is_empty(), "the contestant {name} has no tasks");
        ensure!(
            !self.devices.is_empty(),
            "the contestant {name} has no devices"
        );
        // What a program cannot be started with.
        let is_odd = |text: &String| text.contains('\0');
        let words = self.command.iter().chain(self.arguments.values().flatten());
        let places = self.sources.iter().chain([&self.folder]);
        let of_environment = self
            .environment
            .iter()
            .flat_map(|(key, value)| [key, value]);
        let odd = words.chain(places).chain(of_environment).any(is_odd);
        let is_no_variable = |key: &String| key.is_empty() || key.contains('=');
        ensure!(
            !odd && !self.environment.keys().any(is_no_variable),
            "the contestant {name} has a NUL in a text, or a variable whose name is empty or has a `=`"
        );
        Ok(ContestProgram {
            label: self.label.unwrap_or_else(|| self.name.clone()),
            name: self.name,
            command: self.command,
            arguments: self.arguments,
            folder: self.folder,
            environment: self.environment,
            sources: self.sources,
            tasks: once(self.tasks),
            backends: once(self.devices),
            install: self.install,
            optional: self.optional,
            datasets: self.datasets,
        })
    }
}
