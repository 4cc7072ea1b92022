//! A linear model of the gradient, from gradients that were computed anyway.

use super::slots::Slot;
use super::space::{Equations, Space};
use crate::Result;
use std::collections::VecDeque;

/// A point at which the gradient is known.
pub(super) struct Known<V> {
    pub slot: Slot<V>,
    /// ∇f there.
    pub gradient: V,
}

/// The last points at which the gradient was computed, and what they say about its derivative.
///
/// Differences to the newest point are *secant equations* B·dX_i = dR_i, with dR the difference
/// of the gradients less that of the surrogate's. The model is their weighted least-squares solution
/// of least norm but for a ridge,
/// B = dRᵀ Ω (Ω dX dXᵀ Ω + ρ)⁻¹ Ω dX, Ω = diag(1/‖dX_i‖):
/// an equation is as wrong as its step is long, since the derivative changes on the way.
///
/// Damped, it models by γB, with γ what [`share`] makes of the points learnt last, for which the
/// model before predicted changes from the newest point before them.
pub(super) struct Memory<S: Space> {
    known: VecDeque<Known<S::Vector>>,
    capacity: usize,
    damped: bool,
    model: Option<S::Model>,
}

/// ρ relative to the largest eigenvalue of Ω dX dXᵀ Ω. Measured from 1e-3 to 1e-5: hardly any
/// difference.
pub(super) const RIDGE: f64 = 1e-4;

/// Steps shorter than the longest by more than this are not weighted up any further: they are
/// rounding noise.
pub(super) const SHORTEST: f64 = 1e-6;

impl<S: Space> Memory<S> {
    /// Of the last `capacity` points; with fewer than two it models nothing.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            known: VecDeque::new(),
            capacity,
            damped: false,
            model: None,
        }
    }

    /// The same, damped or not.
    pub(super) fn damped(self, damped: bool) -> Self {
        Self { damped, ..self }
    }

    /// The newest point.
    pub(super) fn newest(&self) -> Option<&Known<S::Vector>> {
        self.known.back()
    }

    /// Adds points and fits the model anew.
    pub(super) fn learn(
        &mut self,
        space: &S,
        known: impl IntoIterator<Item = Known<S::Vector>>,
    ) -> Result<()> {
        let before = self.known.len();
        self.known.extend(known);
        // The newest one is kept in any case, as what predictions start from.
        let surplus = self.known.len().saturating_sub(self.capacity.max(1));
        let mut model = self.fitted(space, surplus)?;
        if let (true, Some(model), Some(last)) = (self.damped, &mut model, &self.model) {
            let from = self.known.range(before - 1..before);
            let learnt = equations(self.known.range(before..).chain(from));
            space.damp(model, last, &learnt)?;
        }
        self.known.drain(..surplus);
        self.model = model;
        Ok(())
    }

    /// The model, where there is one.
    pub(super) fn model(&self) -> Option<&S::Model> {
        self.model.as_ref()
    }

    /// gradient + B·u; the gradient alone where there is no model.
    pub(super) fn modelled(
        &self,
        space: &S,
        gradient: &S::Vector,
        u: &S::Vector,
    ) -> Result<S::Vector> {
        match &self.model {
            Some(model) => space.modelled(gradient, model, u),
            None => Ok(gradient.clone()),
        }
    }

    /// Of the points from the oldest that is not forgotten on.
    fn fitted(&self, space: &S, oldest: usize) -> Result<Option<S::Model>> {
        match self.known.len() - oldest {
            0 | 1 => Ok(None),
            _ => space.fit(&equations(self.known.range(oldest..))),
        }
    }
}

/// What points say, which all have a surrogate's gradient or all have none.
fn equations<'a, V: 'a>(known: impl Iterator<Item = &'a Known<V>>) -> Equations<'a, V> {
    let known: Vec<&Known<V>> = known.collect();
    Equations {
        points: known.iter().map(|k| &k.slot.point).collect(),
        gradients: known.iter().map(|k| &k.gradient).collect(),
        surrogates: known
            .iter()
            .filter_map(|k| k.slot.surrogate.get())
            .collect(),
    }
}

/// γ = Σ⟨B dX, dR⟩ / Σ⟨B dX, B dX⟩, the share of the predicted changes that was found, by least
/// squares; within 0 and 1, and 1 where nothing was predicted, or what is no number.
pub(super) fn share(found: f64, predicted: f64) -> f64 {
    match found / predicted {
        share if share.is_nan() => 1.0,
        share => share.clamp(0.0, 1.0),
    }
}

/// Ω (Ω G Ω + ρ)⁻¹ Ω for the Gram matrix G = dX dXᵀ, row by row; nothing where no step has a
/// length, or one has none that is finite.
pub(super) fn middle(gram: &[f64], size: usize) -> Option<Vec<f64>> {
    let longest = (0..size).map(|i| gram[i * size + i]).fold(0.0, f64::max);
    if longest == 0.0 || gram.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let weight = |i: usize| match gram[i * size + i] {
        // A point known twice says nothing.
        0.0 => 0.0,
        square => 1.0 / square.max(SHORTEST * SHORTEST * longest).sqrt(),
    };
    let weights: Vec<f64> = (0..size).map(weight).collect();
    let mut matrix: Vec<f64> = (0..size * size)
        .map(|k| gram[k] * weights[k / size] * weights[k % size])
        .collect();
    // The largest sum of a row bounds the largest eigenvalue, closely where steps are nearly
    // parallel, as those along a flow are.
    let sum = |row: &[f64]| row.iter().map(|v| v.abs()).sum::<f64>();
    let largest = matrix.chunks_exact(size).map(sum).fold(0.0, f64::max);
    for i in 0..size {
        matrix[i * size + i] += RIDGE * largest;
    }
    let mut inverse = inverse(&matrix, size)?;
    for (k, value) in inverse.iter_mut().enumerate() {
        *value *= weights[k / size] * weights[k % size];
    }
    Some(inverse)
}

/// The inverse of a symmetric positive definite matrix, by its Cholesky factor L: L⁻ᵀ L⁻¹.
fn inverse(matrix: &[f64], size: usize) -> Option<Vec<f64>> {
    let mut factor = vec![0.0; size * size];
    for i in 0..size {
        for j in 0..=i {
            let (a, b) = (&factor[i * size..][..j], &factor[j * size..][..j]);
            let sum: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
            let rest = matrix[i * size + j] - sum;
            factor[i * size + j] = match i == j {
                true if rest > 0.0 => rest.sqrt(),
                true => return None,
                false => rest / factor[j * size + j],
            };
        }
    }
    // The columns of L⁻¹, as rows.
    let mut columns = vec![0.0; size * size];
    for c in 0..size {
        for i in c..size {
            let sum: f64 = (c..i)
                .map(|k| factor[i * size + k] * columns[c * size + k])
                .sum();
            let unit = if i == c { 1.0 } else { 0.0 };
            columns[c * size + i] = (unit - sum) / factor[i * size + i];
        }
    }
    let row = |i: usize| &columns[i * size..][..size];
    let entry = |k: usize| {
        let pairs = row(k / size).iter().zip(row(k % size));
        pairs.map(|(a, b)| a * b).sum()
    };
    Some((0..size * size).map(entry).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::host::Host;
    use candle_core::{Device, Tensor};
    use std::sync::Arc;

    #[test]
    fn the_inverse_times_the_matrix_is_the_identity() {
        let size = 6;
        let entry = |k: usize| {
            let (i, j) = ((k / size) as f64, (k % size) as f64);
            1.0 / (1.0 + (i - j).abs()) + if k / size == k % size { 0.1 } else { 0.0 }
        };
        let matrix: Vec<f64> = (0..size * size).map(entry).collect();
        let inverse = inverse(&matrix, size).unwrap();
        for i in 0..size {
            for j in 0..size {
                let product: f64 = (0..size)
                    .map(|k| matrix[i * size + k] * inverse[k * size + j])
                    .sum();
                let wanted = if i == j { 1.0 } else { 0.0 };
                assert!((product - wanted).abs() < 1e-12, "{i} {j}: {product}");
            }
        }
    }

    #[test]
    fn a_matrix_that_is_not_positive_definite_has_no_model() {
        assert_eq!(inverse(&[1.0, 2.0, 2.0, 1.0], 2), None);
        assert_eq!(inverse(&[1.0; 4], 2), None, "of one direction alone");
        assert_eq!(middle(&[0.0; 4], 2), None);
        assert_eq!(middle(&[f64::NAN, 0.0, 0.0, 1.0], 2), None);
        assert_eq!(middle(&[1.0, f64::NAN, f64::NAN, 1.0], 2), None);
    }

    #[test]
    fn steps_are_weighted_by_their_lengths_and_the_shortest_by_the_longest() {
        // Steps at right angles: the matrix of the weighted ones is 1, and its ridge RIDGE.
        let apart = middle(&[0.25, 0.0, 0.0, 4.0], 2).unwrap();
        for (found, wanted) in apart.iter().zip([4.0, 0.0, 0.0, 0.25]) {
            assert!((found * (1.0 + RIDGE) - wanted).abs() < 1e-12, "{apart:?}");
        }
        // One that is a thousandth of the least length that counts, beside one of length 2.
        let least = (2.0 * SHORTEST).powi(2);
        let square = 1e-6 * least;
        let short = middle(&[square, 0.0, 0.0, 4.0], 2).unwrap();
        let wanted = 1.0 / (square + RIDGE * least);
        assert!(
            (short[0] / wanted - 1.0).abs() < 1e-12,
            "{short:?} {wanted}"
        );
        assert!((short[3] * (1.0 + RIDGE) - 0.25).abs() < 1e-12);
        assert_eq!(middle(&[0.0], 1), None, "a step of no length says nothing");
        assert_eq!(share(0.5, 2.0), 0.25);
    }

    fn vector(values: &[f64]) -> Arc<Vec<f64>> {
        Arc::new(values.to_vec())
    }

    /// Forces of f(x) = ½ xᵀHx with H = diag(1, 4, 9) at some points.
    fn known(points: &[[f64; 3]]) -> Vec<Known<Arc<Vec<f64>>>> {
        let known = |p: &[f64; 3]| Known {
            slot: Slot::new(vector(p)),
            gradient: vector(&[p[0], 4.0 * p[1], 9.0 * p[2]]),
        };
        points.iter().map(known).collect()
    }

    /// Its slot, where a surrogate's gradient is that times something.
    fn with_surrogate(known: &Known<Arc<Vec<f64>>>, factor: f64) -> Slot<Arc<Vec<f64>>> {
        let gradient: Vec<f64> = known.gradient.iter().map(|g| factor * g).collect();
        Slot {
            surrogate: Arc::new(Arc::new(gradient).into()),
            ..known.slot.clone()
        }
    }

    /// The same where gradients have been multiplied by something.
    fn times(factor: f64, points: &[[f64; 3]]) -> Vec<Known<Arc<Vec<f64>>>> {
        let times = |k: Known<Arc<Vec<f64>>>| Known {
            gradient: Arc::new(k.gradient.iter().map(|f| factor * f).collect()),
            ..k
        };
        known(points).into_iter().map(times).collect()
    }

    /// What a model says after two lessons, the gradients of the second multiplied by something;
    /// first as it is, then damped.
    fn taught(factor: f64) -> [Vec<f64>; 2] {
        let axes = [
            [1.0, 0.0, 0.0],
            [0.0, 1.0, 0.0],
            [0.0, 0.0, 1.0],
            [0.0, 0.0, 0.0],
        ];
        [false, true].map(|damped| {
            let mut memory = Memory::new(8).damped(damped);
            memory.learn(&Host::new(), known(&axes)).unwrap();
            let second = times(factor, &[[0.5, -0.25, 0.125], [0.25, 0.25, 0.5]]);
            memory.learn(&Host::new(), second).unwrap();
            modelled(&memory, &[1.0, -2.0, 3.0])
        })
    }

    fn modelled(memory: &Memory<Host<f64>>, u: &[f64]) -> Vec<f64> {
        let space = Host::new();
        let nothing = vector(&vec![0.0; u.len()]);
        let value = memory.modelled(&space, &nothing, &vector(u)).unwrap();
        value.to_vec()
    }

    #[test]
    fn on_the_span_of_what_it_knows_the_model_of_a_quadratic_is_its_hessian() {
        let mut memory = Memory::new(4);
        let points = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]];
        memory.learn(&Host::new(), known(&points)).unwrap();
        let value = modelled(&memory, &[0.5, -2.0, 0.0]);
        for (value, wanted) in value.iter().zip([0.5, -8.0, 0.0]) {
            assert!((value - wanted).abs() < 2e-3, "{value} {wanted}");
        }
        // Of what is at right angles to all it knows, it knows nothing.
        let across = modelled(&memory, &[0.0, 0.0, 1.0]);
        assert!(across.iter().all(|v| v.abs() < 1e-12), "{across:?}");
    }

    #[test]
    fn a_surrogate_that_is_right_leaves_nothing_to_model() {
        let mut memory = Memory::new(4);
        let points = [[1.0, 0.0, 2.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]];
        let known = known(&points).into_iter().map(|k| Known {
            slot: with_surrogate(&k, 1.0),
            ..k
        });
        memory.learn(&Host::new(), known).unwrap();
        assert!(
            modelled(&memory, &[1.0, 1.0, 1.0])
                .iter()
                .all(|v| *v == 0.0)
        );
    }

    #[test]
    fn the_memory_forgets_the_oldest_and_a_point_known_twice_does_no_harm() {
        let mut memory = Memory::new(3);
        let points = [
            [0.0, 0.0, 5.0],
            [1.0, 0.0, 0.0],
            [0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0],
        ];
        memory.learn(&Host::new(), known(&points)).unwrap();
        let value = modelled(&memory, &[1.0, 0.0, 1.0]);
        assert!(
            (value[0] - 1.0).abs() < 1e-3 && value[2] == 0.0,
            "{value:?}"
        );
    }

    #[test]
    fn damping_is_the_share_of_the_predicted_change_that_was_found() {
        for (factor, wanted) in [(0.5, 0.5), (0.1, 0.1), (0.0, 0.0), (-1.0, 0.0), (2.0, 1.0)] {
            let [plain, damped] = taught(factor);
            for (plain, damped) in plain.iter().zip(damped) {
                let share = damped / plain;
                assert!((share - wanted).abs() < 2e-3, "{factor}: {share}");
            }
        }
        assert_eq!(share(0.0, 0.0), 1.0, "nothing was predicted");
        assert_eq!(share(f64::INFINITY, f64::INFINITY), 1.0);
    }

    #[test]
    fn on_a_quadratic_that_it_knows_the_model_is_not_damped() {
        let [plain, damped] = taught(1.0);
        assert_eq!(plain, damped);
    }

    #[test]
    fn a_surrogates_share_of_a_change_is_not_the_models() {
        // The surrogate says nothing of the first lesson and half of the second.
        let lesson = |half: f64, points: &[[f64; 3]]| {
            times(1.0, points).into_iter().map(move |k| Known {
                slot: with_surrogate(&k, half),
                ..k
            })
        };
        let points = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]];
        let value = [false, true].map(|damped| {
            let mut memory = Memory::new(8).damped(damped);
            memory.learn(&Host::new(), lesson(0.0, &points)).unwrap();
            let second = lesson(0.5, &[[0.5, -0.25, 0.0]]);
            memory.learn(&Host::new(), second).unwrap();
            modelled(&memory, &[1.0, -2.0, 0.0])
        });
        let share = value[1][0] / value[0][0];
        assert!((share - 0.5).abs() < 2e-3, "{share}");
    }

    #[test]
    fn a_memory_of_one_predicts_from_it_but_models_nothing() {
        let mut memory = Memory::new(1);
        let points = [[1.0, 0.0, 0.0], [2.0, 0.0, 0.0]];
        memory.learn(&Host::<f64>::new(), known(&points)).unwrap();
        assert_eq!(memory.newest().unwrap().slot.point[0], 2.0);
        let (space, gradient) = (Host::new(), vector(&[7.0; 3]));
        let modelled = memory
            .modelled(&space, &gradient, &vector(&[1.0; 3]))
            .unwrap();
        assert!(Arc::ptr_eq(&modelled, &gradient));
        let tensor = Tensor::new(&[1f64], &Device::Cpu).unwrap();
        assert_eq!(space.vector(&tensor).unwrap()[0], 1.0);
    }
}
