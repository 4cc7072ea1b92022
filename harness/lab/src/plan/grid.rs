//! Lists of values, of which each is to be combined with each.

use serde_yaml::{Mapping, Value};

/// Every combination of a mapping's values, each of which may be a list; those of the last key change
/// first.
///
/// ```
/// let mapping = serde_yaml::from_str("{a: [1, 2], b: x, c: [3, 4]}")?;
/// let all = lab::plan::combinations(&mapping);
/// let texts: Vec<String> = all.iter().map(|one| format!("{} {}", one["a"].as_u64().unwrap(), one["c"].as_u64().unwrap())).collect();
/// assert_eq!(texts, ["1 3", "1 4", "2 3", "2 4"]);
/// # Ok::<(), serde_yaml::Error>(())
/// ```
#[must_use]
pub fn combinations(mapping: &Mapping) -> Vec<Mapping> {
    let mut all = vec![Mapping::new()];
    for (key, value) in mapping {
        let choices = match value {
            Value::Sequence(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        let with = |one: &Mapping, choice: &Value| {
            let mut one = one.clone();
            one.insert(key.clone(), choice.clone());
            one
        };
        let grown = all
            .iter()
            .flat_map(|one| choices.iter().map(move |choice| with(one, choice)));
        all = grown.collect();
    }
    all
}
