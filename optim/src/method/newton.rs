//! Newton's method of which values and gradients alone are asked: the second-order yardstick.

use super::conjugate::dot;
use crate::{Counts, Method, Potential, Progress, Result, Termination};
use candle_core::{DType, Tensor};
use std::sync::Arc;

/// How often a step is halved before it is said that there is none.
const HALVINGS: usize = 30;

/// Minimises by Newton's method, each step from as many conjugate gradients as its progress is worth
/// (truncated Newton; Dembo and Steihaug, 1983; Nocedal and Wright, *Numerical Optimization*, Algorithm 7.1).
///
/// A step p solves ∇²f(x)p = −∇f(x) until the residual is below min(½, √(‖∇f(x)‖/‖∇f(x_1)‖))·‖∇f(x)‖, so that it
/// converges faster than linearly as far as differences of gradients tell curvatures apart; or until a direction of no
/// positive curvature is met, before which it stops. Where that is the first, the step is one of steepest descent.
///
/// Products with the Hessian are differences of gradients,
/// ∇²f(x)d ≈ \[∇f(x + sd) − ∇f(x)\]/s with ‖sd‖ = √ε(1 + ‖x‖). The step is halved until the value falls by a ten thousandth
/// of what its slope promises, but for rounding. Each point counts as one gradient, its value included, as the points
/// of a line search do; they are computed one after the other.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{Method, Quadratic, TruncatedNewton};
/// use std::sync::Arc;
/// # fn main() -> optim::Result<()> {
/// let f = Arc::new(Quadratic::diagonal(&[1.0, 9.0], &Device::Cpu)?);
/// let start = Tensor::new(&[1f64, 1.0], &Device::Cpu)?;
/// let mut method = TruncatedNewton::new(f, start);
/// for _ in 0..8 {
///     method.advance()?;
/// }
/// assert!(method.position().to_vec1::<f64>()?.iter().all(|x| x.abs() < 1e-12));
/// # Ok(())
/// # }
/// ```
pub struct TruncatedNewton {
    potential: Arc<dyn Potential>,
    position: Tensor,
    /// f and ∇f at the position; none before the first iteration.
    known: Option<(f64, Tensor)>,
    /// How many points were asked of.
    points: u64,
    /// ‖∇f(x_1)‖.
    first: f64,
    /// Whether there is no step that goes down any more.
    stopped: bool,
}

impl TruncatedNewton {
    /// Starts from `start` `[D]`.
    #[must_use]
    pub fn new(potential: Arc<dyn Potential>, start: Tensor) -> Self {
        Self {
            potential,
            position: start,
            known: None,
            points: 0,
            first: 0.0,
            stopped: false,
        }
    }

    fn gradient(&mut self, point: &Tensor) -> Result<Tensor> {
        self.points += 1;
        self.potential.gradient(point)
    }

    /// The distance of a number from the next, at 1, in the precision that is computed in.
    fn epsilon(&self) -> f64 {
        match self.position.dtype() {
            DType::F64 => f64::EPSILON,
            _ => f64::from(f32::EPSILON),
        }
    }

    /// Returns p by conjugate gradients.
    fn direction(&mut self, gradient: &Tensor, norm: f64) -> Result<Tensor> {
        let enough = (norm / self.first).sqrt().min(0.5) * norm;
        let length = dot(&self.position, &self.position)?.sqrt();
        let reach = self.epsilon().sqrt() * (1.0 + length);
        let mut step = gradient.zeros_like()?;
        let mut residual = gradient.neg()?;
        let mut square = norm * norm;
        let mut direction = residual.clone();
        // In exact arithmetic as many as there are numbers are enough for a quadratic.
        for i in 0..4 * gradient.elem_count() {
            let stretch = reach / dot(&direction, &direction)?.sqrt();
            let there = (&self.position + (&direction * stretch)?)?;
            let product = ((self.gradient(&there)? - gradient)? / stretch)?;
            let curvature = dot(&direction, &product)?;
            if !curvature.is_finite() {
                return Ok(if i == 0 { direction } else { step });
            }
            let length = square / curvature.abs().max(f64::MIN_POSITIVE);
            if curvature <= 0.0 {
                // As long a step of steepest descent as if it curved upwards as much.
                let descent = match length.is_finite() {
                    true => (&direction * length)?,
                    false => direction,
                };
                return Ok(if i == 0 { descent } else { step });
            }
            step = (step + (&direction * length)?)?;
            residual = (residual - (product * length)?)?;
            let next = dot(&residual, &residual)?;
            if next.sqrt() <= enough {
                break;
            }
            direction = (&residual + (direction * (next / square))?)?;
            square = next;
        }
        Ok(step)
    }

    /// One iteration from a gradient that is not zero; whether it found a step.
    fn step(&mut self, (value, gradient): (f64, &Tensor), norm: f64) -> Result<bool> {
        let mut direction = self.direction(gradient, norm)?;
        let mut slope = dot(gradient, &direction)?;
        if slope.is_nan() || slope >= 0.0 {
            // Rounding has taken it: steepest descent still goes down.
            (direction, slope) = (gradient.neg()?, -norm * norm);
        }
        // A sum over many rows rounds more than once.
        let rounding = 8.0 * self.epsilon() * value.abs();
        let mut length = 1.0;
        for _ in 0..HALVINGS {
            let point = (&self.position + (&direction * length)?)?;
            let there = self.potential.value(&point)?;
            if there <= value + 1e-4 * length * slope + rounding {
                let gradient = self.gradient(&point)?;
                self.known = Some((there, gradient));
                self.position = point;
                return Ok(true);
            }
            self.points += 1;
            length /= 2.0;
        }
        Ok(false)
    }

    fn counts_of(points: u64) -> Counts {
        Counts {
            requested: points,
            distinct: points,
            rounds: points,
            surrogate: 0,
        }
    }
}

impl Method for TruncatedNewton {
    /// Does one Newton step; nothing, at no cost, once no step that it finds goes down: at a minimum, or where rounding
    /// hides it.
    ///
    /// # Errors
    /// If a gradient fails.
    fn advance(&mut self) -> Result<Progress> {
        let before = self.points;
        if !self.stopped {
            let (value, gradient) = match self.known.take() {
                Some(known) => known,
                None => {
                    let start = self.position.clone();
                    (self.potential.value(&start)?, self.gradient(&start)?)
                }
            };
            let norm = dot(&gradient, &gradient)?.sqrt();
            if self.first == 0.0 {
                self.first = norm;
            }
            let goes_on = norm > 0.0 && norm.is_finite();
            self.stopped = !(goes_on && self.step((value, &gradient), norm)?);
        }
        let points = self.points - before;
        Ok(Progress {
            counts: Self::counts_of(points),
            termination: (self.stopped && points == 0).then_some(Termination::Stationary),
            ..Progress::default()
        })
    }

    fn position(&self) -> &Tensor {
        &self.position
    }

    fn counts(&self) -> Counts {
        Self::counts_of(self.points)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Differentiable, Quadratic};
    use candle_core::Device;

    fn method(f: impl Potential + 'static, start: &[f64]) -> TruncatedNewton {
        let start = Tensor::new(start, &Device::Cpu).unwrap();
        TruncatedNewton::new(Arc::new(f), start)
    }

    /// The direction from where a method stands, as if it had come from far away: to the last digits.
    fn direction(method: &mut TruncatedNewton) -> Vec<f64> {
        let gradient = method.gradient(&method.position.clone()).unwrap();
        let norm = dot(&gradient, &gradient).unwrap().sqrt();
        method.first = 1e12 * norm;
        let direction = method.direction(&gradient, norm).unwrap();
        direction.to_vec1().unwrap()
    }

    #[test]
    fn the_direction_on_a_quadratic_leads_to_its_minimum_from_near_and_far() {
        let minimiser = [0.3, -0.4];
        for far in [0.0, 1.0, 1e6] {
            let f = Quadratic::diagonal(&[1.0, 10.0], &Device::Cpu).unwrap();
            let f = f
                .with_minimiser(&Tensor::new(&minimiser, &Device::Cpu).unwrap())
                .unwrap();
            // Of length 0, 1 and a million.
            let start = [0.6 * far, 0.8 * far];
            let found = direction(&mut method(f, &start));
            for ((found, start), end) in found.iter().zip(start).zip(minimiser) {
                let error = (start + found - end).abs() / (1.0 + far);
                assert!(error < 1e-6, "{far}: {error:e}");
            }
        }
    }

    #[test]
    fn where_a_function_curves_down_the_step_is_the_last_before_or_one_of_steepest_descent() {
        let saddle = |curvatures: [f64; 2]| {
            let f = Quadratic::diagonal(&curvatures, &Device::Cpu).unwrap();
            direction(&mut method(f, &[1.0, 0.1]))
        };
        // At once: as long as if it curved upwards as much, g·gᵀg/|gᵀHg| with g = (−4, −0.2).
        let found = saddle([-4.0, -2.0]);
        let length = (16.0 + 0.04) / (4.0 * 16.0 + 2.0 * 0.04);
        assert!((found[0] - 4.0 * length).abs() < 1e-6 && (found[1] - 0.2 * length).abs() < 1e-6);
        // In the second direction: the first conjugate gradient's step, −g·gᵀg/gᵀHg with g = (4, −0.1).
        let found = saddle([4.0, -1.0]);
        let length = (16.0 + 0.01) / (4.0 * 16.0 - 0.01);
        assert!((found[0] + 4.0 * length).abs() < 1e-6, "{found:?}");
        assert!((found[1] - 0.1 * length).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn a_step_that_goes_up_is_halved_until_it_goes_down_and_each_point_counts() {
        // √(1 + x²) at 2: the whole step leads to −8, its half to −3, its quarter to −1/2.
        let f = Differentiable::new(1, DType::F64, &Device::Cpu, |x| {
            (x.sqr()? + 1.0)?.sqrt()?.sum_all()
        });
        let mut method = method(f, &[2.0]);
        let progress = method.advance().unwrap();
        let found: Vec<f64> = method.position().to_vec1().unwrap();
        assert!((found[0] + 0.5).abs() < 1e-6, "{found:?}");
        // The start, one product, two that went up, and the end.
        assert_eq!(
            (progress.counts.requested, method.counts().requested),
            (5, 5)
        );
    }

    #[test]
    fn a_step_that_ends_no_lower_is_halved() {
        // √(1 + x²) at 1: the whole step leads to −1, its half to the minimum.
        let f = Differentiable::new(1, DType::F64, &Device::Cpu, |x| {
            (x.sqr()? + 1.0)?.sqrt()?.sum_all()
        });
        let mut method = method(f, &[1.0]);
        method.advance().unwrap();
        let found: Vec<f64> = method.position().to_vec1().unwrap();
        assert!(found[0].abs() < 1e-6, "{found:?}");
    }
}
