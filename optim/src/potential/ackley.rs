//! The Ackley function, the non-convex problem of the paper's Section B.1.

use crate::{Cost, Error, Potential, Result};
use candle_core::{DType, Device, Tensor};
use std::f64::consts::{E, PI};

/// Computes the Ackley function of two variables, eq. (18) of the paper, in f64:
/// F(x) = −20 exp[−0.2 √(½(x₁² + x₂²))] − exp[½(cos 2πx₁ + cos 2πx₂)] + e + 20.
///
/// Its least value, 0, is at the origin, in a cone without a derivative there; about every other
/// point with whole coordinates that is not too far out there is a local minimum. The gradient at
/// the origin is taken to be 0, which is a subgradient; near it the gradient has the norm 2√2,
/// so a method with a fixed step does not settle there.
///
/// A point `[2]` is read, computed with, and made on the host: for two numbers that is faster
/// than tensor operations.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{Ackley, Potential};
/// # fn main() -> optim::Result<()> {
/// let f = Ackley::new(&Device::Cpu);
/// let origin = Tensor::new(&[0f64, 0.0], &Device::Cpu)?;
/// assert_eq!(f.value(&origin)?, 0.0);
/// assert_eq!(f.gradient(&origin)?.to_vec1::<f64>()?, [0.0, 0.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Ackley {
    device: Device,
}

impl Ackley {
    /// Makes the function for points on `device`.
    #[must_use]
    pub fn new(device: &Device) -> Self {
        Self {
            device: device.clone(),
        }
    }
}

/// √(½(x² + y²)) and sin²(πx) + sin²(πy), all that the function needs of a point: the cosines
/// of eq. (18) add up to 2 − 2·(the latter).
fn parts([x, y]: [f64; 2]) -> (f64, f64) {
    let ripple = (PI * x).sin().powi(2) + (PI * y).sin().powi(2);
    ((0.5 * (x * x + y * y)).sqrt(), ripple)
}

/// ∇F.
fn slope(point: [f64; 2]) -> [f64; 2] {
    let (radius, ripple) = parts(point);
    if radius == 0.0 {
        return [0.0; 2];
    }
    let (cone, waves) = (2.0 * (-0.2 * radius).exp() / radius, (1.0 - ripple).exp());
    point.map(|x| cone * x + waves * PI * (2.0 * PI * x).sin())
}

/// The numbers of points of two coordinates each.
fn pairs(numbers: &[f64], dims: &[usize]) -> Result<Vec<[f64; 2]>> {
    if dims.last() != Some(&2) {
        return Err(Error::Shape {
            what: "a point of the Ackley function",
            found: dims.to_vec(),
            expected: "[2]".into(),
        });
    }
    Ok(numbers.chunks_exact(2).map(|xy| [xy[0], xy[1]]).collect())
}

impl Potential for Ackley {
    fn dimension(&self) -> usize {
        2
    }

    fn dtype(&self) -> DType {
        DType::F64
    }

    fn device(&self) -> &Device {
        &self.device
    }

    fn value(&self, point: &Tensor) -> Result<f64> {
        let points = pairs(&point.to_vec1()?, point.dims())?;
        // `exp_m1` in place of "+ e + 20": nothing cancels near the minimum.
        let value = |point| {
            let (radius, ripple) = parts(point);
            -20.0 * (-0.2 * radius).exp_m1() - E * (-ripple).exp_m1()
        };
        Ok(points.into_iter().map(value).sum())
    }

    fn gradient(&self, point: &Tensor) -> Result<Tensor> {
        let points = pairs(&point.to_vec1()?, point.dims())?;
        let slopes: Vec<f64> = points.into_iter().flat_map(slope).collect();
        Ok(Tensor::from_vec(slopes, 2, &self.device)?)
    }

    fn gradients(&self, points: &Tensor) -> Result<Tensor> {
        let numbers: Vec<f64> = points.flatten_all()?.to_vec1()?;
        let slopes: Vec<f64> = pairs(&numbers, points.dims())?
            .into_iter()
            .flat_map(slope)
            .collect();
        Ok(Tensor::from_vec(slopes, points.dims(), &self.device)?)
    }

    fn cost(&self, points: usize) -> Cost {
        // Two exponentials, a root and four sines, each taken as ten operations, and the sums.
        Cost {
            operations: 90.0 * points as f64,
            bytes: 32.0 * points as f64,
        }
    }
}
