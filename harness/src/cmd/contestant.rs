//! `harness contestant`: this project as one program among others.

use super::DONE;
use crate::cli::TakePart;
use anyhow::{Context, Result};
use lab::experiments::contest::own::{OwnContestant, OwnOptions};
use lab::experiments::contest::problem::WrittenProblem;
use lab::experiments::contest::serve::serve;
use optim::{Window, WindowForm};
use std::io;

pub(super) fn run(arguments: &TakePart) -> Result<u8> {
    let form = WindowForm {
        window: arguments.window,
        method: arguments.method.clone(),
        predictor: arguments.predictor.clone(),
        tolerance: arguments.tolerance,
        memory: arguments.memory,
        across_flows: arguments.across_flows,
        ..WindowForm::default()
    };
    let options = OwnOptions {
        window: Window::try_from(form)?,
        surrogate_rows: arguments.surrogate_rows,
        seed: arguments.seed,
        kernel: arguments.kernel,
    };
    let problem = WrittenProblem::read(&arguments.problem)
        .with_context(|| format!("the problem in {}", arguments.problem.display()))?;
    let contestant = OwnContestant::new(problem, options)?;
    serve(&contestant, io::stdin().lock(), io::stdout().lock())?;
    Ok(DONE)
}
