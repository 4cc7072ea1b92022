//! A window's arithmetic on slices, for points in the host's memory: without the cost of starting
//! a tensor operation for each of many small vectors.

use super::products::{AddScaled, RowProducts, SquaredDistance, product};
use super::secant::{middle, share};
use super::space::{Equations, RoundChanges, Space};
use crate::cpu::aligned::{Aligned, whole_lines};
use crate::cpu::real::Real;
use crate::recurrence::Arithmetic;
use crate::recurrence::Decays;
use crate::{Kinetic, Result};
use candle_core::{Device, Storage, Tensor, WithDType};
use half::bf16;
use pulp::Arch;
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
    pub elements: Aligned<T>,
    pub columns: usize,
    pub stride: usize,
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

impl<T: Real + WithDType> Arithmetic for Host<T> {
    type Vector = Arc<Vec<T>>;

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
        let velocity = self.directed(v, kinetic)?;
        Ok(Self::each(x, &velocity, |x, v| x + v * time))
    }

    fn plus(&self, a: &Arc<Vec<T>>, b: &Arc<Vec<T>>) -> Result<Arc<Vec<T>>> {
        Ok(Self::each(a, b, |a, b| a + b))
    }

    fn minus(&self, a: &Arc<Vec<T>>, b: &Arc<Vec<T>>) -> Result<Arc<Vec<T>>> {
        Ok(Self::each(a, b, |a, b| a - b))
    }

    fn scaled_plus(&self, a: &Arc<Vec<T>>, by: f64, b: &Arc<Vec<T>>) -> Result<Arc<Vec<T>>> {
        let by = T::from_double(by);
        Ok(Self::each(a, b, |a, b| a * by + b))
    }

    fn directed(&self, v: &Arc<Vec<T>>, kinetic: Kinetic) -> Result<Arc<Vec<T>>> {
        match kinetic {
            Kinetic::HalfL2Squared => Ok(v.clone()),
            kinetic => self.vector(&kinetic.gradient(&self.tensor(v)?)?),
        }
    }

    fn product(&self, a: &Arc<Vec<T>>, b: &Arc<Vec<T>>) -> Result<f64> {
        Ok(product(a, b))
    }

    fn adam(
        &self,
        means: Option<&[Arc<Vec<T>>; 2]>,
        gradient: &Arc<Vec<T>>,
        taken: usize,
    ) -> Result<([Arc<Vec<T>>; 2], Arc<Vec<T>>)> {
        Ok(adam(means, gradient, taken))
    }
}

/// As [`Decays::step`] does it, each operation rounded as there.
fn adam<T: Real>(
    means: Option<&[Arc<Vec<T>>; 2]>,
    gradient: &[T],
    taken: usize,
) -> ([Arc<Vec<T>>; 2], Arc<Vec<T>>) {
    let decays = Decays::default();
    let number = T::from_double;
    let [kept, kept_square] = [decays.beta1, decays.beta2].map(number);
    let [new, new_square] = [1.0 - decays.beta1, 1.0 - decays.beta2].map(number);
    let [unbiased, unbiased_square] = decays.unbiased(taken).map(number);
    let epsilon = number(decays.epsilon);
    let before = |of: usize, i: usize| means.map_or(T::ZERO, |means| means[of][i]);
    let mut made = [const { Vec::new() }; 3];
    for (i, &g) in gradient.iter().enumerate() {
        let mean = before(0, i) * kept + g * new;
        let square = before(1, i) * kept_square + g * g * new_square;
        let size = (square * unbiased_square).root() + epsilon;
        for (all, one) in made.iter_mut().zip([mean, square, mean * unbiased / size]) {
            all.push(one);
        }
    }
    let [mean, square, step] = made.map(Arc::new);
    ([mean, square], step)
}

impl<T: Real + WithDType> Space for Host<T> {
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
        Ok(RoundChanges {
            changes,
            scales: sizes,
            first_size: first,
        })
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
