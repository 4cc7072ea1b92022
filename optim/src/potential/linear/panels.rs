//! Points side by side: what is multiplied with one feature of all of them lies together.

use super::residuals::{RowResiduals, one_if, sigmoid, softmax_minus_target};
use crate::cpu::aligned::Aligned;
use crate::cpu::real::Real;
use crate::cpu::tiles::Columns;
use pulp::{Simd, WithSimd};

/// Columns that a point of so many classes takes: the residuals of two differ in their sign alone, so that
/// there is one, of the logits' difference.
pub(super) fn columns_of(classes: usize) -> usize {
    if classes == 2 { 1 } else { classes }
}

/// Columns that are put side by side `width` at a time: what is there for each of some rows lies panel by
/// panel, row by row.
#[derive(Clone, Copy)]
pub(super) struct ColumnLayout {
    pub columns: usize,
    pub width: usize,
    /// Columns and what they are filled up with; the last panel is as wide as is left.
    pub filled: usize,
}

impl ColumnLayout {
    /// Every column by itself.
    pub(super) fn alone(columns: usize) -> Self {
        Self {
            columns,
            width: 1,
            filled: columns,
        }
    }

    /// The panels' first columns, and their widths.
    pub(super) fn panels(self) -> impl Iterator<Item = (usize, usize)> {
        let firsts = (0..self.filled).step_by(self.width);
        firsts.map(move |first| (first, self.width.min(self.filled - first)))
    }

    /// Where a column's entry of one of `rows` rows lies.
    #[inline(always)]
    pub(super) fn place(self, rows: usize, row: usize, column: usize) -> usize {
        let first = column - column % self.width;
        let width = self.width.min(self.filled - first);
        first * rows + row * width + column - first
    }
}

/// Sums of residuals times features.
pub(super) struct Products<T> {
    pub sums: Aligned<T>,
    pub layout: ColumnLayout,
    /// Features, and what they were filled up with.
    pub features: usize,
}

impl<T: Real> Products<T> {
    /// The sum for a column and a feature.
    pub(super) fn at(&self, column: usize, feature: usize) -> T {
        self.sums[self.layout.place(self.features, feature, column)]
    }
}

/// What a product of some rows is of, panel by panel.
pub(super) enum Factors<'a, T> {
    /// z from weights.
    Rows(&'a [T], &'a mut [T]),
    /// Sums from z.
    Columns(&'a [T], &'a mut [T]),
}

/// The weights of points side by side.
pub(super) struct Panels<T> {
    pub weights: Aligned<T>,
    pub layout: ColumnLayout,
    /// A feature each, and rows of zeros behind them.
    pub rows: usize,
}

impl<T: Real> Panels<T> {
    /// From the points `[W, features, classes]`, laid out as fits the number of columns: `each` of a point, one
    /// for the difference of two classes or one for each class.
    pub(super) fn new(
        points: &[T],
        classes: usize,
        each: usize,
        (features, rows): (usize, usize),
        layout: impl Fn(usize) -> ColumnLayout,
    ) -> Self {
        let layout = layout(points.len() / (features * classes) * each);
        let mut weights = Aligned::zeros(layout.filled * rows);
        for (index, row) in points.chunks_exact(classes).enumerate() {
            let (point, feature) = (index / features, index % features);
            for c in 0..each {
                let weight = match each < classes {
                    true => row[1] - row[0],
                    false => row[c],
                };
                weights[layout.place(rows, feature, point * each + c)] = weight;
            }
        }
        Self {
            weights,
            layout,
            rows,
        }
    }
}

/// Turns logits of a block of rows into residuals, in place. An operation of its own, so that it is
/// compiled once for all widths.
pub(super) struct LogitResiduals<'a, T> {
    pub layout: ColumnLayout,
    /// Rows that there is memory for in each panel: as many as targets, or more.
    pub rows: usize,
    pub z: &'a mut [T],
    pub turned: &'a mut [T],
    pub of: RowResiduals<'a, T>,
}

impl<T: Real> WithSimd for LogitResiduals<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.of {
            RowResiduals::Softmax {
                classes: 2,
                targets,
            }
            | RowResiduals::Sigmoid { targets } => self.of_two(simd, targets),
            RowResiduals::Softmax { classes, targets } => self.of_several(simd, classes, targets),
            RowResiduals::Difference { targets } => self.of_numbers(targets),
        }
    }
}

impl<T: Real> LogitResiduals<'_, T> {
    #[inline(always)]
    fn of_several<S: Simd>(self, simd: S, classes: usize, targets: &[u32]) {
        for (tile, targets) in targets.chunks(TILE).enumerate() {
            for (first, width) in self.layout.panels() {
                let panel = &self.z[first * self.rows + tile * TILE * width..][..TILE * width];
                let columns = self.turned[first * TILE..].chunks_exact_mut(TILE);
                for (column, turned) in columns.take(width).enumerate() {
                    for (row, turned) in turned.iter_mut().enumerate() {
                        *turned = panel[row * width + column];
                    }
                }
            }
            let mut by_columns = Columns {
                z: &mut *self.turned,
                stride: TILE,
            };
            for first in (0..self.layout.columns).step_by(classes) {
                let of_point = first..first + classes;
                softmax_minus_target(simd, &mut by_columns, of_point, targets);
            }
            for (first, width) in self.layout.panels() {
                let panel = &mut self.z[first * self.rows + tile * TILE * width..];
                let columns = self.turned[first * TILE..].chunks_exact(TILE);
                for (column, turned) in columns.take(width).enumerate() {
                    for (row, turned) in turned.iter().enumerate() {
                        panel[row * width + column] = *turned;
                    }
                }
            }
        }
    }

    /// The residual of the second class from the logits' differences: 1/(1 + e^−z), less 1 where that is
    /// the target.
    #[inline(always)]
    fn of_two<S: Simd>(self, simd: S, targets: &[u32]) {
        // All rows of the block, whole vectors; those beyond the targets are of no use, and no harm.
        sigmoid(simd, self.z);
        for (first, width) in self.layout.panels() {
            let z = &mut self.z[first * self.rows..];
            match width {
                1 => less_hits::<T, 1>(z, targets),
                2 => less_hits::<T, 2>(z, targets),
                4 => less_hits::<T, 4>(z, targets),
                8 => less_hits::<T, 8>(z, targets),
                16 => less_hits::<T, 16>(z, targets),
                _ => {
                    for (z, &target) in z.chunks_exact_mut(width).zip(targets) {
                        z.iter_mut().for_each(|z| *z -= one_if(target));
                    }
                }
            }
        }
    }

    /// The residual of a number: what was predicted, less what is there.
    #[inline(always)]
    fn of_numbers(self, targets: &[T]) {
        for (first, width) in self.layout.panels() {
            let z = &mut self.z[first * self.rows..];
            for (z, &target) in z.chunks_exact_mut(width).zip(targets) {
                z.iter_mut().for_each(|z| *z -= target);
            }
        }
    }
}

/// Subtracts 1 from all columns of rows whose target is the second class: without a branch, as which class a
/// row is of cannot be guessed.
#[inline(always)]
fn less_hits<T: Real, const WIDTH: usize>(z: &mut [T], targets: &[u32]) {
    for (z, &target) in z.as_chunks_mut::<WIDTH>().0.iter_mut().zip(targets) {
        for z in z {
            *z -= one_if(target);
        }
    }
}

/// Memory for [`LogitResiduals`].
pub(super) fn turned<T: Real>(layout: ColumnLayout) -> Aligned<T> {
    Aligned::zeros(layout.filled * TILE)
}

/// Rows that are turned to columns at a time: a vector of the longest.
const TILE: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_has_a_place_of_its_own_side_by_side_with_its_panels_others() {
        let layout = ColumnLayout {
            columns: 9,
            width: 4,
            filled: 10,
        };
        let panels: Vec<(usize, usize)> = layout.panels().collect();
        assert_eq!(panels, [(0, 4), (4, 4), (8, 2)]);
        let rows = 3;
        let places = (0..rows).flat_map(|row| (0..10).map(move |c| layout.place(rows, row, c)));
        let mut places: Vec<usize> = places.collect();
        assert_eq!(
            places[..4],
            [0, 1, 2, 3],
            "the first row of the first panel"
        );
        assert_eq!(places[10..14], [4, 5, 6, 7], "the second row is behind it");
        assert_eq!(places[8..10], [24, 25], "the last panel is narrower");
        places.sort_unstable();
        assert_eq!(places, (0..30).collect::<Vec<_>>());
    }

    #[test]
    fn two_classes_are_one_column_of_differences() {
        // One point of two features.
        let points = [1.0, 5.0, 2.0, -1.0];
        let panels = Panels::new(&points, 2, columns_of(2), (2, 3), |columns| ColumnLayout {
            columns,
            width: columns,
            filled: columns,
        });
        assert_eq!(*panels.weights, [4.0, -3.0, 0.0]);
    }
}
