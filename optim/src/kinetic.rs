//! The four kinetic energies of the paper and their (sub)gradients.

use crate::Result;
use crate::error::named;
use candle_core::{D, DType, Tensor};

/// A kinetic energy φ(v), eq. (3) of the paper. Lemma 2 names the method that one Leapfrog step
/// with it recovers:
///
/// | variant | φ(v) | ∂φ(v) | one step is |
/// |---|---|---|---|
/// | `HalfL2Squared` | ½‖v‖₂² | v | gradient descent |
/// | `L2` | ‖v‖₂ | v/‖v‖₂ | normalised gradient descent |
/// | `L1` | ‖v‖₁ | sign(v) | sign gradient descent |
/// | `LInf` | ‖v‖_∞ | sign(v_i) e_i, i = argmax \|v\| | coordinate descent |
///
/// Where a norm has no gradient the following subgradient is taken: 0 at v = 0; for ‖v‖₁ the sign
/// of a zero entry is 0; for ‖v‖_∞ the lowest index wins a tie.
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
}

named!(Kinetic, "kinetic energy",
    Kinetic::HalfL2Squared => "half-l2-squared",
    Kinetic::L2 => "l2",
    Kinetic::L1 => "l1",
    Kinetic::LInf => "linf",
);

impl Kinetic {
    /// φ(v) for a velocity of any shape, read as one vector; summed in f64.
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
        };
        Ok(energy.to_scalar()?)
    }

    /// ∂φ(v), for one velocity `[D]` or for each row of `[W, D]` on its own.
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
        Ok(match self {
            Self::HalfL2Squared => velocity.clone(),
            Self::L2 => normalised(velocity)?,
            Self::L1 => velocity.sign()?,
            Self::LInf => largest_coordinate(velocity)?,
        })
    }
}

impl Kinetic {
    /// As the kernels call it.
    pub(crate) fn of_kernels(self) -> gpu::Energy {
        match self {
            Self::HalfL2Squared => gpu::Energy::HalfL2Squared,
            Self::L2 => gpu::Energy::L2,
            Self::L1 => gpu::Energy::L1,
            Self::LInf => gpu::Energy::LInf,
        }
    }
}

/// v/‖v‖₂ by rows; 0 where v is 0. Divides by the largest entry first, so that squaring neither
/// underflows nor overflows: late in a run velocities are far below f32's √(smallest).
fn normalised(v: &Tensor) -> Result<Tensor> {
    let smallest = match v.dtype() {
        DType::F64 => f64::MIN_POSITIVE,
        _ => f64::from(f32::MIN_POSITIVE),
    };
    let scaled = v.broadcast_div(&v.abs()?.max_keepdim(D::Minus1)?.maximum(smallest)?)?;
    // The scaled row has an entry of size 1 unless it is all zero, so its norm is at least 1.
    let norm = scaled.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?.maximum(1.0)?;
    Ok(scaled.broadcast_div(&norm)?)
}

/// sign(v[i]) e_i by rows, i the first index of the largest |v|.
fn largest_coordinate(v: &Tensor) -> Result<Tensor> {
    let index = v.abs()?.argmax_keepdim(D::Minus1)?;
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
        assert!(error.contains("half-l2-squared, l2, l1, linf"), "{error}");
    }
}
