//! Writes all reports as one page: a single HTML file that needs no network and no script.

use super::claims_of_papers::Judged;
use super::escape::escaped;
use super::section::{badge, section, warning as surrogate};
use super::statements::{all_claims, verdict_id};
use super::{Document, SURROGATE, inline};
use claims::tallies;
use std::fmt::Write;

const TITLE: &str = "Does the paper hold? Hamiltonian Descent, reproduced";

const LEAD: &str = "What this harness measured, beside what the papers print. Everything here is \
made from the journals of runs; each section ends with its configuration, its machine and its data. \
What is generated instead of real says SURROGATE DATA; what is calculated instead of measured says \
modelled.";

const ON_PAPER: &str = "On paper, what is folded on the page and columns of detail are left out.";

/// Writes the page: how many claims got which verdict, all claims, then a section for each target.
#[must_use]
pub fn page(documents: &[&Document], claims: Option<&Judged<'_>>) -> String {
    let ids = ids(documents);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{TITLE}</title>\n<style>\n{}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#content\">Skip to the results</a>\n\
         <header>\n<h1>{TITLE}</h1>\n<p class=\"lead\">{LEAD}</p>\n\
         <p class=\"paper\">{ON_PAPER}</p>\n",
        include_str!("page.css")
    );
    if let Some(claims) = claims {
        out.push_str(&summary(claims));
    }
    out.push_str(&warning(documents, &ids));
    out.push_str("</header>\n");
    out.push_str(&contents(documents, &ids, claims));
    out.push_str("<main id=\"content\" tabindex=\"-1\">\n");
    if let Some(claims) = claims {
        let target = |name: &str| {
            let at = documents
                .iter()
                .position(|document| document.target == name);
            at.map(|at| ids[at].as_str())
        };
        out.push_str(&all_claims(claims, target));
    }
    for (document, id) in documents.iter().zip(&ids) {
        out.push_str(&section(document, id));
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// Makes an id for each section: the target's name, numbered where several runs have the same.
fn ids(documents: &[&Document]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for document in documents {
        let name: String = document
            .target
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { '-' })
            .collect();
        let numbered = (2..).map(|i| format!("target-{name}-{i}"));
        let mut all = std::iter::once(format!("target-{name}")).chain(numbered);
        ids.extend(all.find(|id| !ids.contains(id)));
    }
    ids
}

/// Says how many sentences came to what: the papers' statements as badges, the rest in words.
fn summary(claims: &Judged<'_>) -> String {
    let mut out = String::new();
    for (index, line) in claims.lead().iter().enumerate() {
        let class = if index == 0 { "headline" } else { "note" };
        let _ = writeln!(out, "<p class=\"{class}\">{}.</p>", escaped(line));
    }
    out.push_str("<ul class=\"counts\">\n");
    let statements = tallies(claims.rows);
    for (verdict, count) in statements.iter().take(1).flat_map(claims::Tally::judged) {
        let _ = writeln!(
            out,
            "<li><a href=\"#{}\"><span class=\"count\">{count}</span> {}</a></li>",
            verdict_id(*verdict),
            badge(*verdict)
        );
    }
    out + "</ul>\n"
}

/// Says before anything else which sections begin with a warning.
fn warning(documents: &[&Document], ids: &[String]) -> String {
    let links: Vec<String> = documents
        .iter()
        .zip(ids)
        .filter(|(document, _)| document.banner.is_some())
        .map(|(document, id)| format!("<a href=\"#{id}\">{}</a>", escaped(&document.target)))
        .collect();
    if links.is_empty() {
        return String::new();
    }
    format!(
        "<p class=\"banner\"><span aria-hidden=\"true\">⚠</span> Read the warning first in: {}</p>\n",
        links.join(", ")
    )
}

fn contents(documents: &[&Document], ids: &[String], claims: Option<&Judged<'_>>) -> String {
    let mut out = String::from(
        "<nav id=\"contents\" aria-labelledby=\"contents-title\">\n\
         <h2 id=\"contents-title\">Contents</h2>\n<ul>\n",
    );
    for chapter in claims.iter().flat_map(|claims| claims.chapters()) {
        let (id, title) = (chapter.id, escaped(chapter.title));
        let _ = writeln!(out, "<li><a href=\"#{id}\">{title}</a></li>");
    }
    for (document, id) in documents.iter().zip(ids) {
        let mark = document.banner.as_ref().map(|_| surrogate(SURROGATE));
        let mark = mark.map_or_else(String::new, |mark| format!(" {mark}"));
        let _ = writeln!(
            out,
            "<li><a href=\"#{id}\"><span class=\"name\">{}</span> {}</a>{mark}</li>",
            escaped(&document.target),
            inline::html(&document.title),
        );
    }
    out + "</ul>\n</nav>\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn sample() -> String {
        let documents = [fixture::document("table2"), fixture::document("a <b>")];
        let rows = fixture::claims();
        let judged = Judged {
            rows: &rows,
            level: 0.05,
        };
        page(&documents.each_ref(), Some(&judged))
    }

    #[test]
    fn nothing_that_was_text_is_markup() {
        let page = sample();
        for tag in [
            "<workers>",
            "<1.2x",
            "<text>",
            "<copy>",
            "<memory>",
            "<network>",
            "<S>",
            "<cpu>",
            "<faster>",
            "<b>",
        ] {
            assert!(!page.contains(tag), "{tag} is not escaped");
            assert!(page.contains(&escaped(tag)), "{tag} is not shown");
        }
    }

    #[test]
    fn the_page_loads_nothing_and_runs_nothing() {
        let page = sample();
        for forbidden in [
            "http",
            "<script",
            "<link",
            "<iframe",
            "<img",
            "src=",
            "@import",
            "url(",
            "onclick",
            "onload",
            "javascript:",
        ] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn every_plot_has_a_name() {
        let page = sample();
        let plots = page.matches("<svg ").count();
        assert_eq!(plots, 2);
        let named = "<svg role=\"img\" aria-label=\"loss [nats] against time\"";
        assert_eq!(page.matches(named).count(), plots);
    }

    #[test]
    fn every_link_leads_to_one_place() {
        let page = sample();
        let values = |attribute: &str| -> Vec<String> {
            let parts = page.split(attribute).skip(1);
            let value = |part: &str| part.split('"').next().unwrap_or_default().to_owned();
            parts.map(value).collect()
        };
        let ids = values(" id=\"");
        let links = values("href=\"#");
        assert!(links.len() > 5);
        for link in links {
            let places = ids.iter().filter(|id| **id == link).count();
            assert_eq!(places, 1, "#{link}");
        }
        for (i, id) in ids.iter().enumerate() {
            assert!(!ids[..i].contains(id), "two places are called {id}");
        }
    }

    #[test]
    fn two_runs_of_a_target_have_a_place_each() {
        let document = fixture::document("a b");
        assert_eq!(
            ids(&[&document, &document, &document]),
            ["target-a-b", "target-a-b-2", "target-a-b-3"]
        );
    }

    #[test]
    fn a_warning_is_in_words_at_the_top_and_in_its_section() {
        let page = sample();
        let content = page.find("<main").unwrap();
        assert!(page[..content].contains("SURROGATE DATA</strong>"));
        assert_eq!(page[content..].matches("SURROGATE DATA: a8a").count(), 2);
    }

    #[test]
    fn all_parts_that_were_opened_are_closed() {
        let page = sample();
        for tag in [
            "section",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "caption",
            "article",
            "details",
            "summary",
            "figure",
            "figcaption",
            "div",
            "ul",
            "li",
            "p",
            "span",
            "strong",
            "dl",
            "svg",
            "text",
            "nav",
            "main",
            "header",
            "pre",
            "code",
        ] {
            let opened = page.matches(&format!("<{tag} ")).count()
                + page.matches(&format!("<{tag}>")).count();
            let closed = page.matches(&format!("</{tag}>")).count();
            assert_eq!(opened, closed, "<{tag}>");
        }
    }

    #[test]
    fn the_same_reports_are_the_same_bytes() {
        assert_eq!(sample(), sample());
    }
}
