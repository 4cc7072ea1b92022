//! The gradient of a logistic regression on a CPU, as an operation of the tensor library.

use super::dense::Dense;
use super::sections::Products;
use super::sparse::Sparse;
use crate::Cost;
use crate::real::Real;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, WithDType, bail};
use std::sync::Arc;

/// Rows in memory, and what the gradient at a point needs besides.
pub(super) struct Host<T> {
    pub rows: Rows<T>,
    /// y, the class of each row.
    pub targets: Arc<[u32]>,
    /// C.
    pub classes: usize,
    /// λ, and the weights it is for: those of the first so many features, of intercepts not.
    pub penalty: (f64, usize),
}

/// How the rows are kept.
pub(super) enum Rows<T> {
    Dense(Dense<T>),
    Sparse(Sparse<T>),
}

impl<T: Real> Rows<T> {
    pub(super) fn features(&self) -> usize {
        match self {
            Self::Dense(rows) => rows.features(),
            Self::Sparse(rows) => rows.features(),
        }
    }

    /// Columns that a point's classes take: the residuals of two differ in their sign alone.
    fn columns(&self, classes: usize) -> usize {
        match self {
            Self::Sparse(_) if classes == 2 => 1,
            _ => classes,
        }
    }

    fn residual_products(&self, points: &[T], classes: usize, targets: &[u32]) -> Products<T> {
        match self {
            Self::Dense(rows) => rows.residual_products(points, classes, targets),
            Self::Sparse(rows) => rows.residual_products(points, classes, targets),
        }
    }

    fn give_back(&self, products: Products<T>) {
        match self {
            Self::Dense(rows) => rows.give_back(products),
            Self::Sparse(rows) => rows.give_back(products),
        }
    }

    /// The elements of a row.
    fn row(&self, row: usize) -> Vec<T> {
        match self {
            Self::Dense(rows) => rows.row(row),
            Self::Sparse(rows) => rows.row(row),
        }
    }
}

impl<T: Real> Host<T> {
    /// ∇f at the points `[W, d, C]`, in the same order.
    fn gradients(&self, points: &[T]) -> Vec<T> {
        let (classes, targets) = (self.classes, &self.targets);
        let features = self.rows.features();
        let scale = T::from_double(1.0 / targets.len() as f64);
        let mut gradients = vec![T::ZERO; points.len()];
        let products = self.rows.residual_products(points, classes, targets);
        let columns = self.rows.columns(classes);
        let of_points = gradients.chunks_exact_mut(features * classes).enumerate();
        for (point, gradient) in of_points {
            for (feature, row) in gradient.chunks_exact_mut(classes).enumerate() {
                for (column, out) in row[classes - columns..].iter_mut().enumerate() {
                    *out = products.at(point * columns + column, feature) * scale;
                }
                if columns < classes {
                    row[0] = T::ZERO - row[1];
                }
            }
        }
        self.rows.give_back(products);
        self.penalise(points, &mut gradients);
        gradients
    }

    /// Adds λΘ, but not at intercepts.
    fn penalise(&self, points: &[T], gradients: &mut [T]) {
        let (l2, weights) = self.penalty;
        if l2 == 0.0 {
            return;
        }
        let (l2, size) = (T::from_double(l2), self.rows.features() * self.classes);
        let each = points.chunks_exact(size);
        for (gradient, point) in gradients.chunks_exact_mut(size).zip(each) {
            let weights = ..weights * self.classes;
            for (gradient, &weight) in gradient[weights].iter_mut().zip(&point[weights]) {
                *gradient += weight * l2;
            }
        }
    }

    /// The least cost of the gradients of `points` points at once.
    fn cost(&self, points: usize) -> Cost {
        let n = self.targets.len() as f64;
        let size = size_of::<T>() as f64;
        let d = self.rows.features() as f64;
        let in_and_out = 4.0 * n + 2.0 * d * (self.classes * points) as f64 * size;
        match &self.rows {
            Rows::Dense(_) => {
                let columns = (self.classes * points) as f64;
                Cost {
                    // Two products, and max, subtract, exp, sum and divide of each logit.
                    operations: (4.0 * d + 5.0) * n * columns,
                    bytes: n * d * size + in_and_out,
                }
            }
            Rows::Sparse(rows) => {
                let columns = (self.rows.columns(self.classes) * points) as f64;
                Cost {
                    operations: (4.0 * rows.stored() as f64 + 5.0 * n) * columns,
                    bytes: rows.bytes() as f64 + in_and_out,
                }
            }
        }
    }
}

/// Rows of either element type, shared by all that compute with them.
#[derive(Clone)]
pub(super) enum HostData {
    F32(Arc<Host<f32>>),
    F64(Arc<Host<f64>>),
}

impl HostData {
    /// Whether only the elements that are not 0 are kept.
    pub(super) fn is_sparse(&self) -> bool {
        match self {
            Self::F32(host) => matches!(host.rows, Rows::Sparse(_)),
            Self::F64(host) => matches!(host.rows, Rows::Sparse(_)),
        }
    }

    pub(super) fn cost(&self, points: usize) -> Cost {
        match self {
            Self::F32(host) => host.cost(points),
            Self::F64(host) => host.cost(points),
        }
    }

    /// Some rows of X, `[rows, d]`, on the CPU.
    pub(super) fn to_tensor(&self, rows: impl Iterator<Item = usize>) -> Result<Tensor> {
        fn tensor<T: Real + WithDType>(
            host: &Host<T>,
            rows: impl Iterator<Item = usize>,
        ) -> Result<Tensor> {
            let elements: Vec<T> = rows.flat_map(|row| host.rows.row(row)).collect();
            let features = host.rows.features();
            let shape = (elements.len() / features, features);
            Tensor::from_vec(elements, shape, &candle_core::Device::Cpu)
        }
        match self {
            Self::F32(host) => tensor(host, rows),
            Self::F64(host) => tensor(host, rows),
        }
    }

    /// XΘ `[n, C]` for a point `[d·C]`.
    pub(super) fn logits(&self, point: &Tensor) -> Result<Tensor> {
        fn logits<T: Real + WithDType>(host: &Host<T>, point: &Tensor) -> Result<Tensor> {
            let (point, classes) = (point.to_vec1::<T>()?, host.classes);
            let z = match &host.rows {
                Rows::Dense(rows) => rows.logits(&point, classes),
                Rows::Sparse(rows) => rows.logits(&point, classes),
            };
            let shape = (host.targets.len(), classes);
            Tensor::from_vec(z, shape, &candle_core::Device::Cpu)
        }
        match self {
            Self::F32(host) => logits(host, point),
            Self::F64(host) => logits(host, point),
        }
    }
}

/// Points `[W, d·C]` to their gradients.
impl CustomOp1 for HostData {
    fn name(&self) -> &'static str {
        "logistic-gradients"
    }

    fn cpu_fwd(&self, points: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let Some((start, end)) = layout.contiguous_offsets() else {
            bail!("{} needs contiguous points", self.name())
        };
        let gradients = match (self, points) {
            (Self::F32(host), CpuStorage::F32(points)) => {
                CpuStorage::F32(host.gradients(&points[start..end]))
            }
            (Self::F64(host), CpuStorage::F64(points)) => {
                CpuStorage::F64(host.gradients(&points[start..end]))
            }
            _ => bail!("{}: points of another type than the data", self.name()),
        };
        Ok((gradients, layout.shape().clone()))
    }
}
