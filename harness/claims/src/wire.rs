//! Claims as they are written in YAML. Everything here is turned into the types of the modules
//! beside it, or refused by its key.

use super::predicate::{
    Against, Beside, BestOf, Compared, Contradiction, Differ, Evidence, Holds, Interval,
    NotTestable, Ordering, Over, Predicate, Question, Slope, Speedup, Trend, ValueRule,
};
use super::range::Range;
use super::select::{Filter, Group, Match};
use super::{Claim, Claims, Kind, Paper};
use anyhow::{Context, Result, bail, ensure};
use datasets::yaml::OneOrMany;
use serde::Deserialize;
use serde_yaml::{Mapping, Value};
use std::collections::BTreeSet;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    confidence: f64,
    least_pairs: usize,
    profile: String,
    claims: Vec<Mapping>,
}

/// The keys that every claim has, whatever judges it.
const HEAD: &[&str] = &["id", "paper", "kind", "sentence", "place", "says", "note"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    id: String,
    paper: Paper,
    #[serde(default)]
    kind: Kind,
    sentence: Option<String>,
    place: String,
    says: String,
    note: Option<String>,
}

/// The keys of a question that do not depend on what judges it.
const SCOPE: &[&str] = &["target", "frame", "where", "requires", "profile", "beside"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scope {
    target: Option<String>,
    frame: Option<String>,
    #[serde(default)]
    r#where: Filter,
    #[serde(default)]
    requires: Filter,
    profile: Option<String>,
    #[serde(default)]
    beside: Vec<Beside>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "judge", rename_all = "kebab-case")]
enum Judge {
    Value(ValueWire),
    Speedup(SpeedupWire),
    Holds(Holds),
    Ordering(Ordering),
    BestOf(BestOf),
    Differ(Differ),
    Trend(Trend),
    Slope(SlopeWire),
    Contradiction(ContradictionWire),
    NotTestable(NotTestable),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ValueWire {
    column: String,
    is: Range,
    #[serde(default)]
    over: Over,
    interval: Option<Interval>,
    #[serde(default)]
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpeedupWire {
    column: String,
    interval: Interval,
    stated: OneOrMany<f64>,
    relative_tolerance: f64,
    depth: String,
    depth_late: String,
    #[serde(default)]
    groups: Vec<Group>,
}

impl SpeedupWire {
    fn validated(self) -> Result<Speedup> {
        let stated = self.stated.all();
        let (Some(&least), Some(&most)) = (stated.first(), stated.last()) else {
            bail!("stated is empty");
        };
        ensure!(
            stated.len() <= 2 && 0.0 < least && least <= most && most.is_finite(),
            "stated is {stated:?}, but is a speedup or the least and the largest of several"
        );
        let tolerance = self.relative_tolerance;
        ensure!(
            (0.0..1.0).contains(&tolerance),
            "relative_tolerance is {tolerance}, but lies between 0 and 1"
        );
        takes_repeats(Some(&self.interval))?;
        Ok(Speedup {
            column: self.column,
            interval: self.interval,
            stated: [least, most],
            relative_tolerance: tolerance,
            depth: self.depth,
            depth_late: self.depth_late,
            groups: self.groups,
        })
    }
}

/// Refuses an interval of a median that does not say of how many repeats it is.
fn takes_repeats(interval: Option<&Interval>) -> Result<()> {
    ensure!(
        interval.is_none_or(|i| i.repeats.is_some()),
        "interval.repeats is missing: the column of how many repeats it is the interval"
    );
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SlopeWire {
    column: String,
    between: [f64; 2],
    interval: Option<Interval>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContradictionWire {
    between: Vec<String>,
    #[serde(default)]
    evidence: Vec<Mapping>,
}

/// The frame that is meant if none is named.
const ROWS: &str = "rows";

impl File {
    pub(super) fn validated(self) -> Result<Claims> {
        ensure!(
            self.confidence > 0.0 && self.confidence < 1.0,
            "confidence is {}, but lies between 0 and 1",
            self.confidence
        );
        ensure!(
            self.least_pairs >= 2,
            "least_pairs is {}, but an interval needs at least 2",
            self.least_pairs
        );
        let mut claims = Vec::new();
        for (index, wire) in self.claims.into_iter().enumerate() {
            let id = wire.get("id").and_then(Value::as_str).unwrap_or("no id");
            let place = format!("claims[{index}] ({id})");
            for one in each(wire).with_context(|| place.clone())? {
                claims.push(claim(one).with_context(|| place.clone())?);
            }
        }
        let mut ids = BTreeSet::new();
        for claim in &claims {
            let id = &claim.id;
            ensure!(ids.insert(id.as_str()), "two claims have the id {id}");
        }
        Ok(Claims {
            confidence: self.confidence,
            least_pairs: self.least_pairs,
            profile: self.profile,
            claims,
        })
    }
}

/// A claim for each entry of its `each`, the entry's values put in the place of `{name}`. A kind or a
/// sentence that only an entry has is that claim's.
pub(super) fn each(mut wire: Mapping) -> Result<Vec<Mapping>> {
    let entries: Vec<Mapping> = match wire.remove("each") {
        None => vec![Mapping::new()],
        Some(entries) => serde_yaml::from_value(entries).context("each")?,
    };
    ensure!(!entries.is_empty(), "each is empty");
    let filled = |names: &Mapping| {
        let Value::Mapping(mut claim) = fill(&Value::Mapping(wire.clone()), names)? else {
            bail!("a claim is a mapping")
        };
        for key in ["kind", "sentence"] {
            if let (None, Some(own)) = (claim.get(key), names.get(key)) {
                claim.insert(key.into(), own.clone());
            }
        }
        Ok(claim)
    };
    entries.iter().map(filled).collect()
}

fn fill(value: &Value, names: &Mapping) -> Result<Value> {
    Ok(match value {
        Value::String(text) => fill_text(text, names)?,
        Value::Sequence(list) => {
            let list: Result<Vec<Value>> = list.iter().map(|v| fill(v, names)).collect();
            Value::Sequence(list?)
        }
        Value::Mapping(map) => {
            let entry = |(key, value): (&Value, &Value)| Ok((key.clone(), fill(value, names)?));
            Value::Mapping(map.iter().map(entry).collect::<Result<_>>()?)
        }
        other => other.clone(),
    })
}

/// A text that is one `{name}` becomes that value, number or list; in a longer text the value's
/// words are put in.
fn fill_text(text: &str, names: &Mapping) -> Result<Value> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        filled.push_str(before);
        let name = after[1..].split('}').next().unwrap_or_default();
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if !is_name {
            filled.push('{');
            rest = &after[1..];
            continue;
        }
        let value = names
            .get(name)
            .with_context(|| format!("`each` gives no value for {{{name}}} in `{text}`"))?;
        if text.len() == name.len() + 2 {
            return Ok(value.clone());
        }
        match value {
            Value::String(value) => filled.push_str(value),
            Value::Number(value) => filled.push_str(&value.to_string()),
            _ => bail!("{{{name}}} in `{text}` is neither text nor a number"),
        }
        rest = &after[name.len() + 2..];
    }
    filled.push_str(rest);
    Ok(Value::String(filled))
}

fn claim(mut wire: Mapping) -> Result<Claim> {
    let head: Head = serde_yaml::from_value(take(&mut wire, HEAD))?;
    let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    ensure!(
        !head.id.is_empty() && head.id.chars().all(kebab),
        "id is `{}`, but is written in lower case with hyphens",
        head.id
    );
    let question = question(wire, None, ROWS)?;
    Ok(Claim {
        sentence: head.sentence.unwrap_or_else(|| head.id.clone()),
        id: head.id,
        paper: head.paper,
        kind: head.kind,
        place: head.place,
        says: head.says,
        note: head.note,
        question,
    })
}

/// Takes some keys out of a mapping.
fn take(wire: &mut Mapping, keys: &[&str]) -> Value {
    let mut taken = Mapping::new();
    for key in keys {
        if let Some(value) = wire.remove(*key) {
            taken.insert((*key).into(), value);
        }
    }
    Value::Mapping(taken)
}

fn question(mut wire: Mapping, target: Option<&str>, frame: &str) -> Result<Question> {
    let scope: Scope = serde_yaml::from_value(take(&mut wire, SCOPE))?;
    let target = scope.target.or_else(|| target.map(str::to_owned));
    let target = target.context("target is missing")?;
    let frame = scope.frame.unwrap_or_else(|| frame.to_owned());
    ensure!(
        wire.contains_key("judge"),
        "judge is missing: what decides this claim"
    );
    let judge: Judge = serde_yaml::from_value(Value::Mapping(wire))?;
    let predicate = predicate(judge, &target, &frame)?;
    let question = Question {
        target,
        frame,
        filter: scope.r#where,
        requires: scope.requires,
        profile: scope.profile,
        beside: scope.beside,
        predicate,
    };
    let alone = matches!(
        question.predicate,
        Predicate::Contradiction(_) | Predicate::NotTestable(_)
    );
    let ordering = matches!(question.predicate, Predicate::Ordering(_));
    ensure!(
        ordering
            || question
                .beside
                .iter()
                .all(|reading| reading.allowance.is_none()),
        "beside.allowance belongs to `judge: ordering`"
    );
    ensure!(
        question.beside.is_empty() || !alone,
        "beside belongs to a claim that rows answer"
    );
    filters_say_something(&question)?;
    Ok(question)
}

fn predicate(judge: Judge, target: &str, frame: &str) -> Result<Predicate> {
    Ok(match judge {
        Judge::Speedup(wire) => Predicate::Speedup(wire.validated()?),
        Judge::Value(wire) => {
            takes_repeats(wire.interval.as_ref())?;
            ensure!(
                wire.over == Over::Every || wire.interval.is_none(),
                "over: median and interval exclude each other: an interval belongs to one row"
            );
            Predicate::Value(ValueRule {
                column: wire.column,
                range: wire.is,
                over: wire.over,
                interval: wire.interval,
                groups: wire.groups,
            })
        }
        Judge::Holds(rule) => Predicate::Holds(rule),
        Judge::Ordering(rule) => {
            ensure!(
                rule.allowance.is_finite() && rule.allowance >= 0.0,
                "allowance is {}, but has to be 0 or positive",
                rule.allowance
            );
            ensure!(
                rule.margin.is_finite() && rule.margin >= 0.0,
                "margin is {}, but has to be 0 or positive",
                rule.margin
            );
            let one = [
                rule.interval.is_some(),
                rule.allowance > 0.0,
                rule.margin > 0.0,
            ];
            ensure!(
                one.into_iter().filter(|there| *there).count() <= 1,
                "allowance, margin and interval exclude one another"
            );
            ensure!(!rule.pair_by.is_empty(), "pair_by is empty");
            takes_repeats(rule.interval.as_ref())?;
            // The worst and the best of the same rows are how far apart these are.
            let apart = rule.compared == Compared::Worst && rule.against == Against::Best;
            ensure!(
                rule.first != rule.second || apart,
                "first and second are the same"
            );
            Predicate::Ordering(rule)
        }
        Judge::BestOf(rule) => {
            ensure!(!rule.stated.is_empty(), "stated is empty");
            ensure!(!rule.pair_by.is_empty(), "pair_by is empty");
            Predicate::BestOf(rule)
        }
        Judge::Differ(rule) => {
            ensure!(
                rule.margin > 0.0 && rule.margin.is_finite(),
                "margin is {}, but is a positive number: without it nothing could be the same",
                rule.margin
            );
            ensure!(rule.first != rule.second, "first and second are the same");
            ensure!(!rule.pair_by.is_empty(), "pair_by is empty");
            Predicate::Differ(rule)
        }
        Judge::Trend(rule) => {
            ensure!(!rule.pair_by.is_empty(), "pair_by is empty");
            Predicate::Trend(rule)
        }
        Judge::Slope(wire) => Predicate::Slope(Slope {
            column: wire.column,
            range: Range::between(wire.between[0], wire.between[1]).context("between")?,
            interval: wire.interval,
        }),
        Judge::Contradiction(wire) => Predicate::Contradiction(contradiction(wire, target, frame)?),
        Judge::NotTestable(rule) => Predicate::NotTestable(rule),
    })
}

fn contradiction(wire: ContradictionWire, target: &str, frame: &str) -> Result<Contradiction> {
    ensure!(
        wire.between.len() >= 2,
        "between has {} statement, but it takes two to contradict",
        wire.between.len()
    );
    let evidence = |(index, mut wire): (usize, Mapping)| -> Result<Evidence> {
        let side = match wire.remove("side") {
            Some(Value::String(side)) => side,
            _ => bail!("evidence[{index}].side is missing: which statement it would support"),
        };
        let must = wire.remove("must").map(serde_yaml::from_value).transpose();
        let must = must.with_context(|| format!("evidence[{index}].must"))?;
        let question =
            question(wire, Some(target), frame).with_context(|| format!("evidence[{index}]"))?;
        Ok(Evidence {
            side,
            must,
            question,
        })
    };
    Ok(Contradiction {
        evidence: wire
            .evidence
            .into_iter()
            .enumerate()
            .map(evidence)
            .collect::<Result<_>>()?,
        between: wire.between,
    })
}

/// Refuses lists that nothing can match, and words that are not there.
fn filters_say_something(question: &Question) -> Result<()> {
    let filters = [&question.filter, &question.requires];
    let beside = question.beside.iter().map(|reading| &reading.r#where);
    for filter in filters
        .into_iter()
        .chain(question.predicate.filters())
        .chain(beside)
    {
        for (column, what) in filter {
            let empty = matches!(what, Match::Any(list) if list.is_empty());
            ensure!(
                !empty,
                "the list of `{column}` is empty: no row can match it"
            );
        }
    }
    for group in question.predicate.groups() {
        if let Group::Words { column, words } = group {
            ensure!(!words.is_empty(), "the words of `{column}` are empty");
        }
    }
    Ok(())
}
