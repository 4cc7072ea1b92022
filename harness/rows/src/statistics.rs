//! Medians, and intervals of paired ratios and differences.

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

/// A straight line, y = at_zero + slope · x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// y at x = 0.
    pub at_zero: f64,
    /// By how much y grows with each x.
    pub slope: f64,
}

impl Line {
    /// The line through points (x, y) with the least sum of squares of what it misses; `None` if they
    /// do not have two different x.
    ///
    /// ```
    /// use rows::statistics::Line;
    /// let line = Line::through(&[(0.0, 1.0), (1.0, 3.5), (2.0, 5.0)]).unwrap();
    /// assert!((line.slope - 2.0).abs() < 1e-12 && (line.at(1.0) - 19.0 / 6.0).abs() < 1e-12);
    /// assert_eq!(Line::through(&[(1.0, 1.0), (1.0, 2.0)]), None);
    /// ```
    #[must_use]
    pub fn through(points: &[(f64, f64)]) -> Option<Self> {
        let count = points.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (x, y) = (mean(|p| p.0), mean(|p| p.1));
        let square: f64 = points.iter().map(|p| (p.0 - x).powi(2)).sum();
        let product: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
        let slope = product / square;
        (square > 0.0).then_some(Self {
            at_zero: y - slope * x,
            slope,
        })
    }

    /// y at an x.
    #[must_use]
    pub fn at(&self, x: f64) -> f64 {
        self.at_zero + self.slope * x
    }
}

/// The power of x with which y goes: the slope of ln y over ln x by least squares; not a number if there
/// are no two different x.
///
/// ```
/// use rows::statistics::power;
/// let cubes = [0.1, 0.2, 0.7].map(|x: f64| (x, 5.0 * x.powi(3)));
/// assert!((power(&cubes) - 3.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn power(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    Line::through(&logs).map_or(f64::NAN, |line| line.slope)
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

/// A mean with its confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanInterval {
    /// The mean.
    pub mean: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

/// The mean of paired differences with its two-sided Student-t interval at `confidence` (0.95,
/// say): mean ± t · s/√n, with n − 1 degrees of freedom.
///
/// `None` of fewer than two differences, which have no spread, or of one that is not finite.
#[must_use]
pub fn paired_difference(differences: &[f64], confidence: f64) -> Option<MeanInterval> {
    if differences.len() < 2 || differences.iter().any(|d| !d.is_finite()) {
        return None;
    }
    let count = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / count;
    let square = |d: &f64| (d - mean).powi(2);
    let variance = differences.iter().map(square).sum::<f64>() / (count - 1.0);
    let half = student_t(confidence, differences.len() - 1) * (variance / count).sqrt();
    Some(MeanInterval {
        mean,
        low: mean - half,
        high: mean + half,
    })
}

/// How often differences that are normal about `boundary` would have a mean at least as far from it as
/// these, on either side: the two-sided p-value of Student's test, which is below 1 − confidence just
/// where the interval of [`paired_difference`] does not reach the boundary.
///
/// `None` where there is no interval.
///
/// ```
/// use rows::statistics::p_value;
/// // Mean 3, s/√n = 0.7071, t = 4.243 with 4 degrees of freedom: 0.0132 (tables).
/// let p = p_value(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.0).unwrap();
/// assert!((p - 0.0132).abs() < 1e-4);
/// ```
#[must_use]
pub fn p_value(differences: &[f64], boundary: f64) -> Option<f64> {
    if differences.len() < 2 || differences.iter().any(|d| !d.is_finite()) {
        return None;
    }
    let count = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / count;
    let square = |d: &f64| (d - mean).powi(2);
    let error = (differences.iter().map(square).sum::<f64>() / (count - 1.0) / count).sqrt();
    let degrees = differences.len() - 1;
    // Without any scatter nothing is left to chance, on the boundary too.
    let t = if error == 0.0 {
        f64::INFINITY
    } else {
        (mean - boundary).abs() / error
    };
    Some(1.0 - student_share((t / (degrees as f64).sqrt()).atan(), degrees))
}

/// The p-values after the procedure of Benjamini and Hochberg (1995): if all below a level count as
/// found, the share of false ones among them is at most that level in the long run.
///
/// ```
/// use rows::statistics::adjusted;
/// // 0.01 · 4/1, 0.02 · 4/2, 0.03 · 4/3 and 0.5: each the least of its own and those after it.
/// assert_eq!(adjusted(&[0.5, 0.01, 0.03, 0.02]), [0.5, 0.04, 0.04, 0.04]);
/// ```
#[must_use]
pub fn adjusted(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut least = 1.0_f64;
    let mut adjusted = vec![1.0; p.len()];
    for (rank, &index) in order.iter().enumerate().rev() {
        least = least.min(p[index] * p.len() as f64 / (rank + 1) as f64);
        adjusted[index] = least;
    }
    adjusted
}

/// The t for which |T| < t has probability `confidence`, T of Student's distribution with a whole
/// number of `degrees` of freedom; by bisection in the angle, which is as exact as the arithmetic.
fn student_t(confidence: f64, degrees: usize) -> f64 {
    let (mut low, mut high) = (0.0, std::f64::consts::FRAC_PI_2);
    loop {
        let middle = (low + high) / 2.0;
        if middle <= low || middle >= high {
            return (degrees as f64).sqrt() * middle.tan();
        }
        if student_share(middle, degrees) < confidence {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// P(|T| < √ν tan θ): the finite sums that there are for whole ν (Abramowitz and Stegun, Handbook
/// of Mathematical Functions, 26.7.3 and 26.7.4).
fn student_share(angle: f64, degrees: usize) -> f64 {
    let (sine, cosine) = angle.sin_cos();
    let odd = degrees % 2 == 1;
    // Terms in cos θ, cos³ θ, … cos^(ν − 2) θ, or in 1, cos² θ, … cos^(ν − 2) θ.
    let mut term = if odd { cosine } else { 1.0 };
    let mut sum = 0.0;
    let mut power = usize::from(odd);
    while power + 2 <= degrees {
        sum += term;
        term *= cosine * cosine * (power + 1) as f64 / (power + 2) as f64;
        power += 2;
    }
    if odd {
        std::f64::consts::FRAC_2_PI * (angle + sine * sum)
    } else {
        sine * sum
    }
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
        assert_eq!(median(&[5.0, 1.0, 9.0, 2.0, 3.0]), Some(3.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn the_ends_of_an_interval_are_the_quantiles_of_the_resamples() {
        // Of three drawn from 1, 2, 3 with replacement the median is 1 in 7 of 27 cases, and 3 in as many.
        let pairs = [(1.0, 1.0), (4.0, 2.0), (9.0, 3.0)];
        let at = |confidence| {
            let mut rng = ChaCha20Rng::seed_from_u64(1);
            let interval = paired_ratio(&pairs, 10_000, confidence, &mut rng).unwrap();
            [interval.low, interval.median, interval.high]
        };
        // Tails of a fourth lie within those seven, tails of 0.3 do not.
        assert_eq!(at(0.5), [1.0, 2.0, 3.0]);
        assert_eq!(at(0.4), [2.0, 2.0, 2.0]);
    }

    #[test]
    fn a_line_misses_its_points_by_the_least_squares() {
        let line = Line::through(&[(1.0, 1.0), (2.0, 3.0), (6.0, 5.0)]).unwrap();
        // Means 3 and 3; products 4 + 0 + 6, squares 4 + 1 + 9.
        assert!((line.slope - 10.0 / 14.0).abs() < 1e-12, "{line:?}");
        assert!((line.at_zero - (3.0 - 30.0 / 14.0)).abs() < 1e-12);
        assert!((line.at(3.0) - 3.0).abs() < 1e-12);
        assert!((line.at(10.0) - 8.0).abs() < 1e-12);
        assert_eq!(Line::through(&[(2.0, 1.0), (2.0, 5.0)]), None);
        assert_eq!(Line::through(&[]), None);
        let squares = [0.5, 2.0, 3.0].map(|x: f64| (x, 7.0 * x * x));
        assert!((power(&squares) - 2.0).abs() < 1e-12);
        assert!(power(&[(2.0, 3.0)]).is_nan());
    }

    #[test]
    fn adjusted_p_values_are_by_rank_and_never_above_those_behind_them() {
        // 0.02 · 5/1, 0.03 · 5/2 and 0.04 · 5/3, of which the last is the least of the three; 0.2 · 5/4; 0.9.
        let adjusted = adjusted(&[0.9, 0.03, 0.2, 0.02, 0.04]);
        let wanted = [0.9, 0.2 / 3.0, 0.25, 0.2 / 3.0, 0.2 / 3.0];
        assert_eq!(adjusted.len(), wanted.len());
        for (found, wanted) in adjusted.iter().zip(wanted) {
            assert!((found - wanted).abs() < 1e-12, "{adjusted:?}");
        }
        assert_eq!(super::adjusted(&[]), [0.0; 0]);
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

    #[test]
    fn students_quantiles_are_those_of_the_tables() {
        // Two-sided, NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2.
        for (confidence, degrees, expected) in [
            (0.95, 1, 12.706),
            (0.95, 2, 4.303),
            (0.95, 3, 3.182),
            (0.95, 4, 2.776),
            (0.9, 7, 1.895),
            (0.95, 30, 2.042),
            (0.99, 9, 3.250),
            (0.95, 100, 1.984),
        ] {
            let t = student_t(confidence, degrees);
            assert!((t - expected).abs() < 6e-4, "{confidence} {degrees}: {t}");
        }
    }

    #[test]
    fn the_interval_of_a_mean_is_students() {
        // Mean 3, s² = 2.5, t(0.975; 4) = 2.776445 (tables): half a width of 2.776445 · √(2.5/5).
        let interval = paired_difference(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.95).unwrap();
        assert_eq!(interval.mean, 3.0);
        assert!((interval.high - 3.0 - 1.963_243).abs() < 1e-5);
        assert!((3.0 - interval.low - 1.963_243).abs() < 1e-5);
        // t(0.95; 1) = 6.313752
        let interval = paired_difference(&[0.0, 2.0], 0.9).unwrap();
        assert!((interval.high - 1.0 - 6.313_752).abs() < 1e-5);
    }

    #[test]
    fn a_p_value_is_below_the_level_just_where_the_interval_leaves_the_boundary_out() {
        let differences = [0.3, 0.1, 0.5, 0.2, 0.6];
        let interval = paired_difference(&differences, 0.95).unwrap();
        for (boundary, decided) in [
            (interval.low - 1e-9, true),
            (interval.low + 1e-9, false),
            (interval.high - 1e-9, false),
            (interval.high + 1e-9, true),
        ] {
            let p = p_value(&differences, boundary).unwrap();
            assert_eq!(p < 0.05, decided, "{boundary}: {p}");
        }
        assert_eq!(p_value(&[0.5; 4], 0.0), Some(0.0));
        assert_eq!(p_value(&[0.5], 0.0), None);
        // Mean 1, error 1: t = 1 with one degree of freedom, beyond which half of it lies.
        assert!((p_value(&[0.0, 2.0], 0.0).unwrap() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn differences_that_are_all_the_same_have_no_width_and_one_alone_has_no_interval() {
        let interval = paired_difference(&[0.5; 4], 0.95).unwrap();
        assert_eq!((interval.low, interval.high), (0.5, 0.5));
        assert_eq!(paired_difference(&[0.5], 0.95), None);
        assert_eq!(paired_difference(&[0.5, f64::INFINITY], 0.95), None);
    }
}
