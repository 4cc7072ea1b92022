//! Schemas of values that are written as names, or one by one or as a list.

use optim::nn::{Integration, Scope};
use optim::{Kernel, Kinetic, Predictor, RelativeTo, Velocity};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

/// A kinetic energy by its name.
pub fn kinetic_energy(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<String> = Kinetic::ALL.iter().map(ToString::to_string).collect();
    json_schema!({
        "description": "φ: the kinetic energy; relativistic:c with another limit c of the speed than 1.",
        "anyOf": [{"enum": names}, {"type": "string", "pattern": "^relativistic:"}],
    })
}

/// One kinetic energy, or a list of which each is run.
pub fn kinetic_energies(generator: &mut SchemaGenerator) -> Schema {
    let one = kinetic_energy(generator).to_value();
    let description = one["description"].clone();
    let mut of = listed(one);
    of["description"] = description;
    of.try_into().unwrap_or_default()
}

/// One value, or a list of which each is run.
pub fn one_or_many<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let one = generator.subschema_for::<T>().to_value();
    listed(one).try_into().unwrap_or_default()
}

/// The same of a value's schema; what it is for stays with the whole.
#[must_use]
pub fn listed(mut one: Value) -> Value {
    let description = one
        .as_object_mut()
        .and_then(|one| one.remove("description"));
    let mut of = json!({"anyOf": [one.clone(), {"type": "array", "items": one}]});
    if let Some(description) = description {
        of["description"] = description;
    }
    of
}

/// Names, any of which a value may be.
fn one_of(names: impl Iterator<Item = String>) -> Value {
    json!({"enum": names.collect::<Vec<_>>()})
}

fn schema(of: Value) -> Schema {
    of.try_into().unwrap_or_default()
}

/// What computes gradients.
pub fn kernel(_: &mut SchemaGenerator) -> Schema {
    schema(one_of(Kernel::ALL.iter().map(ToString::to_string)))
}

/// Over what a kinetic energy is taken in a network.
pub fn scope(_: &mut SchemaGenerator) -> Schema {
    schema(one_of(Scope::ALL.iter().map(ToString::to_string)))
}

/// What makes the steps of a flow in a network.
pub fn integration(_: &mut SchemaGenerator) -> Schema {
    schema(one_of(Integration::ALL.iter().map(ToString::to_string)))
}

/// What new slots of a window hold.
pub fn predictor(_: &mut SchemaGenerator) -> Schema {
    schema(listed(one_of(
        Predictor::ALL.iter().map(ToString::to_string),
    )))
}

/// With which velocity a window starts.
pub fn window_velocity(_: &mut SchemaGenerator) -> Schema {
    schema(listed(one_of(
        Velocity::ALL.iter().map(ToString::to_string),
    )))
}

/// What the tolerance of a window is a share of.
pub fn relative_to(_: &mut SchemaGenerator) -> Schema {
    schema(listed(one_of(
        RelativeTo::ALL.iter().map(ToString::to_string),
    )))
}

/// How gradients become points in a window.
pub fn window_method(_: &mut SchemaGenerator) -> Schema {
    schema(listed(json!({"enum": ["picard", "secant"]})))
}

/// What is kept of a window.
pub fn window_storage(_: &mut SchemaGenerator) -> Schema {
    schema(listed(json!({"enum": ["points", "velocities", "bf16"]})))
}
