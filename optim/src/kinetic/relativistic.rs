//! The relativistic kinetic energy, under which no point moves faster than a limit.

use crate::{Error, Result};
use candle_core::{DType, Tensor};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// Holds the speed limit c of [`Kinetic::Relativistic`](crate::Kinetic::Relativistic), in the unit of
/// velocities: finite and positive, so that two are equal, or not, by their values.
///
/// ```
/// use optim::SpeedLimit;
/// assert_eq!(SpeedLimit::new(2.0)?.get(), 2.0);
/// let error = SpeedLimit::new(0.0).unwrap_err().to_string();
/// assert!(error.contains("is 0, but has to be a finite positive number"));
/// # Ok::<(), optim::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpeedLimit(f64);

impl SpeedLimit {
    /// c = 1.
    pub const ONE: Self = Self(1.0);

    /// Makes the limit c.
    ///
    /// # Errors
    /// [`Error::Setting`] if c is not a finite positive number.
    pub fn new(c: f64) -> Result<Self> {
        if !(c.is_finite() && c > 0.0) {
            return Err(out_of_range(c));
        }
        Ok(Self(c))
    }

    /// c.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

fn out_of_range(found: impl ToString) -> Error {
    let name = "the speed limit c of the kinetic energy relativistic:c";
    Error::setting(name, found, "a finite positive number")
}

// It is never NaN.
impl Eq for SpeedLimit {}

// It is never 0, which has two signs.
impl Hash for SpeedLimit {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl fmt::Display for SpeedLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SpeedLimit {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let c = text.parse().map_err(|_| out_of_range(text))?;
        Self::new(c)
    }
}

impl SpeedLimit {
    /// φ = c²(√(1 + ‖v‖²/c²) − 1) from ‖v‖, without the difference, and only with ratios that are at most
    /// 1: what is small is not lost in rounding, and nothing overflows but φ itself.
    pub(crate) fn energy(self, norm: f64) -> f64 {
        let c = self.0;
        if norm <= c {
            norm * (norm / (1.0 + (norm / c).hypot(1.0)))
        } else {
            norm * (c / (c / norm + (c / norm).hypot(1.0)))
        }
    }

    /// ‖∂φ(v)‖ over ‖v‖/`top`, of velocities that were divided by their largest entries `top` > 0 and have
    /// the norms `norm` ≥ 1 then: top·c/√(c² + (top·norm)²), all by ratios that are at most 1.
    pub(crate) fn speed(self, top: &Tensor, norm: &Tensor) -> Result<Tensor> {
        let c = self.0.max(smallest(top.dtype()));
        // Over the larger of c and `top`.
        let limit = (top.recip()? * c)?.minimum(1.0)?;
        let size = ((top / c)?.minimum(1.0)? * norm)?;
        let smaller = top.minimum(c)?;
        Ok((smaller / (limit.sqr()? + size.sqr()?)?.sqrt()?)?)
    }
}

/// The smallest normal number of an element type; that of f32 also for those of half its size.
pub(crate) fn smallest(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => f64::MIN_POSITIVE,
        _ => f64::from(f32::MIN_POSITIVE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kinetic;
    use candle_core::Device;

    fn with(c: f64) -> Kinetic {
        Kinetic::Relativistic(SpeedLimit::new(c).unwrap())
    }

    fn vector(v: &[f64]) -> Tensor {
        Tensor::new(v, &Device::Cpu).unwrap()
    }

    fn gradient(kinetic: Kinetic, v: &[f64]) -> Vec<f64> {
        kinetic.gradient(&vector(v)).unwrap().to_vec1().unwrap()
    }

    fn energy(kinetic: Kinetic, v: &[f64]) -> f64 {
        kinetic.energy(&vector(v)).unwrap()
    }

    fn near(found: f64, wanted: f64) -> bool {
        (found - wanted).abs() <= 1e-15 * wanted.abs()
    }

    #[test]
    fn its_energy_and_gradient_are_the_closed_form() {
        // ‖v‖ = 4 and c = 3, so √(c² + ‖v‖²) = 5.
        let v = [0.0, 4.0];
        assert!(near(energy(with(3.0), &v), 6.0));
        assert_eq!(gradient(with(3.0), &v), [0.0, 2.4]);
        // ‖v‖ = 3 and c = 4.
        let v = [-3.0, 0.0];
        assert!(near(energy(with(4.0), &v), 4.0));
        assert!(near(gradient(with(4.0), &v)[0], -2.4));
    }

    #[test]
    fn for_velocities_far_below_the_limit_it_is_half_the_square() {
        let v = [0.6, -0.8];
        for c in [1e9, 1e200, f64::MAX] {
            let squared = Kinetic::HalfL2Squared;
            assert!(near(energy(with(c), &v), energy(squared, &v)), "{c}");
            for (found, wanted) in gradient(with(c), &v).into_iter().zip(v) {
                assert!(near(found, wanted), "{c}");
            }
        }
        let rest = [1e-150, 0.0];
        assert!(near(energy(with(1.0), &rest), 5e-301), "not lost in 1 − 1");
    }

    #[test]
    fn for_velocities_far_above_the_limit_it_is_the_norm_at_the_limits_speed() {
        let v = [0.6, -0.8];
        for c in [1e-20, 1e-200, f64::MIN_POSITIVE] {
            assert!(near(energy(with(c), &v), c), "{c}");
            let unit = gradient(Kinetic::L2, &v);
            for (found, unit) in gradient(with(c), &v).into_iter().zip(unit) {
                assert!(near(found, c * unit), "{c}");
            }
        }
    }

    #[test]
    fn at_rest_it_is_exactly_0_and_no_velocity_overflows() {
        for c in [f64::MIN_POSITIVE, 1e-3, 1.0, 1e3, f64::MAX] {
            assert_eq!(energy(with(c), &[0.0; 3]), 0.0, "{c}");
            assert_eq!(gradient(with(c), &[0.0; 3]), [0.0; 3], "{c}");
        }
        let fast = [3e300, -4e300];
        assert!(near(energy(with(2.0), &fast), 1e301));
        assert!(near(gradient(with(2.0), &fast)[1], -1.6));
        // 10⁴ entries whose norm is no number of f32, under limits that are none either.
        let many = Tensor::full(3e38f32, 10_000, &Device::Cpu).unwrap();
        for (c, wanted) in [(1e-3, 1e-5), (1e-300, 0.0), (1e300, 3e38)] {
            let found: Vec<f32> = with(c).gradient(&many).unwrap().to_vec1().unwrap();
            let apart = (f64::from(found[0]) - wanted).abs();
            assert!(apart <= 1e-6 * wanted + 1e-38, "{c}: {}", found[0]);
        }
    }

    #[test]
    fn no_velocity_moves_faster_than_the_limit() {
        for (c, size) in [(0.5, 0.1), (0.5, 1e3), (3.0, 4.0), (1e-6, 1.0)] {
            let v = [size, -2.0 * size, 0.3 * size];
            let norm = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>().sqrt();
            let speed = norm(&gradient(with(c), &v));
            assert!(
                speed <= c * (1.0 + 1e-15) && speed < norm(&v),
                "{speed} {c}"
            );
        }
    }

    #[test]
    fn its_gradient_is_that_of_its_energy_below_and_above_the_limit() {
        let v = [0.7, -0.2, 0.4];
        for c in [0.05, 0.5, 0.83, 2.0, 40.0] {
            for (i, found) in gradient(with(c), &v).into_iter().enumerate() {
                let at = |h: f64| {
                    let mut u = v;
                    u[i] += h;
                    energy(with(c), &u)
                };
                let numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!((numeric - found).abs() < 1e-8, "c = {c}, coordinate {i}");
            }
        }
    }

    #[test]
    fn a_limit_that_is_none_is_refused_in_words() {
        for c in ["0", "-1", "inf", "NaN", "fast", ""] {
            let error = format!("relativistic:{c}").parse::<Kinetic>().unwrap_err();
            assert!(matches!(error, Error::Setting { .. }), "{error}");
            let said = format!("is {c}, but has to be a finite positive number");
            assert!(error.to_string().contains(&said), "{error}");
        }
    }

    #[test]
    fn equal_limits_are_one_key_of_a_map() {
        let limits = [1.0, 2.0, 1.0].map(|c| SpeedLimit::new(c).unwrap());
        let distinct: std::collections::HashSet<SpeedLimit> = limits.into_iter().collect();
        assert_eq!(distinct.len(), 2);
        assert_eq!(limits[1].get(), 2.0);
    }
}
