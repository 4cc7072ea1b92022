//! Where a file would come from, in words.

use std::fmt;
use std::path::PathBuf;

use crate::registry::Address;

/// Where a file would come from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// It is kept parsed.
    ParsedCache(PathBuf),
    /// It lies where the registry says that it does.
    Path(PathBuf),
    /// It lies in the data folder.
    DataDir(PathBuf),
    /// It has been downloaded before.
    Downloaded(PathBuf),
    /// It has to be downloaded.
    MustDownload {
        /// The addresses, in the order in which they are tried; none if it cannot be had.
        addresses: Vec<Address>,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::ParsedCache(p) => write!(f, "parsed cache {}", p.display()),
            Place::Path(p) | Place::DataDir(p) => write!(f, "{}", p.display()),
            Place::Downloaded(p) => write!(f, "downloaded {}", p.display()),
            Place::MustDownload { addresses } if addresses.is_empty() => {
                f.write_str("nowhere, and no address to download it from")
            }
            Place::MustDownload { addresses } => {
                let all: Vec<String> = addresses.iter().map(Address::to_string).collect();
                write!(f, "to be downloaded from {}", all.join(" or "))
            }
        }
    }
}

/// A file's name and where it would come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStatus {
    /// The file's name as upstream names it.
    pub name: String,
    /// Where it would come from.
    pub place: Place,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_says_where_a_file_is_or_why_it_is_nowhere() {
        let said = |place: Place| place.to_string();
        assert_eq!(said(Place::ParsedCache("a/b".into())), "parsed cache a/b");
        assert_eq!(said(Place::Downloaded("a/b".into())), "downloaded a/b");
        assert_eq!(said(Place::DataDir("a/b".into())), "a/b");
        let nowhere = Place::MustDownload {
            addresses: Vec::new(),
        };
        assert_eq!(said(nowhere), "nowhere, and no address to download it from");
    }
}
