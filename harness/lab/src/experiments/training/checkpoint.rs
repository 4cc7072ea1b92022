//! What a run has come to after an epoch, on disk: whole or not at all.

use super::learner::Learner;
use super::measure::EpochRecord;
use crate::files::settle;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

const WEIGHTS: &str = "weights.safetensors";
const OPTIMIZER: &str = "optimizer.safetensors";
const RECORDS: &str = "records.json";

/// A folder with one run's checkpoint: `epoch-N`, N epochs done.
pub struct Checkpoints {
    folder: PathBuf,
}

impl Checkpoints {
    /// In a folder of its own; made when something is kept.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn of(&self, epoch: usize) -> PathBuf {
        self.folder.join(format!("epoch-{epoch}"))
    }

    /// Keeps what a learner has come to, and forgets what was kept before.
    ///
    /// # Errors
    /// If it cannot be written; what was kept before is then still there.
    pub fn keep(&self, learner: &Learner, records: &[EpochRecord]) -> Result<()> {
        let epoch = records.len();
        let part = self.folder.join(format!("epoch-{epoch}.part"));
        let write = || -> Result<()> {
            if part.exists() {
                fs::remove_dir_all(&part)?;
            }
            fs::create_dir_all(&part)?;
            learner.network().varmap().save(part.join(WEIGHTS))?;
            learner.save_state(&part.join(OPTIMIZER))?;
            fs::write(part.join(RECORDS), serde_json::to_vec(records)?)?;
            let whole = self.of(epoch);
            if whole.exists() {
                fs::remove_dir_all(&whole)?;
            }
            Ok(settle(&part, &whole)?)
        };
        write().with_context(|| format!("keeping a checkpoint in {}", self.folder.display()))?;
        for other in self.epochs().into_iter().filter(|other| *other != epoch) {
            fs::remove_dir_all(self.of(other)).ok();
        }
        Ok(())
    }

    /// The epochs of which there is a whole checkpoint.
    fn epochs(&self) -> Vec<usize> {
        let Ok(listed) = fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        let epoch = |entry: fs::DirEntry| {
            let name = entry.file_name();
            name.to_str()?.strip_prefix("epoch-")?.parse().ok()
        };
        listed.flatten().filter_map(epoch).collect()
    }

    /// Brings a new learner to where the newest checkpoint was; the epochs it has done. None where nothing
    /// was kept.
    ///
    /// # Errors
    /// If what was kept is not of such a learner.
    pub fn resume(&self, learner: &mut Learner) -> Result<Vec<EpochRecord>> {
        let Some(epoch) = self.epochs().into_iter().max() else {
            return Ok(Vec::new());
        };
        let folder = self.of(epoch);
        let mut read = || -> Result<Vec<EpochRecord>> {
            let records = serde_json::from_slice(&crate::files::read(&folder.join(RECORDS))?)?;
            learner.network_mut().load(&folder.join(WEIGHTS))?;
            learner.load_state(&folder.join(OPTIMIZER))?;
            Ok(records)
        };
        read().with_context(|| {
            format!(
                "going on from the checkpoint {}: remove it to start over",
                folder.display()
            )
        })
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}
