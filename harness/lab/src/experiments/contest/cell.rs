//! What is measured, and what comes of it.

use super::plan::{ContestPlan, ContestProgram, ContestTask};
use super::sources::digest;
use crate::capacity::{Account, Sample};
use crate::plan::Start;
use datasets::Dataset;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A program as it takes part on a data set.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct CellProgram {
    /// What rows call it.
    pub name: String,
    /// The program and its arguments there.
    pub command: Vec<String>,
    /// The folder that it runs in.
    pub folder: String,
    /// Variables of its environment.
    pub environment: BTreeMap<String, String>,
    /// Of the files that it consists of, as far as its command and its plan name them; of a cell that is only compared
    /// with it, too.
    pub digest: String,
}

impl CellProgram {
    fn of(program: &ContestProgram, dataset: &str) -> Self {
        let command = program.command_on(dataset);
        Self {
            digest: digest(&program.folder, &command, &program.sources),
            name: program.name.clone(),
            command,
            folder: program.folder.clone(),
            environment: program.environment.clone(),
        }
    }
}

/// A contestant's task on a data set, with all that its time depends on.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct ContestCell {
    /// The data set.
    pub dataset: String,
    /// Which rows train.
    pub split: String,
    /// real or surrogate.
    pub data_source: String,
    /// A sha256 over what the numbers come from.
    pub data_digest: String,
    /// cpu or cuda.
    pub backend: String,
    /// cpu, or cuda:N.
    pub device: String,
    /// Root of what the points are drawn from.
    pub seed: u64,
    /// Where flows start.
    pub start: Start,
    /// θ.
    pub step_size: f64,
    /// S.
    pub steps: usize,
    /// K.
    pub flows: usize,
    /// How many points there are.
    pub most_points: usize,
    /// The work.
    pub task: ContestTask,
    /// Who does it.
    pub program: CellProgram,
    /// With whom it is compared.
    pub baselines: Vec<CellProgram>,
    /// By how much a gradient may differ, relative.
    pub gradient_agreement: f64,
    /// By how much a loss may, relative.
    pub loss_agreement: f64,
    /// How often it is timed.
    pub rounds: usize,
    /// Seconds that a timing of gradients lasts, about.
    pub gradient_s: f64,
    /// Seconds of rest before a turn.
    pub rest_s: f64,
    /// Seconds for an answer.
    pub time_limit_s: f64,
    /// Seconds of half a probe; nothing is probed if there are none.
    pub probe_s: Option<f64>,
}

impl ContestCell {
    /// All cells of a plan on a data set, in the order of its contestants, of each in that of its tasks.
    #[must_use]
    pub fn all(
        plan: &ContestPlan,
        seed: u64,
        dataset: &Dataset,
        (backend, device): (&str, &str),
    ) -> Vec<Self> {
        let here = |program: &&ContestProgram| {
            program.is_on(backend) && program.takes_part_on(&dataset.name)
        };
        let programs = plan.contestants.iter().filter(here);
        let programs: Vec<(&ContestProgram, CellProgram)> = programs
            .map(|program| (program, CellProgram::of(program, &dataset.name)))
            .collect();
        let compared = |task: ContestTask| -> Vec<CellProgram> {
            let able = |name: &String| {
                let of = programs.iter().find(|(program, _)| program.name == *name);
                of.filter(|(program, _)| program.tasks.contains(&task.of_baseline().ability()))
            };
            let all = plan.baselines.iter().filter_map(able);
            all.map(|(_, of)| of.clone()).collect()
        };
        let cell = |of: &CellProgram, task: ContestTask| Self {
            dataset: dataset.name.clone(),
            split: dataset.split.clone(),
            data_source: dataset.source.to_string(),
            data_digest: dataset.digest(),
            backend: backend.to_owned(),
            device: device.to_owned(),
            seed,
            start: plan.start,
            step_size: plan.step_size,
            steps: plan.steps,
            flows: plan.flows_of(&dataset.name).unwrap_or(1),
            most_points: plan.most_points(),
            task,
            program: of.clone(),
            baselines: compared(task),
            gradient_agreement: plan.agreement.gradient,
            loss_agreement: plan.agreement.loss,
            rounds: plan.rounds,
            gradient_s: plan.gradients.seconds,
            rest_s: plan.rest_s,
            time_limit_s: plan.time_limit_s,
            probe_s: plan.machine.map(|limits| limits.probe_s),
        };
        let of_program = |(program, of): &(&ContestProgram, CellProgram)| {
            let tasks = plan.tasks_of(program).into_iter();
            tasks.map(|task| cell(of, task)).collect::<Vec<_>>()
        };
        programs.iter().flat_map(of_program).collect()
    }

    /// What it is, for people.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}, {}: {}", self.dataset, self.program.name, self.task)
    }
}

/// A contestant's turn in a round.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct ContestTurn {
    /// The round, counted from 1.
    pub round: u64,
    /// Which turn of its round it was, counted from 1.
    pub turn: u64,
    /// Seconds by the contestant's own clock; none if it did not reach the loss.
    pub seconds: Option<f64>,
    /// Seconds between command and answer, by the harness's.
    pub answered_s: f64,
    /// How much of the machine was there before it, if that was looked at.
    pub probe: Option<Sample>,
    /// What the kernel says of it: how long its threads waited for a core, and what a hypervisor took.
    pub account: Account,
}

/// What was measured of a cell.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct MeasuredContest {
    /// What the contestant says of itself: its libraries and their versions.
    pub versions: String,
    /// How far its gradients were from this project's own, or its loss from that of this project's flow, relative; none
    /// where a loss was only to be reached.
    pub apart: Option<f64>,
    /// The loss where it ended, computed by this project in f64; none of gradients.
    pub loss: Option<f64>,
    /// The loss that was to be reached, or that this project's own flow ends at.
    pub target_loss: Option<f64>,
    /// How many iterations it took, if it says so.
    pub iterations: Option<u64>,
    /// How many rounds of gradients it waited for, if it says so.
    pub gradient_rounds: Option<u64>,
    /// How often a gradient was repeated in each of its turns.
    pub repeats: Option<u64>,
    /// Its turns.
    pub turns: Vec<ContestTurn>,
    /// Those of the baselines that it is compared with, by their names.
    pub baselines: BTreeMap<String, Vec<ContestTurn>>,
    /// How often the run was interrupted and begun anew.
    pub interrupted: u64,
}
