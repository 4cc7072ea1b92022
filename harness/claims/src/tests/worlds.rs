//! The judge on planted rows: for every claim worlds in which its verdict is known.
//!
//! `worlds/` holds them. Each world is a few rows as an experiment would write them, under the
//! verdict that they have to lead to. They are written by hand from what the papers say, not made from
//! the claims: a claim whose bound, filter or rule is changed by mistake meets rows that still say what
//! they said before.

use super::super::each::{EachRoom, each};
use super::*;
use serde::Deserialize;
use serde_yaml::{Mapping, Value as Yaml};
use std::collections::BTreeMap;

const WORLDS: [&str; 3] = [
    include_str!("worlds/descent.yaml"),
    include_str!("worlds/windows.yaml"),
    include_str!("worlds/theory.yaml"),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedWorlds {
    claim: String,
    target: String,
    frame: Option<String>,
    /// Rows of other targets that a world needs besides: by target.
    #[serde(default)]
    others: BTreeMap<String, Vec<Mapping>>,
    /// Rows by the word of the verdict.
    worlds: BTreeMap<String, Vec<Mapping>>,
}

fn worlds() -> Vec<PlantedWorlds> {
    let load = |text| datasets::yaml::load::<Vec<Mapping>>(text).unwrap();
    let one = |filled| serde_yaml::from_value(Yaml::Mapping(filled)).unwrap();
    WORLDS
        .into_iter()
        .flat_map(load)
        .flat_map(|written| each(written, &EachRoom::new()).unwrap())
        .map(one)
        .collect()
}

/// A row for each combination of the listed values. A text `~2` is a number about 2 that differs from row
/// to row by up to a percent, as measurements do.
fn rows(grids: &[Mapping]) -> Vec<Made> {
    let mut rows = Vec::new();
    for grid in grids {
        let mut made: Vec<Made> = vec![Made::new()];
        for (column, value) in grid {
            let values = match value {
                Yaml::Sequence(list) => list.clone(),
                one => vec![one.clone()],
            };
            made = made
                .iter()
                .flat_map(|row| values.iter().map(move |value| (row.clone(), value)))
                .map(|(mut row, value)| {
                    row.insert(column.as_str().unwrap().into(), planted(value));
                    row
                })
                .collect();
        }
        rows.extend(made);
    }
    for (index, row) in rows.iter_mut().enumerate() {
        for value in row.values_mut() {
            if let Value::Text(Some(text)) = value
                && let Some(about) = text.strip_prefix('~')
            {
                let about: f64 = about.parse().unwrap();
                let apart = f64::from(u32::try_from(index * 7 % 11).unwrap()) / 11.0 - 0.5;
                *value = Value::Real(Some(about * (1.0 + 0.02 * apart)));
            }
        }
        row.entry("data_source".into())
            .or_insert(Value::Text(Some("real".into())));
        row.entry("cell".into())
            .or_insert(Value::Text(Some(format!("cell-{index}"))));
    }
    rows
}

fn planted(value: &Yaml) -> Value {
    match value {
        Yaml::Null => Value::Real(None),
        Yaml::Bool(flag) => Value::Flag(Some(*flag)),
        Yaml::Number(number) => Value::Real(number.as_f64()),
        Yaml::String(text) => Value::Text(Some(text.clone())),
        other => panic!("{other:?} is no value of a row"),
    }
}

fn of(target: &str, frame_name: &str, grids: &[Mapping]) -> TargetRows {
    run(target, frame(frame_name, rows(grids)))
}

fn judged(claims: &Claims, world: &PlantedWorlds, grids: &[Mapping]) -> ClaimRow {
    let claim = claims.claims.iter().find(|claim| claim.id == world.claim);
    let claim = claim.unwrap_or_else(|| panic!("no claim {}", world.claim));
    let alone = Claims {
        claims: vec![claim.clone()],
        ..claims.clone()
    };
    let frame = world.frame.as_deref().unwrap_or("rows");
    let mut targets = vec![of(&world.target, frame, grids)];
    for (target, grids) in &world.others {
        targets.push(of(target, "rows", grids));
    }
    judge(&alone, &targets.iter().collect::<Vec<_>>()).remove(0)
}

#[test]
fn in_every_planted_world_every_claim_has_the_verdict_of_that_world() {
    let claims = published();
    let mut wrong = Vec::new();
    for world in worlds() {
        for (word, grids) in &world.worlds {
            let row = judged(&claims, &world, grids);
            if row.verdict != word.parse().unwrap() {
                wrong.push(format!(
                    "{} is {}, not {word}: {}",
                    row.claim, row.verdict, row.note
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_claim_has_a_world_for_each_verdict_that_rows_could_give_it() {
    let (claims, worlds) = (published(), worlds());
    let mut missing = Vec::new();
    for claim in &claims.claims {
        let rule = claim.judge.answers();
        let wanted: &[Verdict] = match rule.by_rows() {
            Some(_) => &[
                Verdict::Reproduced,
                Verdict::NotReproduced,
                Verdict::NotTestable,
            ],
            None if rule.evidence().iter().any(|side| side.must.is_some()) => {
                &[Verdict::Contradiction, Verdict::EvidenceMissing]
            }
            None => &[],
        };
        let there: Vec<Verdict> = worlds
            .iter()
            .filter(|world| world.claim == claim.id)
            .flat_map(|world| world.worlds.keys())
            .map(|word| word.parse().unwrap())
            .collect();
        let lacking: Vec<_> = wanted.iter().filter(|v| !there.contains(v)).collect();
        if !lacking.is_empty() {
            missing.push(format!("{}: {lacking:?}", claim.id));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn what_no_rows_can_change_is_not_counted_as_a_statement_of_the_papers() {
    for claim in published().claims {
        if claim.judge.kind() == RuleKind::Contradiction {
            assert_eq!(claim.kind, ClaimKind::Erratum, "{}", claim.id);
        }
    }
}

#[test]
fn no_claim_passes_on_generated_rows_on_a_short_profile_or_on_none() {
    let claims = published();
    for world in worlds() {
        let Some(grids) = world.worlds.get("reproduced") else {
            continue;
        };
        let generated: Vec<Mapping> = grids
            .iter()
            .cloned()
            .map(|mut grid| {
                grid.insert("data_source".into(), "surrogate".into());
                grid
            })
            .collect();
        let row = judged(&claims, &world, &generated);
        assert_eq!(row.verdict, Verdict::NotTestable, "{}", row.claim);
        assert!(row.note.contains("surrogate"), "{}", row.note);
        let claim = claims.claims.iter().find(|claim| claim.id == world.claim);
        let alone = Claims {
            claims: claim.cloned().into_iter().collect(),
            ..claims.clone()
        };
        let mut short = of(
            &world.target,
            world.frame.as_deref().unwrap_or("rows"),
            grids,
        );
        short.untestable = Some("too short".into());
        for (targets, verdict) in [
            (vec![], Verdict::NotRun),
            (vec![&short], Verdict::NotTestable),
        ] {
            let row = judge(&alone, &targets).remove(0);
            assert_eq!(row.verdict, verdict, "{}", row.claim);
            assert!(row.note.contains("harness reproduce"), "{}", row.note);
        }
    }
}
