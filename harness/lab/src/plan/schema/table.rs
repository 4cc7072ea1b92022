//! The keys of a plan as a table, made from its schema.

use serde_json::Value;
use std::fmt::Write;

/// Writes a line for each key of a schema: its place, what it is for, what it may be, and what it is where it is left out.
#[must_use]
pub fn table(schema: &Value) -> String {
    let mut table = KeyTable {
        text: String::from("| key | what it says | may be | left out |\n|---|---|---|---|\n"),
        seen: Vec::new(),
    };
    table.rows(schema, "");
    table.text
}

struct KeyTable {
    text: String,
    /// What has keys of its own, and where it stood first.
    seen: Vec<(Value, String)>,
}

impl KeyTable {
    fn rows(&mut self, schema: &Value, place: &str) {
        let required: Vec<&str> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let all = schema["properties"].as_object().into_iter().flatten();
        // What is the same as at another key stands there.
        for (key, of) in all.filter(|(_, of)| of.get("$ref").is_none()) {
            let below = match place {
                "" => key.clone(),
                place => format!("{place}.{key}"),
            };
            let left_out = match (required.contains(&key.as_str()), &of["default"]) {
                (true, _) => "an error".to_owned(),
                (false, Value::Null) => "none".to_owned(),
                (false, default) => cell(&default.to_string()),
            };
            let mut what = of["description"].as_str().unwrap_or_default().to_owned();
            let known = self.known(of, &below);
            if let Some(first) = &known {
                write!(what, " Its keys are those of `{first}`.").ok();
            }
            writeln!(
                self.text,
                "| `{below}` | {} | {} | {left_out} |",
                cell(&what),
                cell(&may_be(of))
            )
            .ok();
            if known.is_none() {
                self.inner(of, &below);
            }
        }
    }

    /// The place at which the same keys stood before.
    fn known(&mut self, of: &Value, place: &str) -> Option<String> {
        let mut keys = of.clone();
        if let Some(of) = keys.as_object_mut() {
            of.retain(|key, _| !["description", "default", "title"].contains(&key.as_str()));
        }
        let has_keys = keys.to_string().contains("\"properties\"");
        let first = self.seen.iter().find(|(seen, _)| has_keys && *seen == keys);
        let first = first.map(|(_, first)| first.clone());
        if first.is_none() && has_keys {
            self.seen.push((keys, place.to_owned()));
        }
        first
    }

    /// The keys of what a value is of.
    fn inner(&mut self, of: &Value, below: &str) {
        if !of.is_object() {
            return;
        }
        self.rows(of, below);
        self.inner(&of["items"], &format!("{below}[]"));
        self.inner(&of["additionalProperties"], &format!("{below}.*"));
        for word in ["oneOf", "anyOf"] {
            for branch in of[word].as_array().into_iter().flatten() {
                let tags = branch["properties"].as_object().into_iter().flatten();
                let mut tags =
                    tags.filter_map(|(key, of)| Some(format!("{key}={}", of["const"].as_str()?)));
                let below = match tags.next() {
                    Some(tag) => match below.strip_suffix("[]") {
                        Some(list) => format!("{list}[{tag}]"),
                        None => format!("{below}({tag})"),
                    },
                    None => below.to_owned(),
                };
                self.inner(branch, &below);
            }
        }
    }
}

/// What a value may be, in few words.
fn may_be(of: &Value) -> String {
    if let Some(name) = of["const"].as_str() {
        return format!("`{name}`");
    }
    if let Some(pattern) = of["pattern"].as_str() {
        return format!("`{}…`", pattern.trim_start_matches('^'));
    }
    if let Some(names) = of["enum"].as_array() {
        let names: Vec<String> = names
            .iter()
            .filter_map(|name| Some(format!("`{}`", name.as_str()?)))
            .collect();
        return names.join(", ");
    }
    for word in ["oneOf", "anyOf"] {
        if let Some(branches) = of[word].as_array() {
            let mut all: Vec<String> = branches
                .iter()
                .map(may_be)
                .filter(|one| one != "nothing")
                .collect();
            all.dedup();
            return all.join(" or ");
        }
    }
    let kind = match &of["type"] {
        Value::String(kind) => kind.as_str(),
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null")
            .unwrap_or_default(),
        _ => return String::new(),
    };
    let word = match kind {
        "integer" => "a whole number",
        "number" => "a number",
        "string" => "a text",
        "boolean" => "true or false",
        "array" => {
            return match may_be(&of["items"]) {
                items if items.is_empty() => "a list".to_owned(),
                items => format!("a list of: {items}"),
            };
        }
        "object" => "a mapping",
        "null" => "nothing",
        other => other,
    };
    let mut bounds = Vec::new();
    for (key, word) in [
        ("minimum", "from"),
        ("exclusiveMinimum", "above"),
        ("maximum", "to"),
        ("exclusiveMaximum", "below"),
    ] {
        if let Some(bound) = of.get(key).filter(|bound| bound.is_number()) {
            bounds.push(format!("{word} {bound}"));
        }
    }
    [vec![word.to_owned()], bounds].concat().join(" ")
}

/// A text as it stands in a cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}
