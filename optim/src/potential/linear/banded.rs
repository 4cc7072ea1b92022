//! The gradient from a matrix that is half empty.

use super::panels::{ColumnLayout, LogitResiduals, Panels, Products, turned};
use super::residuals::RowResiduals;
use super::rows::{RowSource, check_room};
use super::runs::{CHAINS, Code, Coded, Numbers, Quad, Runs, SPAN, Stored};
use crate::Result;
use crate::cpu::aligned::Aligned;
use crate::cpu::real::Real;
use crate::cpu::sections::Sections;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use std::marker::PhantomData;
use std::ops::Range;

/// X `[n, d]` by its elements that are not 0, in blocks of rows, twice: along the rows for XΘ, and along
/// the columns of a block for Xᵀ·R, so that in both products the sums stay in registers.
///
/// The weights of all points for one feature lie side by side and fill whole vectors: an element that is
/// read once is multiplied with all of them. Rows are cut into bands of features, whose weights stay in
/// the nearest cache while a block goes through them.
pub(super) struct Banded<T> {
    rows: usize,
    features: usize,
    /// A run for each block, band and row.
    along_rows: Runs<T>,
    /// A run for each block and feature.
    along_columns: Runs<T>,
    /// The distinct elements, where a byte can number them.
    table: Box<[T; SPAN]>,
    /// Elements that are not 0.
    stored: usize,
    sections: Sections<T>,
}

/// Elements of a dense matrix that take as long as one of these.
const LOOK_UP: usize = 4;

/// Bands of so many features, and how many features each has but the last.
fn bands(features: usize) -> (usize, usize) {
    let count = features.div_ceil(SPAN).max(1);
    (count, features.div_ceil(count))
}

impl<T: Real> Banded<T> {
    /// Takes in rows.
    ///
    /// # Errors
    /// If there is no room for as many runs as blocks and bands make.
    pub(super) fn new(source: &impl RowSource<T>) -> Result<Self> {
        let (rows, features) = source.shape();
        let (bands, band) = bands(features);
        // Before anything else is made: there is a run for each band of each row, however few elements.
        check_room::<u32>(rows, bands, features)?;
        check_room::<u32>(rows.div_ceil(SPAN), features, features)?;
        let numbers = Numbers::of(source);
        let (mut along_rows, mut along_columns) = (Runs::new(&numbers), Runs::new(&numbers));
        let (mut block, mut stored) = (Vec::new(), 0);
        for first in (0..rows).step_by(SPAN) {
            let height = (rows - first).min(SPAN);
            block.clear();
            for row in 0..height {
                source.each(first + row, |feature, value| {
                    let number = numbers.as_ref().map_or(0, |numbers| numbers.number(value));
                    block.push(Stored {
                        row,
                        feature,
                        value,
                        number,
                    });
                });
            }
            stored += block.len();
            along_rows.append(&block, bands * height, |s| {
                (s.feature / band * height + s.row, s.feature % band)
            });
            along_columns.append(&block, features, |s| (s.feature, s.row));
        }
        let elements = along_rows.places.len() * CHAINS;
        Ok(Self {
            sections: Sections::of_blocks((rows, features), SPAN, elements * LOOK_UP),
            stored,
            rows,
            features,
            along_rows,
            along_columns,
            table: numbers.map_or_else(|| Box::new([T::ZERO; SPAN]), |numbers| numbers.table),
        })
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
        self.along_rows.bytes() + self.along_columns.bytes()
    }

    /// Goes through the places and values of a row's elements.
    pub(super) fn elements(&self, row: usize) -> impl Iterator<Item = (usize, T)> {
        let first = row - row % SPAN;
        let rows = (self.rows - first).min(SPAN);
        let (bands, width) = bands(self.features);
        let run = move |band: usize| first * bands + band * rows + row - first;
        let element = move |band: usize, i: usize, chain: usize| {
            let place = usize::from(self.along_rows.places[i][chain]);
            let value = match &self.along_rows.elements {
                Coded::Plain(elements) => elements[i][chain],
                Coded::Numbered(numbers) => self.table[usize::from(numbers[i][chain])],
            };
            (band * width + place, value)
        };
        let all = (0..bands).flat_map(move |band| {
            let quads = self.along_rows.range(run(band));
            quads.flat_map(move |i| (0..CHAINS).map(move |chain| element(band, i, chain)))
        });
        all.filter(|(_, value)| *value != T::ZERO)
    }

    /// What Xᵀ times the residuals is made of, from the points `[W, d, C]`.
    pub(super) fn residual_products(
        &self,
        points: &[T],
        residuals: RowResiduals<'_, T>,
    ) -> Products<T> {
        let panels = self.panels(points, residuals.outputs(), residuals.columns());
        let sums = self.sections.sums(panels.weights.len(), |rows, sums| {
            self.add_products(&panels, residuals, rows, sums);
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
        residuals: RowResiduals<'_, T>,
        section: Range<usize>,
        sums: &mut [T],
    ) {
        let (arch, layout) = (Arch::new(), panels.layout);
        let mut z = Aligned::zeros(layout.filled * SPAN);
        let mut turned = turned(layout);
        let end = section.end;
        for start in section.step_by(SPAN) {
            let rows = start..(start + SPAN).min(end);
            self.multiply_rows(panels, start, rows.len(), &mut z);
            arch.dispatch(LogitResiduals {
                layout,
                rows: SPAN,
                z: &mut z,
                turned: &mut turned,
                of: residuals.of(rows),
            });
            let first_run = start / SPAN * self.features;
            for (first, width) in layout.panels() {
                arch.dispatch(Multiply {
                    runs: &self.along_columns,
                    table: &self.table,
                    these: first_run..first_run + self.features,
                    factors: &z[first * SPAN..][..width * SPAN],
                    out: &mut sums[first * panels.rows..][..width * panels.rows],
                });
            }
        }
    }

    /// Takes back the memory of sums.
    pub(super) fn give_back(&self, products: Products<T>) {
        self.sections.give_back(products.sums);
    }

    /// XΘ `[n, C]` for one point `[d, C]`.
    pub(super) fn logits(&self, point: &[T], classes: usize) -> Vec<T> {
        let panels = self.panels(point, classes, classes);
        let layout = panels.layout;
        let mut all = vec![T::ZERO; self.rows * classes];
        let blocks = all.par_chunks_mut(SPAN * classes).enumerate();
        blocks.for_each(|(block, out)| {
            let mut z = Aligned::zeros(layout.filled * SPAN);
            self.multiply_rows(&panels, block * SPAN, out.len() / classes, &mut z);
            for (row, out) in out.chunks_exact_mut(classes).enumerate() {
                for (class, out) in out.iter_mut().enumerate() {
                    *out = z[layout.place(SPAN, row, class)];
                }
            }
        });
        all
    }

    /// Lays points out side by side, `each` columns of one.
    fn panels(&self, points: &[T], classes: usize, each: usize) -> Panels<T> {
        let (bands, band) = bands(self.features);
        let rows = (bands - 1) * band + SPAN;
        Panels::new(points, classes, each, (self.features, rows), |columns| {
            Arch::new().dispatch(SideBySide::<T>(columns, PhantomData))
        })
    }

    /// z = XΘ for a block of so many rows from one on, with room for [`SPAN`] in each panel.
    fn multiply_rows(&self, panels: &Panels<T>, start: usize, rows: usize, z: &mut [T]) {
        let (bands, band) = bands(self.features);
        z.fill(T::ZERO);
        for (first, width) in panels.layout.panels() {
            let weights = &panels.weights[first * panels.rows..];
            for index in 0..bands {
                let first_run = start * bands + index * rows;
                Arch::new().dispatch(Multiply {
                    runs: &self.along_rows,
                    table: &self.table,
                    these: first_run..first_run + rows,
                    factors: &weights[index * band * width..][..width * SPAN],
                    out: &mut z[first * SPAN..][..width * SPAN],
                });
            }
        }
    }
}

/// Lays so many columns out in whole vectors, as many side by side as leave registers enough.
struct SideBySide<T>(usize, PhantomData<T>);

impl<T: Real> WithSimd for SideBySide<T> {
    type Output = ColumnLayout;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> ColumnLayout {
        let lanes = T::lanes::<S>();
        let most = if S::REGISTER_COUNT >= 32 { 5 } else { 3 };
        let filled = self.0.next_multiple_of(lanes);
        ColumnLayout {
            columns: self.0,
            width: filled.clamp(lanes, most * lanes),
            filled,
        }
    }
}

/// Adds to each row of `out` the sum of a run's elements, each times the row of `factors` that it has the
/// place of. An operation of its own, so that it is compiled once and not for each of the two products.
struct Multiply<'a, T> {
    runs: &'a Runs<T>,
    table: &'a [T; SPAN],
    these: Range<usize>,
    factors: &'a [T],
    out: &'a mut [T],
}

impl<T: Real> WithSimd for Multiply<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.factors.len() / SPAN / T::lanes::<S>() {
            1 => self.by::<S, 1>(simd),
            2 => self.by::<S, 2>(simd),
            3 => self.by::<S, 3>(simd),
            4 => self.by::<S, 4>(simd),
            _ => self.by::<S, 5>(simd),
        }
    }
}

impl<T: Real> Multiply<'_, T> {
    /// With rows of V vectors.
    #[inline(always)]
    fn by<S: Simd, const V: usize>(self, simd: S) {
        match &self.runs.elements {
            Coded::Plain(elements) => self.coded::<S, T, V>(simd, elements),
            Coded::Numbered(numbers) => self.coded::<S, u8, V>(simd, numbers),
        }
    }

    #[inline(always)]
    fn coded<S: Simd, C: Code<T>, const V: usize>(self, simd: S, codes: &[[C; CHAINS]]) {
        let (runs, table) = (self.runs, self.table);
        let factors = T::vectors::<S>(self.factors).as_chunks::<V>();
        let factors = factors.0.first_chunk::<SPAN>();
        let factors = factors.unwrap_or_else(|| unreachable!("whole blocks and bands"));
        let (out, _) = T::vectors_mut::<S>(self.out).as_chunks_mut::<V>();
        let ends = runs.starts[self.these.start..=self.these.end].windows(2);
        for (ends, out) in ends.zip(out) {
            let range = ends[0] as usize..ends[1] as usize;
            let (places, codes) = (&runs.places[range.clone()], &codes[range]);
            let mut sums = [[T::splat(simd, T::ZERO); V]; CHAINS];
            for (places, codes) in places.iter().zip(codes) {
                let (places, codes) = (Quad::of(*places), C::quad(codes));
                for chain in 0..CHAINS {
                    let factors = factors[places.byte(chain)];
                    let element = T::splat(simd, C::element(codes, chain, table));
                    for v in 0..V {
                        sums[chain][v] = T::fused(simd, element, factors[v], sums[chain][v]);
                    }
                }
            }
            for v in 0..V {
                let [a, b, c, d] = [sums[0][v], sums[1][v], sums[2][v], sums[3][v]];
                let sum = T::plus(simd, T::plus(simd, a, b), T::plus(simd, c, d));
                out[v] = T::plus(simd, out[v], sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::potential::linear::rows::Elements;

    /// Rows of which every third element is one of so many numbers.
    fn rows(features: usize, distinct: usize) -> Vec<f64> {
        let element = |i: usize| match i % 3 {
            0 => 1.0 + (i / 3 % distinct) as f64,
            _ => 0.0,
        };
        (0..600 * features).map(element).collect()
    }

    #[test]
    fn the_elements_are_those_that_were_taken_in_by_number_or_as_they_are() {
        for (features, distinct) in [(7, 255), (600, 255), (257, 256)] {
            let all = rows(features, distinct);
            let source = Elements(&all[..], features);
            let banded = Banded::new(&source).unwrap();
            let numbered = matches!(banded.along_rows.elements, Coded::Numbered(_));
            assert_eq!(numbered, distinct < 256, "0 is one of the numbers");
            let mut stored = 0;
            for (row, elements) in all.chunks_exact(features).enumerate() {
                let mut found = vec![0.0; features];
                for (place, value) in banded.elements(row) {
                    found[place] = value;
                    stored += 1;
                }
                assert_eq!(found, elements, "row {row} of {features} features");
            }
            assert_eq!(banded.stored(), stored);
            // A byte for a place and one for a number, or eight, twice; and no more than is filled up.
            let each = 2 * (1 + if numbered { 1 } else { 8 });
            let runs = 600 * bands(features).0 + 600usize.div_ceil(SPAN) * features;
            let filled = each * (stored + runs * (CHAINS - 1)) + 4 * (runs + 2);
            assert!(banded.bytes() > each * stored && banded.bytes() <= filled);
        }
    }

    #[test]
    fn bands_cover_the_features_and_are_nearly_of_one_width() {
        for (features, wanted) in [
            (1, (1, 1)),
            (256, (1, 256)),
            (257, (2, 129)),
            (780, (4, 195)),
        ] {
            assert_eq!(bands(features), wanted);
        }
    }

    #[test]
    fn columns_fill_whole_vectors_and_the_last_panel_is_as_wide_as_is_left() {
        for columns in [1, 10, 80, 200] {
            let layout = Arch::new().dispatch(SideBySide::<f32>(columns, PhantomData));
            let widths: usize = layout.panels().map(|(_, width)| width).sum();
            assert_eq!(widths, layout.filled);
            assert!(layout.filled >= columns && layout.filled < columns + 16);
        }
    }
}
