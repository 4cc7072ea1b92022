//! The data that experiments need, and get.

use anyhow::{Result, bail};
use datasets::{Dataset, Images};

/// Data that an experiment needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// A data set of rows.
    Rows {
        /// Its name.
        dataset: String,
        /// The split, if not its default.
        split: Option<String>,
    },
    /// A data set of images.
    Images {
        /// Its name.
        dataset: String,
        /// How many are trained on, the first ones; all if `None`.
        train: Option<usize>,
        /// How many are tested on, likewise.
        test: Option<usize>,
    },
}

impl Need {
    /// A data set of rows, in its default split.
    #[must_use]
    pub fn rows(dataset: &str) -> Self {
        Self::Rows {
            dataset: dataset.to_owned(),
            split: None,
        }
    }

    /// The data set's name.
    #[must_use]
    pub fn dataset(&self) -> &str {
        match self {
            Self::Rows { dataset, .. } | Self::Images { dataset, .. } => dataset,
        }
    }
}

/// Data of either kind.
#[derive(Clone, Debug)]
pub enum Data {
    /// Rows of numbers.
    Rows(Dataset),
    /// Images.
    Images(Images),
}

impl Data {
    /// The rows.
    ///
    /// # Errors
    /// If it is images.
    pub fn rows(&self) -> Result<&Dataset> {
        match self {
            Self::Rows(dataset) => Ok(dataset),
            Self::Images(images) => bail!("{} is images, not rows", images.name),
        }
    }

    /// The images.
    ///
    /// # Errors
    /// If it is rows.
    pub fn images(&self) -> Result<&Images> {
        match self {
            Self::Images(images) => Ok(images),
            Self::Rows(dataset) => bail!("{} is rows, not images", dataset.name),
        }
    }
}
