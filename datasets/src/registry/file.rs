//! Single files: of data sets, and archives of images.

use std::path::{Path, PathBuf};

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
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireFile {
    pub name: Option<String>,
    pub path: Option<PathBuf>,
    /// One or several; whatever else stands there is not repeated in an error.
    pub addresses: Option<OneOrMany<String>>,
    pub sha256: Option<String>,
    pub md5: Option<String>,
    pub rows: Option<usize>,
    /// Says that what comes over http may be taken for what it claims to be.
    #[serde(default)]
    pub unverified: bool,
}

/// Checks a file of the YAML, whose paths are relative to `base`.
pub(crate) fn file(wire: WireFile, base: &Path, at: &str) -> Result<FileSpec> {
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
    Ok(FileSpec {
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
