//! The gradient from a sparse matrix.

use super::panels::{ColumnLayout, LogitResiduals, Panels, columns_of, turned};
use super::rows::RowSource;
use super::sections::{Products, Sections};

use crate::cpu::aligned::Aligned;
use crate::cpu::real::Real;
use pulp::{Arch, Simd, WithSimd};
use std::ops::Range;

/// X `[n, d]` by the places of its nonzero elements, row by row, and their values where not all
/// are 1.
///
/// The weights of all points are looked up together: one place read is of use to every point of a
/// window, so that a few points at once cost hardly more than one. Where rows have nearly the same
/// number of elements, they are filled up to the same number with a feature that is always 0: a
/// loop that ends a step earlier now and then costs more than the step, as the processor has
/// already begun with the next row.
pub(super) struct Sparse<T> {
    /// Where each row begins in `places`, and where the last one ends.
    starts: Vec<usize>,
    /// `features` stands for no feature.
    places: Vec<u32>,
    values: Option<Vec<T>>,
    features: usize,
    /// Nonzero elements.
    stored: usize,
    sections: Sections<T>,
}

/// By what share the elements may grow by filling rows up.
const FILL: f64 = 0.25;

/// Rows whose logits are kept at a time.
const BLOCK_ROWS: usize = 256;

/// How many elements of a dense matrix take as long as the look-up of one.
const LOOK_UP: usize = 8;

/// Columns that are looked up together, at most: a vector of f32.
const PANEL: usize = 16;

/// Columns that are looked up together, at least: one alone is no faster than four, and the
/// compiler gathers its weights from many places at once, which is slower.
const NARROWEST: usize = 4;

impl<T: Real> Sparse<T> {
    /// Takes in rows.
    pub(super) fn new(source: &impl RowSource<T>) -> Self {
        let (rows, features) = source.shape();
        let counts = (0..rows).map(|row| source.count(row));
        let (stored, most) = counts.fold((0, 0), |(sum, most), n| (sum + n, most.max(n)));
        let full = match (rows * most) as f64 <= (1.0 + FILL) * stored as f64 {
            true => most,
            false => 0,
        };
        let (mut starts, mut places, mut values) = (vec![0], Vec::new(), Vec::new());
        let mut all_ones = true;
        for row in 0..rows {
            let start = places.len();
            source.each(row, |place, value| {
                all_ones &= value == T::ONE;
                places.push(place as u32);
                values.push(value);
            });
            let length = (places.len() - start).max(full);
            places.resize(start + length, features as u32);
            values.resize(start + length, T::ZERO);
            starts.push(places.len());
        }
        Self {
            sections: Sections::new((rows, features), places.len() * LOOK_UP),
            starts,
            places,
            values: (!all_ones).then_some(values),
            features,
            stored,
        }
    }

    pub(super) fn features(&self) -> usize {
        self.features
    }

    /// Nonzero elements.
    pub(super) fn stored(&self) -> usize {
        self.stored
    }

    /// Bytes that the matrix takes.
    pub(super) fn bytes(&self) -> usize {
        let values = self.values.as_ref().map_or(0, Vec::len);
        size_of_val(self.starts.as_slice())
            + size_of_val(self.places.as_slice())
            + values * size_of::<T>()
    }

    fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Goes through the places and values of a row's elements.
    pub(super) fn elements(&self, row: usize) -> impl Iterator<Item = (usize, T)> {
        let range = self.starts[row]..self.starts[row + 1];
        let value = |i: usize| self.values.as_ref().map_or(T::ONE, |v| v[i]);
        let all = range.map(move |i| (self.places[i] as usize, value(i)));
        all.filter(|(place, _)| *place < self.features)
    }

    /// What Xᵀ(softmax(XΘ) − Y) is made of, from the points `[W, d, C]`. With two classes the
    /// residuals of one are those of the other with the sign changed, so that there is one column
    /// for a point, of the logits' difference; else there are C.
    pub(super) fn residual_products(
        &self,
        points: &[T],
        classes: usize,
        targets: &[u32],
    ) -> Products<T> {
        // The last feature is none, and has no weight.
        let rows = self.features + 1;
        let each = columns_of(classes);
        let panels = Panels::new(points, classes, each, (self.features, rows), |columns| {
            let width = columns.next_power_of_two().clamp(NARROWEST, PANEL);
            ColumnLayout {
                columns,
                width,
                filled: columns.next_multiple_of(width),
            }
        });
        let size = panels.weights.len();
        let sums = self.sections.sums(size, |rows, sums| {
            self.add_products(&panels, classes, &targets[rows.clone()], rows, sums);
        });
        Products {
            sums,
            layout: panels.layout,
            features: panels.rows,
        }
    }

    /// Adds what a section of rows makes of the points to the sums.
    fn add_products(
        &self,
        panels: &Panels<T>,
        classes: usize,
        targets: &[u32],
        section: Range<usize>,
        sums: &mut [T],
    ) {
        let (arch, layout) = (Arch::new(), panels.layout);
        let mut z = Aligned::zeros(layout.filled * BLOCK_ROWS);
        let mut turned = turned(layout);
        let starts = section.step_by(BLOCK_ROWS);
        for (start, targets) in starts.zip(targets.chunks(BLOCK_ROWS)) {
            let product = |width: usize, of: Factors<'_, T>| {
                arch.dispatch(SparseProduct {
                    data: self,
                    rows: start..start + targets.len(),
                    width,
                    of,
                });
            };
            for (first, width) in layout.panels() {
                let weights = &panels.weights[first * panels.rows..][..width * panels.rows];
                let z = &mut z[first * BLOCK_ROWS..][..width * BLOCK_ROWS];
                product(width, Factors::Rows(weights, z));
            }
            arch.dispatch(LogitResiduals {
                layout,
                classes,
                rows: BLOCK_ROWS,
                z: &mut z,
                turned: &mut turned,
                targets,
            });
            for (first, width) in layout.panels() {
                let z = &z[first * BLOCK_ROWS..][..width * BLOCK_ROWS];
                let sums = &mut sums[first * panels.rows..][..width * panels.rows];
                product(width, Factors::Columns(z, sums));
            }
        }
    }

    /// Takes back the memory of sums.
    pub(super) fn give_back(&self, products: Products<T>) {
        self.sections.give_back(products.sums);
    }

    /// XΘ `[n, C]` for one point `[d, C]`.
    pub(super) fn logits(&self, point: &[T], classes: usize) -> Vec<T> {
        let mut all = vec![T::ZERO; self.rows() * classes];
        for (row, z) in all.chunks_exact_mut(classes).enumerate() {
            for (place, value) in self.elements(row) {
                let weights = &point[place * classes..][..classes];
                for (z, &weight) in z.iter_mut().zip(weights) {
                    *z += weight * value;
                }
            }
        }
        all
    }
}

/// XΘ of some rows, or Xᵀz, by the number of columns side by side.
struct SparseProduct<'a, T> {
    data: &'a Sparse<T>,
    rows: Range<usize>,
    width: usize,
    of: Factors<'a, T>,
}

enum Factors<'a, T> {
    /// z from weights.
    Rows(&'a [T], &'a mut [T]),
    /// Sums from z.
    Columns(&'a [T], &'a mut [T]),
}

impl<T: Real> WithSimd for SparseProduct<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        match self.width {
            NARROWEST => self.by::<NARROWEST>(),
            8 => self.by::<8>(),
            _ => self.by::<PANEL>(),
        }
    }
}

impl<T: Real> SparseProduct<'_, T> {
    #[inline(always)]
    fn by<const K: usize>(self) {
        match self.of {
            Factors::Rows(weights, z) => look_up::<T, K>(self.data, self.rows, weights, z),
            Factors::Columns(z, sums) => hand_back::<T, K>(self.data, self.rows, z, sums),
        }
    }
}

/// z = XΘ for some rows, `[rows, K]`, with Θ as `[d + 1, K]`.
#[inline(always)]
fn look_up<T: Real, const K: usize>(
    data: &Sparse<T>,
    rows: Range<usize>,
    weights: &[T],
    z: &mut [T],
) {
    let (weights, _) = weights.as_chunks::<K>();
    let (z, _) = z.as_chunks_mut::<K>();
    for (row, z) in rows.zip(z) {
        let range = data.starts[row]..data.starts[row + 1];
        let places = &data.places[range.clone()];
        // Two sums, which do not wait for one another.
        let mut sums = [[T::ZERO; K]; 2];
        match &data.values {
            None => {
                let (pairs, rest) = places.as_chunks::<2>();
                for pair in pairs {
                    for (sums, &place) in sums.iter_mut().zip(pair) {
                        let weights = weights[place as usize];
                        for k in 0..K {
                            sums[k] += weights[k];
                        }
                    }
                }
                for &place in rest {
                    let weights = weights[place as usize];
                    for k in 0..K {
                        sums[0][k] += weights[k];
                    }
                }
            }
            Some(values) => {
                for (&place, &value) in places.iter().zip(&values[range]) {
                    let weights = weights[place as usize];
                    for k in 0..K {
                        sums[0][k] += weights[k] * value;
                    }
                }
            }
        }
        let [mut sum, other] = sums;
        for k in 0..K {
            sum[k] += other[k];
        }
        *z = sum;
    }
}

/// sums += Xᵀz for some rows' z `[rows, K]`, with the sums as `[d + 1, K]`.
#[inline(always)]
fn hand_back<T: Real, const K: usize>(
    data: &Sparse<T>,
    rows: Range<usize>,
    z: &[T],
    sums: &mut [T],
) {
    let (sums, _) = sums.as_chunks_mut::<K>();
    let (z, _) = z.as_chunks::<K>();
    for (row, z) in rows.zip(z) {
        let range = data.starts[row]..data.starts[row + 1];
        let places = &data.places[range.clone()];
        // By value, so that the compiler knows that they do not overlap and keeps them in vectors.
        let z = *z;
        match &data.values {
            None => {
                for &place in places {
                    let mut sum = sums[place as usize];
                    for k in 0..K {
                        sum[k] += z[k];
                    }
                    sums[place as usize] = sum;
                }
            }
            Some(values) => {
                for (&place, &value) in places.iter().zip(&values[range]) {
                    let mut sum = sums[place as usize];
                    for k in 0..K {
                        sum[k] += z[k] * value;
                    }
                    sums[place as usize] = sum;
                }
            }
        }
    }
}
