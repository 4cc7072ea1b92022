//! A data set of one file behind a local server.

use std::fs;
use std::path::{Path, PathBuf};

use datasets::{DataPolicy, FileRecord, Library, Registry, Result, Silent};

use crate::common::{bzip2, library, sha, text};
use crate::server::{Request, Server, Step};

const LIMITS: &str = "limits: {connect_timeout_s: 2, stall_timeout_s: 0.5, attempts: 4, \
                      backoff_s: 0.01, backoff_max_s: 0.02, retry_after_max_s: 2, redirects: 3, \
                      download_bytes: 100000, decompressed_bytes: 1000000}";

/// A data set of one file with these addresses and this content declared.
pub fn registry(addresses: &[String], sha256: Option<&str>) -> Registry {
    let sha256 = sha256.map(|s| format!(", sha256: {s}"));
    let sha256 = sha256.unwrap_or_else(|| ", unverified: true".into());
    let yaml = format!(
        "{LIMITS}\ndatasets:\n  mine: {{features: 5, classes: 2, files: {{train: {{name: rows, \
         addresses: {addresses:?}{sha256}}}}}}}"
    );
    Registry::from_yaml(&yaml).unwrap()
}

/// A text, bzip2'd, behind a server; what is fetched goes to `folder`.
pub struct Scene {
    pub folder: tempfile::TempDir,
    pub server: Server,
    pub text: String,
}

impl Scene {
    /// `script` is given the body, the number of the request and the request.
    pub fn new(
        script: impl Fn(&[u8], usize, &Request) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        let text = text(6000);
        let body = bzip2(text.as_bytes());
        assert!(body.len() > 5000, "{}", body.len());
        Scene {
            folder: tempfile::tempdir().unwrap(),
            server: Server::start(move |n, request| script(&body, n, request)),
            text,
        }
    }

    pub fn library(&self, sha256: Option<&str>) -> Library {
        let registry = registry(&[self.server.url("rows.bz2")], sha256);
        library(registry, self.folder.path(), DataPolicy::Real)
    }

    pub fn fetch(&self) -> Result<Vec<FileRecord>> {
        let declared = sha(self.text.as_bytes());
        self.library(Some(&declared)).fetch("mine", &Silent)
    }

    pub fn downloads(&self) -> PathBuf {
        self.folder.path().join("cache/downloads/mine")
    }

    pub fn target(&self) -> PathBuf {
        self.downloads().join("rows.bz2")
    }

    /// Asserts that the file is had and that nothing else lies about.
    pub fn succeeds(&self) {
        let records = self.fetch().unwrap();
        assert_eq!(records[0].sha256, sha(self.text.as_bytes()));
        assert_eq!(
            fs::read(self.target()).unwrap(),
            bzip2(self.text.as_bytes())
        );
        assert_eq!(names(&self.downloads()), ["rows.bz2"]);
    }

    /// Asserts that the file is not had and gives the message.
    pub fn fails(&self) -> String {
        let error = self.fetch().unwrap_err();
        let message = error.to_string();
        assert!(error.is_unavailable(), "{message}");
        assert!(message.contains(&self.server.url("rows.bz2")), "{message}");
        assert!(message.contains("--data surrogate"), "{message}");
        assert!(!self.target().exists());
        message
    }

    pub fn part(&self, owner: &str) -> PathBuf {
        fs::create_dir_all(self.downloads()).unwrap();
        self.downloads().join(format!(".rows.bz2.{owner}.part"))
    }

    pub fn ranges(&self) -> Vec<Option<usize>> {
        self.server.requests().iter().map(|r| r.range).collect()
    }
}

pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
