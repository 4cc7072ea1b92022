//! Reading ahead: memory is asked for the next block while this one is computed with.

use crate::cpu::aligned::LINE;

/// What will be read next. Processors find a stream of reads by themselves, but only once it has
/// begun and never across a page: a block's first product would wait at every row.
pub(crate) struct Ahead<'a, T> {
    elements: &'a [T],
    asked: usize,
}

impl<'a, T> Ahead<'a, T> {
    pub(crate) fn new(elements: &'a [T]) -> Self {
        Self { elements, asked: 0 }
    }

    /// Asks for one more cache line, into the level-2 cache; does nothing when all of it has been
    /// asked for, or where there is no such instruction.
    ///
    /// Called once in every turn of the products' inner loops: more often, and the requests
    /// themselves have to wait.
    #[inline(always)]
    pub(crate) fn ask(&mut self) {
        if let Some(element) = self.elements.get(self.asked) {
            self.asked += LINE / size_of::<T>();
            fetch(element);
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn fetch<T>(element: &T) {
    use std::arch::x86_64::_MM_HINT_T1;
    // Every x86-64 processor has SSE: the compiler removes the question.
    if let Some(sse) = pulp::core_arch::x86::Sse::try_new() {
        sse._mm_prefetch::<_MM_HINT_T1>(std::ptr::from_ref(element).cast());
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn fetch<T>(_element: &T) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_what_comes_next_is_asked_for_once_and_nothing_beyond() {
        let elements = [0f32; 100];
        let mut ahead = Ahead::new(&elements);
        let mut asked = Vec::new();
        for _ in 0..20 {
            ahead.ask();
            asked.push(ahead.asked);
        }
        assert_eq!(asked[..8], [16, 32, 48, 64, 80, 96, 112, 112]);
        assert!(asked[8..].iter().all(|asked| *asked == 112));
    }
}
