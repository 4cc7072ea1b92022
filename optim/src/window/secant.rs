//! A linear model of the force, from forces that were computed anyway.

use super::space::{Equations, Space};
use crate::Result;
use std::collections::VecDeque;

/// A point at which the force is known.
pub(super) struct Known<V> {
    pub point: V,
    /// ∇f there.
    pub force: V,
    /// The surrogate's gradient there, where there is a surrogate.
    pub surrogate: Option<V>,
}

/// The last points at which the force was computed, and what they say about its derivative.
///
/// Differences to the newest point are *secant equations* B·dX_i = dR_i, with dR the difference
/// of the forces less that of the surrogate's. The model is their weighted least-squares solution
/// of least norm but for a ridge,
/// B = dRᵀ Ω (Ω dX dXᵀ Ω + ρ)⁻¹ Ω dX, Ω = diag(1/‖dX_i‖):
/// an equation is as wrong as its step is long, since the derivative changes on the way.
pub(super) struct Memory<S: Space> {
    known: VecDeque<Known<S::Vector>>,
    capacity: usize,
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
            model: None,
        }
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
        self.known.extend(known);
        // The newest one is kept in any case, as what predictions start from.
        let surplus = self.known.len().saturating_sub(self.capacity.max(1));
        self.known.drain(..surplus);
        self.model = match self.capacity {
            0 | 1 => None,
            _ => self.fitted(space)?,
        };
        Ok(())
    }

    /// The model, where there is one.
    pub(super) fn model(&self) -> Option<&S::Model> {
        self.model.as_ref()
    }

    /// force + B·u; the force alone where there is no model.
    pub(super) fn modelled(
        &self,
        space: &S,
        force: &S::Vector,
        u: &S::Vector,
    ) -> Result<S::Vector> {
        match &self.model {
            Some(model) => space.modelled(force, model, u),
            None => Ok(force.clone()),
        }
    }

    fn fitted(&self, space: &S) -> Result<Option<S::Model>> {
        let Some(newest) = self.newest() else {
            return Ok(None);
        };
        if self.known.len() == 1 {
            return Ok(None);
        }
        let known = || self.known.iter();
        space.fit(&Equations {
            points: known().map(|k| &k.point).collect(),
            forces: known().map(|k| &k.force).collect(),
            surrogates: match newest.surrogate {
                Some(_) => known().filter_map(|k| k.surrogate.as_ref()).collect(),
                None => Vec::new(),
            },
        })
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
        assert_eq!(middle(&[0.0; 4], 2), None);
        assert_eq!(middle(&[f64::NAN, 0.0, 0.0, 1.0], 2), None);
    }

    fn vector(values: &[f64]) -> Arc<Vec<f64>> {
        Arc::new(values.to_vec())
    }

    /// Forces of f(x) = ½ xᵀHx with H = diag(1, 4, 9) at some points.
    fn known(points: &[[f64; 3]]) -> Vec<Known<Arc<Vec<f64>>>> {
        let known = |p: &[f64; 3]| Known {
            point: vector(p),
            force: vector(&[p[0], 4.0 * p[1], 9.0 * p[2]]),
            surrogate: None,
        };
        points.iter().map(known).collect()
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
            surrogate: Some(k.force.clone()),
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
    fn a_memory_of_one_predicts_from_it_but_models_nothing() {
        let mut memory = Memory::new(1);
        let points = [[1.0, 0.0, 0.0], [2.0, 0.0, 0.0]];
        memory.learn(&Host::<f64>::new(), known(&points)).unwrap();
        assert_eq!(memory.newest().unwrap().point[0], 2.0);
        let (space, force) = (Host::new(), vector(&[7.0; 3]));
        let modelled = memory.modelled(&space, &force, &vector(&[1.0; 3])).unwrap();
        assert!(Arc::ptr_eq(&modelled, &force));
        let tensor = Tensor::new(&[1f64], &Device::Cpu).unwrap();
        assert_eq!(space.vector(&tensor).unwrap()[0], 1.0);
    }
}
