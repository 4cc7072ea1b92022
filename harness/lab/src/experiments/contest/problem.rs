//! A data set and points, written as files that every contestant reads.

use super::cell::ContestCell;
use super::npy;
use crate::files::replace;
use crate::plan::{Scale, Start};
use crate::regression::starting_point;
use crate::seed::Seeds;
use anyhow::{Context, Result};
use candle_core::Tensor;
use datasets::Dataset;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What is minimised, as `problem.json` says it.
const LOSS: &str = "cross-entropy";

/// What contestants compute, beside the arrays: `problem.json`.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct ContestProblem {
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
    /// What is minimised: the mean cross-entropy of a linear model, without bias and penalty.
    pub loss: String,
    /// θ.
    pub step_size: f64,
    /// S.
    pub steps: usize,
    /// K.
    pub flows: usize,
    /// On what to compute: cpu, or cuda:N.
    pub device: String,
}

/// The folder of a problem, read back.
pub struct WrittenProblem {
    /// `problem.json`.
    pub problem: ContestProblem,
    /// `x_train.npy`, `[n, d]` f32.
    pub x: Tensor,
    /// `y_train.npy`, `[n]` u32.
    pub labels: Vec<u32>,
    /// `points.npy`, `[W, d·C]` f32; the first is the start.
    pub points: Tensor,
}

/// A folder with a problem, which is removed with all that is in it.
pub struct ProblemFolder(PathBuf);

impl Drop for ProblemFolder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

impl ProblemFolder {
    /// Writes a data set to `folder`, which is made: `x_train.npy` `[n, d]` f32, `y_train.npy` `[n]` u32, `start.npy`
    /// `[d·C]` f32, `points.npy` `[W, d·C]` f32 and `problem.json`.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub fn write(
        folder: PathBuf,
        problem: &ContestProblem,
        dataset: &Dataset,
        points: &[Vec<f32>],
    ) -> Result<Self> {
        let writing = format!(
            "writing {} for contestants to {}",
            dataset.name,
            folder.display()
        );
        std::fs::create_dir_all(&folder).with_context(|| writing.clone())?;
        // Contestants run in folders of their own.
        let folder = Self(std::path::absolute(&folder).with_context(|| writing.clone())?);
        folder
            .arrays(dataset, points)
            .and_then(|()| {
                let json = serde_json::to_string_pretty(problem)?;
                replace(&folder.0.join("problem.json"), json.as_bytes())
            })
            .with_context(|| writing)?;
        Ok(folder)
    }

    /// Where it lies, from the root.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    fn arrays(&self, dataset: &Dataset, points: &[Vec<f32>]) -> std::io::Result<()> {
        let (rows, features) = (dataset.train.len(), dataset.features);
        let length = features * dataset.classes();
        let of = |name: &str| self.0.join(name);
        npy::write(
            &of("x_train.npy"),
            &[rows, features],
            &dataset.train.to_dense(),
        )?;
        let labels = dataset.train.labels.classes().unwrap_or_default();
        npy::write(&of("y_train.npy"), &[rows], labels)?;
        npy::write(&of("start.npy"), &[length], &points[0])?;
        npy::write(&of("points.npy"), &[points.len(), length], &points.concat())
    }
}

/// What contestants compute on a data set.
#[must_use]
pub fn problem(cell: &ContestCell, dataset: &Dataset) -> ContestProblem {
    ContestProblem {
        dataset: dataset.name.clone(),
        split: dataset.split.clone(),
        source: dataset.source.to_string(),
        digest: dataset.digest(),
        rows: dataset.train.len(),
        features: dataset.features,
        classes: dataset.classes(),
        loss: LOSS.to_owned(),
        step_size: cell.step_size,
        steps: cell.steps,
        flows: cell.flows,
        device: cell.device.clone(),
    }
}

/// The points of a data set, each `[d·C]`: where flows start, then further ones for gradients, each uniform in
/// ± 1/√d. The start is that of plans of kind `windows` under the same seed.
#[must_use]
pub fn points(cell: &ContestCell, dataset: &Dataset) -> Vec<Vec<f32>> {
    let seeds = Seeds::new(cell.seed);
    let elsewhere = Start::Uniform {
        scale: Scale::InverseSqrtFeatures,
    };
    let point = |which: usize| {
        let number = which.to_string();
        let (start, mut stream) = match which {
            0 => (cell.start, seeds.stream(&["start", &dataset.name])),
            _ => (elsewhere, seeds.stream(&["point", &dataset.name, &number])),
        };
        let length = dataset.features * dataset.classes();
        let drawn = starting_point(start, dataset.features, length, &mut stream);
        drawn.into_iter().map(|x| x as f32).collect()
    };
    (0..cell.most_points.max(1)).map(point).collect()
}

impl WrittenProblem {
    /// Reads what [`ProblemFolder::write`] wrote.
    ///
    /// # Errors
    /// If a file is missing or is not what it should be.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("problem.json");
        let text = crate::files::read_text(&path)
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
