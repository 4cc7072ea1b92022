//! How far a window gets before a point has not converged, found out while its steps are made:
//! nothing but the step reached is kept of them. And the short form in which a window keeps
//! velocities that are guesses anyway.

use super::Storage;
use super::host::{Host, elements, product};
use super::space::{RoundChanges, Space};
use super::tensors::{Row, Tensors};
use crate::Result;
use crate::cpu::real::Real;
use candle_core::{DType, Device, Tensor, WithDType};
use half::bf16;
use std::sync::Arc;

/// What a window that is streamed needs of a [`Space`] besides.
pub(super) trait Streamed: Space {
    /// A vector as it is kept between rounds.
    type Kept: Clone + Send;
    /// Vectors on their way to an evaluator.
    type Batch;
    /// The furthest step before which all points had converged.
    type Front;

    /// A vector to be kept.
    fn kept(&self, vector: &Self::Vector, storage: Storage) -> Result<Self::Kept>;
    /// A vector that was kept; of the precision of another.
    fn restored(&self, kept: &Self::Kept, like: &Self::Vector) -> Result<Self::Vector>;

    /// Room for so many vectors, of the size and precision of another.
    fn batch(&self, vectors: usize, like: &Self::Vector) -> Result<Self::Batch>;
    /// Puts a vector behind those before it.
    fn put(&self, batch: &mut Self::Batch, vector: &Self::Vector) -> Result<()>;
    /// The vectors as the rows of a tensor, once all are there.
    fn filled(&self, batch: Self::Batch) -> Result<Tensor>;
    /// A row of a tensor `[W, D]`.
    fn row(&self, tensor: &Tensor, row: usize) -> Result<Self::Vector>;

    /// At a window's start.
    fn front(&self, position: &Self::Vector, velocity: &Self::Vector) -> Result<Self::Front>;
    /// Line 19 for one point: a step to `position` with `velocity`, where `before` was guessed.
    /// Waits for nothing.
    fn reach(
        &self,
        front: &mut Self::Front,
        position: &Self::Vector,
        velocity: &Self::Vector,
        before: &Self::Vector,
        tolerance: f64,
    ) -> Result<()>;
    /// Where it ended: one wait for the device.
    fn reached(&self, front: Self::Front) -> Result<Reached<Self::Vector>>;
}

/// Where a window's next start is.
pub(super) struct Reached<V> {
    pub position: V,
    pub velocity: V,
    /// By how many steps the window moves.
    pub stride: usize,
    /// ‖x̄_{s+1}‖.
    pub first_size: f64,
}

/// [`Streamed::Kept`] on the host.
#[derive(Clone)]
pub(super) enum HostKept<T> {
    Full(Arc<Vec<T>>),
    Rounded(Arc<[bf16]>),
}

/// [`Streamed::Batch`] on the host, `[U, D]`.
pub(super) struct HostBatch<T> {
    elements: Vec<T>,
    dimension: usize,
}

/// [`Streamed::Front`] on the host, where nothing has to be waited for.
pub(super) struct HostFront<T> {
    reached: Reached<Arc<Vec<T>>>,
    /// Whether all points so far have converged.
    converged: bool,
}

impl<T: Real + WithDType> Streamed for Host<T> {
    type Kept = HostKept<T>;
    type Batch = HostBatch<T>;
    type Front = HostFront<T>;

    fn kept(&self, vector: &Arc<Vec<T>>, storage: Storage) -> Result<HostKept<T>> {
        Ok(match storage {
            Storage::Bf16 { .. } => {
                let rounded = vector.iter().map(|v| bf16::from_f64(v.to_double()));
                HostKept::Rounded(rounded.collect())
            }
            _ => HostKept::Full(vector.clone()),
        })
    }

    fn restored(&self, kept: &HostKept<T>, _like: &Arc<Vec<T>>) -> Result<Arc<Vec<T>>> {
        Ok(match kept {
            HostKept::Full(vector) => vector.clone(),
            HostKept::Rounded(rounded) => {
                let full = rounded.iter().map(|v| T::from_double(v.to_f64()));
                Arc::new(full.collect())
            }
        })
    }

    fn batch(&self, vectors: usize, like: &Arc<Vec<T>>) -> Result<HostBatch<T>> {
        Ok(HostBatch {
            elements: Vec::with_capacity(vectors * like.len()),
            dimension: like.len(),
        })
    }

    fn put(&self, batch: &mut HostBatch<T>, vector: &Arc<Vec<T>>) -> Result<()> {
        batch.elements.extend_from_slice(vector);
        Ok(())
    }

    fn filled(&self, batch: HostBatch<T>) -> Result<Tensor> {
        let shape = (batch.elements.len() / batch.dimension, batch.dimension);
        Ok(Tensor::from_vec(batch.elements, shape, &Device::Cpu)?)
    }

    fn row(&self, tensor: &Tensor, row: usize) -> Result<Arc<Vec<T>>> {
        let dimension = tensor.dim(1)?;
        elements(tensor, |all: &[T]| {
            Arc::new(all[row * dimension..][..dimension].to_vec())
        })
    }

    fn front(&self, position: &Arc<Vec<T>>, velocity: &Arc<Vec<T>>) -> Result<HostFront<T>> {
        Ok(HostFront {
            reached: Reached {
                position: position.clone(),
                velocity: velocity.clone(),
                stride: 0,
                first_size: 0.0,
            },
            converged: true,
        })
    }

    fn reach(
        &self,
        front: &mut HostFront<T>,
        position: &Arc<Vec<T>>,
        velocity: &Arc<Vec<T>>,
        before: &Arc<Vec<T>>,
        tolerance: f64,
    ) -> Result<()> {
        if !front.converged {
            return Ok(());
        }
        let reached = &mut front.reached;
        if reached.stride == 0 {
            // What f32 holds of a norm, as on any other device.
            let size = T::from_double(product(position, position).sqrt());
            reached.first_size = size.to_double();
        }
        reached.stride += 1;
        reached.position = position.clone();
        reached.velocity = velocity.clone();
        let change = self.minus(position, before)?;
        let change = product(&change, &change).sqrt();
        let size = product(before, before).sqrt();
        let error = RoundChanges::of(&[change], &[size], reached.first_size);
        front.converged = error.converged(tolerance);
        Ok(())
    }

    fn reached(&self, front: HostFront<T>) -> Result<Reached<Arc<Vec<T>>>> {
        Ok(front.reached)
    }
}

/// [`Streamed::Front`] on any device: chosen by masks, so that the host need not know yet.
pub(super) struct TensorFront {
    position: Tensor,
    velocity: Tensor,
    /// 1 as long as all points have converged, `[1]`.
    converged: Tensor,
    /// `[1]`.
    stride: Tensor,
    /// `[1]`, of the first point.
    first_size: Option<Tensor>,
}

/// ‖x‖ in f64, `[1]`.
fn norm(x: &Tensor) -> Result<Tensor> {
    Ok(x.sqr()?
        .sum_all()?
        .sqrt()?
        .to_dtype(DType::F64)?
        .reshape(1)?)
}

/// [`Streamed::Batch`] on any device.
pub(super) struct TensorBatch {
    rows: Tensor,
    filled: usize,
}

impl Streamed for Tensors {
    type Kept = Tensor;
    type Batch = TensorBatch;
    type Front = TensorFront;

    fn kept(&self, vector: &Row, storage: Storage) -> Result<Tensor> {
        Ok(match storage {
            Storage::Bf16 { .. } => vector.tensor()?.to_dtype(DType::BF16)?,
            _ => vector.tensor()?,
        })
    }

    fn restored(&self, kept: &Tensor, like: &Row) -> Result<Row> {
        Row::alone(&kept.to_dtype(like.tensor()?.dtype())?)
    }

    fn batch(&self, vectors: usize, like: &Row) -> Result<TensorBatch> {
        let like = like.tensor()?;
        let shape = (vectors, like.elem_count());
        Ok(TensorBatch {
            rows: Tensor::zeros(shape, like.dtype(), like.device())?,
            filled: 0,
        })
    }

    fn put(&self, batch: &mut TensorBatch, vector: &Row) -> Result<()> {
        let row = vector.tensor()?.unsqueeze(0)?;
        batch.rows.slice_set(&row, 0, batch.filled)?;
        batch.filled += 1;
        Ok(())
    }

    fn filled(&self, batch: TensorBatch) -> Result<Tensor> {
        Ok(batch.rows)
    }

    fn row(&self, tensor: &Tensor, row: usize) -> Result<Row> {
        Row::alone(&tensor.get(row)?)
    }

    fn front(&self, position: &Row, velocity: &Row) -> Result<TensorFront> {
        let (position, velocity) = (position.tensor()?, velocity.tensor()?);
        Ok(TensorFront {
            converged: Tensor::ones(1, DType::U8, position.device())?,
            stride: Tensor::zeros(1, DType::F64, position.device())?,
            first_size: None,
            position,
            velocity,
        })
    }

    fn reach(
        &self,
        front: &mut TensorFront,
        position: &Row,
        velocity: &Row,
        before: &Row,
        tolerance: f64,
    ) -> Result<()> {
        let (position, before) = (position.tensor()?, before.tensor()?);
        if front.first_size.is_none() {
            front.first_size = Some(norm(&position)?);
        }
        let mask = front
            .converged
            .broadcast_as(position.shape())?
            .contiguous()?;
        front.position = mask.where_cond(&position, &front.position)?;
        front.velocity = mask.where_cond(&velocity.tensor()?, &front.velocity)?;
        front.stride = (&front.stride + front.converged.to_dtype(DType::F64)?)?;
        // At the origin this is infinite or not a number: not at most τ in either case.
        let error = (norm(&(position - &before)?)? / norm(&before)?)?;
        front.converged = (&front.converged * error.le(tolerance)?)?;
        Ok(())
    }

    fn reached(&self, front: TensorFront) -> Result<Reached<Row>> {
        let first_size = match front.first_size {
            Some(size) => size,
            None => norm(&front.position)?,
        };
        let numbers = Tensor::cat(&[front.stride, first_size], 0)?.to_vec1::<f64>()?;
        Ok(Reached {
            position: Row::alone(&front.position)?,
            velocity: Row::alone(&front.velocity)?,
            stride: numbers[0] as usize,
            first_size: numbers[1],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    /// Strides over points that change by 0, 1e-4, 1e-2, 0 of their length, and sizes.
    fn walk<S: Streamed>(space: &S, tolerance: f64) -> (Vec<f64>, usize) {
        let v = |x: f64| {
            let tensor = Tensor::new(&[3.0 * x, 4.0 * x], &Device::Cpu).unwrap();
            space.vector(&tensor).unwrap()
        };
        let mut front = space.front(&v(9.0), &v(0.0)).unwrap();
        for (step, change) in [0.0, 1e-4, 1e-2, 0.0].into_iter().enumerate() {
            let (x, old) = (v(1.0 + change), v(1.0));
            let velocity = v(step as f64 + 1.0);
            space
                .reach(&mut front, &x, &velocity, &old, tolerance)
                .unwrap();
        }
        let reached = space.reached(front).unwrap();
        let numbers = |v: &S::Vector| space.tensor(v).unwrap().to_vec1::<f64>().unwrap();
        let mut all = numbers(&reached.position);
        all.extend(numbers(&reached.velocity));
        all.push(reached.first_size);
        (all, reached.stride)
    }

    #[test]
    fn the_front_stops_at_the_first_point_that_has_not_converged_on_host_and_device_alike() {
        for (tolerance, stride) in [(1e-5, 2), (1e-3, 3), (1.0, 4)] {
            let (host, reached) = walk(&Host::<f64>::new(), tolerance);
            assert_eq!(reached, stride);
            assert_eq!(host[2], 3.0 * stride as f64, "the velocity of that step");
            assert_eq!((host, reached), walk(&Tensors::by_operations(), tolerance));
        }
    }

    #[test]
    fn a_batch_is_what_was_put_into_it_row_by_row_on_host_and_device_alike() {
        fn rows<S: Streamed>(space: &S) -> Vec<Vec<f64>> {
            let v = |x: f64| {
                let tensor = Tensor::new(&[x, -x, 2.0 * x], &Device::Cpu).unwrap();
                space.vector(&tensor).unwrap()
            };
            let mut batch = space.batch(2, &v(0.0)).unwrap();
            for x in [1.0, 5.0] {
                space.put(&mut batch, &v(x)).unwrap();
            }
            let tensor = space.filled(batch).unwrap();
            let row = |row| space.tensor(&space.row(&tensor, row).unwrap()).unwrap();
            (0..2).map(|r| row(r).to_vec1().unwrap()).collect()
        }
        assert_eq!(
            rows(&Host::<f64>::new()),
            [[1.0, -1.0, 2.0], [5.0, -5.0, 10.0]]
        );
        assert_eq!(rows(&Tensors::by_operations()), rows(&Host::<f64>::new()));
    }

    #[test]
    fn a_point_guessed_at_the_origin_stops_the_front() {
        fn stride<S: Streamed>(space: &S) -> usize {
            let zero = Tensor::zeros(2, DType::F64, &Device::Cpu).unwrap();
            let zero = space.vector(&zero).unwrap();
            let mut front = space.front(&zero, &zero).unwrap();
            for _ in 0..3 {
                space.reach(&mut front, &zero, &zero, &zero, 1.0).unwrap();
            }
            space.reached(front).unwrap().stride
        }
        assert_eq!(
            (
                stride(&Host::<f64>::new()),
                stride(&Tensors::by_operations())
            ),
            (1, 1)
        );
    }

    #[test]
    fn what_is_kept_in_bf16_is_right_to_eight_bits_and_takes_two_bytes() {
        let values: Vec<f64> = (1..100).map(|i| (f64::from(i) * 0.37).sin()).collect();
        let tensor = Tensor::new(values.clone(), &Device::Cpu).unwrap();
        let space = Host::<f64>::new();
        let vector = space.vector(&tensor).unwrap();
        let kept = space
            .kept(&vector, Storage::Bf16 { at_once: None })
            .unwrap();
        let HostKept::Rounded(rounded) = &kept else {
            panic!("kept in full");
        };
        assert_eq!(size_of_val(&rounded[..]), 2 * values.len());
        let restored = space.restored(&kept, &vector).unwrap();
        let tensors = Tensors::by_operations();
        let row = tensors.vector(&tensor).unwrap();
        let kept = tensors.kept(&row, Storage::Bf16 { at_once: None }).unwrap();
        let of_tensors = tensors.restored(&kept, &row).unwrap().tensor().unwrap();
        assert_eq!(*restored, of_tensors.to_vec1::<f64>().unwrap());
        for (restored, value) in restored.iter().zip(values) {
            assert!((restored - value).abs() <= value.abs() / 256.0);
        }
    }
}
