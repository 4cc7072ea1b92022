//! Everything that is wrong with a plan, at once.

use super::PlanLines;
use super::shape::{begin, branches, constant, is, kinds, names, tag};
use super::words::{either, meant, shown};
use crate::plan::numbers::{self, Allowed, NumberTable};
use serde_json::Value as JsonValue;
use serde_yaml::{Number, Value};
use std::fmt;

/// One thing that is wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFault {
    /// Where: `windows[3].width`.
    pub place: String,
    /// The line of the plan's file, if it stands there.
    pub line: Option<usize>,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for PlanFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// Everything in a value that its schema, or a table of numbers, does not allow, in its order. `of` is what has the
/// keys at the top, in words.
#[must_use]
pub fn faults(
    of: &'static str,
    schema: &JsonValue,
    table: NumberTable,
    value: &Value,
    lines: &PlanLines,
) -> Vec<PlanFault> {
    let mut check = FaultFinder {
        of,
        table,
        lines,
        found: Vec::new(),
    };
    check.node(schema, value, &PlanPlace::default());
    check.found
}

/// The same of an item of a list that is a key at the top.
#[must_use]
pub fn faults_of_item(
    (key, index): (&str, usize),
    schema: &JsonValue,
    table: NumberTable,
    value: &Value,
    lines: &PlanLines,
) -> Vec<PlanFault> {
    let mut check = FaultFinder {
        of: "it",
        table,
        lines,
        found: Vec::new(),
    };
    check.node(schema, value, &PlanPlace::default().key(key).item(index));
    check.found
}

/// Where a value stands.
#[derive(Clone, Default)]
struct PlanPlace {
    place: String,
    /// The keys that lead there, without places in lists.
    keys: Vec<String>,
}

impl PlanPlace {
    fn key(&self, key: &str) -> Self {
        let mut keys = self.keys.clone();
        keys.push(key.to_owned());
        let place = match self.place.as_str() {
            "" => key.to_owned(),
            place => format!("{place}.{key}"),
        };
        Self { place, keys }
    }

    fn item(&self, index: usize) -> Self {
        Self {
            place: format!("{}[{index}]", self.place),
            keys: self.keys.clone(),
        }
    }
}

struct FaultFinder<'a> {
    of: &'static str,
    table: NumberTable,
    lines: &'a PlanLines,
    found: Vec<PlanFault>,
}

impl FaultFinder<'_> {
    fn fault(&mut self, at: &PlanPlace, what: String) {
        self.found.push(PlanFault {
            line: self.lines.line(&at.place),
            place: at.place.clone(),
            what,
        });
    }

    /// What is missing stands nowhere: what it is missing in does.
    fn missing(&mut self, at: &PlanPlace, what: String) {
        self.found.push(PlanFault {
            line: self.lines.line(parent(&at.place)),
            place: at.place.clone(),
            what,
        });
    }

    fn node(&mut self, schema: &JsonValue, value: &Value, at: &PlanPlace) {
        if let Some(branches) = branches(schema) {
            self.one_of(branches, value, at);
            return;
        }
        if let Some(names) = names(schema) {
            if !value
                .as_str()
                .is_some_and(|text| names.iter().any(|name| name == text))
            {
                self.no_name(&names, value, at);
            }
            return;
        }
        if let (Some(text), Some(begin)) = (value.as_str(), begin(schema))
            && !text.starts_with(begin)
        {
            self.fault(
                at,
                format!("{} is {text:?}, but has to begin with {begin}", at.place),
            );
        }
        match (value, kinds(schema)) {
            (_, kinds) if !kinds.is_empty() && !kinds.iter().any(|kind| is(value, kind)) => {
                self.fault(
                    at,
                    format!(
                        "{} is {}, but has to be {}",
                        at.place,
                        shown(value),
                        self.wanted(schema, at)
                    ),
                );
            }
            (Value::Mapping(map), _) => self.mapping(schema, map, at),
            (Value::Sequence(items), _) => {
                for (index, item) in items.iter().enumerate() {
                    self.node(&schema["items"], item, &at.item(index));
                }
            }
            (Value::Number(number), _) => self.number(number, at),
            _ => {}
        }
    }

    fn mapping(&mut self, schema: &JsonValue, map: &serde_yaml::Mapping, at: &PlanPlace) {
        let properties = schema["properties"].as_object();
        let of = |key: &str| properties.and_then(|all| all.get(key));
        let known = || -> Vec<&str> {
            properties
                .into_iter()
                .flatten()
                .map(|(key, _)| key.as_str())
                .collect()
        };
        let others = &schema["additionalProperties"];
        for (key, value) in map {
            let Some(key) = key.as_str() else {
                self.fault(
                    at,
                    format!("{}: {} is a key that is no text", at.place, shown(key)),
                );
                continue;
            };
            let below = at.key(key);
            match (of(key), others) {
                (Some(of), _) => self.node(of, value, &below),
                (None, JsonValue::Object(_)) => self.node(others, value, &below),
                (None, JsonValue::Bool(false)) => {
                    let known = known();
                    let of = match at.place.as_str() {
                        "" => self.of,
                        place => place,
                    };
                    let what = format!("`{key}` is no key of {of}");
                    self.fault(
                        &below,
                        format!(
                            "{what}, which has {}{}",
                            known.join(", "),
                            meant(key, &known)
                        ),
                    );
                }
                _ => {}
            }
        }
        let bounds = ["minProperties", "maxProperties"].map(|key| schema[key].as_u64());
        if bounds == [Some(1), Some(1)] && map.len() != 1 {
            let what = format!(
                "{} has {} keys, but has to have one: {}",
                at.place,
                map.len(),
                either(&known())
            );
            self.fault(at, what);
        }
        for key in schema["required"].as_array().into_iter().flatten() {
            let key = key.as_str().unwrap_or_default();
            if !map.contains_key(key) {
                let below = at.key(key);
                let wanted = of(key).map_or_else(String::new, |of| {
                    let for_what = of["description"]
                        .as_str()
                        .and_then(|text| text.lines().next());
                    let for_what = for_what.map_or_else(String::new, |text| {
                        format!(" ({})", text.trim_end_matches('.'))
                    });
                    format!(": {}{for_what}", self.wanted(of, &below))
                });
                self.missing(&below, format!("{} is missing{wanted}", below.place));
            }
        }
    }

    fn number(&mut self, number: &Number, at: &PlanPlace) {
        let allowed = numbers::declared_at(&[self.table], &at.keys);
        let fits = number.as_f64().is_some_and(|value| match allowed {
            // 20.0 and 1e18 are not counts, whatever their value.
            Some(allowed) => allowed.allows(value) && !(allowed.is_whole() && number.is_f64()),
            None => value.is_finite(),
        });
        if !fits {
            let wanted = allowed.map_or_else(|| "finite".to_owned(), |allowed| allowed.to_string());
            self.fault(
                at,
                format!("{} is {number}, but has to be {wanted}", at.place),
            );
        }
    }

    /// Of several schemas the one that is meant: that of the tag, or of the value's type.
    fn one_of(&mut self, branches: &[JsonValue], value: &Value, at: &PlanPlace) {
        if let Some(tag) = tag(branches) {
            let Value::Mapping(map) = value else {
                let what = format!(
                    "{} is {}, but has to be a mapping with the key {tag}",
                    at.place,
                    shown(value)
                );
                self.fault(at, what);
                return;
            };
            let names: Vec<&str> = branches
                .iter()
                .filter_map(|branch| constant(branch, tag))
                .collect();
            let below = at.key(tag);
            match map.get(tag) {
                None => self.missing(
                    &below,
                    format!("{} is missing: {}", below.place, either(&names)),
                ),
                Some(found) => {
                    let meant = branches
                        .iter()
                        .find(|branch| constant(branch, tag) == found.as_str());
                    match meant.filter(|_| found.as_str().is_some()) {
                        Some(branch) => self.node(branch, value, at),
                        None => {
                            let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
                            self.no_name(&names, found, &below);
                        }
                    }
                }
            }
            return;
        }
        // One that takes the value as it is; else what is wrong with the value by the one of its type, of mappings the one
        // that has most of its keys.
        let mut nearest: Option<(usize, Vec<PlanFault>)> = None;
        for branch in branches {
            let mut trial = FaultFinder {
                of: self.of,
                table: self.table,
                lines: self.lines,
                found: Vec::new(),
            };
            trial.node(branch, value, at);
            if trial.found.is_empty() {
                return;
            }
            let keys = keys_of(branch, value);
            let nearer = nearest.as_ref().is_none_or(|(most, _)| keys > *most);
            if nearer && kinds(branch).iter().any(|kind| is(value, kind)) {
                nearest = Some((keys, trial.found));
            }
        }
        if let (Some((0, _)), Value::Mapping(map)) = (&nearest, value)
            && self.no_key_of_any(branches, map, at)
        {
            return;
        }
        match nearest {
            Some((_, found)) => self.found.extend(found),
            None => {
                let names: Vec<String> = branches.iter().filter_map(names).flatten().collect();
                match (names.is_empty(), value) {
                    (false, Value::String(_)) => self.no_name(&names, value, at),
                    _ => {
                        let wanted: Vec<String> = branches
                            .iter()
                            .map(|branch| self.wanted(branch, at))
                            .collect();
                        let wanted = wanted.join(", or ");
                        self.fault(
                            at,
                            format!("{} is {}, but has to be {wanted}", at.place, shown(value)),
                        );
                    }
                }
            }
        }
    }

    /// Tells of keys that none of several mappings has, where there are several; answers whether it did.
    fn no_key_of_any(
        &mut self,
        branches: &[JsonValue],
        map: &serde_yaml::Mapping,
        at: &PlanPlace,
    ) -> bool {
        let of = branches
            .iter()
            .filter_map(|branch| branch["properties"].as_object());
        let mappings: Vec<Vec<&str>> = of
            .map(|of| of.keys().map(String::as_str).collect())
            .collect();
        if mappings.len() < 2 || map.is_empty() {
            return false;
        }
        let known = mappings.concat();
        for key in map.keys() {
            let key = shown_key(key);
            let what = format!(
                "`{key}` is no key of {}, which has {}{}",
                at.place,
                known.join(", "),
                meant(&key, &known)
            );
            self.fault(&at.key(&key), what);
        }
        true
    }

    fn no_name(&mut self, names: &[String], value: &Value, at: &PlanPlace) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let hint = value
            .as_str()
            .map_or_else(String::new, |text| meant(text, &names));
        self.fault(
            at,
            format!(
                "{} is {}, but has to be {}{hint}",
                at.place,
                shown(value),
                either(&names)
            ),
        );
    }

    /// What a schema asks for, in words.
    fn wanted(&self, schema: &JsonValue, at: &PlanPlace) -> String {
        if let Some(names) = names(schema) {
            return either(&names.iter().map(String::as_str).collect::<Vec<_>>());
        }
        if let Some(begin) = begin(schema) {
            return format!("{begin}…");
        }
        if let Some(branches) = branches(schema) {
            if let Some(tag) = tag(branches) {
                let names: Vec<&str> = branches
                    .iter()
                    .filter_map(|branch| constant(branch, tag))
                    .collect();
                return format!("a mapping whose {tag} is {}", either(&names));
            }
            let all: Vec<String> = branches
                .iter()
                .filter(|branch| kinds(branch) != ["null"])
                .map(|branch| self.wanted(branch, at))
                .collect();
            return all.join(", or ");
        }
        let word = |kind: &&str| match *kind {
            "number" | "integer" => numbers::declared_at(&[self.table], &at.keys)
                .as_ref()
                .map_or_else(|| "a number".to_owned(), Allowed::to_string),
            "string" => "a text".into(),
            "boolean" => "true or false".into(),
            "array" => match self.wanted(&schema["items"], at) {
                items if items.is_empty() => "a list".into(),
                items => format!("a list, each item {items}"),
            },
            "object" => match schema["required"]
                .as_array()
                .filter(|keys| !keys.is_empty())
            {
                Some(keys) => {
                    let keys: Vec<&str> = keys.iter().filter_map(JsonValue::as_str).collect();
                    format!("a mapping with {}", keys.join(", "))
                }
                None if schema["maxProperties"] == 1 => {
                    let keys = schema["properties"].as_object().into_iter().flatten();
                    let keys: Vec<&str> = keys.map(|(key, _)| key.as_str()).collect();
                    format!("a mapping with one of {}", keys.join(", "))
                }
                None => "a mapping".into(),
            },
            other => other.to_owned(),
        };
        let kinds: Vec<&str> = kinds(schema)
            .into_iter()
            .filter(|kind| *kind != "null")
            .collect();
        kinds.iter().map(word).collect::<Vec<_>>().join(", or ")
    }
}

/// How many of a mapping's keys a schema has.
fn keys_of(schema: &JsonValue, value: &Value) -> usize {
    let (Some(known), Some(map)) = (schema["properties"].as_object(), value.as_mapping()) else {
        return 0;
    };
    let keys = map.keys().filter_map(Value::as_str);
    keys.filter(|key| known.contains_key(*key)).count()
}

/// A key as it stands in a place.
fn shown_key(key: &Value) -> String {
    key.as_str().map_or_else(|| shown(key), str::to_owned)
}

/// The place that a place is in.
fn parent(place: &str) -> &str {
    let end = place.rfind(['.', '[']).unwrap_or(0);
    &place[..end]
}
