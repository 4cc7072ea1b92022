//! The gradient of a linear model's loss on a CPU, as an operation of the tensor library.

use super::banded::Banded;
use super::occurring::Occurring;
use super::panels::{ColumnLayout, Products, columns_of};
use super::problem::{Kernel, Ridge};
use super::residuals::{RowResiduals, Targets};
use super::rows::{
    DataRows, Density, Elements, Form, RowSource, WithConstant, check_room, dense, form,
};
use super::sparse::Sparse;
use crate::cpu::aligned::whole_lines;
use crate::cpu::dense::DenseRows;
use crate::cpu::real::Real;
use crate::cpu::sections::Sections;
use crate::{Cost, Result};
use candle_core::{CpuStorage, CustomOp1, DType, Device, Layout, Shape, Tensor, WithDType, bail};
use std::sync::Arc;

/// Rows in memory, and what the gradient at a point needs besides.
pub(super) struct Host<T> {
    rows: HostRows<T>,
    /// The features that the rows are of, where most of all do not occur.
    occurring: Option<Occurring>,
    /// y, what is predicted of each row.
    targets: Targets<T>,
    /// λ, and the weights it is for: those of the first so many features, of intercepts not.
    penalty: (f64, usize),
}

/// How the rows are kept.
pub(super) enum HostRows<T> {
    Dense(DenseRows<T>),
    Sparse(Sparse<T>),
    Banded(Banded<T>),
}

impl<T: Real> HostRows<T> {
    /// Takes in rows as a kernel keeps them; of sparse ones the features that occur, where most do not.
    fn of(
        source: &impl RowSource<T>,
        classes: usize,
        kernel: Kernel,
    ) -> Result<(Self, Option<Occurring>)> {
        let density = Density::of(source);
        let form = form(kernel, density, classes, size_of::<T>());
        let may_be_joined = kernel == Kernel::Auto && density.may_be_joined();
        if may_be_joined || form == Form::Sparse {
            let occurring = Occurring::in_rows(source);
            let rows = match &occurring {
                Some(occurring) => Sparse::new(&occurring.only(source)),
                None => Sparse::new(source),
            };
            // Where they are joined, faster than the others at any share of ones that was measured.
            if rows.is_joined() || form == Form::Sparse {
                return Ok((Self::Sparse(rows), occurring));
            }
        }
        let rows = match form {
            Form::Banded => Self::Banded(Banded::new(source)?),
            Form::Dense | Form::Sparse => Self::Dense(dense_rows(source)?),
        };
        Ok((rows, None))
    }

    fn features(&self) -> usize {
        match self {
            Self::Dense(rows) => rows.features(),
            Self::Sparse(rows) => rows.features(),
            Self::Banded(rows) => rows.features(),
        }
    }

    /// Columns that a point's classes take.
    fn columns(&self, classes: usize) -> usize {
        match self {
            Self::Dense(_) => classes,
            Self::Sparse(_) | Self::Banded(_) => columns_of(classes),
        }
    }

    fn residual_products(&self, points: &[T], residuals: RowResiduals<'_, T>) -> Products<T> {
        match self {
            Self::Dense(rows) => Products {
                sums: rows.products(points, residuals.outputs(), &residuals),
                layout: ColumnLayout::alone(points.len() / rows.features()),
                features: rows.stride(),
            },
            Self::Sparse(rows) => rows.residual_products(points, residuals),
            Self::Banded(rows) => rows.residual_products(points, residuals),
        }
    }

    fn give_back(&self, products: Products<T>) {
        match self {
            Self::Dense(rows) => rows.give_back(products.sums),
            Self::Sparse(rows) => rows.give_back(products),
            Self::Banded(rows) => rows.give_back(products),
        }
    }
}

/// Takes in rows, zeros and all.
fn dense_rows<T: Real>(source: &impl RowSource<T>) -> Result<DenseRows<T>> {
    let (rows, features) = source.shape();
    check_room::<T>(rows, whole_lines::<T>(features), features)?;
    let sections = |elements| Sections::new((rows, features), elements);
    Ok(DenseRows::new((rows, features), sections, |row, x| {
        source.each(row, |place, value| x[place] = value);
    }))
}

/// Some of the rows of a problem.
impl<T: Real> RowSource<T> for (&Host<T>, &[usize]) {
    fn shape(&self) -> (usize, usize) {
        (self.1.len(), self.0.features())
    }

    fn each(&self, row: usize, mut each: impl FnMut(usize, T)) {
        let mut each = |number: usize, value: T| match &self.0.occurring {
            Some(occurring) => each(occurring.place(number), value),
            None => each(number, value),
        };
        match &self.0.rows {
            HostRows::Dense(rows) => {
                let row = rows.row(self.1[row]);
                Elements(row, row.len()).each(0, each);
            }
            HostRows::Sparse(rows) => rows.elements(self.1[row]).for_each(|(p, v)| each(p, v)),
            HostRows::Banded(rows) => rows.elements(self.1[row]).for_each(|(p, v)| each(p, v)),
        }
    }
}

impl<T: Real + WithDType> Host<T> {
    fn new(
        rows: &DataRows<'_>,
        targets: &Targets<f64>,
        ridge: Ridge,
        kernel: Kernel,
    ) -> Result<Arc<Self>> {
        let ((_, d), classes) = (rows.shape()?, targets.outputs());
        let (rows, occurring) = match rows {
            DataRows::Dense(x) => {
                let x = x.flatten_all()?.to_vec1::<T>()?;
                let rows = WithConstant(Elements(&x, d), ridge.bias);
                HostRows::of(&rows, classes, kernel)?
            }
            DataRows::Sparse { rows, .. } => {
                HostRows::of(&WithConstant(*rows, ridge.bias), classes, kernel)?
            }
        };
        Ok(Arc::new(Self {
            rows,
            occurring,
            targets: targets.of(),
            penalty: (ridge.l2, d),
        }))
    }

    fn subset(&self, rows: &[usize], kernel: Kernel) -> Result<Arc<Self>> {
        let of = HostRows::of(&(self, rows), self.targets.outputs(), kernel)?;
        Ok(Arc::new(Self {
            rows: of.0,
            occurring: of.1,
            targets: self.targets.subset(rows),
            penalty: self.penalty,
        }))
    }
}

impl<T: Real> Host<T> {
    /// d, those included that do not occur.
    fn features(&self) -> usize {
        let occurring = self.occurring.as_ref();
        occurring.map_or_else(|| self.rows.features(), Occurring::of)
    }

    /// ∇f at the points `[W, d, C]`, in the same order.
    fn gradients(&self, points: &[T]) -> Vec<T> {
        let mut gradients = match &self.occurring {
            Some(occurring) => {
                let outputs = self.targets.outputs();
                let taken = occurring.taken(points, outputs);
                occurring.given_back(&self.of_rows(&taken), outputs)
            }
            None => self.of_rows(points),
        };
        self.penalise(points, &mut gradients);
        gradients
    }

    /// The same without the penalty, for the features that the rows are of.
    fn of_rows(&self, points: &[T]) -> Vec<T> {
        let classes = self.targets.outputs();
        let features = self.rows.features();
        let scale = T::from_double(1.0 / self.targets.rows() as f64);
        let mut gradients = vec![T::ZERO; points.len()];
        let products = self
            .rows
            .residual_products(points, self.targets.residuals());
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
        gradients
    }

    /// Adds λΘ, but not at intercepts.
    fn penalise(&self, points: &[T], gradients: &mut [T]) {
        let (l2, weights) = self.penalty;
        if l2 == 0.0 {
            return;
        }
        let outputs = self.targets.outputs();
        let (l2, size) = (T::from_double(l2), self.features() * outputs);
        let each = points.chunks_exact(size);
        for (gradient, point) in gradients.chunks_exact_mut(size).zip(each) {
            let weights = ..weights * outputs;
            for (gradient, &weight) in gradient[weights].iter_mut().zip(&point[weights]) {
                *gradient += weight * l2;
            }
        }
    }

    /// The least cost of the gradients of `points` points at once.
    fn cost(&self, points: usize) -> Cost {
        let (n, outputs) = (self.targets.rows() as f64, self.targets.outputs());
        let size = size_of::<T>() as f64;
        let d = self.rows.features() as f64;
        let in_and_out = 4.0 * n + 2.0 * self.features() as f64 * (outputs * points) as f64 * size;
        let columns = (self.rows.columns(outputs) * points) as f64;
        let (products, bytes) = match &self.rows {
            HostRows::Dense(_) => (4.0 * n * d, n * d * size),
            HostRows::Sparse(rows) => (rows.operations() as f64, rows.bytes() as f64),
            HostRows::Banded(rows) => (4.0 * rows.stored() as f64, rows.bytes() as f64),
        };
        Cost {
            // Two products, and what makes a residual of each entry of the first.
            operations: (products + self.targets.operations() * n) * columns,
            bytes: bytes + in_and_out,
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
    /// Takes in the rows of a problem; `None` for an element type that these kernels do not know.
    pub(super) fn new(
        rows: &DataRows<'_>,
        targets: &Targets<f64>,
        ridge: Ridge,
        kernel: Kernel,
    ) -> Result<Option<Self>> {
        Ok(match rows.dtype() {
            DType::F32 => Some(Self::F32(Host::new(rows, targets, ridge, kernel)?)),
            DType::F64 => Some(Self::F64(Host::new(rows, targets, ridge, kernel)?)),
            _ => None,
        })
    }

    /// Returns the problem on some of its rows.
    pub(super) fn subset(&self, rows: &[usize], kernel: Kernel) -> Result<Self> {
        Ok(match self {
            Self::F32(host) => Self::F32(host.subset(rows, kernel)?),
            Self::F64(host) => Self::F64(host.subset(rows, kernel)?),
        })
    }

    /// What computes with them.
    pub(super) fn kernel(&self) -> Kernel {
        fn kernel<T>(host: &Host<T>) -> Kernel {
            match host.rows {
                HostRows::Dense(_) => Kernel::Dense,
                HostRows::Sparse(_) => Kernel::Sparse,
                HostRows::Banded(_) => Kernel::Banded,
            }
        }
        match self {
            Self::F32(host) => kernel(host),
            Self::F64(host) => kernel(host),
        }
    }

    pub(super) fn cost(&self, points: usize) -> Cost {
        match self {
            Self::F32(host) => host.cost(points),
            Self::F64(host) => host.cost(points),
        }
    }

    /// Returns X `[n, d]`, zeros and all, on a device.
    pub(super) fn to_tensor(&self, device: &Device) -> Result<Tensor> {
        fn tensor<T: Real + WithDType>(host: &Host<T>, device: &Device) -> Result<Tensor> {
            let rows: Vec<usize> = (0..host.targets.rows()).collect();
            let source = (host, &rows[..]);
            let elements = dense(&source, 0..rows.len())?;
            Ok(Tensor::from_vec(elements, source.shape(), device)?)
        }
        match self {
            Self::F32(host) => tensor(host, device),
            Self::F64(host) => tensor(host, device),
        }
    }

    /// XΘ `[n, C]` for a point `[d·C]`.
    pub(super) fn logits(&self, point: &Tensor) -> Result<Tensor> {
        fn logits<T: Real + WithDType>(host: &Host<T>, point: &Tensor) -> Result<Tensor> {
            let (mut point, classes) = (point.to_vec1::<T>()?, host.targets.outputs());
            if let Some(occurring) = &host.occurring {
                point = occurring.taken(&point, classes);
            }
            let z = match &host.rows {
                HostRows::Dense(rows) => rows.multiplied(&point, classes),
                HostRows::Sparse(rows) => rows.logits(&point, classes),
                HostRows::Banded(rows) => rows.logits(&point, classes),
            };
            let shape = (host.targets.rows(), classes);
            Ok(Tensor::from_vec(z, shape, &Device::Cpu)?)
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
        "linear-gradients"
    }

    fn cpu_fwd(
        &self,
        points: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
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
