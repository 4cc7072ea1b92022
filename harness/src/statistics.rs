//! Medians, and intervals of paired ratios.

use rand::Rng;
use rand_chacha::ChaCha20Rng;

/// The middle value; the mean of the two middle ones of an even number. `None` of nothing.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

/// A median with its bootstrap percentile interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The median of the pairs' ratios.
    pub median: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

/// The median of a_i / b_i over pairs measured next to each other in time, with its bootstrap
/// percentile interval at `confidence` (0.95, say).
///
/// Pairs, because a machine's speed drifts: what happens to both halves of a pair cancels in
/// their ratio. With few pairs the interval is coarse: of three, it is the smallest and the
/// largest. `None` without pairs.
#[must_use]
pub fn paired_ratio(
    pairs: &[(f64, f64)],
    resamples: usize,
    confidence: f64,
    rng: &mut ChaCha20Rng,
) -> Option<Interval> {
    let ratios: Vec<f64> = pairs.iter().map(|(a, b)| a / b).collect();
    let center = median(&ratios)?;
    let mut medians: Vec<f64> = (0..resamples)
        .filter_map(|_| {
            let draw = |_| ratios[(rng.next_u64() % ratios.len() as u64) as usize];
            median(&(0..ratios.len()).map(draw).collect::<Vec<_>>())
        })
        .collect();
    medians.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let index = (share * (medians.len().saturating_sub(1)) as f64).round() as usize;
        medians.get(index).copied().unwrap_or(center)
    };
    let tail = (1.0 - confidence) / 2.0;
    Some(Interval {
        median: center,
        low: at(tail),
        high: at(1.0 - tail),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn interval(pairs: &[(f64, f64)]) -> Interval {
        paired_ratio(pairs, 2000, 0.95, &mut ChaCha20Rng::seed_from_u64(1)).unwrap()
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn a_drift_that_both_halves_of_a_pair_share_does_not_widen_the_interval() {
        let drifting: Vec<(f64, f64)> = (1..=9)
            .map(|i| (2.0 * f64::from(i), f64::from(i)))
            .collect();
        assert_eq!(
            interval(&drifting),
            Interval {
                median: 2.0,
                low: 2.0,
                high: 2.0
            }
        );
    }

    #[test]
    fn the_interval_covers_the_median_and_widens_with_the_spread() {
        let narrow: Vec<(f64, f64)> = (0..9).map(|i| (2.0 + 0.01 * f64::from(i), 1.0)).collect();
        let wide: Vec<(f64, f64)> = (0..9).map(|i| (2.0 + 0.1 * f64::from(i), 1.0)).collect();
        let (narrow, wide) = (interval(&narrow), interval(&wide));
        for i in [narrow, wide] {
            assert!(i.low <= i.median && i.median <= i.high && i.low < i.high);
        }
        assert!(wide.high - wide.low > 5.0 * (narrow.high - narrow.low));
    }

    #[test]
    fn nothing_measured_gives_no_interval() {
        assert_eq!(
            paired_ratio(&[], 10, 0.95, &mut ChaCha20Rng::seed_from_u64(1)),
            None
        );
    }
}
