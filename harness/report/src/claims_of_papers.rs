//! What the papers claim and what became of it, as `claims.md` shows it.

use super::Table;
use super::inline::{markdown, sentence};
use super::reasons::change;
use claims::{
    ClaimKind as Kind, ClaimRow, Paper, Sentence, Verdict, comparisons, headline, sentences,
};
use std::fmt::Write;

/// Claims with their verdicts, and the share of false ones among those decided that they allow.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// A row for each claim.
    pub rows: &'a [ClaimRow],
    /// The share, such as 0.05.
    pub level: f64,
}

/// Sentences of one kind and paper, under a title; of each something was run.
pub(super) struct Chapter<'a> {
    /// Its place in the page.
    pub id: &'static str,
    pub title: &'static str,
    pub sentences: Vec<Sentence<'a>>,
}

/// What is not known of a target: how many of its claims, and how to run it.
pub(super) struct NotRun<'a> {
    pub target: &'a str,
    pub claims: usize,
    pub run: &'a str,
}

/// More rows than these are not named one by one; the claims' own rows have them all.
const NAMED: usize = 3;

/// Lists the rows that a claim was judged on, each as `show` shows it.
pub(super) fn judged_on(claim: &ClaimRow, show: impl Fn(&str) -> String) -> String {
    let rows: Vec<&str> = claim.rows.split_whitespace().collect();
    let named: Vec<String> = rows.iter().take(NAMED).map(|row| show(row)).collect();
    let named = named.join(", ");
    match rows.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more rows (claims.csv has them all)"),
    }
}

impl<'a> Judged<'a> {
    /// Says how many sentences came to what, and how many comparisons that rests on.
    pub(super) fn lead(&self) -> Vec<String> {
        let mut lead = vec![headline(self.rows)];
        lead.extend(comparisons(self.rows, self.level));
        lead
    }

    /// Returns each paper's statements, then what is not theirs: controls, findings, errata. What was not run is in
    /// none of them.
    pub(super) fn chapters(&self) -> Vec<Chapter<'a>> {
        let chapters = [
            ("paper-p", Kind::Statement, Some(Paper::P), Paper::P.title()),
            ("paper-g", Kind::Statement, Some(Paper::G), Paper::G.title()),
            (
                "paper-paso",
                Kind::Statement,
                Some(Paper::Paso),
                Paper::Paso.title(),
            ),
            ("own-claims", Kind::Own, None, Paper::Own.title()),
            (
                "errata",
                Kind::Erratum,
                None,
                "Errata: what the papers contradict themselves in, with the evidence",
            ),
            (
                "findings",
                Kind::Finding,
                None,
                "Findings: what no paper says",
            ),
            (
                "controls",
                Kind::Control,
                None,
                "Controls: what statements are compared with",
            ),
        ];
        let chapter =
            |(id, kind, paper, title): (&'static str, Kind, Option<Paper>, &'static str)| {
                let mine = |row: &&ClaimRow| {
                    row.kind == kind && paper.is_none_or(|paper| row.paper == paper)
                };
                let mut sentences = sentences(self.rows.iter().filter(mine));
                sentences.retain(|sentence| sentence.verdict != Verdict::NotRun);
                Chapter {
                    id,
                    title,
                    sentences,
                }
            };
        let all = chapters.map(chapter).into_iter();
        all.filter(|chapter| !chapter.sentences.is_empty())
            .collect()
    }

    /// Lists the targets that claims are about and that were not run.
    pub(super) fn not_run(&self) -> Vec<NotRun<'a>> {
        let mut all: Vec<NotRun<'a>> = Vec::new();
        for row in self
            .rows
            .iter()
            .filter(|row| row.verdict == Verdict::NotRun)
        {
            match all.iter_mut().find(|not_run| not_run.target == row.target) {
                Some(not_run) => not_run.claims += 1,
                None => all.push(NotRun {
                    target: &row.target,
                    claims: 1,
                    run: &row.in_short,
                }),
            }
        }
        all
    }
}

/// Writes the claims as Markdown: how many sentences got which verdict, a table for each chapter, then the
/// numbers, then what was not run.
#[must_use]
pub fn claims_markdown(judged: &Judged<'_>) -> String {
    let mut out = String::new();
    for line in judged.lead() {
        let _ = write!(out, "{}.\n\n", markdown(&line));
    }
    let chapters = judged.chapters();
    for chapter in &chapters {
        let claims = chapter.sentences.iter().flat_map(|s| &s.claims);
        let claims: Vec<&ClaimRow> = claims.copied().collect();
        let table = Table::of(&claims)
            .words("claim", |claim| &claim.claim)
            .words("place", |claim| &claim.place)
            .words("what it says", |claim| &claim.says)
            .words("verdict", |claim| claim.verdict)
            .words("why", |claim| &claim.in_short)
            .words("target", |claim| &claim.target)
            .build();
        let _ = write!(out, "## {}\n\n{}\n", chapter.title, table.to_markdown());
    }
    let sentences = || chapters.iter().flat_map(|chapter| &chapter.sentences);
    if sentences().next().is_some() {
        out.push_str("## Notes\n\n");
    }
    for of in sentences() {
        for claim in of.claims.iter().filter(|claim| !claim.note.is_empty()) {
            let said = format!("{}: {}", claim.verdict, claim.note);
            let _ = write!(out, "- **{}**: {}", claim.claim, markdown(&sentence(&said)));
            if let Some(beside) = &claim.beside {
                let _ = write!(out, " Beside it, {}", markdown(&sentence(beside)));
            }
            if !claim.rows.is_empty() {
                let rows = judged_on(claim, |row| format!("`{row}`"));
                let _ = write!(out, " Judged on {rows}.");
            }
            out.push('\n');
        }
        let _ = writeln!(
            out,
            "  What would change the verdict: {}",
            markdown(&change(of))
        );
    }
    let not_run = judged.not_run();
    if !not_run.is_empty() {
        out.push_str("\n## Not run\n\n");
    }
    for NotRun {
        target,
        claims,
        run,
    } in not_run
    {
        let _ = writeln!(
            out,
            "- {}, of {claims} claims: {}.",
            markdown(target),
            markdown(run)
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn the_counts_come_first_then_a_table_for_each_paper_then_the_numbers() {
        let rows = fixture::claims();
        let text = claims_markdown(&Judged {
            rows: &rows,
            level: 0.05,
        });
        assert!(
            text.starts_with(
                "2 statements of the papers: 1 reproduced, 1 not testable here; 1 control: 1 reproduced.\n"
            ),
            "{text}"
        );
        let first = text.find("## Frictionless Hamiltonian").unwrap();
        let second = text.find("## Exposition").unwrap();
        let controls = text.find("## Controls").unwrap();
        let notes = text.find("## Notes").unwrap();
        assert!(first < second && second < controls && controls < notes);
        let of_controls = text.find(
            "| hd-2 | Table 2 | hd-2 is \\<faster>\\|better | reproduced | 2.2x, not 1.95x | table2 |",
        );
        assert!((controls..notes).contains(&of_controls.unwrap()), "{text}");
        let note = "- **par-1**: not testable here: 2.2x, not 1.95x. Beside it, at equal step: partly (so). Judged on `a8a-4`.";
        assert!(text[notes..].contains(note), "{text}");
    }

    #[test]
    fn what_was_not_run_is_told_by_target_and_stands_in_no_chapter() {
        let mut rows = fixture::claims();
        rows[1].verdict = Verdict::NotRun;
        rows[1].target = "fig9".into();
        rows[1].in_short = "run `harness reproduce fig9`".into();
        let text = claims_markdown(&Judged {
            rows: &rows,
            level: 0.05,
        });
        assert!(!text.contains("par-1"), "{text}");
        assert!(
            text.ends_with("## Not run\n\n- fig9, of 1 claims: run `harness reproduce fig9`.\n"),
            "{text}"
        );
        assert!(
            text.starts_with(
                "1 statement of the papers: 1 reproduced; 1 control: 1 reproduced; 1 more not run."
            ),
            "{text}"
        );
    }

    #[test]
    fn of_many_rows_a_few_are_named_and_the_rest_counted() {
        let claim = ClaimRow {
            rows: "0 1 2 3 4".into(),
            ..fixture::claims().remove(0)
        };
        let text = judged_on(&claim, str::to_owned);
        assert_eq!(text, "0, 1, 2 and 2 more rows (claims.csv has them all)");
    }
}
