//! One real file: looked for, checked, parsed, and kept parsed.
//!
//! The order is: the parsed form, the place a user named, the data folder, earlier downloads, the
//! addresses. A file that a user put somewhere and that is not the declared one is an error; an
//! earlier download that has gone bad is replaced.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::cache::{self, CacheError};
use crate::digest::Sha;
use crate::error::{Attempt, LineProblem};
use crate::fetch::Downloader;
use crate::images::{self, ImageSet, ImagesSpec};
use crate::libsvm::RowShape;
use crate::locate::{CacheFolders, in_folder, platform_cache};
use crate::place::{FileStatus, Place};
use crate::read;
use crate::registry::{DatasetSpec, FileFormat, FileSpec, LabelSpec, RegistryLimits};
use crate::table::{FileLabels, FileRows, TablePlace};
use crate::tabular;
use crate::{Error, FileRecord, Labels, Progress, Result, Split};

/// A file's rows, and the files that they were made from.
#[derive(Clone)]
pub(crate) struct Had {
    pub rows: FileRows,
    pub records: Vec<FileRecord>,
}

/// Gets real files.
pub(crate) struct Real {
    limits: RegistryLimits,
    data_dir: Option<PathBuf>,
    cache: Option<CacheFolders>,
    /// For downloads where there is no cache folder that can be written.
    scratch: OnceLock<tempfile::TempDir>,
    downloader: Downloader,
    offline: bool,
}

impl Real {
    pub(crate) fn new(
        limits: RegistryLimits,
        data_dir: Option<PathBuf>,
        cache_dir: Option<PathBuf>,
        offline: bool,
    ) -> Self {
        Real {
            data_dir,
            cache: cache_dir.or_else(platform_cache).map(CacheFolders::new),
            scratch: OnceLock::new(),
            downloader: Downloader::new(limits.clone()),
            limits,
            offline,
        }
    }

    /// A file's rows, of a table those of named columns if some are given.
    pub(crate) fn obtain(
        &self,
        spec: &DatasetSpec,
        file: &FileSpec,
        columns: Option<&[String]>,
        progress: &dyn Progress,
    ) -> Result<Had> {
        let limits = &self.limits;
        match file.format {
            FileFormat::Libsvm => self.text(spec, file, progress),
            FileFormat::Csv | FileFormat::Parquet => {
                self.found(&spec.name, file, progress, |path, from| {
                    tabular::table(spec, file, columns, limits, (path, from), progress)
                })
            }
            FileFormat::Npy => {
                let had = self.found(&spec.name, file, progress, |path, from| {
                    tabular::features(spec, file, limits, (path, from), progress)
                })?;
                let Some(labels) = &file.labels else {
                    return Ok(had);
                };
                self.found(&spec.name, labels, progress, |path, from| {
                    tabular::labels(spec, labels, had.clone(), limits, (path, from), progress)
                })
            }
        }
    }

    /// The rows of LIBSVM text.
    fn text(&self, spec: &DatasetSpec, file: &FileSpec, progress: &dyn Progress) -> Result<Had> {
        let cached = match file.sha256 {
            Some(sha) => self.cached(spec, file, sha)?,
            None => None,
        };
        let (split, record) = match cached {
            Some(had) => had,
            None => self.found(&spec.name, file, progress, |path, from| {
                self.parse(spec, file, path, from, progress)
            })?,
        };
        let mut rows: FileRows = split.into();
        // Labels that nothing is said of were read as numbers, and are classes.
        if let (LabelSpec::Found, FileLabels::Told(Labels::Numbers(numbers))) =
            (&spec.labels, &rows.labels)
        {
            let labels = FileLabels::found(numbers);
            rows.labels = labels.map_err(|problem| {
                Error::table(file.name.clone(), TablePlace::default(), problem)
            })?;
        }
        Ok(Had {
            rows,
            records: vec![record],
        })
    }

    /// The images of an archive.
    pub(crate) fn images(
        &self,
        spec: &ImagesSpec,
        progress: &dyn Progress,
    ) -> Result<([ImageSet; 2], FileRecord)> {
        let limit = self.limits.decompressed_bytes;
        self.found(&spec.name, &spec.archive, progress, |path, from| {
            images::read(spec, path, &from, limit)
        })
    }

    /// A file wherever it is, read.
    fn found<T>(
        &self,
        dataset: &str,
        file: &FileSpec,
        progress: &dyn Progress,
        read: impl Fn(&Path, String) -> Result<T>,
    ) -> Result<T> {
        let mut tried = Vec::new();
        if let Some(path) = self.users_own(file, &mut tried) {
            return read(&path, path.display().to_string());
        }
        if let Some(had) = self.downloaded(dataset, file, &mut tried, &read)? {
            return Ok(had);
        }
        if self.offline && !file.addresses.is_empty() {
            tried.extend(file.addresses.iter().map(|address| Attempt {
                place: address.to_string(),
                outcome: "not tried: no request may be made".into(),
            }));
        } else if !file.addresses.is_empty() {
            let folder = self.download_folder(dataset)?;
            match self.downloader.download(file, &folder, progress)? {
                Ok((path, address)) => return read(&path, address),
                Err(attempts) => tried.extend(attempts),
            }
        }
        Err(Error::Unavailable {
            dataset: dataset.to_owned(),
            file: file.name.clone(),
            tried,
        })
    }

    /// Where an archive of images would come from.
    pub(crate) fn images_status(&self, spec: &ImagesSpec) -> FileStatus {
        FileStatus {
            name: spec.archive.name.clone(),
            place: self.place(&spec.name, &spec.archive),
        }
    }

    pub(crate) fn status(&self, spec: &DatasetSpec, file: &FileSpec) -> FileStatus {
        let parsed = file.sha256.and_then(|sha| self.parsed_path(spec, sha));
        let place = match parsed.filter(|p| p.is_file()) {
            Some(path) => Place::ParsedCache(path),
            None => self.place(&spec.name, file),
        };
        FileStatus {
            name: file.name.clone(),
            place,
        }
    }

    /// Where a file lies, or its addresses.
    fn place(&self, dataset: &str, file: &FileSpec) -> Place {
        let own = file.path.clone().filter(|p| p.is_file());
        let given = |dir: &PathBuf| in_folder(dir, &file.name);
        let downloads = self.downloads(dataset);
        if let Some(path) = own {
            Place::Path(path)
        } else if let Some(path) = self.data_dir.as_ref().and_then(given) {
            Place::DataDir(path)
        } else if let Some(path) = downloads.iter().find_map(given) {
            Place::Downloaded(path)
        } else {
            Place::MustDownload {
                addresses: file.addresses.clone(),
            }
        }
    }

    /// The file where the user says that it lies, or in his data folder.
    fn users_own(&self, file: &FileSpec, tried: &mut Vec<Attempt>) -> Option<PathBuf> {
        if let Some(path) = &file.path {
            if path.is_file() {
                return Some(path.clone());
            }
            tried.push(missing(path, "no such file"));
        }
        if let Some(folder) = &self.data_dir {
            if let Some(path) = in_folder(folder, &file.name) {
                return Some(path);
            }
            let outcome = if folder.is_dir() {
                format!("holds no {}, plain, .bz2, .gz or .xz", file.name)
            } else {
                "no such folder".into()
            };
            tried.push(missing(folder, &outcome));
        }
        None
    }

    /// The file from an earlier download, unless there is none or it has gone bad.
    fn downloaded<T>(
        &self,
        dataset: &str,
        file: &FileSpec,
        tried: &mut Vec<Attempt>,
        read: &impl Fn(&Path, String) -> Result<T>,
    ) -> Result<Option<T>> {
        let folders = self.downloads(dataset);
        let Some(path) = folders.iter().find_map(|f| in_folder(f, &file.name)) else {
            tried.extend(folders.iter().map(|f| missing(f, "not downloaded before")));
            return Ok(None);
        };
        match read(&path, path.display().to_string()) {
            Ok(had) => Ok(Some(had)),
            Err(
                e @ (Error::WrongHash { .. } | Error::Decompress { .. } | Error::Archive { .. }),
            ) => {
                tracing::warn!("{e}; getting it again");
                tried.push(missing(&path, &e.to_string()));
                // Removed, and not only written over: the new download may have another suffix.
                let removed = std::fs::remove_file(&path);
                removed.map_err(Error::io("removing a damaged download", &path))?;
                Ok(None)
            }
            // Nothing says that it is what it claims to be: what a sign-in answered, perhaps.
            Err(e) if file.sha256.is_none() && file.md5.is_none() && !self.offline => {
                tracing::warn!("{e}; getting it again");
                tried.push(missing(&path, &e.to_string()));
                let removed = std::fs::remove_file(&path);
                removed.map_err(Error::io("removing a download that cannot be read", &path))?;
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }

    /// Parses a file, or takes the parsed form of its bytes, and keeps what it parsed.
    fn parse(
        &self,
        spec: &DatasetSpec,
        file: &FileSpec,
        path: &Path,
        from: String,
        progress: &dyn Progress,
    ) -> Result<(Split, FileRecord)> {
        // Without a declared hash the bytes as they lie say whether they were parsed before.
        if file.sha256.is_none()
            && let Some((split, mut record)) = self.cached(spec, file, read::hash_file(path)?)?
        {
            record.from = from;
            return Ok((split, record));
        }
        let shape = RowShape {
            features: spec.features.unwrap_or_default(),
            labels: spec.labels.map(),
            rows: file.rows,
            line_bytes: self.limits.line_bytes,
        };
        let limit = self.limits.decompressed_bytes;
        let parsed = read::parse_file(path, &file.name, &shape, file.sha256, limit, progress)?;
        if let Some(kept) = self.parsed_path(spec, file.sha256.unwrap_or(parsed.raw)) {
            let (split, bytes) = (&parsed.split, parsed.content_bytes);
            if let Err(e) = cache::write(&kept, split, parsed.content, bytes) {
                tracing::warn!("keeping the parsed form at {}: {e}", kept.display());
            }
        }
        let record = FileRecord {
            name: file.name.clone(),
            sha256: parsed.content.to_string(),
            bytes: parsed.content_bytes,
            from,
        };
        Ok((parsed.split, record))
    }

    /// The parsed form of the bytes with this hash, if it is there and sound.
    fn cached(
        &self,
        spec: &DatasetSpec,
        file: &FileSpec,
        bytes: Sha,
    ) -> Result<Option<(Split, FileRecord)>> {
        let Some(path) = self.parsed_path(spec, bytes) else {
            return Ok(None);
        };
        let features = spec.features.unwrap_or_default();
        let classes = spec.labels.map().and(spec.classes);
        let cached = match cache::read(&path, features, classes) {
            Ok(cached) => cached,
            Err(CacheError::Absent) => return Ok(None),
            Err(e) => {
                tracing::warn!("{}: {e}; parsing the file again", path.display());
                return Ok(None);
            }
        };
        // How many rows are declared is not in the key, since it does not change the rows.
        let found = cached.split.len();
        let problem = match file.rows {
            Some(declared) if found > declared => LineProblem::TooManyRows(declared),
            Some(declared) if found < declared => LineProblem::TooFewRows { found, declared },
            _ => {
                let record = FileRecord {
                    name: file.name.clone(),
                    sha256: cached.content.to_string(),
                    bytes: cached.content_bytes,
                    from: "parsed cache".into(),
                };
                return Ok(Some((cached.split, record)));
            }
        };
        Err(Error::Line {
            file: file.name.clone(),
            line: found.min(file.rows.unwrap_or(found)) as u64 + 1,
            column: 1,
            problem,
        })
    }

    /// Where the parsed form of LIBSVM text is kept.
    fn parsed_path(&self, spec: &DatasetSpec, bytes: Sha) -> Option<PathBuf> {
        let features = spec
            .features
            .filter(|_| spec.train.format == FileFormat::Libsvm)?;
        let key = cache::key(bytes, features, spec.labels.map());
        Some(self.cache.as_ref()?.parsed(&key))
    }

    /// Where earlier downloads are: in the cache, and with this library.
    fn downloads(&self, dataset: &str) -> Vec<PathBuf> {
        let kept = self.cache.as_ref().map(|c| c.downloads(dataset));
        let scratch = self.scratch.get().map(|s| s.path().join(dataset));
        kept.into_iter().chain(scratch).collect()
    }

    /// Where downloads go: the cache, or for want of one a folder that goes with this library.
    fn download_folder(&self, dataset: &str) -> Result<PathBuf> {
        if let Some(cache) = &self.cache {
            let folder = cache.downloads(dataset);
            match writable(&folder) {
                Ok(()) => return Ok(folder),
                Err(e) => tracing::warn!(
                    "downloads cannot be kept in {}: {e}; they are kept until the end only",
                    folder.display()
                ),
            }
        }
        if let Some(scratch) = self.scratch.get() {
            return Ok(scratch.path().join(dataset));
        }
        let made = tempfile::tempdir();
        let made = made.map_err(Error::io("making a folder in", &std::env::temp_dir()))?;
        // Where two threads come here at once, the second's is removed again.
        let scratch = self.scratch.get_or_init(|| made);
        Ok(scratch.path().join(dataset))
    }
}

fn missing(place: &Path, outcome: &str) -> Attempt {
    Attempt {
        place: place.display().to_string(),
        outcome: outcome.into(),
    }
}

/// Whether a file can be made in a folder.
fn writable(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    tempfile::tempfile_in(folder).map(drop)
}
