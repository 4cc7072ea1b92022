//! Memory that vectors can be loaded from without crossing cache lines.

use crate::cpu::real::Real;
use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, and of the widest vectors.
pub(crate) const LINE: usize = 64;

/// A slice of zeros that begins at a cache line. A load that crosses two lines costs two, and
/// every row of a matrix in unaligned memory has them.
pub(crate) struct Aligned<T> {
    memory: Vec<T>,
    start: usize,
    length: usize,
}

impl<T: Real> Aligned<T> {
    pub(crate) fn zeros(length: usize) -> Self {
        let spare = LINE / size_of::<T>();
        let memory = vec![T::ZERO; length + spare];
        let start = memory.as_ptr().align_offset(LINE).min(spare);
        Self {
            memory,
            start,
            length,
        }
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.memory[self.start..self.start + self.length]
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.memory[self.start..self.start + self.length]
    }
}

/// `length`, rounded up to whole cache lines of elements.
pub(crate) fn whole_lines<T>(length: usize) -> usize {
    length.next_multiple_of(LINE / size_of::<T>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligned_memory_begins_at_a_cache_line_and_has_the_length_asked_for() {
        for length in [0, 1, 15, 1000] {
            let memory = Aligned::<f32>::zeros(length);
            assert_eq!(
                (memory.len(), memory.as_ptr().align_offset(LINE)),
                (length, 0)
            );
            assert!(memory.iter().all(|v| *v == 0.0));
        }
        assert_eq!(
            (whole_lines::<f32>(780), whole_lines::<f64>(780)),
            (784, 784)
        );
    }
}
