//! What is wrong, in words.

use super::PlanFault;
use serde_yaml::Value;

/// Tells of everything that is wrong with a file: of one thing by itself, of several each in a line.
#[must_use]
pub fn told(faults: &[PlanFault]) -> String {
    match faults {
        [one] => one.to_string(),
        all => {
            let all: Vec<String> = all.iter().map(|fault| format!("\n  {fault}")).collect();
            format!("{} things are wrong with it:{}", all.len(), all.concat())
        }
    }
}

/// A value as it is told of: a long one by its kind.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::String(text) if text.chars().count() <= 60 => format!("{text:?}"),
        Value::String(_) => "a long text".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Sequence(items) if items.is_empty() => "an empty list".into(),
        Value::Sequence(_) => "a list".into(),
        Value::Mapping(_) | Value::Tagged(_) => "a mapping".into(),
    }
}

/// Names, one of which is meant, in words.
#[must_use]
pub fn either(names: &[&str]) -> String {
    match names {
        [] => "nothing".into(),
        [one] => (*one).to_owned(),
        [before @ .., last] => format!("{} or {last}", before.join(", ")),
    }
}

/// What was probably meant by a name that is not there, as the end of a sentence.
#[must_use]
pub fn meant(found: &str, known: &[&str]) -> String {
    let distance = |name: &&&str| strsim::osa_distance(found, name);
    let near = known
        .iter()
        .min_by_key(distance)
        .filter(|name| distance(name) <= 1 + found.chars().count() / 4);
    near.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}
