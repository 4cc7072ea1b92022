//! Gradients that are two products with a dense matrix, in one pass over it.

use super::ahead::Ahead;
use super::aligned::{Aligned, whole_lines};
use super::real::Real;
use super::sections::Sections;
use super::tiles::{Columns, TileBlock, add_products, multiply};
use pulp::{Arch, Simd, WithSimd};
use std::ops::Range;

/// X `[n, d]`, rows aligned and filled up with zeros to whole vectors.
///
/// X is read once for all points: a block of rows is multiplied with Θ, its products are turned
/// into the rows' weights and multiplied back while the block is in cache.
pub(crate) struct DenseRows<T> {
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

/// What the products of a block's rows are turned into before the rows are multiplied with them.
pub(crate) trait Between<T>: Sync {
    /// Turns the products of these rows, `[columns, stride]`, into their weights. Always inlined, so
    /// that it is compiled for the instruction set that was found.
    fn weigh<S: Simd>(&self, simd: S, products: &mut Columns<'_, T>, rows: Range<usize>);
}

impl<T: Real> DenseRows<T> {
    /// Takes in the rows that `fill` writes, each in as many elements as there are features. `sections`
    /// are of the number of rows and of that of elements, zeros behind rows too.
    pub(crate) fn new(
        (rows, features): (usize, usize),
        sections: impl FnOnce(usize) -> Sections<T>,
        fill: impl Fn(usize, &mut [T]),
    ) -> Self {
        let stride = whole_lines::<T>(features);
        let mut x = Aligned::zeros(rows * stride);
        for (row, x) in x.chunks_exact_mut(stride).enumerate() {
            fill(row, &mut x[..features]);
        }
        Self {
            sections: sections(x.len()),
            x,
            rows,
            features,
            stride,
        }
    }

    pub(crate) fn features(&self) -> usize {
        self.features
    }

    /// Features, and the zeros behind them.
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// Returns the elements of a row.
    pub(crate) fn row(&self, row: usize) -> &[T] {
        &self.x[row * self.stride..][..self.features]
    }

    /// Computes Xᵀ·between(XΘ) transposed, `[W·C, stride]`, from the points `[W, d, C]`.
    pub(crate) fn products(
        &self,
        points: &[T],
        width: usize,
        between: &impl Between<T>,
    ) -> Aligned<T> {
        let points = self.transposed(points, width);
        self.sections.sums(points.len(), |rows, sums| {
            Arch::new().dispatch(Section {
                data: self,
                points: &points,
                between,
                rows,
                sums,
            });
        })
    }

    /// Takes back the memory of sums.
    pub(crate) fn give_back(&self, sums: Aligned<T>) {
        self.sections.give_back(sums);
    }

    /// XΘ `[n, C]` for one point `[d, C]`.
    pub(crate) fn multiplied(&self, point: &[T], width: usize) -> Vec<T> {
        let point = self.transposed(point, width);
        Arch::new().dispatch(Multiplied {
            data: self,
            point: &point,
            width,
        })
    }

    /// Points `[W, d, C]` as `[W·C, stride]`.
    fn transposed(&self, points: &[T], width: usize) -> Aligned<T> {
        let (stride, size) = (self.stride, self.features * width);
        let mut columns = Aligned::zeros(points.len() / self.features * stride);
        let each = points.chunks_exact(size);
        for (columns, point) in columns.chunks_exact_mut(width * stride).zip(each) {
            for (feature, row) in point.chunks_exact(width).enumerate() {
                for (column, &number) in row.iter().enumerate() {
                    columns[column * stride + feature] = number;
                }
            }
        }
        columns
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

struct Section<'a, T, B> {
    data: &'a DenseRows<T>,
    points: &'a [T],
    between: &'a B,
    rows: Range<usize>,
    sums: &'a mut [T],
}

impl<T: Real, B: Between<T>> WithSimd for Section<'_, T, B> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let columns = self.points.len() / self.data.stride;
        let mut start = self.rows.start;
        let (stride, blocks) = self.data.blocks(self.rows);
        let mut z = Aligned::zeros(columns * stride);
        let mut z = Columns { z: &mut z, stride };
        for (block, next) in blocks {
            let mut ahead = Ahead::new(next);
            multiply(simd, block, self.points, &mut z, &mut ahead);
            self.between.weigh(simd, &mut z, start..start + block.rows);
            add_products(simd, block, &z, self.sums, &mut ahead);
            start += block.rows;
        }
    }
}

struct Multiplied<'a, T> {
    data: &'a DenseRows<T>,
    point: &'a [T],
    width: usize,
}

impl<T: Real> WithSimd for Multiplied<'_, T> {
    type Output = Vec<T>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<T> {
        let (stride, blocks) = self.data.blocks(0..self.data.rows);
        let mut z = Aligned::zeros(self.width * stride);
        let mut all = Vec::with_capacity(self.data.rows * self.width);
        for (block, next) in blocks {
            let mut out = Columns { z: &mut z, stride };
            let mut ahead = Ahead::new(next);
            multiply(simd, block, self.point, &mut out, &mut ahead);
            for row in 0..block.rows {
                all.extend((0..self.width).map(|column| z[column * stride + row]));
            }
        }
        all
    }
}
