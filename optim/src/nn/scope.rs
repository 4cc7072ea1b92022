//! What φ of the paper is when a velocity is spread over the tensors of a network.

use crate::error::named;
use crate::kinetic::{GradientOf, smallest};
use crate::{Kinetic, Result};
use candle_core::{DType, Tensor};

/// Chooses over what a norm-like kinetic energy is taken. For ½‖v‖₂² and ‖v‖₁, whose gradients act on each
/// number alone, both are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Over all variables as one vector: the paper's φ, whose v is in ℝ^D. Under ‖v‖₂ all variables move by
    /// one unit in all, under ‖v‖_∞ one number of one of them moves, and under the relativistic energy the
    /// speed of all variables as one vector is below c.
    #[default]
    Together,
    /// Over each variable on its own: a sum of energies. Under ‖v‖₂ each moves by a unit, under ‖v‖_∞ one
    /// number of each moves, and under the relativistic energy the limit c holds for each.
    PerTensor,
}

named!(Scope, "scope",
    Scope::Together => "together",
    Scope::PerTensor => "per-tensor",
);

impl Scope {
    /// Computes ∂φ at a velocity given as tensors of any shapes, in their shapes. Waits for no device.
    ///
    /// # Errors
    /// If a tensor operation fails.
    ///
    /// ```
    /// use candle_core::{Device, Tensor};
    /// use optim::{Kinetic, nn::Scope};
    /// # fn main() -> optim::Result<()> {
    /// let v = [Tensor::new(&[3f64], &Device::Cpu)?, Tensor::new(&[-4f64], &Device::Cpu)?];
    /// let together = Scope::Together.gradient(Kinetic::L2, &v)?;
    /// assert_eq!(together[1].to_vec1::<f64>()?, [-0.8]);
    /// let apart = Scope::PerTensor.gradient(Kinetic::L2, &v)?;
    /// assert_eq!(apart[1].to_vec1::<f64>()?, [-1.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn gradient(self, kinetic: Kinetic, velocity: &[Tensor]) -> Result<Vec<Tensor>> {
        // Norms of f16 would overflow.
        let of = velocity.first().map(Tensor::dtype);
        if let Some(half @ (DType::F16 | DType::BF16)) = of
            && kinetic != Kinetic::HalfL2Squared
        {
            let wide = velocity.iter().map(|v| Ok(v.to_dtype(DType::F32)?));
            let wide: Vec<Tensor> = wide.collect::<Result<_>>()?;
            let wide = self.gradient(kinetic, &wide)?;
            return wide.iter().map(|v| Ok(v.to_dtype(half)?)).collect();
        }
        let alone = |v: &Tensor| Ok(kinetic.gradient(&v.flatten_all()?)?.reshape(v.shape())?);
        let together = self == Self::Together && velocity.len() > 1;
        match kinetic.gradient_of() {
            GradientOf::Entries(of) => velocity.iter().map(of).collect(),
            GradientOf::Norm(factor) if together => {
                let (scaled, top, norm) = scaled(velocity)?;
                let factor = factor(&top, &norm)?;
                scaled.iter().map(|v| factor.times(v)).collect()
            }
            GradientOf::Largest if together => largest(velocity, alone),
            GradientOf::Norm(_) | GradientOf::Largest => velocity.iter().map(alone).collect(),
        }
    }
}

/// The largest |v| of each tensor, `[tensors]`.
fn sizes(velocity: &[Tensor]) -> Result<Tensor> {
    let size = |v: &Tensor| Ok(v.abs()?.flatten_all()?.max(0)?);
    let sizes: Vec<Tensor> = velocity.iter().map(size).collect::<Result<_>>()?;
    Ok(Tensor::stack(&sizes, 0)?)
}

/// As [`Kinetic::gradient`] divides before it squares: v over its largest |entry|, that entry, and the norm
/// of what is left, at least 1.
fn scaled(velocity: &[Tensor]) -> Result<(Vec<Tensor>, Tensor, Tensor)> {
    let smallest = smallest(velocity[0].dtype());
    let top = sizes(velocity)?.max(0)?.maximum(smallest)?;
    let scaled = velocity.iter().map(|v| Ok(v.broadcast_div(&top)?));
    let scaled: Vec<Tensor> = scaled.collect::<Result<_>>()?;
    let squares = scaled.iter().map(|v| Ok(v.sqr()?.sum_all()?));
    let squares: Vec<Tensor> = squares.collect::<Result<_>>()?;
    let norm = Tensor::stack(&squares, 0)?.sum(0)?.sqrt()?.maximum(1.0)?;
    Ok((scaled, top, norm))
}

/// The sign of the first of the largest entries, in the first tensor that has one.
fn largest(velocity: &[Tensor], alone: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Vec<Tensor>> {
    let which = gpu::first_largest(&sizes(velocity)?)?.squeeze(0)?;
    let of = |(index, v): (usize, &Tensor)| {
        let here = which.eq(index as u32)?.to_dtype(v.dtype())?;
        Ok(alone(v)?.broadcast_mul(&here)?)
    };
    velocity.iter().enumerate().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn velocity() -> Vec<Tensor> {
        let device = &Device::Cpu;
        vec![
            Tensor::new(&[[1f64, -2.0], [0.0, 5.0]], device).unwrap(),
            Tensor::new(&[-5f64, 0.5, 3.0], device).unwrap(),
        ]
    }

    fn flat(all: &[Tensor]) -> Vec<f64> {
        let flat = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f64>().unwrap();
        all.iter().flat_map(flat).collect()
    }

    #[test]
    fn together_is_the_gradient_at_all_numbers_as_one_vector() {
        let whole = Tensor::new(flat(&velocity()), &Device::Cpu).unwrap();
        for &kinetic in Kinetic::ALL {
            let found = Scope::Together.gradient(kinetic, &velocity()).unwrap();
            let wanted = kinetic.gradient(&whole).unwrap().to_vec1::<f64>().unwrap();
            for (found, wanted) in flat(&found).iter().zip(&wanted) {
                assert!((found - wanted).abs() < 1e-15, "{kinetic}");
            }
        }
    }

    #[test]
    fn per_tensor_each_moves_by_its_own() {
        let found = Scope::PerTensor
            .gradient(Kinetic::LInf, &velocity())
            .unwrap();
        assert_eq!(flat(&found), [0.0, 0.0, 0.0, 1.0, -1.0, 0.0, 0.0]);
        let together = Scope::Together
            .gradient(Kinetic::LInf, &velocity())
            .unwrap();
        assert_eq!(flat(&together), [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn half_precision_neither_overflows_nor_divides_by_nothing() {
        let far = Tensor::full(200f32, 100_000, &Device::Cpu).unwrap();
        let rest = far.zeros_like().unwrap();
        for half in [DType::F16, DType::BF16] {
            let v = [&far, &rest].map(|v| v.to_dtype(half).unwrap());
            for scope in [Scope::Together, Scope::PerTensor] {
                let found = scope.gradient(Kinetic::L2, &v).unwrap();
                let found: Vec<Tensor> = found
                    .iter()
                    .map(|v| v.to_dtype(DType::F64).unwrap())
                    .collect();
                assert_eq!(flat(&found[1..])[0], 0.0);
                let each = 1.0 / 100_000f64.sqrt();
                assert!((flat(&found)[0] / each - 1.0).abs() < 0.01);
            }
        }
    }

    #[test]
    fn at_rest_nothing_moves() {
        let velocity = velocity();
        let rest = velocity.iter().map(|v| v.zeros_like().unwrap());
        let rest: Vec<Tensor> = rest.collect();
        for scope in [Scope::Together, Scope::PerTensor] {
            for &kinetic in Kinetic::ALL {
                let found = scope.gradient(kinetic, &rest).unwrap();
                assert!(flat(&found).iter().all(|v| *v == 0.0), "{kinetic} {scope}");
            }
        }
    }
}
