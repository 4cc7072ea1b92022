//! Where a file is looked for, what is made of it, and when rows are generated instead.

use std::fs;
use std::path::Path;

use datasets::{DataPolicy, Error, Library, LibraryOptions, Place, Registry, Silent, Source};

use crate::common::{Notes, bzip2, gzip, library, sha, shipped, text};

/// A data set `mine` with a file `rows` of 5 features; `more` goes into the file's description.
fn registry(more: &str) -> Registry {
    let yaml = format!(
        "datasets:\n  mine: {{features: 5, classes: 2, files: {{train: {{name: rows{more}}}}}}}"
    );
    Registry::from_yaml(&yaml).unwrap()
}

fn declared(rows: usize) -> String {
    format!(", sha256: {}", sha(text(rows).as_bytes()))
}

fn put(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
    let path = path.as_ref();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn the_data_folder_comes_before_earlier_downloads() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path().join("data/rows.gz"), gzip(text(3).as_bytes()));
    put(folder.path().join("cache/downloads/mine/rows"), text(4));
    let library = library(registry(""), folder.path(), DataPolicy::Real);
    let data = library.load("mine", None, &Silent).unwrap();
    assert_eq!(data.train.len(), 3);
    assert!(data.files[0].from.ends_with("rows.gz"), "{:?}", data.files);
    fs::remove_file(folder.path().join("data/rows.gz")).unwrap();
    assert_eq!(library.load("mine", None, &Silent).unwrap().train.len(), 4);
}

#[test]
fn a_named_path_comes_before_the_data_folder_and_is_taken_from_the_registrys_folder() {
    let folder = tempfile::tempdir().unwrap();
    put(
        folder.path().join("sets/own.txt.bz2"),
        bzip2(text(6).as_bytes()),
    );
    put(folder.path().join("data/own.txt"), text(3));
    put(
        folder.path().join("sets/sets.yaml"),
        "datasets: {own: {features: 5, classes: 2, files: {train: {path: own.txt.bz2}}}}",
    );
    let mut registry = registry("");
    registry
        .extend_from_file(&folder.path().join("sets/sets.yaml"))
        .unwrap();
    let library = library(registry, folder.path(), DataPolicy::Real);
    let data = library.load("own", None, &Silent).unwrap();
    assert_eq!(data.train.len(), 6);
    assert_eq!(data.files[0].name, "own.txt");
}

#[test]
fn every_form_is_found_under_its_suffix_and_gives_one_digest() {
    let text = text(9);
    let forms = [
        ("rows", text.clone().into_bytes()),
        ("rows.bz2", bzip2(text.as_bytes())),
        ("rows.gz", gzip(text.as_bytes())),
    ];
    let mut digests = Vec::new();
    for (name, bytes) in forms {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path().join("data").join(name), bytes);
        let library = library(registry(&declared(9)), folder.path(), DataPolicy::Real);
        digests.push(library.load("mine", None, &Silent).unwrap().digest());
        // From the parsed form too.
        digests.push(library.load("mine", None, &Silent).unwrap().digest());
    }
    assert_eq!(digests.len(), 6);
    assert!(digests.iter().all(|d| *d == digests[0]), "{digests:?}");
}

#[test]
fn a_wrong_file_in_the_data_folder_is_an_error_and_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path().join("data/rows"), text(3));
    put(folder.path().join("cache/downloads/mine/rows"), text(4));
    for policy in [DataPolicy::Real, DataPolicy::Auto] {
        let library = library(registry(&declared(4)), folder.path(), policy);
        let error = library.load("mine", None, &Silent).unwrap_err();
        assert!(matches!(error, Error::WrongHash { .. }), "{error}");
    }
    assert_eq!(
        fs::read_to_string(folder.path().join("data/rows")).unwrap(),
        text(3)
    );
}

#[test]
fn a_damaged_parsed_form_is_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path().join("data/rows"), text(30));
    let library = library(registry(&declared(30)), folder.path(), DataPolicy::Real);
    let first = library.load("mine", None, &Silent).unwrap();
    let parsed = folder.path().join("cache/parsed");
    let kept = fs::read_dir(&parsed)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let whole = fs::read(&kept).unwrap();
    for damaged in [
        &whole[..whole.len() / 2],
        b"",
        &whole.iter().map(|b| !b).collect::<Vec<_>>(),
    ] {
        fs::write(&kept, damaged).unwrap();
        let again = library.load("mine", None, &Silent).unwrap();
        assert_eq!(again.train, first.train);
        assert_ne!(again.files[0].from, "parsed cache");
        assert_eq!(fs::read(&kept).unwrap(), whole);
    }
    let again = library.load("mine", None, &Silent).unwrap();
    assert_eq!(again.files[0].from, "parsed cache");
}

#[test]
fn an_undeclared_file_that_changes_is_parsed_anew() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(registry(""), folder.path(), DataPolicy::Real);
    for rows in [3, 5, 3] {
        put(folder.path().join("data/rows"), text(rows));
        let data = library.load("mine", None, &Silent).unwrap();
        assert_eq!(data.train.len(), rows);
        assert_eq!(data.files[0].sha256, sha(text(rows).as_bytes()));
    }
    assert_eq!(
        fs::read_dir(folder.path().join("cache/parsed"))
            .unwrap()
            .count(),
        2
    );
}

#[test]
fn declared_rows_are_checked_against_the_parsed_form_too() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path().join("data/rows"), text(5));
    let load = |more: &str| {
        let registry = registry(&format!("{}{more}", declared(5)));
        library(registry, folder.path(), DataPolicy::Real).load("mine", None, &Silent)
    };
    assert_eq!(load("").unwrap().train.len(), 5);
    assert!(load(", rows: 5").is_ok());
    for rows in [4, 6] {
        let error = load(&format!(", rows: {rows}")).unwrap_err();
        assert!(matches!(error, Error::Line { .. }), "{error}");
    }
}

#[test]
fn a_cache_folder_that_cannot_be_made_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path().join("data/rows"), text(5));
    // A file where the folder should be.
    put(folder.path().join("cache"), b"");
    let library = library(registry(&declared(5)), folder.path(), DataPolicy::Real);
    assert_eq!(library.load("mine", None, &Silent).unwrap().train.len(), 5);
    assert_eq!(library.fetch("mine", &Silent).unwrap().len(), 1);
}

#[test]
fn without_a_test_file_the_training_rows_are_tested_on_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path().join("data/rows"), text(5));
    let library = library(registry(""), folder.path(), DataPolicy::Real);
    let notes = Notes::default();
    let data = library.load("mine", None, &notes).unwrap();
    assert!(data.test_is_train);
    assert_eq!(data.train, data.test);
    assert!(
        notes.all()[0].contains("test rows are the training rows"),
        "{:?}",
        notes.all()
    );
}

#[test]
fn splits_are_the_rows_that_they_name() {
    let yaml = "
datasets:
  mine:
    features: 5
    classes: 2
    files: {train: {name: rows}, test: {name: other}}
    splits:
      parts: {train: {file: train, rows: [0, 7]}, test: {file: train, rows: [7, 10]}}
      files: {train: {file: train}, test: {file: test}}
      beyond: {train: {file: train, rows: [0, 11]}, test: {file: test}}
";
    let folder = tempfile::tempdir().unwrap();
    put(folder.path().join("data/rows"), text(10));
    put(folder.path().join("data/other"), text(4));
    let registry = Registry::from_yaml(yaml).unwrap();
    let library = library(registry, folder.path(), DataPolicy::Real);
    let load = |split| library.load("mine", split, &Silent);
    let files = load(Some("files")).unwrap();
    assert_eq!(
        (files.train.len(), files.test.len(), files.files.len()),
        (10, 4, 2)
    );
    let parts = load(None).unwrap();
    assert_eq!(parts.split, "parts");
    assert_eq!(parts.train, files.train.slice(0..7));
    assert_eq!(parts.test, files.train.slice(7..10));
    assert_eq!(parts.test.to_dense()[..], files.train.to_dense()[7 * 5..]);
    assert_eq!(parts.files.len(), 1);
    assert_ne!(parts.digest(), files.digest());
    let error = load(Some("beyond")).unwrap_err();
    assert!(
        matches!(
            error,
            Error::SplitRange {
                end: 11,
                rows: 10,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn what_cannot_be_had_is_reported_with_every_place_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let options = LibraryOptions {
        data_dir: Some(folder.path().join("nowhere")),
        cache_dir: Some(folder.path().join("cache")),
        policy: DataPolicy::Real,
        offline: true,
        ..LibraryOptions::default()
    };
    let registry = registry(", path: own.txt, addresses: ['https://example.org/rows.gz']");
    let error = Library::new(registry, options)
        .load("mine", None, &Silent)
        .unwrap_err();
    assert!(error.is_unavailable());
    let message = error.to_string();
    for part in [
        "no real data for mine",
        "own.txt: no such file",
        "nowhere: no such folder",
        "downloads",
        "https://example.org/rows.gz: not tried",
        "--data-dir DIR",
        "HARNESS_DATA_DIR",
        "--data surrogate",
    ] {
        assert!(message.contains(part), "{message}\nlacks {part}");
    }
}

#[test]
fn auto_falls_back_to_generated_rows_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let options = LibraryOptions {
        cache_dir: Some(folder.path().into()),
        offline: true,
        ..LibraryOptions::default()
    };
    let notes = Notes::default();
    let data = Library::new(shipped(), options)
        .load("usps", None, &notes)
        .unwrap();
    let Source::Surrogate { reason } = &data.source else {
        panic!("real data without any");
    };
    assert!(reason.contains("not tried"), "{reason}");
    assert!(notes.all()[0].contains(reason), "{:?}", notes.all());
    assert_eq!(data.source.to_string(), "surrogate");
    assert!(data.files.iter().all(|f| f.from == "generated"));
}

#[test]
fn auto_without_a_stand_in_is_unavailable_and_surrogate_without_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let load = |policy| {
        let library = library(registry(""), folder.path(), policy);
        library.load("mine", None, &Silent).unwrap_err()
    };
    assert!(load(DataPolicy::Auto).is_unavailable());
    let error = load(DataPolicy::Surrogate);
    assert!(matches!(error, Error::NoSurrogate { .. }), "{error}");
}

#[test]
fn status_says_where_each_file_would_come_from() {
    let folder = tempfile::tempdir().unwrap();
    let more = format!("{}, addresses: ['https://example.org/rows']", declared(5));
    let library = library(registry(&more), folder.path(), DataPolicy::Real);
    let place = || library.status("mine").unwrap().remove(0).place;
    assert_eq!(
        place(),
        Place::MustDownload {
            addresses: vec!["https://example.org/rows".parse().unwrap()]
        }
    );
    let downloaded = folder.path().join("cache/downloads/mine/rows.xz");
    put(&downloaded, b"");
    assert_eq!(place(), Place::Downloaded(downloaded));
    let given = folder.path().join("data/rows");
    put(&given, text(5));
    assert_eq!(place(), Place::DataDir(given));
    library.load("mine", None, &Silent).unwrap();
    assert!(matches!(place(), Place::ParsedCache(_)));
}

#[test]
fn policies_are_written_as_they_are_read() {
    for text in ["auto", "real", "surrogate"] {
        let policy: DataPolicy = text.parse().unwrap();
        assert_eq!(policy.to_string(), text);
    }
    let refused = "fake".parse::<DataPolicy>().unwrap_err();
    assert!(refused.contains("auto, real, surrogate"), "{refused}");
}
