//! Where runs are compared besides their ends: after so many outer iterations, after so many
//! gradients.

use super::plan::Contestant;
use super::record::Record;
use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The marks of a plan, a part or a cell.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Marks {
    /// After as many outer iterations: a flow is one, and so is a step of a counterpart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub iterations: Vec<u64>,
    /// After as many gradients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gradients: Vec<u64>,
}

/// What a mark counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Outer iterations.
    Iterations,
    /// Gradients.
    Gradients,
}

impl Axis {
    /// The name that rows use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Iterations => "iterations",
            Self::Gradients => "gradients",
        }
    }
}

/// One mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What it counts.
    pub axis: Axis,
    /// How many.
    pub at: u64,
}

impl Mark {
    /// Whether a record was made just there.
    #[must_use]
    pub fn is(self, record: &Record) -> bool {
        self.at
            == match self.axis {
                Axis::Iterations => record.iterations,
                Axis::Gradients => record.gradients,
            }
    }
}

impl Marks {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iterations.is_empty() && self.gradients.is_empty()
    }

    /// All of them, those of the iterations first.
    pub fn all(&self) -> impl Iterator<Item = Mark> + '_ {
        let mark = |axis| move |&at| Mark { axis, at };
        let iterations = self.iterations.iter().map(mark(Axis::Iterations));
        iterations.chain(self.gradients.iter().map(mark(Axis::Gradients)))
    }

    /// Whether a run that has made as many iterations and gradients is at one.
    #[must_use]
    pub fn at(&self, iterations: u64, gradients: u64) -> bool {
        self.iterations.contains(&iterations) || self.gradients.contains(&gradients)
    }

    /// The last iteration that is asked for, or none.
    #[must_use]
    pub fn last_iteration(&self) -> u64 {
        self.iterations.last().copied().unwrap_or(0)
    }

    /// The last count of gradients that is asked for, or none.
    #[must_use]
    pub fn last_gradient(&self) -> u64 {
        self.gradients.last().copied().unwrap_or(0)
    }

    /// Themselves, if each lies where runs of these contestants have a record.
    ///
    /// # Errors
    /// If one does not, by its key.
    pub(super) fn validated(self, contestants: &[Contestant]) -> Result<Self> {
        for (axis, list) in [
            ("iterations", &self.iterations),
            ("gradients", &self.gradients),
        ] {
            ensure!(
                !list.contains(&0) && list.is_sorted_by(|a, b| a < b),
                "marks.{axis} is {list:?}, but counts from 1 upwards, each once"
            );
        }
        let variants = contestants
            .iter()
            .flat_map(|c| c.variants.iter().map(move |v| (c, v)));
        for (contestant, variant) in variants {
            for &at in &self.gradients {
                let name = &contestant.name;
                let Some(each) = variant.gradients_an_iteration() else {
                    anyhow::bail!(
                        "marks.gradients: how many gradients an iteration of {name} takes is not \
                         known beforehand, so that it has no record after just {at}"
                    );
                };
                ensure!(
                    at.is_multiple_of(each),
                    "marks.gradients: {name} has no record after just {at} gradients: a flow of \
                     its takes {each}"
                );
            }
        }
        Ok(self)
    }
}
