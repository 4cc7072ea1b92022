//! Work on rows, shared out to threads so that the result does not depend on how many there are.

use crate::cpu::aligned::Aligned;
use crate::cpu::real::Real;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Sections of rows, at most: more than most machines have cores, few enough that adding their
/// sums up costs little.
const SECTIONS: usize = 64;

/// Stored elements of X in a section, at least: below, starting a task costs more than it does.
const ELEMENTS: usize = 1 << 17;

/// And for each feature: a section clears its sums and they are added to others, which is not to take
/// longer than what is added to them.
const ELEMENTS_A_FEATURE: usize = 4;

/// The rows of a matrix in sections, and memory for the sections' sums.
///
/// The memory is kept from one call to the next: asking the system for it anew costs a page fault
/// for every four kilobytes.
pub(crate) struct Sections<T> {
    ranges: Vec<Range<usize>>,
    spare: Mutex<Vec<Aligned<T>>>,
}

impl<T: Real> Sections<T> {
    /// Of rows of so many features with `elements` stored elements.
    pub(crate) fn new(shape: (usize, usize), elements: usize) -> Self {
        Self::of_blocks(shape, 1, elements)
    }

    /// The same, each of whole blocks of so many rows, but for the last.
    pub(crate) fn of_blocks(
        (rows, features): (usize, usize),
        block: usize,
        elements: usize,
    ) -> Self {
        let least = ELEMENTS.max(features.saturating_mul(ELEMENTS_A_FEATURE));
        Self::at_most(elements / least, rows, block)
    }

    /// As many sections of `rows` rows as asked for, or fewer, each of whole blocks but for the last.
    pub(crate) fn at_most(count: usize, rows: usize, block: usize) -> Self {
        let count = count.clamp(1, SECTIONS);
        let length = rows.div_ceil(count).max(1).next_multiple_of(block);
        let range = |start: usize| start..(start + length).min(rows);
        Self {
            ranges: (0..rows).step_by(length).map(range).collect(),
            spare: Mutex::default(),
        }
    }

    /// The sums of `length` numbers over all rows: `add` adds those of a section to zeros, on one
    /// thread of the current pool. Sums of sections are added up by halves: in the same order
    /// whoever computes them, and soon, so that few are held at a time.
    pub(crate) fn sums(
        &self,
        length: usize,
        add: impl Fn(Range<usize>, &mut [T]) + Sync,
    ) -> Aligned<T> {
        self.halves(&self.ranges, length, &add)
    }

    fn halves(
        &self,
        ranges: &[Range<usize>],
        length: usize,
        add: &(impl Fn(Range<usize>, &mut [T]) + Sync),
    ) -> Aligned<T> {
        if let [section] = ranges {
            let mut sums = self.zeros(length);
            add(section.clone(), &mut sums);
            return sums;
        }
        let (first, second) = ranges.split_at(ranges.len() / 2);
        let (mut sums, others) = rayon::join(
            || self.halves(first, length, add),
            || self.halves(second, length, add),
        );
        for (sum, other) in sums.iter_mut().zip(others.iter()) {
            *sum += *other;
        }
        self.give_back(others);
        sums
    }

    /// Memory for later sums.
    pub(crate) fn give_back(&self, sums: Aligned<T>) {
        self.spare().push(sums);
    }

    /// Zeros, in memory that was used before if there is any of that length.
    fn zeros(&self, length: usize) -> Aligned<T> {
        let found = self.spare().pop().filter(|spare| spare.len() == length);
        match found {
            Some(mut zeros) => {
                zeros.fill(T::ZERO);
                zeros
            }
            None => Aligned::zeros(length),
        }
    }

    /// A thread that panicked left the list whole: what it holds is only memory.
    fn spare(&self) -> MutexGuard<'_, Vec<Aligned<T>>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_cover_all_rows_once_whatever_their_number() {
        for (rows, elements) in [
            (1, 1),
            (7, 1 << 20),
            (1000, 1 << 20),
            (60_000, 60_000 * 784),
        ] {
            let sections = Sections::<f32>::new((rows, 784), elements).ranges;
            assert!(sections.len() <= SECTIONS);
            let covered: Vec<usize> = sections.into_iter().flatten().collect();
            assert_eq!(covered, (0..rows).collect::<Vec<_>>(), "{rows} {elements}");
        }
    }

    #[test]
    fn sums_of_many_features_are_not_made_more_often_than_elements_are_added_to_them() {
        let count = |features| {
            Sections::<f32>::new((3000, features), 90_000 * 8)
                .ranges
                .len()
        };
        assert_eq!((count(123), count(60_000), count(1_355_191)), (5, 3, 1));
    }

    #[test]
    fn sums_do_not_depend_on_the_number_of_threads() {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let run = || {
                let sections = Sections::<f32>::new((100_000, 3), 100_000 * 16);
                let add = |rows: Range<usize>, out: &mut [f32]| {
                    for row in rows {
                        out[row % 3] += (row as f32 * 0.37).sin();
                    }
                };
                let first = sections.sums(3, add);
                assert_eq!(*sections.sums(3, add), *first, "in memory used before");
                first
            };
            pool.build().unwrap().install(run).to_vec()
        };
        assert_eq!(with(1), with(5));
    }
}
