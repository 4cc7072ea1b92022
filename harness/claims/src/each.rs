//! Writes out `each`: one entry of a file that stands for several.

use anyhow::{Context, Result, bail, ensure};
use serde_yaml::{Mapping, Value};
use std::cell::Cell;

/// Makes a claim for each entry of its `each`, the entry's values put in the place of `{name}`. A kind
/// or a sentence that only an entry has is that claim's.
pub fn each(mut written: Mapping, room: &EachRoom) -> Result<Vec<Mapping>> {
    let entries: Vec<Mapping> = match written.remove("each") {
        None => vec![Mapping::new()],
        Some(entries) => serde_yaml::from_value(entries).context("each")?,
    };
    ensure!(!entries.is_empty(), "each is empty");
    let filled = |names: &Mapping| {
        let Value::Mapping(mut claim) = fill(&Value::Mapping(written.clone()), names, room)? else {
            bail!("a claim is a mapping")
        };
        for key in ["kind", "sentence"] {
            if let (None, Some(own)) = (claim.get(key), names.get(key)) {
                claim.insert(key.into(), own.clone());
            }
        }
        Ok(claim)
    };
    entries.iter().map(filled).collect()
}

/// Bytes that a file may come to with every `each` written out, a value counted as [`LEAST`] of them at least.
const MOST: usize = 16 << 20;

/// Bytes that a value takes where it has none of its own.
const LEAST: usize = 64;

/// What is left of the bytes that a file may come to.
pub struct EachRoom(Cell<usize>);

impl EachRoom {
    /// Of a file.
    pub fn new() -> Self {
        Self(Cell::new(MOST))
    }

    /// Takes so many bytes.
    fn take(&self, bytes: usize) -> Result<()> {
        let left = self.0.get().checked_sub(bytes.max(LEAST));
        let what =
            || format!("written out, each `each` of the file, it comes to more than {MOST} bytes");
        self.0.set(left.with_context(what)?);
        Ok(())
    }
}

/// Fills in a value, whatever is inside it, as long as there is room.
fn fill(value: &Value, names: &Mapping, room: &EachRoom) -> Result<Value> {
    room.take(LEAST)?;
    Ok(match value {
        Value::String(text) => fill_text(text, names, room)?,
        Value::Sequence(list) => {
            let list: Result<Vec<Value>> = list.iter().map(|v| fill(v, names, room)).collect();
            Value::Sequence(list?)
        }
        Value::Mapping(map) => {
            let entry = |(key, value): (&Value, &Value)| {
                Ok((copied(key, room)?, fill(value, names, room)?))
            };
            Value::Mapping(map.iter().map(entry).collect::<Result<_>>()?)
        }
        other => other.clone(),
    })
}

/// Copies a value of an entry, as long as there is room.
fn copied(value: &Value, room: &EachRoom) -> Result<Value> {
    match value {
        Value::String(text) => room.take(text.len())?,
        Value::Sequence(list) => list
            .iter()
            .try_for_each(|value| copied(value, room).map(drop))?,
        Value::Mapping(map) => map.iter().try_for_each(|(key, value)| {
            copied(key, room)?;
            copied(value, room).map(drop)
        })?,
        _ => room.take(LEAST)?,
    }
    Ok(value.clone())
}

/// Fills in a text: one that is a single `{name}` becomes that value, number or list; in a longer text
/// the value's words are put in.
fn fill_text(text: &str, names: &Mapping, room: &EachRoom) -> Result<Value> {
    room.take(text.len())?;
    let mut filled = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        filled.push_str(before);
        let letter = |c: char| c.is_ascii_lowercase() || c == '_';
        let end = after[1..].find(|c| !letter(c)).unwrap_or(after.len() - 1);
        let (name, behind) = after[1..].split_at(end);
        let closed = behind.strip_prefix('}').filter(|_| !name.is_empty());
        let Some(behind) = closed else {
            filled.push('{');
            rest = &after[1..];
            continue;
        };
        let value = names
            .get(name)
            .with_context(|| format!("`each` gives no value for {{{name}}} in `{text}`"))?;
        if text.len() == name.len() + 2 {
            return copied(value, room);
        }
        match value {
            Value::String(value) => {
                room.take(value.len())?;
                filled.push_str(value);
            }
            Value::Number(value) => filled.push_str(&value.to_string()),
            _ => bail!("{{{name}}} in `{text}` is neither text nor a number"),
        }
        rest = behind;
    }
    filled.push_str(rest);
    Ok(Value::String(filled))
}
