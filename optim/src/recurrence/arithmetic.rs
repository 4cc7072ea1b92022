//! The few operations on vectors that every update is made of, and how tensors do them.

use super::Decays;
use crate::{Kinetic, Result};
use candle_core::{DType, Tensor};

/// Vectors `[D]`, and what updates do with them. Every kind of vector rounds as tensors do.
pub(crate) trait Arithmetic {
    /// A vector; clones share its elements.
    type Vector: Clone;

    /// v − time · gradient.
    fn kicked(&self, v: &Self::Vector, gradient: &Self::Vector, time: f64) -> Result<Self::Vector>;
    /// x + time · ∂φ(v).
    fn drifted(
        &self,
        x: &Self::Vector,
        v: &Self::Vector,
        kinetic: Kinetic,
        time: f64,
    ) -> Result<Self::Vector>;
    /// a + b.
    fn plus(&self, a: &Self::Vector, b: &Self::Vector) -> Result<Self::Vector>;
    /// a − b.
    fn minus(&self, a: &Self::Vector, b: &Self::Vector) -> Result<Self::Vector>;
    /// by · a + b.
    fn scaled_plus(&self, a: &Self::Vector, by: f64, b: &Self::Vector) -> Result<Self::Vector>;
    /// ∂φ(v).
    fn directed(&self, v: &Self::Vector, kinetic: Kinetic) -> Result<Self::Vector>;
    /// ⟨a, b⟩, summed in f64. Waits for the device.
    fn product(&self, a: &Self::Vector, b: &Self::Vector) -> Result<f64>;
    /// Both means of Adam with one more gradient, the `taken`th since they were nothing (`None`), and the step
    /// that they make, in units of η.
    fn adam(
        &self,
        means: Option<&[Self::Vector; 2]>,
        gradient: &Self::Vector,
        taken: usize,
    ) -> Result<([Self::Vector; 2], Self::Vector)>;
}

/// v − time · ∇f.
pub(crate) fn kicked(velocity: &Tensor, gradient: &Tensor, time: f64) -> Result<Tensor> {
    Ok((velocity - (gradient * time)?)?)
}

/// x + time · ∂φ(v).
pub(crate) fn drifted(
    position: &Tensor,
    velocity: &Tensor,
    kinetic: Kinetic,
    time: f64,
) -> Result<Tensor> {
    Ok((position + (kinetic.gradient(velocity)? * time)?)?)
}

/// By tensor operations, on whatever device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ByTensors;

impl Arithmetic for ByTensors {
    type Vector = Tensor;

    fn kicked(&self, v: &Tensor, gradient: &Tensor, time: f64) -> Result<Tensor> {
        kicked(v, gradient, time)
    }

    fn drifted(&self, x: &Tensor, v: &Tensor, kinetic: Kinetic, time: f64) -> Result<Tensor> {
        drifted(x, v, kinetic, time)
    }

    fn plus(&self, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        Ok((a + b)?)
    }

    fn minus(&self, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        Ok((a - b)?)
    }

    fn scaled_plus(&self, a: &Tensor, by: f64, b: &Tensor) -> Result<Tensor> {
        Ok(((a * by)? + b)?)
    }

    fn directed(&self, v: &Tensor, kinetic: Kinetic) -> Result<Tensor> {
        kinetic.gradient(v)
    }

    fn product(&self, a: &Tensor, b: &Tensor) -> Result<f64> {
        let (a, b) = (a.to_dtype(DType::F64)?, b.to_dtype(DType::F64)?);
        Ok((a * b)?.sum_all()?.to_scalar()?)
    }

    fn adam(
        &self,
        means: Option<&[Tensor; 2]>,
        gradient: &Tensor,
        taken: usize,
    ) -> Result<([Tensor; 2], Tensor)> {
        let nothing = || gradient.zeros_like();
        let [mean, square] = match means {
            Some(means) => means.clone(),
            None => [nothing()?, nothing()?],
        };
        let decays = Decays::default();
        Ok(decays.step([&mean, &square], gradient, taken)?)
    }
}
