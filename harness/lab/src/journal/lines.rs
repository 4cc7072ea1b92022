//! A journal's lines, and what was done to them.

use super::seal::{self, Seal};
use super::{Entry, JournalEnd};
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::path::Path;

/// What the lines of a journal are.
#[derive(Clone, Debug, Default, PartialEq)]
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
    pub(super) fn of(bytes: &[u8], target: &str) -> Self {
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
pub(super) fn whole_lines(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte == b'\n');
    &bytes[..end.map_or(0, |end| end + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Journal, Outcome};
    use serde_json::Value;
    use std::collections::BTreeMap;

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
