//! From a claim and the rows of the targets to a verdict.

use super::compare::{Rigour, ordering};
use super::predicate::{Contradiction, Predicate, Question};
use super::rules::{best_of, holds, row_verdict, slope, trend, value};
use super::select::{Filter, Table, described, shown};
use super::verdict::{Part, Verdict, combined};
use super::{Claim, ClaimRow, Claims, TargetRows};
use crate::rows::Value;
use anyhow::Result;
use std::collections::BTreeSet;

/// Where rows come from that say nothing about a paper.
const SURROGATE: &str = "surrogate";

/// What a question comes to, and on which rows.
#[derive(Clone, Debug)]
struct Finding {
    verdict: Verdict,
    note: String,
    /// Keys of the rows.
    cells: Vec<String>,
    pairs: usize,
}

impl Finding {
    fn untestable(note: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::NotTestable,
            note: note.into(),
            cells: vec![],
            pairs: 0,
        }
    }
}

/// A row for each claim, in their order.
///
/// A claim never passes on generated data, on a profile too short for verdicts, or on fewer rows
/// than it lists; a claim that cannot be judged (a column that there is not) is a row that says
/// so, not a crash.
#[must_use]
pub fn judge(claims: &Claims, targets: &[TargetRows]) -> Vec<ClaimRow> {
    claims
        .claims
        .iter()
        .map(|claim| row(claim, finding(claims, &claim.question, targets)))
        .collect()
}

fn row(claim: &Claim, finding: Finding) -> ClaimRow {
    let note = match &claim.note {
        Some(reading) => format!("{} — {reading}", finding.note),
        None => finding.note,
    };
    ClaimRow {
        claim: claim.id.clone(),
        paper: claim.paper.word().into(),
        place: claim.place.clone(),
        says: claim.says.clone(),
        target: claim.question.target.clone(),
        judge: claim.question.predicate.name().into(),
        verdict: finding.verdict.word().into(),
        note,
        rows: finding.cells.join(" "),
        pairs: (finding.pairs > 0).then_some(finding.pairs as u64),
    }
}

fn finding(claims: &Claims, question: &Question, targets: &[TargetRows]) -> Finding {
    match &question.predicate {
        Predicate::NotTestable(rule) => Finding::untestable(format!("needs {}", rule.needs)),
        Predicate::Contradiction(rule) => contradiction(claims, rule, targets),
        _ => measured(claims, question, targets).unwrap_or_else(|error| {
            Finding::untestable(format!(
                "cannot be judged on {}: {error:#}",
                question.target
            ))
        }),
    }
}

/// The verdict stands whatever was measured; what was is in the note.
fn contradiction(claims: &Claims, rule: &Contradiction, targets: &[TargetRows]) -> Finding {
    let mut note = rule.between.join(" | but | ");
    let (mut cells, mut pairs) = (vec![], 0);
    for evidence in &rule.evidence {
        let found = finding(claims, &evidence.question, targets);
        note += &format!(
            "; measured, {}: {} ({})",
            evidence.side, found.verdict, found.note
        );
        cells.extend(found.cells);
        pairs += found.pairs;
    }
    Finding {
        verdict: Verdict::Contradiction,
        note,
        cells,
        pairs,
    }
}

fn measured(claims: &Claims, question: &Question, targets: &[TargetRows]) -> Result<Finding> {
    let run = format!(
        "run `harness reproduce {} --profile {}`",
        question.target, claims.profile
    );
    let Some(target) = targets.iter().find(|t| t.target == question.target) else {
        return Ok(Finding::untestable(format!("not run: {run}")));
    };
    if !target.verdicts {
        let note = format!("the profile that was run carries no verdicts: {run}");
        return Ok(Finding::untestable(note));
    }
    let Some(frame) = target.frames.iter().find(|f| f.name == question.frame) else {
        let note = format!(
            "{} has no frame `{}`: {run}",
            question.target, question.frame
        );
        return Ok(Finding::untestable(note));
    };
    let table = relevant(question, Table::of(frame))?;
    if let Some(note) = missing(question, &table)? {
        return Ok(Finding::untestable(format!("{note}: {run}")));
    }
    let cells = cells(&table);
    let unfit = |note| Finding {
        cells: cells.clone(),
        ..Finding::untestable(note)
    };
    if let Some(note) = surrogate(&table) {
        return Ok(unfit(note));
    }
    let fit = table.filter(&question.requires)?.rows.len();
    if fit < table.rows.len() {
        let note = format!(
            "needs rows with {}; {} of {} are not",
            described(&question.requires),
            table.rows.len() - fit,
            table.rows.len()
        );
        return Ok(unfit(note));
    }
    let parts = parts(claims, question, &table)?;
    let (verdict, note) = combined(&parts);
    Ok(Finding {
        verdict,
        note,
        cells,
        pairs: parts.iter().map(|p| p.pairs).sum(),
    })
}

fn parts(claims: &Claims, question: &Question, table: &Table) -> Result<Vec<Part>> {
    let rigour = Rigour {
        confidence: claims.confidence,
        least_pairs: claims.least_pairs,
    };
    match &question.predicate {
        Predicate::RowVerdict(rule) => row_verdict(rule, table),
        Predicate::Value(rule) => value(rule, table),
        Predicate::Holds(rule) => holds(rule, table),
        Predicate::Ordering(rule) => ordering(rule, table, rigour),
        Predicate::BestOf(rule) => best_of(rule, table),
        Predicate::Trend(rule) => trend(rule, table, rigour),
        Predicate::Slope(rule) => slope(rule, table),
        Predicate::Contradiction(_) | Predicate::NotTestable(_) => Ok(vec![]),
    }
}

/// The rows that the predicate looks at: of an ordering, those of its two sides.
fn relevant<'a>(question: &Question, all: Table<'a>) -> Result<Table<'a>> {
    let mut table = all.filter(&question.filter)?;
    if let Predicate::Ordering(rule) = &question.predicate {
        let sides = [table.filter(&rule.first)?, table.filter(&rule.second)?];
        let chosen: BTreeSet<*const Value> = sides
            .iter()
            .flat_map(|side| side.rows.iter().map(|row| row.as_ptr()))
            .collect();
        table.rows.retain(|row| chosen.contains(&row.as_ptr()));
    }
    Ok(table)
}

/// What the claim needs and there are no rows of, if anything.
fn missing(question: &Question, table: &Table) -> Result<Option<String>> {
    let none = |filter: &Filter| {
        if filter.is_empty() {
            "no rows".to_owned()
        } else {
            format!("no rows with {}", described(filter))
        }
    };
    if table.rows.is_empty() {
        return Ok(Some(none(&question.filter)));
    }
    let mut unmet = table.unmet(&question.filter)?;
    for filter in question.predicate.filters() {
        let side = table.filter(filter)?;
        if side.rows.is_empty() {
            return Ok(Some(none(filter)));
        }
        unmet.extend(side.unmet(filter)?);
    }
    Ok((!unmet.is_empty()).then(|| format!("no rows with {}", unmet.join(", nor with "))))
}

/// Why rows may not be judged on, if they are of generated data.
fn surrogate(table: &Table) -> Option<String> {
    let at = table.frame.position("data_source")?;
    let generated = Value::Text(Some(SURROGATE.into()));
    let count = table.rows.iter().filter(|row| row[at] == generated).count();
    (count > 0).then(|| format!("{count} of {} rows are of surrogate data", table.rows.len()))
}

/// The keys of rows.
fn cells(table: &Table) -> Vec<String> {
    let Some(at) = table.frame.position("cell") else {
        return vec![];
    };
    let keys: BTreeSet<String> = table.rows.iter().map(|row| shown(&row[at])).collect();
    keys.into_iter().collect()
}

/// How many claims came to what: "31 claims: 24 reproduced, 3 partly, …".
#[must_use]
pub fn summary_line(rows: &[ClaimRow]) -> String {
    let count = |verdict: Verdict| {
        let count = rows.iter().filter(|r| r.verdict == verdict.word()).count();
        (count > 0).then(|| format!("{count} {verdict}"))
    };
    let counts: Vec<String> = Verdict::ALL.into_iter().filter_map(count).collect();
    let noun = if rows.len() == 1 { "claim" } else { "claims" };
    if counts.is_empty() {
        format!("{} {noun}", rows.len())
    } else {
        format!("{} {noun}: {}", rows.len(), counts.join(", "))
    }
}
