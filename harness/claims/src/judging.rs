//! Finds the rows that a question is put to, and whether they may answer it.

use super::comparison::diverged;
use super::filter::{Filter, described};
use super::finding::{Basis, Finding};
use super::interval::Rigour;
use super::question::{Question, RowScope};
use super::rules::RowRule;
use super::selection::{Selection, shown};
use anyhow::Result;
use rows::{Frame, Value};
use std::collections::BTreeSet;

/// Where rows come from that say nothing about a paper.
const SURROGATE: &str = "surrogate";

/// Holds the rows of a target, as far as it has been run.
#[derive(Clone, Debug)]
pub struct TargetRows {
    /// The target.
    pub target: String,
    /// Why nothing can be judged by them, if nothing can: too short a run, or one of other numbers.
    pub untestable: Option<String>,
    /// Its rows.
    pub frames: Vec<Frame>,
}

/// Answers questions from the rows of all targets.
#[derive(Clone, Copy, Debug)]
pub struct Judging<'a> {
    /// What verdicts are passed with.
    pub rigour: Rigour,
    /// The profile that a reader is told to run.
    pub profile: &'a str,
    /// The rows.
    pub targets: &'a [&'a TargetRows],
}

impl Judging<'_> {
    /// Answers a question, whatever decides it; one about a target that was not run is not looked into.
    pub fn answer(&self, question: Question) -> Finding {
        let target = &question.scope.target;
        if !self.targets.iter().any(|rows| rows.target == *target) {
            return Finding::not_run(self.command(question.scope));
        }
        question.rule.answers().answer(question.scope, self)
    }

    /// Says how the rows of a scope are made.
    fn command(&self, scope: &RowScope) -> String {
        let profile = scope.profile.as_deref().unwrap_or(self.profile);
        format!(
            "run `harness reproduce {} --profile {profile}`",
            scope.target
        )
    }

    /// Answers by the rows of a scope.
    pub fn by_rows(&self, scope: &RowScope, rule: &dyn RowRule) -> Finding {
        self.found(scope, rule).unwrap_or_else(|error| {
            Finding::untestable(format!("cannot be judged on {}: {error:#}", scope.target))
        })
    }

    fn found(&self, scope: &RowScope, rule: &dyn RowRule) -> Result<Finding> {
        let RowScope { target, frame, .. } = scope;
        let run = self.command(scope);
        let Some(rows) = self.targets.iter().find(|t| t.target == *target) else {
            return Ok(Finding::not_run(run));
        };
        if let Some(why) = &rows.untestable {
            return Ok(Finding::untestable(format!("{why}: {run}")));
        }
        let Some(rows) = rows.frames.iter().find(|f| f.name == *frame) else {
            let note = format!("{target} has no frame `{frame}`: {run}");
            return Ok(Finding::untestable(note));
        };
        let mut found = self.on_frame(scope, rule, rows, &run)?;
        for reading in &scope.beside {
            let allowing = reading.allowance.and_then(|a| rule.allowing(a));
            let rule = allowing.as_deref().unwrap_or(rule);
            let other = self.on_frame(&scope.read_as(reading), rule, rows, &run);
            let other = other.unwrap_or_else(|error| {
                Finding::untestable(format!("cannot be judged: {error:#}"))
            });
            found.beside.push((reading.name.clone(), other));
        }
        Ok(found)
    }

    fn on_frame(
        &self,
        scope: &RowScope,
        rule: &dyn RowRule,
        frame: &Frame,
        run: &str,
    ) -> Result<Finding> {
        let rows = relevant(scope, rule, frame)?;
        if let Some(note) = missing(scope, rule, &rows)? {
            return Ok(Finding::untestable(format!("{note}: {run}")));
        }
        let untestable = match surrogate(&rows) {
            Some(note) => Some(note),
            None => unfit(scope, rule, &rows)?,
        };
        let basis = match untestable {
            Some(note) => Basis::Untestable(note),
            None => Basis::Parts {
                target: scope.target.clone(),
                parts: rule.judge(&rows, self.rigour)?,
            },
        };
        Ok(Finding::new(basis, cells(&rows)))
    }
}

/// Selects the rows that a rule looks at: of an ordering, those of its two sides.
fn relevant<'a>(scope: &RowScope, rule: &dyn RowRule, frame: &'a Frame) -> Result<Selection<'a>> {
    let mut rows = Selection::of(frame).filter(&scope.r#where)?;
    let sides = rule.filters();
    if !sides.is_empty() {
        let mut chosen: BTreeSet<*const Value> = BTreeSet::new();
        for side in sides {
            chosen.extend(rows.filter(side)?.rows.iter().map(|row| row.as_ptr()));
        }
        rows.rows.retain(|row| chosen.contains(&row.as_ptr()));
    }
    Ok(rows)
}

/// Says what the question needs and there are no rows of, if anything.
fn missing(scope: &RowScope, rule: &dyn RowRule, rows: &Selection) -> Result<Option<String>> {
    let none = |filter: &Filter| match filter.is_empty() {
        true => "no rows".to_owned(),
        false => format!("no rows with {}", described(filter)),
    };
    if rows.rows.is_empty() {
        return Ok(Some(none(&scope.r#where)));
    }
    let mut unmet = rows.unmet(&scope.r#where)?;
    for filter in rule.filters() {
        let side = rows.filter(filter)?;
        if side.rows.is_empty() {
            return Ok(Some(none(filter)));
        }
        unmet.extend(side.unmet(filter)?);
        // What both sides have to have, each has to have by itself.
        let mut shared = scope.r#where.clone();
        shared.retain(|column, _| !filter.contains_key(column));
        unmet.extend(side.unmet(&shared)?);
    }
    unmet.dedup();
    Ok((!unmet.is_empty()).then(|| format!("no rows with {}", unmet.join(", nor with "))))
}

/// Says why rows may not be judged on, if they are of generated data.
fn surrogate(rows: &Selection) -> Option<String> {
    let at = rows.frame.position("data_source")?;
    let generated = Value::Text(Some(SURROGATE.into()));
    let count = rows.rows.iter().filter(|row| row[at] == generated).count();
    (count > 0).then(|| format!("{count} of {} rows are of surrogate data", rows.rows.len()))
}

/// Says why rows may not be judged on, if they are not what the question requires: what is required,
/// what they are, and what was measured all the same.
fn unfit(scope: &RowScope, rule: &dyn RowRule, rows: &Selection) -> Result<Option<String>> {
    let mut reasons = Vec::new();
    for (column, what) in &scope.requires {
        let one = Filter::from([(column.clone(), what.clone())]);
        let fit = rows.filter(&one)?;
        let at = rows.position(column)?;
        let other: BTreeSet<String> = rows
            .rows
            .iter()
            // A run that diverged has lost, and has no numbers of which anything could be required.
            .filter(|row| !fit.rows.contains(row) && !diverged(rows, row))
            .map(|row| shown(&row[at]))
            .collect();
        if !other.is_empty() {
            let other: Vec<String> = other.into_iter().collect();
            reasons.push(format!("{} (here {})", described(&one), other.join(", ")));
        }
    }
    if reasons.is_empty() {
        return Ok(None);
    }
    let mut note = format!("needs {}", reasons.join(", "));
    if let Some(measured) = rule.unjudged(rows)? {
        note += &format!("; not judged: {measured}");
    }
    Ok(Some(note))
}

/// Returns the keys of rows.
fn cells(rows: &Selection) -> Vec<String> {
    let Some(at) = rows.frame.position("cell") else {
        return vec![];
    };
    let keys: BTreeSet<String> = rows.rows.iter().map(|row| shown(&row[at])).collect();
    keys.into_iter().collect()
}
