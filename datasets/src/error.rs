//! What can go wrong between a data set's name and its matrices.
//!
//! Every message says what was being done, to what, what was found and what to try. The reasons for
//! which a line of text is refused are in [`libsvm`](crate::libsvm).

use std::fmt;
use std::path::{Path, PathBuf};

use crate::table::{TablePlace, TableProblem};

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One place that was looked in, or one address that was tried, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// A path or an address.
    pub place: String,
    /// Why it did not give the file.
    pub outcome: String,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.outcome)
    }
}

/// Anything this crate refuses or fails to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The registry's YAML is not YAML, or does not have the registry's form.
    #[error("reading the data set registry: {0}; see configs/datasets.yaml for the form")]
    RegistryForm(#[from] serde_yaml::Error),

    /// The registry's YAML has the right form and says something that cannot be meant.
    #[error("reading the data set registry, at {at}: {problem}")]
    RegistryContent {
        /// Where in the YAML, as `datasets.NAME.key`.
        at: String,
        /// What is wrong there and what is wanted instead.
        problem: String,
    },

    /// A data set that the registry does not have was asked for.
    #[error(
        "no data set is called \"{name}\"; known: {}; one of your own is named by a registry file",
        known.join(", ")
    )]
    UnknownDataset {
        /// The name asked for.
        name: String,
        /// The names the registry has.
        known: Vec<String>,
    },

    /// A split that the data set does not have was asked for.
    #[error("data set {dataset} has no split \"{split}\"; it has: {}", known.join(", "))]
    UnknownSplit {
        /// The data set.
        dataset: String,
        /// The split asked for.
        split: String,
        /// The splits it has.
        known: Vec<String>,
    },

    /// A stand-in was asked for and the registry describes none.
    #[error(
        "data set {dataset} has no generated stand-in; use `--data real`, or give it a \
         `surrogate` in the registry"
    )]
    NoSurrogate {
        /// The data set.
        dataset: String,
    },

    /// The real data could not be had from anywhere.
    #[error(
        "no real data for {dataset}: the file {file} could not be had.{}\n\
         Put the file (plain, .bz2, .gz or .xz) in a folder and pass `--data-dir DIR` or set \
         HARNESS_DATA_DIR, or run on generated stand-ins with `--data surrogate`",
        list(tried)
    )]
    Unavailable {
        /// The data set.
        dataset: String,
        /// The file's name as upstream names it.
        file: String,
        /// Every place looked in and every address tried, in order.
        tried: Vec<Attempt>,
    },

    /// A file's content is not what the registry declares.
    #[error(
        "checking {file} found at {from}: its decompressed content has sha256 {found}, the \
         registry declares {expected}; {advice}"
    )]
    WrongHash {
        /// The file's name.
        file: String,
        /// The path or address it came from.
        from: String,
        /// The declared sha256, in hex.
        expected: String,
        /// The sha256 found, in hex.
        found: String,
        /// What to do about it.
        advice: String,
    },

    /// An archive of images is not the declared one, or not in the layout that it should have.
    #[error("checking {file} found at {from}: {problem}")]
    Archive {
        /// The archive's name.
        file: String,
        /// The path or address it came from.
        from: String,
        /// What is wrong with it.
        problem: String,
    },

    /// More images were asked for than there are.
    #[error("data set {dataset} has {there} {part} images, not {wanted}")]
    TooFewImages {
        /// The data set.
        dataset: String,
        /// training or test.
        part: &'static str,
        /// How many were asked for.
        wanted: usize,
        /// How many there are.
        there: usize,
    },

    /// A line of LIBSVM text is malformed, or the text as a whole is.
    #[error("parsing {file}, line {line}, column {column}: {problem}")]
    Line {
        /// The file, as a path or a name.
        file: String,
        /// 1-based line.
        line: u64,
        /// 1-based column, in bytes.
        column: u64,
        /// Why it is refused.
        problem: LineProblem,
    },

    /// A table is malformed, or not as the registry says.
    #[error("reading {file}{place}: {problem}")]
    Table {
        /// The file, as a path or a name.
        file: String,
        /// Where in it.
        place: TablePlace,
        /// Why it is refused.
        problem: Box<TableProblem>,
    },

    /// Compressed bytes do not decompress.
    #[error("decompressing {file}: {problem}; the file is damaged or cut short, get it again")]
    Decompress {
        /// The file.
        file: String,
        /// What the decoder said.
        problem: String,
    },

    /// A file is larger than the registry's limits allow.
    #[error(
        "reading {file}: {what} exceed the limit of {limit} bytes; if the file is really that \
         large, raise limits.{key} in the registry"
    )]
    TooLarge {
        /// The file.
        file: String,
        /// Which bytes: those downloaded or those decompressed.
        what: &'static str,
        /// The limit, in bytes.
        limit: u64,
        /// The limit's key in the registry.
        key: &'static str,
    },

    /// A split asks for rows that the file does not have.
    #[error(
        "splitting {dataset}: split {split} wants rows {start}..{end} of {file}, which has {rows} \
         rows; correct the split's `rows` in the registry"
    )]
    SplitRange {
        /// The data set.
        dataset: String,
        /// The split.
        split: String,
        /// The file.
        file: String,
        /// First row wanted.
        start: usize,
        /// One past the last row wanted.
        end: usize,
        /// Rows there are.
        rows: usize,
    },

    /// There are too few rows for drawing some of them.
    #[error(
        "splitting {dataset}: split {split} draws test rows, but there is only {rows} row to draw from"
    )]
    TooFewRows {
        /// The data set.
        dataset: String,
        /// The split.
        split: String,
        /// Rows there are.
        rows: usize,
    },

    /// Arrays that make no matrix, or labels that do not fit it.
    #[error("building a sparse matrix: {0}")]
    Matrix(String),

    /// The operating system refused something.
    #[error("{doing} {path}: {source}")]
    Io {
        /// What was being done, as "reading".
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Error {
    /// Whether this says that no real data could be had, as opposed to data that is wrong.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Error::Unavailable { .. })
    }

    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Io {
            doing,
            path,
            source,
        }
    }

    pub(crate) fn table(file: String, place: TablePlace, problem: TableProblem) -> Error {
        Error::Table {
            file,
            place,
            problem: Box::new(problem),
        }
    }

    pub(crate) fn content(at: impl Into<String>, problem: impl Into<String>) -> Error {
        Error::RegistryContent {
            at: at.into(),
            problem: problem.into(),
        }
    }
}

/// One line an attempt, under the sentence it belongs to.
fn list(tried: &[Attempt]) -> String {
    if tried.is_empty() {
        return " There was nowhere to look: no data folder, no address.".into();
    }
    let mut text = String::from(" Tried:");
    for attempt in tried {
        text.push_str(&format!("\n  {attempt}"));
    }
    text
}

/// Why a line, or the whole text, is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// No row at all.
    #[error("the text has no rows")]
    Empty,
    /// A blank line with rows after it.
    #[error("a blank line between rows")]
    Blank,
    /// A line without an end in sight.
    #[error("the line is longer than the limit of {0} bytes (limits.line_bytes in the registry)")]
    TooLong(usize),
    /// A byte that no LIBSVM text has.
    #[error("the byte 0x{0:02x} is not text; is this a LIBSVM file?")]
    NotText(u8),
    /// A label that is not a number.
    #[error("the label \"{0}\" is not a number")]
    LabelNotNumber(String),
    /// An infinite or undefined label.
    #[error("the label \"{0}\" is not finite")]
    LabelNotFinite(String),
    /// A label that the data set does not have.
    #[error("the label \"{label}\" is not one of the declared labels {known}")]
    LabelUnknown {
        /// The label.
        label: String,
        /// The declared ones.
        known: String,
    },
    /// An entry without `:`.
    #[error("\"{0}\" has no colon; an entry is index:value")]
    NoColon(String),
    /// An index that is not a whole number.
    #[error("the index \"{0}\" is not a whole number")]
    IndexNotNumber(String),
    /// Index 0.
    #[error("index 0; indices count from 1")]
    IndexZero,
    /// An index that repeats the one before it.
    #[error("index {0} is repeated")]
    IndexRepeated(u64),
    /// An index below the one before it.
    #[error("index {index} comes after index {before}; indices must ascend")]
    IndexDescends {
        /// The index.
        index: u64,
        /// The one before it.
        before: u64,
    },
    /// An index above the number of features.
    #[error("index {index} is above the declared {features} features")]
    IndexTooLarge {
        /// The index as written.
        index: String,
        /// Declared number of features.
        features: usize,
    },
    /// A value that is not a number, or a number with something behind it.
    #[error("the value \"{0}\" is not a number")]
    ValueNotNumber(String),
    /// An infinite or undefined value, or one beyond the range of `f32`.
    #[error("the value \"{0}\" is not a finite single-precision number")]
    ValueNotFinite(String),
    /// More rows than declared.
    #[error("more rows than the declared {0}")]
    TooManyRows(usize),
    /// Fewer rows than declared.
    #[error("the text ends after {found} rows, {declared} are declared")]
    TooFewRows {
        /// Rows in the text.
        found: usize,
        /// Rows declared.
        declared: usize,
    },
}
