//! Work on rows, shared out to threads so that the result does not depend on how many there are.

use crate::aligned::Aligned;
use crate::real::Real;
use rayon::prelude::*;
use std::ops::Range;

/// Sections of rows, at most: more than most machines have cores, few enough that adding their
/// sums up costs little.
const SECTIONS: usize = 64;

/// Stored elements of X in a section, at least: below, starting a task costs more than it does.
const ELEMENTS: usize = 1 << 17;

/// The sections that `rows` rows with `elements` stored elements are divided into.
fn sections(rows: usize, elements: usize) -> Vec<Range<usize>> {
    let count = (elements / ELEMENTS).clamp(1, SECTIONS);
    let length = rows.div_ceil(count).max(1);
    (0..rows)
        .step_by(length)
        .map(|start| start..(start + length).min(rows))
        .collect()
}

/// The sums of `length` numbers over all rows: `add` adds those of a section to zeros, on one
/// thread of the current pool; the sections' sums are added up in their order.
pub(super) fn sums<T: Real>(
    rows: usize,
    elements: usize,
    length: usize,
    add: impl Fn(Range<usize>, &mut [T]) + Sync,
) -> Aligned<T> {
    let sections = sections(rows, elements);
    if let [section] = sections.as_slice() {
        // Little work is done where it is asked for: waking another thread would take longer.
        let mut sums = Aligned::zeros(length);
        add(section.clone(), &mut sums);
        return sums;
    }
    let parts: Vec<Aligned<T>> = sections
        .into_par_iter()
        .map(|section| {
            let mut sums = Aligned::zeros(length);
            add(section, &mut sums);
            sums
        })
        .collect();
    let mut parts = parts.into_iter();
    let mut total = parts.next().unwrap_or_else(|| Aligned::zeros(length));
    let rest: Vec<Aligned<T>> = parts.collect();
    // A piece at a time, so that the pieces' sums stay in cache, by as many threads as there are.
    total
        .par_chunks_mut(ELEMENTS)
        .enumerate()
        .for_each(|(piece, total)| {
            for part in &rest {
                let part = &part[piece * ELEMENTS..][..total.len()];
                for (total, part) in total.iter_mut().zip(part) {
                    *total += *part;
                }
            }
        });
    total
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
            let sections = sections(rows, elements);
            assert!(sections.len() <= SECTIONS);
            let covered: Vec<usize> = sections.into_iter().flatten().collect();
            assert_eq!(covered, (0..rows).collect::<Vec<_>>(), "{rows} {elements}");
        }
    }

    #[test]
    fn sums_do_not_depend_on_the_number_of_threads() {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let run = || {
                sums::<f32>(100_000, 100_000 * 16, 3, |rows, out| {
                    for row in rows {
                        out[row % 3] += (row as f32 * 0.37).sin();
                    }
                })
            };
            pool.build().unwrap().install(run).to_vec()
        };
        assert_eq!(with(1), with(5));
    }
}
