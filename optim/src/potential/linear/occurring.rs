//! Features that some row has, where most have none: what the sparse kernel knows of a wide matrix.

use super::rows::RowSource;
use crate::cpu::real::Real;

/// The features that occur, in their order. A kernel that knows these alone reads and writes as many weights, and no
/// others.
pub(super) struct Occurring {
    features: Vec<u32>,
    /// How many there are, those included that do not occur.
    of: usize,
}

/// How many times as many features there have to be as occur.
const TIMES: usize = 2;

/// How many times as many features as elements there have to be for the elements to be sorted, instead of a mark to be
/// made at each feature: of billions of features there may be a few.
const SORTED_ABOVE: usize = 16;

impl Occurring {
    /// Those of some rows; `None` where so many of all occur that nothing is saved.
    pub(super) fn in_rows<T: Real>(source: &impl RowSource<T>) -> Option<Self> {
        let (rows, of) = source.shape();
        let mut stored = 0_usize;
        (0..rows).for_each(|row| source.each(row, |_, _| stored += 1));
        let features: Vec<u32> = match of <= stored.saturating_mul(SORTED_ABOVE) {
            true => {
                let mut occurs = vec![false; of];
                (0..rows).for_each(|row| source.each(row, |place, _| occurs[place] = true));
                let places = (0_u32..).zip(&occurs).filter(|(_, occurs)| **occurs);
                places.map(|(place, _)| place).collect()
            }
            false => {
                let mut places = Vec::with_capacity(stored);
                (0..rows).for_each(|row| source.each(row, |place, _| places.push(place as u32)));
                places.sort_unstable();
                places.dedup();
                places
            }
        };
        let few = features.len().saturating_mul(TIMES) <= of;
        (few && !features.is_empty()).then_some(Self { features, of })
    }

    /// How many features there are in all.
    pub(super) fn of(&self) -> usize {
        self.of
    }

    /// The number that a feature has among all.
    pub(super) fn place(&self, number: usize) -> usize {
        self.features[number] as usize
    }

    /// Of points `[W, d, C]` the rows of these features, `[W, features, C]`.
    pub(super) fn taken<T: Copy>(&self, points: &[T], classes: usize) -> Vec<T> {
        let size = self.features.len() * classes;
        let mut taken = Vec::with_capacity(points.len() / (self.of * classes) * size);
        for point in points.chunks_exact(self.of * classes) {
            for &feature in &self.features {
                taken.extend_from_slice(&point[feature as usize * classes..][..classes]);
            }
        }
        taken
    }

    /// The inverse of [`taken`](Self::taken), with zeros for all other features.
    pub(super) fn given_back<T: Real>(&self, rows: &[T], classes: usize) -> Vec<T> {
        let size = self.features.len() * classes;
        let mut all = vec![T::ZERO; rows.len() / size * self.of * classes];
        let points = all.chunks_exact_mut(self.of * classes);
        for (point, rows) in points.zip(rows.chunks_exact(size)) {
            for (&feature, row) in self.features.iter().zip(rows.chunks_exact(classes)) {
                point[feature as usize * classes..][..classes].copy_from_slice(row);
            }
        }
        all
    }

    /// Rows whose features are numbered among those that occur.
    pub(super) fn only<'a, T: Real, S: RowSource<T>>(&'a self, source: &'a S) -> Renumbered<'a, S> {
        Renumbered {
            source,
            features: &self.features,
        }
    }
}

/// Rows with fewer features: those that occur.
pub(super) struct Renumbered<'a, S> {
    source: &'a S,
    features: &'a [u32],
}

impl<T: Real, S: RowSource<T>> RowSource<T> for Renumbered<'_, S> {
    fn shape(&self) -> (usize, usize) {
        (self.source.shape().0, self.features.len())
    }

    fn each(&self, row: usize, mut each: impl FnMut(usize, T)) {
        self.source.each(row, |place, value| {
            // All that occur are there.
            if let Ok(number) = self.features.binary_search(&(place as u32)) {
                each(number, value);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::potential::linear::rows::Elements;
    use crate::{Kernel, LogisticRegression, Potential, Problem};
    use candle_core::{DType, Device, Tensor};

    #[test]
    fn of_rows_most_of_whose_columns_are_zeros_the_others_are_numbered_in_their_order() {
        let x = [0.0, 0.0, 3.0, 0.0, 0.0, 5.0, 0.0, 0.0, 7.0, 0.0, 0.0, 0.0];
        let rows = Elements(&x[..], 6);
        let occurring = Occurring::in_rows::<f64>(&rows).unwrap();
        assert_eq!(
            (occurring.of(), occurring.place(0), occurring.place(1)),
            (6, 2, 5)
        );
        let only = occurring.only(&rows);
        assert_eq!(RowSource::<f64>::shape(&only), (2, 2));
        let mut seen = Vec::new();
        (0..2).for_each(|row| only.each(row, |place, value: f64| seen.push((row, place, value))));
        assert_eq!(seen, [(0, 0, 3.0), (0, 1, 5.0), (1, 0, 7.0)]);
        let points: Vec<f64> = (0..24).map(f64::from).collect();
        let taken = occurring.taken(&points, 2);
        assert_eq!(taken, [4.0, 5.0, 10.0, 11.0, 16.0, 17.0, 22.0, 23.0]);
        let back = occurring.given_back(&taken, 2);
        let kept = |(place, &number): (usize, &f64)| match [2, 5].contains(&(place / 2 % 6)) {
            true => number,
            false => 0.0,
        };
        assert_eq!(
            back,
            points.iter().enumerate().map(kept).collect::<Vec<_>>()
        );
    }

    #[test]
    fn where_more_than_half_of_the_features_occur_or_none_does_nothing_is_left_out() {
        let of = |x: &[f64]| Occurring::in_rows(&Elements(x, 4)).map(|found| found.features);
        assert_eq!(of(&[1.0, 0.0, 2.0, 3.0]), None);
        assert_eq!(of(&[1.0, 0.0, 0.0, 3.0]), Some(vec![0, 3]));
        assert_eq!(of(&[0.0; 4]), None);
        // One element, so that it is sorted.
        let mut wide = [0.0; 4 * SORTED_ABOVE + 4];
        (wide[70 - 4], wide[7]) = (1.0, 2.0);
        let found = Occurring::in_rows(&Elements(&wide[..], wide.len())).map(|of| of.features);
        assert_eq!(found, Some(vec![7, 66]));
    }

    #[test]
    fn a_kernel_that_knows_those_alone_computes_what_one_of_all_features_does() {
        for (dtype, rounding) in [(DType::F64, 1e-14), (DType::F32, 1e-6)] {
            let (rows, features) = (90, 400);
            // Every tenth feature, each in some rows.
            let mut x = vec![0f64; rows * features];
            for (row, x) in x.chunks_exact_mut(features).enumerate() {
                for step in 0..5 {
                    x[(row * 7 + step * 13) % 40 * 10] = (row + step + 1) as f64 / 100.0;
                }
            }
            let x = Tensor::from_vec(x, (rows, features), &Device::Cpu);
            let x = x.unwrap().to_dtype(dtype).unwrap();
            for (classes, bias, l2) in [(2, false, 0.0), (3, true, 0.2)] {
                let labels: Vec<u32> = (0..rows).map(|row| (row * row % classes) as u32).collect();
                let problem = Problem { classes, bias, l2 };
                let of = |kernel| {
                    LogisticRegression::with_kernel(x.clone(), &labels, problem, kernel).unwrap()
                };
                let composed = of(Kernel::Composed);
                let points = (0..3 * composed.dimension()).map(|i| (i as f64).sin());
                let points = Tensor::from_iter(points, &Device::Cpu).unwrap();
                let points = points.reshape((3, composed.dimension())).unwrap();
                let points = points.to_dtype(dtype).unwrap();
                let some = [3, 4, 70];
                let of_some = composed.subset(&some).unwrap();
                for kernel in [Kernel::Auto, Kernel::Sparse] {
                    let f = of(kernel);
                    assert_eq!(f.kernel(), Kernel::Sparse);
                    for (f, wanted) in [(&f, &composed), (&f.subset(&some).unwrap(), &of_some)] {
                        let found = f.gradients(&points).unwrap();
                        let apart = (found - wanted.gradients(&points).unwrap()).unwrap();
                        let apart = apart.to_dtype(DType::F64).unwrap().abs().unwrap();
                        let apart = apart.max_all().unwrap().to_scalar::<f64>().unwrap();
                        assert!(apart < rounding, "{kernel} {classes} {bias}: {apart:e}");
                        let values = [f, wanted].map(|f| f.value(&points.get(1).unwrap()).unwrap());
                        assert!((values[0] - values[1]).abs() < rounding, "{values:?}");
                    }
                }
            }
        }
    }
}
