//! A data set and points, written as files that every contender reads.

use super::npy;
use super::plan::PeerPlan;
use super::points::{key, points};
use anyhow::{Context, Result};
use candle_core::Tensor;
use datasets::{Dataset, Library, LibraryOptions, Silent, Source};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What contenders compute, beside the arrays; `problem.json`.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Problem {
    /// The data set's name.
    pub dataset: String,
    /// Its split.
    pub split: String,
    /// real or surrogate.
    pub source: String,
    /// A sha256 over what the numbers come from.
    pub digest: String,
    /// n.
    pub rows: usize,
    /// d.
    pub features: usize,
    /// C.
    pub classes: usize,
    /// θ.
    pub step_size: f64,
    /// S.
    pub steps: usize,
    /// K.
    pub flows: usize,
}

/// The folder of an export, read back.
pub struct Exported {
    /// `problem.json`.
    pub problem: Problem,
    /// `x_train.npy`, `[n, d]` f32.
    pub x: Tensor,
    /// `y_train.npy`, `[n]` u32.
    pub labels: Vec<u32>,
    /// `points.npy`, `[W, d·C]` f32; the first is the start.
    pub points: Tensor,
}

/// Loads a data set of the plan and writes it to the folder `out`: `x_train.npy` `[n, d]` f32,
/// `y_train.npy` `[n]` u32, `start.npy` `[d·C]` f32, `points.npy` `[W, d·C]` f32 (the start and
/// further points) and `problem.json`.
///
/// # Errors
/// If the data cannot be had or the folder cannot be written to.
pub fn export(
    plan: &PeerPlan,
    name: &str,
    registry: datasets::Registry,
    options: LibraryOptions,
    out: &Path,
) -> Result<Problem> {
    let options = LibraryOptions {
        surrogate_seed: key(plan.seed, &["surrogate"]),
        ..options
    };
    let split = plan.splits.get(name).map(String::as_str);
    let dataset = Library::new(registry, options).load(name, split, &Silent)?;
    std::fs::create_dir_all(out).with_context(|| format!("making the folder {}", out.display()))?;
    let writing = || format!("writing {name} to {}", out.display());
    let problem = problem(plan, &dataset)?;
    arrays(plan, &dataset, out).with_context(writing)?;
    let json = serde_json::to_string_pretty(&problem)?;
    std::fs::write(out.join("problem.json"), json).with_context(writing)?;
    Ok(problem)
}

fn problem(plan: &PeerPlan, dataset: &Dataset) -> Result<Problem> {
    Ok(Problem {
        dataset: dataset.name.clone(),
        split: dataset.split.clone(),
        source: match &dataset.source {
            Source::Real => "real".into(),
            Source::Surrogate { .. } => "surrogate".into(),
        },
        digest: dataset.digest(),
        rows: dataset.train.len(),
        features: dataset.features,
        classes: dataset.classes,
        step_size: plan.flow.step_size,
        steps: plan.flow.steps,
        flows: plan.flows_of(&dataset.name)?,
    })
}

fn arrays(plan: &PeerPlan, dataset: &Dataset, out: &Path) -> std::io::Result<()> {
    let (rows, features) = (dataset.train.len(), dataset.features);
    let (length, count) = (features * dataset.classes, plan.widest());
    let x = dataset.train.to_dense();
    npy::write(&out.join("x_train.npy"), &[rows, features], &x)?;
    npy::write(&out.join("y_train.npy"), &[rows], &dataset.train.labels)?;
    let shape = (features, dataset.classes);
    let drawn = points(plan.seed, plan.start_scale, &dataset.name, shape, count);
    npy::write(&out.join("start.npy"), &[length], &drawn[..length])?;
    npy::write(&out.join("points.npy"), &[count, length], &drawn)
}

impl Exported {
    /// Reads what [`export`] wrote.
    ///
    /// # Errors
    /// If a file is missing or is not what it should be.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("problem.json");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("reading {}", path.display()))?;
        let problem = serde_json::from_str(&text)
            .with_context(|| format!("understanding {}", path.display()))?;
        let array = |name: &str| {
            let path = folder.join(name);
            Tensor::read_npy(&path).with_context(|| format!("reading {}", path.display()))
        };
        Ok(Self {
            problem,
            x: array("x_train.npy")?,
            labels: array("y_train.npy")?.to_vec1()?,
            points: array("points.npy")?,
        })
    }
}
