//! Which data sets there are: the registry's YAML, validated into types that cannot be wrong.
//!
//! The form of the YAML is in `wire`, the bounds in `limits`, the checks of one data set in
//! `validate`. Nothing here opens a file that a data set names.

mod address;
mod file;
mod limits;
mod validate;
mod wire;

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::draw::Draw;
use crate::images::ImagesSpec;
use crate::surrogate::spec::SurrogateSpec;
use crate::{Error, LabelMap, Result};

pub use address::Address;
pub use file::{FileFormat, FileSpec};
pub(crate) use file::{WireFile, file, is_file_name};
pub use limits::RegistryLimits;

/// The data sets that are known, by name.
///
/// ```
/// use datasets::Registry;
/// let registry = Registry::from_yaml(
///     "datasets:
///        mine:
///          features: 30
///          classes: 2
///          labels: {-1: 0, +1: 1}
///          files:
///            train: {path: mine.libsvm, rows: 1000}
///          splits:
///            standard: {train: {file: train, rows: [0, 800]}, test: {file: train, rows: [800, 1000]}}",
/// )?;
/// assert_eq!(registry.names(), ["mine"]);
/// assert_eq!(registry.get("mine")?.features, Some(30));
/// assert!(registry.get("yours").unwrap_err().to_string().contains("known: mine"));
/// # Ok::<(), datasets::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Registry {
    limits: RegistryLimits,
    datasets: Vec<DatasetSpec>,
    images: Vec<ImagesSpec>,
}

/// What the YAML of a registry may say.
impl JsonSchema for Registry {
    fn schema_name() -> Cow<'static, str> {
        "Registry".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        wire::WireRegistry::json_schema(generator)
    }
}

impl Registry {
    /// Reads a registry. Local paths in it are taken from the process's current folder.
    ///
    /// # Errors
    /// [`Error::RegistryForm`] for what is not such YAML, unknown keys included, and
    /// [`Error::RegistryContent`] for what cannot be meant.
    pub fn from_yaml(text: &str) -> Result<Self> {
        let mut registry = Registry {
            limits: RegistryLimits::default(),
            datasets: Vec::new(),
            images: Vec::new(),
        };
        registry.extend_from_yaml(text)?;
        Ok(registry)
    }

    /// Adds the data sets of further YAML, and takes over the limits it names.
    ///
    /// # Errors
    /// As [`from_yaml`](Registry::from_yaml), and for a name that is taken. The registry is then as
    /// it was.
    pub fn extend_from_yaml(&mut self, text: &str) -> Result<()> {
        self.extend(text, Path::new(""))
    }

    /// Adds the data sets of a YAML file, whose local paths are taken from the file's own folder.
    ///
    /// # Errors
    /// As [`extend_from_yaml`](Registry::extend_from_yaml), and when the file cannot be read.
    pub fn extend_from_file(&mut self, path: &Path) -> Result<()> {
        let reading = "reading the data set registry";
        let text = crate::yaml::read(path).map_err(Error::io(reading, path))?;
        self.extend(&text, path.parent().unwrap_or(Path::new("")))
    }

    fn extend(&mut self, text: &str, base: &Path) -> Result<()> {
        let wire: wire::WireRegistry = crate::yaml::load(text)?;
        let mut extended = self.clone();
        extended.limits.set(wire.limits)?;
        let taken = |registry: &Registry, at: String, name: &str| {
            let names = registry.names().into_iter().chain(registry.image_names());
            match names.into_iter().any(|known| known == name) {
                false => Ok(()),
                true => Err(Error::content(
                    at,
                    "a data set of this name is already there; choose another name",
                )),
            }
        };
        for (name, images) in wire.images.0 {
            taken(&extended, format!("images.{name}"), &name)?;
            let images = crate::images::validated(name, images, base)?;
            crate::images::fits(&images, &extended.images)?;
            extended.images.push(images);
        }
        for (name, dataset) in wire.datasets.0 {
            taken(&extended, format!("datasets.{name}"), &name)?;
            extended
                .datasets
                .push(validate::dataset(name, dataset, base)?);
        }
        *self = extended;
        Ok(())
    }

    /// The names, in the order in which the YAML has them.
    pub fn names(&self) -> Vec<&str> {
        self.datasets.iter().map(|d| d.name.as_str()).collect()
    }

    /// The data set called `name`.
    ///
    /// # Errors
    /// [`Error::UnknownDataset`], which lists the names.
    pub fn get(&self, name: &str) -> Result<&DatasetSpec> {
        let found = self.datasets.iter().find(|d| d.name == name);
        found.ok_or_else(|| Error::UnknownDataset {
            name: name.into(),
            known: self.names().into_iter().map(String::from).collect(),
        })
    }

    /// The names of the data sets of images, in the order in which the YAML has them.
    pub fn image_names(&self) -> Vec<&str> {
        self.images.iter().map(|d| d.name.as_str()).collect()
    }

    /// The data set of images called `name`.
    ///
    /// # Errors
    /// [`Error::UnknownDataset`], which lists the names.
    pub fn images(&self, name: &str) -> Result<&ImagesSpec> {
        let found = self.images.iter().find(|d| d.name == name);
        found.ok_or_else(|| Error::UnknownDataset {
            name: name.into(),
            known: self.image_names().into_iter().map(String::from).collect(),
        })
    }

    /// The bounds on downloads and files.
    pub fn limits(&self) -> &RegistryLimits {
        &self.limits
    }
}

/// One data set: what it is, and which files it is made of.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DatasetSpec {
    /// Its name.
    pub name: String,
    /// What it is, in a few words; the name where the registry says nothing.
    pub title: String,
    /// Whom to cite.
    pub citation: Option<String>,
    /// Under what terms it may be used, as far as known.
    pub licence: Option<String>,
    /// Number of columns of features, where it is declared; of tables it is else counted.
    pub features: Option<usize>,
    /// Number of classes, where it is declared.
    pub classes: Option<usize>,
    /// What labels say.
    pub labels: LabelSpec,
    /// The name of the column of labels, of tables that have names.
    pub label: Option<String>,
    /// The names of the columns of features; all with numbers but the label if none are given.
    pub columns: Option<Vec<String>>,
    /// The training file.
    pub train: FileSpec,
    /// The test file, if there is one.
    pub test: Option<FileSpec>,
    /// Its splits, at least one, in the YAML's order.
    pub splits: Vec<SplitSpec>,
    /// The name of the split used unless another is asked for.
    pub default_split: String,
    pub(crate) surrogate: Option<SurrogateSpec>,
}

impl DatasetSpec {
    /// The split called `name`, or the default one.
    ///
    /// # Errors
    /// [`Error::UnknownSplit`], which lists the splits.
    pub fn split(&self, name: Option<&str>) -> Result<&SplitSpec> {
        let name = name.unwrap_or(&self.default_split);
        let found = self.splits.iter().find(|s| s.name == name);
        found.ok_or_else(|| Error::UnknownSplit {
            dataset: self.name.clone(),
            split: name.into(),
            known: self.splits.iter().map(|s| s.name.clone()).collect(),
        })
    }

    /// The file of a role, if the data set has one.
    pub fn file(&self, role: Role) -> Option<&FileSpec> {
        match role {
            Role::Train => Some(&self.train),
            Role::Test => self.test.as_ref(),
        }
    }

    /// The files there are, training file first.
    pub fn files(&self) -> impl Iterator<Item = &FileSpec> {
        std::iter::once(&self.train).chain(&self.test)
    }

    /// Whether a stand-in can be generated.
    pub fn has_surrogate(&self) -> bool {
        self.surrogate.is_some()
    }
}

/// What the labels of a data set say.
#[derive(Debug, Clone, PartialEq)]
pub enum LabelSpec {
    /// Which class a row is of, by this map.
    Map(LabelMap),
    /// Which class a row is of; the classes are those of the training file's labels.
    Found,
    /// The number that is to be predicted.
    Numbers,
}

impl LabelSpec {
    /// The map, where one is declared.
    pub fn map(&self) -> Option<&LabelMap> {
        match self {
            LabelSpec::Map(map) => Some(map),
            LabelSpec::Found | LabelSpec::Numbers => None,
        }
    }
}

/// Which file of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The training file.
    Train,
    /// The test file.
    Test,
}

/// Which rows to train on, and which to test on.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitSpec {
    /// Its name.
    pub name: String,
    /// The rows to train on; where test rows are drawn, those that they are drawn from.
    pub train: Part,
    /// The rows to test on.
    pub test: TestRows,
}

/// The rows to test on.
#[derive(Debug, Clone, PartialEq)]
pub enum TestRows {
    /// Some rows of a file.
    Part(Part),
    /// Rows drawn from those to train on, which are then trained on no more.
    Drawn(Draw),
}

/// Some rows of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The file.
    pub file: Role,
    /// The rows, or all of them.
    pub rows: Option<Range<usize>>,
}
