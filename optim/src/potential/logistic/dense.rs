//! The gradient from a dense matrix, in one pass over the data.

use super::ahead::Ahead;
use super::panels::ColumnLayout;
use super::rows::{RowSource, check_room};
use super::sections::{Products, Sections};
use super::tiles::{Columns, TileBlock, add_products, logits, softmax_minus_target};
use crate::Result;
use crate::cpu::aligned::{Aligned, whole_lines};
use crate::cpu::real::Real;
use pulp::{Arch, Simd, WithSimd};
use std::ops::Range;

/// X `[n, d]`, rows aligned and filled up with zeros to whole vectors.
///
/// X is read once for all points: a block of rows is multiplied with Θ, its logits are turned
/// into residuals and multiplied back while the block is in cache.
pub(super) struct Dense<T> {
    x: Aligned<T>,
    rows: usize,
    features: usize,
    stride: usize,
    sections: Sections<T>,
}

/// Elements of X in a block: a quarter of a core's level-2 cache, or less.
const BLOCK_ELEMENTS: usize = 1 << 16;

/// Rows of a block are a multiple of this: of the elements of a vector and of the rows of a tile.
const BLOCK_ROWS: usize = 240;

/// Where a block of [`BLOCK_ROWS`] would be too large: a multiple of both for the widest vectors.
const FEWER_ROWS: usize = 80;

impl<T: Real> Dense<T> {
    /// Takes in rows.
    ///
    /// # Errors
    /// If there is no room for all of their elements.
    pub(super) fn new(source: &impl RowSource<T>) -> Result<Self> {
        let (rows, features) = source.shape();
        let stride = whole_lines::<T>(features);
        check_room::<T>(rows, stride, features)?;
        let mut x = Aligned::zeros(rows * stride);
        for (row, x) in x.chunks_exact_mut(stride).enumerate() {
            source.each(row, |place, value| x[place] = value);
        }
        Ok(Self {
            sections: Sections::new((rows, features), x.len()),
            x,
            rows,
            features,
            stride,
        })
    }

    pub(super) fn features(&self) -> usize {
        self.features
    }

    /// Returns the elements of a row.
    pub(super) fn row(&self, row: usize) -> &[T] {
        &self.x[row * self.stride..][..self.features]
    }

    /// Xᵀ(softmax(XΘ) − Y) transposed, `[W·C, stride]`, from the points `[W, d, C]`.
    pub(super) fn residual_products(
        &self,
        points: &[T],
        classes: usize,
        targets: &[u32],
    ) -> Products<T> {
        let weights = self.transposed(points, classes);
        let sums = self.sections.sums(weights.len(), |rows, sums| {
            Arch::new().dispatch(DenseSection {
                data: self,
                weights: &weights,
                classes,
                targets: &targets[rows.clone()],
                rows,
                sums,
            });
        });
        let columns = weights.len() / self.stride;
        Products {
            sums,
            layout: ColumnLayout {
                columns,
                width: 1,
                filled: columns,
            },
            features: self.stride,
        }
    }

    /// Takes back the memory of sums.
    pub(super) fn give_back(&self, products: Products<T>) {
        self.sections.give_back(products.sums);
    }

    /// XΘ `[n, C]` for one point `[d, C]`.
    pub(super) fn logits(&self, point: &[T], classes: usize) -> Vec<T> {
        let weights = self.transposed(point, classes);
        Arch::new().dispatch(Logits {
            data: self,
            weights: &weights,
            classes,
        })
    }

    /// Points `[W, d, C]` as `[W·C, stride]`.
    fn transposed(&self, points: &[T], classes: usize) -> Aligned<T> {
        let (stride, size) = (self.stride, self.features * classes);
        let mut weights = Aligned::zeros(points.len() / self.features * stride);
        let each = points.chunks_exact(size);
        for (weights, point) in weights.chunks_exact_mut(classes * stride).zip(each) {
            for (feature, row) in point.chunks_exact(classes).enumerate() {
                for (class, &weight) in row.iter().enumerate() {
                    weights[class * stride + feature] = weight;
                }
            }
        }
        weights
    }

    /// Blocks of a range of rows, each with what lies behind it, beyond the range too: its thread
    /// will most likely be given that next. Before them the most rows that one has.
    fn blocks(
        &self,
        rows: Range<usize>,
    ) -> (usize, impl Iterator<Item = (TileBlock<'_, T>, &[T])>) {
        let most = match self.stride * BLOCK_ROWS <= BLOCK_ELEMENTS {
            true => BLOCK_ROWS,
            false => FEWER_ROWS,
        };
        let stride = self.stride;
        let block = move |start: usize| {
            let end = (start + most).min(rows.end);
            let block = TileBlock {
                x: &self.x[start * stride..end * stride],
                rows: end - start,
                stride,
            };
            let behind = (end + most).min(self.rows);
            (block, &self.x[end * stride..behind * stride])
        };
        (most, rows.clone().step_by(most).map(block))
    }
}

struct DenseSection<'a, T> {
    data: &'a Dense<T>,
    weights: &'a [T],
    classes: usize,
    targets: &'a [u32],
    rows: Range<usize>,
    sums: &'a mut [T],
}

impl<T: Real> WithSimd for DenseSection<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let columns = self.weights.len() / self.data.stride;
        let (stride, blocks) = self.data.blocks(self.rows);
        let mut z = Aligned::zeros(columns * stride);
        let mut z = Columns { z: &mut z, stride };
        let mut targets = self.targets;
        for (block, next) in blocks {
            let mut ahead = Ahead::new(next);
            let (own, rest) = targets.split_at(block.rows);
            targets = rest;
            logits(simd, block, self.weights, &mut z, &mut ahead);
            for first in (0..columns).step_by(self.classes) {
                softmax_minus_target(simd, &mut z, first..first + self.classes, own);
            }
            add_products(simd, block, &z, self.sums, &mut ahead);
        }
    }
}

struct Logits<'a, T> {
    data: &'a Dense<T>,
    weights: &'a [T],
    classes: usize,
}

impl<T: Real> WithSimd for Logits<'_, T> {
    type Output = Vec<T>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<T> {
        let (stride, blocks) = self.data.blocks(0..self.data.rows);
        let mut z = Aligned::zeros(self.classes * stride);
        let mut all = Vec::with_capacity(self.data.rows * self.classes);
        for (block, next) in blocks {
            let mut out = Columns { z: &mut z, stride };
            let mut ahead = Ahead::new(next);
            logits(simd, block, self.weights, &mut out, &mut ahead);
            for row in 0..block.rows {
                all.extend((0..self.classes).map(|class| z[class * stride + row]));
            }
        }
        all
    }
}
