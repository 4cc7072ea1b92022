//! What a run leaves: its journal and its manifest.

use crate::edits::{choice, edited};
use lab::configs::Configs;
use lab::experiments::{self, AnyExperiment};
use lab::journal::{Entry, Journal, JournalEnd, JournalLines, Outcome, read};
use lab::manifest::Manifest;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tempfile::TempDir;

const TARGET: &str = "table2";

/// A journal whose bytes were changed: each entry that counts is one that was written, once; a journal that
/// looks whole is; and what is appended counts. Or the bytes of a journal: whatever can be read is put to all
/// kinds of experiments.
///
/// # Panics
/// If that does not hold.
pub fn journal(bytes: &[u8]) {
    let (chosen, rest) = choice(bytes);
    let path = FOLDER.path().join("journal.jsonl");
    if chosen % 2 == 0 {
        let changed = edited(&WRITTEN.0, rest);
        let found = lines(&path, &changed);
        for (place, entry) in found.sealed.iter().enumerate() {
            assert!(
                WRITTEN.1.sealed.contains(entry),
                "an entry that nobody wrote: {entry:?}"
            );
            assert!(
                !found.sealed[..place].contains(entry),
                "an entry twice: {entry:?}"
            );
        }
        let whole = changed
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        if found == WRITTEN.1 {
            assert!(changed[..whole] == WRITTEN.0[..], "other bytes look whole");
        }
        let mut journal = Journal::open(&path, TARGET).expect("a file of its own");
        let before = journal.entries().to_vec();
        journal.append(entry(7)).expect("room for a line");
        let found = read(&path, TARGET).expect("the file");
        assert_eq!(found.sealed, [before, vec![entry(7)]].concat());
        assert_eq!(found.end, *journal.end());
        return;
    }
    let found = lines(&path, rest);
    let _ = found.faults();
    for entry in found.unsealed.iter().chain(&found.sealed) {
        let _ = (entry.status(), entry.stands());
        for kind in KINDS.iter() {
            let _ = kind().reads(entry);
        }
    }
}

fn lines(path: &Path, bytes: &[u8]) -> JournalLines {
    std::fs::write(path, bytes).expect("a folder for the journal");
    read(path, TARGET).expect("the file")
}

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| TempDir::new().expect("a folder"));

fn entry(number: usize) -> Entry {
    Entry {
        key: format!("{number:016x}"),
        ended_at: number as u64,
        cell: json!({"number": number, "text": "κ\"},\"sum\":\""}),
        outcome: match number % 3 {
            0 => Outcome::Diverged { flow: number },
            1 => Outcome::measured(&BTreeMap::from([("loss", f64::NAN), ("wall_s", 0.125)]))
                .expect("numbers"),
            _ => Outcome::Failed {
                error: "no room".into(),
            },
        },
        copied_from: (number == 4).then(|| "fig2".to_owned()),
    }
}

/// A journal as it is written, and what is read of it.
static WRITTEN: LazyLock<(Vec<u8>, JournalLines)> = LazyLock::new(|| {
    let path: PathBuf = FOLDER.path().join("written.jsonl");
    let mut journal = Journal::open(&path, TARGET).expect("a folder");
    for number in 0..6 {
        journal.append(entry(number)).expect("room for a line");
    }
    let bytes = std::fs::read(&path).expect("the file");
    (bytes, read(&path, TARGET).expect("the file"))
});

/// A kind of experiment for each of the project's plans.
type Made = Box<dyn Fn() -> Box<dyn AnyExperiment> + Send + Sync>;

static KINDS: LazyLock<Vec<Made>> = LazyLock::new(|| {
    let summaries = Configs::compiled_in()
        .summaries()
        .expect("the project's plans");
    let mut kinds = BTreeMap::new();
    for summary in summaries {
        let layers = Configs::compiled_in()
            .plan(&summary.target)
            .expect("a plan");
        let plan = layers.plan().expect("a plan");
        kinds.insert(plan.experiment.clone(), plan);
    }
    let made = |plan| -> Made {
        Box::new(move || experiments::of(&plan).expect("the project's own plan"))
    };
    kinds.into_values().map(made).collect()
});

/// A manifest, or one whose bytes were changed: not a manifest, one that says that it was altered, or the one
/// that was written.
///
/// # Panics
/// If that does not hold.
pub fn manifest(bytes: &[u8]) {
    let (chosen, rest) = choice(bytes);
    let whole = &*MANIFEST;
    let changed = match chosen % 2 {
        0 => edited(&whole.0, rest),
        _ => rest.to_vec(),
    };
    std::fs::write(FOLDER.path().join("manifest.json"), &changed)
        .expect("a folder for the manifest");
    if let Ok(found) = Manifest::read(FOLDER.path()) {
        let _ = (found.plan(), found.untestable());
        // Without its sum and all else that tells of it, it is as an older program wrote it, whose entries are not
        // verified, which is said.
        if chosen.is_multiple_of(2) && found.altered.is_none() && found.verifiable {
            assert!(found == whole.1, "another manifest that does not say so");
        }
    }
}

/// A manifest as it is written, and what is read of it.
static MANIFEST: LazyLock<(Vec<u8>, Manifest)> = LazyLock::new(|| {
    let folder = TempDir::new().expect("a folder");
    let made = Manifest {
        journal: Some(JournalEnd {
            lines: 6,
            sum: "0".repeat(32),
        }),
        claims_sha256: Some("0".repeat(64)),
        ..Manifest::made_up().expect("a manifest")
    };
    made.write(folder.path()).expect("a folder");
    let bytes = std::fs::read(folder.path().join("manifest.json")).expect("the file");
    (bytes, Manifest::read(folder.path()).expect("the file"))
});
