//! A data set of images, as the registry has it.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::images::Normalise;
use crate::registry::{FileSpec, WireFile, file, is_file_name};
use crate::{Error, Result};

/// A data set of images as it is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireImages {
    /// What it is, in a few words.
    title: Option<String>,
    /// Whom to cite.
    citation: Option<String>,
    /// Under what terms it may be used.
    licence: Option<String>,
    /// Channels of an image.
    channels: usize,
    /// Pixels of a side.
    side: usize,
    /// How many classes there are.
    classes: usize,
    /// The archive: a tar, compressed or not.
    archive: WireFile,
    /// The data set whose first images these are, and whose archive has them too.
    part_of: Option<String>,
    /// What is trained on.
    train: ImagePartForm,
    /// What is tested on.
    test: ImagePartForm,
    /// The mean of each channel's pixels, which is subtracted.
    mean: Vec<f32>,
    /// The deviation of each channel's pixels, by which they are divided.
    deviation: Vec<f32>,
    /// How images are generated that stand in for the archive.
    surrogate: Option<SurrogateImages>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ImagePartForm {
    /// The archive's members.
    members: Vec<String>,
    /// How many images they hold.
    images: usize,
}

/// Numbers of the stand-in.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct SurrogateImages {
    /// How far an image's class moves its pixels, in their units of 0 to 255.
    pub signal: f64,
    /// How far chance does.
    pub noise: f64,
    /// By how many pixels a class's pattern is moved about.
    pub shift: usize,
}

/// A data set of images: what it is, and the archive it is in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ImagesSpec {
    /// Its name.
    pub name: String,
    /// What it is, in a few words.
    pub title: String,
    /// Whom to cite.
    pub citation: Option<String>,
    /// Under what terms it may be used, as far as known.
    pub licence: Option<String>,
    /// Channels of an image.
    pub channels: usize,
    /// Pixels of a side.
    pub side: usize,
    /// Number of classes.
    pub classes: usize,
    /// The archive: a tar, compressed or not.
    pub archive: FileSpec,
    /// The data set whose first training and test images these are: where the archive is not to be had,
    /// they are taken from that one's.
    pub part_of: Option<String>,
    /// The archive's members to train on, and how many images they hold.
    pub train: (Vec<String>, usize),
    /// Those to test on.
    pub test: (Vec<String>, usize),
    /// What a pixel becomes.
    pub normalise: Normalise,
    pub(crate) surrogate: Option<SurrogateImages>,
}

/// Checks that what is a part of another is of the same kind and no larger.
pub(crate) fn fits(part: &ImagesSpec, known: &[ImagesSpec]) -> Result<()> {
    let Some(whole) = &part.part_of else {
        return Ok(());
    };
    let kind = |spec: &ImagesSpec| (spec.channels, spec.side, spec.classes);
    let no_larger = |w: &&ImagesSpec| {
        w.train.1 >= part.train.1 && w.test.1 >= part.test.1 && kind(w) == kind(part)
    };
    match known.iter().find(|w| w.name == *whole).filter(no_larger) {
        Some(_) => Ok(()),
        None => Err(Error::content(
            format!("images.{}.part_of", part.name),
            format!("{whole} is not above it with as many images of that size and as many classes"),
        )),
    }
}

/// Checks one data set of images.
pub(crate) fn validated(name: String, wire: WireImages, base: &Path) -> Result<ImagesSpec> {
    let at = |key: &str| format!("images.{name}.{key}");
    if !is_file_name(&name) {
        return Err(Error::content(
            format!("images.{name}"),
            "a data set's name names files too: letters, digits, `.`, `_` and `-`",
        ));
    }
    for (key, value, most) in [
        ("channels", wire.channels, 16),
        ("side", wire.side, 1 << 12),
        ("classes", wire.classes, 256),
    ] {
        if value == 0 || value > most {
            return Err(Error::content(
                at(key),
                format!("{value} is not from 1 to {most}"),
            ));
        }
    }
    let of_channels = wire.mean.len() == wire.channels && wire.deviation.len() == wire.channels;
    let sizes = wire.deviation.iter().all(|d| d.is_finite() && *d > 0.0)
        && wire.mean.iter().all(|m| m.is_finite());
    if !of_channels || !sizes {
        return Err(Error::content(
            at("mean"),
            "a mean and a positive deviation of each channel are wanted",
        ));
    }
    if let Some(surrogate) = &wire.surrogate {
        let numbers = [surrogate.signal, surrogate.noise];
        let small = numbers.iter().all(|n| (0.0..=255.0).contains(n));
        if !small || surrogate.shift > wire.side {
            return Err(Error::content(
                at("surrogate"),
                "signal and noise are from 0 to 255, shift is at most the side",
            ));
        }
    }
    let twice = |member| wire.test.members.contains(member);
    if let Some(member) = wire.train.members.iter().find(|m| twice(m)) {
        return Err(Error::content(
            at("test.members"),
            format!("{member} is trained on too"),
        ));
    }
    let archive = file(wire.archive, base, &at("archive"))?;
    let part = |part: ImagePartForm, key: &str| {
        if part.members.is_empty() || part.images == 0 {
            return Err(Error::content(at(key), "names no member, or 0 images"));
        }
        Ok((part.members, part.images))
    };
    Ok(ImagesSpec {
        title: wire.title.unwrap_or_else(|| name.clone()),
        citation: wire.citation,
        licence: wire.licence,
        channels: wire.channels,
        side: wire.side,
        classes: wire.classes,
        archive,
        part_of: wire.part_of,
        train: part(wire.train, "train")?,
        test: part(wire.test, "test")?,
        normalise: Normalise {
            mean: wire.mean,
            deviation: wire.deviation,
        },
        surrogate: wire.surrogate,
        name,
    })
}
