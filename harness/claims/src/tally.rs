//! How verdicts are counted: by sentence of the papers, and what is not theirs apart.

use super::verdict::one_of;
use super::{ClaimKind, ClaimRow, Paper, Verdict};

/// Counts how many sentences of one kind came to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Whose words they are.
    pub kind: ClaimKind,
    /// The paper, of statements of one that is not reproduced as a whole.
    pub beside: Option<Paper>,
    /// Every verdict with the number of sentences that it was passed on; none is left out.
    pub counts: Vec<(Verdict, usize)>,
}

impl Tally {
    /// Counts the sentences of which something was run.
    #[must_use]
    pub fn total(&self) -> usize {
        self.judged().map(|(_, count)| count).sum()
    }

    /// Counts the sentences of which nothing was run.
    #[must_use]
    pub fn not_run(&self) -> usize {
        let not_run = self.counts.iter().filter(|(v, _)| *v == Verdict::NotRun);
        not_run.map(|(_, count)| count).sum()
    }

    /// Returns the verdicts that were passed, with how many sentences each was passed on.
    pub fn judged(&self) -> impl Iterator<Item = &(Verdict, usize)> {
        let judged = self.counts.iter().filter(|(v, _)| *v != Verdict::NotRun);
        judged.filter(|(_, count)| *count > 0)
    }

    /// Puts the counts into words, such as "24 reproduced, 3 partly".
    #[must_use]
    pub fn words(&self) -> String {
        let words = self.judged().map(|(v, count)| format!("{count} {v}"));
        let words: Vec<String> = words.collect();
        words.join(", ")
    }
}

/// Counts each kind that there is. A sentence that several claims are part of is counted once, by
/// what they come to together: one sentence about nine methods is not nine statements. Statements of the two papers
/// that are reproduced come first, those of each other paper right after them.
#[must_use]
pub fn tallies(rows: &[ClaimRow]) -> Vec<Tally> {
    let apart = |row: &ClaimRow| {
        let beside = row.kind == ClaimKind::Statement && !row.paper.is_reproduced();
        beside.then_some(row.paper)
    };
    let of_kind = |(kind, beside): (ClaimKind, Option<Paper>)| {
        let mine = |row: &&ClaimRow| row.kind == kind && apart(row) == beside;
        let sentences = sentences(rows.iter().filter(mine));
        let verdicts: Vec<Verdict> = sentences.iter().map(|s| s.verdict).collect();
        let count = |verdict: Verdict| {
            let count = verdicts.iter().filter(|v| **v == verdict).count();
            (verdict, count)
        };
        Tally {
            kind,
            beside,
            counts: Verdict::ALL.map(count).to_vec(),
        }
    };
    let beside = Paper::STATED.iter().filter(|paper| !paper.is_reproduced());
    let beside = beside.map(|paper| (ClaimKind::Statement, Some(*paper)));
    let mut groups = ClaimKind::ALL.map(|kind| (kind, None)).to_vec();
    groups.splice(1..1, beside);
    let there = |tally: &Tally| tally.total() + tally.not_run() > 0;
    groups.into_iter().map(of_kind).filter(there).collect()
}

/// The claims of one sentence, with what they come to together.
#[derive(Clone, Debug)]
pub struct Sentence<'a> {
    /// Its claims, in their order.
    pub claims: Vec<&'a ClaimRow>,
    /// Their verdict.
    pub verdict: Verdict,
}

/// Collects claims into sentences, in the order in which these first occur.
pub fn sentences<'a>(rows: impl IntoIterator<Item = &'a ClaimRow>) -> Vec<Sentence<'a>> {
    let mut sentences: Vec<Sentence<'a>> = Vec::new();
    for row in rows {
        let known = sentences.iter_mut().find(|s| {
            let first = s.claims[0];
            (first.kind, &first.sentence) == (row.kind, &row.sentence)
        });
        match known {
            Some(sentence) => sentence.claims.push(row),
            None => sentences.push(Sentence {
                claims: vec![row],
                verdict: row.verdict,
            }),
        }
    }
    for sentence in &mut sentences {
        let verdicts: Vec<Verdict> = sentence.claims.iter().map(|row| row.verdict).collect();
        sentence.verdict = one_of(&verdicts);
    }
    sentences
}

/// Puts all counts into one line: "31 statements of the papers: 24 reproduced, 7 partly; 5 controls: 5
/// reproduced".
#[must_use]
pub fn headline(rows: &[ClaimRow]) -> String {
    let one = |tally: &Tally| {
        let total = tally.total();
        if let Some(paper) = tally.beside {
            let noun = if total == 1 {
                "statement"
            } else {
                "statements"
            };
            return format!("{total} {noun} of {}: {}", paper.word(), tally.words());
        }
        let noun = match (tally.kind, total) {
            (ClaimKind::Statement, 1) => "statement of the papers",
            (ClaimKind::Statement, _) => "statements of the papers",
            (ClaimKind::Control, 1) => "control",
            (ClaimKind::Control, _) => "controls",
            (ClaimKind::Finding, 1) => "finding beside them",
            (ClaimKind::Finding, _) => "findings beside them",
            (ClaimKind::Erratum, 1) => "erratum",
            (ClaimKind::Erratum, _) => "errata",
            (ClaimKind::Own, 1) => "claim of one's own",
            (ClaimKind::Own, _) => "claims of one's own",
        };
        format!("{total} {noun}: {}", tally.words())
    };
    let tallies = tallies(rows);
    let judged = tallies.iter().filter(|tally| tally.total() > 0);
    let mut all: Vec<String> = judged.map(one).collect();
    let not_run: usize = tallies.iter().map(Tally::not_run).sum();
    if all.is_empty() {
        all.push("no claims".into());
    }
    if not_run > 0 {
        all.push(format!("{not_run} more not run"));
    }
    all.join("; ")
}

/// Says how many paired comparisons the verdicts rest on, and how many of the decided ones are to be
/// expected false at `level`; `None` if there are none.
#[must_use]
pub fn comparisons(rows: &[ClaimRow], level: f64) -> Option<String> {
    let sum = |of: fn(&ClaimRow) -> Option<u64>| rows.iter().filter_map(of).sum::<u64>();
    let (all, decided) = (sum(|row| row.comparisons), sum(|row| row.decided));
    (all > 0).then(|| {
        format!(
            "{all} paired comparisons, {decided} of them decided; in the long run at most {:.0} % of those \
             decided are false, so about {:.0} of these or fewer are to be expected so",
            100.0 * level,
            (level * decided as f64).ceil()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RuleKind;

    fn row(sentence: &str, kind: ClaimKind, verdict: Verdict) -> ClaimRow {
        ClaimRow {
            claim: sentence.into(),
            kind,
            sentence: sentence.into(),
            paper: Paper::P,
            place: String::new(),
            says: String::new(),
            target: "t".into(),
            judge: RuleKind::InRange,
            verdict,
            in_short: String::new(),
            asks: String::new(),
            note: String::new(),
            beside: None,
            rows: String::new(),
            pairs: None,
            comparisons: Some(4),
            decided: Some(3),
            p: Some(0.01),
        }
    }

    #[test]
    fn a_sentence_with_nine_claims_counts_once_and_a_control_apart() {
        let mut rows: Vec<ClaimRow> = (0..9)
            .map(|_| row("best", ClaimKind::Statement, Verdict::NotReproduced))
            .collect();
        rows.push(row("other", ClaimKind::Statement, Verdict::Reproduced));
        rows.push(row("control", ClaimKind::Control, Verdict::Reproduced));
        assert_eq!(
            headline(&rows),
            "2 statements of the papers: 1 reproduced, 1 not reproduced; 1 control: 1 reproduced"
        );
        rows[0].verdict = Verdict::Reproduced;
        assert_eq!(tallies(&rows)[0].words(), "1 reproduced, 1 partly");
        assert_eq!(headline(&[]), "no claims");
        rows.push(row("elsewhere", ClaimKind::Statement, Verdict::NotRun));
        assert!(headline(&rows).starts_with("2 statements of the papers: 1 reproduced, 1 partly;"));
        assert!(
            headline(&rows).ends_with("; 1 more not run"),
            "{}",
            headline(&rows)
        );
        assert_eq!(headline(&rows[11..]), "no claims; 1 more not run");
    }

    #[test]
    fn statements_of_a_paper_that_is_not_reproduced_are_counted_apart() {
        let mut rows = [
            row("a", ClaimKind::Statement, Verdict::Reproduced),
            row("b", ClaimKind::Statement, Verdict::Partly),
            row("c", ClaimKind::Control, Verdict::Reproduced),
        ];
        rows[1].paper = Paper::Paso;
        assert_eq!(
            headline(&rows),
            "1 statement of the papers: 1 reproduced; 1 statement of PASO: 1 partly; 1 control: 1 reproduced"
        );
        let first = &tallies(&rows)[0];
        assert_eq!((first.beside, first.total()), (None, 1));
    }

    #[test]
    fn false_verdicts_are_expected_in_proportion_to_what_was_decided() {
        let rows = [row("a", ClaimKind::Statement, Verdict::Reproduced)];
        let said = comparisons(&rows, 0.05).unwrap();
        assert!(
            said.starts_with("4 paired comparisons, 3 of them decided"),
            "{said}"
        );
        assert!(said.contains("about 1 of these or fewer"), "{said}");
        let mut rows = rows;
        rows[0].comparisons = Some(0);
        assert_eq!(comparisons(&rows, 0.05), None, "nothing was compared");
    }
}
