//! Verdicts, their words, and how several become one.

use rows::format::without_idle_zeros;
use std::fmt;
use std::str::FromStr;

/// Says what a claim comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The rows say what the paper says, noise excluded.
    Reproduced,
    /// Some of what the claim covers holds, the rest does not or is open.
    Partly,
    /// Nothing of what the claim covers holds.
    NotReproduced,
    /// The rows show a larger speedup than the paper states, noise excluded.
    Faster,
    /// Noise, too few pairs, or runs too short: the rows allow both.
    Inconclusive,
    /// Two statements of the paper exclude each other, and what rows can say bears it out.
    Contradiction,
    /// What would bear a contradiction out was not measured, or came out otherwise.
    EvidenceMissing,
    /// There are no rows that may say anything about it.
    #[default]
    NotTestable,
    /// The target whose rows answer it was not run.
    NotRun,
}

impl Verdict {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Self; 9] = [
        Self::Reproduced,
        Self::Faster,
        Self::Partly,
        Self::NotReproduced,
        Self::Inconclusive,
        Self::Contradiction,
        Self::EvidenceMissing,
        Self::NotTestable,
        Self::NotRun,
    ];

    /// Returns the word in rows and tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::Partly => "partly",
            Self::NotReproduced => "not reproduced",
            Self::Faster => "faster than the paper",
            Self::Inconclusive => "inconclusive",
            Self::Contradiction => "paper contradicts itself",
            Self::EvidenceMissing => "evidence missing",
            Self::NotTestable => "not testable here",
            Self::NotRun => "not run",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Verdict {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let found = Self::ALL.into_iter().find(|v| v.word() == text);
        found.ok_or_else(|| anyhow::anyhow!("`{text}` is no verdict"))
    }
}

/// Holds the verdict on one part of a claim: one group, one row, one pair of neighbours.
#[derive(Clone, Debug, PartialEq)]
pub struct PartVerdict {
    /// Which part; empty if the claim has only one.
    pub label: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// The numbers it was judged on.
    pub note: String,
    /// The same in a few words, such as "tail accuracy 0.883 against 0.895, worse".
    pub brief: String,
    /// How many pairs were compared; 0 where none were.
    pub pairs: usize,
    /// The two-sided p-value of the paired comparison that decided it, where one did: how often pairs
    /// without any difference would look as far from the boundary as these.
    pub p: Option<f64>,
    /// The column that was compared, where one was.
    pub metric: String,
    /// The pairs' differences from the boundary that `p` is about. Two comparisons of one metric with the
    /// same of them are one.
    pub apart: Vec<f64>,
    /// Whether another claim has made this comparison already, so that it does not count again.
    pub again: bool,
}

impl PartVerdict {
    /// Makes a part without pairs.
    #[must_use]
    pub fn new(label: impl Into<String>, verdict: Verdict, note: impl Into<String>) -> Self {
        let note: String = note.into();
        Self {
            label: label.into(),
            verdict,
            brief: note.clone(),
            note,
            pairs: 0,
            p: None,
            metric: String::new(),
            apart: vec![],
            again: false,
        }
    }
}

/// Makes one verdict of several: reproduced if all are, partly if some are, even in part; of those none
/// of which holds, not reproduced as soon as one is refuted. So an open one never makes the whole
/// pass, and never refutes it.
#[must_use]
pub fn one_of(verdicts: &[Verdict]) -> Verdict {
    let any = |word| verdicts.contains(&word);
    let holds = |v: &Verdict| matches!(v, Verdict::Reproduced | Verdict::Faster);
    if verdicts.is_empty() {
        Verdict::NotTestable
    } else if verdicts.iter().all(holds) {
        match any(Verdict::Faster) {
            true => Verdict::Faster,
            false => Verdict::Reproduced,
        }
    } else if verdicts.iter().any(holds) || any(Verdict::Partly) {
        Verdict::Partly
    } else if any(Verdict::NotReproduced) {
        Verdict::NotReproduced
    } else if any(Verdict::Inconclusive) {
        Verdict::Inconclusive
    } else if any(Verdict::Contradiction) {
        Verdict::Contradiction
    } else if any(Verdict::EvidenceMissing) {
        Verdict::EvidenceMissing
    } else if verdicts.iter().all(|v| *v == Verdict::NotRun) {
        Verdict::NotRun
    } else {
        Verdict::NotTestable
    }
}

/// Combines the verdicts of several parts, and what they say.
#[must_use]
pub fn combined(parts: &[PartVerdict]) -> (Verdict, String) {
    let verdict = one_of(&parts.iter().map(|p| p.verdict).collect::<Vec<_>>());
    let several = parts.len() > 1;
    let text = |p: &PartVerdict| match (p.label.is_empty(), several) {
        (true, true) => format!("{} ({})", p.note, p.verdict),
        (true, false) => p.note.clone(),
        (false, true) => format!("{}: {} ({})", p.label, p.note, p.verdict),
        (false, false) => format!("{}: {}", p.label, p.note),
    };
    // Many rows with one and the same number are one fact.
    let mut facts: Vec<(String, usize)> = Vec::new();
    for text in parts.iter().map(text) {
        match facts.iter_mut().find(|(known, _)| *known == text) {
            Some((_, count)) => *count += 1,
            None => facts.push((text, 1)),
        }
    }
    let told = |(text, count): (String, usize)| match count {
        1 => text,
        _ => format!("{text} in {count} rows"),
    };
    let note: Vec<String> = facts.into_iter().map(told).collect();
    (verdict, note.join("; "))
}

/// Says why a claim comes to its verdict: how many of its parts hold, and which do not, by what numbers.
#[must_use]
pub fn in_short(parts: &[PartVerdict]) -> String {
    if let [only] = parts {
        return only.brief.clone();
    }
    let holds = |part: &&PartVerdict| matches!(part.verdict, Verdict::Reproduced | Verdict::Faster);
    let mut text = match parts.iter().filter(holds).count() {
        all if all == parts.len() => format!("all {all} hold"),
        some => format!("{some} of {} hold", parts.len()),
    };
    for (word, verdicts) in [
        ("fails", [Verdict::NotReproduced, Verdict::Partly]),
        ("open", [Verdict::Inconclusive, Verdict::Inconclusive]),
        ("cannot be told", [Verdict::NotTestable, Verdict::NotRun]),
    ] {
        let mine = parts.iter().filter(|part| verdicts.contains(&part.verdict));
        let told: Vec<String> = mine
            .map(|part| match part.label.as_str() {
                "" => part.brief.clone(),
                label => format!("{label} ({})", part.brief),
            })
            .collect();
        if !told.is_empty() {
            text += &format!("; {word}: {}", few(&told));
        }
    }
    text
}

/// More parts than these are counted and not named.
const NAMED: usize = 3;

/// Joins the first of several things, and counts the rest.
fn few(all: &[String]) -> String {
    let named = all[..all.len().min(NAMED)].join(", ");
    match all.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// Joins labels with commas, leaving out empty ones.
pub fn joined(labels: &[&str]) -> String {
    let there = labels.iter().copied().filter(|label| !label.is_empty());
    there.collect::<Vec<_>>().join(", ")
}

/// Shows a number as a note does: four significant digits.
#[must_use]
pub fn short(number: f64) -> String {
    let size = number.abs();
    if number == 0.0 || !number.is_finite() {
        return format!("{number}");
    }
    if !(1e-3..1e6).contains(&size) {
        return format!("{number:.2e}");
    }
    let decimals = (3 - size.log10().floor() as i32).max(0) as usize;
    without_idle_zeros(format!("{number:.decimals$}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::one_of as of;

    #[test]
    fn an_open_part_neither_passes_nor_refutes_a_claim() {
        use Verdict::{Faster, Inconclusive, NotReproduced, NotTestable, Partly, Reproduced};
        assert_eq!(of(&[Reproduced, Faster]), Faster);
        assert_eq!(of(&[Faster, NotReproduced]), Partly);
        assert_eq!(of(&[Reproduced, Reproduced]), Reproduced);
        assert_eq!(of(&[Reproduced, Inconclusive]), Partly);
        assert_eq!(of(&[Reproduced, NotReproduced]), Partly);
        assert_eq!(of(&[Partly, NotReproduced]), Partly);
        assert_eq!(of(&[Inconclusive, NotReproduced]), NotReproduced);
        assert_eq!(of(&[Inconclusive, NotTestable]), Inconclusive);
        assert_eq!(of(&[]), NotTestable);
    }

    #[test]
    fn rows_that_say_the_same_are_told_once() {
        let same = PartVerdict::new("GD", Verdict::Reproduced, "gradients 300");
        let (_, note) = combined(&[same.clone(), same]);
        assert_eq!(note, "GD: gradients 300 (reproduced) in 2 rows");
    }

    #[test]
    fn a_part_is_told_with_its_verdict_only_beside_others_and_once_without_a_count() {
        let part = |label: &str| PartVerdict::new(label, Verdict::Reproduced, "2 of 3");
        let told = |parts: &[PartVerdict]| combined(parts).1;
        assert_eq!(told(&[part("")]), "2 of 3");
        assert_eq!(told(&[part("GD")]), "GD: 2 of 3");
        let both = told(&[part("GD"), part("")]);
        assert_eq!(both, "GD: 2 of 3 (reproduced); 2 of 3 (reproduced)");
    }

    #[test]
    fn why_a_claim_holds_in_part_is_said_at_once() {
        let part = |label: &str, verdict| PartVerdict::new(label, verdict, "0.883 against 0.895");
        let short = |verdicts: &[Verdict]| {
            let parts = verdicts.iter().zip(["a", "b", "c", "d", "e", "f"]);
            in_short(&parts.map(|(v, label)| part(label, *v)).collect::<Vec<_>>())
        };
        use Verdict::{Inconclusive, NotReproduced, NotTestable, Reproduced};
        assert_eq!(short(&[Reproduced; 3]), "all 3 hold");
        assert_eq!(
            short(&[Reproduced, NotReproduced, Inconclusive, NotTestable]),
            "1 of 4 hold; fails: b (0.883 against 0.895); open: c (0.883 against 0.895); \
             cannot be told: d (0.883 against 0.895)"
        );
        assert!(short(&[NotReproduced; 6]).ends_with(" and 3 more"));
        assert_eq!(short(&[NotReproduced]), "0.883 against 0.895");
    }

    #[test]
    fn what_was_not_run_is_a_state_of_its_own_and_keeps_the_rest_from_passing() {
        use Verdict::{NotRun, NotTestable, Partly, Reproduced};
        assert_eq!(of(&[NotRun, NotRun]), NotRun);
        assert_eq!(of(&[NotRun, NotTestable]), NotTestable);
        assert_eq!(of(&[NotRun, Reproduced]), Partly);
    }

    #[test]
    fn every_word_reads_back() {
        for verdict in Verdict::ALL {
            assert_eq!(verdict.word().parse::<Verdict>().unwrap(), verdict);
        }
        assert!("passed".parse::<Verdict>().is_err());
    }

    #[test]
    fn a_number_is_shown_with_four_digits() {
        let shown = [0.0, 1.0, 1.95349, 60000.0, 0.0123456, 1.234e-7].map(short);
        assert_eq!(
            shown,
            ["0", "1", "1.953", "60000", "0.01235", "1.23e-7"].map(String::from)
        );
    }
}
