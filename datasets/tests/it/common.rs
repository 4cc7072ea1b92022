//! What several tests need.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;

use datasets::{DataPolicy, Library, LibraryOptions, Progress, Registry, Sha};

/// The registry that the program ships.
pub fn shipped() -> Registry {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../configs/datasets.yaml");
    Registry::from_yaml(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A library with a folder for its cache, and a policy.
pub fn library(registry: Registry, folder: &std::path::Path, policy: DataPolicy) -> Library {
    let options = LibraryOptions {
        data_dir: Some(folder.join("data")),
        cache_dir: Some(folder.join("cache")),
        policy,
        ..LibraryOptions::default()
    };
    Library::new(registry, options)
}

/// Remembers what it is told.
#[derive(Default)]
pub struct Notes(Mutex<Vec<String>>);

impl Notes {
    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Progress for Notes {
    fn start(&self, _what: &str, _total: Option<u64>) {}
    fn advance(&self, _bytes: u64) {}
    fn finish(&self) {}
    fn note(&self, message: &str) {
        self.0.lock().unwrap().push(message.into());
    }
}

pub fn sha(bytes: &[u8]) -> String {
    Sha::of(bytes).to_string()
}

pub fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A valid text of `rows` rows and 5 features, labels 0 and 1.
pub fn text(rows: usize) -> String {
    (0..rows)
        .map(|r| {
            format!(
                "{} {}:0.{} 5:{}\n",
                r % 2,
                r % 4 + 1,
                r % 9 + 1,
                r as f32 - 0.5
            )
        })
        .collect()
}
