//! What tells runs apart that have one name: all numbers of their method.

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;

/// A method with all its numbers in one line, `method=heavy-ball momentum=0.9 step_size=0.1`. It is
/// made of all that is serialised, so that no number of a method can be left out of what tells its
/// runs from others.
///
/// # Errors
/// If it cannot be written as JSON.
pub fn settings(of: &impl Serialize) -> Result<String> {
    let mut words = Vec::new();
    collect("", &serde_json::to_value(of)?, &mut words);
    Ok(words.join(" "))
}

fn collect(key: &str, value: &Value, words: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                let inside = match key {
                    "" => name.clone(),
                    _ => format!("{key}.{name}"),
                };
                collect(&inside, value, words);
            }
        }
        Value::String(text) => words.push(format!("{key}={}", text.replace(' ', "-"))),
        other => words.push(format!("{key}={other}")),
    }
}

/// The pairs of key and value of a line that [`settings`] made.
pub fn pairs(settings: &str) -> impl Iterator<Item = (&str, &str)> {
    settings.split(' ').filter_map(|word| word.split_once('='))
}

/// Of each of several methods the pairs of key and value that not all of them have.
#[must_use]
pub fn differences<'a>(all: &[&'a str]) -> Vec<Vec<(&'a str, &'a str)>> {
    let shared = |pair: &(&str, &str)| all.iter().all(|other| pairs(other).any(|p| p == *pair));
    let own = |settings: &&'a str| pairs(settings).filter(|pair| !shared(pair)).collect();
    all.iter().map(own).collect()
}

/// Labels that no two have in common: those that are, with all the settings of theirs.
#[must_use]
pub fn told_apart(labels: Vec<(String, &str)>) -> Vec<String> {
    let alone = |label: &String| labels.iter().filter(|(other, _)| other == label).count() == 1;
    let told = |(label, settings): &(String, &str)| {
        if alone(label) {
            label.clone()
        } else {
            format!("{label} ({settings})")
        }
    };
    labels.iter().map(told).collect()
}

/// The first of several things that are the same.
pub fn repeated<T: PartialEq>(things: &[T]) -> Option<&T> {
    let again = |(index, thing): &(usize, &T)| things[..*index].contains(thing);
    things
        .iter()
        .enumerate()
        .find(again)
        .map(|(_, thing)| thing)
}

/// Things in their order, each once.
pub fn once<T: PartialEq>(things: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut once = Vec::new();
    for thing in things {
        if !once.contains(&thing) {
            once.push(thing);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn all_that_is_serialised_is_in_the_settings() {
        let flow =
            json!({"hamiltonian": {"steps": 2, "step_size": 0.1}, "note": "a b", "none": null});
        assert_eq!(
            settings(&flow).unwrap(),
            "hamiltonian.step_size=0.1 hamiltonian.steps=2 none=null note=a-b"
        );
    }

    #[test]
    fn what_differs_is_what_not_all_have() {
        let all = ["a=1 b=2", "a=1 b=3", "a=1 c=4"];
        let found = differences(&all);
        assert_eq!(found, [[("b", "2")], [("b", "3")], [("c", "4")]]);
        assert!(differences(&all[..1])[0].is_empty());
    }

    #[test]
    fn labels_that_are_the_same_get_all_their_settings() {
        let labels = vec![
            ("x".to_owned(), "a=1"),
            ("x".into(), "a=2"),
            ("y".into(), ""),
        ];
        assert_eq!(told_apart(labels), ["x (a=1)", "x (a=2)", "y"]);
    }

    #[test]
    fn a_thing_that_is_there_twice_is_found_and_left_out() {
        assert_eq!(repeated(&[1, 2, 1]), Some(&1));
        assert_eq!(repeated(&[1, 2]), None);
        assert_eq!(once([1, 2, 1, 1, 3]), [1, 2, 3]);
    }
}
