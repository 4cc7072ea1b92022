//! What is recorded, as text: a line for each value, so that a change of one is a change of a line.

use super::baseline::Recorded;
use anyhow::Result;
use serde_json::Value;
use std::fmt::Write;

/// The key `recorded` and all below it, as YAML.
pub(super) fn text(recorded: &Recorded) -> Result<String> {
    let mut out = String::from("recorded:  # by `harness regress --update`; not by hand\n");
    block(&mut out, &serde_json::to_value(recorded)?, 1);
    Ok(out)
}

/// Mappings as indented lines, everything else as JSON on one line, which is YAML too.
fn block(out: &mut String, value: &Value, depth: usize) {
    let Value::Object(entries) = value else {
        return;
    };
    for (key, value) in entries {
        let indent = "  ".repeat(depth);
        let key = match key.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            true => key.clone(),
            false => Value::from(key.as_str()).to_string(),
        };
        if value.as_object().is_some_and(|inner| !inner.is_empty()) {
            let _ = writeln!(out, "{indent}{key}:");
            block(out, value, depth + 1);
        } else {
            let _ = writeln!(out, "{indent}{key}: {}", inline(value));
        }
    }
}

/// As JSON, with a space after each comma of a list.
fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::baseline::{RecordedExact, RecordedInstructions, RecordedRatios};
    use crate::gate::tests::{RECORDED, origin_at, two_flows};
    use std::collections::BTreeMap;

    const EXPECTED: &str = r#"recorded:  # by `harness regress --update`; not by hand
  exact:
    data:
      little: "abc"
    flows:
      a_plan:
        "W=4 copy":
          distinct: [18, 17]
          losses: [0.5, 0.25]
          requested: [20, 19]
          rounds: [10, 9]
          status: "complete"
          strides: [[4, 3, 3], [5, 5]]
          surrogate: [3, 2]
    origin:
      commit: "c0"
      date: "2026-01-02"
      machine: "X, 2 cores, release"
  instructions:
    "rustc 1":
      counts:
        "a gradient": 7
      origin:
        commit: "c2"
        date: "2026-01-02"
        machine: "X, 2 cores, release"
  ratios:
    "Two cores":
      origin:
        commit: "c1"
        date: "2026-01-02"
        machine: "X, 2 cores, release"
      ratios:
        "R":
          bound: 1.4
          high: 2.1
          low: 1.9
          median: 2.0
"#;

    #[test]
    fn every_value_has_a_line_and_the_text_reads_as_what_was_written() {
        let flows = BTreeMap::from([("W=4 copy".to_owned(), two_flows())]);
        let recorded = Recorded {
            exact: Some(RecordedExact {
                origin: origin_at("c0"),
                data: BTreeMap::from([("little".to_owned(), "abc".to_owned())]),
                flows: BTreeMap::from([("a_plan".to_owned(), flows)]),
            }),
            instructions: BTreeMap::from([(
                "rustc 1".to_owned(),
                RecordedInstructions {
                    origin: origin_at("c2"),
                    counts: BTreeMap::from([("a gradient".to_owned(), 7)]),
                },
            )]),
            ratios: BTreeMap::from([(
                "Two cores".to_owned(),
                RecordedRatios {
                    origin: origin_at("c1"),
                    ratios: BTreeMap::from([("R".to_owned(), RECORDED)]),
                },
            )]),
        };
        let written = text(&recorded).unwrap();
        assert_eq!(written, EXPECTED);
        let read: BTreeMap<String, Recorded> = serde_yaml::from_str(&written).unwrap();
        assert_eq!(read["recorded"], recorded);
    }

    #[test]
    fn nothing_recorded_is_written_as_an_empty_mapping() {
        let written = text(&Recorded::default()).unwrap();
        let (_, below) = written.split_once('\n').unwrap();
        assert_eq!(below, "  exact: null\n  instructions: {}\n  ratios: {}\n");
    }
}
