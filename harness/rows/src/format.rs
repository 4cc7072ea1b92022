//! Shows numbers as text: the one place that knows how many digits a number has, and which unit stands behind it.

use crate::statistics::{Interval, median};

/// How a number is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Without decimals: `12`.
    Whole,
    /// With this many decimals: `0.50`.
    Fixed(usize),
    /// With at most this many decimals, without idle zeros: `0.5`.
    UpTo(usize),
    /// With all its digits: `0.001`.
    Exact,
    /// As a power of ten with this many decimals: `1e-4`; zero is `0`.
    Power(usize),
    /// Four significant digits, without idle zeros: `0.3012`, `3.20e-9`.
    Significant,
    /// Three decimals without idle zeros, or a power of ten where those do not suit: `0.125`, `1.3e-9`.
    Short,
    /// Three decimals, or a power of ten below a hundredth: `0.500`, `5.0e-3`.
    Energy,
    /// Two significant digits of a number that is known no better: `960000`.
    Rough,
    /// Times: `2.16x`.
    Ratio,
    /// Hundredths with this many decimals: `97 %`.
    Percent(usize),
    /// Hundredths with a sign: `+3 %`.
    Change,
    /// Seconds with three significant digits, or thousandths or millionths where there are none: `1.20 s`, `305 ms`.
    Seconds,
    /// Bytes, in thousands or millions: `1.2 MB`.
    Bytes,
    /// Bytes, in units of 2³⁰: `8.0 GiB`.
    Gibibytes,
}

impl Format {
    /// Shows a number.
    ///
    /// ```
    /// use rows::format::Format;
    /// assert_eq!(Format::Percent(1).show(0.1234), "12.3 %");
    /// ```
    #[must_use]
    pub fn show(self, value: f64) -> String {
        let size = value.abs();
        match self {
            Self::Whole => format!("{value:.0}"),
            Self::Fixed(decimals) => format!("{value:.decimals$}"),
            Self::UpTo(decimals) => without_idle_zeros(format!("{value:.decimals$}")),
            Self::Exact => value.to_string(),
            Self::Power(_) | Self::Significant | Self::Short if value == 0.0 => "0".into(),
            Self::Power(decimals) => format!("{value:.decimals$e}"),
            Self::Significant if !(1e-4..1e6).contains(&size) => format!("{value:.2e}"),
            Self::Significant => {
                let decimals = (3 - size.log10().floor() as i32).max(0) as usize;
                without_idle_zeros(format!("{value:.decimals$}"))
            }
            Self::Short if !(1e-2..1e4).contains(&size) => format!("{value:.1e}"),
            Self::Short => without_idle_zeros(format!("{value:.3}")),
            Self::Energy if size < 1e-2 => format!("{value:.1e}"),
            Self::Energy => format!("{value:.3}"),
            Self::Rough => {
                let digit = 10_f64.powf(value.log10().floor() - 1.0);
                format!("{:.0}", (value / digit).round() * digit)
            }
            Self::Ratio => format!("{value:.2}x"),
            Self::Percent(decimals) => format!("{:.decimals$} %", 100.0 * value),
            Self::Change => format!("{:+.0} %", 100.0 * value),
            Self::Seconds if value >= 9.995 => format!("{value:.1} s"),
            Self::Seconds if value >= 0.9995 => format!("{value:.2} s"),
            Self::Seconds if value == 0.0 => "0 s".into(),
            Self::Seconds if value.abs() >= 0.999_5e-3 => {
                format!("{} ms", three_digits(1e3 * value))
            }
            Self::Seconds => format!("{} µs", three_digits(1e6 * value)),
            Self::Bytes if value >= 1e6 => format!("{:.1} MB", value / 1e6),
            Self::Bytes => format!("{:.1} kB", value / 1e3),
            Self::Gibibytes => format!("{:.1} GiB", value / f64::from(1 << 30)),
        }
    }

    /// Shows a median with its interval, whose ends have no unit.
    ///
    /// ```
    /// use rows::{format::Format, statistics::Interval};
    /// let interval = Interval { median: 2.0, low: 1.5, high: 2.25 };
    /// assert_eq!(Format::Ratio.interval(interval), "2.00x [1.50, 2.25]");
    /// ```
    #[must_use]
    pub fn interval(self, interval: Interval) -> String {
        let bare = match self {
            Self::Ratio => Self::Fixed(2),
            other => other,
        };
        let (low, high) = (bare.show(interval.low), bare.show(interval.high));
        format!("{} [{low}, {high}]", self.show(interval.median))
    }

    /// Shows the median, with the least and the largest in brackets where those are shown otherwise; nothing of
    /// nothing.
    ///
    /// ```
    /// use rows::format::Format;
    /// assert_eq!(Format::Whole.spread(&[1.0, 3.0, 2.0]), "2 [1, 3]");
    /// assert_eq!(Format::Fixed(1).spread(&[1.01, 1.02]), "1.0");
    /// ```
    #[must_use]
    pub fn spread(self, values: &[f64]) -> String {
        let Some(middle) = median(values) else {
            return String::new();
        };
        let low = self.show(values.iter().copied().fold(f64::INFINITY, f64::min));
        let high = self.show(values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        let middle = self.show(middle);
        if low == high {
            middle
        } else {
            format!("{middle} [{low}, {high}]")
        }
    }
}

/// Shows a number below a thousand with three significant digits.
fn three_digits(value: f64) -> String {
    let decimals = match value.abs() {
        99.95.. => 0,
        9.995.. => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

/// Shows a multiple of `step` on an axis whose numbers are no larger than `largest`, with no more digits than it
/// needs.
#[must_use]
pub fn multiple(value: f64, step: f64, largest: f64) -> String {
    let digit = (step.log10() + 1e-9).floor() as i32;
    if value.abs() < step / 2.0 {
        "0".into()
    } else if !(-4..5).contains(&digit) || largest >= 1e6 {
        let digits = (value.abs().log10() + 1e-9).floor() as i32 - digit;
        let text = format!("{value:.0$e}", digits.max(0) as usize);
        match text.split_once('e') {
            Some((digits, power)) => format!("{}e{power}", without_idle_zeros(digits.into())),
            None => text,
        }
    } else {
        format!("{value:.0$}", (-digit).max(0) as usize)
    }
}

/// Shows a number as it is, in its shorter form, without the noise of its last bits.
#[must_use]
pub fn shortest(value: f64) -> String {
    let value = format!("{value:.9e}").parse().unwrap_or(value);
    let (decimal, scientific) = (format!("{value}"), format!("{value:e}"));
    if decimal.len() <= 5 || decimal.len() <= scientific.len() {
        decimal
    } else {
        scientific
    }
}

/// Leaves out zeros that say nothing: 1.50 is 1.5, and 1.0 is 1.
#[must_use]
pub fn without_idle_zeros(text: String) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn significant_numbers_have_four_digits_and_no_idle_zeros() {
        let shown =
            [0.01, 0.301_234, 12_345.6, 100.0, 3.2e-9, 0.0].map(|v| Format::Significant.show(v));
        assert_eq!(shown, ["0.01", "0.3012", "12346", "100", "3.20e-9", "0"]);
    }

    #[test]
    fn seconds_have_three_digits() {
        let shown = [0.3051, 1.2, 12.34, 403.1].map(|v| Format::Seconds.show(v));
        assert_eq!(shown, ["305 ms", "1.20 s", "12.3 s", "403.1 s"]);
        let small = [0.0999, 0.009_996, 0.001_234, 0.000_999_4, 4.2e-6, 0.0];
        let shown = small.map(|v| Format::Seconds.show(v));
        assert_eq!(
            shown,
            ["99.9 ms", "10.0 ms", "1.23 ms", "999 µs", "4.20 µs", "0 s"]
        );
    }

    #[test]
    fn small_numbers_are_shown_by_their_power_of_ten() {
        assert_eq!(Format::Short.show(1.3e-9), "1.3e-9");
        assert_eq!(Format::Energy.show(0.005), "5.0e-3");
        assert_eq!(Format::Power(0).show(1.2e-4), "1e-4");
        assert_eq!(Format::UpTo(4).show(0.2), "0.2");
        assert_eq!(Format::Rough.show(963_674.7), "960000");
    }
}
