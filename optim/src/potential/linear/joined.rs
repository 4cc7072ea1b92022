//! A matrix of ones as a product of two with fewer: joined features, and what each of them stands for.

use super::panels::{Factors, Panels, Products};
use crate::cpu::aligned::Aligned;
use crate::cpu::real::Real;
use pulp::{Simd, WithSimd};

/// Joined features and none, at most, so that a few columns of all lie in a core's own cache. A power of two, so
/// that places below it need no check.
pub(super) const MOST_JOINED: usize = 1 << 11;

/// Joined features of a row, at most.
pub(super) const MOST_TABLES: usize = 8;

/// Joined features J, each of some of a matrix's features that a row has together: X = J·M, where rows of X have
/// more ones than those of J. Attributes of few values that are one feature a value have such: of fourteen
/// of them, each with one of its features in a row, four tables of all that meet are left.
pub(super) struct Joined {
    /// Where the members of each begin, and where those of the last one end.
    pub(super) starts: Vec<usize>,
    pub(super) members: Vec<u32>,
}

impl Joined {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.starts.len() - 1
    }

    /// The features that a joined one stands for; of none there are none.
    pub(super) fn members(&self, joined: usize) -> &[u32] {
        match self.starts.get(joined + 1) {
            Some(&end) => &self.members[self.starts[joined]..end],
            None => &[],
        }
    }

    /// MΘ: what the joined features weigh, and none.
    pub(super) fn weights<T: Real>(&self, panels: &Panels<T>) -> Panels<T> {
        let layout = panels.layout;
        let rows = match layout.filled {
            1 => MOST_JOINED,
            _ => self.count() + 1,
        };
        let mut weights = Aligned::zeros(layout.filled * rows);
        for (first, width) in layout.panels() {
            let of = &panels.weights[first * panels.rows..][..width * panels.rows];
            let to = &mut weights[first * rows..][..width * self.count()];
            match width {
                1 => self.weigh::<T, 1>(of, to),
                4 => self.weigh::<T, 4>(of, to),
                8 => self.weigh::<T, 8>(of, to),
                _ => self.weigh::<T, 16>(of, to),
            }
        }
        Panels {
            weights,
            layout,
            rows,
        }
    }

    /// MΘ for one point `[d, C]`, and none: row by row.
    pub(super) fn weights_of_point<T: Real>(&self, point: &[T], classes: usize) -> Vec<T> {
        let mut weights = vec![T::ZERO; (self.count() + 1) * classes];
        for (joined, weights) in weights.chunks_exact_mut(classes).enumerate() {
            for &member in self.members(joined) {
                let of = &point[member as usize * classes..][..classes];
                for (weight, &of) in weights.iter_mut().zip(of) {
                    *weight += of;
                }
            }
        }
        weights
    }

    /// Mᵀ of the joined features' sums: those of `rows` features, none among them.
    pub(super) fn handed_back<T: Real>(&self, products: &Products<T>, rows: usize) -> Products<T> {
        let layout = products.layout;
        let mut sums = Aligned::zeros(layout.filled * rows);
        for copy in products
            .sums
            .chunks_exact(layout.filled * products.features)
        {
            for (first, width) in layout.panels() {
                let of = &copy[first * products.features..][..width * self.count()];
                let to = &mut sums[first * rows..][..width * rows];
                match width {
                    1 => self.hand_back::<T, 1>(of, to),
                    4 => self.hand_back::<T, 4>(of, to),
                    8 => self.hand_back::<T, 8>(of, to),
                    _ => self.hand_back::<T, 16>(of, to),
                }
            }
        }
        Products {
            sums,
            layout,
            features: rows,
        }
    }

    fn weigh<T: Real, const K: usize>(&self, of: &[T], to: &mut [T]) {
        let ((of, _), (to, _)) = (of.as_chunks::<K>(), to.as_chunks_mut::<K>());
        for (to, range) in to.iter_mut().zip(self.starts.windows(2)) {
            for &member in &self.members[range[0]..range[1]] {
                let of = of[member as usize];
                for k in 0..K {
                    to[k] += of[k];
                }
            }
        }
    }

    fn hand_back<T: Real, const K: usize>(&self, of: &[T], to: &mut [T]) {
        let ((of, _), (to, _)) = (of.as_chunks::<K>(), to.as_chunks_mut::<K>());
        for (of, range) in of.iter().zip(self.starts.windows(2)) {
            for &member in &self.members[range[0]..range[1]] {
                let to = &mut to[member as usize];
                for k in 0..K {
                    to[k] += of[k];
                }
            }
        }
    }

    /// Bytes that they take.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.starts.as_slice()) + size_of_val(self.members.as_slice())
    }
}

/// z = J·w of some rows, or Jᵀz, for columns side by side: `places` has as many for each row as there are tables.
///
/// Sums are kept twice, for every other row, so that none waits for the one before it, which often has the same
/// joined features: as many of all columns, one behind the other.
pub(super) struct JoinedProduct<'a, T> {
    pub places: &'a [u32],
    pub tables: usize,
    pub panel: PanelPlace,
    pub of: Factors<'a, T>,
}

/// Columns side by side among others.
#[derive(Clone, Copy)]
pub(super) struct PanelPlace {
    /// Where its numbers begin.
    pub start: usize,
    pub width: usize,
    /// Of each column: the joined features, and none.
    pub rows: usize,
}

/// How often sums are kept.
pub(super) const COPIES: usize = 2;

impl<T: Real> WithSimd for JoinedProduct<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        match self.tables {
            1 => self.of::<1>(),
            2 => self.of::<2>(),
            3 => self.of::<3>(),
            4 => self.of::<4>(),
            5 => self.of::<5>(),
            6 => self.of::<6>(),
            7 => self.of::<7>(),
            _ => self.of::<MOST_TABLES>(),
        }
    }
}

impl<T: Real> JoinedProduct<'_, T> {
    #[inline(always)]
    fn of<const TABLES: usize>(self) {
        let (places, _) = self.places.as_chunks::<TABLES>();
        match self.panel.width {
            1 => of_one(places, self.of),
            4 => of_several::<T, 4, TABLES>(places, self.of, self.panel),
            8 => of_several::<T, 8, TABLES>(places, self.of, self.panel),
            _ => of_several::<T, 16, TABLES>(places, self.of, self.panel),
        }
    }
}

/// For one column, whose numbers are as many as there can be.
#[inline(always)]
fn of_one<T: Real, const TABLES: usize>(places: &[[u32; TABLES]], of: Factors<'_, T>) {
    // Which the compiler is shown here, so that it leaves out the checks.
    let at = |place: u32| place as usize % MOST_JOINED;
    match of {
        Factors::Rows(weights, z) => {
            let ([weights], _) = weights.as_chunks::<MOST_JOINED>() else {
                unreachable!("as many weights as there can be");
            };
            for (z, places) in z.iter_mut().zip(places) {
                let mut sum = weights[at(places[0])];
                for &place in &places[1..] {
                    sum += weights[at(place)];
                }
                *z = sum;
            }
        }
        Factors::Columns(z, sums) => {
            let ([even, odd], _) = sums.as_chunks_mut::<MOST_JOINED>() else {
                unreachable!("twice as many sums as there can be");
            };
            for (z, places) in z.chunks(2).zip(places.chunks(2)) {
                for &place in &places[0] {
                    even[at(place)] += z[0];
                }
                if let ([_, z], [_, places]) = (z, places) {
                    for &place in places {
                        odd[at(place)] += *z;
                    }
                }
            }
        }
    }
}

/// For columns side by side.
#[inline(always)]
fn of_several<T: Real, const K: usize, const TABLES: usize>(
    places: &[[u32; TABLES]],
    of: Factors<'_, T>,
    PanelPlace { start, rows, .. }: PanelPlace,
) {
    match of {
        Factors::Rows(weights, z) => {
            let ((weights, _), (z, _)) = (weights.as_chunks::<K>(), z.as_chunks_mut::<K>());
            for (z, places) in z.iter_mut().zip(places) {
                let mut sum = weights[places[0] as usize];
                for &place in &places[1..] {
                    let weights = &weights[place as usize];
                    for k in 0..K {
                        sum[k] += weights[k];
                    }
                }
                *z = sum;
            }
        }
        Factors::Columns(z, sums) => {
            let (even, odd) = sums.split_at_mut(sums.len() / COPIES);
            let [even, odd] = [even, odd].map(|sums| {
                let sums = &mut sums[start..][..rows * K];
                sums.as_chunks_mut::<K>().0
            });
            let (z, _) = z.as_chunks::<K>();
            for (z, places) in z.chunks(2).zip(places.chunks(2)) {
                add(even, z[0], &places[0]);
                if let ([_, z], [_, places]) = (z, places) {
                    add(odd, *z, places);
                }
            }
        }
    }
}

#[inline(always)]
fn add<T: Real, const K: usize>(sums: &mut [[T; K]], z: [T; K], places: &[u32]) {
    for &place in places {
        let sums = &mut sums[place as usize];
        for k in 0..K {
            sums[k] += z[k];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_features_take_the_bytes_of_where_they_begin_and_of_their_members() {
        let joined = Joined {
            starts: vec![0, 2, 3],
            members: vec![4, 7, 5],
        };
        assert_eq!((joined.count(), joined.bytes()), (2, 3 * 8 + 3 * 4));
        let members = [joined.members(0), joined.members(1), joined.members(2)];
        assert_eq!(members, [&[4, 7][..], &[5], &[]]);
    }
}
