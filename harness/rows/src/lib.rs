//! Rows: what a run says, and the only truth that tables, plots and verdicts are made of.
//!
//! A [`schema!`] gives every column its name, unit and meaning in one place; a [`Frame`] is a table of
//! such rows; [`statistics`] has the medians and intervals that rows and verdicts are made with; [`mod@format`] shows
//! numbers as text. Nothing here knows what was measured.

pub mod format;
pub mod statistics;

/// One column of a table of rows.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name, the same in files, tables and YAML.
    pub name: &'static str,
    /// Its unit; empty for names, counts and ratios.
    pub unit: &'static str,
    /// What it holds.
    pub what: &'static str,
    /// The type of its values.
    pub kind: Kind,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Count,
    /// A real number.
    Real,
    /// Yes or no.
    Flag,
}

/// One value of a row; `None` where there is none.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    Text(Option<String>),
    /// A whole number.
    Count(Option<u64>),
    /// A real number.
    Real(Option<f64>),
    /// Yes or no.
    Flag(Option<bool>),
}

impl Value {
    /// Whether there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(
            self,
            Self::Text(None) | Self::Count(None) | Self::Real(None) | Self::Flag(None)
        )
    }
}

/// A Rust type that a column can have.
pub trait Typed {
    /// The column's kind.
    const KIND: Kind;
    /// The value.
    fn value(&self) -> Value;
}

macro_rules! typed {
    ($($type:ty => $kind:ident),+ $(,)?) => { $(
        impl Typed for $type {
            const KIND: Kind = Kind::$kind;
            fn value(&self) -> Value { Value::$kind(Some(self.clone())) }
        }
        impl Typed for Option<$type> {
            const KIND: Kind = Kind::$kind;
            fn value(&self) -> Value { Value::$kind(self.clone()) }
        }
    )+ };
}
typed!(String => Text, u64 => Count, f64 => Real, bool => Flag);

/// Rows of one schema.
pub trait Schema {
    /// Its columns, in order.
    const COLUMNS: &'static [Column];
    /// A row's values, in the order of the columns.
    fn values(&self) -> Vec<Value>;
}

/// Declares a type of rows: one line a column, with unit and meaning.
#[macro_export]
macro_rules! schema {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty, $unit:literal, $what:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name { $(#[doc = $what] pub $field: $type,)+ }

        impl $crate::Schema for $name {
            const COLUMNS: &'static [$crate::Column] = &[$($crate::Column {
                name: stringify!($field),
                unit: $unit,
                what: $what,
                kind: <$type as $crate::Typed>::KIND,
            },)+];

            fn values(&self) -> Vec<$crate::Value> {
                vec![$($crate::Typed::value(&self.$field),)+]
            }
        }
    };
}
/// Rows of any schema, as a table of values: what files are written from and claims judged on.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The files' name, without `.csv` or `.parquet`.
    pub name: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Vec<Value>>,
}

impl Frame {
    /// Of typed rows.
    #[must_use]
    pub fn of<R: Schema>(name: &str, rows: &[R]) -> Self {
        Self {
            name: name.to_owned(),
            columns: R::COLUMNS.to_vec(),
            rows: rows.iter().map(Schema::values).collect(),
        }
    }

    /// Adds a column behind the others, with a value for each row.
    pub fn push(&mut self, column: Column, values: impl IntoIterator<Item = Value>) {
        self.columns.push(column);
        for (row, value) in self.rows.iter_mut().zip(values) {
            row.push(value);
        }
    }

    /// The place of a column, if there is one of that name.
    #[must_use]
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == column)
    }
}
