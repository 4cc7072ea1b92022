//! Lists of values, of which each is to be combined with each.

use anyhow::{Result, ensure};
use serde_yaml::{Mapping, Value};

/// More combinations than a plan can mean.
const MOST: usize = 100_000;

/// Every combination of a mapping's values, each of which may be a list; those of the last key change
/// first.
///
/// # Errors
/// If a list is empty, so that there is none, or there are more than anybody can mean.
///
/// ```
/// let mapping = serde_yaml::from_str("{a: [1, 2], b: x, c: [3, 4]}")?;
/// let all = lab::plan::combinations(&mapping)?;
/// let texts: Vec<String> = all.iter().map(|one| format!("{} {}", one["a"].as_u64().unwrap(), one["c"].as_u64().unwrap())).collect();
/// assert_eq!(texts, ["1 3", "1 4", "2 3", "2 4"]);
/// # Ok::<(), anyhow::Error>(())
/// ```
pub fn combinations(mapping: &Mapping) -> Result<Vec<Mapping>> {
    let mut all = vec![Mapping::new()];
    for (key, value) in mapping {
        let choices = match value {
            Value::Sequence(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        let name = key.as_str().unwrap_or("?");
        ensure!(
            !choices.is_empty(),
            "{name} is an empty list: nothing would be run"
        );
        ensure!(
            all.len().saturating_mul(choices.len()) <= MOST,
            "its lists have more than {MOST} combinations"
        );
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
    Ok(all)
}
