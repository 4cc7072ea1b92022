//! The words of a verdict, and how several become one.

use std::fmt;
use std::str::FromStr;

/// What a claim comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The rows say what the paper says, noise excluded.
    Reproduced,
    /// Some of what the claim covers holds, the rest does not or is open.
    Partly,
    /// Nothing of what the claim covers holds.
    NotReproduced,
    /// Noise, or too few pairs: the rows allow both.
    Inconclusive,
    /// Two statements of the paper exclude each other, whatever is measured.
    Contradiction,
    /// There are no rows that may say anything about it.
    NotTestable,
}

impl Verdict {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Self; 6] = [
        Self::Reproduced,
        Self::Partly,
        Self::NotReproduced,
        Self::Inconclusive,
        Self::Contradiction,
        Self::NotTestable,
    ];

    /// The word in rows and tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::Partly => "partly",
            Self::NotReproduced => "not reproduced",
            Self::Inconclusive => "inconclusive",
            Self::Contradiction => "paper contradicts itself",
            Self::NotTestable => "not testable here",
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

/// A verdict on one part of a claim: one group, one row, one pair of neighbours.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Which part; empty if the claim has only one.
    pub label: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// The numbers it was judged on.
    pub note: String,
    /// How many pairs were compared; 0 where none were.
    pub pairs: usize,
}

impl Part {
    /// A part without pairs.
    #[must_use]
    pub fn new(label: impl Into<String>, verdict: Verdict, note: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            verdict,
            note: note.into(),
            pairs: 0,
        }
    }
}

/// One verdict of several: reproduced if all parts are, partly if some are, even in part; of
/// parts none of which holds, not reproduced as soon as one is refuted. So an open part never
/// makes a claim pass, and never refutes it.
#[must_use]
pub fn combined(parts: &[Part]) -> (Verdict, String) {
    let any = |word| parts.iter().any(|p| p.verdict == word);
    let verdict = if parts.is_empty() {
        Verdict::NotTestable
    } else if parts.iter().all(|p| p.verdict == Verdict::Reproduced) {
        Verdict::Reproduced
    } else if any(Verdict::Reproduced) || any(Verdict::Partly) {
        Verdict::Partly
    } else if any(Verdict::NotReproduced) {
        Verdict::NotReproduced
    } else if any(Verdict::Inconclusive) {
        Verdict::Inconclusive
    } else {
        Verdict::NotTestable
    };
    let several = parts.len() > 1;
    let text = |p: &Part| match (p.label.is_empty(), several) {
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

/// A number as a note shows it: four significant digits.
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
    let text = format!("{number:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[Verdict]) -> Verdict {
        let parts: Vec<Part> = words.iter().map(|w| Part::new("", *w, "")).collect();
        combined(&parts).0
    }

    #[test]
    fn an_open_part_neither_passes_nor_refutes_a_claim() {
        use Verdict::{Inconclusive, NotReproduced, NotTestable, Partly, Reproduced};
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
        let same = Part::new("GD", Verdict::Reproduced, "gradients 300");
        let (_, note) = combined(&[same.clone(), same]);
        assert_eq!(note, "GD: gradients 300 (reproduced) in 2 rows");
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
