//! The parsed form: a round trip, and every kind of damage.

use datasets::cache::{self, CacheError};
use datasets::{Csr, LabelMap, Sha, Split};

use crate::common::text;

fn split() -> Split {
    let rows = Csr::new(
        7,
        vec![0, 2, 2, 5],
        vec![0, 6, 1, 2, 3],
        vec![0.5, -1.0, 3.0, f32::MIN_POSITIVE, f32::MAX],
    );
    Split::new(rows.unwrap(), vec![1, 0, 2], 3).unwrap()
}

#[test]
fn rows_come_back_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/key.csr");
    let content = Sha::of(b"content");
    cache::write(&path, &split(), content, 1234).unwrap();
    let cached = cache::read(&path, 7, Some(3)).unwrap();
    assert_eq!(cached.split, split());
    assert_eq!((cached.content, cached.content_bytes), (content, 1234));
    let left = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(left, 1, "a temporary file was left");
}

#[test]
fn an_absent_file_is_told_apart_from_a_damaged_one() {
    let folder = tempfile::tempdir().unwrap();
    let absent = cache::read(&folder.path().join("none.csr"), 7, Some(3));
    assert!(matches!(absent, Err(CacheError::Absent)));
}

#[test]
fn a_file_cut_short_or_grown_is_noticed_at_every_length() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.csr");
    cache::write(&path, &split(), Sha::of(b""), 0).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for length in (0..whole.len()).chain([whole.len() + 1]) {
        let mut bytes = whole.clone();
        bytes.resize(length, 0);
        std::fs::write(&path, bytes).unwrap();
        let read = cache::read(&path, 7, Some(3));
        assert!(
            matches!(read, Err(CacheError::Damaged(_))),
            "{length}: {read:?}"
        );
    }
}

#[test]
fn a_flipped_bit_is_noticed_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.csr");
    cache::write(&path, &split(), Sha::of(b""), 0).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        std::fs::write(&path, bytes).unwrap();
        let read = cache::read(&path, 7, Some(3));
        assert!(
            matches!(read, Err(CacheError::Damaged(_))),
            "{at}: {read:?}"
        );
    }
}

#[test]
fn a_file_of_another_shape_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.csr");
    cache::write(&path, &split(), Sha::of(b""), 0).unwrap();
    for (features, classes) in [(8, 3), (6, 3), (7, 2)] {
        let read = cache::read(&path, features, Some(classes));
        assert!(
            matches!(read, Err(CacheError::Damaged(_))),
            "{features} {classes}"
        );
    }
}

#[test]
fn the_key_changes_with_all_that_the_rows_depend_on() {
    let labels = LabelMap::counting_from(0, 2);
    let bytes = Sha::of(text(3).as_bytes());
    let key = cache::key(bytes, 5, Some(&labels));
    assert_eq!(key, cache::key(bytes, 5, Some(&labels)));
    assert_ne!(key, cache::key(Sha::of(b""), 5, Some(&labels)));
    assert_ne!(key, cache::key(bytes, 6, Some(&labels)));
    assert_ne!(
        key,
        cache::key(bytes, 5, Some(&LabelMap::counting_from(1, 2)))
    );
}
