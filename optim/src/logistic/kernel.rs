//! The gradient of a logistic regression on a CPU, in one pass over the data.

use super::product::{Into, View, product};
use super::real::Real;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, bail};
use rayon::prelude::*;
use std::sync::Arc;

/// Xᵀ(softmax(XΘ) − Y), `[d, W·C]`, from X `[n, d]` and the weights Θ `[d, W·C]` of W points side
/// by side.
///
/// X is read once: a block of rows is multiplied with Θ, its logits are turned into residuals and
/// multiplied back while the block is in cache, for all W points. Sections of the rows are shared
/// out to the threads of the current pool and their sums added up in the order of the sections;
/// their number is fixed, so the result does not depend on the number of threads.
pub(super) struct ResidualProduct {
    /// y, the class of each row.
    pub targets: Arc<[u32]>,
    /// C.
    pub classes: usize,
}

/// Sections that the rows are divided into: more than most machines have cores, few enough that
/// adding their sums up costs little.
const SECTIONS: usize = 32;

/// Elements of X in a block: half a core's level-2 cache, or less.
const BLOCK_ELEMENTS: usize = 1 << 16;

impl CustomOp2 for ResidualProduct {
    fn name(&self) -> &'static str {
        "logistic-residual-product"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weights: &CpuStorage,
        weights_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (Some((x0, x1)), Some((w0, w1))) = (
            x_layout.contiguous_offsets(),
            weights_layout.contiguous_offsets(),
        ) else {
            bail!("{} needs contiguous data and weights", self.name())
        };
        let (rows, features) = x_layout.shape().dims2()?;
        let (weight_rows, columns) = weights_layout.shape().dims2()?;
        if weight_rows != features || columns % self.classes != 0 || rows != self.targets.len() {
            bail!(
                "{}: data {rows} x {features}, weights {weight_rows} x {columns}",
                self.name()
            )
        }
        let storage = match (x, weights) {
            (CpuStorage::F32(x), CpuStorage::F32(w)) => {
                CpuStorage::F32(self.sums(&x[x0..x1], &w[w0..w1], features))
            }
            (CpuStorage::F64(x), CpuStorage::F64(w)) => {
                CpuStorage::F64(self.sums(&x[x0..x1], &w[w0..w1], features))
            }
            _ => bail!("{} is for f32 and f64, data and weights alike", self.name()),
        };
        Ok((storage, weights_layout.shape().clone()))
    }
}

impl ResidualProduct {
    fn sums<T: Real>(&self, x: &[T], weights: &[T], features: usize) -> Vec<T> {
        let rows = self.targets.len().div_ceil(SECTIONS);
        let sections: Vec<Vec<T>> = x
            .par_chunks(rows * features)
            .zip(self.targets.par_chunks(rows))
            .map(|(x, targets)| self.section(x, targets, weights, features))
            .collect();
        let mut sections = sections.into_iter();
        let mut total = sections.next().unwrap_or_default();
        for section in sections {
            for (total, part) in total.iter_mut().zip(section) {
                *total = *total + part;
            }
        }
        total
    }

    /// The sum over one section of the rows, block by block.
    fn section<T: Real>(&self, x: &[T], targets: &[u32], weights: &[T], features: usize) -> Vec<T> {
        let columns = weights.len() / features;
        // With many columns the weights have to be worth their way into the cache.
        let rows = (BLOCK_ELEMENTS / features)
            .max(columns)
            .clamp(1, targets.len());
        let mut sum = vec![T::ZERO; weights.len()];
        let mut residual = vec![T::ZERO; rows * columns];
        let theta = View::new(weights, features, columns);
        for (x, targets) in x.chunks(rows * features).zip(targets.chunks(rows)) {
            let x = View::new(x, targets.len(), features);
            let residual = &mut residual[..targets.len() * columns];
            product(residual, Into::Replace, x, theta);
            for (row, &target) in residual.chunks_exact_mut(columns).zip(targets) {
                for logits in row.chunks_exact_mut(self.classes) {
                    softmax_minus_target(logits, target as usize);
                }
            }
            let residual = View::new(residual, targets.len(), columns);
            product(&mut sum, Into::Add, x.transposed(), residual);
        }
        sum
    }
}

/// softmax(z) − e_target in place. No exponential overflows: with two classes the only one is of
/// the smaller logit less the larger, with more the largest is subtracted first.
fn softmax_minus_target<T: Real>(z: &mut [T], target: usize) {
    if let [a, b] = z {
        let e = (T::ZERO - (*a - *b).magnitude()).exponential();
        let (larger, smaller) = (T::ONE / (T::ONE + e), e / (T::ONE + e));
        (*a, *b) = if *a >= *b {
            (larger, smaller)
        } else {
            (smaller, larger)
        };
    } else {
        let top = z
            .iter()
            .fold(T::LOWEST, |top, &z| if z > top { z } else { top });
        let mut sum = T::ZERO;
        for z in z.iter_mut() {
            *z = (*z - top).exponential();
            sum = sum + *z;
        }
        for z in z.iter_mut() {
            *z = *z / sum;
        }
    }
    for z in z.iter_mut() {
        // Written so that what is not a number stays so.
        if *z < T::NEGLIGIBLE {
            *z = T::ZERO;
        }
    }
    z[target] = z[target] - T::ONE;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_classes_by_one_exponential_are_the_softmax_of_two() {
        for (a, b) in [(0.3f64, -1.2), (-700.0, 2.0), (5.0, 5.0), (1e300, -1e300)] {
            let mut z = [a, b];
            softmax_minus_target(&mut z, 1);
            let share = 1.0 / (1.0 + (b - a).exp());
            assert!(
                (z[0] - share).abs() < 1e-15 && (z[0] + z[1]).abs() < 1e-15,
                "{a} {b}: {z:?}"
            );
        }
    }

    #[test]
    fn no_residual_is_so_small_that_products_with_it_are_slow() {
        for mut z in [vec![0.0f32, -95.0, -80.0, 3.0], vec![0.0, -95.0]] {
            softmax_minus_target(&mut z, 0);
            let tiny = |z: &&f32| **z != 0.0 && z.abs() < 1e-30;
            assert_eq!(z.iter().find(tiny), None, "{z:?}");
        }
    }

    #[test]
    fn what_is_not_a_number_stays_so() {
        for mut z in [vec![f64::NAN, 1.0], vec![1.0, f64::NAN, 0.0]] {
            softmax_minus_target(&mut z, 0);
            assert!(z.iter().any(|z| z.is_nan()));
        }
    }
}
