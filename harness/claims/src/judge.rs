//! Turns claims and the rows of the targets into rows with verdicts.

use super::claim::{Claim, ClaimRow, Claims};
use super::family::decide;
use super::finding::Finding;
use super::interval::Rigour;
use super::judging::{Judging, TargetRows};
use super::verdict::{PartVerdict, Verdict};

/// Judges each claim, in their order.
///
/// A claim never passes on generated data, on a profile too short for verdicts, or on fewer rows
/// than it lists; a claim that cannot be judged (a column that there is not) is a row that says
/// so, not a crash. Of the paired comparisons of one target, those are decided whose p-value after
/// the procedure of Benjamini and Hochberg allows it.
#[must_use]
pub fn judge(claims: &Claims, targets: &[&TargetRows]) -> Vec<ClaimRow> {
    let judging = Judging {
        rigour: Rigour {
            confidence: claims.confidence,
            least_pairs: claims.least_pairs,
        },
        profile: &claims.profile,
        targets,
    };
    let questions = claims.claims.iter().map(Claim::question);
    let mut findings: Vec<Finding> = questions.map(|q| judging.answer(q)).collect();
    decide(&mut findings, 1.0 - claims.confidence);
    let rows = claims.claims.iter().zip(&findings);
    rows.map(|(claim, finding)| row(claim, finding)).collect()
}

impl Claims {
    /// Judges the claims on one target, by its rows alone.
    #[must_use]
    pub fn on(&self, rows: TargetRows) -> Vec<ClaimRow> {
        let mine = |claim: &&Claim| claim.rows.target == rows.target;
        let own = Self {
            profile: self.profile.clone(),
            claims: self.claims.iter().filter(mine).cloned().collect(),
            ..*self
        };
        judge(&own, &[&rows])
    }
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
    let counted = |part: &&&PartVerdict| !part.again;
    ClaimRow {
        claim: claim.id.clone(),
        kind: claim.kind,
        sentence: claim.sentence().to_owned(),
        paper: claim.paper,
        place: claim.place.clone(),
        says: claim.says.clone(),
        target: claim.rows.target.clone(),
        judge: claim.judge.kind(),
        verdict,
        in_short: finding.in_short(),
        asks: claim.judge.answers().asks(),
        note,
        beside: (!beside.is_empty()).then(|| beside.join("; ")),
        rows: finding.cells.join(" "),
        pairs: some(pairs),
        comparisons: some(compared.filter(counted).count()),
        decided: some(decided.clone().filter(counted).count()),
        p: decided.filter_map(|part| part.p).reduce(f64::max),
    }
}
