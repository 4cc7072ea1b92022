//! What is minimised.

use crate::plan::{LinearFit, Loss, Model, non_negative, positive};
use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The largest of a matrix sensing problem's sizes: its 2·m·d numbers are then 1.6 GB.
const MOST: usize = 10_000;

/// The largest side of a quadratic's matrix, which is then 134 MB.
const MOST_SIDE: usize = 4_096;

/// What is minimised.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum DescentProblem {
    /// Multinomial logistic regression on each of the plan's data sets.
    Logistic(Model),
    /// Binary logistic regression, of data of two classes: one column of weights.
    BinaryLogistic(Model),
    /// Least squares, of data whose labels are numbers.
    LeastSquares(Model),
    /// The Ackley function, eq. (18).
    Ackley,
    /// A convex quadratic, its eigenvalues evenly spaced on the scale of logarithms from 1/κ to 1 along directions that a
    /// drawn reflection gives them; least at the origin.
    Quadratic {
        /// D: how many numbers a point has.
        dimension: usize,
        /// κ: the largest eigenvalue, which is 1, by the smallest.
        condition: f64,
    },
    /// Matrix sensing, eq. (19), with vectors and truth drawn anew for each start.
    MatrixSensing {
        /// d: the rows of a factor.
        dimension: usize,
        /// r, the rank of the matrix to be found.
        truth_rank: usize,
        /// ‖B*‖_F of the factor of the matrix to be found, which is uniform on that sphere.
        truth_norm: f64,
        /// k, the columns of the factor that is looked for.
        rank: usize,
        /// m: how often the matrix is measured.
        measurements: usize,
        /// A factor that multiplies eq. (19); 1 is the function as printed.
        scale: f64,
        /// What the distance to the solution is of.
        distance: SensingDistance,
    },
}

/// How far a factor B is from the solution of matrix sensing.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum SensingDistance {
    /// ‖BBᵀ − B*B*ᵀ‖_F / ‖B*B*ᵀ‖_F, of the matrix.
    Matrix,
    /// min over rotations R of ‖B − B*R‖_F, of the factor.
    Factor,
}

impl DescentProblem {
    /// What is fitted to data sets; none of a problem that is about none.
    #[must_use]
    pub fn fit(&self) -> Option<LinearFit> {
        let (loss, model) = match *self {
            Self::Logistic(model) => (Loss::Logistic, model),
            Self::BinaryLogistic(model) => (Loss::BinaryLogistic, model),
            Self::LeastSquares(model) => (Loss::LeastSquares, model),
            Self::Ackley | Self::Quadratic { .. } | Self::MatrixSensing { .. } => return None,
        };
        Some(LinearFit { loss, model })
    }

    /// D, of a problem that is about no data set.
    #[must_use]
    pub fn dimension(&self) -> Option<usize> {
        match *self {
            Self::Ackley => Some(2),
            Self::Quadratic { dimension, .. } => Some(dimension),
            Self::MatrixSensing {
                dimension, rank, ..
            } => Some(dimension * rank),
            Self::Logistic(_) | Self::BinaryLogistic(_) | Self::LeastSquares(_) => None,
        }
    }

    /// Whether it is about data sets.
    #[must_use]
    pub fn needs_data(&self) -> bool {
        self.fit().is_some()
    }

    pub(crate) fn validated(self) -> Result<Self> {
        match self {
            Self::Logistic(model) | Self::BinaryLogistic(model) | Self::LeastSquares(model) => {
                non_negative("problem.l2", model.l2)?;
            }
            Self::Ackley => {}
            Self::Quadratic {
                dimension,
                condition,
            } => {
                ensure!(
                    (2..=MOST_SIDE).contains(&dimension),
                    "problem.dimension is {dimension}, but lies between 2 and {MOST_SIDE}"
                );
                ensure!(
                    condition.is_finite() && condition > 1.0,
                    "problem.condition is {condition}, but is a number above 1"
                );
            }
            Self::MatrixSensing {
                dimension,
                truth_rank,
                truth_norm,
                rank,
                measurements,
                scale,
                ..
            } => {
                for (key, size) in [
                    ("dimension", dimension),
                    ("truth_rank", truth_rank),
                    ("rank", rank),
                    ("measurements", measurements),
                ] {
                    ensure!(
                        (1..=MOST).contains(&size),
                        "problem.{key} is {size}, but lies between 1 and {MOST}"
                    );
                }
                positive("problem.truth_norm", truth_norm)?;
                positive("problem.scale", scale)?;
            }
        }
        Ok(self)
    }
}
