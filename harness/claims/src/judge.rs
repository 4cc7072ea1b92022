//! From a claim and the rows of the targets to a verdict.

use super::best_of::best_of;
use super::compare::{Rigour, diverged};
use super::ordering::{differ, ordering};
use super::predicate::{Contradiction, Evidence, Must, Predicate, Question};
use super::rules::{holds, slope, trend, value};
use super::select::{Filter, Table, described, shown};
use super::speedup::{speedup, unjudged};
use super::verdict::{Part, Verdict, combined, short};
use super::{Claim, ClaimRow, Claims, TargetRows};
use anyhow::Result;
use rows::statistics::adjusted;
use rows::{Frame, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Where rows come from that say nothing about a paper.
const SURROGATE: &str = "surrogate";

/// What a question comes to, and on which rows.
#[derive(Clone, Debug)]
struct Finding {
    answer: Answer,
    /// Keys of the rows.
    cells: Vec<String>,
    /// What it comes to under other readings of the paper.
    beside: Vec<(String, Finding)>,
}

/// How a question was answered.
#[derive(Clone, Debug)]
enum Answer {
    /// By parts, each with a verdict of its own. The comparisons among them belong to the target's.
    Parts { target: String, parts: Vec<Part> },
    /// Not at all.
    Untestable(String),
    /// By statements that exclude each other, and what is to be said of each.
    Sides {
        between: Vec<String>,
        evidence: Vec<(Evidence, Finding)>,
    },
}

impl Finding {
    fn untestable(note: impl Into<String>) -> Self {
        Self {
            answer: Answer::Untestable(note.into()),
            cells: vec![],
            beside: vec![],
        }
    }

    /// The verdict, and the numbers it is passed on.
    fn verdict(&self) -> (Verdict, String) {
        match &self.answer {
            Answer::Parts { parts, .. } => combined(parts),
            Answer::Untestable(note) => (Verdict::NotTestable, note.clone()),
            Answer::Sides { between, evidence } => sides(between, evidence),
        }
    }

    /// All parts that a verdict hangs on, with their targets.
    fn parts_mut(&mut self) -> Vec<(&str, &mut Part)> {
        match &mut self.answer {
            Answer::Parts { target, parts } => parts
                .iter_mut()
                .map(|part| (target.as_str(), part))
                .collect(),
            Answer::Untestable(_) => vec![],
            Answer::Sides { evidence, .. } => evidence
                .iter_mut()
                .flat_map(|(_, finding)| finding.parts_mut())
                .collect(),
        }
    }

    fn parts(&self) -> Vec<&Part> {
        match &self.answer {
            Answer::Parts { parts, .. } => parts.iter().collect(),
            Answer::Untestable(_) => vec![],
            Answer::Sides { evidence, .. } => {
                evidence.iter().flat_map(|(_, f)| f.parts()).collect()
            }
        }
    }
}

/// A contradiction needs that of its evidence that is expected to hold or to fail to do so.
fn sides(between: &[String], evidence: &[(Evidence, Finding)]) -> (Verdict, String) {
    let mut note = between.join(" | but | ");
    let mut missing = 0;
    for (evidence, found) in evidence {
        let (verdict, numbers) = found.verdict();
        let expected = match evidence.must {
            None => true,
            Some(Must::Hold) => verdict == Verdict::Reproduced,
            Some(Must::Fail) => verdict == Verdict::NotReproduced,
        };
        let mark = match expected {
            true => "",
            false => ", which the contradiction does not expect",
        };
        missing += usize::from(!expected);
        note += &format!("; measured, {}: {verdict}{mark} ({numbers})", evidence.side);
    }
    let verdict = match missing {
        0 => Verdict::Contradiction,
        _ => Verdict::EvidenceMissing,
    };
    (verdict, note)
}

/// A row for each claim, in their order.
///
/// A claim never passes on generated data, on a profile too short for verdicts, or on fewer rows
/// than it lists; a claim that cannot be judged (a column that there is not) is a row that says
/// so, not a crash. Of the paired comparisons of one target, those are decided whose p-value after
/// the procedure of Benjamini and Hochberg allows it.
#[must_use]
pub fn judge(claims: &Claims, targets: &[TargetRows]) -> Vec<ClaimRow> {
    let mut findings: Vec<Finding> = claims
        .claims
        .iter()
        .map(|claim| finding(claims, &claim.question, targets))
        .collect();
    let mut families: BTreeMap<String, Vec<&mut Part>> = BTreeMap::new();
    for (target, part) in findings.iter_mut().flat_map(Finding::parts_mut) {
        if part.p.is_some() {
            families.entry(target.to_owned()).or_default().push(part);
        }
    }
    for (target, family) in families {
        together(&target, family, 1.0 - claims.confidence);
    }
    let rows = claims.claims.iter().zip(&findings);
    rows.map(|(claim, finding)| row(claim, finding)).collect()
}

/// Puts the p-values of one target's comparisons in the place of each one's own. A comparison that
/// was decided by itself and is not among them is open. One that several claims make is one.
fn together(target: &str, family: Vec<&mut Part>, level: f64) {
    let mut places = BTreeMap::new();
    let mut own = Vec::new();
    let mut among = Vec::new();
    for part in &family {
        let of = (part.metric.clone(), same(&part.apart));
        let place = *places.entry(of).or_insert(own.len());
        if place == own.len() {
            own.extend(part.p);
        }
        among.push(place);
    }
    let (count, adjusted) = (own.len(), adjusted(&own));
    let mut told = BTreeSet::new();
    for (part, place) in family.into_iter().zip(among) {
        let p = adjusted[place];
        part.again = !told.insert(place);
        part.p = Some(p);
        part.note += &format!(", p {}", short(own[place]));
        if p > level && part.verdict != Verdict::Inconclusive {
            part.verdict = Verdict::Inconclusive;
            part.note += &format!(", {} among the {count} comparisons of {target}", short(p));
        }
    }
}

/// What two comparisons have in common that are one: their pairs' differences from the boundary, in
/// whatever order, and whichever side is called the first.
fn same(apart: &[f64]) -> Vec<u64> {
    let sorted = |sign: f64| {
        let mut all: Vec<f64> = apart.iter().map(|apart| sign * apart + 0.0).collect();
        all.sort_by(f64::total_cmp);
        all.into_iter().map(f64::to_bits).collect::<Vec<u64>>()
    };
    sorted(1.0).min(sorted(-1.0))
}

fn row(claim: &Claim, finding: &Finding) -> ClaimRow {
    let (verdict, note) = finding.verdict();
    let note = match &claim.note {
        Some(reading) => format!("{note} — {reading}"),
        None => note,
    };
    let beside: Vec<String> = finding
        .beside
        .iter()
        .map(|(name, found)| {
            let (verdict, note) = found.verdict();
            format!("{name}: {verdict} ({note})")
        })
        .collect();
    let parts = finding.parts();
    let pairs: usize = parts.iter().map(|part| part.pairs).sum();
    let some = |count: usize| (count > 0).then_some(count as u64);
    let compared = parts.iter().filter(|part| part.p.is_some());
    let decided = compared
        .clone()
        .filter(|part| part.verdict != Verdict::Inconclusive);
    let counted = |part: &&&Part| !part.again;
    ClaimRow {
        claim: claim.id.clone(),
        kind: claim.kind,
        sentence: claim.sentence.clone(),
        paper: claim.paper.word().into(),
        place: claim.place.clone(),
        says: claim.says.clone(),
        target: claim.question.target.clone(),
        judge: claim.question.predicate.name().into(),
        verdict,
        note,
        beside: (!beside.is_empty()).then(|| beside.join("; ")),
        rows: finding.cells.join(" "),
        pairs: some(pairs),
        comparisons: some(compared.filter(counted).count()),
        decided: some(decided.clone().filter(counted).count()),
        p: decided.filter_map(|part| part.p).reduce(f64::max),
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

fn contradiction(claims: &Claims, rule: &Contradiction, targets: &[TargetRows]) -> Finding {
    let of = |evidence: &Evidence| {
        let found = finding(claims, &evidence.question, targets);
        (evidence.clone(), found)
    };
    let evidence: Vec<(Evidence, Finding)> = rule.evidence.iter().map(of).collect();
    let mut cells: Vec<String> = evidence.iter().flat_map(|(_, f)| f.cells.clone()).collect();
    let mut known = BTreeSet::new();
    cells.retain(|cell| known.insert(cell.clone()));
    Finding {
        answer: Answer::Sides {
            between: rule.between.clone(),
            evidence,
        },
        cells,
        beside: vec![],
    }
}

fn measured(claims: &Claims, question: &Question, targets: &[TargetRows]) -> Result<Finding> {
    let profile = question.profile.as_ref().unwrap_or(&claims.profile);
    let run = format!(
        "run `harness reproduce {} --profile {profile}`",
        question.target
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
    let mut found = answered(claims, question, frame, &run)?;
    for reading in &question.beside {
        let mut filter = question.filter.clone();
        filter.extend(reading.r#where.clone());
        let mut predicate = question.predicate.clone();
        if let (Predicate::Ordering(rule), Some(allowance)) = (&mut predicate, reading.allowance) {
            rule.allowance = allowance;
        }
        let other = Question {
            filter,
            predicate,
            ..question.clone()
        };
        let answer = answered(claims, &other, frame, &run)
            .unwrap_or_else(|error| Finding::untestable(format!("cannot be judged: {error:#}")));
        found.beside.push((reading.name.clone(), answer));
    }
    Ok(found)
}

/// What the rows of a frame answer to a question.
fn answered(claims: &Claims, question: &Question, frame: &Frame, run: &str) -> Result<Finding> {
    let table = relevant(question, Table::of(frame))?;
    if let Some(note) = missing(question, &table)? {
        return Ok(Finding::untestable(format!("{note}: {run}")));
    }
    let cells = cells(&table);
    let answer = match surrogate(&table) {
        Some(note) => Answer::Untestable(note),
        None => match unfit(question, &table)? {
            Some(note) => Answer::Untestable(note),
            None => Answer::Parts {
                target: question.target.clone(),
                parts: parts(claims, question, &table)?,
            },
        },
    };
    Ok(Finding {
        answer,
        cells,
        beside: vec![],
    })
}

/// Why rows may not be judged on, if they are not what the question requires: what is required, what
/// they are, and of a speedup what was measured all the same.
fn unfit(question: &Question, table: &Table) -> Result<Option<String>> {
    let mut reasons = Vec::new();
    for (column, what) in &question.requires {
        let one = Filter::from([(column.clone(), what.clone())]);
        let fit = table.filter(&one)?;
        let at = table.position(column)?;
        let other: BTreeSet<String> = table
            .rows
            .iter()
            // A run that diverged has lost, and has no numbers of which anything could be required.
            .filter(|row| !fit.rows.contains(row) && !diverged(table, row))
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
    if let Predicate::Speedup(rule) = &question.predicate {
        note += &format!("; not judged: {}", unjudged(rule, table)?);
    }
    Ok(Some(note))
}

fn parts(claims: &Claims, question: &Question, table: &Table) -> Result<Vec<Part>> {
    let rigour = Rigour {
        confidence: claims.confidence,
        least_pairs: claims.least_pairs,
    };
    match &question.predicate {
        Predicate::Value(rule) => value(rule, table, rigour),
        Predicate::Speedup(rule) => speedup(rule, table, rigour),
        Predicate::Holds(rule) => holds(rule, table),
        Predicate::Ordering(rule) => ordering(rule, table, rigour),
        Predicate::BestOf(rule) => best_of(rule, table, rigour),
        Predicate::Differ(rule) => differ(rule, table, rigour),
        Predicate::Trend(rule) => trend(rule, table, rigour),
        Predicate::Slope(rule) => slope(rule, table),
        Predicate::Contradiction(_) | Predicate::NotTestable(_) => Ok(vec![]),
    }
}

/// The rows that the predicate looks at: of an ordering, those of its two sides.
fn relevant<'a>(question: &Question, all: Table<'a>) -> Result<Table<'a>> {
    let mut table = all.filter(&question.filter)?;
    if let [first, second] = question.predicate.filters()[..] {
        let sides = [table.filter(first)?, table.filter(second)?];
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
        // What both sides have to have, each has to have by itself.
        let mut shared = question.filter.clone();
        shared.retain(|column, _| !filter.contains_key(column));
        unmet.extend(side.unmet(&shared)?);
    }
    unmet.dedup();
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
