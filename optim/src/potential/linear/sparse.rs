//! The gradient from a sparse matrix.

use super::exclusive::Ones;
use super::joined::{COPIES, Joined, JoinedProduct, PanelPlace};
use super::lookups::SparseProduct;
use super::panels::{ColumnLayout, Factors, LogitResiduals, Panels, Products, turned};
use super::residuals::RowResiduals;
use super::rows::RowSource;

use crate::cpu::aligned::Aligned;
use crate::cpu::real::Real;
use crate::cpu::sections::Sections;
use pulp::Arch;
use std::ops::Range;

/// X `[n, d]` by the places of its nonzero elements, row by row, and their values where not all
/// are 1.
///
/// The weights of all points are looked up together: one place read is of use to every point of a
/// window, so that a few points at once cost hardly more than one. Where rows have nearly the same
/// number of elements, they are filled up to the same number with a feature that is always 0: a
/// loop that ends a step earlier now and then costs more than the step, as the processor has
/// already begun with the next row. Features that exclude one another are joined, so that there is less to
/// look up.
pub(super) struct Sparse<T> {
    /// Where each row begins in `places`, and where the last one ends.
    pub(super) starts: Vec<usize>,
    /// Of features, or of joined ones; the one behind the last is none.
    pub(super) places: Vec<u32>,
    pub(super) values: Option<Vec<T>>,
    features: usize,
    joined: Option<Joined>,
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

/// How many look-ups take as long as what a row needs besides, where there are few of them.
const ROW: usize = 3;

/// Columns that are looked up together, at most: a vector of f32.
pub(super) const PANEL: usize = 16;

/// Columns that are looked up together, at least, where features are not joined: one alone is no faster than
/// four, and the compiler gathers its weights from many places at once, which is slower.
pub(super) const NARROWEST: usize = 4;

impl<T: Real> Sparse<T> {
    /// Takes in rows.
    pub(super) fn new(source: &impl RowSource<T>) -> Self {
        let (rows, features) = source.shape();
        let (mut starts, mut places, mut values) = (vec![0], Vec::new(), Vec::new());
        let mut all_ones = true;
        for row in 0..rows {
            source.each(row, |place, value| {
                all_ones &= value == T::ONE;
                places.push(place as u32);
                values.push(value);
            });
            starts.push(places.len());
        }
        let stored = places.len();
        if all_ones {
            values = Vec::new();
        }
        let ones = Ones {
            starts: &starts,
            places: &places,
            features,
        };
        let joined = all_ones.then(|| Joined::of(ones)).flatten();
        let most = starts.windows(2).map(|row| row[1] - row[0]).max();
        let most = most.unwrap_or(0);
        let (joined, each) = match joined {
            Some((joined, of_rows)) => {
                places = of_rows;
                let each = places.len() / rows;
                (Some(joined), Some(each))
            }
            None if rows * most == stored => (None, Some(most)),
            None if (rows * most) as f64 <= (1.0 + FILL) * stored as f64 => {
                places = filled(&starts, &places, most, features as u32);
                if !all_ones {
                    values = filled(&starts, &values, most, T::ZERO);
                }
                (None, Some(most))
            }
            None => (None, None),
        };
        if let Some(each) = each {
            starts = (0..=rows).map(|row| row * each).collect();
        }
        let looked_up = match &joined {
            Some(_) => places.len() + ROW * rows,
            None => places.len(),
        };
        Self {
            sections: Sections::new((rows, features), looked_up * LOOK_UP),
            starts,
            places,
            values: (!all_ones).then_some(values),
            features,
            joined,
            stored,
        }
    }

    pub(super) fn features(&self) -> usize {
        self.features
    }

    /// Whether features that exclude one another were found, and joined.
    pub(super) fn is_joined(&self) -> bool {
        self.joined.is_some()
    }

    /// Operations for a column: an addition for each of two look-ups, and a product where not all are 1.
    pub(super) fn operations(&self) -> usize {
        match (&self.joined, &self.values) {
            (Some(_), _) => 2 * self.places.len(),
            (None, None) => 2 * self.stored,
            (None, Some(_)) => 4 * self.stored,
        }
    }

    /// Bytes of it that a gradient reads.
    pub(super) fn bytes(&self) -> usize {
        let values = self.values.as_ref().map_or(0, Vec::len);
        // Of joined features a row has as many as any.
        let starts = match self.joined {
            Some(_) => 0,
            None => size_of_val(self.starts.as_slice()),
        };
        starts
            + size_of_val(self.places.as_slice())
            + self.joined.as_ref().map_or(0, Joined::bytes)
            + values * size_of::<T>()
    }

    fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Goes through the places and values of a row's elements.
    pub(super) fn elements(&self, row: usize) -> impl Iterator<Item = (usize, T)> {
        let range = self.starts[row]..self.starts[row + 1];
        let value = |i: usize| self.values.as_ref().map_or(T::ONE, |v| v[i]);
        let own = self.places[range.clone()].iter();
        let members = |joined: &Joined| {
            let members = own
                .clone()
                .flat_map(|&place| joined.members(place as usize));
            let mut members: Vec<u32> = members.copied().collect();
            members.sort_unstable();
            members
        };
        let members = self.joined.as_ref().map(members);
        let rows = if members.is_some() { 0..0 } else { range };
        let alone = rows.map(move |i| (self.places[i] as usize, value(i)));
        let members = members.into_iter().flatten();
        let members = members.map(|place| (place as usize, T::ONE));
        alone
            .filter(|(place, _)| *place < self.features)
            .chain(members)
    }

    /// What Xᵀ times the residuals is made of, from the points `[W, d, C]`. With two classes the
    /// residuals of one are those of the other with the sign changed, so that there is one column
    /// for a point, of the logits' difference; else there are C.
    pub(super) fn residual_products(
        &self,
        points: &[T],
        residuals: RowResiduals<'_, T>,
    ) -> Products<T> {
        // The last feature is none, and has no weight.
        let rows = self.features + 1;
        let (outputs, each) = (residuals.outputs(), residuals.columns());
        let mut panels = Panels::new(points, outputs, each, (self.features, rows), |columns| {
            // One alone is faster than four where it has a kernel of its own.
            let narrowest = match (columns, &self.joined) {
                (1, Some(_)) => 1,
                _ => NARROWEST,
            };
            let rest = columns % PANEL;
            let last = match rest {
                0 => 0,
                rest => rest.next_power_of_two().max(narrowest),
            };
            let filled = columns - rest + last;
            ColumnLayout {
                columns,
                width: filled.min(PANEL),
                filled,
            }
        });
        if let Some(joined) = &self.joined {
            panels = joined.weights(&panels);
        }
        let copies = if self.joined.is_some() { COPIES } else { 1 };
        let size = panels.weights.len() * copies;
        let sums = self.sections.sums(size, |rows, sums| {
            self.add_products(&panels, residuals, rows, sums);
        });
        let products = Products {
            sums,
            layout: panels.layout,
            features: panels.rows,
        };
        match &self.joined {
            None => products,
            Some(joined) => {
                let handed = joined.handed_back(&products, rows);
                self.sections.give_back(products.sums);
                handed
            }
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
        let mut z = Aligned::zeros(layout.filled * BLOCK_ROWS);
        let mut turned = turned(layout);
        let end = section.end;
        for start in section.step_by(BLOCK_ROWS) {
            let rows = start..(start + BLOCK_ROWS).min(end);
            let product = |(first, width), of: Factors<'_, T>| match &self.joined {
                None => arch.dispatch(SparseProduct {
                    data: self,
                    rows: rows.clone(),
                    width,
                    of,
                }),
                Some(_) => arch.dispatch(JoinedProduct {
                    places: &self.places[self.starts[rows.start]..self.starts[rows.end]],
                    tables: self.starts[1],
                    panel: PanelPlace {
                        start: first * panels.rows,
                        width,
                        rows: panels.rows,
                    },
                    of,
                }),
            };
            for panel @ (first, width) in layout.panels() {
                let weights = &panels.weights[first * panels.rows..][..width * panels.rows];
                let z = &mut z[first * BLOCK_ROWS..][..width * BLOCK_ROWS];
                product(panel, Factors::Rows(weights, z));
            }
            arch.dispatch(LogitResiduals {
                layout,
                rows: BLOCK_ROWS,
                z: &mut z,
                turned: &mut turned,
                of: residuals.of(rows.clone()),
            });
            for panel @ (first, width) in layout.panels() {
                let z = &z[first * BLOCK_ROWS..][..width * BLOCK_ROWS];
                let sums = match &self.joined {
                    None => &mut sums[first * panels.rows..][..width * panels.rows],
                    Some(_) => &mut *sums,
                };
                product(panel, Factors::Columns(z, sums));
            }
        }
    }

    /// Takes back the memory of sums.
    pub(super) fn give_back(&self, products: Products<T>) {
        // Of joined features it was taken back when their members had it.
        if self.joined.is_none() {
            self.sections.give_back(products.sums);
        }
    }

    /// XΘ `[n, C]` for one point `[d, C]`.
    pub(super) fn logits(&self, point: &[T], classes: usize) -> Vec<T> {
        let weights = match &self.joined {
            Some(joined) => &*joined.weights_of_point(point, classes),
            None => point,
        };
        let mut all = vec![T::ZERO; self.rows() * classes];
        for (row, z) in all.chunks_exact_mut(classes).enumerate() {
            let range = self.starts[row]..self.starts[row + 1];
            for (i, &place) in range.clone().zip(&self.places[range]) {
                let value = self.values.as_ref().map_or(T::ONE, |values| values[i]);
                // What a row is filled up with has no weight.
                let weights = weights.chunks_exact(classes).nth(place as usize);
                for (z, &weight) in z.iter_mut().zip(weights.unwrap_or_default()) {
                    *z += weight * value;
                }
            }
        }
        all
    }
}

/// Rows filled up to so many entries each.
fn filled<V: Copy>(starts: &[usize], of: &[V], each: usize, with: V) -> Vec<V> {
    let mut all = Vec::with_capacity((starts.len() - 1) * each);
    for (row, range) in starts.windows(2).enumerate() {
        all.extend(&of[range[0]..range[1]]);
        all.resize((row + 1) * each, with);
    }
    all
}
