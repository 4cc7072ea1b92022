//! Puts into words why a statement of several claims comes to its verdict, and what would change that.

use super::inline::sentence;
use claims::{ClaimRow, RuleKind, Sentence, Verdict};
use std::fmt::Write;

/// More claims than these are counted and not named.
const NAMED: usize = 3;

/// Returns what the claims of a sentence have in common in what they say, but for those that say something else; or
/// what the first says.
pub(super) fn said<'a>(of: &Sentence<'a>) -> &'a str {
    let first = of.claims[0].says.as_str();
    let shared = |claim: &&ClaimRow| {
        let same = first.char_indices().zip(claim.says.chars());
        let differs = same.into_iter().find(|((_, a), b)| a != b);
        let end = differs.map_or(first.len().min(claim.says.len()), |((at, _), _)| at);
        let whole = match end == first.len() {
            true => end,
            false => first[..end].rfind([' ', ',', '(']).unwrap_or(0),
        };
        first[..whole].trim_end_matches([' ', ',', '(', ':', ';', '…'])
    };
    let heads = of.claims[1..].iter().map(shared);
    let several = heads.filter(|head| head.split_whitespace().count() >= 4);
    several.min_by_key(|head| head.len()).unwrap_or(first)
}

/// Names a claim among those of its sentence: by what it says beyond the others, else by its place.
pub(super) fn named_in(of: &Sentence<'_>, claim: &ClaimRow) -> String {
    let rest = claim.says.strip_prefix(said(of)).unwrap_or_default();
    let rest = rest.trim_matches([' ', ',', '(', ';', '…']);
    let alone = |name: &str| {
        let named = of.claims.iter().filter(|c| c.says.ends_with(name)).count();
        named == 1
    };
    match rest {
        "" => claim.claim.clone(),
        rest if alone(rest) => rest.replace(['(', ')'], ""),
        rest => format!("{}, {}", rest.replace(['(', ')'], ""), claim.target),
    }
}

/// Says how many claims of a sentence hold, and of those that do not which and why, in words for each as `name`
/// writes them; of one claim its own reason.
pub(super) fn why(
    of: &Sentence<'_>,
    name: impl Fn(&ClaimRow) -> String,
    text: impl Fn(&str) -> String,
) -> String {
    if let [only] = &of.claims[..] {
        return text(&sentence(&begun(&only.in_short)));
    }
    let holds = |claim: &&&ClaimRow| matches!(claim.verdict, Verdict::Reproduced | Verdict::Faster);
    let all = of.claims.len();
    let mut said = match of.claims.iter().filter(holds).count() {
        some if some == all => return format!("All {all} claims hold."),
        some => format!("{some} of {all} claims hold"),
    };
    for (word, verdicts) in [
        ("holds in part", [Verdict::Partly, Verdict::Partly]),
        ("fails", [Verdict::NotReproduced, Verdict::EvidenceMissing]),
        ("open", [Verdict::Inconclusive, Verdict::Inconclusive]),
        (
            "not testable here",
            [Verdict::NotTestable, Verdict::NotTestable],
        ),
        ("not run", [Verdict::NotRun, Verdict::NotRun]),
    ] {
        let mine = of
            .claims
            .iter()
            .filter(|claim| verdicts.contains(&claim.verdict));
        let told =
            mine.map(|claim| format!("{} ({})", name(claim), text(beginning(&claim.in_short))));
        let told: Vec<String> = told.collect();
        let more = match told.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        if !told.is_empty() {
            let named = told[..told.len().min(NAMED)].join(", ");
            let _ = write!(said, "; {word}: {named}{more}");
        }
    }
    sentence(&said)
}

/// Returns a reason up to the first part that it names.
fn beginning(in_short: &str) -> &str {
    in_short
        .find("), ")
        .map_or(in_short, |end| &in_short[..=end])
}

/// Begins a text as a sentence does, if it begins with a word.
fn begun(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().filter(|first| first.is_lowercase());
    let word = rest.clone().next().is_some_and(char::is_lowercase);
    match first.filter(|_| word) {
        Some(first) => first.to_uppercase().chain(rest).collect(),
        None => text.to_owned(),
    }
}

/// Says what rows would have to show for the verdict on a sentence to be another: by the claim that decides it.
pub(super) fn change(of: &Sentence<'_>) -> String {
    let holds = |claim: &&&ClaimRow| matches!(claim.verdict, Verdict::Reproduced | Verdict::Faster);
    let not = of.claims.iter().find(|claim| !holds(claim));
    let claim = not.unwrap_or(&of.claims[0]);
    let asks = &claim.asks;
    sentence(&match claim.verdict {
        Verdict::NotTestable if claim.judge == RuleKind::NotTestable => {
            format!("Here: {}", claim.in_short)
        }
        Verdict::Reproduced | Verdict::Faster => format!("Rows in which it is not so that {asks}"),
        Verdict::Partly => format!("It would be reproduced if in all its parts {asks}"),
        Verdict::NotReproduced => format!("Rows in which {asks}"),
        Verdict::Inconclusive => {
            format!("More runs, or quieter ones, whose intervals decide whether {asks}")
        }
        Verdict::Contradiction => {
            format!(
                "A reading by which both places hold, or rows in which it is not so that {asks}"
            )
        }
        Verdict::EvidenceMissing => format!("Rows by which {asks}"),
        Verdict::NotTestable | Verdict::NotRun => {
            format!("Rows that may be judged, and whether in them {asks}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use claims::sentences;

    /// Claims of one sentence.
    fn family(of: &[(&str, Verdict)]) -> Vec<ClaimRow> {
        let one = |(name, verdict): &(&str, Verdict)| ClaimRow {
            claim: format!("beats-{}", name.to_lowercase()),
            sentence: "beats".into(),
            says: format!("HD always beats its counterparts ({name}), by loss"),
            verdict: *verdict,
            in_short: "0.883 against 0.895".into(),
            asks: "loss is lower".into(),
            ..fixture::claims().remove(0)
        };
        of.iter().map(one).collect()
    }

    #[test]
    fn why_a_sentence_holds_in_part_is_said_by_the_claims_that_do_not() {
        use Verdict::{NotReproduced, Reproduced};
        let rows = family(&[
            ("GD", Reproduced),
            ("CD", NotReproduced),
            ("SGD", Reproduced),
        ]);
        let of = &sentences(&rows)[0];
        assert_eq!(said(of), "HD always beats its counterparts");
        let mut other = rows.clone();
        other[1].says = "… except CD".into();
        let apart = said(&sentences(&other)[0]);
        assert_eq!(apart, "HD always beats its counterparts");
        let why = why(of, |claim| named_in(of, claim), str::to_owned);
        assert_eq!(
            why,
            "2 of 3 claims hold; fails: CD, by loss (0.883 against 0.895)."
        );
        assert_eq!(change(of), "Rows in which loss is lower.");
        let rows = family(&[("GD", Reproduced), ("CD", Reproduced)]);
        let of = &sentences(&rows)[0];
        assert_eq!(
            super::why(of, |c| c.claim.clone(), str::to_owned),
            "All 2 claims hold."
        );
        assert_eq!(change(of), "Rows in which it is not so that loss is lower.");
    }

    #[test]
    fn every_verdict_says_what_would_change_it() {
        for verdict in Verdict::ALL {
            let rows = family(&[("GD", verdict)]);
            let told = change(&sentences(&rows)[0]);
            assert!(
                told.contains("loss is lower") && told.ends_with('.'),
                "{told}"
            );
        }
    }
}
