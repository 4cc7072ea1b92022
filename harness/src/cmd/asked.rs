//! Claims of one's own, before anything is run: everything that is wrong with their file, and what no row of the plans
//! that they are about will ever have.

use anyhow::{Result, bail};
use claims::{AskedRows, Claims, ClaimsFile};
use lab::experiments;
use lab::plan::Plan;
use lab::plan::numbers::CLAIMS;
use lab::plan::schema::{self, PlanFault, PlanLines, either, meant};
use serde_json::{Value as JsonValue, json};
use serde_yaml::{Mapping, Value};

/// The schema of claims whose `each` is written out.
pub(super) fn schema() -> JsonValue {
    let mut schema = schema::with_numbers(schema::of::<ClaimsFile>(), CLAIMS);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("Claims, and which rows answer them");
    schema
}

/// The schema of a file of claims: the values of `each` may stand in it by their names. What it says several times is
/// said once and referred to.
pub(super) fn file_schema() -> JsonValue {
    const CLAIM: &str = "/properties/claims/items";
    let mut schema = schema();
    if let Some(claim) = schema.pointer_mut(CLAIM) {
        with_names(claim);
    }
    schema["$defs"] = json!({"named": {
        "type": "string",
        "pattern": r"^\{[a-z_]+\}$",
        "description": "The value of that name in the claim's `each`.",
    }});
    let judge = format!("{CLAIM}/properties/judge/anyOf/0/properties");
    let filter =
        format!("{CLAIM}/properties/rows/anyOf/0/properties/where/anyOf/0/additionalProperties");
    said_once(&mut schema, "match", &filter);
    said_once(
        &mut schema,
        "group",
        &format!("{judge}/ordering/anyOf/0/properties/groups/anyOf/0/items"),
    );
    let rules = schema.pointer(&judge).and_then(JsonValue::as_object);
    let rules: Vec<String> = rules
        .into_iter()
        .flat_map(|rules| rules.keys().cloned())
        .collect();
    for rule in rules {
        said_once(&mut schema, &rule, &format!("{judge}/{rule}/anyOf/0"));
    }
    schema
}

/// Refers to what stands at a place wherever it stands.
fn said_once(schema: &mut JsonValue, name: &str, place: &str) {
    let Some(part) = schema.pointer(place).cloned() else {
        return;
    };
    refer(schema, &part, &json!({"$ref": format!("#/$defs/{name}")}));
    schema["$defs"][name] = part;
}

fn refer(within: &mut JsonValue, part: &JsonValue, to: &JsonValue) {
    if within == part {
        *within = to.clone();
        return;
    }
    match within {
        JsonValue::Object(of) => of.values_mut().for_each(|below| refer(below, part, to)),
        JsonValue::Array(of) => of.iter_mut().for_each(|below| refer(below, part, to)),
        _ => {}
    }
}

/// Lets `{name}` stand for every value below that is no text anyway.
fn with_names(schema: &mut JsonValue) {
    let below = |key: &str, schema: &mut JsonValue, change: &dyn Fn(&mut JsonValue)| match schema
        .get_mut(key)
    {
        Some(JsonValue::Array(all)) => all.iter_mut().for_each(change),
        Some(of @ JsonValue::Object(_)) if key != "properties" => change(of),
        Some(JsonValue::Object(all)) => {
            let values = all.iter_mut().filter(|(key, _)| *key != "each");
            values.for_each(|(_, of)| change(of));
        }
        _ => {}
    };
    for key in ["properties", "items", "additionalProperties"] {
        below(key, schema, &or_named);
    }
    below("anyOf", schema, &with_names);
}

fn or_named(schema: &mut JsonValue) {
    with_names(schema);
    if takes_text(schema) {
        return;
    }
    let mut of = schema.take();
    let mut named = json!({});
    for key in ["description", "default"] {
        if let Some(told) = of.as_object_mut().and_then(|of| of.remove(key)) {
            named[key] = told;
        }
    }
    named["anyOf"] = json!([of, {"$ref": "#/$defs/named"}]);
    *schema = named;
}

/// Whether any text is right.
fn takes_text(schema: &JsonValue) -> bool {
    let is_text = |of: &JsonValue| of["type"] == "string" || of["type"][0] == "string";
    let is_one = schema["enum"].is_array() || schema["const"].is_string();
    let branches = schema["anyOf"].as_array().into_iter().flatten();
    is_text(schema) && !is_one || branches.into_iter().any(takes_text)
}

/// Reads claims beside the plans that they are about. `plan` answers with the plan of a target, or with why there is none.
///
/// # Errors
/// Everything that is wrong with them, each by its key and line.
pub(super) fn read(text: &str, plan: impl Fn(&str) -> Result<Plan, String>) -> Result<Claims> {
    let whole: Value = datasets::yaml::load(text)?;
    let Value::Mapping(mut file) = whole.clone() else {
        return Claims::from_yaml(text);
    };
    let (lines, schema) = (PlanLines::of(text), schema());
    let all = Claims::written_out(&whole);
    if let Some(claims @ Value::Sequence(_)) = file.get_mut("claims") {
        *claims = Value::Sequence(Vec::new());
    }
    let mut found = schema::faults("claims", &schema, CLAIMS, &file.into(), &lines);
    let mut wrong = Vec::new();
    let of_claim = &schema["properties"]["claims"]["items"];
    for (entry, claim) in all {
        let faults = schema::faults_of_item(("claims", entry), of_claim, CLAIMS, &claim, &lines);
        if !faults.is_empty() {
            wrong.push(entry);
        }
        for fault in faults {
            // An entry that stands for several has its faults once.
            if !found.contains(&fault) {
                found.push(fault);
            }
        }
    }
    let at = |entry: usize, what: String| {
        let place = format!("claims[{entry}]");
        PlanFault {
            line: lines.line(&place),
            place,
            what,
        }
    };
    // Whatever is wrong with the head of the file, its claims are looked at.
    let read = match found.iter().all(|fault| fault.place.starts_with("claims")) {
        true => Claims::from_value(&whole),
        false => Claims::from_value(
            &Mapping::from_iter([("claims".into(), whole["claims"].clone())]).into(),
        ),
    };
    if let Ok((claims, faults)) = &read {
        let others = faults.iter().filter(|fault| !wrong.contains(&fault.entry));
        found.extend(others.map(|fault| at(fault.entry, fault.what.clone())));
        for fault in unanswered(claims, plan, at) {
            if !wrong.contains(&fault.0) && !found.contains(&fault.1) {
                found.push(fault.1);
            }
        }
    }
    found.sort_by_key(|fault| fault.line);
    match (&found[..], read) {
        ([], read) => Ok(read?.0),
        (all, _) => bail!("{}", schema::told(all)),
    }
}

/// Finds what claims ask of rows that those of their plans will not have: targets, frames, columns, and texts that the
/// plan says; each with the entry that asks it.
fn unanswered(
    claims: &Claims,
    plan: impl Fn(&str) -> Result<Plan, String>,
    at: impl Fn(usize, String) -> PlanFault,
) -> Vec<(usize, PlanFault)> {
    let mut found = Vec::new();
    for asked in claims.asked() {
        let whats = match plan(asked.target) {
            Ok(plan) => unmet(&asked, &plan),
            Err(why) => vec![why],
        };
        for what in whats {
            let what = format!("claims[{}] ({}): {what}", asked.entry, asked.claim);
            found.push((asked.entry, at(asked.entry, what)));
        }
    }
    found
}

/// What a question asks for that rows of a plan will not have.
fn unmet(asked: &AskedRows<'_>, plan: &Plan) -> Vec<String> {
    let target = asked.target;
    let frames = experiments::frames(&plan.experiment);
    let Some((_, columns)) = frames.iter().find(|(name, _)| *name == asked.frame) else {
        if frames.is_empty() {
            return Vec::new();
        }
        let names: Vec<&str> = frames.iter().map(|(name, _)| *name).collect();
        let hint = meant(asked.frame, &names);
        return vec![format!(
            "{target} has no frame `{}`, but {}{hint}",
            asked.frame,
            either(&names)
        )];
    };
    let known: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let mut all = Vec::new();
    for column in asked
        .columns
        .iter()
        .filter(|column| !known.contains(column))
    {
        all.push(format!(
            "the {} of {target} have no column `{column}`; there is {}{}",
            asked.frame,
            known.join(", "),
            meant(column, &known)
        ));
    }
    // Whatever else is wrong with the plan, running it tells.
    let said = experiments::of(plan).map(|experiment| experiment.texts());
    let said = said.unwrap_or_default();
    for (column, text) in &asked.texts {
        let Some((_, texts)) = said.iter().find(|(of, _)| of == column) else {
            continue;
        };
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        if !texts.contains(text) {
            let known = match &texts[..] {
                [""] | [] => "none".to_owned(),
                _ => texts.join(", "),
            };
            let hint = meant(text, &texts);
            all.push(format!(
                "no row of {target} has the {column} `{text}`; there is {known}{hint}"
            ));
        }
    }
    all
}
