//! Ranges of numbers that a claim allows.

use super::verdict::{Verdict, short};
use anyhow::{Result, bail, ensure};
use schemars::JsonSchema;
use serde::Deserialize;
use std::fmt;

/// Holds a range as YAML has it: bounds, and by how much they may be missed.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Bounds {
    /// The least number inside.
    pub at_least: Option<f64>,
    /// Numbers above it are inside, itself is not.
    pub above: Option<f64>,
    /// The largest number inside.
    pub at_most: Option<f64>,
    /// Numbers below it are inside, itself is not.
    pub below: Option<f64>,
    /// The one number inside, but for a tolerance.
    pub equals: Option<f64>,
    /// The share of a bound by which it may be missed.
    pub relative_tolerance: Option<f64>,
    /// By how much a bound may be missed.
    pub absolute_tolerance: Option<f64>,
}

/// Marks one end of a range.
#[derive(Clone, Copy, Debug, PartialEq)]
struct End {
    value: f64,
    /// Whether the value itself is outside.
    strict: bool,
}

/// Allows numbers between two ends, of which there is at least one.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(try_from = "Bounds")]
pub struct AllowedRange {
    low: Option<End>,
    high: Option<End>,
}

impl TryFrom<Bounds> for AllowedRange {
    type Error = anyhow::Error;

    fn try_from(bounds: Bounds) -> Result<Self> {
        bounds.validated()
    }
}

impl Bounds {
    /// Makes the range, widened by the tolerance.
    pub(super) fn validated(self) -> Result<AllowedRange> {
        let numbers = [
            ("at_least", self.at_least),
            ("above", self.above),
            ("at_most", self.at_most),
            ("below", self.below),
            ("equals", self.equals),
        ];
        for (key, number) in numbers {
            ensure!(
                number.is_none_or(f64::is_finite),
                "{key} is {number:?}, but has to be a number"
            );
        }
        let tolerances = [
            ("relative_tolerance", self.relative_tolerance),
            ("absolute_tolerance", self.absolute_tolerance),
        ];
        for (key, tolerance) in tolerances {
            ensure!(
                tolerance.is_none_or(|t| t.is_finite() && t >= 0.0),
                "{key} is {tolerance:?}, but has to be 0 or positive"
            );
        }
        let slack = |value: f64| {
            self.relative_tolerance.unwrap_or(0.0) * value.abs()
                + self.absolute_tolerance.unwrap_or(0.0)
        };
        let low = end("at_least", self.at_least, "above", self.above, |v| {
            v - slack(v)
        })?;
        let high = end("at_most", self.at_most, "below", self.below, |v| {
            v + slack(v)
        })?;
        match self.equals {
            Some(value) => {
                ensure!(
                    low.is_none() && high.is_none(),
                    "equals and another bound exclude each other"
                );
                let at = |value| {
                    Some(End {
                        value,
                        strict: false,
                    })
                };
                Ok(AllowedRange {
                    low: at(value - slack(value)),
                    high: at(value + slack(value)),
                })
            }
            None if low.is_none() && high.is_none() => {
                bail!("there is no at_least, above, at_most, below or equals")
            }
            None => {
                let ordered = low.zip(high).is_none_or(|(l, h)| l.value <= h.value);
                ensure!(ordered, "the lower bound is above the upper one");
                let one = low.zip(high).filter(|(l, h)| l.value == h.value);
                ensure!(
                    one.is_none_or(|(l, h)| !l.strict && !h.strict),
                    "no number is above or below its bounds, which are the same"
                );
                Ok(AllowedRange { low, high })
            }
        }
    }
}

fn end(
    loose_key: &str,
    loose: Option<f64>,
    strict_key: &str,
    strict: Option<f64>,
    widened: impl Fn(f64) -> f64,
) -> Result<Option<End>> {
    ensure!(
        loose.is_none() || strict.is_none(),
        "{loose_key} and {strict_key} exclude each other"
    );
    let of = |value, strict| End {
        value: widened(value),
        strict,
    };
    Ok(loose
        .map(|v| of(v, false))
        .or_else(|| strict.map(|v| of(v, true))))
}

impl AllowedRange {
    /// Allows what lies from `low` to `high`, both inside.
    pub fn between(low: f64, high: f64) -> Result<Self> {
        let bounds = Bounds {
            at_least: Some(low),
            at_most: Some(high),
            ..Bounds::default()
        };
        bounds.validated()
    }

    /// Says whether a number is inside. What is no number is not.
    pub fn contains(&self, number: f64) -> bool {
        !number.is_nan() && !self.too_low(number) && !self.too_high(number)
    }

    fn too_low(&self, number: f64) -> bool {
        let outside = |e: End| number < e.value || (e.strict && number == e.value);
        self.low.is_some_and(outside)
    }

    fn too_high(&self, number: f64) -> bool {
        let outside = |e: End| number > e.value || (e.strict && number == e.value);
        self.high.is_some_and(outside)
    }

    /// Says whether an interval is inside, outside, or on both sides.
    pub fn verdict(&self, low: f64, high: f64) -> Verdict {
        if low.is_nan() || high.is_nan() {
            Verdict::Inconclusive
        } else if self.contains(low) && self.contains(high) {
            Verdict::Reproduced
        } else if self.too_low(high) || self.too_high(low) {
            Verdict::NotReproduced
        } else {
            Verdict::Inconclusive
        }
    }

    /// Returns a number infinitely far outside, at the bad end: that of a run that diverged.
    pub fn outside(&self) -> f64 {
        if self.high.is_some() {
            f64::INFINITY
        } else {
            f64::NEG_INFINITY
        }
    }
}

impl fmt::Display for AllowedRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let low = |e: End| {
            let word = if e.strict { "above" } else { "at least" };
            format!("{word} {}", short(e.value))
        };
        let high = |e: End| {
            let word = if e.strict { "below" } else { "at most" };
            format!("{word} {}", short(e.value))
        };
        match (self.low, self.high) {
            (Some(l), Some(h)) if l.value == h.value => write!(f, "{}", short(l.value)),
            (l, h) => {
                let ends: Vec<String> = l.map(low).into_iter().chain(h.map(high)).collect();
                write!(f, "{}", ends.join(" and "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(yaml: &str) -> Result<AllowedRange> {
        serde_yaml::from_str::<Bounds>(yaml)?.validated()
    }

    #[test]
    fn a_tolerance_widens_a_range_and_a_strict_bound_leaves_itself_out() {
        let about = range("{equals: 2, relative_tolerance: 0.1}").unwrap();
        assert!(about.contains(1.81) && about.contains(2.19) && !about.contains(2.21));
        let faster = range("{above: 1}").unwrap();
        assert!(faster.contains(1.01) && !faster.contains(1.0) && !faster.contains(f64::NAN));
        let least = range("{at_least: 2, absolute_tolerance: 0.5}").unwrap();
        assert!(least.contains(1.5) && !least.contains(1.49));
        let both =
            range("{at_most: 10, relative_tolerance: 0.1, absolute_tolerance: 0.5}").unwrap();
        assert!(
            both.contains(11.5) && !both.contains(11.51),
            "one and the other"
        );
        let slower = range("{below: 1}").unwrap();
        assert!(slower.contains(0.99) && slower.contains(-5.0) && !slower.contains(1.0));
        assert!(!slower.contains(1.01));
    }

    #[test]
    fn a_range_is_shown_by_its_bounds_and_one_number_by_itself() {
        for (yaml, shown) in [
            ("{equals: 2}", "2"),
            ("{at_least: 2, at_most: 2}", "2"),
            ("{above: 1, at_most: 2}", "above 1 and at most 2"),
            ("{at_least: 1}", "at least 1"),
            ("{below: 3}", "below 3"),
        ] {
            assert_eq!(range(yaml).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_diverged_is_infinitely_far_at_the_bad_end() {
        let end = |yaml| range(yaml).unwrap().outside();
        assert_eq!(end("{at_most: 2}"), f64::INFINITY);
        assert_eq!(end("{equals: 2}"), f64::INFINITY);
        assert_eq!(end("{above: 2}"), f64::NEG_INFINITY);
    }

    #[test]
    fn an_interval_on_both_sides_decides_nothing() {
        let faster = range("{above: 1}").unwrap();
        assert_eq!(faster.verdict(1.1, 1.2), Verdict::Reproduced);
        assert_eq!(faster.verdict(0.9, 1.2), Verdict::Inconclusive);
        assert_eq!(faster.verdict(0.8, 1.0), Verdict::NotReproduced);
        let between = AllowedRange::between(1.0, 2.0).unwrap();
        assert_eq!(between.verdict(0.5, 2.5), Verdict::Inconclusive);
        assert_eq!(between.verdict(2.1, 2.5), Verdict::NotReproduced);
        assert_eq!(faster.verdict(f64::NAN, 0.5), Verdict::Inconclusive);
        assert_eq!(faster.verdict(0.5, f64::NAN), Verdict::Inconclusive);
    }

    #[test]
    fn a_range_without_bounds_or_with_contrary_ones_is_refused_by_name() {
        for (yaml, key) in [
            ("{}", "at_least"),
            ("{at_least: 1, above: 1}", "above"),
            ("{equals: 1, below: 2}", "equals"),
            ("{at_least: 3, at_most: 2}", "lower bound"),
            ("{above: 2, at_most: 2}", "the same"),
            ("{at_least: 2, below: 2}", "the same"),
            (
                "{equals: 1, relative_tolerance: -0.1}",
                "relative_tolerance",
            ),
            ("{at_leest: 1}", "at_leest"),
        ] {
            let error = range(yaml).unwrap_err().to_string();
            assert!(error.contains(key), "{yaml}: {error}");
        }
    }
}
