//! A problem with a starting point, and what can be told of a point of it.

use super::problem::{DescentProblem, SensingDistance};
use crate::plan::{Precision, Start};
use crate::regression::{Regression, on_sphere, standard_normal, starting_point};
use crate::seed::Seeds;
use anyhow::{Context, Result};
use candle_core::{DType, Device, Tensor};
use datasets::Dataset;
use optim::{Ackley, MatrixSensing, Potential, Quadratic, Sensing};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What identifies a scene.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Setting {
    /// What is minimised.
    pub problem: DescentProblem,
    /// The data set, if it is about one.
    pub dataset: Option<String>,
    /// Its split.
    pub split: Option<String>,
    /// real or surrogate; synthetic for problems that the paper itself generates.
    pub data_source: String,
    /// What identifies the data's numbers.
    pub data_digest: Option<String>,
    /// Element type.
    pub precision: Precision,
    /// The root seed.
    pub seed: u64,
    /// How runs start.
    pub start: Start,
    /// Which starting point, counted from 0.
    pub index: u64,
}

impl Setting {
    /// Of a problem, on its data if it is about any, at a start of those that are drawn from the root seed. What is
    /// generated is computed in f64, whatever is asked for.
    #[must_use]
    pub fn new(
        problem: DescentProblem,
        data: Option<&Dataset>,
        precision: Precision,
        (seed, start, index): (u64, Start, u64),
    ) -> Self {
        Self {
            problem,
            dataset: data.map(|d| d.name.clone()),
            split: data.map(|d| d.split.clone()),
            data_source: data.map_or_else(|| "synthetic".into(), |d| d.source.to_string()),
            data_digest: data.map(Dataset::digest),
            precision: match problem.needs_data() {
                true => precision,
                false => Precision::F64,
            },
            seed,
            start,
            index,
        }
    }

    /// How rows name the problem.
    #[must_use]
    pub fn name(&self) -> &str {
        match self.problem {
            DescentProblem::Logistic(_)
            | DescentProblem::BinaryLogistic(_)
            | DescentProblem::LeastSquares(_) => self.dataset.as_deref().unwrap_or("data"),
            DescentProblem::Ackley => "ackley",
            DescentProblem::Quadratic { .. } => "quadratic",
            DescentProblem::MatrixSensing { .. } => "matrix-sensing",
        }
    }

    /// The name of a stream of random numbers of this scene.
    #[must_use]
    pub fn stream_name(&self, what: &str) -> Vec<String> {
        let mut name = vec![what.to_owned(), self.name().to_owned()];
        // The first start has the name that other kinds of experiments use for theirs.
        if self.index > 0 {
            name.push(self.index.to_string());
        }
        name
    }
}

/// What a point is worth.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct Worth {
    /// Function value; the loss on the training rows, with its penalty.
    pub value: f64,
    /// Share of test rows classified rightly.
    pub test_accuracy: Option<f64>,
    /// Loss on the test rows, where no classes are predicted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_loss: Option<f64>,
    /// Distance to the solution, where it is known.
    pub distance: Option<f64>,
}

/// A problem on a device.
pub struct Scene {
    /// What is minimised.
    pub potential: Arc<dyn Potential>,
    /// Where runs start, `[D]`.
    pub start: Tensor,
    truth: Truth,
}

/// What is known of a solution.
enum Truth {
    /// Rows to be tested on.
    Test(Arc<Regression>),
    /// It is the origin.
    Origin,
    /// It is the origin of a quadratic, whose matrix is on one device.
    QuadraticOrigin,
    /// The matrix to be found, or its factor.
    Sensing(Arc<MatrixSensing>, SensingDistance),
}

/// A data set on a device, kept for the next scene that needs it.
#[derive(Default)]
pub struct Kept(Option<(String, Arc<Regression>)>);

impl Scene {
    /// Sets a problem up on a device.
    ///
    /// # Errors
    /// If the device has no room, or a setting is out of range.
    pub fn new(
        setting: &Setting,
        data: Option<&Dataset>,
        device: &Device,
        kept: &mut Kept,
    ) -> Result<Self> {
        let (potential, truth, features): (Arc<dyn Potential>, Truth, usize) = match setting.problem
        {
            DescentProblem::Logistic(_)
            | DescentProblem::BinaryLogistic(_)
            | DescentProblem::LeastSquares(_) => {
                let fit = setting.problem.fit().context("nothing is fitted")?;
                let dataset = data.context("what is fitted to data is about a data set")?;
                let key = format!("{:?} {:?} {:?}", dataset.digest(), fit, setting.precision);
                let regression = match &kept.0 {
                    Some((of, regression)) if *of == key => regression.clone(),
                    _ => {
                        // Before the new one is made, so that two are never there at once.
                        kept.0 = None;
                        let made =
                            Arc::new(Regression::new(dataset, fit, setting.precision, device)?);
                        kept.0 = Some((key, made.clone()));
                        made
                    }
                };
                let potential = regression.train.on_device(device)?;
                (potential, Truth::Test(regression), dataset.features)
            }
            DescentProblem::Ackley => (Arc::new(Ackley::new(device)), Truth::Origin, 2),
            DescentProblem::Quadratic {
                dimension,
                condition,
            } => {
                let made = Arc::new(quadratic(setting, (dimension, condition), device)?);
                (made, Truth::QuadraticOrigin, dimension)
            }
            DescentProblem::MatrixSensing { distance, .. } => {
                let sensing = Arc::new(sensing(setting, device)?);
                let dimension = sensing.dimension();
                let truth = Truth::Sensing(sensing.clone(), distance);
                (sensing, truth, dimension)
            }
        };
        let name = setting.stream_name("start");
        let name: Vec<&str> = name.iter().map(String::as_str).collect();
        let mut stream = Seeds::new(setting.seed).stream(&name);
        let start = starting_point(setting.start, features, potential.dimension(), &mut stream);
        let start = Tensor::new(start, device)?.to_dtype(potential.dtype())?;
        Ok(Self {
            potential,
            start,
            truth,
        })
    }

    /// The problem on a device: itself on its own.
    ///
    /// # Errors
    /// If the device has no room, or the problem is on its own device alone.
    pub fn potential_on(&self, device: &Device) -> optim::Result<Arc<dyn Potential>> {
        if device.same_device(self.potential.device()) {
            return Ok(self.potential.clone());
        }
        match &self.truth {
            Truth::Test(regression) => Ok(regression.train.on_device(device)?),
            Truth::Origin => Ok(Arc::new(Ackley::new(device))),
            Truth::Sensing(..) | Truth::QuadraticOrigin => Err(candle_core::Error::Msg(
                "matrix sensing and quadratics are computed on one device".into(),
            )
            .into()),
        }
    }

    /// What a point `[D]` is worth.
    ///
    /// # Errors
    /// If the device fails.
    pub fn worth(&self, point: &Tensor) -> Result<Worth> {
        let mut worth = Worth {
            value: self.potential.value(point)?,
            ..Worth::default()
        };
        match &self.truth {
            Truth::Test(regression) => {
                worth.test_accuracy = regression.test.hits(point)?;
                if worth.test_accuracy.is_none() {
                    worth.test_loss = Some(regression.test.loss(point)?);
                }
            }
            Truth::Origin | Truth::QuadraticOrigin => {
                let squares = point.to_dtype(DType::F64)?.sqr()?.sum_all()?;
                worth.distance = Some(squares.to_scalar::<f64>()?.sqrt());
            }
            Truth::Sensing(sensing, SensingDistance::Matrix) => {
                worth.distance = Some(sensing.distance(point)?);
            }
            Truth::Sensing(sensing, SensingDistance::Factor) => {
                worth.distance = Some(sensing.factor_distance(point)?);
            }
        }
        Ok(worth)
    }
}

/// The quadratic of a start, whose eigenvectors are the same for every κ.
fn quadratic(
    setting: &Setting,
    (dimension, condition): (usize, f64),
    device: &Device,
) -> Result<Quadratic> {
    let name = setting.stream_name("reflection");
    let name: Vec<&str> = name.iter().map(String::as_str).collect();
    let mut stream = Seeds::new(setting.seed).stream(&name);
    let reflection = on_sphere(1.0, dimension, &mut stream);
    let eigenvalues = eigenvalues(dimension, condition);
    Ok(Quadratic::spectral(&eigenvalues, &reflection, device)?)
}

/// The eigenvalues of a quadratic, from 1 down to 1/κ.
pub fn eigenvalues(dimension: usize, condition: f64) -> Vec<f64> {
    let last = dimension.saturating_sub(1).max(1) as f64;
    let eigenvalue = |i: usize| condition.powf(-(i as f64) / last);
    (0..dimension).map(eigenvalue).collect()
}

/// The matrix sensing problem of a start: vectors and truth from streams of their own.
fn sensing(setting: &Setting, device: &Device) -> Result<MatrixSensing> {
    let DescentProblem::MatrixSensing {
        dimension,
        truth_rank,
        truth_norm,
        rank,
        measurements,
        scale,
        ..
    } = setting.problem
    else {
        anyhow::bail!("not a matrix sensing problem");
    };
    let stream = |what: &str| {
        let name = setting.stream_name(what);
        let name: Vec<&str> = name.iter().map(String::as_str).collect();
        Seeds::new(setting.seed).stream(&name)
    };
    let vectors = |what: &str| -> Vec<f64> {
        let mut stream = stream(what);
        let entries = 0..measurements * dimension;
        entries.map(|_| standard_normal(&mut stream)).collect()
    };
    let (a, a_tilde) = (vectors("a"), vectors("a-tilde"));
    let truth = on_sphere(truth_norm, dimension * truth_rank, &mut stream("truth"));
    let sizes = Sensing {
        dimension,
        rank,
        scale,
    };
    Ok(MatrixSensing::new(&a, &a_tilde, &truth, sizes, device)?)
}
