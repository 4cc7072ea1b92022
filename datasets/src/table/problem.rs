//! Why a table is refused, and where.

use std::fmt;

use crate::Label;

/// Where in a table something is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TablePlace {
    /// The 1-based line, of text.
    pub line: Option<u64>,
    /// The 1-based row, of what has no lines.
    pub row: Option<u64>,
    /// The column's name, or its 1-based number where columns have no names.
    pub column: Option<String>,
}

impl fmt::Display for TablePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(row) = self.row {
            write!(f, ", row {row}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        Ok(())
    }
}

/// A place, and what is wrong there.
pub(crate) type TableRefusal = Box<(TablePlace, TableProblem)>;

/// What is wrong with a table as a whole.
pub(super) fn whole(problem: TableProblem) -> TableRefusal {
    Box::new((TablePlace::default(), problem))
}

/// Why a table is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TableProblem {
    /// No row at all.
    #[error("there are no rows")]
    Empty,
    /// Not the declared number of rows.
    #[error("there are {found} rows, {declared} are declared")]
    Rows {
        /// Rows there are.
        found: usize,
        /// Rows declared.
        declared: usize,
    },
    /// A column that is not there.
    #[error("no column is called `{wanted}`; there is {known}{hint}")]
    NoColumn {
        /// The name looked for.
        wanted: String,
        /// The names there are.
        known: String,
        /// What was probably meant, and else what may be wrong.
        hint: String,
    },
    /// Two columns of one name.
    #[error("two columns are called `{0}`, so that neither can be told by its name")]
    TwoColumns(String),
    /// Nothing to learn from.
    #[error("no column but the label holds numbers; there is {0}")]
    NoFeatures(String),
    /// Not the declared number of features.
    #[error("there are {found} columns of features, {declared} are declared")]
    Features {
        /// Columns there are.
        found: usize,
        /// Columns declared.
        declared: usize,
    },
    /// A row that is longer or shorter than the others.
    #[error("there are {found} values, but {expected} columns")]
    Ragged {
        /// Values in the row.
        found: u64,
        /// Columns there are.
        expected: u64,
    },
    /// A value that is not there.
    #[error("there is no value; fill it in, or leave the row or the column out")]
    Missing,
    /// A value that is no number.
    #[error(
        "\"{0}\" is not a number, which every feature is; name the columns to take by `columns` if this one is none"
    )]
    NotNumber(String),
    /// A label that is no number where one is to be predicted.
    #[error("\"{0}\" is not a number, which labels of `labels: numbers` are")]
    LabelNotNumber(String),
    /// An infinite or undefined value, or one beyond the range of `f32`.
    #[error("{0} is not a finite single-precision number")]
    NotFinite(String),
    /// A label that stands for no class.
    #[error("the label \"{label}\" is not one of {known}")]
    LabelUnknown {
        /// The label.
        label: String,
        /// The known ones.
        known: String,
    },
    /// More labels than there can be classes.
    #[error(
        "there are more than {0} different labels; if they are numbers to be predicted, say `labels: numbers`"
    )]
    TooManyLabels(usize),
    /// Labels that make no classes.
    #[error("{0}")]
    Labels(String),
    /// A line without an end in sight.
    #[error("the line is longer than the limit of {0} bytes (limits.line_bytes in the registry)")]
    TooLong(usize),
    /// Bytes that are not text.
    #[error("this is not UTF-8 text; save the table as UTF-8")]
    NotText,
    /// Not a file of this form.
    #[error("{0}")]
    Form(String),
}

impl TableProblem {
    pub(super) fn not_number(text: &str) -> Self {
        TableProblem::LabelNotNumber(short(text))
    }

    pub(crate) fn label_unknown(label: &Label, known: &[String]) -> Self {
        TableProblem::LabelUnknown {
            label: short(&label.to_string()),
            known: listed(known),
        }
    }

    pub(super) fn no_column(wanted: &str, header: &[String]) -> Self {
        TableProblem::NoColumn {
            wanted: short(wanted),
            known: listed(header),
            hint: hint(wanted, header),
        }
    }
}

/// Names that a message lists, at most.
const LISTED: usize = 20;

/// Longest piece of a file that a message repeats, in characters.
const QUOTED: usize = 40;

/// A piece of a file as a message repeats it.
pub(super) fn short(text: &str) -> String {
    let shown: String = text.chars().take(QUOTED).collect();
    let shown: String = shown.escape_debug().collect();
    match text.chars().nth(QUOTED) {
        Some(_) => shown + "…",
        None => shown,
    }
}

/// Some names in words.
pub(super) fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(LISTED).map(|name| short(name)).collect();
    match names.len().checked_sub(LISTED).filter(|more| *more > 0) {
        Some(more) => format!("{} and {more} more", shown.join(", ")),
        None => shown.join(", "),
    }
}

/// What was probably meant by a name that is not there, as the end of a sentence.
fn hint(wanted: &str, header: &[String]) -> String {
    if let [one] = header
        && let Some(other) = [';', '\t', '|'].into_iter().find(|by| one.contains(*by))
    {
        return format!("; if {other:?} separates the columns, say so by the file's `delimiter`");
    }
    let distance =
        |name: &&String| strsim::osa_distance(&wanted.to_lowercase(), &name.trim().to_lowercase());
    let near = header.iter().min_by_key(distance);
    let near = near.filter(|name| distance(name) <= 1 + wanted.chars().count() / 4);
    near.map_or_else(String::new, |name| {
        format!("; did you mean `{}`?", short(name))
    })
}
