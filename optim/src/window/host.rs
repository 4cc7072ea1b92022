//! A window's arithmetic on slices, for points in the host's memory: without the cost of starting
//! a tensor operation for each of many small vectors.

use super::secant::{middle, share};
use super::space::{Equations, RoundChanges, Space};
use crate::cpu::aligned::{Aligned, whole_lines};
use crate::cpu::real::Real;
use crate::{Kinetic, Result};
use candle_core::{Device, Storage, Tensor, WithDType};
use half::bf16;
use pulp::{Arch, Simd, WithSimd};
use std::marker::PhantomData;
use std::sync::Arc;

/// Points in the host's memory, of element type `T`.
pub(super) struct Host<T>(PhantomData<T>);

impl<T> Host<T> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

/// Vectors as rows; rows are filled up to whole cache lines.
pub(super) struct HostMatrix<T> {
    elements: Aligned<T>,
    columns: usize,
    stride: usize,
}

impl<T: Real> HostMatrix<T> {
    fn rows(&self) -> impl ExactSizeIterator<Item = &[T]> {
        let rows = self.elements.chunks_exact(self.stride);
        rows.map(|row| &row[..self.columns])
    }

    /// ⟨row, b⟩ of the first rows, so many of them.
    fn products(&self, first: usize, b: &[T]) -> Vec<f64> {
        let rows = self.rows().take(first);
        Arch::new().dispatch(RowProducts { rows, b })
    }
}

/// [`Space::Model`] of [`Host`].
pub(super) struct HostModel<T> {
    points: HostMatrix<T>,
    gradients: HostMatrix<T>,
    middle: Vec<f64>,
    /// γ.
    damping: f64,
}

impl<T: Real> HostModel<T> {
    /// Adds the model's value at u, so many times.
    fn add(&self, to: &mut [T], u: &[T], times: f64) {
        let along = self.points.products(usize::MAX, u);
        let weights = self.middle.chunks_exact(along.len());
        let weights = weights.map(|row| row.iter().zip(&along).map(|(m, a)| m * a).sum::<f64>());
        let by: Vec<T> = weights.map(|w| T::from_double(w * times)).collect();
        let rows = &self.gradients;
        Arch::new().dispatch(AddScaled { to, rows, by: &by });
    }
}

impl<T: Real + WithDType> Host<T> {
    fn each(a: &[T], b: &[T], of: impl Fn(T, T) -> T) -> Arc<Vec<T>> {
        Arc::new(a.iter().zip(b).map(|(&a, &b)| of(a, b)).collect())
    }
}

impl<T: Real + WithDType> Space for Host<T> {
    type Vector = Arc<Vec<T>>;
    type Rounded = Arc<[bf16]>;
    type Model = HostModel<T>;

    fn vector(&self, tensor: &Tensor) -> Result<Arc<Vec<T>>> {
        Ok(Arc::new(tensor.to_vec1()?))
    }

    fn tensor(&self, vector: &Arc<Vec<T>>) -> Result<Tensor> {
        Ok(Tensor::from_slice(vector, vector.len(), &Device::Cpu)?)
    }

    fn stacked(&self, vectors: &[Arc<Vec<T>>]) -> Result<Tensor> {
        let dimension = vectors.first().map_or(0, |v| v.len());
        let mut all = Vec::with_capacity(vectors.len() * dimension);
        for vector in vectors {
            all.extend_from_slice(vector);
        }
        Ok(Tensor::from_vec(
            all,
            (vectors.len(), dimension),
            &Device::Cpu,
        )?)
    }

    fn rows(&self, tensor: &Tensor) -> Result<Vec<Arc<Vec<T>>>> {
        let dimension = tensor.dim(1)?.max(1);
        elements(tensor, |all: &[T]| {
            let rows = all.chunks_exact(dimension);
            rows.map(|row| Arc::new(row.to_vec())).collect()
        })
    }

    fn same(a: &Arc<Vec<T>>, b: &Arc<Vec<T>>) -> bool {
        Arc::ptr_eq(a, b)
    }

    fn rounded(&self, vector: &Arc<Vec<T>>) -> Result<Arc<[bf16]>> {
        let rounded = vector.iter().map(|v| bf16::from_f64(v.to_double()));
        Ok(rounded.collect())
    }

    fn restored(&self, rounded: &Arc<[bf16]>, _like: &Arc<Vec<T>>) -> Result<Arc<Vec<T>>> {
        let full = rounded.iter().map(|v| T::from_double(v.to_f64()));
        Ok(Arc::new(full.collect()))
    }

    fn kicked(&self, v: &Arc<Vec<T>>, gradient: &Arc<Vec<T>>, time: f64) -> Result<Arc<Vec<T>>> {
        let time = T::from_double(time);
        Ok(Self::each(v, gradient, |v, gradient| v - gradient * time))
    }

    fn drifted(
        &self,
        x: &Arc<Vec<T>>,
        v: &Arc<Vec<T>>,
        kinetic: Kinetic,
        time: f64,
    ) -> Result<Arc<Vec<T>>> {
        let time = T::from_double(time);
        let velocity = match kinetic {
            Kinetic::HalfL2Squared => v.clone(),
            kinetic => self.vector(&kinetic.gradient(&self.tensor(v)?)?)?,
        };
        Ok(Self::each(x, &velocity, |x, v| x + v * time))
    }

    fn plus(&self, a: &Arc<Vec<T>>, b: &Arc<Vec<T>>) -> Result<Arc<Vec<T>>> {
        Ok(Self::each(a, b, |a, b| a + b))
    }

    fn minus(&self, a: &Arc<Vec<T>>, b: &Arc<Vec<T>>) -> Result<Arc<Vec<T>>> {
        Ok(Self::each(a, b, |a, b| a - b))
    }

    fn changes(&self, new: &[Arc<Vec<T>>], old: &[Arc<Vec<T>>]) -> Result<RoundChanges> {
        let (mut changes, mut sizes) = (Vec::new(), Vec::new());
        for (new, old) in new.iter().zip(old) {
            changes.push(
                Arch::new()
                    .dispatch(SquaredDistance { a: new, b: old })
                    .sqrt(),
            );
            sizes.push(product(old, old).sqrt());
        }
        let first = new.first().map_or(0.0, |new| product(new, new).sqrt());
        // What f32 holds of a norm, as on any other device: a point that has run away is infinite.
        let first = T::from_double(first).to_double();
        Ok(RoundChanges::of(&changes, &sizes, first))
    }

    fn fit(&self, known: &Equations<'_, Arc<Vec<T>>>) -> Result<Option<HostModel<T>>> {
        let (points, gradients) = secants(known);
        let size = known.points.len().saturating_sub(1);
        Ok(middle(&gram(&points), size).map(|middle| HostModel {
            points,
            gradients,
            middle,
            damping: 1.0,
        }))
    }

    fn damp(
        &self,
        model: &mut HostModel<T>,
        last: &HostModel<T>,
        learnt: &Equations<'_, Arc<Vec<T>>>,
    ) -> Result<()> {
        let (steps, changes) = secants(learnt);
        let (mut found, mut predicted) = (0.0, 0.0);
        for (step, change) in steps.rows().zip(changes.rows()) {
            let mut prediction = vec![T::ZERO; step.len()];
            last.add(&mut prediction, step, 1.0);
            found += product(&prediction, change);
            predicted += product(&prediction, &prediction);
        }
        model.damping = share(found, predicted);
        Ok(())
    }

    fn modelled(
        &self,
        gradient: &Arc<Vec<T>>,
        model: &HostModel<T>,
        u: &Arc<Vec<T>>,
    ) -> Result<Arc<Vec<T>>> {
        let mut value = gradient.to_vec();
        model.add(&mut value, u, model.damping);
        Ok(Arc::new(value))
    }
}

/// dX and dR: of the points, and of the gradients less the surrogate's.
fn secants<T: Real + WithDType>(
    known: &Equations<'_, Arc<Vec<T>>>,
) -> (HostMatrix<T>, HostMatrix<T>) {
    let points = differences(&known.points);
    let mut gradients = differences(&known.gradients);
    if !known.surrogates.is_empty() {
        let less = differences(&known.surrogates);
        for (gradient, less) in gradients.elements.iter_mut().zip(less.elements.iter()) {
            *gradient -= *less;
        }
    }
    (points, gradients)
}

/// Each of some vectors but the last, less the last.
fn differences<T: Real + WithDType>(of: &[&Arc<Vec<T>>]) -> HostMatrix<T> {
    let (last, before) = match of.split_last() {
        Some((last, before)) => (last.as_slice(), before),
        None => (&[][..], &[][..]),
    };
    let columns = last.len();
    let stride = whole_lines::<T>(columns).max(1);
    let mut elements = Aligned::zeros(before.len() * stride);
    for (row, of) in elements.chunks_exact_mut(stride).zip(before) {
        for ((out, of), less) in row.iter_mut().zip(of.iter()).zip(last) {
            *out = *of - *less;
        }
    }
    HostMatrix {
        elements,
        columns,
        stride,
    }
}

/// The inner products of the rows, row by row.
fn gram<T: Real>(rows: &HostMatrix<T>) -> Vec<f64> {
    let size = rows.rows().len();
    let mut gram = vec![0.0; size * size];
    for (i, row) in rows.rows().enumerate() {
        for (j, product) in rows.products(i + 1, row).into_iter().enumerate() {
            gram[i * size + j] = product;
            gram[j * size + i] = product;
        }
    }
    gram
}

/// Reads a tensor's elements where they are.
pub(super) fn elements<T: WithDType, R>(
    tensor: &Tensor,
    read: impl FnOnce(&[T]) -> R,
) -> Result<R> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => {
            let all = storage.as_slice::<T>()?;
            Ok(read(&all[layout.start_offset()..][..tensor.elem_count()]))
        }
        // Points on the host have gradients on the host.
        _ => {
            let here = tensor.to_device(&Device::Cpu)?.flatten_all()?;
            Ok(read(&here.to_vec1()?))
        }
    }
}

/// ⟨a, b⟩, added up in f64 a piece at a time.
pub(super) fn product<T: Real>(a: &[T], b: &[T]) -> f64 {
    let rows = std::iter::once(a);
    Arch::new().dispatch(RowProducts { rows, b })[0]
}

/// ⟨row, b⟩ of each row.
struct RowProducts<'a, T, R> {
    rows: R,
    b: &'a [T],
}

impl<'a, T: Real, R: ExactSizeIterator<Item = &'a [T]>> WithSimd for RowProducts<'a, T, R> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f64> {
        // Loops, as what iterators call would not be compiled for the instruction set.
        let mut products = Vec::with_capacity(self.rows.len());
        for row in self.rows {
            let mut sum = 0.0;
            for (a, b) in row.chunks(PIECE).zip(self.b.chunks(PIECE)) {
                sum += piece(simd, a, b).to_double();
            }
            products.push(sum);
        }
        products
    }
}

/// ‖a − b‖².
struct SquaredDistance<'a, T> {
    a: &'a [T],
    b: &'a [T],
}

impl<T: Real> WithSimd for SquaredDistance<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let mut differences = [T::ZERO; PIECE];
        let mut sum = 0.0;
        for (a, b) in self.a.chunks(PIECE).zip(self.b.chunks(PIECE)) {
            let differences = &mut differences[..a.len()];
            for ((difference, a), b) in differences.iter_mut().zip(a).zip(b) {
                *difference = *a - *b;
            }
            sum += piece(simd, differences, differences).to_double();
        }
        sum
    }
}

/// Elements added up in their own precision.
const PIECE: usize = 1024;

/// ⟨a, b⟩ of one piece.
#[inline(always)]
fn piece<T: Real, S: Simd>(simd: S, a: &[T], b: &[T]) -> T {
    let (vectors_a, vectors_b) = (T::vectors::<S>(a), T::vectors::<S>(b));
    let mut sums = [T::splat(simd, T::ZERO); 4];
    let (a4, a_rest) = vectors_a.as_chunks::<4>();
    let (b4, b_rest) = vectors_b.as_chunks::<4>();
    for (a, b) in a4.iter().zip(b4) {
        for k in 0..4 {
            sums[k] = T::fused(simd, a[k], b[k], sums[k]);
        }
    }
    for (a, b) in a_rest.iter().zip(b_rest) {
        sums[0] = T::fused(simd, *a, *b, sums[0]);
    }
    let pairs = [
        T::plus(simd, sums[0], sums[1]),
        T::plus(simd, sums[2], sums[3]),
    ];
    let mut sum = T::sum(simd, T::plus(simd, pairs[0], pairs[1]));
    let done = vectors_a.len() * T::lanes::<S>();
    for (a, b) in a[done..].iter().zip(&b[done..]) {
        sum += *a * *b;
    }
    sum
}

/// to += Σ by · row, one row after the other.
struct AddScaled<'a, T> {
    to: &'a mut [T],
    rows: &'a HostMatrix<T>,
    by: &'a [T],
}

impl<T: Real> WithSimd for AddScaled<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        /// Vectors that stay in registers for all rows.
        const BLOCK: usize = 4;
        let block = BLOCK * T::lanes::<S>();
        let whole = self.to.len() / block * block;
        let (blocks, rest) = self.to.split_at_mut(whole);
        for (index, to) in blocks.chunks_exact_mut(block).enumerate() {
            let to: &mut [_; BLOCK] = T::vectors_mut::<S>(to).try_into().unwrap();
            let mut sums = *to;
            for (row, by) in self
                .rows
                .elements
                .chunks_exact(self.rows.stride)
                .zip(self.by)
            {
                let by = T::splat(simd, *by);
                let from = T::vectors::<S>(&row[index * block..][..block]);
                for (sum, from) in sums.iter_mut().zip(from) {
                    *sum = T::fused(simd, *from, by, *sum);
                }
            }
            *to = sums;
        }
        for (row, by) in self
            .rows
            .elements
            .chunks_exact(self.rows.stride)
            .zip(self.by)
        {
            let from = &row[whole..self.rows.columns];
            let vectors = T::vectors::<S>(from);
            let splat = T::splat(simd, *by);
            for (to, from) in T::vectors_mut::<S>(rest).iter_mut().zip(vectors) {
                *to = T::fused(simd, *from, splat, *to);
            }
            let done = vectors.len() * T::lanes::<S>();
            for (to, from) in rest[done..].iter_mut().zip(&from[done..]) {
                *to += *from * *by;
            }
        }
    }
}
