//! Schemas of plans, made from the types that plans are read as: what a plan of a kind may say, for editors, for the
//! table of keys, and for naming everything that is wrong with a plan at once.

mod check;
mod lines;
mod named;
mod registry;
mod shape;
mod table;
mod words;

pub use check::{PlanFault, faults, faults_of_item};
pub use lines::PlanLines;
pub use named::{
    integration, kernel, kinetic_energies, kinetic_energy, listed, one_or_many, predictor,
    relative_to, scope, window_method, window_storage, window_velocity,
};
pub use registry::{registry, registry_faults};
pub use table::table;
pub use words::{either, meant, told};

use super::Statistics;
use super::numbers::{self, NumberTable};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What every plan says, whatever its kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code)]
struct PlanHead {
    /// The name that it is reproduced by, and that its folder has; else the file's.
    #[serde(default)]
    target: String,
    /// The kind of experiment.
    experiment: String,
    /// What it shows, in a line.
    #[serde(default)]
    title: String,
    /// Where in the papers, or in what other source.
    #[serde(default)]
    source: String,
    /// The target whose plan it is like: its keys are those of that plan, but for those that stand here.
    like: Option<String>,
    /// What every random number of the plan is drawn from.
    #[serde(default)]
    seed: u64,
    /// How intervals are made.
    statistics: Option<Statistics>,
}

/// Makes the schema of a type, with nothing referred to.
#[must_use]
pub fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let generator: SchemaGenerator = settings.into_generator();
    generator.into_root_schema_for::<T>().to_value()
}

/// The schema of a kind's body with what its numbers may be.
#[must_use]
pub fn with_numbers(mut schema: Value, table: NumberTable) -> Value {
    bound(&mut schema, &mut Vec::new(), table);
    schema
}

/// The schema of a file: what all plans say, the body of its kind, and profiles that change some of either.
#[must_use]
pub fn of_file(kind: &str, body: &Value) -> Value {
    let head = with_numbers(of::<PlanHead>(), numbers::HEAD);
    let mut properties = Map::new();
    for part in [&head, body] {
        if let Some(of) = part["properties"].as_object() {
            properties.extend(of.clone());
        }
    }
    properties["experiment"] = json!({"const": kind, "description": "The kind of experiment."});
    let mut profile = with_numbers(of::<BTreeMap<String, super::ProfileWire>>(), &[]);
    let profile = profile["additionalProperties"].take();
    let mut of_profile = profile["properties"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let there = |key: &String| (key.clone(), json!({"$ref": format!("#/properties/{key}")}));
    of_profile.extend(properties.keys().map(there));
    let profiles = json!({
        "type": "object",
        "description": "How much of the plan is run, by name: what each is good for and costs, and the keys of the plan that it changes.",
        "additionalProperties": {"type": "object", "properties": of_profile, "additionalProperties": false},
    });
    properties.insert("profiles".into(), profiles);
    let default =
        json!({"type": "string", "description": "The profile that is run where none is named."});
    properties.insert("default_profile".into(), default);
    let mut file = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("A plan of kind {kind}"),
        "type": "object",
        "properties": properties,
        // What it is like says it, where it is like another.
        "anyOf": [{"required": ["experiment"]}, {"required": ["like"]}],
        "additionalProperties": false,
    });
    if body["description"].is_string() {
        file["description"] = body["description"].clone();
    }
    file
}

/// Writes into every number of a schema what a table says of it.
fn bound(schema: &mut Value, keys: &mut Vec<String>, table: NumberTable) {
    let is_number = |of: &Value| matches!(of.as_str(), Some("number" | "integer"));
    let numeric = match &schema["type"] {
        Value::Array(types) => types.iter().any(is_number),
        one => is_number(one),
    };
    if numeric && let Some(allowed) = numbers::declared_at(&[table], keys) {
        allowed.write_into(schema);
    }
    let Value::Object(map) = schema else { return };
    map.remove("format");
    map.retain(|key, of| key != "description" || of.is_string());
    for word in ["anyOf", "oneOf", "allOf"] {
        if let Some(Value::Array(branches)) = map.get_mut(word) {
            branches
                .iter_mut()
                .for_each(|branch| bound(branch, keys, table));
        }
    }
    if let Some(items) = map.get_mut("items") {
        bound(items, keys, table);
    }
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        for (key, of) in properties {
            keys.push(key.clone());
            bound(of, keys, table);
            keys.pop();
        }
    }
    if let Some(of @ Value::Object(_)) = map.get_mut("additionalProperties") {
        keys.push("*".into());
        bound(of, keys, table);
        keys.pop();
    }
}
