//! Runs of elements that are not 0, as the kernel for half-empty data goes through them.

use super::rows::RowSource;
use crate::cpu::real::Real;
use std::ops::Range;

/// Rows of a block, and features of a band at most: a byte tells them apart, and none is beyond an array
/// of so many.
pub(super) const SPAN: usize = 256;

/// Sums of one column that do not wait for one another. As many whatever the number of columns: a point
/// has the same gradient alone and among others.
pub(super) const CHAINS: usize = 4;

/// Bytes for the chains, read at once: reads are what these products wait for.
#[derive(Clone, Copy)]
pub(super) struct Quad(u32);

impl Quad {
    #[inline(always)]
    pub(super) fn of(bytes: [u8; CHAINS]) -> Self {
        Self(u32::from_le_bytes(bytes))
    }

    #[inline(always)]
    pub(super) fn byte(self, chain: usize) -> usize {
        (self.0 >> (8 * chain)) as usize & 0xff
    }
}

/// An element, as it is or by its number.
pub(super) trait Code<T>: Copy {
    type Quad: Copy;

    fn quad(codes: &[Self; CHAINS]) -> Self::Quad;
    fn element(quad: Self::Quad, chain: usize, table: &[T; SPAN]) -> T;
}

impl<T: Real> Code<T> for u8 {
    type Quad = Quad;

    #[inline(always)]
    fn quad(codes: &[Self; CHAINS]) -> Quad {
        Quad::of(*codes)
    }

    #[inline(always)]
    fn element(quad: Quad, chain: usize, table: &[T; SPAN]) -> T {
        table[quad.byte(chain)]
    }
}

impl<T: Real> Code<T> for T {
    type Quad = [T; CHAINS];

    #[inline(always)]
    fn quad(codes: &[Self; CHAINS]) -> [T; CHAINS] {
        *codes
    }

    #[inline(always)]
    fn element(quad: [T; CHAINS], chain: usize, _table: &[T; SPAN]) -> T {
        quad[chain]
    }
}

/// Runs of elements, one behind the other, each filled up with zeros to a multiple of [`CHAINS`]: a rest of
/// up to three would be a branch that the processor guesses wrong in most runs.
pub(super) struct Runs<T> {
    /// Where each run begins, and where the last one ends.
    pub starts: Vec<u32>,
    /// The feature within the band, or the row within the block.
    pub places: Vec<[u8; CHAINS]>,
    pub elements: Coded<T>,
}

/// Elements, or their numbers in a table.
pub(super) enum Coded<T> {
    Plain(Vec<[T; CHAINS]>),
    Numbered(Vec<[u8; CHAINS]>),
}

/// An element of a block, where it is and what number it has.
pub(super) struct Stored<T> {
    pub row: usize,
    pub feature: usize,
    pub value: T,
    pub number: u8,
}

impl<T: Real> Runs<T> {
    /// Has none yet. Elements will be kept by their numbers where they have some.
    pub(super) fn new(numbers: &Option<Numbers<T>>) -> Self {
        Self {
            starts: vec![0],
            places: Vec::new(),
            elements: match numbers {
                Some(_) => Coded::Numbered(Vec::new()),
                None => Coded::Plain(Vec::new()),
            },
        }
    }

    /// Appends `count` runs of the elements of a block, each in the run and at the place that `to` says.
    pub(super) fn append(
        &mut self,
        block: &[Stored<T>],
        count: usize,
        to: impl Fn(&Stored<T>) -> (usize, usize),
    ) {
        let mut next = vec![0; count];
        for stored in block {
            next[to(stored).0] += 1;
        }
        let mut quads = self.places.len();
        for next in &mut next {
            let length: usize = std::mem::replace(next, quads * CHAINS);
            quads += length.div_ceil(CHAINS);
            self.starts.push(quads as u32);
        }
        self.places.resize(quads, [0; CHAINS]);
        match &mut self.elements {
            Coded::Plain(elements) => elements.resize(quads, [T::ZERO; CHAINS]),
            Coded::Numbered(numbers) => numbers.resize(quads, [0; CHAINS]),
        }
        for stored in block {
            let (run, place) = to(stored);
            let at = next[run];
            next[run] += 1;
            self.places.as_flattened_mut()[at] = place as u8;
            match &mut self.elements {
                Coded::Plain(elements) => elements.as_flattened_mut()[at] = stored.value,
                Coded::Numbered(numbers) => numbers.as_flattened_mut()[at] = stored.number,
            }
        }
    }

    pub(super) fn range(&self, run: usize) -> Range<usize> {
        self.starts[run] as usize..self.starts[run + 1] as usize
    }

    pub(super) fn bytes(&self) -> usize {
        let elements = match &self.elements {
            Coded::Plain(elements) => size_of_val(elements.as_slice()),
            Coded::Numbered(numbers) => size_of_val(numbers.as_slice()),
        };
        size_of_val(self.starts.as_slice()) + size_of_val(self.places.as_slice()) + elements
    }
}

/// The numbers of the distinct elements.
pub(super) struct Numbers<T> {
    /// Those by number; the first is 0, with which runs are filled up.
    pub table: Box<[T; SPAN]>,
    /// How many there are.
    count: usize,
    /// Numbers by what [`Self::slot`] makes of their elements; 0 where there is none.
    slots: Box<[u8; SLOTS]>,
}

/// Many times the elements that there may be, so that hardly two want the same slot.
const SLOTS: usize = 1 << 12;

impl<T: Real> Numbers<T> {
    /// Those of the elements of all rows; `None` if a byte is too small.
    pub(super) fn of(source: &impl RowSource<T>) -> Option<Self> {
        let mut numbers = Self {
            table: Box::new([T::ZERO; SPAN]),
            count: 1,
            slots: Box::new([0; SLOTS]),
        };
        for row in 0..source.shape().0 {
            let mut few = true;
            source.each(row, |_, value| few = few && numbers.add(value));
            if !few {
                return None;
            }
        }
        Some(numbers)
    }

    /// Says whether there is a number left for it.
    fn add(&mut self, value: T) -> bool {
        let slot = self.slot(value);
        if self.slots[slot] == 0 {
            let Ok(number) = u8::try_from(self.count) else {
                return false;
            };
            self.slots[slot] = number;
            self.table[self.count] = value;
            self.count += 1;
        }
        true
    }

    /// The number of an element that was added; 0 of one that was not.
    pub(super) fn number(&self, value: T) -> u8 {
        self.slots[self.slot(value)]
    }

    /// Where its number is, or would be.
    fn slot(&self, value: T) -> usize {
        // f64 has all numbers of both element types.
        let bits = value.to_double().to_bits();
        let first = bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SLOTS.ilog2());
        let mut slot = first as usize;
        loop {
            let found = self.slots[slot];
            let same = self.table[usize::from(found)].to_double().to_bits() == bits;
            if found == 0 || same {
                return slot;
            }
            slot = (slot + 1) % SLOTS;
        }
    }
}
