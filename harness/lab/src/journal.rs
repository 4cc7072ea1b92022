//! The journal: one line of JSON for each cell, appended as the cell ends. The only truth: all
//! that is shown is made from it.

mod json;
mod lines;
mod seal;

pub(crate) use json::{read as numbers_of, write as with_numbers};
pub use lines::{JournalLines, read};

use crate::device::explained;
use crate::environment::Environment;
use crate::files::{append, replace};
use crate::progress::say;
use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// One thing that is measured: the unit of resuming and of sharing between targets. Its settings are as a
/// kind of experiment describes them, or as JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell<C = Value> {
    /// A short description for people.
    pub label: String,
    /// Everything that the measurement depends on, besides the machine and the program; not what
    /// it is measured for.
    pub settings: C,
}

impl<C> Cell<C> {
    /// Makes a cell of its description for people and its settings.
    pub fn new(label: impl Into<String>, settings: C) -> Self {
        Self {
            label: label.into(),
            settings,
        }
    }
}

impl<C: Serialize> Cell<C> {
    /// Writes the settings as JSON.
    ///
    /// # Errors
    /// If they cannot be written so.
    pub fn written(&self) -> Result<Cell> {
        Ok(Cell {
            label: self.label.clone(),
            settings: serde_json::to_value(&self.settings)?,
        })
    }
}

impl Cell {
    /// Reads the settings as a kind of experiment describes them.
    ///
    /// # Errors
    /// If they are another kind's.
    pub fn described<C: DeserializeOwned>(&self) -> Result<Cell<C>> {
        Ok(Cell {
            label: self.label.clone(),
            settings: C::deserialize(&self.settings)?,
        })
    }

    /// The key under which the journal knows it: equal only for the same cell, measured by the
    /// same program on the same kind of machine.
    #[must_use]
    pub fn key(&self, environment: &Environment) -> String {
        let mut hash = Sha256::new();
        // A JSON object's keys are sorted.
        hash.update(self.settings.to_string());
        hash.update(environment.fingerprint());
        hash.finalize()
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// Whether a name is a key's.
#[must_use]
pub fn is_key(name: &str) -> bool {
    let hexadecimal = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    name.len() == 16 && name.chars().all(hexadecimal)
}

/// A line of the journal.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Entry {
    /// The cell's key.
    pub key: String,
    /// Seconds since 1970 at its end, where it was measured.
    pub ended_at: u64,
    /// The cell's settings.
    pub cell: Value,
    /// What came of it.
    pub outcome: Outcome,
    /// The target of the same report that has measured it, if it was not this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copied_from: Option<String>,
}

impl Entry {
    /// The cell as its kind of experiment describes it.
    ///
    /// # Errors
    /// If it is another kind's.
    pub fn cell<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(&self.cell)
            .with_context(|| format!("the journal's cell {} is not of this kind", self.key))
    }

    /// What was measured, as its kind of experiment writes it, numbers that are not finite
    /// included; `None` if nothing was.
    ///
    /// # Errors
    /// If it is another kind's.
    pub fn measured<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        match &self.outcome {
            Outcome::Measured(value) => json::read(value).map(Some).with_context(|| {
                format!(
                    "the journal's measurement of {} is not of this kind",
                    self.key
                )
            }),
            _ => Ok(None),
        }
    }

    /// Whether its cell is the one that its key names, measured where the environment says.
    #[must_use]
    pub fn is_keyed(&self, environment: &Environment) -> bool {
        Cell::new("", self.cell.clone()).key(environment) == self.key
    }

    /// Whether its outcome is one that measuring again would not change.
    #[must_use]
    pub fn stands(&self) -> bool {
        !matches!(
            self.outcome,
            Outcome::Failed { .. } | Outcome::LeftOut { .. }
        )
    }

    /// complete, diverged, or left out or failed with its reason, as rows say it.
    #[must_use]
    pub fn status(&self) -> String {
        match &self.outcome {
            Outcome::Measured(_) => "complete".into(),
            Outcome::Diverged { flow } => format!("diverged in flow {flow}"),
            Outcome::LeftOut { why } => format!("left out: {why}"),
            Outcome::Failed { error } => format!("failed: {error}"),
        }
    }
}

/// The outcome of a cell; what was measured is its kind's own, or that as JSON.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Outcome<M = Value> {
    /// It was measured.
    Measured(M),
    /// Its numbers stopped being finite.
    Diverged {
        /// In which outer iteration, counted from 1.
        flow: usize,
    },
    /// What it takes is not here, and the run is whole without it; it is tried again by the next run.
    LeftOut {
        /// Why.
        why: String,
    },
    /// It could not be run; it is tried again by the next run.
    Failed {
        /// Why.
        error: String,
    },
}

impl Outcome {
    /// Writes a kind of experiment's own measurements as JSON, numbers that are not finite included.
    ///
    /// # Errors
    /// If they cannot be written so.
    pub fn measured(measured: &impl Serialize) -> Result<Self> {
        Ok(Self::Measured(json::write(measured)?))
    }
}

impl<M: Serialize> Outcome<M> {
    /// Writes what was measured as JSON; what cannot be written so has failed.
    #[must_use]
    pub fn written(self) -> Outcome {
        match self {
            Self::Measured(measured) => {
                Outcome::measured(&measured).unwrap_or_else(|error| Outcome::failed(&error))
            }
            Self::Diverged { flow } => Outcome::Diverged { flow },
            Self::LeftOut { why } => Outcome::LeftOut { why },
            Self::Failed { error } => Outcome::Failed { error },
        }
    }
}

impl<M> Outcome<M> {
    /// Wraps an error as a failed outcome.
    #[must_use]
    pub fn failed(error: &anyhow::Error) -> Self {
        Self::Failed {
            error: explained(error),
        }
    }
}

/// Where a journal ends: what a manifest says of the journal beside it.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
pub struct JournalEnd {
    /// How many lines it has.
    pub lines: usize,
    /// The checksum of its last one; a target's name where there is none.
    pub sum: String,
}

/// An open journal: one process at a time may append to it.
pub struct Journal {
    path: PathBuf,
    file: File,
    faults: Vec<String>,
    entries: Vec<Entry>,
    end: JournalEnd,
    /// What was not there before it was opened: its file, then folders from the innermost on.
    made: Vec<PathBuf>,
}

/// One that was begun, has no line and was not to be [kept](Journal::keep) leaves nothing behind.
impl Drop for Journal {
    fn drop(&mut self) {
        let mut made = self.made.iter();
        if self.file.metadata().is_ok_and(|file| file.len() == 0)
            && let Some(file) = made.next()
            && std::fs::remove_file(file).is_ok()
        {
            // As far as nothing else has come to lie in them.
            let _ = made.try_for_each(std::fs::remove_dir);
        }
    }
}

impl Journal {
    /// Opens the journal of a target at `path`, or begins one. A last line that a killed process left
    /// unfinished is cut off; lines of another version of this program, and those that are not as they were
    /// written, stay, and are passed over.
    ///
    /// # Errors
    /// If another process has it open, or it cannot be read or written.
    pub fn open(path: &Path, target: &str) -> Result<Self> {
        let missing = |there: &&Path| !there.as_os_str().is_empty() && !there.exists();
        let made = path.ancestors().take_while(missing).map(Path::to_owned);
        let made: Vec<PathBuf> = made.collect();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("making the folder {}", folder.display()))?;
        }
        if let Ok(there) = std::fs::metadata(path)
            && !there.is_file()
        {
            bail!(
                "{} is not a file: give this run another folder, by --out",
                path.display()
            );
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .with_context(|| format!("opening {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "{} is being written by another run: wait for it, or use --out DIR",
                path.display()
            ),
            // A file system without locks; two runs into one folder are then the user's affair.
            Err(TryLockError::Error(error)) => say(&format!(
                "{} cannot be locked ({error}): let no second run write there",
                path.display()
            )),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .with_context(|| format!("reading {}", path.display()))?;
        let whole = lines::whole_lines(&bytes).len();
        let found = JournalLines::of(&bytes[..whole], target);
        file.set_len(whole as u64)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            faults: found.faults(),
            entries: found.sealed,
            end: found.end,
            made,
        })
    }

    /// Starts over. What was in it is kept beside it, behind what `journal.jsonl.old` has already.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn clear(&mut self, target: &str) -> Result<()> {
        if self.file.metadata()?.len() > 0 {
            let old = self.path.with_extension("jsonl.old");
            let before = match crate::files::read(&old) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
                read => read,
            };
            before
                .and_then(|before| Ok([before, crate::files::read(&self.path)?].concat()))
                .and_then(|lines| replace(&old, &lines))
                .with_context(|| format!("keeping the old journal as {}", old.display()))?;
        }
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.entries.clear();
        self.end = JournalEnd {
            lines: 0,
            sum: target.to_owned(),
        };
        Ok(())
    }

    /// Appends an entry; when this returns, the entry survives a crash.
    ///
    /// # Errors
    /// If it cannot be written; then the journal is as it was.
    pub fn append(&mut self, entry: Entry) -> Result<()> {
        let (line, sum) = seal::sealed(&entry, &self.end.sum)?;
        let before = self.file.stream_position()?;
        append(&mut self.file, &line)
            .or_else(|error| {
                // What is there of it would stand before the next line.
                self.file.set_len(before)?;
                self.file.seek(SeekFrom::Start(before))?;
                Err(error)
            })
            .with_context(|| format!("appending to {}: is the disk full?", self.path.display()))?;
        self.entries.push(entry);
        self.end = JournalEnd {
            lines: self.end.lines + 1,
            sum,
        };
        Ok(())
    }

    /// What was wrong with its lines when it was opened, in sentences for readers.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// Keeps it, though nothing may ever be appended: a manifest is about to name it.
    pub fn keep(&mut self) {
        self.made.clear();
    }

    /// Where it ends now.
    #[must_use]
    pub fn end(&self) -> &JournalEnd {
        &self.end
    }

    /// Whether the cell of this key has an outcome that stands.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|e| e.key == key && e.stands())
    }

    /// Passes over the entries that cannot be used, as if they had not been made, and answers their keys; in
    /// the file they stay.
    pub fn pass_over(&mut self, unusable: impl Fn(&Entry) -> bool) -> Vec<String> {
        let passed_over = self.entries.extract_if(.., |entry| unusable(entry));
        passed_over.map(|entry| entry.key).collect()
    }

    /// All entries, in the order they were written.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

/// The entries of the given cells, in the cells' order; the newest where a cell has several.
#[must_use]
pub fn select(entries: Vec<Entry>, keys: &[String]) -> Vec<Entry> {
    let newest = entries.into_iter().map(|entry| (entry.key.clone(), entry));
    let mut newest: BTreeMap<String, Entry> = newest.collect();
    keys.iter().filter_map(|key| newest.remove(key)).collect()
}
