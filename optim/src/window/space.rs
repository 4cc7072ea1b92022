//! Where the arithmetic of a window is done: on the host for points that live there, by tensor
//! operations for points on another device. The window itself is written once, over this.

use crate::{Kinetic, Result};
use candle_core::{D, DType, Tensor};

/// Vectors `[D]` and what a window computes with them. None of it passes over the data.
pub(super) trait Space: Send {
    /// A vector; clones share its elements.
    type Vector: Clone + Send;
    /// Vectors as rows.
    type Matrix;
    /// A linear model of how forces change with points.
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

    /// v − time · force.
    fn kicked(&self, v: &Self::Vector, force: &Self::Vector, time: f64) -> Result<Self::Vector>;
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

    /// By how much each of `new` differs from that of `old`: one wait for the device.
    fn changes(&self, new: &[Self::Vector], old: &[Self::Vector]) -> Result<Changes>;
    /// Each of some vectors less another.
    fn differences(&self, of: &[&Self::Vector], less: &Self::Vector) -> Result<Self::Matrix>;
    /// a − b.
    fn less(&self, a: Self::Matrix, b: &Self::Matrix) -> Result<Self::Matrix>;
    /// The inner products of the rows, row by row: one wait for the device.
    fn gram(&self, rows: &Self::Matrix) -> Result<Vec<f64>>;
    /// u ↦ Σ_ij forces_i · middle_ij · ⟨points_j, u⟩.
    fn model(
        &self,
        points: Self::Matrix,
        forces: Self::Matrix,
        middle: Vec<f64>,
    ) -> Result<Self::Model>;
    /// A force, and a model's value at u.
    fn modelled(
        &self,
        force: &Self::Vector,
        model: &Self::Model,
        u: &Self::Vector,
    ) -> Result<Self::Vector>;
}

/// By how much a round changed the points after the window's start.
pub(super) struct Changes {
    /// e_{s+w}, line 16: ‖new − old‖/‖old‖ of each point; infinite where the old point is 0.
    pub relative: Vec<f64>,
    /// ‖x̄_{s+1}‖.
    pub first_size: f64,
}

impl Changes {
    /// From ‖new − old‖, ‖old‖ and the first ‖new‖.
    pub(super) fn of(changes: &[f64], sizes: &[f64], first_size: f64) -> Self {
        let relative = |(change, size): (&f64, &f64)| match *size {
            0.0 => f64::INFINITY,
            size => change / size,
        };
        Self {
            relative: changes.iter().zip(sizes).map(relative).collect(),
            first_size,
        }
    }

    /// Whether every point has. What is not a number has not.
    pub(super) fn converged(&self, tolerance: f64) -> bool {
        self.relative.iter().all(|&error| error <= tolerance)
    }

    /// Line 19: up to and including the first point that has not converged. What is not a number
    /// has not.
    pub(super) fn stride(&self, tolerance: f64) -> usize {
        let failing = self
            .relative
            .iter()
            .position(|&error| error.is_nan() || error > tolerance);
        failing.map_or(self.relative.len(), |first| first + 1)
    }
}

/// Points on any device, by the tensor library's operations.
pub(super) struct Tensors;

/// [`Space::Model`] of [`Tensors`].
pub(super) struct TensorModel {
    /// `[p, D]`.
    points: Tensor,
    /// `[D, p]`.
    forces: Tensor,
    /// `[p, p]`.
    middle: Tensor,
}

impl Space for Tensors {
    type Vector = Tensor;
    type Matrix = Tensor;
    type Model = TensorModel;

    fn vector(&self, tensor: &Tensor) -> Result<Tensor> {
        Ok(tensor.clone())
    }

    fn tensor(&self, vector: &Tensor) -> Result<Tensor> {
        Ok(vector.clone())
    }

    fn stacked(&self, vectors: &[Tensor]) -> Result<Tensor> {
        Ok(Tensor::stack(vectors, 0)?)
    }

    fn rows(&self, tensor: &Tensor) -> Result<Vec<Tensor>> {
        (0..tensor.dim(0)?).map(|w| Ok(tensor.get(w)?)).collect()
    }

    fn same(a: &Tensor, b: &Tensor) -> bool {
        a.id() == b.id()
    }

    fn kicked(&self, v: &Tensor, force: &Tensor, time: f64) -> Result<Tensor> {
        crate::flow::kicked(v, force, time)
    }

    fn drifted(&self, x: &Tensor, v: &Tensor, kinetic: Kinetic, time: f64) -> Result<Tensor> {
        crate::flow::drifted(x, v, kinetic, time)
    }

    fn plus(&self, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        Ok((a + b)?)
    }

    fn minus(&self, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        Ok((a - b)?)
    }

    fn changes(&self, new: &[Tensor], old: &[Tensor]) -> Result<Changes> {
        let (new, old) = (Tensor::stack(new, 0)?, Tensor::stack(old, 0)?);
        let norms = |t: &Tensor| t.sqr()?.sum(D::Minus1)?.sqrt();
        let all = Tensor::stack(&[norms(&(&new - &old)?)?, norms(&old)?, norms(&new)?], 0)?;
        let all: Vec<Vec<f64>> = all.to_dtype(DType::F64)?.to_vec2()?;
        Ok(Changes::of(&all[0], &all[1], all[2][0]))
    }

    fn differences(&self, of: &[&Tensor], less: &Tensor) -> Result<Tensor> {
        Ok(Tensor::stack(of, 0)?.broadcast_sub(less)?)
    }

    fn less(&self, a: Tensor, b: &Tensor) -> Result<Tensor> {
        Ok((a - b)?)
    }

    fn gram(&self, rows: &Tensor) -> Result<Vec<f64>> {
        let gram = rows.matmul(&rows.t()?)?.to_dtype(DType::F64)?;
        Ok(gram.flatten_all()?.to_vec1()?)
    }

    fn model(&self, points: Tensor, forces: Tensor, middle: Vec<f64>) -> Result<TensorModel> {
        let size = points.dim(0)?;
        let middle = Tensor::from_vec(middle, (size, size), points.device())?;
        Ok(TensorModel {
            middle: middle.to_dtype(points.dtype())?,
            forces: forces.t()?.contiguous()?,
            points,
        })
    }

    fn modelled(&self, force: &Tensor, model: &TensorModel, u: &Tensor) -> Result<Tensor> {
        let along = model.points.matmul(&u.unsqueeze(1)?)?;
        let weights = model.middle.matmul(&along)?;
        Ok((model.forces.matmul(&weights)?.squeeze(1)? + force)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::host::Host;
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
        let middle = vec![0.5, 0.25, -1.0, 2.0];
        let away = |of: [usize; 2]| space.differences(&of.map(|i| &v[i]), &v[4]).unwrap();
        let forces = space.less(away([2, 3]), &away([1, 2])).unwrap();
        let gram = space.gram(&away([0, 1])).unwrap();
        let model = space.model(away([0, 1]), forces, middle).unwrap();
        let changes = space.changes(&v[0..2], &v[2..4]).unwrap();
        let stacked = space.stacked(&v).unwrap();
        let last = space.rows(&stacked).unwrap().pop().unwrap();
        let mut all = vec![
            of(space.kicked(&v[0], &v[1], 0.3).unwrap()),
            of(space.plus(&v[0], &v[1]).unwrap()),
            of(space.minus(&v[0], &v[1]).unwrap()),
            of(space.modelled(&v[3], &model, &v[4]).unwrap()),
            of(last),
            gram,
            changes.relative,
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
        for (host, tensors) in all(&Host::<f64>::new()).iter().zip(all(&Tensors)) {
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
        let (new, old) = ([zero.clone(), zero.clone()], [zero, five]);
        let changes = Tensors.changes(&new, &old).unwrap();
        assert_eq!(changes.relative, [f64::INFINITY, 1.0]);
        assert_eq!(changes.first_size, 0.0);
        let host = Host::<f64>::new();
        let of = |t: [Tensor; 2]| t.map(|t| host.vector(&t).unwrap());
        let changes = host.changes(&of(new), &of(old)).unwrap();
        assert_eq!(changes.relative, [f64::INFINITY, 1.0]);
    }
}
