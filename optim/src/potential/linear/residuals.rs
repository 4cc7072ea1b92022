//! What a linear model's losses are told apart by: the residuals between the two products of a gradient.

use super::panels::columns_of;
use crate::cpu::dense::Between;
use crate::cpu::real::Real;
use crate::cpu::tiles::Columns;
use pulp::Simd;
use std::ops::Range;
use std::sync::Arc;

/// What is predicted of each row, and by which loss it is fitted.
#[derive(Clone)]
pub(super) enum Targets<T> {
    /// One of so many classes, by the softmax of a logit for each.
    Classes(usize, Arc<[u32]>),
    /// One of two classes, by the logistic function of one logit.
    Two(Arc<[u32]>),
    /// A number, by the square of the difference.
    Numbers(Arc<[T]>),
}

impl<T: Copy> Targets<T> {
    /// n, the number of rows.
    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Classes(_, of) | Self::Two(of) => of.len(),
            Self::Numbers(of) => of.len(),
        }
    }

    /// C: how many numbers a point has for a feature.
    pub(super) fn outputs(&self) -> usize {
        match self {
            Self::Classes(classes, _) => *classes,
            Self::Two(_) | Self::Numbers(_) => 1,
        }
    }

    /// Operations that make a residual of a product.
    pub(super) fn operations(&self) -> f64 {
        match self {
            // Max, subtract, exp, sum and divide of each logit.
            Self::Classes(..) => 5.0,
            // Sign, exp, sum, divide and subtract.
            Self::Two(_) => 5.0,
            Self::Numbers(_) => 1.0,
        }
    }

    /// Those of some rows.
    pub(super) fn subset(&self, rows: &[usize]) -> Self {
        let classes = |of: &Arc<[u32]>| rows.iter().map(|&row| of[row]).collect();
        match self {
            Self::Classes(count, of) => Self::Classes(*count, classes(of)),
            Self::Two(of) => Self::Two(classes(of)),
            Self::Numbers(of) => Self::Numbers(rows.iter().map(|&row| of[row]).collect()),
        }
    }

    /// What makes residuals of the products of all rows.
    pub(super) fn residuals(&self) -> RowResiduals<'_, T> {
        match self {
            Self::Classes(classes, targets) => RowResiduals::Softmax {
                classes: *classes,
                targets,
            },
            Self::Two(targets) => RowResiduals::Sigmoid { targets },
            Self::Numbers(targets) => RowResiduals::Difference { targets },
        }
    }
}

impl Targets<f64> {
    /// The same in an element type.
    pub(super) fn of<T: Real>(&self) -> Targets<T> {
        match self {
            Self::Classes(count, of) => Targets::Classes(*count, of.clone()),
            Self::Two(of) => Targets::Two(of.clone()),
            Self::Numbers(of) => {
                Targets::Numbers(of.iter().map(|&number| T::from_double(number)).collect())
            }
        }
    }
}

/// Makes residuals of the products z = XΘ of some rows: what Xᵀ is multiplied with.
#[derive(Clone, Copy)]
pub(super) enum RowResiduals<'a, T> {
    /// softmax(z) − Y.
    Softmax { classes: usize, targets: &'a [u32] },
    /// 1/(1 + e^−z) − y.
    Sigmoid { targets: &'a [u32] },
    /// z − y.
    Difference { targets: &'a [T] },
}

impl<T: Copy> RowResiduals<'_, T> {
    /// C: how many numbers a point has for a feature.
    pub(super) fn outputs(self) -> usize {
        match self {
            Self::Softmax { classes, .. } => classes,
            Self::Sigmoid { .. } | Self::Difference { .. } => 1,
        }
    }

    /// Columns that a point takes where the residuals of two classes are one.
    pub(super) fn columns(self) -> usize {
        columns_of(self.outputs())
    }

    /// Those of some of the rows.
    pub(super) fn of(self, rows: Range<usize>) -> Self {
        match self {
            Self::Softmax { classes, targets } => Self::Softmax {
                classes,
                targets: &targets[rows],
            },
            Self::Sigmoid { targets } => Self::Sigmoid {
                targets: &targets[rows],
            },
            Self::Difference { targets } => Self::Difference {
                targets: &targets[rows],
            },
        }
    }
}

/// For dense rows, in place.
impl<T: Real> Between<T> for RowResiduals<'_, T> {
    #[inline(always)]
    fn weigh<S: Simd>(&self, simd: S, products: &mut Columns<'_, T>, rows: Range<usize>) {
        let columns = products.z.len() / products.stride;
        match *self {
            RowResiduals::Softmax { classes, targets } => {
                for first in (0..columns).step_by(classes) {
                    softmax_minus_target(
                        simd,
                        products,
                        first..first + classes,
                        &targets[rows.clone()],
                    );
                }
            }
            RowResiduals::Sigmoid { targets } => {
                sigmoid(simd, products.z);
                for z in products.z.chunks_exact_mut(products.stride) {
                    for (z, &target) in z.iter_mut().zip(&targets[rows.clone()]) {
                        *z -= one_if(target);
                    }
                }
            }
            RowResiduals::Difference { targets } => {
                for z in products.z.chunks_exact_mut(products.stride) {
                    for (z, &target) in z.iter_mut().zip(&targets[rows.clone()]) {
                        *z -= target;
                    }
                }
            }
        }
    }
}

/// 1/(1 + e^−z) in place, whole vectors.
#[inline(always)]
pub(super) fn sigmoid<T: Real, S: Simd>(simd: S, z: &mut [T]) {
    let (zero, one) = (T::splat(simd, T::ZERO), T::splat(simd, T::ONE));
    for z in T::vectors_mut::<S>(z) {
        let e = T::exponential(simd, T::minus(simd, zero, *z));
        let share = T::over(simd, one, T::plus(simd, one, e));
        *z = T::without_negligible(simd, share);
    }
}

/// 1 of the second class, and 0 of the first.
#[inline(always)]
pub(super) fn one_if<T: Real>(target: u32) -> T {
    if target == 1 { T::ONE } else { T::ZERO }
}

/// softmax(z) − e_target in place, for the rows of a block and one point's columns. No exponential
/// overflows: the largest logit is subtracted first.
#[inline(always)]
pub(super) fn softmax_minus_target<T: Real, S: Simd>(
    simd: S,
    out: &mut Columns<'_, T>,
    columns: std::ops::Range<usize>,
    targets: &[u32],
) {
    let lanes = T::lanes::<S>();
    let stride = out.stride;
    let z = &mut out.z[columns.start * stride..columns.end * stride];
    for row in (0..targets.len()).step_by(lanes) {
        let first = &T::vectors::<S>(&z[row..][..lanes])[0];
        let top = (1..columns.len()).fold(*first, |top, c| {
            T::larger(
                simd,
                top,
                T::vectors::<S>(&z[c * stride + row..][..lanes])[0],
            )
        });
        let mut sum = T::splat(simd, T::ZERO);
        for c in 0..columns.len() {
            let z = &mut T::vectors_mut::<S>(&mut z[c * stride + row..][..lanes])[0];
            *z = T::exponential(simd, T::minus(simd, *z, top));
            sum = T::plus(simd, sum, *z);
        }
        let scale = T::over(simd, T::splat(simd, T::ONE), sum);
        for c in 0..columns.len() {
            let z = &mut T::vectors_mut::<S>(&mut z[c * stride + row..][..lanes])[0];
            *z = T::without_negligible(simd, T::times(simd, *z, scale));
        }
    }
    for (row, &target) in targets.iter().enumerate() {
        let z = &mut z[target as usize * stride + row];
        *z -= T::ONE;
    }
}
