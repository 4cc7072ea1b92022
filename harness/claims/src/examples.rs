//! Makes up rows.

use rows::{Column, Frame, Kind, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Holds a row by column, before it has a place in a frame.
pub type Made = BTreeMap<String, Value>;

/// Makes rows a frame, with a column for each name that occurs.
pub fn frame(name: &str, rows: Vec<Made>) -> Frame {
    let names: BTreeSet<String> = rows.iter().flat_map(|row| row.keys().cloned()).collect();
    let column = |name: &String| Column {
        name: name.clone().leak(),
        unit: "",
        what: "",
        kind: Kind::Text,
    };
    let columns: Vec<Column> = names.iter().map(column).collect();
    let missing = Value::Text(None);
    let cells = |row: &Made| {
        names
            .iter()
            .map(|n| row.get(n).unwrap_or(&missing).clone())
            .collect()
    };
    Frame {
        name: name.into(),
        columns,
        rows: rows.iter().map(cells).collect(),
    }
}
