//! Writes what became of the papers' statements into the page: lists by verdict, then a chapter for each paper and
//! kind, in which every statement has its verdict and the reason for it in a line, and its numbers folded below.

use super::claims_of_papers::{Judged, judged_on};
use super::escape::escaped;
use super::inline;
use super::reasons::{change, named_in, said, why};
use super::section::{badge, details};
use claims::{ClaimKind, ClaimRow, Sentence, Verdict, sentences};
use std::fmt::Write;

/// Names the place of the list of a verdict.
pub(super) fn verdict_id(verdict: Verdict) -> String {
    format!("verdict-{}", verdict.word().replace(' ', "-"))
}

/// Names the place of a statement: that of its first claim, as statements have no names of their own.
fn place(of: &Sentence<'_>) -> String {
    format!("said-{}", of.claims[0].claim)
}

/// Writes all that was judged, and what was not run; `target` says where a target's section is.
pub(super) fn all_claims<'a>(
    claims: &Judged<'_>,
    target: impl Fn(&str) -> Option<&'a str> + Copy,
) -> String {
    let mut out = String::from(
        "<section id=\"claims\" aria-labelledby=\"claims-title\">\n\
         <h2 id=\"claims-title\">All claims</h2>\n",
    );
    out.push_str(&by_verdict(claims));
    for chapter in claims.chapters() {
        let (id, title) = (chapter.id, escaped(chapter.title));
        let _ = writeln!(out, "<h3 id=\"{id}\">{title}</h3>");
        for sentence in &chapter.sentences {
            out.push_str(&statement(sentence, target));
        }
    }
    out.push_str(&not_run(claims));
    out.push_str("<p class=\"up\"><a href=\"#contents\">Contents</a></p>\n");
    out + "</section>\n"
}

/// Lists the statements, or one's own claims where there are none, by what they came to. What held is folded; a link
/// to the list opens it.
fn by_verdict(claims: &Judged<'_>) -> String {
    let mut out = String::new();
    let all = sentences(claims.rows);
    let of = |kind: ClaimKind| -> Vec<&Sentence<'_>> {
        let mine = |s: &&Sentence<'_>| s.claims[0].kind == kind && s.verdict != Verdict::NotRun;
        all.iter().filter(mine).collect()
    };
    // Those that the first tally counts, whose numbers link here.
    let counted = ClaimKind::ALL
        .map(of)
        .into_iter()
        .find(|all| !all.is_empty());
    for verdict in Verdict::ALL {
        let mine = counted.iter().flatten().filter(|s| s.verdict == verdict);
        let mut items = String::new();
        for sentence in mine.clone() {
            let _ = writeln!(
                items,
                "<li><a href=\"#{}\">{}</a></li>",
                place(sentence),
                inline::html(said(sentence))
            );
        }
        if items.is_empty() {
            continue;
        }
        let open = match verdict {
            Verdict::Reproduced | Verdict::Faster | Verdict::NotTestable => "",
            _ => " open",
        };
        let _ = write!(
            out,
            "<details class=\"list\"{open}>\n<summary>{} {}</summary>\n<ul id=\"{}\">\n{items}</ul>\n</details>\n",
            mine.count(),
            badge(verdict),
            verdict_id(verdict)
        );
    }
    out
}

/// Writes a statement: verdict, words, place, the reason in a line, what would change it; its numbers folded.
fn statement<'a>(of: &Sentence<'_>, target: impl Fn(&str) -> Option<&'a str>) -> String {
    let holds = matches!(of.verdict, Verdict::Reproduced | Verdict::Faster);
    let link = |claim: &ClaimRow| {
        let name = escaped(&named_in(of, claim));
        format!("<a href=\"#claim-{}\">{name}</a>", claim.claim)
    };
    let change = format!(
        "<p class=\"change\"><strong>What would change this verdict:</strong> {}</p>\n",
        inline::html(&change(of))
    );
    let mut numbers = String::new();
    for claim in &of.claims {
        numbers.push_str(&claim_numbers(of, claim, &target));
    }
    let (shown, folded) = match holds {
        true => ("", change.as_str()),
        false => (change.as_str(), ""),
    };
    format!(
        "<article class=\"said\" id=\"{}\">\n<p>{} {} <span class=\"place\">{}</span></p>\n\
         <p class=\"why\">{}</p>\n{shown}{}</article>\n",
        place(of),
        badge(of.verdict),
        inline::html(said(of)),
        escaped(&of.claims[0].place),
        why(of, link, inline::html),
        details("Numbers", &(numbers + folded)),
    )
}

/// Writes the numbers that a claim was judged on.
fn claim_numbers<'a>(
    of: &Sentence<'_>,
    claim: &ClaimRow,
    target: impl Fn(&str) -> Option<&'a str>,
) -> String {
    let name = escaped(&claim.target);
    let target = match target(&claim.target) {
        Some(id) => format!("<a href=\"#{id}\">{name}</a>"),
        None => name,
    };
    let mut out = format!(
        "<div class=\"claim\" id=\"claim-{0}\">\n<p><span class=\"name\">{0}</span>",
        escaped(&claim.claim)
    );
    if of.claims.len() > 1 {
        let (badge, says) = (badge(claim.verdict), inline::html(&claim.says));
        let place = escaped(&claim.place);
        let _ = write!(out, " {badge} {says} <span class=\"place\">{place}</span>");
    }
    let note = inline::html(&inline::sentence(&claim.note));
    let _ = write!(out, "</p>\n<p>{note}</p>\n");
    if let Some(beside) = &claim.beside {
        let beside = inline::html(&inline::sentence(beside));
        let _ = writeln!(out, "<p class=\"rows\">Beside it, {beside}</p>");
    }
    let rows = match claim.rows.is_empty() {
        true => String::new(),
        false => {
            let rows = judged_on(claim, |row| format!("<code>{}</code>", escaped(row)));
            format!(" Judged on {rows}.")
        }
    };
    let _ = write!(
        out,
        "<p class=\"rows\">Target: {target}.{rows}</p>\n</div>\n"
    );
    out
}

/// Lists, folded away, the targets that claims are about and that were not run.
fn not_run(claims: &Judged<'_>) -> String {
    let all = claims.not_run();
    let count: usize = all.iter().map(|not_run| not_run.claims).sum();
    if count == 0 {
        return String::new();
    }
    let mut list = String::from("<ul>\n");
    for one in &all {
        let _ = writeln!(
            list,
            "<li><span class=\"name\">{}</span>, of {} claims: {}</li>",
            escaped(one.target),
            one.claims,
            inline::html(&inline::sentence(one.run))
        );
    }
    list.push_str("</ul>\n");
    let summary = format!("{count} claims were not run, on {} targets", all.len());
    details(&summary, &list).replacen("<details>", "<details id=\"not-run\">", 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn html(rows: &[ClaimRow]) -> String {
        all_claims(&Judged { rows, level: 0.05 }, |_| None)
    }

    #[test]
    fn each_claim_has_a_place_and_each_count_a_list() {
        let rows = fixture::claims();
        let html = html(&rows);
        for row in &rows {
            let id = format!("id=\"claim-{}\"", row.claim);
            assert_eq!(html.matches(&id).count(), 1, "{id}");
        }
        // Statements alone are listed by verdict.
        assert!(
            html.contains("<ul id=\"verdict-reproduced\">\n<li><a href=\"#said-hd-1\">"),
            "{html}"
        );
        assert!(
            html.contains("<ul id=\"verdict-not-testable-here\">\n<li><a href=\"#said-par-1\">")
        );
        assert!(
            !html.contains("<li><a href=\"#said-hd-2\">"),
            "a control is no statement"
        );
    }

    #[test]
    fn what_was_not_run_is_folded_away_and_counted_by_target() {
        let mut rows = fixture::claims();
        for row in &mut rows {
            row.verdict = Verdict::NotRun;
            row.in_short = "run `harness reproduce table2`".into();
        }
        let html = html(&rows);
        assert!(!html.contains("<article"), "{html}");
        assert!(
            html.contains(
                "<details id=\"not-run\">\n<summary>3 claims were not run, on 1 targets</summary>"
            ),
            "{html}"
        );
        assert!(
            html.contains("of 3 claims: run <code>harness reproduce table2</code>."),
            "{html}"
        );
    }

    #[test]
    fn the_reason_stands_before_the_numbers_and_what_would_change_it_beside_it() {
        let html = html(&fixture::claims());
        let article = html.split("id=\"said-par-1\"").nth(1).unwrap();
        let at = |part: &str| {
            article
                .find(part)
                .unwrap_or_else(|| panic!("{part}: {article}"))
        };
        assert!(
            at("class=\"why\"") < at("What would change")
                && at("What would change") < at("<details")
        );
        // Of what holds it is folded.
        let article = html.split("id=\"said-hd-1\"").nth(1).unwrap();
        assert!(article.find("<details") < article.find("What would change"));
    }
}
