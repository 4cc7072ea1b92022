//! Images: archives of them to pixels, and pixels to batches.
//!
//! Where an archive lies is `real`'s affair; which archives there are, the registry's.

mod archive;
mod epoch;
mod spec;
mod surrogate;

use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::digest::Sha;
use crate::{Error, FileRecord, Result, Source};

pub(crate) use archive::read;
pub use epoch::{Augment, Epoch, Normalise};
pub use spec::ImagesSpec;
pub(crate) use spec::{WireImages, fits, validated};
pub(crate) use surrogate::generate;

/// Labelled images of one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSet {
    /// Channels of an image.
    pub channels: usize,
    /// Pixels of a side.
    pub side: usize,
    /// One image after the other, each channel by channel, each row by row.
    pub pixels: Vec<u8>,
    /// Each image's class, 0-based.
    pub labels: Vec<u32>,
}

impl ImageSet {
    /// Without images.
    pub(crate) fn empty(channels: usize, side: usize) -> Self {
        ImageSet {
            channels,
            side,
            pixels: Vec::new(),
            labels: Vec::new(),
        }
    }

    /// Numbers of an image.
    #[must_use]
    pub fn image_len(&self) -> usize {
        self.channels * self.side * self.side
    }

    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// An image's pixels.
    ///
    /// # Panics
    /// If there is no image of that number, as slices do.
    #[must_use]
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * self.image_len()..][..self.image_len()]
    }

    /// The images of a range, copied.
    ///
    /// # Panics
    /// If the range is not within the images, as slices do.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let each = self.image_len();
        ImageSet {
            pixels: self.pixels[range.start * each..range.end * each].to_vec(),
            labels: self.labels[range].to_vec(),
            ..*self
        }
    }

    /// How many images each class has.
    #[must_use]
    pub fn class_counts(&self, classes: usize) -> Vec<usize> {
        let mut counts = vec![0; classes];
        for &label in &self.labels {
            counts[label as usize] += 1;
        }
        counts
    }
}

/// A data set of images.
#[derive(Debug, Clone)]
pub struct Images {
    /// Its name in the registry.
    pub name: String,
    /// Number of classes.
    pub classes: usize,
    /// Whether it is the published images.
    pub source: Source,
    /// To train on.
    pub train: ImageSet,
    /// To test on.
    pub test: ImageSet,
    /// What a pixel becomes before a network sees it.
    pub normalise: Normalise,
    /// What it was made from.
    pub files: Vec<FileRecord>,
}

impl Images {
    /// The same with only the first images of each part.
    ///
    /// # Errors
    /// [`Error::TooFewImages`] if there are not so many.
    pub fn first(self, train: Option<usize>, test: Option<usize>) -> Result<Self> {
        let cut = |set: ImageSet, part: &'static str, wanted: Option<usize>| match wanted {
            None => Ok(set),
            Some(wanted) if wanted <= set.len() => Ok(set.slice(0..wanted)),
            Some(wanted) => Err(Error::TooFewImages {
                dataset: self.name.clone(),
                part,
                wanted,
                there: set.len(),
            }),
        };
        let train = cut(self.train, "training", train)?;
        let test = cut(self.test, "test", test)?;
        Ok(Images {
            train,
            test,
            ..self
        })
    }

    /// A hash of all that the numbers are made of: pixels, labels and their normalisation.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for set in [&self.train, &self.test] {
            hash.update((set.len() as u64).to_le_bytes());
            hash.update(&set.pixels);
            for label in &set.labels {
                hash.update(label.to_le_bytes());
            }
        }
        hash.update(format!("{} {:?}", self.classes, self.normalise));
        Sha(hash.finalize().into()).to_string()
    }
}
