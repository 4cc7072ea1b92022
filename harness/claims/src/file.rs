//! Reads `claims.yaml`: the head of the file, then each claim by itself, so that what is refused is
//! named by claim and key.

use super::claim::{Claim, Claims};
use super::each::{EachRoom, each};
use anyhow::{Result, bail, ensure};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_yaml::{Mapping, Value};
use std::collections::BTreeSet;

/// Holds the file as it is written; claims are typed once their `each` is filled in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimsFile {
    /// The confidence of the intervals of paired differences.
    #[serde(default = "usual_confidence")]
    confidence: f64,
    /// The fewest pairs that may decide anything.
    #[serde(default = "usual_pairs")]
    least_pairs: usize,
    /// The profile that a reader is told to run for a verdict.
    #[serde(default = "whole")]
    profile: String,
    /// What is claimed, and which rows answer.
    #[schemars(with = "Vec<Claim>")]
    claims: Vec<Mapping>,
}

/// Says what is wrong with one entry of a file that has the right keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimFault {
    /// Which entry, counted from 0.
    pub entry: usize,
    /// Its claim, and what is wrong.
    pub what: String,
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
        let (claims, faults) = Self::of(datasets::yaml::load(text)?)?;
        match &faults[..] {
            [] => Ok(claims),
            [one] => bail!("{}", one.what),
            all => {
                let all: Vec<&str> = all.iter().map(|fault| fault.what.as_str()).collect();
                bail!("{} things are wrong:\n  {}", all.len(), all.join("\n  "))
            }
        }
    }

    /// Reads as many claims of a file that was loaded as can be, and says what is wrong with the others.
    ///
    /// # Errors
    /// Names what is wrong with the head of the file.
    pub fn from_value(file: &Value) -> Result<(Self, Vec<ClaimFault>)> {
        Self::of(datasets::yaml::typed(file)?)
    }

    fn of(file: ClaimsFile) -> Result<(Self, Vec<ClaimFault>)> {
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
        let (mut claims, mut ids, mut faults) = (Vec::new(), BTreeSet::new(), Vec::new());
        let room = EachRoom::new();
        for (entry, written) in file.claims.into_iter().enumerate() {
            let id = written.get("id").and_then(Value::as_str);
            let place = format!("claims[{entry}] ({})", id.unwrap_or("no id"));
            let of_entry = typed(written, &room).unwrap_or_else(|error| {
                let what = format!("{place}: {error:#}");
                faults.push(ClaimFault { entry, what });
                Vec::new()
            });
            for mut claim in of_entry {
                claim.entry = entry;
                if !ids.insert(claim.id.clone()) {
                    let what = format!("{place}: two claims have the id {}", claim.id);
                    faults.push(ClaimFault { entry, what });
                }
                claims.push(claim);
            }
        }
        let claims = Self {
            confidence: file.confidence,
            least_pairs: file.least_pairs,
            profile: file.profile,
            claims,
        };
        Ok((claims, faults))
    }

    /// Writes out the `each` of every entry of a file that was loaded: what each claim says, with its entry. An entry
    /// whose `each` cannot be filled in is left out; [`Claims::from_value`] says why.
    #[must_use]
    pub fn written_out(file: &Value) -> Vec<(usize, Value)> {
        let room = EachRoom::new();
        let entries = file.get("claims").and_then(Value::as_sequence);
        let entries = entries.into_iter().flatten().enumerate();
        let all = entries.map(|(entry, written)| match written {
            Value::Mapping(written) => {
                let claims = each(written.clone(), &room).unwrap_or_default().into_iter();
                claims.map(|claim| (entry, claim.into())).collect()
            }
            other => vec![(entry, other.clone())],
        });
        all.flat_map(|of_entry: Vec<(usize, Value)>| of_entry)
            .collect()
    }
}

/// Makes the claims of one entry of the file.
fn typed(written: Mapping, room: &EachRoom) -> Result<Vec<Claim>> {
    let one = |mut filled: Mapping| {
        // What names no paper is the claim of whoever wrote it.
        if !filled.contains_key("paper") {
            filled.entry("kind".into()).or_insert("own".into());
        }
        let claim: Claim = datasets::yaml::typed(&Value::Mapping(filled))?;
        claim.check().map(|()| claim)
    };
    each(written, room)?.into_iter().map(one).collect()
}
