//! Writes out `each`: one entry of a file that stands for several.

use anyhow::{Context, Result, bail, ensure};
use serde_yaml::{Mapping, Value};
use std::cell::Cell;

/// Makes a claim for each entry of its `each`, the entry's values put in the place of `{name}`. A kind
/// or a sentence that only an entry has is that claim's.
pub fn each(mut written: Mapping) -> Result<Vec<Mapping>> {
    let entries: Vec<Mapping> = match written.remove("each") {
        None => vec![Mapping::new()],
        Some(entries) => serde_yaml::from_value(entries).context("each")?,
    };
    ensure!(!entries.is_empty(), "each is empty");
    let room = Cell::new(MOST);
    let filled = |names: &Mapping| {
        let Value::Mapping(mut claim) = fill(&Value::Mapping(written.clone()), names, &room)?
        else {
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

/// Bytes that an entry may come to with its `each` written out, a value counted as [`LEAST`] of them at least.
const MOST: usize = 16 << 20;

/// Bytes that a value takes where it has none of its own.
const LEAST: usize = 64;

/// Takes room for so many bytes.
fn take(room: &Cell<usize>, bytes: usize) -> Result<()> {
    let left = room.get().checked_sub(bytes.max(LEAST));
    room.set(
        left.with_context(|| format!("written out, its `each` comes to more than {MOST} bytes"))?,
    );
    Ok(())
}

/// Fills in a value, whatever is inside it, as long as there is room.
fn fill(value: &Value, names: &Mapping, room: &Cell<usize>) -> Result<Value> {
    take(room, LEAST)?;
    Ok(match value {
        Value::String(text) => fill_text(text, names, room)?,
        Value::Sequence(list) => {
            let list: Result<Vec<Value>> = list.iter().map(|v| fill(v, names, room)).collect();
            Value::Sequence(list?)
        }
        Value::Mapping(map) => {
            let entry =
                |(key, value): (&Value, &Value)| Ok((key.clone(), fill(value, names, room)?));
            Value::Mapping(map.iter().map(entry).collect::<Result<_>>()?)
        }
        other => other.clone(),
    })
}

/// Copies a value of an entry, as long as there is room.
fn copied(value: &Value, room: &Cell<usize>) -> Result<Value> {
    match value {
        Value::String(text) => take(room, text.len())?,
        Value::Sequence(list) => list
            .iter()
            .try_for_each(|value| copied(value, room).map(drop))?,
        Value::Mapping(map) => map
            .values()
            .try_for_each(|value| copied(value, room).map(drop))?,
        _ => take(room, LEAST)?,
    }
    Ok(value.clone())
}

/// Fills in a text: one that is a single `{name}` becomes that value, number or list; in a longer text
/// the value's words are put in.
fn fill_text(text: &str, names: &Mapping, room: &Cell<usize>) -> Result<Value> {
    take(room, text.len())?;
    let mut filled = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        filled.push_str(before);
        let letter = |c: char| c.is_ascii_lowercase() || c == '_';
        let closed = after[1..].split_once('}');
        let Some((name, behind)) = closed.filter(|(n, _)| !n.is_empty() && n.chars().all(letter))
        else {
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
                take(room, value.len())?;
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
