//! What a run has come to, after an epoch and within one, on disk: whole or not at all.

use super::learner::Learner;
use super::measure::{EpochRecord, Trained};
use crate::files::settle;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const WEIGHTS: &str = "weights.safetensors";
const OPTIMIZER: &str = "optimizer.safetensors";
const RECORDS: &str = "records.json";

/// A folder with one run's checkpoint: `epoch-N`, N epochs done, or `epoch-N.B`, and B batches of the next.
pub struct Checkpoints {
    folder: Option<PathBuf>,
    every: Duration,
}

/// How far a run has come: what a checkpoint is of.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct TrainingProgress {
    /// After each epoch.
    pub records: Vec<EpochRecord>,
    /// Of the epoch that has begun.
    #[serde(default)]
    pub epoch: Trained,
}

impl TrainingProgress {
    /// Epochs done, and batches of the next.
    fn place(&self) -> (usize, usize) {
        (self.records.len(), self.epoch.batches)
    }
}

impl Checkpoints {
    /// In a folder of its own, made when something is kept: after each epoch, and each twenty seconds of a longer one.
    /// Without a folder nothing is kept.
    #[must_use]
    pub fn new(folder: impl Into<Option<PathBuf>>) -> Self {
        Self::every(folder, Duration::from_secs(20))
    }

    /// In a folder of its own, within an epoch as often as that.
    #[must_use]
    pub fn every(folder: impl Into<Option<PathBuf>>, every: Duration) -> Self {
        Self {
            folder: folder.into(),
            every,
        }
    }

    /// How much of an epoch may be lost.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.every
    }

    /// Keeps what a learner has come to, and forgets what was kept before.
    ///
    /// # Errors
    /// If it cannot be written; what was kept before is then still there.
    pub fn keep(&self, learner: &Learner, progress: &TrainingProgress) -> Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let whole = of(folder, progress.place());
        let part = whole.with_added_extension("part");
        let write = || -> Result<()> {
            if part.exists() {
                fs::remove_dir_all(&part)?;
            }
            fs::create_dir_all(&part)?;
            learner.network().varmap().save(part.join(WEIGHTS))?;
            learner.save_state(&part.join(OPTIMIZER))?;
            fs::write(part.join(RECORDS), serde_json::to_vec(progress)?)?;
            if whole.exists() {
                fs::remove_dir_all(&whole)?;
            }
            Ok(settle(&part, &whole)?)
        };
        write().with_context(|| format!("keeping a checkpoint in {}", folder.display()))?;
        for other in places(folder) {
            if other != progress.place() {
                fs::remove_dir_all(of(folder, other)).ok();
            }
        }
        Ok(())
    }

    /// Brings a new learner to where the newest checkpoint was, and says how far that is: nowhere, where nothing
    /// was kept.
    ///
    /// # Errors
    /// If what was kept is not of such a learner.
    pub fn resume(&self, learner: &mut Learner) -> Result<TrainingProgress> {
        let newest = |kept: &PathBuf| Some(of(kept, places(kept).into_iter().max()?));
        let Some(folder) = self.folder.as_ref().and_then(newest) else {
            return Ok(TrainingProgress::default());
        };
        let mut read = || -> Result<TrainingProgress> {
            let progress = serde_json::from_slice(&crate::files::read(&folder.join(RECORDS))?)?;
            learner.network_mut().load(&folder.join(WEIGHTS))?;
            learner.load_state(&folder.join(OPTIMIZER))?;
            Ok(progress)
        };
        read().with_context(|| {
            format!(
                "going on from the checkpoint {}: remove it to start over",
                folder.display()
            )
        })
    }
}

/// The folder of a checkpoint at a place.
fn of(folder: &Path, (epochs, batches): (usize, usize)) -> PathBuf {
    folder.join(match batches {
        0 => format!("epoch-{epochs}"),
        batches => format!("epoch-{epochs}.{batches}"),
    })
}

/// The places of which there is a whole checkpoint.
fn places(folder: &Path) -> Vec<(usize, usize)> {
    let Ok(listed) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let place = |entry: fs::DirEntry| {
        let name = entry.file_name();
        let place = name.to_str()?.strip_prefix("epoch-")?;
        let (epochs, batches) = place.split_once('.').unwrap_or((place, "0"));
        Some((epochs.parse().ok()?, batches.parse().ok()?))
    };
    listed.flatten().filter_map(place).collect()
}
