//! Targets that share their runs: those whose plans are `like` one another, within one report.
//! Where a cell was taken from another target, journal, rows, report and manifest say so.

use crate::journal::Entry;
use crate::manifest::{Manifest, date};
use crate::plan::Plan;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A target of the same report that shares its runs with another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relative {
    /// Its name.
    pub target: String,
    /// Its folder.
    pub folder: PathBuf,
}

/// The targets in the folder `root` of a report that share their runs with a plan: each in the
/// folder of its own name, with a plan that is like this one, or like the same. What else lies
/// there is left alone.
///
/// # Errors
/// If the folder cannot be listed.
pub fn relatives(root: &Path, plan: &Plan) -> Result<Vec<Relative>> {
    if !root.is_dir() {
        return Ok(Vec::new());
    }
    let listed = std::fs::read_dir(root).with_context(|| format!("listing {}", root.display()))?;
    let mut relatives: Vec<Relative> = listed
        .filter_map(|entry| {
            let folder = entry.ok()?.path();
            // What cannot be read is no reason not to measure.
            let manifest = Manifest::read(&folder).ok()?;
            let theirs = manifest
                .plan()
                .ok()
                .filter(|_| manifest.altered.is_none())?;
            let own_folder = folder.file_name()?.to_str() == Some(theirs.target.as_str());
            let shares = theirs.family() == plan.family() && theirs.target != plan.target;
            (own_folder && shares).then_some(Relative {
                target: theirs.target,
                folder,
            })
        })
        .collect();
    relatives.sort_by(|a, b| a.target.cmp(&b.target));
    Ok(relatives)
}

/// Cells of a run that were taken from another target.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Copied {
    /// The target that measured them.
    pub target: String,
    /// How many.
    pub cells: usize,
    /// When the first of them ended, in seconds since 1970.
    pub first_ended_at: u64,
    /// When the last did.
    pub last_ended_at: u64,
}

impl Copied {
    /// Of the entries of a run: one for each target that some are taken from, in order.
    #[must_use]
    pub fn of(entries: &[Entry]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for entry in entries {
            let Some(target) = &entry.copied_from else {
                continue;
            };
            match all.iter_mut().find(|copied| copied.target == *target) {
                Some(copied) => {
                    copied.cells += 1;
                    copied.first_ended_at = copied.first_ended_at.min(entry.ended_at);
                    copied.last_ended_at = copied.last_ended_at.max(entry.ended_at);
                }
                None => all.push(Self {
                    target: target.clone(),
                    cells: 1,
                    first_ended_at: entry.ended_at,
                    last_ended_at: entry.ended_at,
                }),
            }
        }
        all
    }

    /// What a reader has to know of them; `all` is how many cells the run has.
    #[must_use]
    pub fn sentence(&self, all: usize) -> String {
        let (first, last) = (date(self.first_ended_at), date(self.last_ended_at));
        let days = if first == last {
            first
        } else {
            format!("from {first} to {last}")
        };
        let cells = match (self.cells, all) {
            (1, 1) => "The one cell is that".to_owned(),
            (1, all) => format!("1 of {all} cells is that"),
            (cells, all) => format!("{cells} of {all} cells are those"),
        };
        format!("{cells} of {}, measured {days}.", self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configs::Configs;
    use crate::journal::Outcome;
    use crate::manifest::sha256_hex;

    fn entry(copied_from: Option<&str>, ended_at: u64) -> Entry {
        Entry {
            key: "k".into(),
            ended_at,
            cell: serde_json::Value::Null,
            outcome: Outcome::Diverged { flow: 1 },
            copied_from: copied_from.map(str::to_owned),
        }
    }

    #[test]
    fn copied_cells_are_counted_by_target_with_their_days() {
        let day = 86_400;
        let entries = [
            entry(None, 0),
            entry(Some("table2"), 3 * day),
            entry(Some("table2"), day),
            entry(Some("fig5"), day),
        ];
        let said: Vec<String> = Copied::of(&entries).iter().map(|c| c.sentence(4)).collect();
        assert_eq!(
            said,
            [
                "2 of 4 cells are those of table2, measured from 1970-01-02 to 1970-01-04.",
                "1 of 4 cells is that of fig5, measured 1970-01-02.",
            ]
        );
        assert!(Copied::of(&entries[..1]).is_empty());
    }

    #[test]
    fn relatives_are_targets_of_the_report_in_folders_of_their_own_names() {
        let root = tempfile::TempDir::new().unwrap();
        let configs = Configs::compiled_in();
        let plan = |target: &str| configs.plan(target).unwrap().plan().unwrap();
        let put = |folder: &str, target: &str| {
            let folder = root.path().join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            let plan = plan(target);
            let resolved = plan.resolved().unwrap();
            Manifest {
                target: target.into(),
                profile: plan.profile.name.clone(),
                datasets: Vec::new(),
                plan_sha256: sha256_hex(resolved.as_bytes()),
                plan: resolved,
                ..Manifest::made_up().unwrap()
            }
            .write(&folder)
            .unwrap();
        };
        put("table2", "table2");
        put("fig5", "fig5");
        put("fig2", "fig2");
        put("autotune", "autotune");
        // Somebody's copy of a folder is no target of the report.
        put("table2-before", "table2");
        std::fs::create_dir(root.path().join("empty")).unwrap();
        let names = |target: &str| -> Vec<String> {
            let found = relatives(root.path(), &plan(target)).unwrap();
            found.into_iter().map(|relative| relative.target).collect()
        };
        assert_eq!(names("fig5"), ["table2"]);
        assert_eq!(names("fig6"), ["fig5", "table2"]);
        assert_eq!(names("table2"), ["fig5"]);
        assert_eq!(names("fig3"), ["fig2"]);
        assert!(names("autotune").is_empty() && names("spring").is_empty());
        assert!(
            relatives(&root.path().join("nowhere"), &plan("fig5"))
                .unwrap()
                .is_empty()
        );
    }
}
