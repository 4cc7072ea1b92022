//! A contestant on a data set: its process, what it is asked for, and what has come of that.

use super::answer::Answer;
use super::cell::{CellProgram, ContestTurn, MeasuredContest};
use super::fault::ContestantFault;
use super::plan::ContestTask;
use super::process::{ContestantProcess, ProcessRules};
use super::referee::Referee;
use crate::capacity::Snapshot;
use anyhow::Result;
use serde::{Deserialize, Serialize};

/// What has come of a task up to now.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct TaskProgress {
    /// Whose.
    pub name: String,
    /// Which.
    pub task: ContestTask,
    /// What was measured.
    pub measured: MeasuredContest,
    /// Why nothing more comes of it, if it has failed.
    pub fault: Option<String>,
    /// Whether it is then left out, and has not failed: it could not be started, and the run is whole without it.
    pub left_out: bool,
}

/// A contestant that takes part on a data set.
pub struct Entrant<'a> {
    program: CellProgram,
    rules: ProcessRules<'a>,
    process: Option<ContestantProcess>,
    /// Its tasks, in the order in which they are timed.
    pub tasks: Vec<TaskProgress>,
}

/// More repeats than a gradient takes.
const MOST_REPEATS: u64 = 1_000_000;

/// How often a gradient is repeated to see how often it has to be.
const TRIED_REPEATS: u64 = 3;

impl<'a> Entrant<'a> {
    /// Before it is started.
    #[must_use]
    pub fn new(program: CellProgram, rules: ProcessRules<'a>) -> Self {
        Self {
            program,
            rules,
            process: None,
            tasks: Vec::new(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.program.name
    }

    /// A task of its, if it has it and has not failed in it.
    #[must_use]
    pub fn able(&self, task: ContestTask) -> Option<usize> {
        self.tasks
            .iter()
            .position(|of| of.task == task && of.fault.is_none())
    }

    /// Starts it and has each of its tasks done once, which warms it up, and judges what comes of that. A task that fails is
    /// out. One in which the program ends or has to be ended takes the others with it no further than to a new
    /// start: in the end one process has done all that are left.
    pub fn check(&mut self, referee: &Referee, gradient_s: f64, ended: &dyn Fn(&str, ContestTask)) {
        loop {
            self.process = None;
            let versions = match self.start() {
                Ok(versions) => versions,
                Err(fault) => {
                    let left: Vec<usize> = self.left().collect();
                    for place in left {
                        self.out(place, &fault);
                        self.tasks[place].left_out = self.rules.optional;
                        ended(&self.program.name, self.tasks[place].task);
                    }
                    return;
                }
            };
            let left: Vec<usize> = self.left().collect();
            let mut again = false;
            for place in left {
                self.tasks[place].measured.versions.clone_from(&versions);
                let checked = self.check_task(place, referee, gradient_s);
                if let Err(fault) = checked {
                    self.out(place, &fault);
                    ended(&self.program.name, self.tasks[place].task);
                    if fault.ends_it() {
                        again = true;
                        break;
                    }
                }
            }
            if !again {
                let left: Vec<usize> = self.left().collect();
                for place in left {
                    ended(&self.program.name, self.tasks[place].task);
                }
                return;
            }
            if self.left().next().is_none() {
                self.process = None;
                return;
            }
        }
    }

    /// Has a task done and timed.
    pub fn turn(&mut self, place: usize, (turn, referee): (ContestTurn, &Referee)) {
        let timed = self.timed(place, referee, turn);
        let of = &mut self.tasks[place];
        match timed {
            Ok(turn) => of.measured.turns.push(turn),
            Err(fault) => {
                self.out(place, &fault);
                if fault.ends_it() {
                    self.process = None;
                    // A new process would not be as warm as the others.
                    let left: Vec<usize> = self.left().collect();
                    for place in left {
                        self.out(place, &fault);
                    }
                }
            }
        }
    }

    /// Has its program end.
    pub fn quit(&mut self) {
        if let Some(process) = self.process.take() {
            process.quit();
        }
    }

    fn left(&self) -> impl Iterator<Item = usize> {
        let left = self.tasks.iter().enumerate();
        let left = left
            .filter(|(_, of)| of.fault.is_none())
            .map(|(place, _)| place);
        left.collect::<Vec<_>>().into_iter()
    }

    fn out(&mut self, place: usize, fault: &ContestantFault) {
        self.tasks[place].fault = Some(fault.to_string());
    }

    /// Starts it; what it says of itself.
    fn start(&mut self) -> Result<String, ContestantFault> {
        let mut process = ContestantProcess::start(&self.program, &self.rules)?;
        let answer = Answer::new("when it was started", process.ready()?);
        answer.ready()?;
        let versions = answer.text("versions")?;
        self.process = Some(process);
        Ok(versions)
    }

    fn ask(&mut self, command: &str) -> Result<(Answer, f64), ContestantFault> {
        let doing = format!("to `{command}`");
        let Some(process) = &mut self.process else {
            return Err(ContestantFault::Ended {
                doing,
                how: "before".to_owned(),
                said: String::new(),
            });
        };
        let (value, passed) = process.ask(command)?;
        Ok((Answer::new(doing, value), passed))
    }

    fn check_task(
        &mut self,
        place: usize,
        referee: &Referee,
        gradient_s: f64,
    ) -> Result<(), ContestantFault> {
        let task = self.tasks[place].task;
        if let ContestTask::Gradient(points) = task {
            let (answer, _) = self.ask(&format!("values {points}"))?;
            let apart = referee.gradients(&answer, points)?;
            let (answer, passed) = self.ask(&format!("gradient {points} {TRIED_REPEATS}"))?;
            let one = answer.seconds(TRIED_REPEATS, passed)?;
            let one = one.ok_or_else(|| answer.wrong(NO_TIME.to_owned()))?;
            let wanted = (gradient_s / one.max(1e-9)).ceil() as u64;
            let measured = &mut self.tasks[place].measured;
            measured.apart = Some(apart);
            measured.repeats = Some(wanted.clamp(1, MOST_REPEATS));
            return Ok(());
        }
        self.run(place, referee).map(|_| ())
    }

    /// One run of a flow or a minimisation, judged; its seconds, and those that passed.
    fn run(
        &mut self,
        place: usize,
        referee: &Referee,
    ) -> Result<(Option<f64>, f64), ContestantFault> {
        let task = self.tasks[place].task;
        let target = referee.target();
        let (answer, passed) = match task {
            ContestTask::TimeToLoss => self.ask(&format!("time-to-loss {target:?}"))?,
            _ => self.ask("flow")?,
        };
        let seconds = answer.seconds(1, passed)?;
        let (loss, apart) = match task {
            ContestTask::TimeToLoss => (referee.reached(&answer, seconds.is_some())?, None),
            _ => {
                let end = referee.flow_end(&answer)?;
                seconds.ok_or_else(|| answer.wrong(NO_TIME.to_owned()))?;
                (end.loss, Some(end.apart))
            }
        };
        let measured = &mut self.tasks[place].measured;
        measured.loss = Some(loss);
        measured.apart = apart;
        measured.target_loss = Some(target);
        measured.iterations = answer.count("iterations")?;
        measured.gradient_rounds = answer.count("rounds")?;
        Ok((seconds, passed))
    }

    fn timed(
        &mut self,
        place: usize,
        referee: &Referee,
        turn: ContestTurn,
    ) -> Result<ContestTurn, ContestantFault> {
        let id = self.process.as_ref().map(ContestantProcess::id);
        let before = id.map(Snapshot::of_process);
        let of = &self.tasks[place];
        let repeats = of.measured.repeats.unwrap_or(1);
        let (seconds, answered_s) = match of.task {
            ContestTask::Gradient(points) => {
                let (answer, passed) = self.ask(&format!("gradient {points} {repeats}"))?;
                let seconds = answer.seconds(repeats, passed)?;
                seconds.ok_or_else(|| answer.wrong(NO_TIME.to_owned()))?;
                (seconds, passed)
            }
            _ => self.run(place, referee)?,
        };
        let after = id.map(Snapshot::of_process);
        let account = after
            .zip(before)
            .map(|(after, before)| after.since(&before));
        Ok(ContestTurn {
            seconds,
            answered_s,
            account: account.unwrap_or_default(),
            ..turn
        })
    }
}

/// What is said of a timing without a time.
const NO_TIME: &str = "`seconds` is null, which only a loss that was not reached can have";
