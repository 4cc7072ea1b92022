//! What every number of a plan may be: one table for each kind of experiment, looked at before
//! anything is allocated or run.
//!
//! The bounds are no policy of an experiment, which stands in YAML: they keep out what cannot be
//! meant, what no machine can hold, and what is no number.

mod tables;

pub use tables::{CLAIMS, HEAD, REGISTRY, of_kind};

use anyhow::{Result, ensure};
use datasets::yaml::{Located, numbers};
use serde_yaml::Value;
use std::fmt;

/// The numbers that a key may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowed {
    low: f64,
    high: f64,
    /// Whether `low` itself is left out.
    above: bool,
    /// Whether `high` itself is left out.
    below: bool,
    /// Whether it has to be a whole number.
    whole: bool,
}

/// The largest size of a number that is not otherwise bounded. It leaves room for runs that blow
/// up, which are rows, and none for what is next to the largest number there is.
pub const LARGEST: f64 = 1e200;

/// Any number that is not absurd.
pub const REAL: Allowed = Allowed::within(-LARGEST, LARGEST);
/// Such as a step size.
pub const POSITIVE: Allowed = Allowed::within(0.0, LARGEST).above();
/// Such as a tolerance.
pub const NON_NEGATIVE: Allowed = Allowed::within(0.0, LARGEST);

impl Allowed {
    /// A real number from `low` to `high`.
    #[must_use]
    pub const fn within(low: f64, high: f64) -> Self {
        Self {
            low,
            high,
            above: false,
            below: false,
            whole: false,
        }
    }

    /// A whole number from `least` to `most`.
    #[must_use]
    pub const fn count(least: u64, most: u64) -> Self {
        Self {
            whole: true,
            ..Self::within(least as f64, most as f64)
        }
    }

    /// Without the lower end.
    #[must_use]
    pub const fn above(self) -> Self {
        Self {
            above: true,
            ..self
        }
    }

    /// Without the upper end.
    #[must_use]
    pub const fn below(self) -> Self {
        Self {
            below: true,
            ..self
        }
    }

    /// Whether it allows a number. It never allows what is not finite.
    #[must_use]
    pub fn allows(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
            && !(self.above && value == self.low)
            && !(self.below && value == self.high)
            && !(self.whole && value.fract() != 0.0)
    }

    /// Whether only whole numbers are.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.whole
    }

    /// Writes itself into the JSON Schema of a number.
    pub fn write_into(self, schema: &mut serde_json::Value) {
        let number = |value: f64| match self.whole {
            true => serde_json::json!(value as u64),
            false => serde_json::json!(value),
        };
        // The bounds that stand for none would only be in the way of who reads them.
        if self.low != -LARGEST {
            let key = if self.above {
                "exclusiveMinimum"
            } else {
                "minimum"
            };
            schema[key] = number(self.low);
        }
        if self.high != LARGEST {
            let key = if self.below {
                "exclusiveMaximum"
            } else {
                "maximum"
            };
            schema[key] = number(self.high);
        }
        if self.whole {
            schema["type"] = match &schema["type"] {
                serde_json::Value::Array(_) => serde_json::json!(["integer", "null"]),
                _ => "integer".into(),
            };
        }
    }

    /// Refuses what it does not allow, by its key.
    ///
    /// # Errors
    /// If it does not.
    pub fn check(self, key: &str, value: f64) -> Result<()> {
        ensure!(self.allows(value), "{key} is {value}, but has to be {self}");
        Ok(())
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { low, high, .. } = self;
        if self.whole && *high >= u64::MAX as f64 {
            return write!(f, "a whole number from {low} on, of 64 bits");
        }
        if self.whole {
            return write!(f, "a whole number from {low} to {high}");
        }
        let low = match *low {
            0.0 if self.above => "a positive number".to_owned(),
            low if low == -LARGEST => "a number".to_owned(),
            low if self.above => format!("a number above {low}"),
            low => format!("a number from {low} on"),
        };
        let end = if self.below { "below" } else { "at most" };
        match *high {
            high if high == LARGEST => write!(f, "{low}, at most {high:e}"),
            high => write!(f, "{low}, {end} {high}"),
        }
    }
}

/// What the numbers at some keys may be. A pattern is the keys joined by points: `*` stands for
/// any one key, a leading `**` for any number of them, and places in lists are left out.
pub type NumberTable = &'static [(&'static str, Allowed)];

/// What a table says of a number; the first pattern that fits.
#[must_use]
pub fn declared(tables: &[NumberTable], located: &Located<'_>) -> Option<Allowed> {
    declared_at(tables, &located.keys)
}

/// What a table says of a number at these keys.
#[must_use]
pub fn declared_at(tables: &[NumberTable], keys: &[String]) -> Option<Allowed> {
    let fits = |pattern: &str| {
        let keys = keys.iter().map(String::as_str);
        let (pattern, keys): (Vec<&str>, Vec<&str>) =
            (pattern.split('.').collect(), keys.collect());
        let (pattern, keys) = match pattern.split_first() {
            Some((&"**", rest)) if keys.len() >= rest.len() => {
                (rest, &keys[keys.len() - rest.len()..])
            }
            _ => (&pattern[..], &keys[..]),
        };
        let same = |(pattern, key): (&&str, &&str)| *pattern == "*" || pattern == key;
        pattern.len() == keys.len() && pattern.iter().zip(keys).all(same)
    };
    let all = tables.iter().copied().flatten();
    all.clone()
        .find(|(pattern, _)| fits(pattern))
        .map(|(_, allowed)| *allowed)
}

/// Refuses every number that its table does not allow, and, of those in no table, every one that is
/// not finite.
///
/// # Errors
/// The first such number, by its place, with what it may be.
pub fn check(tables: &[NumberTable], value: &Value) -> Result<()> {
    for located in numbers(value) {
        let (place, number) = (&located.place, located.number);
        let allowed = declared(tables, &located);
        let fits = number.as_f64().is_some_and(|value| match allowed {
            // 20.0 and 1e18 are not counts, whatever their value.
            Some(allowed) => allowed.allows(value) && !(allowed.whole && number.is_f64()),
            None => value.is_finite(),
        });
        let wanted = allowed.map_or_else(|| "finite".to_owned(), |allowed| allowed.to_string());
        ensure!(fits, "{place} is {number}, but has to be {wanted}");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
