//! The sliding window: a flow computed several steps at a time (Algorithm 5 of the paper).
//!
//! The mechanism — indices, strides, the restored width — is [`WindowedFlow`]; what may differ is
//! in [`settings`](Predictor): the window method, the velocity rule, the predictor, the quadrature.
//!
//! Where the printed algorithm cannot be run as it stands, this is done:
//! - line 5 fills slots s … s+W−1 but line 16 reads s+W: W + 1 points are kept;
//! - line 16 divides by ‖x̄_{s+w}‖: where that is 0, the slot counts as not converged;
//! - line 25 shrinks W near the end of a flow: the next flow starts with the full width again;
//! - line 26 reads the iterate after m was advanced: the newest one is meant.

mod settings;

pub use settings::{Predictor, Quadrature, Velocity, WindowMethod};

use crate::flow::{check, drifted, kicked};
use crate::{Counted, Error, Kinetic, Result, Termination};
use candle_core::{D, DType, Tensor};
use std::collections::VecDeque;

/// A discretised Hamiltonian flow of which up to `width` steps are computed at once: Algorithm 5
/// of the paper, lines 3 to 26.
///
/// Every round computes the forces at the W points of the window in parallel, sums them up to new
/// points, and moves the window past the points that changed by no more than `tolerance`. The
/// first point after the window's start is always exact, so a round moves by at least one step
/// and a flow ends after at most S rounds, Lemma 3; with width 1 it is the sequential flow. For
/// kinetic energies other than ½‖v‖² the paper gives no formula; this one reduces to its line 12:
/// v̄_{s+j} = v̄_s − θ Σ_{i<j} ∇f(x̄_{s+i}), x̄_{s+w} = x̄_s + θ Σ_{1≤j≤w} ∂φ(v̄_{s+j}).
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{Batched, Counted, Kinetic, Quadratic, WindowedFlow};
/// use std::sync::Arc;
/// # fn main() -> optim::Result<()> {
/// let f = Arc::new(Quadratic::diagonal(&[1.0, 2.0], &Device::Cpu)?);
/// let flow = WindowedFlow { width: 4, ..WindowedFlow::new(Kinetic::HalfL2Squared, 0.1, 20) };
/// let mut forces = Counted::new(Batched::new(f));
/// let end = flow.from_rest(&Tensor::new(&[1f64, 1.0], &Device::Cpu)?, &mut forces)?;
/// assert!(end.strides.len() < 20, "fewer rounds than steps");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct WindowedFlow {
    /// φ.
    pub kinetic: Kinetic,
    /// θ.
    pub step_size: f64,
    /// S.
    pub steps: usize,
    /// W, the paper's number of GPUs.
    pub width: usize,
    /// τ: by how much, relative to its norm, a point may change and count as converged.
    pub tolerance: f64,
    /// How forces become points.
    pub method: WindowMethod,
    /// With which velocity a window starts.
    pub velocity: Velocity,
    /// What new slots hold.
    pub predictor: Predictor,
    /// Which sequential flow is approximated.
    pub quadrature: Quadrature,
}

/// Where a windowed flow ended and how it got there.
#[derive(Clone, Debug)]
pub struct FlowEnd {
    /// x̄_S, `[D]`.
    pub position: Tensor,
    /// Steps by which each round moved the window; they add up to S.
    pub strides: Vec<usize>,
    /// Why the flow ended early, if it did.
    pub termination: Option<Termination>,
}

impl WindowedFlow {
    /// A window of width 1, which is the sequential flow: change `width` and the rest as wanted.
    /// The other settings are Algorithm 5's, with the velocity carried and τ = 0.
    #[must_use]
    pub fn new(kinetic: Kinetic, step_size: f64, steps: usize) -> Self {
        Self {
            kinetic,
            step_size,
            steps,
            width: 1,
            tolerance: 0.0,
            method: WindowMethod::default(),
            velocity: Velocity::default(),
            predictor: Predictor::default(),
            quadrature: Quadrature::default(),
        }
    }

    /// The end of the flow from `start` `[D]` at rest.
    ///
    /// # Errors
    /// If a setting is out of range or a gradient fails.
    pub fn from_rest(&self, start: &Tensor, forces: &mut Counted) -> Result<FlowEnd> {
        self.check()?;
        let mut width = self.width.min(self.steps);
        // Slots s, s+1, …, s+W; the handles are the same tensor, so its force is computed once.
        let mut points: VecDeque<Tensor> = vec![start.clone(); width + 1].into();
        let rest = start.zeros_like()?;
        let mut velocity = rest.clone();
        let (mut done, mut strides, mut termination) = (0, Vec::new(), None);
        while done < self.steps {
            let window: Vec<Tensor> = points.iter().take(width).cloned().collect();
            let mut gradients = forces.gradients(&window)?;
            let sweep = self.sweep(done, &points[0], &velocity, &gradients)?;
            let old = points.iter().skip(1).take(width);
            let changes = Changes::between(&sweep.positions, &old.cloned().collect::<Vec<_>>())?;
            // Only the first new point is exact; those after it may be wild guesses yet.
            if !changes.first_size.is_finite() {
                termination = Some(Termination::NotFinite { step: done + 1 });
                break;
            }
            let stride = changes.stride(self.tolerance);
            let wanted = stride.min(self.steps - done - width);
            let new = self.predict(wanted, &sweep, &mut gradients)?;
            velocity = match self.velocity {
                Velocity::Carried => sweep.velocities[stride - 1].clone(),
                Velocity::AsPrinted => rest.clone(),
            };
            points = sweep
                .positions
                .into_iter()
                .chain(new)
                .skip(stride - 1)
                .collect();
            done += stride;
            strides.push(stride);
            width = width.min(self.steps - done);
        }
        Ok(FlowEnd {
            position: points[0].clone(),
            strides,
            termination,
        })
    }

    fn check(&self) -> Result<()> {
        check(self.step_size, self.steps)?;
        if self.width == 0 {
            return Err(Error::setting("window", self.width, "at least 1"));
        }
        if !(self.tolerance.is_finite() && self.tolerance >= 0.0) {
            return Err(Error::setting(
                "tolerance",
                self.tolerance,
                "0 or a positive number",
            ));
        }
        Ok(())
    }

    /// Line 12: the points after the window's start, from the forces at its points. One point
    /// after the other rather than by a sum for each, so that a point reached from another start
    /// of the window by the same forces is the same to the last bit.
    fn sweep(
        &self,
        done: usize,
        start: &Tensor,
        velocity: &Tensor,
        gradients: &[Tensor],
    ) -> Result<Sweep> {
        let (mut x, mut v) = (start.clone(), velocity.clone());
        let mut sweep = Sweep {
            positions: Vec::new(),
            velocities: Vec::new(),
        };
        for (w, gradient) in gradients.iter().enumerate() {
            v = kicked(
                &v,
                gradient,
                self.quadrature.weight(done + w, self.step_size),
            )?;
            x = drifted(&x, &v, self.kinetic, self.step_size)?;
            sweep.velocities.push(v.clone());
            sweep.positions.push(x.clone());
        }
        Ok(sweep)
    }

    /// Line 22, or the recurrence continued past the window with guessed forces.
    fn predict(
        &self,
        count: usize,
        sweep: &Sweep,
        gradients: &mut Vec<Tensor>,
    ) -> Result<Vec<Tensor>> {
        let (Some(last), Some(v)) = (sweep.positions.last(), sweep.velocities.last()) else {
            return Ok(Vec::new());
        };
        let (mut x, mut v) = (last.clone(), v.clone());
        let (Some(mut force), before) = (gradients.pop(), gradients.pop()) else {
            return Ok(Vec::new());
        };
        let slope = match (self.predictor, before) {
            (Predictor::Copy, _) => return Ok(vec![x; count]),
            (Predictor::LinearForce, Some(before)) => Some((&force - before)?),
            _ => None,
        };
        let mut new = Vec::with_capacity(count);
        for _ in 0..count {
            if let Some(slope) = &slope {
                force = (force + slope)?;
            }
            v = kicked(&v, &force, self.step_size)?;
            x = drifted(&x, &v, self.kinetic, self.step_size)?;
            new.push(x.clone());
        }
        Ok(new)
    }
}

/// The points after a window's start, and the velocities with which they were reached.
struct Sweep {
    positions: Vec<Tensor>,
    velocities: Vec<Tensor>,
}

/// By how much a round changed the points after the window's start.
struct Changes {
    /// e_{s+w}, line 16: ‖new − old‖/‖old‖ of each point; infinite where the old point is 0.
    relative: Vec<f64>,
    /// ‖x̄_{s+1}‖.
    first_size: f64,
}

impl Changes {
    /// One read from the device for all points.
    fn between(new: &[Tensor], old: &[Tensor]) -> Result<Self> {
        let (new, old) = (Tensor::stack(new, 0)?, Tensor::stack(old, 0)?);
        let norms = |t: &Tensor| t.sqr()?.sum(D::Minus1)?.sqrt();
        let all = Tensor::stack(&[norms(&(&new - &old)?)?, norms(&old)?, norms(&new)?], 0)?;
        let all: Vec<Vec<f64>> = all.to_dtype(DType::F64)?.to_vec2()?;
        let relative = |(change, size): (&f64, &f64)| match *size {
            0.0 => f64::INFINITY,
            size => change / size,
        };
        let relative = all[0].iter().zip(&all[1]).map(relative).collect();
        Ok(Self {
            relative,
            first_size: all[2][0],
        })
    }

    /// Line 19: up to and including the first point that has not converged. What is not a number
    /// has not.
    fn stride(&self, tolerance: f64) -> usize {
        let failing = self
            .relative
            .iter()
            .position(|&error| error.is_nan() || error > tolerance);
        failing.map_or(self.relative.len(), |first| first + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn stride(relative: &[f64], tolerance: f64) -> usize {
        Changes {
            relative: relative.to_vec(),
            first_size: 1.0,
        }
        .stride(tolerance)
    }

    #[test]
    fn the_window_moves_up_to_and_including_the_first_point_over_the_tolerance() {
        assert_eq!(stride(&[1e-4, 1e-4, 1e-4], 1e-3), 3);
        assert_eq!(stride(&[1e-4, 1e-2, 1e-4], 1e-3), 2);
        assert_eq!(stride(&[f64::INFINITY, 0.0], 1e-3), 1);
        assert_eq!(stride(&[0.0, f64::NAN, 0.0], 1e-3), 2);
        assert_eq!(
            stride(&[1e-3], 1e-3),
            1,
            "equal to the tolerance has converged"
        );
    }

    #[test]
    fn a_point_at_the_origin_has_not_converged() {
        let zero = Tensor::zeros(2, DType::F64, &Device::Cpu).unwrap();
        let five = Tensor::new(&[3f64, 4.0], &Device::Cpu).unwrap();
        let changes = Changes::between(&[zero.clone(), zero.clone()], &[zero, five]).unwrap();
        assert_eq!(changes.relative, [f64::INFINITY, 1.0]);
        assert_eq!(changes.first_size, 0.0);
    }
}
