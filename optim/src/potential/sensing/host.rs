//! The gradient of matrix sensing on a CPU, in one pass over the vectors, as an operation of the tensor
//! library.

use super::Sensing;
use crate::cpu::dense::{Between, DenseRows};
use crate::cpu::sections::Sections;
use crate::cpu::tiles::Columns;
use candle_core::{CpuStorage, CustomOp1, Layout, Shape, bail};
use pulp::Simd;
use std::fmt;
use std::ops::Range;

/// Measurements side by side: so many rows a_i and behind them their ã_i, so that both are in a block and
/// what is between the products computes whole vectors.
const SIDE: usize = 8;

/// Elements of a section, at least: threads share the rows of one problem from about twice as many on.
const ELEMENTS: usize = 1 << 15;

/// The vectors and what was measured along them.
pub(super) struct SensingRows {
    rows: DenseRows<f64>,
    measured: MeasuredSides,
    sizes: Sensing,
    /// scale/m.
    factor: f64,
}

impl SensingRows {
    /// Takes in the vectors a_i and ã_i, `[m, d]` each, and the m numbers y_i.
    pub(super) fn new(a: &[f64], a_tilde: &[f64], measured: &[f64], sizes: Sensing) -> Self {
        let (d, m) = (sizes.dimension, measured.len());
        let rows = m.div_ceil(SIDE) * 2 * SIDE;
        // What fills the last vectors up is measured as 0 along 0, and weighs nothing.
        let mut filled = measured.to_vec();
        filled.resize(rows / 2, 0.0);
        let sections = |elements| Sections::at_most(elements / ELEMENTS, rows, 2 * SIDE);
        Self {
            rows: DenseRows::new((rows, d), sections, |row, x| {
                let (pair, place) = (row / (2 * SIDE), row % (2 * SIDE));
                let of = if place < SIDE { a } else { a_tilde };
                let measurement = pair * SIDE + place % SIDE;
                if measurement < m {
                    x.copy_from_slice(&of[measurement * d..][..d]);
                }
            }),
            measured: MeasuredSides {
                measured: filled,
                rank: sizes.rank,
            },
            sizes,
            factor: sizes.scale / m as f64,
        }
    }

    /// ∇f at the points `[W, d, k]`, in the same order.
    fn gradients(&self, points: &[f64]) -> Vec<f64> {
        let (d, k) = (self.sizes.dimension, self.sizes.rank);
        let sums = self.rows.products(points, k, &self.measured);
        let columns = sums.chunks_exact(self.rows.stride());
        let mut gradients = vec![0.0; points.len()];
        for (column, sums) in columns.enumerate() {
            let gradient = &mut gradients[column / k * d * k..][..d * k];
            for (row, &sum) in gradient.chunks_exact_mut(k).zip(sums) {
                row[column % k] = sum * self.factor;
            }
        }
        self.rows.give_back(sums);
        gradients
    }
}

impl fmt::Debug for SensingRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SensingRows")
            .field("sizes", &self.sizes)
            .finish_non_exhaustive()
    }
}

struct MeasuredSides {
    /// y_i, and zeros behind them.
    measured: Vec<f64>,
    rank: usize,
}

/// From Bᵀa_i and Bᵀã_i the same times the residual ⟨A_i, BBᵀ⟩ − y_i and its opposite.
impl Between<f64> for MeasuredSides {
    #[inline(always)]
    fn weigh<S: Simd>(&self, _: S, products: &mut Columns<'_, f64>, rows: Range<usize>) {
        let stride = products.stride;
        let measured = &self.measured[rows.start / 2..rows.end / 2];
        for point in products.z.chunks_exact_mut(stride * self.rank) {
            for (group, measured) in measured.chunks_exact(SIDE).enumerate() {
                let first = group * 2 * SIDE;
                let mut with = [0.0; SIDE];
                let mut against = [0.0; SIDE];
                for column in point.chunks_exact(stride) {
                    let z = &column[first..][..2 * SIDE];
                    for i in 0..SIDE {
                        with[i] += z[i] * z[i];
                        against[i] += z[SIDE + i] * z[SIDE + i];
                    }
                }
                let mut residuals = [0.0; SIDE];
                for i in 0..SIDE {
                    residuals[i] = with[i] - against[i] - measured[i];
                }
                for column in point.chunks_exact_mut(stride) {
                    let z = &mut column[first..][..2 * SIDE];
                    for i in 0..SIDE {
                        z[i] *= residuals[i];
                        z[SIDE + i] *= -residuals[i];
                    }
                }
            }
        }
    }
}

/// Points `[W, d·k]` to their gradients.
impl CustomOp1 for SensingRows {
    fn name(&self) -> &'static str {
        "sensing-gradients"
    }

    fn cpu_fwd(
        &self,
        points: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let Some((start, end)) = layout.contiguous_offsets() else {
            bail!("{} needs contiguous points", self.name())
        };
        let CpuStorage::F64(points) = points else {
            bail!("{}: points that are not of f64", self.name())
        };
        let gradients = CpuStorage::F64(self.gradients(&points[start..end]));
        Ok((gradients, layout.shape().clone()))
    }
}
