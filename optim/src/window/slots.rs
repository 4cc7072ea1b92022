//! What a window keeps of the points after its start, from one round to the next: the points, or the
//! velocities with which they are reached, in full or rounded.
//!
//! Points are summed up from velocities in the order in which they were made, so they are the same to the
//! last bit. Rounded to bf16 ([`Storage::Bf16`]), guessed points are off by a 256th of a step or less; the
//! start, its velocity and all new sums are in full precision.

use super::settings::Storage;
use super::space::Space;
use crate::recurrence::Carried;
use crate::{Kinetic, Recurrence, Result};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A point of the window.
#[derive(Clone)]
pub(super) struct Slot<V> {
    pub(super) point: V,
    /// The surrogate's gradient there, once it was computed; clones share it.
    pub(super) surrogate: Arc<OnceLock<V>>,
}

impl<V> Slot<V> {
    pub(super) fn new(point: V) -> Self {
        Self {
            point,
            surrogate: Arc::default(),
        }
    }
}

/// The slots after a window's start, the nearest first.
pub(super) enum Slots<S: Space> {
    Points(VecDeque<Slot<S::Vector>>),
    /// The velocity that leads to each from the one before it; `None` where it is the one before it.
    Velocities {
        kept: VecDeque<Option<KeptVelocity<S>>>,
        rounded: bool,
    },
}

/// A velocity as it is kept.
pub(super) enum KeptVelocity<S: Space> {
    Full(S::Vector),
    Rounded(S::Rounded),
}

/// A point of the recurrence, and what is carried to it.
#[derive(Clone)]
pub(super) struct Particle<V> {
    pub(super) slot: Slot<V>,
    pub(super) carried: Carried<V>,
}

/// What steps of the recurrence came to: the slot after each, and what is carried to each; nothing where
/// the slots are copies of the one before them.
pub(super) struct Trajectory<V> {
    pub(super) slots: Vec<Slot<V>>,
    pub(super) carried: Vec<Carried<V>>,
}

impl<V> Default for Trajectory<V> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            carried: Vec::new(),
        }
    }
}

impl<S: Space> Slots<S> {
    pub(super) fn new(storage: Storage) -> Self {
        match storage {
            Storage::Points => Self::Points(VecDeque::new()),
            Storage::Velocities { .. } | Storage::Bf16 { .. } => Self::Velocities {
                kept: VecDeque::new(),
                rounded: matches!(storage, Storage::Bf16 { .. }),
            },
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Points(slots) => slots.len(),
            Self::Velocities { kept, .. } => kept.len(),
        }
    }

    /// Some of the slots, of which the first comes after the slot `before`.
    pub(super) fn range(
        &self,
        space: &S,
        recurrence: &Recurrence,
        before: &Slot<S::Vector>,
        range: Range<usize>,
    ) -> Result<Vec<Slot<S::Vector>>> {
        let kept = match self {
            Self::Points(slots) => return Ok(slots.range(range).cloned().collect()),
            Self::Velocities { kept, .. } => kept,
        };
        let mut slots: Vec<Slot<S::Vector>> = Vec::with_capacity(range.len());
        for kept in kept.range(range) {
            let before = slots.last().unwrap_or(before);
            let velocity = match kept {
                Some(KeptVelocity::Full(velocity)) => velocity.clone(),
                Some(KeptVelocity::Rounded(rounded)) => space.restored(rounded, &before.point)?,
                None => {
                    slots.push(before.clone());
                    continue;
                }
            };
            // Velocities are kept of flows alone.
            let kinetic = recurrence.flow_kinetic().unwrap_or(Kinetic::HalfL2Squared);
            let size = recurrence.step_size;
            slots.push(Slot::new(space.drifted(
                &before.point,
                &velocity,
                kinetic,
                size,
            )?));
        }
        Ok(slots)
    }

    /// Puts slots in the place of those from `first` on, and behind the last.
    pub(super) fn put(
        &mut self,
        space: &S,
        first: usize,
        made: &Trajectory<S::Vector>,
    ) -> Result<()> {
        match self {
            Self::Points(slots) => set(slots, first, made.slots.iter().cloned()),
            Self::Velocities { kept, rounded } => {
                let keep = |velocity: Option<&S::Vector>| {
                    Ok(match (velocity, &rounded) {
                        (Some(velocity), true) => {
                            Some(KeptVelocity::Rounded(space.rounded(velocity)?))
                        }
                        (velocity, _) => velocity.cloned().map(KeptVelocity::Full),
                    })
                };
                let all = (0..made.slots.len())
                    .map(|i| keep(made.carried.get(i).and_then(Carried::velocity)));
                set(kept, first, all.collect::<Result<Vec<_>>>()?);
            }
        }
        Ok(())
    }

    /// Forgets the nearest, which the window has passed.
    pub(super) fn pass(&mut self, stride: usize) {
        match self {
            Self::Points(slots) => drop(slots.drain(..stride)),
            Self::Velocities { kept, .. } => drop(kept.drain(..stride)),
        }
    }
}

fn set<T>(all: &mut VecDeque<T>, first: usize, new: impl IntoIterator<Item = T>) {
    for (i, new) in (first..).zip(new) {
        match all.get_mut(i) {
            Some(old) => *old = new,
            None => all.push_back(new),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::host::Host;
    use crate::window::tensors::Tensors;
    use candle_core::{Device, Tensor};

    #[test]
    fn what_is_kept_in_bf16_is_right_to_eight_bits_and_takes_two_bytes() {
        let values: Vec<f64> = (1..100).map(|i| (f64::from(i) * 0.37).sin()).collect();
        let tensor = Tensor::new(values.clone(), &Device::Cpu).unwrap();
        let space = Host::<f64>::new();
        let vector = space.vector(&tensor).unwrap();
        let rounded = space.rounded(&vector).unwrap();
        assert_eq!(size_of_val(&rounded[..]), 2 * values.len());
        let restored = space.restored(&rounded, &vector).unwrap();
        let tensors = Tensors::by_operations();
        let row = tensors.vector(&tensor).unwrap();
        let rounded = tensors.rounded(&row).unwrap();
        let of_tensors = tensors.restored(&rounded, &row).unwrap().tensor().unwrap();
        assert_eq!(*restored, of_tensors.to_vec1::<f64>().unwrap());
        for (restored, value) in restored.iter().zip(values) {
            assert!((restored - value).abs() <= value.abs() / 256.0);
        }
    }

    #[test]
    fn slots_are_put_over_those_that_are_there_and_behind_them() {
        let mut all = VecDeque::from([1, 2, 3]);
        set(&mut all, 2, [4, 5]);
        assert_eq!(all, [1, 2, 4, 5]);
    }
}
