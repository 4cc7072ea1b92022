//! `--set key=value`: one value of a plan, for one run.

use anyhow::{Context, Result, ensure};
use serde_yaml::{Mapping, Value};

/// A setting such as `flow.steps=40`: a path of keys, and a value in YAML.
pub(super) struct Override<'a> {
    text: &'a str,
    path: Vec<&'a str>,
    value: Value,
}

impl<'a> Override<'a> {
    /// Reads a setting.
    ///
    /// # Errors
    /// If it is not `key=value`, its value is no YAML, or its key is not one to set.
    pub fn of(text: &'a str) -> Result<Self> {
        let (key, value) = text.split_once('=').with_context(|| {
            format!("--set {text}: write key=value, for example --set flow.steps=40")
        })?;
        ensure!(
            key != "like",
            "--set {text}: what a plan is like stands in its file"
        );
        ensure!(
            key != "default_profile",
            "--set {text}: --profile says which profile is run"
        );
        let value = datasets::yaml::load(value)
            .with_context(|| format!("--set {text}: the value of {key}"))?;
        Ok(Self {
            text,
            path: key.split('.').collect(),
            value,
        })
    }

    /// Whether it changes profiles rather than the plan itself.
    pub fn is_of_profiles(&self) -> bool {
        self.path[0] == "profiles"
    }

    /// Refuses a setting of another profile than the one that is run: it would be of no effect.
    pub fn is_of_profile(&self, name: &str) -> Result<()> {
        let other = self.path.get(1).is_some_and(|profile| *profile != name);
        ensure!(
            !other,
            "--set {}: the profile that is run is {name}",
            self.text
        );
        Ok(())
    }

    /// Changes a plan. The key may be new: validation refuses those that do not exist. Items of a list are keys by
    /// their place, counted from 0: `windows.0.width`.
    ///
    /// # Errors
    /// If the key leads through something that has no keys, or to an item that a list does not have.
    pub fn apply(&self, plan: &mut Mapping) -> Result<()> {
        let (first, below) = self.path.split_first().unwrap_or((&"", &[]));
        let mut at = plan.entry((*first).into()).or_insert(Value::Null);
        let mut whole = *first;
        for key in below {
            at = match at {
                Value::Sequence(items) => {
                    let count = items.len();
                    let item = key
                        .parse()
                        .ok()
                        .and_then(|index: usize| items.get_mut(index));
                    item.with_context(|| {
                        let text = self.text;
                        format!("--set {text}: `{whole}` is a list of {count}, counted from 0, and has no item `{key}`")
                    })?
                }
                inner => {
                    if inner.is_null() {
                        *inner = Mapping::new().into();
                    }
                    let map = inner.as_mapping_mut().with_context(|| {
                        format!(
                            "--set {}: `{whole}` is something that has no keys",
                            self.text
                        )
                    })?;
                    map.entry((*key).into()).or_insert(Value::Null)
                }
            };
            whole = key;
        }
        *at = self.value.clone();
        Ok(())
    }
}
