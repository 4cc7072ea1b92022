//! Where the arithmetic of a window is done: on the host for points that live there, by tensor
//! operations for points on another device. The window itself is written once, over this.

use crate::recurrence::Arithmetic;
use crate::{Kinetic, Result};
use candle_core::Tensor;
pub(super) use gpu::Pace;

/// Vectors `[D]` and what a window computes with them, beside the steps of the recurrence. None of it passes
/// over the data.
pub(super) trait Space: Arithmetic<Vector: Send + Sync> + Send {
    /// A vector rounded to bf16: two bytes a number.
    type Rounded: Send;
    /// A linear model of how gradients change with points.
    type Model: Send;

    /// A vector from a tensor `[D]`.
    fn vector(&self, tensor: &Tensor) -> Result<Self::Vector>;
    /// A tensor `[D]` from a vector.
    fn tensor(&self, vector: &Self::Vector) -> Result<Tensor>;
    /// Vectors as the rows of a tensor `[W, D]`.
    fn stacked(&self, vectors: &[Self::Vector]) -> Result<Tensor>;
    /// The rows of a tensor `[W, D]`.
    fn rows(&self, tensor: &Tensor) -> Result<Vec<Self::Vector>>;
    /// Whether two are the same vector, not whether they hold equal numbers.
    fn same(a: &Self::Vector, b: &Self::Vector) -> bool;

    /// Equal vectors, laid one after the other, where that saves copies of those that are read together;
    /// which are the same stay so.
    fn together(&self, _vectors: &[&Self::Vector]) -> Result<Option<Vec<Self::Vector>>> {
        Ok(None)
    }

    /// A vector with eight bits of each number left.
    fn rounded(&self, vector: &Self::Vector) -> Result<Self::Rounded>;
    /// A rounded vector, of the precision of another.
    fn restored(&self, rounded: &Self::Rounded, like: &Self::Vector) -> Result<Self::Vector>;

    /// By how much each of `new` differs from that of `old`: one wait for the device.
    fn changes(&self, new: &[Self::Vector], old: &[Self::Vector]) -> Result<RoundChanges>;
    /// The linear model that [`Memory`](super::secant::Memory) describes; `None` where the points
    /// say nothing.
    fn fit(&self, known: &Equations<'_, Self::Vector>) -> Result<Option<Self::Model>>;
    /// Damps a model by what the last one predicted of points that were learnt since, and what was
    /// found there: by [`share`](super::secant::share). The last of the points is the one it
    /// predicted from. Waits for nothing.
    fn damp(
        &self,
        model: &mut Self::Model,
        last: &Self::Model,
        learnt: &Equations<'_, Self::Vector>,
    ) -> Result<()>;
    /// A gradient, and a model's value at u.
    fn modelled(
        &self,
        gradient: &Self::Vector,
        model: &Self::Model,
        u: &Self::Vector,
    ) -> Result<Self::Vector>;

    /// Several steps of a Hamiltonian flow, where the space has something better for them than one
    /// step after the other: points and velocities after each.
    fn flow_steps(&self, _steps: &WindowSteps<'_, Self>) -> Result<Option<Walked<Self::Vector>>>
    where
        Self: Sized,
    {
        Ok(None)
    }
}

/// Points at which the gradient is known, the newest last: what a model is fitted to.
pub(super) struct Equations<'a, V> {
    pub points: Vec<&'a V>,
    /// ∇f there.
    pub gradients: Vec<&'a V>,
    /// The surrogate's gradient there; none, or one for each point.
    pub surrogates: Vec<&'a V>,
}

/// Steps of a Hamiltonian flow, from a position and a velocity.
pub(super) struct WindowSteps<'a, S: Space> {
    pub position: &'a S::Vector,
    pub velocity: &'a S::Vector,
    pub gradients: StepGradients<'a, S::Vector>,
    /// A model, and where the gradients were computed: at a point for each step, or one for all.
    pub model: Option<(&'a S::Model, &'a [S::Vector])>,
    pub kinetic: Kinetic,
    pub pace: Pace,
}

/// The gradient of each step.
pub(super) enum StepGradients<'a, V> {
    Given(&'a [V]),
    Constant(&'a V),
    /// That at the step before the first, and what is added at every step.
    Linear(&'a V, &'a V),
}

impl<V> Clone for StepGradients<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

// Of references, whatever they refer to.
impl<V> Copy for StepGradients<'_, V> {}

/// Points and velocities after each step.
pub(super) type Walked<V> = (Vec<V>, Vec<V>);

/// By how much a round changed the points after the window's start.
pub(super) struct RoundChanges {
    /// ‖new − old‖ of each point.
    pub changes: Vec<f64>,
    /// What τ is a share of: ‖old‖, or how far the old point is from the window's start.
    pub scales: Vec<f64>,
    /// ‖x̄_{s+1}‖.
    pub first_size: f64,
}

impl RoundChanges {
    /// e_{s+w}, line 16: the change of each point as a share; infinite of what is 0.
    pub(super) fn relative(&self) -> impl ExactSizeIterator<Item = f64> {
        let share = |(change, scale): (&f64, &f64)| match *scale {
            0.0 => f64::INFINITY,
            scale => change / scale,
        };
        self.changes.iter().zip(&self.scales).map(share)
    }

    /// Whether every point has. What is not a number has not.
    pub(super) fn converged(&self, tolerance: f64) -> bool {
        self.relative().all(|error| error <= tolerance)
    }

    /// Line 19: up to and including the first point that has not converged. What is not a number
    /// has not.
    pub(super) fn stride(&self, tolerance: f64) -> usize {
        let failing = self
            .relative()
            .position(|error| error.is_nan() || error > tolerance);
        failing.map_or(self.changes.len(), |first| first + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::host::Host;
    use crate::window::tensors::Tensors;
    use candle_core::{DType, Device};

    fn of(relative: &[f64]) -> RoundChanges {
        RoundChanges {
            changes: relative.to_vec(),
            scales: vec![1.0; relative.len()],
            first_size: 1.0,
        }
    }

    #[test]
    fn the_window_moves_up_to_and_including_the_first_point_over_the_tolerance() {
        let stride = |relative: &[f64], tolerance| of(relative).stride(tolerance);
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
    fn a_window_has_converged_where_each_of_its_points_has() {
        let converged = |relative: &[f64]| of(relative).converged(1e-3);
        assert!(converged(&[1e-3, 0.0]));
        assert!(!converged(&[0.0, 2e-3]) && !converged(&[f64::NAN]));
    }

    fn wave(length: usize, frequency: f64) -> Tensor {
        let wave: Vec<f64> = (0..length).map(|i| (i as f64 * frequency).sin()).collect();
        Tensor::new(wave, &Device::Cpu).unwrap()
    }

    fn numbers(tensor: Tensor) -> Vec<f64> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    /// Everything a space computes, as numbers.
    fn all<S: Space>(space: &S) -> Vec<Vec<f64>> {
        let tensors: Vec<Tensor> = (1..6).map(|k| wave(37, 0.1 * f64::from(k))).collect();
        let v: Vec<S::Vector> = tensors.iter().map(|t| space.vector(t).unwrap()).collect();
        let of = |vector: S::Vector| numbers(space.tensor(&vector).unwrap());
        let known = Equations {
            points: v[0..3].iter().collect(),
            gradients: v[2..5].iter().collect(),
            surrogates: v[1..4].iter().collect(),
        };
        let model = space.fit(&known).unwrap().unwrap();
        let mut damped = space.fit(&known).unwrap().unwrap();
        let learnt = Equations {
            points: vec![&v[3], &v[2]],
            gradients: vec![&v[1], &v[4]],
            surrogates: Vec::new(),
        };
        space.damp(&mut damped, &model, &learnt).unwrap();
        let changes = space.changes(&v[0..2], &v[2..4]).unwrap();
        let stacked = space.stacked(&v).unwrap();
        let last = space.rows(&stacked).unwrap().pop().unwrap();
        let mut all = vec![
            of(space.kicked(&v[0], &v[1], 0.3).unwrap()),
            of(space.plus(&v[0], &v[1]).unwrap()),
            of(space.minus(&v[0], &v[1]).unwrap()),
            of(space.modelled(&v[3], &model, &v[4]).unwrap()),
            of(space.modelled(&v[3], &damped, &v[4]).unwrap()),
            of(last),
            changes.changes,
            changes.scales,
            vec![changes.first_size],
            numbers(stacked),
        ];
        for &kinetic in Kinetic::ALL {
            all.push(of(space.drifted(&v[0], &v[1], kinetic, 0.3).unwrap()));
        }
        all
    }

    #[test]
    fn the_host_computes_what_tensor_operations_do() {
        for (host, tensors) in all(&Host::<f64>::new())
            .iter()
            .zip(all(&Tensors::by_operations()))
        {
            assert_eq!(host.len(), tensors.len());
            for (a, b) in host.iter().zip(&tensors) {
                assert!((a - b).abs() < 1e-13, "{a} {b}");
            }
        }
    }

    #[test]
    fn a_point_at_the_origin_has_not_converged() {
        let zero = Tensor::zeros(2, DType::F64, &Device::Cpu).unwrap();
        let five = Tensor::new(&[3f64, 4.0], &Device::Cpu).unwrap();
        fn changes<S: Space>(space: &S, new: [&Tensor; 2], old: [&Tensor; 2]) -> RoundChanges {
            let of = |t: [&Tensor; 2]| t.map(|t| space.vector(t).unwrap());
            space.changes(&of(new), &of(old)).unwrap()
        }
        let (new, old) = ([&zero, &zero], [&zero, &five]);
        for changes in [
            changes(&Host::<f64>::new(), new, old),
            changes(&Tensors::by_operations(), new, old),
        ] {
            assert_eq!(changes.stride(1e3), 1);
            assert_eq!(changes.changes, [0.0, 5.0]);
            assert_eq!(changes.first_size, 0.0);
        }
    }
}
