//! The one door to the data: a name goes in, matrices come out.
//!
//! This decides between real and generated. How one real file is had is `real`'s affair, how a data set is put
//! together from its files' rows that of `assemble`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::assemble::{assemble, no_such_file};
use crate::images::{self, ImageSet, Images, ImagesSpec};
use crate::place::{FileStatus, Place};
use crate::real::{Had, Real};
use crate::registry::{DatasetSpec, SplitSpec};
use crate::surrogate;
use crate::{Dataset, Error, FileRecord, Progress, Registry, Result, Source};

/// Whether to use the published files or generated rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataPolicy {
    /// The published files if they can be had, else generated rows, said so.
    #[default]
    Auto,
    /// The published files or an error.
    Real,
    /// Generated rows.
    Surrogate,
}

impl fmt::Display for DataPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DataPolicy::Auto => "auto",
            DataPolicy::Real => "real",
            DataPolicy::Surrogate => "surrogate",
        })
    }
}

impl FromStr for DataPolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(DataPolicy::Auto),
            "real" => Ok(DataPolicy::Real),
            "surrogate" => Ok(DataPolicy::Surrogate),
            _ => Err(format!("\"{text}\" is none of auto, real, surrogate")),
        }
    }
}

/// How a [`Library`] goes about it.
#[derive(Debug, Clone, Default)]
pub struct LibraryOptions {
    /// A folder to look in before anywhere else.
    pub data_dir: Option<PathBuf>,
    /// The folder for downloads and parsed files; `None` is the folder `frictionless` in the
    /// platform's cache folder.
    pub cache_dir: Option<PathBuf>,
    /// Real or generated.
    pub policy: DataPolicy,
    /// Whether to make no request.
    pub offline: bool,
    /// What generated rows are drawn from.
    pub surrogate_seed: [u8; 32],
}

/// The data sets of a registry, ready to be loaded.
///
/// ```
/// use datasets::{Library, LibraryOptions, Registry, Silent};
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// std::fs::write(folder.join("mine.libsvm"), "1 1:0.5 3:2\n0 2:1\n1 1:1\n0 3:1\n")?;
/// let registry = Registry::from_yaml(
///     "datasets:
///        mine:
///          features: 3
///          classes: 2
///          files:
///            train: {name: mine.libsvm}
///          splits:
///            standard: {train: {file: train, rows: [0, 3]}, test: {file: train, rows: [3, 4]}}",
/// )?;
/// let options = LibraryOptions {
///     data_dir: Some(folder.into()),
///     cache_dir: Some(folder.join("cache")),
///     ..LibraryOptions::default()
/// };
/// let mine = Library::new(registry, options).load("mine", None, &Silent)?;
/// assert_eq!((mine.train.len(), mine.test.len()), (3, 1));
/// assert_eq!(mine.source.to_string(), "real");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Library {
    registry: Registry,
    policy: DataPolicy,
    seed: [u8; 32],
    real: Real,
}

impl Library {
    /// Makes a library. Nothing is looked for, and no folder made, before something is loaded.
    pub fn new(registry: Registry, options: LibraryOptions) -> Self {
        let real = Real::new(
            registry.limits().clone(),
            options.data_dir,
            options.cache_dir,
            options.offline,
        );
        Library {
            registry,
            policy: options.policy,
            seed: options.surrogate_seed,
            real,
        }
    }

    /// The registry it was made with.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Loads a data set in one of its splits, `None` being the default one.
    ///
    /// # Errors
    /// Unknown names; under [`DataPolicy::Real`], and under [`DataPolicy::Auto`] for a data set
    /// without a stand-in, [`Error::Unavailable`] when the files cannot be had; under any policy
    /// that uses them, files that are not what they should be.
    pub fn load(
        &self,
        name: &str,
        split: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<Dataset> {
        let spec = self.registry.get(name)?;
        let split = spec.split(split)?;
        if self.policy == DataPolicy::Surrogate {
            let reason = "generated rows were asked for".to_string();
            return self.surrogate(spec, split, reason, progress);
        }
        match self.real(spec, split, progress) {
            Err(Error::Unavailable {
                dataset,
                file,
                tried,
            }) if self.policy == DataPolicy::Auto && spec.has_surrogate() => {
                let tried: Vec<_> = tried.iter().map(ToString::to_string).collect();
                let reason = format!("{file} could not be had: {}", tried.join("; "));
                let note = format!("{dataset}: using generated rows, since {reason}");
                tracing::warn!("{note}");
                progress.note(&note);
                self.surrogate(spec, split, reason, progress)
            }
            result => result,
        }
    }

    /// Loads a data set of images.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn images(&self, name: &str, progress: &dyn Progress) -> Result<Images> {
        let spec = self.registry.images(name)?;
        let generated = |reason: String| {
            let (sets, record) = images::generate(spec, &self.seed)?;
            Ok(put_together(
                spec,
                Source::Surrogate { reason },
                sets,
                record,
            ))
        };
        if self.policy == DataPolicy::Surrogate {
            return generated("generated images were asked for".into());
        }
        match self.real_images(spec, progress) {
            Ok((sets, record)) => Ok(put_together(spec, Source::Real, sets, record)),
            Err(Error::Unavailable {
                dataset,
                file,
                tried,
            }) if self.policy == DataPolicy::Auto && spec.surrogate.is_some() => {
                let tried: Vec<_> = tried.iter().map(ToString::to_string).collect();
                let reason = format!("{file} could not be had: {}", tried.join("; "));
                let note = format!("{dataset}: using generated images, since {reason}");
                tracing::warn!("{note}");
                progress.note(&note);
                generated(reason)
            }
            Err(e) => Err(e),
        }
    }

    /// Makes sure that all of a data set's real files are there, are the declared ones, and are kept
    /// parsed; under any policy.
    ///
    /// # Errors
    /// As [`load`](Library::load) under [`DataPolicy::Real`].
    pub fn fetch(&self, name: &str, progress: &dyn Progress) -> Result<Vec<FileRecord>> {
        if let Ok(spec) = self.registry.images(name) {
            return Ok(vec![self.real_images(spec, progress)?.1]);
        }
        let spec = self.registry.get(name)?;
        let mut records = Vec::new();
        for file in spec.files() {
            records.extend(self.real.obtain(spec, file, None, progress)?.records);
        }
        Ok(records)
    }

    /// Says where each of a data set's files would come from, without any request and without
    /// reading a file.
    ///
    /// # Errors
    /// An unknown name.
    pub fn status(&self, name: &str) -> Result<Vec<FileStatus>> {
        if let Ok(spec) = self.registry.images(name) {
            let own = self.real.images_status(spec);
            return Ok(vec![match (&own.place, &spec.part_of) {
                (Place::MustDownload { .. }, Some(whole)) => {
                    self.real.images_status(self.registry.images(whole)?)
                }
                _ => own,
            }]);
        }
        let spec = self.registry.get(name)?;
        let with_labels = spec.files().flat_map(|f| [Some(f), f.labels.as_deref()]);
        let status = |file| self.real.status(spec, file);
        Ok(with_labels.flatten().map(status).collect())
    }

    /// Published images, of their own archive or as a part of a larger one's.
    fn real_images(
        &self,
        spec: &ImagesSpec,
        progress: &dyn Progress,
    ) -> Result<([ImageSet; 2], FileRecord)> {
        let Some(whole) = &spec.part_of else {
            return self.real.images(spec, progress);
        };
        let (dataset, file, mut tried) = match self.real.images(spec, progress) {
            Err(Error::Unavailable {
                dataset,
                file,
                tried,
            }) => (dataset, file, tried),
            had => return had,
        };
        match self.real.images(self.registry.images(whole)?, progress) {
            Ok(([train, test], record)) => Ok((
                [train.slice(0..spec.train.1), test.slice(0..spec.test.1)],
                record,
            )),
            Err(Error::Unavailable { tried: more, .. }) => {
                tried.extend(more);
                Err(Error::Unavailable {
                    dataset,
                    file,
                    tried,
                })
            }
            Err(other) => Err(other),
        }
    }

    fn real(
        &self,
        spec: &DatasetSpec,
        split: &SplitSpec,
        progress: &dyn Progress,
    ) -> Result<Dataset> {
        let rows = |role, columns: Option<&[String]>| {
            let file = spec.file(role).ok_or_else(|| no_such_file(spec))?;
            self.real.obtain(spec, file, columns, progress)
        };
        assemble(spec, split, Source::Real, progress, rows)
    }

    fn surrogate(
        &self,
        spec: &DatasetSpec,
        split: &SplitSpec,
        reason: String,
        progress: &dyn Progress,
    ) -> Result<Dataset> {
        let rows = |role, _: Option<&[String]>| {
            let file = spec.file(role).ok_or_else(|| no_such_file(spec))?;
            let generated = surrogate::generate(spec, role, &self.seed)?;
            let record = FileRecord {
                name: file.name.clone(),
                sha256: generated.identity.to_string(),
                bytes: 0,
                from: "generated".into(),
            };
            Ok(Had {
                rows: generated.split.into(),
                records: vec![record],
            })
        };
        assemble(spec, split, Source::Surrogate { reason }, progress, rows)
    }
}

fn put_together(
    spec: &ImagesSpec,
    source: Source,
    [train, test]: [ImageSet; 2],
    record: FileRecord,
) -> Images {
    Images {
        name: spec.name.clone(),
        classes: spec.classes,
        source,
        train,
        test,
        normalise: spec.normalise.clone(),
        files: vec![record],
    }
}
