//! The two products of a gradient on a block of rows that is in cache.
//!
//! A tile is what fits into the registers: the sums of a few rows with a few columns, over the
//! whole length of a row. Both products walk along rows of X and of Θᵀ as they lie in memory, so
//! nothing is packed. The numbers of rows and columns in a tile were chosen by measurement:
//! 5 x 4 sums of either product with 32 registers, where four of a column are added up together; 3 x 4 and 4 x 3
//! with 16.

use super::ahead::Ahead;
use crate::cpu::real::Real;
use pulp::Simd;

/// A block of rows of X, `[rows, stride]`, every row a whole number of vectors.
#[derive(Clone, Copy)]
pub(crate) struct TileBlock<'a, T> {
    pub x: &'a [T],
    pub rows: usize,
    pub stride: usize,
}

/// Products or weights of a block's rows, `[columns, stride]`: a column's rows side by side, so that what
/// is between the products computes as many rows at once as a vector has elements.
pub(crate) struct Columns<'a, T> {
    pub z: &'a mut [T],
    pub stride: usize,
}

/// z = XΘ for a block, with Θᵀ as `[columns, stride of X]`.
#[inline(always)]
pub(crate) fn multiply<T: Real, S: Simd>(
    simd: S,
    block: TileBlock<'_, T>,
    weights: &[T],
    out: &mut Columns<'_, T>,
    ahead: &mut Ahead<'_, T>,
) {
    if S::REGISTER_COUNT >= 32 {
        multiply_by::<T, S, 4, 5>(simd, block, weights, out, ahead);
    } else {
        multiply_by::<T, S, 3, 4>(simd, block, weights, out, ahead);
    }
}

#[inline(always)]
fn multiply_by<T: Real, S: Simd, const R: usize, const C: usize>(
    simd: S,
    block: TileBlock<'_, T>,
    weights: &[T],
    out: &mut Columns<'_, T>,
    ahead: &mut Ahead<'_, T>,
) {
    let columns = weights.len() / block.stride;
    let mut done = 0;
    while done < columns {
        match columns - done {
            left if left >= C => {
                multiply_columns::<T, S, R, C>(simd, block, weights, done, out, ahead);
                done += C;
            }
            left if left >= 2 => {
                multiply_columns::<T, S, R, 2>(simd, block, weights, done, out, ahead);
                done += 2;
            }
            _ => {
                multiply_columns::<T, S, R, 1>(simd, block, weights, done, out, ahead);
                done += 1;
            }
        }
    }
}

#[inline(always)]
fn multiply_columns<T: Real, S: Simd, const R: usize, const C: usize>(
    simd: S,
    block: TileBlock<'_, T>,
    weights: &[T],
    first: usize,
    out: &mut Columns<'_, T>,
    ahead: &mut Ahead<'_, T>,
) {
    let mut row = 0;
    while row + R <= block.rows {
        multiply_tile::<T, S, R, C>(simd, block, row, weights, first, out, ahead);
        row += R;
    }
    while row < block.rows {
        multiply_tile::<T, S, 1, C>(simd, block, row, weights, first, out, ahead);
        row += 1;
    }
}

#[inline(always)]
fn multiply_tile<T: Real, S: Simd, const R: usize, const C: usize>(
    simd: S,
    block: TileBlock<'_, T>,
    row: usize,
    weights: &[T],
    column: usize,
    out: &mut Columns<'_, T>,
    ahead: &mut Ahead<'_, T>,
) {
    let stride = block.stride;
    let length = stride / T::lanes::<S>();
    // Arrays are filled by loops: `array::from_fn` is called where a kernel has several uses, in the innermost loop.
    let (mut x, mut theta) = ([T::vectors::<S>(&[]); R], [T::vectors::<S>(&[]); C]);
    for (r, x) in x.iter_mut().enumerate() {
        *x = &T::vectors::<S>(&block.x[(row + r) * stride..][..stride])[..length];
    }
    for (c, theta) in theta.iter_mut().enumerate() {
        *theta = &T::vectors::<S>(&weights[(column + c) * stride..][..stride])[..length];
    }
    let mut sums = [[T::splat(simd, T::ZERO); R]; C];
    for i in 0..length {
        ahead.ask();
        let mut here = [T::splat(simd, T::ZERO); R];
        for r in 0..R {
            here[r] = x[r][i];
        }
        for c in 0..C {
            let theta = theta[c][i];
            for r in 0..R {
                sums[c][r] = T::fused(simd, here[r], theta, sums[c][r]);
            }
        }
    }
    for (c, sums) in added_up::<T, S, R, C>(simd, &sums).iter().enumerate() {
        let z = &mut out.z[(column + c) * out.stride + row..][..R];
        z.copy_from_slice(sums);
    }
}

/// The sums of a tile's vectors, four at a time: of a column where it has four rows, else of a row.
#[inline(always)]
fn added_up<T: Real, S: Simd, const R: usize, const C: usize>(
    simd: S,
    vectors: &[[T::Vector<S>; R]; C],
) -> [[T; R]; C] {
    let mut sums = [[T::ZERO; R]; C];
    let mut four = [T::splat(simd, T::ZERO); 4];
    if R == four.len() {
        for c in 0..C {
            four.copy_from_slice(&vectors[c]);
            sums[c].copy_from_slice(&T::sums(simd, four));
        }
        return sums;
    }
    for r in 0..R {
        let mut first = 0;
        while first < C {
            let count = (C - first).min(four.len());
            for c in 0..count {
                four[c] = vectors[first + c][r];
            }
            let of_four = T::sums(simd, four);
            for c in 0..count {
                sums[first + c][r] = of_four[c];
            }
            first += count;
        }
    }
    sums
}

/// sums += Xᵀ·z for a block, with the sums transposed, `[columns, stride of X]`.
#[inline(always)]
pub(crate) fn add_products<T: Real, S: Simd>(
    simd: S,
    block: TileBlock<'_, T>,
    z: &Columns<'_, T>,
    sums: &mut [T],
    ahead: &mut Ahead<'_, T>,
) {
    if S::REGISTER_COUNT >= 32 {
        add_by::<T, S, 5, 4>(simd, block, z, sums, ahead);
    } else {
        add_by::<T, S, 4, 3>(simd, block, z, sums, ahead);
    }
}

#[inline(always)]
fn add_by<T: Real, S: Simd, const C: usize, const F: usize>(
    simd: S,
    block: TileBlock<'_, T>,
    z: &Columns<'_, T>,
    sums: &mut [T],
    ahead: &mut Ahead<'_, T>,
) {
    let columns = sums.len() / block.stride;
    let mut done = 0;
    while done < columns {
        match columns - done {
            left if left >= C => {
                add_to_columns::<T, S, C, F>(simd, block, z, done, sums, ahead);
                done += C;
            }
            left if left >= 2 => {
                add_to_columns::<T, S, 2, F>(simd, block, z, done, sums, ahead);
                done += 2;
            }
            _ => {
                add_to_columns::<T, S, 1, F>(simd, block, z, done, sums, ahead);
                done += 1;
            }
        }
    }
}

#[inline(always)]
fn add_to_columns<T: Real, S: Simd, const C: usize, const F: usize>(
    simd: S,
    block: TileBlock<'_, T>,
    z: &Columns<'_, T>,
    first: usize,
    sums: &mut [T],
    ahead: &mut Ahead<'_, T>,
) {
    let lanes = T::lanes::<S>();
    let mut feature = 0;
    while feature + F * lanes <= block.stride {
        add_tile::<T, S, C, F>(simd, block, feature, z, first, sums, ahead);
        feature += F * lanes;
    }
    while feature < block.stride {
        add_tile::<T, S, C, 1>(simd, block, feature, z, first, sums, ahead);
        feature += lanes;
    }
}

#[allow(
    clippy::needless_range_loop,
    reason = "iterators cost three instructions in a hundred here"
)]
#[inline(always)]
fn add_tile<T: Real, S: Simd, const C: usize, const F: usize>(
    simd: S,
    block: TileBlock<'_, T>,
    feature: usize,
    z: &Columns<'_, T>,
    column: usize,
    sums: &mut [T],
    ahead: &mut Ahead<'_, T>,
) {
    let (stride, width) = (block.stride, F * T::lanes::<S>());
    let mut weights: [&[T]; C] = [&[]; C];
    for (c, weights) in weights.iter_mut().enumerate() {
        *weights = &z.z[(column + c) * z.stride..][..block.rows];
    }
    let mut tile = [[T::splat(simd, T::ZERO); F]; C];
    for (c, tile) in tile.iter_mut().enumerate() {
        let sums = T::vectors::<S>(&sums[(column + c) * stride + feature..][..width]);
        tile.copy_from_slice(&sums[..F]);
    }
    for row in 0..block.rows {
        ahead.ask();
        let x = T::vectors::<S>(&block.x[row * stride + feature..][..width]);
        let mut here = [T::splat(simd, T::ZERO); F];
        here.copy_from_slice(&x[..F]);
        for c in 0..C {
            let weight = T::splat(simd, weights[c][row]);
            for f in 0..F {
                tile[c][f] = T::fused(simd, here[f], weight, tile[c][f]);
            }
        }
    }
    for c in 0..C {
        let sums = T::vectors_mut::<S>(&mut sums[(column + c) * stride + feature..][..width]);
        sums.copy_from_slice(&tile[c]);
    }
}
