//! What the papers claim and what became of it, as `claims.md` shows it.

use super::Table;
use super::inline::sentence;
use claims::{ClaimKind as Kind, ClaimRow, Paper, comparisons, headline};
use std::fmt::Write;

/// Claims with their verdicts, and the share of false ones among those decided that they allow.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// A row for each claim.
    pub rows: &'a [ClaimRow],
    /// The share, such as 0.05.
    pub level: f64,
}

/// Claims of one kind and paper, under a title.
pub(super) struct Chapter<'a> {
    pub title: String,
    pub rows: Vec<&'a ClaimRow>,
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

    /// Returns each paper's statements, then what is not theirs: controls, findings, errata.
    pub(super) fn chapters(&self) -> Vec<Chapter<'a>> {
        let of = |kind: Kind, paper: Option<Paper>| {
            let mine =
                |row: &&ClaimRow| row.kind == kind && paper.is_none_or(|paper| row.paper == paper);
            self.rows.iter().filter(mine).collect::<Vec<_>>()
        };
        let papers = [Paper::P, Paper::G].map(|paper| Chapter {
            title: paper.title().to_owned(),
            rows: of(Kind::Statement, Some(paper)),
        });
        let others = [
            (Kind::Control, "Controls: what statements are compared with"),
            (Kind::Finding, "Findings: what no paper says"),
            (
                Kind::Erratum,
                "Errata: slips of the papers' texts, and places that exclude each other",
            ),
            (Kind::Own, Paper::Own.title()),
        ];
        let others = others.map(|(kind, title)| Chapter {
            title: title.to_owned(),
            rows: of(kind, None),
        });
        let all = papers.into_iter().chain(others);
        all.filter(|chapter| !chapter.rows.is_empty()).collect()
    }
}

/// Writes the claims as Markdown: how many sentences got which verdict, a table for each chapter, then the
/// numbers.
#[must_use]
pub fn claims_markdown(judged: &Judged<'_>) -> String {
    let mut out = String::new();
    for line in judged.lead() {
        let _ = write!(out, "{line}.\n\n");
    }
    let chapters = judged.chapters();
    for chapter in &chapters {
        let table = Table::of(&chapter.rows)
            .words("claim", |claim| &claim.claim)
            .words("place", |claim| &claim.place)
            .words("what it says", |claim| &claim.says)
            .words("verdict", |claim| claim.verdict)
            .words("target", |claim| &claim.target)
            .build();
        let _ = write!(out, "## {}\n\n{}\n", chapter.title, table.to_markdown());
    }
    let all = chapters.iter().flat_map(|chapter| &chapter.rows);
    let noted: Vec<_> = all.filter(|claim| !claim.note.is_empty()).collect();
    if !noted.is_empty() {
        out.push_str("## Notes\n\n");
    }
    for claim in noted {
        let said = format!("{}: {}", claim.verdict, claim.note);
        let _ = write!(out, "- **{}**: {}", claim.claim, sentence(&said));
        if let Some(beside) = &claim.beside {
            let _ = write!(out, " Beside it, {}", sentence(beside));
        }
        if !claim.rows.is_empty() {
            let rows = judged_on(claim, |row| format!("`{row}`"));
            let _ = write!(out, " Judged on {rows}.");
        }
        out.push('\n');
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
        let of_controls = text.find("| hd-2 | Table 2 | hd-2 is <faster>\\|better | reproduced |");
        assert!((controls..notes).contains(&of_controls.unwrap()), "{text}");
        let note = "- **par-1**: not testable here: 2.2x, not 1.95x. Beside it, at equal step: partly (so). Judged on `a8a-4`.";
        assert!(text[notes..].contains(note), "{text}");
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
