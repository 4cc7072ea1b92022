//! What a schema says of a value: its types, names, branches and the tag that tells them apart.

use serde_json::Value as JsonValue;
use serde_yaml::Value;

/// The schemas of which a value has to be as one says; none where they are names one by one.
pub(super) fn branches(schema: &JsonValue) -> Option<&[JsonValue]> {
    let of = schema["oneOf"]
        .as_array()
        .or_else(|| schema["anyOf"].as_array())?;
    // Names one by one, each with what it stands for, are a list of names.
    let names = of.iter().all(|branch| branch["const"].is_string());
    (!names).then_some(of)
}

/// The names that a value may have, if it has to be one of some.
pub(super) fn names(schema: &JsonValue) -> Option<Vec<String>> {
    let text = |value: &JsonValue| value.as_str().map(str::to_owned);
    if let Some(name) = text(&schema["const"]) {
        return Some(vec![name]);
    }
    if let Some(names) = schema["enum"].as_array() {
        return names.iter().map(text).collect();
    }
    let of = schema["oneOf"].as_array()?;
    of.iter()
        .map(names)
        .collect::<Option<Vec<_>>>()
        .map(|names| names.concat())
}

/// The key by which one of several mappings is chosen.
pub(super) fn tag(branches: &[JsonValue]) -> Option<&str> {
    let of_first = branches.first()?["properties"].as_object()?;
    let mut keys = of_first.keys().map(String::as_str);
    keys.find(|key| {
        branches
            .iter()
            .all(|branch| constant(branch, key).is_some())
    })
}

pub(super) fn constant<'a>(branch: &'a JsonValue, key: &str) -> Option<&'a str> {
    branch["properties"][key]["const"].as_str()
}

/// What a text has to begin with: all that is made of patterns here.
pub(super) fn begin(schema: &JsonValue) -> Option<&str> {
    schema["pattern"].as_str()?.strip_prefix('^')
}

/// The types that a schema allows; none if it says nothing of them.
pub(super) fn kinds(schema: &JsonValue) -> Vec<&str> {
    if names(schema).is_some() {
        return vec!["string"];
    }
    if let Some(branches) = branches(schema) {
        return branches.iter().flat_map(kinds).collect();
    }
    match &schema["type"] {
        JsonValue::String(kind) => vec![kind],
        JsonValue::Array(kinds) => kinds.iter().filter_map(JsonValue::as_str).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_bool(),
        "string" => value.is_string(),
        // Whether it has to be whole says the table of numbers, in words.
        "number" | "integer" => value.is_number(),
        "array" => value.is_sequence(),
        "object" => value.is_mapping(),
        _ => true,
    }
}
