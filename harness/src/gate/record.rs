//! What is recorded, as text: a line for each value, so that a change of one is a change of a line.

use super::baseline::Recorded;
use anyhow::Result;
use serde_json::Value;
use std::fmt::Write;

/// The key `recorded` and all below it, as YAML.
pub(super) fn text(recorded: &Recorded) -> Result<String> {
    let mut out = String::from("recorded:  # by `harness regress --update`; not by hand\n");
    block(&mut out, &serde_json::to_value(recorded)?, 1);
    Ok(out)
}

/// Mappings as indented lines, everything else as JSON on one line, which is YAML too.
fn block(out: &mut String, value: &Value, depth: usize) {
    let Value::Object(entries) = value else {
        return;
    };
    for (key, value) in entries {
        let indent = "  ".repeat(depth);
        let key = match key.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            true => key.clone(),
            false => Value::from(key.as_str()).to_string(),
        };
        if value.as_object().is_some_and(|inner| !inner.is_empty()) {
            let _ = writeln!(out, "{indent}{key}:");
            block(out, value, depth + 1);
        } else {
            let _ = writeln!(out, "{indent}{key}: {}", inline(value));
        }
    }
}

/// As JSON, with a space after each comma of a list.
fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}
