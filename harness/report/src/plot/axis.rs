//! Axes, and where they begin and end.

/// An axis of a figure's panels.
#[derive(Clone, Debug, Default)]
pub struct Axis {
    /// What it shows, with its unit.
    pub label: String,
    /// How values become places.
    pub scale: Scale,
    /// Whether a linear axis reaches zero in any case; an x axis always does.
    pub zero: bool,
}

/// How values become places on an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equal distances.
    #[default]
    Linear,
    /// Equal ratios are equal distances; what is not positive is not shown.
    Log,
}

impl Axis {
    /// Makes a linear axis.
    #[must_use]
    pub fn linear(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            ..Self::default()
        }
    }

    /// Makes a logarithmic axis.
    #[must_use]
    pub fn log(label: impl Into<String>) -> Self {
        Self {
            scale: Scale::Log,
            ..Self::linear(label)
        }
    }

    /// Makes it reach zero, also if all values are far from it.
    #[must_use]
    pub fn with_zero(mut self) -> Self {
        self.zero = true;
        self
    }

    /// Finds the ends that these values need, and zero if asked for; `None` if it can show none of them.
    pub(super) fn range(&self, values: impl Iterator<Item = f64>, zero: bool) -> Option<Range> {
        let mut low = f64::INFINITY;
        let mut high = f64::NEG_INFINITY;
        for value in values.filter_map(|v| self.scale.apply(v)) {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            return None;
        }
        let zero = self.scale == Scale::Linear && (self.zero || zero);
        if zero {
            low = low.min(0.0);
            high = high.max(0.0);
        }
        let room = match self.scale {
            _ if high > low => 0.04 * (high - low),
            Scale::Log => 0.2,
            Scale::Linear if low == 0.0 => 1.0,
            Scale::Linear => 0.05 * low.abs(),
        };
        // An axis that reaches zero from one side only ends there.
        if !(zero && low == 0.0) {
            low -= room;
        }
        if !(zero && high == 0.0 && low < 0.0) {
            high += room;
        }
        Some(Range {
            scale: self.scale,
            low,
            high,
        })
    }
}

impl Scale {
    /// Returns where a value lies, if anywhere.
    fn apply(self, value: f64) -> Option<f64> {
        let placed = match self {
            Self::Linear => value,
            Self::Log if value > 0.0 => value.log10(),
            Self::Log => return None,
        };
        placed.is_finite().then_some(placed)
    }
}

/// The ends of an axis, after its scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    pub scale: Scale,
    pub low: f64,
    pub high: f64,
}

impl Range {
    /// Returns the place of a value: 0 at the beginning, 1 at the end, beyond them outside. `None` if it
    /// has none.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        let placed = self.scale.apply(value)?;
        Some((placed - self.low) / (self.high - self.low))
    }

    /// Returns the place of a band's end, which may lie beyond all places: −∞ and, on a logarithmic axis,
    /// what is not positive, are below; +∞ is above.
    pub(super) fn place_of_end(&self, value: f64) -> Option<f64> {
        if value.is_nan() {
            None
        } else if value == f64::INFINITY {
            Some(2.0)
        } else {
            Some(self.place(value).unwrap_or(-1.0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_that_reaches_zero_ends_there() {
        let zero = Axis::linear("").with_zero();
        assert_eq!(zero.range([2.0, 4.0].into_iter(), false).unwrap().low, 0.0);
        assert_eq!(zero.range([-2.0].into_iter(), false).unwrap().high, 0.0);
        let data = Axis::linear("");
        assert!(data.range([2.0, 4.0].into_iter(), false).unwrap().low > 1.0);
    }

    #[test]
    fn an_axis_of_nothing_is_none() {
        assert!(
            Axis::log("")
                .range([0.0, -1.0].into_iter(), false)
                .is_none()
        );
    }
}
