//! The only clock in the house for what is compared: the device is idle whenever it is read.

use crate::device::Placement;
use anyhow::Result;
use candle_core::{Device, Tensor};
use optim::{Counts, Method, Progress};
use std::time::Instant;

/// Does `work` with the device idle before and after; returns what it made and the seconds it took.
///
/// # Errors
/// If the work or the device fails.
pub fn timed<T, E: From<candle_core::Error>>(
    device: &Device,
    work: impl FnOnce() -> std::result::Result<T, E>,
) -> std::result::Result<(T, f64), E> {
    device.synchronize()?;
    let begin = Instant::now();
    let made = work()?;
    device.synchronize()?;
    Ok((made, begin.elapsed().as_secs_f64()))
}

/// Returns the fewest seconds that a call of `work` took, of as many calls as fit into `budget` seconds,
/// at least two: the first one finds caches cold and buffers unmapped.
///
/// # Errors
/// If the work or the device fails.
pub fn fastest(
    placement: &Placement,
    budget: f64,
    mut work: impl FnMut() -> Result<()>,
) -> Result<f64> {
    let begin = Instant::now();
    let (mut fewest, mut calls) = (f64::INFINITY, 0);
    while calls < 2 || begin.elapsed().as_secs_f64() < budget {
        let ((), seconds) = timed(placement.first(), &mut work)?;
        fewest = fewest.min(seconds);
        calls += 1;
    }
    Ok(fewest)
}

/// A method whose outer iterations are timed, where it is placed.
pub struct Clocked<'a, M> {
    method: M,
    placement: &'a Placement,
    seconds: Vec<f64>,
}

impl<'a, M: Method> Clocked<'a, M> {
    /// Times a method from here on.
    pub fn new(method: M, placement: &'a Placement) -> Self {
        Self {
            method,
            placement,
            seconds: Vec::new(),
        }
    }

    /// Returns the seconds that each iteration took.
    pub fn seconds(&self) -> &[f64] {
        &self.seconds
    }
}

impl<M: Method> Method for Clocked<'_, M> {
    fn advance(&mut self) -> optim::Result<Progress> {
        let (device, method) = (self.placement.first(), &mut self.method);
        let (progress, seconds) = self.placement.run(|| timed(device, || method.advance()))?;
        self.seconds.push(seconds);
        Ok(progress)
    }

    fn position(&self) -> &Tensor {
        self.method.position()
    }

    fn counts(&self) -> Counts {
        self.method.counts()
    }
}

/// Times two works in `pairs` pairs, the first's seconds beside the second's: A B, B A, A B, … so that
/// neither always runs first, and a drift of the machine's speed meets both halves of a pair. Each
/// is run once before the clock starts.
///
/// # Errors
/// If a work or the device fails.
pub fn alternating(
    placement: &Placement,
    pairs: usize,
    mut first: impl FnMut() -> Result<()>,
    mut second: impl FnMut() -> Result<()>,
) -> Result<Vec<(f64, f64)>> {
    let seconds = |work: &mut dyn FnMut() -> Result<()>| -> Result<f64> {
        Ok(timed(placement.first(), work)?.1)
    };
    seconds(&mut first)?;
    seconds(&mut second)?;
    let pair = |index: usize| {
        if index.is_multiple_of(2) {
            let a = seconds(&mut first)?;
            Ok((a, seconds(&mut second)?))
        } else {
            let b = seconds(&mut second)?;
            Ok((seconds(&mut first)?, b))
        }
    };
    (0..pairs).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Machine;
    use std::cell::RefCell;

    #[test]
    fn two_works_take_turns_at_being_first() {
        let machine = Machine::open("cpu".parse().unwrap()).unwrap();
        let order = RefCell::new(String::new());
        let work = |name| {
            let order = &order;
            move || {
                order.borrow_mut().push(name);
                Ok(())
            }
        };
        let pairs = alternating(&machine.whole(), 3, work('a'), work('b')).unwrap();
        assert_eq!(pairs.len(), 3);
        assert_eq!(order.into_inner(), "ab".to_owned() + "abbaab");
    }
}
