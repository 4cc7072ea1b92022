//! Hamiltonian Descent one coordinate at a time, with the exact flow.

use super::classical::LinearSystem;
use crate::error::named;
use crate::{Counts, Error, Method, Progress, Result};
use candle_core::{Device, Tensor};
use std::f64::consts::FRAC_PI_2;

/// The order in which a sweep moves the coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sweep {
    /// From the first to the last, each from where those before it have gone.
    Sequential,
    /// All from the same point.
    Simultaneous,
}

named!(Sweep, "sweep", Sweep::Sequential => "sequential", Sweep::Simultaneous => "simultaneous");

/// Idealized frictionless Coordinate Hamiltonian Descent (Wang, 2024; Section 1 of the paper) on
/// f(x) = ½xᵀAx − bᵀx: coordinate i follows the flow of f along itself alone, from rest and for
/// the time η_i, x_i ← x_i* + cos(η_i √A_ii)(x_i − x_i*), where x_i* makes f least over it.
///
/// The times decide which classical method for Ax = b this is:
///
/// | constructor | sweep | cos(η_i √A_ii) | is |
/// |---|---|---|---|
/// | [`gauss_seidel`](Self::gauss_seidel) | sequential | 0, η_i = π/(2√A_ii) | Gauss-Seidel |
/// | [`successive_over_relaxation`](Self::successive_over_relaxation) | sequential | 1 − ω | SOR |
/// | [`jacobi`](Self::jacobi) | simultaneous | 0 | Jacobi |
/// | [`weighted_jacobi`](Self::weighted_jacobi) | simultaneous | 1 − ω | weighted Jacobi |
///
/// One [`advance`](Method::advance) is a sweep over all coordinates. Its D partial derivatives
/// are as much work as one gradient and are counted as one, computed in D rounds when sequential
/// and in one when simultaneous.
///
/// ```
/// use optim::classical::LinearSystem;
/// use optim::{CoordinateHamiltonianDescent, Method};
/// # fn main() -> optim::Result<()> {
/// let system = LinearSystem::new(vec![2.0, 1.0, 1.0, 4.0], vec![2.0, 8.0])?;
/// let mut method = CoordinateHamiltonianDescent::gauss_seidel(system, vec![0.0, 0.0])?;
/// method.advance()?;
/// let x: Vec<f64> = method.position().to_vec1()?;
/// assert!((x[0] - 1.0).abs() < 1e-15 && (x[1] - 1.75).abs() < 1e-15);
/// # Ok(())
/// # }
/// ```
pub struct CoordinateHamiltonianDescent {
    system: LinearSystem,
    /// cos(η_i √A_ii)
    cosines: Vec<f64>,
    sweep: Sweep,
    numbers: Vec<f64>,
    position: Tensor,
    counts: Counts,
}

impl CoordinateHamiltonianDescent {
    /// Starts from `start` `[D]`, with the time η_i of each coordinate.
    ///
    /// # Errors
    /// If the start or the times do not fit the system or a time is not a positive number.
    pub fn new(
        system: LinearSystem,
        integration_times: &[f64],
        sweep: Sweep,
        start: Vec<f64>,
    ) -> Result<Self> {
        system.check(&start)?;
        system.check(integration_times)?;
        if let Some(time) = integration_times
            .iter()
            .find(|time| !(time.is_finite() && **time > 0.0))
        {
            return Err(Error::setting(
                "integration_time",
                time,
                "a positive number",
            ));
        }
        let cosine = |(i, time): (usize, &f64)| (time * system.diagonal(i).sqrt()).cos();
        Ok(Self {
            cosines: integration_times.iter().enumerate().map(cosine).collect(),
            system,
            sweep,
            position: Tensor::new(start.as_slice(), &Device::Cpu)?,
            numbers: start,
            counts: Counts::default(),
        })
    }

    /// Makes the Gauss-Seidel method: sequential, η_i = π/(2√A_ii).
    ///
    /// # Errors
    /// If the start does not fit the system.
    pub fn gauss_seidel(system: LinearSystem, start: Vec<f64>) -> Result<Self> {
        Self::with_angle(system, FRAC_PI_2, Sweep::Sequential, start)
    }

    /// Successive over-relaxation with ω = `relaxation`: sequential, η_i = arccos(1 − ω)/√A_ii.
    ///
    /// # Errors
    /// If ω is not in (0, 2) or the start does not fit the system.
    pub fn successive_over_relaxation(
        system: LinearSystem,
        relaxation: f64,
        start: Vec<f64>,
    ) -> Result<Self> {
        Self::with_angle(
            system,
            angle("relaxation", relaxation)?,
            Sweep::Sequential,
            start,
        )
    }

    /// Makes the Jacobi method: simultaneous, η_i = π/(2√A_ii).
    ///
    /// # Errors
    /// If the start does not fit the system.
    pub fn jacobi(system: LinearSystem, start: Vec<f64>) -> Result<Self> {
        Self::with_angle(system, FRAC_PI_2, Sweep::Simultaneous, start)
    }

    /// Makes the Jacobi method with the weight ω: simultaneous, η_i = arccos(1 − ω)/√A_ii.
    ///
    /// # Errors
    /// If ω is not in (0, 2) or the start does not fit the system.
    pub fn weighted_jacobi(system: LinearSystem, weight: f64, start: Vec<f64>) -> Result<Self> {
        Self::with_angle(system, angle("weight", weight)?, Sweep::Simultaneous, start)
    }

    /// With η_i = `angle`/√A_ii.
    fn with_angle(system: LinearSystem, angle: f64, sweep: Sweep, start: Vec<f64>) -> Result<Self> {
        let times: Vec<f64> = (0..system.dimension())
            .map(|i| angle / system.diagonal(i).sqrt())
            .collect();
        Self::new(system, &times, sweep, start)
    }

    /// x_i after its flow among the coordinates `x`.
    fn moved(&self, i: usize, x: &[f64]) -> f64 {
        let product: f64 = (0..x.len()).map(|j| self.system.entry(i, j) * x[j]).sum();
        // x_i − x_i* is the partial derivative over A_ii.
        let apart = (product - self.system.right_side()[i]) / self.system.diagonal(i);
        x[i] - apart + self.cosines[i] * apart
    }
}

/// arccos(1 − ω)
fn angle(name: &'static str, relaxation: f64) -> Result<f64> {
    if !(relaxation > 0.0 && relaxation < 2.0) {
        return Err(Error::setting(name, relaxation, "in (0, 2)"));
    }
    Ok((1.0 - relaxation).acos())
}

impl Method for CoordinateHamiltonianDescent {
    fn advance(&mut self) -> Result<Progress> {
        let d = self.numbers.len();
        let rounds = match self.sweep {
            Sweep::Sequential => {
                for i in 0..d {
                    self.numbers[i] = self.moved(i, &self.numbers);
                }
                d as u64
            }
            Sweep::Simultaneous => {
                self.numbers = (0..d).map(|i| self.moved(i, &self.numbers)).collect();
                1
            }
        };
        self.position = Tensor::new(self.numbers.as_slice(), &Device::Cpu)?;
        let counts = Counts {
            requested: 1,
            distinct: 1,
            rounds,
            surrogate: 0,
        };
        self.counts.requested += counts.requested;
        self.counts.distinct += counts.distinct;
        self.counts.rounds += counts.rounds;
        Ok(Progress {
            counts,
            ..Progress::default()
        })
    }

    fn position(&self) -> &Tensor {
        &self.position
    }

    fn counts(&self) -> Counts {
        self.counts
    }
}
