//! The schema of registries of data sets, and everything that is wrong with one at once.

use super::{PlanFault, PlanLines, faults, of, with_numbers};
use crate::plan::numbers::REGISTRY;
use datasets::Registry;
use serde_json::{Value, json};
use serde_yaml::Value as YamlValue;

/// The schema of a registry's file.
#[must_use]
pub fn registry() -> Value {
    let mut schema = with_numbers(of::<Registry>(), REGISTRY);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("A registry of data sets");
    schema
}

/// Finds everything in a registry's YAML that its schema does not allow, each by its key and its line. What is no YAML
/// at all has none: reading it says what is wrong.
#[must_use]
pub fn registry_faults(text: &str) -> Vec<PlanFault> {
    let Ok(value) = datasets::yaml::load(text) else {
        return Vec::new();
    };
    let lines = PlanLines::of(text);
    faults("a registry", &registry(), REGISTRY, &named(value), &lines)
}

/// The same with texts for the keys that are numbers or truth values, as labels may be.
fn named(value: YamlValue) -> YamlValue {
    match value {
        YamlValue::Mapping(map) => {
            let key = |key: YamlValue| match key {
                YamlValue::Number(number) => number.to_string().into(),
                YamlValue::Bool(truth) => truth.to_string().into(),
                other => other,
            };
            let entries = map.into_iter();
            YamlValue::Mapping(entries.map(|(of, value)| (key(of), named(value))).collect())
        }
        YamlValue::Sequence(items) => YamlValue::Sequence(items.into_iter().map(named).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configs::Configs;

    #[test]
    fn the_projects_own_registry_is_as_its_schema_says() {
        let text = Configs::compiled_in().read("datasets.yaml").unwrap();
        assert_eq!(registry_faults(&text), []);
    }

    #[test]
    fn everything_that_is_wrong_with_a_registry_is_named_at_once() {
        let text = "datasets:\n  mine:\n    lable: y\n    clases: 2\n    classes: 1\n    files: {train: {path: 3}}\n\
                    \x20   test: {share: 2.0, seed: -1}\n  other: {features: 0}\n";
        let found: Vec<String> = registry_faults(text)
            .iter()
            .map(ToString::to_string)
            .collect();
        for wanted in [
            "line 3: `lable` is no key of datasets.mine, which has",
            "did you mean `label`?",
            "line 4: `clases` is no key of datasets.mine",
            "line 5: datasets.mine.classes is 1, but has to be a whole number from 2 to 65536",
            "line 6: datasets.mine.files.train.path is 3, but has to be a text",
            "line 7: datasets.mine.test.share is 2.0, but has to be a positive number, below 1",
            "line 7: datasets.mine.test.seed is -1",
            "line 8: datasets.other.features is 0",
            "line 8: datasets.other.files is missing",
        ] {
            let there = found.iter().any(|fault| fault.contains(wanted));
            assert!(there, "{wanted}\nis not in\n{}", found.join("\n"));
        }
        assert!(registry_faults("datasets: [").is_empty());
        let labels =
            "datasets: {a: {features: 1, labels: {-1: 0, true: 1}, files: {train: {path: a}}}}";
        assert_eq!(registry_faults(labels), []);
    }
}
