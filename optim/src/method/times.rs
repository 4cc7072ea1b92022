//! Schemes of integration times η_k, the input (η_k) of Algorithms 1 and 2 of the paper.

use crate::{Error, Result};
use std::f64::consts::{FRAC_PI_2, PI};

/// An endless stream of integration times η_1, η_2, … for functions whose curvature lies between
/// μ = `strong_convexity` and L = `smoothness`.
///
/// A flow for the time η multiplies the error along an eigenvector with eigenvalue λ by
/// cos(η√λ): each time decides on which curvature the error is removed altogether.
///
/// ```
/// use optim::IntegrationTimes;
/// # fn main() -> optim::Result<()> {
/// let times: Vec<f64> = IntegrationTimes::chebyshev(1.0, 100.0, 8)?.take(16).collect();
/// assert_eq!(times[..8], times[8..]);
/// assert!(times.iter().all(|time| (0.157..1.571).contains(time)));
/// # Ok(())
/// # }
/// ```
pub struct IntegrationTimes(Scheme);

enum Scheme {
    Cycle {
        times: Vec<f64>,
        next: usize,
    },
    Random {
        mean: f64,
        uniform: Box<dyn FnMut() -> f64 + Send>,
    },
}

impl IntegrationTimes {
    /// Takes the same time for every flow.
    ///
    /// # Errors
    /// If the time is not a positive number.
    pub fn fixed(time: f64) -> Result<Self> {
        if !(time.is_finite() && time > 0.0) {
            return Err(Error::setting(
                "integration_time",
                time,
                "a positive number",
            ));
        }
        Ok(Self::cycle(vec![time]))
    }

    /// Takes η = π/(2√L), a quarter of the period of the fastest oscillation: the longest constant time
    /// for which no eigenvector's error overshoots. With it the idealised method needs about κ
    /// flows, as gradient descent needs steps (Wang, 2024).
    ///
    /// # Errors
    /// If L is not a positive number.
    pub fn constant(smoothness: f64) -> Result<Self> {
        check(smoothness, smoothness)?;
        Self::fixed(FRAC_PI_2 / smoothness.sqrt())
    }

    /// η_k = (π/2)/√r_{σ(k)} with the roots of the Chebyshev polynomial of degree K = `cycle` on
    /// \[μ, L\], r_k = (L + μ)/2 − (L − μ)/2 · cos((k − ½)π/K), and again from the start after K
    /// (Wang and Wibisono, 2023; Wang, 2024). K flows multiply the error by at most
    /// 2ρᴷ/(1 + ρ²ᴷ), ρ = (√κ − 1)/(√κ + 1), because |cos(½π√(λ/r))| ≤ |1 − λ/r|.
    ///
    /// As |cos| ≤ 1 no flow makes any error larger, so unlike the steps of Chebyshev's gradient
    /// method these times may come in any order σ.
    /// They come in Leja's, which starts at L and goes each time to the root that is farthest
    /// from those already used (by the product of the distances): it spreads what any number of
    /// flows removes over all of \[μ, L\], and with gradient steps 1/r_{σ(k)} in place of flows no
    /// error would grow by more than κ on the way.
    ///
    /// # Errors
    /// If not 0 < μ ≤ L or the cycle is empty.
    pub fn chebyshev(strong_convexity: f64, smoothness: f64, cycle: usize) -> Result<Self> {
        check(strong_convexity, smoothness)?;
        if cycle == 0 {
            return Err(Error::setting("cycle", cycle, "at least 1"));
        }
        let (middle, half) = (
            (smoothness + strong_convexity) / 2.0,
            (smoothness - strong_convexity) / 2.0,
        );
        // From the largest root down.
        let roots = (0..cycle)
            .rev()
            .map(|k| middle - half * ((k as f64 + 0.5) * PI / cycle as f64).cos())
            .collect();
        let time = |root: f64| FRAC_PI_2 / root.sqrt();
        Ok(Self::cycle(leja(roots).into_iter().map(time).collect()))
    }

    /// Independent times, exponentially distributed with mean 1/γ, γ = `rate` (Fu and Wibisono,
    /// 2025). `uniform` is a stream of numbers uniform in (0, 1), the caller's, and with it the
    /// seed.
    ///
    /// # Errors
    /// If γ is not a positive number.
    pub fn random(rate: f64, uniform: impl FnMut() -> f64 + Send + 'static) -> Result<Self> {
        if !(rate.is_finite() && rate > 0.0) {
            return Err(Error::setting("rate", rate, "a positive number"));
        }
        Ok(Self(Scheme::Random {
            mean: 1.0 / rate,
            uniform: Box::new(uniform),
        }))
    }

    fn cycle(times: Vec<f64>) -> Self {
        Self(Scheme::Cycle { times, next: 0 })
    }

    /// The next time.
    pub(crate) fn draw(&mut self) -> f64 {
        match &mut self.0 {
            Scheme::Cycle { times, next } => {
                let time = times[*next];
                *next = (*next + 1) % times.len();
                time
            }
            Scheme::Random { mean, uniform } => -*mean * uniform().ln(),
        }
    }
}

impl Iterator for IntegrationTimes {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        Some(self.draw())
    }
}

/// What μ and L have to be.
pub(crate) fn check(strong_convexity: f64, smoothness: f64) -> Result<()> {
    if !(smoothness.is_finite() && smoothness > 0.0) {
        return Err(Error::setting(
            "smoothness",
            smoothness,
            "a positive number",
        ));
    }
    if !(strong_convexity > 0.0 && strong_convexity <= smoothness) {
        return Err(Error::setting(
            "strong_convexity",
            strong_convexity,
            "positive and at most the smoothness",
        ));
    }
    Ok(())
}

/// The numbers in Leja's order: the first one first, and after it always the one whose distances
/// from all before it have the largest product. Products of many distances leave the range of
/// f64, hence logarithms.
fn leja(mut rest: Vec<f64>) -> Vec<f64> {
    let mut products = vec![0.0; rest.len()];
    let mut ordered = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        // The first of equals; a product of −∞ belongs to a number that comes twice (μ = L).
        let mut best = 0;
        for i in 1..rest.len() {
            if products[i] > products[best] {
                best = i;
            }
        }
        let chosen = rest.remove(best);
        products.remove(best);
        for (product, number) in products.iter_mut().zip(&rest) {
            *product += (number - chosen).abs().ln();
        }
        ordered.push(chosen);
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lejas_order_goes_on_with_what_is_farthest_from_all_before_it() {
        // Products of distances: of 0.5 and 0.9 from 0 and 1, 0.25 and 0.09.
        assert_eq!(leja(vec![0.0, 0.9, 0.5, 1.0]), [0.0, 1.0, 0.5, 0.9]);
        // Of equals the first; a number that comes twice is last.
        assert_eq!(leja(vec![0.0, -1.0, 1.0]), [0.0, -1.0, 1.0]);
        assert_eq!(leja(vec![2.0, 2.0, 3.0]), [2.0, 3.0, 2.0]);
    }

    #[test]
    fn what_bounds_the_curvature_is_positive_and_in_order() {
        for (strong_convexity, smoothness, named) in [
            (1.0, 0.0, "smoothness"),
            (1.0, f64::INFINITY, "smoothness"),
            (0.0, 1.0, "strong_convexity"),
            (2.0, 1.0, "strong_convexity"),
        ] {
            let error = check(strong_convexity, smoothness).unwrap_err().to_string();
            assert!(error.starts_with(named), "{error}");
        }
        check(1.0, 1.0).unwrap();
    }

    #[test]
    fn the_constant_time_is_a_quarter_of_the_fastest_period() {
        let mut times = IntegrationTimes::constant(4.0).unwrap();
        assert_eq!(times.draw(), std::f64::consts::FRAC_PI_4);
    }
}
