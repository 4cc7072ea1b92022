//! The journal: one line of JSON for each cell, appended as the cell ends. The only truth: all
//! that is shown is made from it.

mod json;
mod seal;

use crate::device::explained;
use crate::environment::Environment;
use crate::files::{append, replace};
use crate::progress::say;
use anyhow::{Context, Result, bail};
use seal::Seal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
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
        !matches!(self.outcome, Outcome::Failed { .. })
    }

    /// complete, diverged, or failed with its reason, as rows say it.
    #[must_use]
    pub fn status(&self) -> String {
        match &self.outcome {
            Outcome::Measured(_) => "complete".into(),
            Outcome::Diverged { flow } => format!("diverged in flow {flow}"),
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
    entries: Vec<Entry>,
    end: JournalEnd,
}

impl Journal {
    /// Opens the journal of a target at `path`, or begins one. A last line that a killed process left
    /// unfinished is cut off; lines of another version of this program, and those that are not as they were
    /// written, stay, and are passed over.
    ///
    /// # Errors
    /// If another process has it open, or it cannot be read or written.
    pub fn open(path: &Path, target: &str) -> Result<Self> {
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
        let whole = whole_lines(&bytes).len();
        let found = JournalLines::of(&bytes[..whole], target);
        for fault in found.faults() {
            say(&format!("{}: {fault}", path.display()));
        }
        file.set_len(whole as u64)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            entries: found.sealed,
            end: found.end,
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

/// What the lines of a journal are.
#[derive(Debug, Default, PartialEq)]
pub struct JournalLines {
    /// Entries of an older program, which did not seal them.
    pub unsealed: Vec<Entry>,
    /// Entries as they were written.
    pub sealed: Vec<Entry>,
    /// How many lines are no entries of this version.
    pub foreign: usize,
    /// How many are not as they were written, or are there a second time.
    pub broken: usize,
    /// How often a line does not stand behind the one that it was written behind.
    pub gaps: usize,
    /// Where they end.
    pub end: JournalEnd,
}

impl JournalLines {
    /// Of whole lines, the first of which stands behind a target's name.
    fn of(bytes: &[u8], target: &str) -> Self {
        let mut found = Self::default();
        found.end.sum = target.to_owned();
        let mut known = BTreeSet::new();
        let mut begun = false;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            found.end.lines += 1;
            let entry = serde_json::from_slice(line).ok();
            match (entry, seal::of(line)) {
                (Some(entry), Seal::Whole { after, sum }) => {
                    found.gaps += usize::from(after != found.end.sum);
                    // Without a first line, what stands before was no older program's.
                    if !begun && seal::is_sum(&after) {
                        found.broken += std::mem::take(&mut found.unsealed).len();
                    }
                    begun = true;
                    match known.insert(sum.clone()) {
                        true => found.sealed.push(entry),
                        false => found.broken += 1,
                    }
                    found.end.sum = sum;
                }
                (Some(entry), Seal::Missing) if !begun => found.unsealed.push(entry),
                (None, Seal::Missing) => found.foreign += 1,
                _ => {
                    found.broken += 1;
                    if let Some(sum) = seal::written(line) {
                        sum.clone_into(&mut found.end.sum);
                    }
                }
            }
        }
        found
    }

    /// The entries of a run whose manifest says where its journal ends, or of an older program's.
    #[must_use]
    pub fn entries(mut self, sealed: bool) -> Vec<Entry> {
        if !sealed {
            let mut all = self.unsealed;
            all.append(&mut self.sealed);
            return all;
        }
        self.sealed
    }

    /// What is wrong with them, in sentences for readers.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let all = self.end.lines;
        let said = [
            (self.foreign, "cannot be read by this version"),
            (
                self.broken,
                "are not as they were written, and do not count",
            ),
            (
                self.gaps,
                "do not follow the line they were written behind: others were lost or put in",
            ),
        ];
        let fault = |(count, what): &(usize, &str)| format!("{count} of {all} lines {what}");
        said.iter()
            .filter(|(count, _)| *count > 0)
            .map(fault)
            .collect()
    }
}

/// Reads the journal of a target that nobody is writing; an unfinished last line is passed over.
///
/// # Errors
/// If it cannot be read.
pub fn read(path: &Path, target: &str) -> Result<JournalLines> {
    let bytes = crate::files::read(path)
        .with_context(|| format!("reading {}: was anything reproduced there?", path.display()))?;
    Ok(JournalLines::of(whole_lines(&bytes), target))
}

/// All but an unfinished last line.
fn whole_lines(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte == b'\n');
    &bytes[..end.map_or(0, |end| end + 1)]
}

/// The entries of the given cells, in the cells' order; the newest where a cell has several.
#[must_use]
pub fn select(entries: &[Entry], keys: &[String]) -> Vec<Entry> {
    let newest: BTreeMap<&str, &Entry> = entries.iter().map(|e| (e.key.as_str(), e)).collect();
    keys.iter()
        .filter_map(|key| newest.get(key.as_str()).map(|e| (*e).clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str) -> Entry {
        Entry {
            key: key.into(),
            ended_at: 7,
            cell: Value::from("κ"),
            outcome: Outcome::measured(&BTreeMap::from([("loss", f64::INFINITY)])).unwrap(),
            copied_from: None,
        }
    }

    /// The lines of a journal of table2 with these keys.
    fn lines(keys: &[&str]) -> Vec<Vec<u8>> {
        let mut after = "table2".to_owned();
        let mut line = |key: &&str| {
            let (line, sum) = seal::sealed(&entry(key), &after).unwrap();
            after = sum;
            line
        };
        keys.iter().map(&mut line).collect()
    }

    fn keys(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.key.as_str()).collect()
    }

    #[test]
    fn a_line_that_cannot_be_read_costs_nothing_but_itself() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("journal.jsonl");
        let [one, two] = &lines(&["a", "b"])[..] else {
            unreachable!()
        };
        let foreign = b"{\"key\": \"\xff\xce\"}\n\nnot JSON\n";
        // Torn in the middle of a character.
        let torn = b"{\"key\": \"\xce";
        std::fs::write(&path, [one, &foreign[..], two, torn].concat()).unwrap();
        let found = read(&path, "table2").unwrap();
        assert_eq!(keys(&found.sealed), ["a", "b"]);
        assert_eq!((found.foreign, found.broken, found.gaps), (3, 0, 0));
        let mut journal = Journal::open(&path, "table2").unwrap();
        assert_eq!(keys(journal.entries()), ["a", "b"]);
        let measured: BTreeMap<String, f64> = journal.entries()[0].measured().unwrap().unwrap();
        assert_eq!(measured["loss"], f64::INFINITY);
        journal.append(entry("c")).unwrap();
        let found = read(&path, "table2").unwrap();
        assert_eq!((keys(&found.sealed).len(), found.gaps), (3, 0));
        assert_eq!(found.end, *journal.end());
    }

    #[test]
    fn what_was_done_to_a_journal_is_found() {
        let all = lines(&["a", "b", "c"]);
        let of = |lines: &[&Vec<u8>], target: &str| {
            let bytes: Vec<u8> = lines.iter().flat_map(|line| line.iter().copied()).collect();
            let found = JournalLines::of(&bytes, target);
            (keys(&found.sealed).concat(), found.broken, found.gaps)
        };
        let found = |keys: &str, broken, gaps| (keys.to_owned(), broken, gaps);
        let (a, b, c) = (&all[0], &all[1], &all[2]);
        assert_eq!(of(&[a, b, c], "table2"), found("abc", 0, 0));
        assert_eq!(of(&[a, c], "table2"), found("ac", 0, 1), "one is gone");
        assert_eq!(of(&[b, c], "table2"), found("bc", 0, 1), "the first is");
        assert_eq!(
            of(&[a, b, b, c], "table2"),
            found("abc", 1, 1),
            "one is there twice"
        );
        assert_eq!(
            of(&[a, b, c], "fig2"),
            found("abc", 0, 1),
            "it is another's"
        );
        let mut edited = b.clone();
        let place = edited
            .windows(8)
            .position(|part| part == b"ended_at")
            .unwrap();
        edited[place + 10] = b'8';
        assert_eq!(of(&[a, &edited, c], "table2"), found("ac", 1, 0));
        // A seal taken off does not make a line an older program's.
        let bare = |key| [serde_json::to_vec(&entry(key)).unwrap(), b"\n".to_vec()].concat();
        assert_eq!(of(&[a, &bare("b"), c], "table2"), found("ac", 1, 1));
        assert_eq!(of(&[&bare("a"), b, c], "table2"), found("bc", 1, 1));
        let before = JournalLines::of(&[bare("o"), a.clone()].concat(), "table2");
        assert_eq!(keys(&before.unsealed), ["o"]);
        assert_eq!(before.faults(), [""; 0]);
        assert_eq!(keys(&before.entries(false)), ["o", "a"]);
    }

    #[test]
    fn an_entry_of_an_older_version_was_copied_from_nowhere() {
        let line = r#"{"key":"a","ended_at":7,"cell":{},"outcome":{"status":"diverged","flow":2}}"#;
        let entry: Entry = serde_json::from_str(line).unwrap();
        assert_eq!(entry.copied_from, None);
        assert_eq!(serde_json::to_string(&entry).unwrap(), line);
    }
}
