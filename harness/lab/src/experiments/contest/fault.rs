//! What a contestant can do wrong, as its cells' outcomes tell it.

use std::time::Duration;
use thiserror::Error;

/// Why a contestant has no result.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ContestantFault {
    /// It could not be started.
    #[error("`{program}` could not be started from {folder}: {why}{hint}")]
    NotStarted {
        /// The program.
        program: String,
        /// The folder that it should run in.
        folder: String,
        /// What the system says.
        why: String,
        /// How it is installed, if the plan says so.
        hint: String,
    },
    /// It ended when it should have answered.
    #[error("it ended ({how}) {doing}{said}")]
    Ended {
        /// What it was asked to do.
        doing: String,
        /// How: with which code, by which signal.
        how: String,
        /// The last line it wrote to standard error.
        said: String,
    },
    /// It took too long, and was ended.
    #[error("it had not answered after {:.0} s {doing}, and was ended{said}", limit.as_secs_f64())]
    Slow {
        /// What it was asked to do.
        doing: String,
        /// How long it had.
        limit: Duration,
        /// The last line it wrote to standard error.
        said: String,
    },
    /// It answered with more than an answer can have, and was ended.
    #[error("it answered with a line of more than {most} bytes {doing}, and was ended")]
    TooLong {
        /// What it was asked to do.
        doing: String,
        /// The most that an answer may have.
        most: usize,
    },
    /// It said something that nobody had asked for, and was ended.
    #[error("it said {said} unasked, before it was asked {doing}, and was ended")]
    Unasked {
        /// What it was about to be asked.
        doing: String,
        /// What it said.
        said: String,
    },
    /// Its answer is no JSON, and it was ended.
    #[error("it answered {said} {doing}: {why}; it was ended")]
    NoJson {
        /// What it was asked to do.
        doing: String,
        /// The beginning of its answer.
        said: String,
        /// What is wrong.
        why: String,
    },
    /// It answered that it cannot.
    #[error("{doing} it answered with an error: {error}")]
    Refused {
        /// What it was asked to do.
        doing: String,
        /// What it says.
        error: String,
    },
    /// Its answer lacks something, or is not of the right shape.
    #[error("its answer {doing} is wrong: {why}")]
    Wrong {
        /// What it was asked to do.
        doing: String,
        /// What is wrong.
        why: String,
    },
    /// It computes something else than this project does.
    #[error(
        "it was not timed, as it does not agree: {what} is apart by {apart:.2e}, relative, where {most:e} is let pass{told}"
    )]
    Disagrees {
        /// What was compared.
        what: String,
        /// How far it is apart.
        apart: f64,
        /// How far it may be.
        most: f64,
        /// Both numbers, where there are two.
        told: String,
    },
}

impl ContestantFault {
    /// Whether the program is gone, or no longer in step with what it is asked.
    #[must_use]
    pub fn ends_it(&self) -> bool {
        !matches!(
            self,
            Self::Refused { .. } | Self::Wrong { .. } | Self::Disagrees { .. }
        )
    }
}

/// The beginning of what was said, as a message can have it.
#[must_use]
pub fn quoted(said: &str) -> String {
    const MOST: usize = 200;
    let said = said.trim_end();
    let begin: String = said.chars().take(MOST).collect();
    match begin.len() < said.len() {
        true => format!("{begin:?} … ({} bytes)", said.len()),
        false => format!("{begin:?}"),
    }
}
