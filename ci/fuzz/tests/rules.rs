//! The rules of the fuzz targets hold for their seeds, for the project's own files, and for those changed.

use fuzz::{TARGETS, Target, mutated};
use std::path::{Path, PathBuf};

/// How often each seed is changed.
const CHANGES: u64 = 150;

/// Words of the formats, which drawn bytes would not find.
const WORDS: [&str; 26] = [
    "1e999",
    "-0",
    "nan",
    "18446744073709551616",
    "0x10",
    ".inf",
    "-1",
    "[]",
    "{}",
    "[1, 2]",
    "{a: 1}",
    "~",
    "*a",
    "&a ",
    "<<: ",
    "!!",
    "\"",
    "\n",
    "\r\n",
    "#",
    ": ",
    ", ",
    "  - ",
    "\0",
    "\u{202e}",
    "\x1b[2J",
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The files of a folder, by name, in order.
fn named(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let listed = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let listed = listed.map(Result::unwrap);
    let read = |entry: std::fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, std::fs::read(entry.path()).unwrap())
    };
    let files = listed.filter(|entry| entry.path().is_file());
    let mut files: Vec<_> = files.map(read).collect();
    files.sort();
    files
}

fn files(folder: &Path) -> Vec<Vec<u8>> {
    named(folder).into_iter().map(|(_, bytes)| bytes).collect()
}

/// Puts a target's seeds to it, as they are and changed.
fn holds(name: &str) {
    let (_, target): &(&str, Target) = TARGETS.iter().find(|(n, _)| *n == name).unwrap();
    let seeds = files(&folder("seeds").join(name));
    assert!(!seeds.is_empty());
    for (place, seed) in seeds.iter().enumerate() {
        target(seed);
        for change in 0..CHANGES {
            let drawn = change + CHANGES * place as u64;
            let other = &seeds[drawn as usize % seeds.len()];
            target(&mutated(seed, other, &WORDS, drawn));
        }
    }
}

macro_rules! tests {
    ($($test:ident: $target:literal;)+) => {
        $(#[test] fn $test() { holds($target) })+

        #[test]
        fn each_target_has_its_test() {
            assert_eq!(TARGETS.map(|(name, _)| name), [$($target),+]);
        }
    };
}

tests! {
    archives_hold_the_images_that_are_declared_or_are_refused: "archive";
    claims_are_judged_whatever_the_numbers_or_refused: "claims";
    compressed_bytes_give_what_was_compressed_or_an_error: "compressed";
    a_journal_shows_what_was_done_to_it: "journal";
    text_gives_rows_or_a_line_that_is_there: "libsvm";
    a_manifest_is_as_written_or_says_so: "manifest";
    plans_written_down_are_the_same_or_are_refused: "plan";
    registries_are_bounded_and_plain_or_are_refused: "registry";
    tables_give_finite_rows_or_a_file_that_is_named: "tables";
}

/// As a fuzzer would: the project's own files are seeds, too, without being kept twice.
#[test]
fn the_projects_own_files_changed_are_read_or_refused() {
    for file in files(&folder("../../configs")) {
        for (name, target) in TARGETS {
            if ["plan", "registry", "claims"].contains(&name) {
                let seed = [
                    if name == "registry" { vec![] } else { vec![9] },
                    file.clone(),
                ]
                .concat();
                for change in 0..8 {
                    target(&mutated(&seed, &file, &WORDS, change));
                }
            }
        }
    }
}

#[test]
fn seeds_of_claims_and_registries_are_accepted_so_that_changes_of_them_come_far() {
    for (seed, bytes) in named(&folder("seeds/claims")) {
        let text = String::from_utf8(bytes[1..].to_vec()).unwrap();
        let read = claims::Claims::from_yaml(&text);
        assert_eq!(read.is_ok(), seed != "unclosed-name", "{seed}: {read:?}");
    }
    for (seed, bytes) in named(&folder("seeds/registry")) {
        let read = datasets::Registry::from_yaml(std::str::from_utf8(&bytes).unwrap());
        assert!(read.is_ok(), "{seed}: {read:?}");
    }
}
