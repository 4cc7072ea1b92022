//! How fast nearby trajectories of a recurrence part: its largest Lyapunov exponent.

use super::{Arithmetic, ByTensors, Carried, Recurrence};
use crate::{Error, Oracle, Result};
use candle_core::{DType, Tensor};

impl Recurrence {
    /// Measures by how much a small difference grows with each of so many steps from a start `[D]`: the natural
    /// logarithm of the factor, step by step. Their mean over many steps is the recurrence's largest Lyapunov
    /// exponent along this trajectory: differences decay where it is below 0, and a window over many steps then
    /// converges in few rounds (Gonzalez et al., "Predictability enables parallelization of nonlinear state space
    /// models", 2025); where it is above 0 they grow exponentially.
    ///
    /// It is a power iteration by differences of gradients: the trajectory and a neighbour of it are computed side
    /// by side, two gradients a step in one round, and after each step the difference of all that is carried is
    /// scaled back to a millionth of the point's norm (in f32 a thousandth), in the direction that it has then. The
    /// first direction is `along` `[D]`, a difference of points. What an update forgets, as a flow its velocity, is
    /// the same for both then.
    ///
    /// # Errors
    /// If a setting is out of range, `along` is 0, or a gradient fails.
    ///
    /// ```
    /// use candle_core::{Device, Tensor};
    /// use optim::{Kinetic, Oracle, Quadratic, Recurrence};
    /// use std::sync::Arc;
    /// # fn main() -> optim::Result<()> {
    /// // Gradient descent multiplies the error along curvature λ by 1 − ηλ.
    /// let f = Arc::new(Quadratic::diagonal(&[1.0, 4.0], &Device::Cpu)?);
    /// let start = Tensor::new(&[1f64, 1.0], &Device::Cpu)?;
    /// let descent = Recurrence::heavy_ball(Kinetic::HalfL2Squared, 0.1, 0.0);
    /// let growth = descent.growth(&mut Oracle::from(f), &start, &start, 100)?;
    /// let mean = growth.iter().sum::<f64>() / 100.0;
    /// assert!((mean - 0.9f64.ln()).abs() < 0.01);
    /// # Ok(())
    /// # }
    /// ```
    pub fn growth(
        &self,
        oracle: &mut Oracle,
        start: &Tensor,
        along: &Tensor,
        steps: usize,
    ) -> Result<Vec<f64>> {
        self.check()?;
        let rest = start.zeros_like()?;
        let share = match start.dtype() {
            DType::F64 => 1e-6,
            _ => 1e-3,
        };
        let mut apart = share * norm([start])?.max(1.0);
        let first = norm([along])?;
        if !(first.is_finite() && first > 0.0) {
            return Err(Error::setting("along", first, "of a positive length"));
        }
        let neighbour = (start + (along * (apart / first))?)?;
        let mut here = (start.clone(), Carried::before(self, start, &rest));
        let mut there = (neighbour.clone(), Carried::before(self, &neighbour, &rest));
        let mut growth = Vec::with_capacity(steps);
        for step in 0..steps {
            let gradients = oracle.gradients(&[here.0.clone(), there.0.clone()])?;
            let next = |at: &Parted, gradient: &Tensor| {
                self.next(&ByTensors, (&at.0, &at.1), gradient, step, &rest)
            };
            here = next(&here, &gradients[0])?;
            there = next(&there, &gradients[1])?;
            if self.is_first(step + 1) {
                // What is about to be forgotten makes no difference any more.
                there.1 = here.1.clone();
            }
            let differences = differences(&here, &there)?;
            let length = norm(&differences)?;
            growth.push((length / apart).ln());
            if !(length.is_finite() && length > 0.0) {
                break;
            }
            apart = share * norm([&here.0])?.max(1.0);
            there = away(&here, &differences, apart / length)?;
        }
        Ok(growth)
    }
}

/// Where a trajectory is, and what is carried there.
type Parted = (Tensor, Carried<Tensor>);

/// What two trajectories differ by: their points, then all that is carried.
fn differences(here: &Parted, there: &Parted) -> Result<Vec<Tensor>> {
    let mut all = vec![ByTensors.minus(&there.0, &here.0)?];
    let (from, _) = here.1.parts();
    let (to, _) = there.1.parts();
    for (from, to) in from.into_iter().zip(to) {
        all.push(ByTensors.minus(to, from)?);
    }
    Ok(all)
}

/// The neighbour that differs by so many times these.
fn away(here: &Parted, differences: &[Tensor], times: f64) -> Result<Parted> {
    let (carried, numbers) = here.1.parts();
    let mut moved = std::iter::once(&here.0)
        .chain(carried)
        .zip(differences)
        .map(|(from, difference)| ByTensors.scaled_plus(difference, times, from));
    let point = moved.next().transpose()?.unwrap_or_else(|| here.0.clone());
    let mut moved: Vec<Tensor> = moved.collect::<Result<_>>()?;
    if let (Carried::Means { .. }, Some(squares)) = (&here.1, moved.get_mut(1)) {
        // A mean of squares: a neighbour below 0 is none.
        *squares = squares.relu()?;
    }
    let carried = here.1.filled(moved, numbers);
    Ok((point, carried.unwrap_or_else(|| here.1.clone())))
}

fn norm<'a>(all: impl IntoIterator<Item = &'a Tensor>) -> Result<f64> {
    let mut sum = 0.0;
    for one in all {
        sum += ByTensors.product(one, one)?;
    }
    Ok(sum.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Differentiable, Flow, HamiltonianDescent, Kinetic, Method, Oracle, Quadratic,
        SymplecticEuler,
    };
    use candle_core::Device;
    use std::sync::Arc;

    fn point(numbers: &[f64]) -> Tensor {
        Tensor::new(numbers, &Device::Cpu).unwrap()
    }

    #[test]
    fn trajectories_of_a_function_that_is_no_quadratic_part_as_its_curvature_says() {
        // x⁴: a flow of one step, gradient descent by η², multiplies what is between two neighbours by
        // 1 − η²·12x².
        let x4 = |dtype| Differentiable::new(1, dtype, &Device::Cpu, |x| x.sqr()?.sqr()?.sum_all());
        let descent = Recurrence::new(Kinetic::HalfL2Squared, 0.1, 1);
        // The rate itself changes between two neighbours: by a share of their distance.
        for (dtype, from, rounding) in [
            (DType::F64, 0.5, 3e-6),
            (DType::F64, 2.0, 3e-6),
            (DType::F32, 0.5, 3e-3),
        ] {
            let start = point(&[from]).to_dtype(dtype).unwrap();
            let along = point(&[3.0]).to_dtype(dtype).unwrap();
            let mut oracle = Oracle::from(Arc::new(x4(dtype)));
            let growth = descent.growth(&mut oracle, &start, &along, 4).unwrap();
            assert_eq!(growth.len(), 4);
            let mut x = from;
            for (step, found) in growth.into_iter().enumerate() {
                let wanted = (1.0 - 0.01 * 12.0 * x * x).abs().ln();
                assert!(
                    (found - wanted).abs() < rounding,
                    "{dtype:?} {step}: {found} {wanted}"
                );
                x -= 0.01 * 4.0 * x * x * x;
            }
        }
    }

    #[test]
    fn a_flow_forgets_its_velocity_and_with_it_what_was_apart_there() {
        let f = Arc::new(Quadratic::diagonal(&[3.0], &Device::Cpu).unwrap());
        let (steps, size) = (5, 0.2);
        let flow = Flow::new(
            Kinetic::HalfL2Squared,
            Box::new(SymplecticEuler),
            size,
            steps,
        )
        .unwrap();
        let mut descent = HamiltonianDescent::new(f.clone(), flow, point(&[1.0]));
        descent.advance().unwrap();
        let one: Vec<f64> = descent.position().to_vec1().unwrap();
        let flow = Recurrence::new(Kinetic::HalfL2Squared, size, steps);
        let growth = flow
            .growth(
                &mut Oracle::from(f),
                &point(&[1.0]),
                &point(&[1.0]),
                3 * steps,
            )
            .unwrap();
        assert_eq!(growth.len(), 3 * steps);
        for of_flow in growth.chunks_exact(steps) {
            let sum: f64 = of_flow.iter().sum();
            assert!((sum - one[0].abs().ln()).abs() < 1e-8, "{sum} {one:?}");
        }
    }

    #[test]
    fn trajectories_that_meet_have_parted_for_the_last_time() {
        let f = Arc::new(Quadratic::diagonal(&[1.0], &Device::Cpu).unwrap());
        let descent = Recurrence::new(Kinetic::HalfL2Squared, 1.0, 1);
        let growth = descent.growth(&mut Oracle::from(f), &point(&[1.0]), &point(&[1.0]), 4);
        assert_eq!(growth.unwrap(), [f64::NEG_INFINITY]);
    }
}
