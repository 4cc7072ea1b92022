//! How far two measurements of a cell are apart.

use serde_json::Value;

/// How two measurements compare.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Apart {
    /// Where they differ first, and in what; nothing where they are equal to the last bit.
    pub(super) first: Option<String>,
    /// How far numbers are apart at most, relative to the larger, or to [`LEAST`] where both are smaller.
    pub(super) farthest: f64,
    /// Whether something differs that is no number: then nothing bounds it.
    pub(super) otherwise: bool,
}

/// Numbers smaller than this are compared as if they were as large: most are rounding alone.
pub(super) const LEAST: f64 = 1e-6;

/// Compares, but for fields of some names.
pub(super) fn apart(recorded: &Value, found: &Value, without: &[&str]) -> Apart {
    let mut all = Apart::default();
    walk("", (recorded, found), without, &mut all);
    all
}

fn walk(place: &str, pair: (&Value, &Value), without: &[&str], all: &mut Apart) {
    match pair {
        (Value::Object(a), Value::Object(b)) => {
            let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                if without.contains(&name.as_str()) {
                    continue;
                }
                let inside = match place {
                    "" => name.clone(),
                    _ => format!("{place}.{name}"),
                };
                let of = |map: &serde_json::Map<String, Value>| {
                    map.get(name).cloned().unwrap_or(Value::Null)
                };
                walk(&inside, (&of(a), &of(b)), without, all);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (step, pair) in a.iter().zip(b).enumerate() {
                walk(&format!("{place}[{step}]"), pair, without, all);
            }
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (
                a.as_f64().unwrap_or(f64::NAN),
                b.as_f64().unwrap_or(f64::NAN),
            );
            if a.to_bits() != b.to_bits() {
                let size = a.abs().max(b.abs()).max(LEAST);
                all.farthest = all.farthest.max((a - b).abs() / size);
                all.differ(place, &a, &b);
            }
        }
        (a, b) if a == b => {}
        (a, b) => {
            all.otherwise = true;
            all.differ(place, a, b);
        }
    }
}

impl Apart {
    fn differ(&mut self, place: &str, recorded: &impl ToString, found: &impl ToString) {
        let short = |text: String| match text.char_indices().nth(40) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        };
        let (recorded, found) = (short(recorded.to_string()), short(found.to_string()));
        self.first
            .get_or_insert_with(|| format!("{place} was {recorded}, is {found}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_step_where_two_differ_is_named_and_times_are_not_looked_at() {
        let recorded =
            json!({"records": [{"value": 1.0, "wall_s": 3.0}, {"value": 2.0}, {"value": 4.0}]});
        let mut found = recorded.clone();
        assert_eq!(apart(&recorded, &found, &["wall_s"]), Apart::default());
        found["records"][0]["wall_s"] = json!(5.0);
        found["records"][1]["value"] = json!(2.0 + 1e-9);
        found["records"][2]["value"] = json!(4.4);
        let apart = apart(&recorded, &found, &["wall_s"]);
        let first = apart.first.unwrap();
        assert!(
            first.starts_with("records[1].value was 2, is 2.000000001"),
            "{first}"
        );
        assert!((apart.farthest - 0.4 / 4.4).abs() < 1e-12 && !apart.otherwise);
    }

    #[test]
    fn what_is_no_number_or_not_there_differs_without_bound() {
        for (a, b) in [
            (json!({"a": 1}), json!({"b": 1})),
            (json!([1, 2]), json!([1])),
            (json!("inf"), json!(1.0)),
        ] {
            let apart = apart(&a, &b, &[]);
            assert!(apart.otherwise && apart.first.is_some(), "{a} {b}");
        }
    }
}
