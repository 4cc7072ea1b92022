//! Single files: of data sets, and archives of images.

use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::address::Address;
use crate::digest::Sha;
use crate::read::Compression;
use crate::yaml::OneOrMany;
use crate::{Error, Result};

/// One file of a data set.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FileSpec {
    /// Its name as upstream names it, without a compression's suffix; safe to be a file's name.
    pub name: String,
    /// Where a user says that it lies.
    pub path: Option<PathBuf>,
    /// Where it can be downloaded.
    pub addresses: Vec<Address>,
    /// The sha256 of its decompressed content, if declared.
    pub sha256: Option<Sha>,
    /// Of an archive of images: the md5 of the file as it lies, in hex, if declared.
    pub md5: Option<String>,
    /// Its number of rows, if declared.
    pub rows: Option<usize>,
    /// What it is written in.
    pub format: FileFormat,
    /// What separates the columns of CSV.
    pub delimiter: u8,
    /// Of an array of NumPy: the file with its rows' labels.
    pub labels: Option<Box<FileSpec>>,
}

/// What a file of a data set is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileFormat {
    /// LIBSVM text: a label and `index:value` of what is not 0.
    Libsvm,
    /// Text in columns with a line of names.
    Csv,
    /// A Parquet file.
    Parquet,
    /// An array of NumPy, with another one for the labels.
    Npy,
}

impl FileFormat {
    /// What a file's name, without a compression's suffix, says of it.
    fn by_name(name: &str) -> Self {
        let suffix = name
            .rsplit_once('.')
            .map(|(_, suffix)| suffix.to_ascii_lowercase());
        match suffix.as_deref() {
            Some("csv" | "tsv") => FileFormat::Csv,
            Some("parquet") => FileFormat::Parquet,
            Some("npy") => FileFormat::Npy,
            _ => FileFormat::Libsvm,
        }
    }

    /// Whether its columns have names.
    pub fn has_names(self) -> bool {
        matches!(self, FileFormat::Csv | FileFormat::Parquet)
    }
}

impl fmt::Display for FileFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FileFormat::Libsvm => "LIBSVM text",
            FileFormat::Csv => "CSV",
            FileFormat::Parquet => "Parquet",
            FileFormat::Npy => "NumPy's .npy",
        })
    }
}

/// A file: where it lies or can be had, and what is in it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireFile {
    /// What it is called in the data folder and the cache, without a compression's suffix; that of `path` if nothing is
    /// said.
    pub name: Option<String>,
    /// Where it lies, from the folder of the registry's file; plain, bzip2, gzip or xz.
    pub path: Option<PathBuf>,
    /// Where it can be downloaded, one or several.
    // Whatever else stands there is not repeated in an error.
    #[schemars(with = "Option<Strings>")]
    pub addresses: Option<OneOrMany<String>>,
    /// The SHA-256 of its decompressed content, in hex; without it nothing is verified.
    pub sha256: Option<String>,
    /// Of an archive of images: the MD5 of the file as it lies, in hex.
    pub md5: Option<String>,
    /// How many rows it has; any number is accepted if nothing is said.
    pub rows: Option<usize>,
    /// What it is written in; by its name if nothing is said: .csv, .tsv, .parquet, .npy, else LIBSVM text.
    pub format: Option<FileFormat>,
    /// What separates the columns of CSV; a comma if nothing is said, and a tab in a .tsv.
    pub delimiter: Option<char>,
    /// Of an array of NumPy: the array with its rows' labels.
    #[schemars(with = "Option<LabelsFileKeys>")]
    pub labels: Option<Box<WireFile>>,
    /// Says that what comes over http may be taken for what it claims to be.
    #[serde(default)]
    pub unverified: bool,
}

/// One text or several.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
enum Strings {
    One(String),
    Many(Vec<String>),
}

/// The keys of a file of labels, for those who write one: it is read as a [`WireFile`].
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct LabelsFileKeys {
    /// What it is called in the data folder and the cache.
    name: Option<String>,
    /// Where it lies, from the folder of the registry's file.
    path: Option<String>,
    /// Where it can be downloaded, one or several.
    addresses: Option<Strings>,
    /// The SHA-256 of its decompressed content, in hex.
    sha256: Option<String>,
    /// Says that what comes over http may be taken for what it claims to be.
    unverified: Option<bool>,
}

/// Checks a file of the YAML, whose paths are relative to `base`.
pub(crate) fn file(mut wire: WireFile, base: &Path, at: &str) -> Result<FileSpec> {
    let labels = wire.labels.take();
    let mut file = alone(wire, base, at)?;
    let at = format!("{at}.labels");
    match (labels, file.format) {
        (Some(labels), FileFormat::Npy) => {
            let labels = alone(*labels, base, &at)?;
            if labels.format != FileFormat::Npy {
                let format = labels.format;
                return Err(Error::content(
                    at,
                    format!("is {format}, but has to be {} as well", FileFormat::Npy),
                ));
            }
            file.labels = Some(Box::new(labels));
        }
        (None, FileFormat::Npy) => {
            return Err(Error::content(
                at,
                "an array of features has its labels in another file: name it, as {path: y.npy}",
            ));
        }
        (Some(_), format) => {
            return Err(Error::content(
                at,
                format!("{format} has its labels in the same file"),
            ));
        }
        (None, _) => {}
    }
    Ok(file)
}

/// Checks a file by itself, without that of its labels.
fn alone(wire: WireFile, base: &Path, at: &str) -> Result<FileSpec> {
    if wire.labels.is_some() {
        return Err(Error::content(
            format!("{at}.labels"),
            "labels have no labels themselves",
        ));
    }
    let named = || {
        let name = wire.path.as_ref()?.file_name()?.to_str()?;
        let stem = Compression::SUFFIXES[1..]
            .iter()
            .find_map(|s| name.strip_suffix(s));
        Some(stem.unwrap_or(name).to_string())
    };
    let Some(name) = wire.name.clone().or_else(named) else {
        return Err(Error::content(at, "has neither a `name` nor a `path`"));
    };
    if !is_file_name(&name) {
        return Err(Error::content(
            format!("{at}.name"),
            format!(
                "\"{name}\" cannot name a file in every folder: letters, digits, `.`, `_` and \
                 `-`, not starting with `.`; with a `path`, give a `name` too"
            ),
        ));
    }
    let written = wire.addresses.as_ref().map(OneOrMany::all);
    let mut addresses = Vec::new();
    for address in written.iter().flatten() {
        let address: Address = address
            .parse()
            .map_err(|why| Error::content(format!("{at}.addresses"), why))?;
        let hashed = wire.sha256.is_some() || wire.md5.is_some();
        if address.is_plain() && !hashed && !wire.unverified {
            return Err(Error::content(
                format!("{at}.addresses"),
                format!(
                    "what comes from {address} may be changed on its way: give its `sha256`, an https address, or \
                     say `unverified: true`"
                ),
            ));
        }
        addresses.push(address);
    }
    // No more than indices of rows are made for, and than a stand-in could be generated.
    if let Some(rows) = wire
        .rows
        .filter(|rows| !(1..=u32::MAX as usize).contains(rows))
    {
        return Err(Error::content(
            format!("{at}.rows"),
            format!("{rows} is not from 1 to {}", u32::MAX),
        ));
    }
    let sha256 = match &wire.sha256 {
        None => None,
        Some(text) => Some(
            text.parse()
                .map_err(|problem: String| Error::content(format!("{at}.sha256"), problem))?,
        ),
    };
    let digits = |text: &String| text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(text) = wire.md5.as_ref().filter(|text| !digits(text)) {
        return Err(Error::content(
            format!("{at}.md5"),
            format!("\"{text}\" is not an md5: 32 hex digits are wanted"),
        ));
    }
    let format = wire.format.unwrap_or_else(|| FileFormat::by_name(&name));
    let delimiter = match (wire.delimiter, format) {
        (None, _) if name.to_ascii_lowercase().ends_with(".tsv") => b'\t',
        (None, _) => b',',
        (Some(of), FileFormat::Csv) if of.is_ascii() && !matches!(of, '"' | '\n' | '\r') => {
            of as u8
        }
        (Some(of), _) => {
            return Err(Error::content(
                format!("{at}.delimiter"),
                format!(
                    "{of:?} does not separate columns of {format}: one character does, of CSV, but for quotes"
                ),
            ));
        }
    };
    Ok(FileSpec {
        format,
        delimiter,
        labels: None,
        md5: wire.md5.map(|text| text.to_ascii_lowercase()),
        name,
        path: wire.path.map(|p| base.join(p)),
        addresses,
        sha256,
        rows: wire.rows,
    })
}

/// Whether a name can be a file's in any folder, on any system, without leaving it.
pub(crate) fn is_file_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    !name.is_empty() && name.len() <= 100 && !name.starts_with('.') && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_short_plain_and_of_this_folder() {
        for good in ["a", "a9a.t", "x_1-2", &"a".repeat(100)] {
            assert!(is_file_name(good), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            ".a",
            "a/b",
            "a\\b",
            "a b",
            "\u{e9}",
            &"a".repeat(101),
        ] {
            assert!(!is_file_name(bad), "{bad}");
        }
    }
}
