//! What a contestant consists of, in one digest: where a file changes, what was measured of it is measured again.

use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// More files than a contestant consists of; further ones are not looked at.
const MOST_FILES: usize = 10_000;

/// The beginning of a file that is looked at.
const MOST_BYTES: u64 = 1 << 28;

/// Hashes the files that a command names from `folder`, and `sources`: files, and folders with all in them but for what
/// is hidden or compiled by Python. What is not there is hashed as such.
#[must_use]
pub fn digest(folder: &str, command: &[String], sources: &[String]) -> String {
    let folder = Path::new(folder);
    let mut hash = Sha256::new();
    let mut left = MOST_FILES;
    // A word that is a file is taken for one of the contestant's; a folder may be anything.
    let named = command.iter().filter(|word| is_path(word));
    let named = named.filter(|word| folder.join(word).is_file());
    for word in named.chain(sources) {
        hash_of(&folder.join(word), word, &mut hash, &mut left);
    }
    let bytes = hash.finalize();
    bytes
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Whether a word can be a file of the folder: a bare name such as `python3` is looked for in `PATH`.
fn is_path(word: &str) -> bool {
    word.contains('/') || word.contains('.')
}

fn hash_of(path: &Path, name: &str, hash: &mut Sha256, left: &mut usize) {
    if *left == 0 {
        return;
    }
    *left -= 1;
    hash.update((name.len() as u64).to_le_bytes());
    hash.update(name);
    if let Ok(listed) = std::fs::read_dir(path) {
        let mut names: Vec<String> = listed
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.') && name != "__pycache__")
            .collect();
        names.sort();
        for name in names {
            let inside = path.join(&name);
            // A link to a folder may lead back.
            if !(inside.is_symlink() && inside.is_dir()) {
                hash_of(&inside, &name, hash, left);
            }
        }
        return;
    }
    match content(path, hash) {
        Ok(length) => hash.update(length.to_le_bytes()),
        Err(_) => hash.update([0]),
    }
}

/// Hashes a file, as far as it is not longer than any program, and answers its length.
fn content(path: &Path, hash: &mut Sha256) -> std::io::Result<u64> {
    // Before it is opened: a pipe that nobody writes to would be waited for.
    let about = std::fs::metadata(path)?;
    if about.is_file() {
        let mut from = File::open(path)?.take(MOST_BYTES);
        let mut bytes = vec![0; 1 << 16];
        loop {
            match from.read(&mut bytes)? {
                0 => break,
                count => hash.update(&bytes[..count]),
            }
        }
    }
    Ok(about.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_of_a_file_that_is_named_or_lies_in_a_source_is_another_digest_and_a_cache_is_none() {
        let folder = tempfile::TempDir::new().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let command = [
            "python3".to_owned(),
            "mine.py".to_owned(),
            "--fast".to_owned(),
        ];
        let of = || {
            let folder = folder.path().to_string_lossy();
            digest(&folder, &command, &["part".to_owned()])
        };
        let nothing = of();
        write("mine.py", "a");
        let first = of();
        assert_ne!(nothing, first);
        write("part/one.py", "1");
        let second = of();
        assert_ne!(first, second);
        write("part/__pycache__/one.pyc", "x");
        write("part/.one.py.swp", "x");
        write("other.py", "x");
        assert_eq!(of(), second);
        write("mine.py", "b");
        assert_ne!(of(), second);
    }
}
