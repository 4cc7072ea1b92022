//! Reads `claims.yaml`: the head of the file, then each claim by itself, so that what is refused is
//! named by claim and key.

use super::claim::{Claim, Claims};
use super::each::each;
use anyhow::{Result, bail, ensure};
use serde::Deserialize;
use serde_yaml::{Mapping, Value};
use std::collections::BTreeSet;

/// Holds the file as it is written; claims are typed once their `each` is filled in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimsFile {
    #[serde(default = "usual_confidence")]
    confidence: f64,
    #[serde(default = "usual_pairs")]
    least_pairs: usize,
    #[serde(default = "whole")]
    profile: String,
    claims: Vec<Mapping>,
}

fn usual_confidence() -> f64 {
    0.95
}

/// Two differences have an interval, but one that means little.
fn usual_pairs() -> usize {
    3
}

/// The profile of a plan that has none.
fn whole() -> String {
    "whole".into()
}

impl Claims {
    /// Reads claims from YAML.
    ///
    /// # Errors
    /// Names what is unknown, missing or impossible, by claim and key.
    pub fn from_yaml(text: &str) -> Result<Self> {
        let file: ClaimsFile = datasets::yaml::load(text)?;
        ensure!(
            file.confidence > 0.0 && file.confidence < 1.0,
            "confidence is {}, but lies between 0 and 1",
            file.confidence
        );
        ensure!(
            file.least_pairs >= 2,
            "least_pairs is {}, but an interval needs at least 2",
            file.least_pairs
        );
        let (mut claims, mut ids, mut wrong) = (Vec::new(), BTreeSet::new(), Vec::new());
        for (entry, written) in file.claims.into_iter().enumerate() {
            let id = written.get("id").and_then(Value::as_str);
            let place = format!("claims[{entry}] ({})", id.unwrap_or("no id"));
            let of_entry = typed(written).unwrap_or_else(|error| {
                wrong.push(format!("{place}: {error:#}"));
                Vec::new()
            });
            for mut claim in of_entry {
                claim.entry = entry;
                if !ids.insert(claim.id.clone()) {
                    wrong.push(format!("two claims have the id {}", claim.id));
                }
                claims.push(claim);
            }
        }
        match &wrong[..] {
            [] => {}
            [one] => bail!("{one}"),
            all => bail!("{} things are wrong:\n  {}", all.len(), all.join("\n  ")),
        }
        Ok(Self {
            confidence: file.confidence,
            least_pairs: file.least_pairs,
            profile: file.profile,
            claims,
        })
    }
}

/// Makes the claims of one entry of the file.
fn typed(written: Mapping) -> Result<Vec<Claim>> {
    let one = |mut filled: Mapping| {
        // What names no paper is the claim of whoever wrote it.
        if !filled.contains_key("paper") {
            for (key, value) in [("paper", "own"), ("kind", "own"), ("place", "")] {
                filled.entry(key.into()).or_insert(value.into());
            }
        }
        let claim: Claim = datasets::yaml::typed(&Value::Mapping(filled))?;
        claim.check().map(|()| claim)
    };
    each(written)?.into_iter().map(one).collect()
}
