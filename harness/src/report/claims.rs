//! What the papers claim and what became of it: the types that the page and `claims.md` show.

use super::inline::sentence;
use std::fmt::Write;

/// All claims with their verdicts.
#[derive(Clone, Debug, Default)]
pub struct ClaimsSummary {
    /// Every verdict with the number of claims it was passed on, in the order to show.
    pub counts: Vec<(String, usize)>,
    /// The claims, in the order to show.
    pub rows: Vec<ClaimLine>,
}

/// One claim.
#[derive(Clone, Debug, Default)]
pub struct ClaimLine {
    /// Its name.
    pub id: String,
    /// The paper that makes it.
    pub paper: String,
    /// Where in the paper.
    pub place: String,
    /// What the paper says.
    pub says: String,
    /// The verdict.
    pub verdict: String,
    /// The numbers, or why there is no other verdict.
    pub note: String,
    /// The target that tests it.
    pub target: String,
    /// The rows that it was judged on.
    pub rows: Vec<String>,
}

/// More rows than these are not named one by one; the claims' own rows have them all.
const NAMED: usize = 3;

impl ClaimLine {
    /// The rows that it was judged on, each as `show` shows it.
    pub(super) fn judged_on(&self, show: impl Fn(&str) -> String) -> String {
        let named: Vec<String> = self.rows.iter().take(NAMED).map(|row| show(row)).collect();
        let named = named.join(", ");
        match self.rows.len().saturating_sub(NAMED) {
            0 => named,
            more => format!("{named} and {more} more rows (claims.csv has them all)"),
        }
    }
}

impl ClaimsSummary {
    /// Such as "31 claims: 24 reproduced, 7 not testable here".
    #[must_use]
    pub fn headline(&self) -> String {
        let counts = self.counts.iter().filter(|(_, count)| *count > 0);
        let counts: Vec<String> = counts.map(|(v, count)| format!("{count} {v}")).collect();
        let claims = if self.rows.len() == 1 {
            "claim"
        } else {
            "claims"
        };
        let colon = if counts.is_empty() { "" } else { ": " };
        format!("{} {claims}{colon}{}", self.rows.len(), counts.join(", "))
    }

    /// The papers, each with its claims, in the order of their first ones.
    pub(super) fn papers(&self) -> Vec<(&str, Vec<&ClaimLine>)> {
        let mut papers: Vec<(&str, Vec<&ClaimLine>)> = Vec::new();
        for claim in &self.rows {
            match papers.iter_mut().find(|(name, _)| *name == claim.paper) {
                Some((_, claims)) => claims.push(claim),
                None => papers.push((&claim.paper, vec![claim])),
            }
        }
        papers
    }
}

/// The claims as Markdown: how many got which verdict, a table for each paper, then the numbers.
#[must_use]
pub fn claims_markdown(claims: &ClaimsSummary) -> String {
    let mut out = format!("{}.\n", claims.headline());
    let papers = claims.papers();
    for (paper, claims) in &papers {
        let _ = write!(
            out,
            "\n## {paper}\n\n| claim | place | what the paper says | verdict | target |\n\
             |---|---|---|---|---|\n"
        );
        for claim in claims {
            let cells = [
                &claim.id,
                &claim.place,
                &claim.says,
                &claim.verdict,
                &claim.target,
            ];
            let cells = cells.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
    }
    let noted = |claim: &&&ClaimLine| !claim.note.is_empty() || !claim.rows.is_empty();
    let noted: Vec<&ClaimLine> = papers
        .iter()
        .flat_map(|(_, claims)| claims.iter().filter(noted).copied())
        .collect();
    if !noted.is_empty() {
        out.push_str("\n## Notes\n\n");
    }
    for claim in noted {
        let said = match claim.note.as_str() {
            "" => claim.verdict.clone(),
            note => format!("{}: {note}", claim.verdict),
        };
        let _ = write!(out, "- **{}**: {}", claim.id, sentence(&said));
        if !claim.rows.is_empty() {
            let rows = claim.judged_on(|row| format!("`{row}`"));
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
        let text = claims_markdown(&fixture::claims());
        assert!(
            text.starts_with("3 claims: 2 reproduced, 1 not testable here.\n"),
            "{text}"
        );
        let first = text.find("## Hamiltonian Descent").unwrap();
        let second = text.find("## Parallel").unwrap();
        let notes = text.find("## Notes").unwrap();
        let of_first = text.find("| hd-2 | Table 2 | hd-2 is <faster>\\|better | reproduced |");
        assert!((first..second).contains(&of_first.unwrap()), "{text}");
        let note = "- **par-1**: not testable here: 2.2x, not 1.95x. Judged on `table2: a8a W=4`.";
        assert!(text[notes..].contains(note), "{text}");
    }

    #[test]
    fn of_many_rows_a_few_are_named_and_the_rest_counted() {
        let claim = ClaimLine {
            rows: (0..5).map(|i| i.to_string()).collect(),
            ..ClaimLine::default()
        };
        let text = claim.judged_on(str::to_owned);
        assert_eq!(text, "0, 1, 2 and 2 more rows (claims.csv has them all)");
    }

    #[test]
    fn a_verdict_that_was_never_passed_is_not_counted() {
        let mut claims = fixture::claims();
        claims.counts.push(("inconclusive".into(), 0));
        assert!(!claims.headline().contains("inconclusive"));
    }
}
