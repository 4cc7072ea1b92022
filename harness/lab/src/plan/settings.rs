//! `--set key=value`: one value of a plan, for one run.

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_yaml::Value;

/// Applies settings such as `flow.steps=40` to a plan before it is validated. A key may be new
/// (validation refuses the ones that do not exist); the value is YAML.
///
/// # Errors
/// If a setting is not `key=value`, its value is not YAML, or its key leads through something
/// that has no keys.
pub fn apply_settings(plan: &mut Value, settings: &[String]) -> Result<()> {
    for setting in settings {
        let Some((key, value)) = setting.split_once('=') else {
            bail!("--set {setting}: write key=value, for example --set flow.steps=40");
        };
        ensure!(
            key != "like",
            "--set {setting}: what a plan is like stands in its file"
        );
        let value: Value = datasets::yaml::load(value)
            .with_context(|| format!("--set {setting}: the value of {key}"))?;
        set(plan, key, value).with_context(|| format!("--set {setting}"))?;
    }
    Ok(())
}

fn set(plan: &mut Value, path: &str, value: Value) -> Result<()> {
    let mut at = plan;
    for key in path.split('.') {
        let map = at
            .as_mapping_mut()
            .ok_or_else(|| anyhow!("`{key}` of `{path}` is inside something that has no keys"))?;
        at = map
            .entry(Value::String(key.to_owned()))
            .or_insert(Value::Null);
        if at.is_null() {
            *at = Value::Mapping(serde_yaml::Mapping::new());
        }
    }
    *at = value;
    Ok(())
}
