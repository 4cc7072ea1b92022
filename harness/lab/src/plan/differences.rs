//! In what a plan differs from the one that is published under its name.

use super::Plan;
use anyhow::Result;
use serde_yaml::{Mapping, Value};

/// What changes nothing of what is asked: words, which of the data sets are run, other draws, and what is shown.
const OF_NO_MATTER: [&str; 10] = [
    "title",
    "source",
    "what",
    "minutes",
    "like",
    "datasets",
    "seed",
    "figures",
    "pictures",
    "inference",
];

/// What may be more than published: more of the same evidence.
const MAY_BE_MORE: [&str; 2] = ["repeats", "starts"];

impl Plan {
    /// Lists what differs from another plan, each as `damping is 0.9, not 0.5`: a run of it does not answer
    /// what a run of the other would. Which of the data sets are run, the seed and words do not count, nor do
    /// more repeats or starts, or none that are timed.
    ///
    /// # Errors
    /// If one cannot be written as YAML.
    pub fn differences(&self, published: &Self) -> Result<Vec<String>> {
        let written =
            |plan: &Self| -> Result<Mapping> { Ok(serde_yaml::from_str(&plan.resolved()?)?) };
        let mut found = Vec::new();
        compare("", &written(self)?, &written(published)?, &mut found);
        Ok(found)
    }
}

/// Compares two mappings that stand below a key.
fn compare(below: &str, own: &Mapping, published: &Mapping, found: &mut Vec<String>) {
    let new = own.keys().filter(|key| !published.contains_key(*key));
    for key in published.keys().chain(new) {
        let name = key.as_str().unwrap_or("?");
        if OF_NO_MATTER.contains(&name) {
            continue;
        }
        let path = match below {
            "" => name.to_owned(),
            below => format!("{below}.{name}"),
        };
        match (own.get(key), published.get(key)) {
            (Some(Value::Mapping(own)), Some(Value::Mapping(published))) => {
                compare(&path, own, published, found);
            }
            (own, published) if own == published => {}
            (Some(own), Some(published)) if is_more(&path, own, published) => {}
            (own, published) => {
                let (own, published) = (shown(own), shown(published));
                found.push(format!("{path} is {own}, not {published}"));
            }
        }
    }
}

fn is_more(path: &str, own: &Value, published: &Value) -> bool {
    let not_timed = path == "repeats" && own.as_u64() == Some(0);
    let more = own.as_u64().is_some() && own.as_u64() >= published.as_u64();
    MAY_BE_MORE.contains(&path) && (more || not_timed)
}

/// A value as a sentence has room for it.
fn shown(value: Option<&Value>) -> String {
    match value {
        None => "absent".into(),
        Some(Value::Sequence(values)) => format!("another list ({} entries)", values.len()),
        Some(Value::Mapping(_)) => "another mapping".into(),
        Some(value) => {
            let text = serde_yaml::to_string(value).unwrap_or_default();
            text.trim_end().to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::configs::Configs;

    fn of(settings: &[&str]) -> Vec<String> {
        let plan = |settings: &[&str]| {
            let settings: Vec<String> = settings.iter().map(|&s| s.to_owned()).collect();
            let layers = Configs::compiled_in().plan("table2").unwrap();
            layers.set(&settings).plan().unwrap()
        };
        plan(settings).differences(&plan(&[])).unwrap()
    }

    #[test]
    fn a_number_that_is_changed_is_named_with_both_values() {
        assert_eq!(of(&[]), [""; 0]);
        assert_eq!(of(&["flow.steps=40"]), ["flow.steps is 40, not 20"]);
        let several = of(&[
            "tolerance=0.01",
            "windows=[{evaluator: devices, window: 1}]",
        ]);
        assert_eq!(several.len(), 2, "{several:?}");
        assert!(several[0].starts_with("tolerance is 0.01"), "{several:?}");
        assert!(
            several[1].contains("another list (1 entries)"),
            "{several:?}"
        );
    }

    #[test]
    fn more_of_the_same_evidence_is_no_difference_and_less_is() {
        assert_eq!(of(&["repeats=12", "seed=3"]), [""; 0]);
        assert_eq!(of(&["repeats=0"]), [""; 0]);
        assert_eq!(of(&["repeats=2"]), ["repeats is 2, not 6"]);
    }
}
