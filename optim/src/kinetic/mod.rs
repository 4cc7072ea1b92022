//! The kinetic energies, the paper's four and the relativistic one, and their (sub)gradients.

mod relativistic;

pub use relativistic::SpeedLimit;
pub(crate) use relativistic::smallest;

use crate::{Error, Result};
use candle_core::{D, DType, Tensor};
use std::fmt;
use std::str::FromStr;

/// Chooses the kinetic energy φ(v), eq. (3) of the paper, whose gradient ∂φ(v) is the direction in which
/// the velocity v moves the point.
///
/// Lemma 2 names the method that one Leapfrog step with each of the paper's four recovers; the fifth is
/// that of França et al. (2020), reference 3 of the exposition, and what a step with it is follows in the
/// same way:
///
/// | variant | φ(v) | ∂φ(v) | one Leapfrog step from rest is |
/// |---|---|---|---|
/// | `HalfL2Squared` | ½‖v‖₂² | v | gradient descent with step size θ²/2 |
/// | `L2` | ‖v‖₂ | v/‖v‖₂ | normalised gradient descent with step size θ |
/// | `L1` | ‖v‖₁ | sign(v) | sign gradient descent with step size θ |
/// | `LInf` | ‖v‖_∞ | sign(v_i) e_i, i = argmax \|v\| | coordinate descent with step size θ |
/// | `Relativistic(c)` | c²(√(1 + ‖v‖₂²/c²) − 1) | v/√(1 + ‖v‖₂²/c²) | a gradient step of length below θc |
///
/// `Relativistic(c)` tends to `HalfL2Squared` as c → ∞; for ‖v‖ ≫ c its direction is c times that of
/// `L2`.
///
/// Where a norm has no gradient the following subgradient is taken: 0 at v = 0; for ‖v‖₁ the sign
/// of a zero entry is 0; for ‖v‖_∞ the lowest index wins a tie.
///
/// ```
/// use optim::{Kinetic, SpeedLimit};
/// # fn main() -> optim::Result<()> {
/// let limited: Kinetic = "relativistic:2".parse()?;
/// assert_eq!(limited, Kinetic::Relativistic(SpeedLimit::new(2.0)?));
/// assert_eq!(limited.to_string(), "relativistic:2");
/// assert_eq!("relativistic".parse::<Kinetic>()?, Kinetic::Relativistic(SpeedLimit::ONE));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kinetic {
    /// ½‖v‖₂²
    HalfL2Squared,
    /// ‖v‖₂
    L2,
    /// ‖v‖₁
    L1,
    /// ‖v‖_∞
    LInf,
    /// c²(√(1 + ‖v‖₂²/c²) − 1), under which nothing moves faster than c.
    Relativistic(SpeedLimit),
}

/// The name of the relativistic energy with c = 1; with another c it stands behind a colon.
const RELATIVISTIC: &str = "relativistic";

impl Kinetic {
    /// Lists the paper's four, in its order.
    pub const PAPER: &'static [Self] = &[Self::HalfL2Squared, Self::L2, Self::L1, Self::LInf];

    /// Lists one of every variant: the paper's four, and the relativistic energy with c = 1.
    pub const ALL: &'static [Self] = &[
        Self::HalfL2Squared,
        Self::L2,
        Self::L1,
        Self::LInf,
        Self::Relativistic(SpeedLimit::ONE),
    ];
}

/// Writes its name in text, as `FromStr` reads it.
impl fmt::Display for Kinetic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HalfL2Squared => f.pad("half-l2-squared"),
            Self::L2 => f.pad("l2"),
            Self::L1 => f.pad("l1"),
            Self::LInf => f.pad("linf"),
            Self::Relativistic(c) if *c == SpeedLimit::ONE => f.pad(RELATIVISTIC),
            Self::Relativistic(c) => f.pad(&format!("{RELATIVISTIC}:{c}")),
        }
    }
}

impl FromStr for Kinetic {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(named) = Self::ALL.iter().find(|k| k.to_string() == text) {
            return Ok(*named);
        }
        match text.split_once(':') {
            Some((RELATIVISTIC, c)) => Ok(Self::Relativistic(c.parse()?)),
            _ => Err(Error::Name {
                what: "kinetic energy",
                found: text.to_owned(),
                known: Self::ALL
                    .iter()
                    .map(|k| format!("{k}, "))
                    .collect::<String>()
                    + "relativistic:c",
            }),
        }
    }
}

impl Kinetic {
    /// Computes φ(v) for a velocity of any shape, read as one vector; summed in f64.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn energy(self, velocity: &Tensor) -> Result<f64> {
        let v = velocity.to_dtype(DType::F64)?.flatten_all()?;
        let energy = match self {
            Self::HalfL2Squared => (v.sqr()?.sum_all()? * 0.5)?,
            Self::L2 => v.sqr()?.sum_all()?.sqrt()?,
            Self::L1 => v.abs()?.sum_all()?,
            Self::LInf => v.abs()?.max(0)?,
            Self::Relativistic(c) => {
                let norm = v.to_vec1::<f64>()?.into_iter().fold(0.0, f64::hypot);
                return Ok(c.energy(norm));
            }
        };
        Ok(energy.to_scalar()?)
    }

    /// Computes ∂φ(v), for one velocity `[D]` or for each row of `[W, D]` on its own.
    ///
    /// # Errors
    /// If a tensor operation fails.
    ///
    /// ```
    /// use candle_core::{Device, Tensor};
    /// use optim::Kinetic;
    /// # fn main() -> optim::Result<()> {
    /// let v = Tensor::new(&[3f64, -4.0], &Device::Cpu)?;
    /// assert_eq!(Kinetic::L2.energy(&v)?, 5.0);
    /// assert_eq!(Kinetic::LInf.gradient(&v)?.to_vec1::<f64>()?, [0.0, -1.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn gradient(self, velocity: &Tensor) -> Result<Tensor> {
        match self.gradient_of() {
            GradientOf::Entries(of) => of(velocity),
            GradientOf::Norm(factor) => {
                let (scaled, top, norm) = scaled(velocity)?;
                factor(&top, &norm)?.times(&scaled)
            }
            GradientOf::Largest => largest_coordinate(velocity),
        }
    }

    /// What ∂φ(v) is made of: all that a scope has to know of an energy.
    pub(crate) fn gradient_of(self) -> GradientOf {
        match self {
            Self::HalfL2Squared => GradientOf::Entries(|v| Ok(v.clone())),
            Self::L2 => GradientOf::Norm(Box::new(|_, norm| Ok(Factor::Over(norm.clone())))),
            Self::L1 => GradientOf::Entries(|v| Ok(v.sign()?)),
            Self::LInf => GradientOf::Largest,
            Self::Relativistic(c) => GradientOf::Norm(Box::new(move |top, norm| {
                Ok(Factor::Times(c.speed(top, norm)?))
            })),
        }
    }
}

/// Says what ∂φ(v) is made of.
pub(crate) enum GradientOf {
    /// Of each entry alone.
    Entries(fn(&Tensor) -> Result<Tensor>),
    /// Of v and ‖v‖₂: v over its largest |entry| `top`, by a factor of `top` and of the norm, at least 1,
    /// that it has then.
    Norm(Box<NormFactor>),
    /// Of the first of the largest entries: its sign, there alone.
    Largest,
}

/// Makes the factor of `top` and the norm.
type NormFactor = dyn Fn(&Tensor, &Tensor) -> Result<Factor>;

/// By what an energy of ‖v‖₂ scales v; both are told apart since they round differently.
pub(crate) enum Factor {
    /// Divided by it.
    Over(Tensor),
    /// Multiplied by it.
    Times(Tensor),
}

impl Factor {
    /// Scales v, or a part of it.
    pub(crate) fn times(&self, v: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Self::Over(by) => v.broadcast_div(by)?,
            Self::Times(by) => v.broadcast_mul(by)?,
        })
    }
}

impl Kinetic {
    /// As the kernels call it; `None` of what they do not know, which is left to tensor operations.
    pub(crate) fn of_kernels(self) -> Option<gpu::Energy> {
        match self {
            Self::HalfL2Squared => Some(gpu::Energy::HalfL2Squared),
            Self::L2 => Some(gpu::Energy::L2),
            Self::L1 => Some(gpu::Energy::L1),
            Self::LInf => Some(gpu::Energy::LInf),
            Self::Relativistic(_) => None,
        }
    }
}

/// v by rows over its largest |entry|, that entry, and the norm of what is left, at least 1. Divided so,
/// squaring neither underflows nor overflows: late in a run velocities are far below f32's √(smallest).
fn scaled(v: &Tensor) -> Result<(Tensor, Tensor, Tensor)> {
    let smallest = smallest(v.dtype());
    let top = v.abs()?.max_keepdim(D::Minus1)?.maximum(smallest)?;
    let scaled = v.broadcast_div(&top)?;
    // The scaled row has an entry of size 1 unless it is all zero, so its norm is at least 1.
    let norm = scaled.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?.maximum(1.0)?;
    Ok((scaled, top, norm))
}

/// sign(v[i]) e_i by rows, i the first index of the largest |v|.
fn largest_coordinate(v: &Tensor) -> Result<Tensor> {
    let index = gpu::first_largest(&v.abs()?)?;
    let sign = v.gather(&index, D::Minus1)?.sign()?;
    Ok(v.zeros_like()?.scatter_add(&index, &sign, D::Minus1)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn rows(values: &[[f64; 3]]) -> Tensor {
        let flat: Vec<f64> = values.iter().flatten().copied().collect();
        Tensor::from_vec(flat, (values.len(), 3), &Device::Cpu).unwrap()
    }

    #[test]
    fn each_row_is_treated_on_its_own() {
        let v = rows(&[[3.0, 0.0, -4.0], [0.0, 0.0, 0.0], [1.0, -1.0, 1.0]]);
        let of = |k: Kinetic| k.gradient(&v).unwrap().to_vec2::<f64>().unwrap();
        assert_eq!(of(Kinetic::L2)[0], [0.6, 0.0, -0.8]);
        assert_eq!(of(Kinetic::L1)[2], [1.0, -1.0, 1.0]);
        assert_eq!(of(Kinetic::LInf)[0], [0.0, 0.0, -1.0]);
        for kinetic in Kinetic::ALL {
            assert_eq!(
                of(*kinetic)[1],
                [0.0; 3],
                "at rest nothing moves under {kinetic}"
            );
        }
    }

    #[test]
    fn the_lowest_index_wins_a_tie_of_the_largest_coordinate() {
        let v = rows(&[[1.0, -1.0, 1.0], [0.5, -2.0, 2.0]]);
        let g = Kinetic::LInf
            .gradient(&v)
            .unwrap()
            .to_vec2::<f64>()
            .unwrap();
        assert_eq!(g, [[1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]);
    }

    #[test]
    fn a_velocity_too_small_to_square_is_still_normalised() {
        let v = Tensor::new(&[3e-30f32, -4e-30], &Device::Cpu).unwrap();
        let g = Kinetic::L2.gradient(&v).unwrap().to_vec1::<f32>().unwrap();
        assert!(
            (g[0] - 0.6).abs() < 1e-6 && (g[1] + 0.8).abs() < 1e-6,
            "{g:?}"
        );
    }

    #[test]
    fn the_gradient_is_that_of_the_energy() {
        let v = [0.7, -0.2, 0.4];
        for kinetic in Kinetic::ALL {
            let g = kinetic
                .gradient(&rows(&[v]))
                .unwrap()
                .to_vec2::<f64>()
                .unwrap();
            for i in 0..3 {
                let at = |h: f64| {
                    let mut u = v;
                    u[i] += h;
                    kinetic.energy(&rows(&[u])).unwrap()
                };
                let numeric = (at(1e-6) - at(-1e-6)) / 2e-6;
                assert!((numeric - g[0][i]).abs() < 1e-8, "{kinetic} coordinate {i}");
            }
        }
    }

    #[test]
    fn a_misspelt_name_is_answered_with_the_names_that_exist() {
        let error = "l3".parse::<Kinetic>().unwrap_err().to_string();
        let all = "half-l2-squared, l2, l1, linf, relativistic, relativistic:c";
        assert!(error.contains(all), "{error}");
    }

    #[test]
    fn every_energy_is_read_as_it_is_written() {
        let limited = ["relativistic:2", "relativistic:0.001"].map(|word| word.parse().unwrap());
        for kinetic in Kinetic::ALL.iter().chain(&limited) {
            assert_eq!(kinetic.to_string().parse::<Kinetic>().unwrap(), *kinetic);
        }
        assert_eq!(limited.map(|k| k.to_string())[1], "relativistic:0.001");
        assert_eq!(
            "relativistic:1".parse::<Kinetic>().unwrap(),
            Kinetic::ALL[4]
        );
    }

    #[test]
    fn kernels_know_the_papers_energies_and_no_other() {
        for kinetic in Kinetic::ALL {
            let papers = Kinetic::PAPER.contains(kinetic);
            assert_eq!(kinetic.of_kernels().is_some(), papers, "{kinetic}");
        }
    }
}
