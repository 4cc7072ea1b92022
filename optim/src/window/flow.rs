//! A recurrence computed several steps at a time: what it is, and where it ends.

use super::settings::Window;
use crate::recurrence::Carried;
use crate::{Oracle, Recurrence, Result, Termination};
use candle_core::Tensor;

/// Computes a recurrence of which up to `width` steps are computed at once: of a discretised Hamiltonian flow
/// Algorithm 5 of the paper, lines 3 to 26.
///
/// Again and again the gradients at the W points of the window are computed in parallel and summed up
/// to new points, and the window moves past the points that changed by no more than `tolerance`. The
/// first point after the window's start is always exact, so each move is by at least one step and a
/// flow ends after at most S moves, Lemma 3; with width 1 it is the sequential flow. For kinetic
/// energies other than ½‖v‖² the paper gives no formula; this one reduces to its line 12:
/// v̄_{s+j} = v̄_s − θ Σ_{i<j} ∇f(x̄_{s+i}), x̄_{s+w} = x̄_s + θ Σ_{1≤j≤w} ∂φ(v̄_{s+j}).
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{Batched, Oracle, Kinetic, Quadratic, Recurrence, Window, WindowedRecurrence};
/// use std::sync::Arc;
/// # fn main() -> optim::Result<()> {
/// let f = Arc::new(Quadratic::diagonal(&[1.0, 2.0], &Device::Cpu)?);
/// let flow = WindowedRecurrence {
///     recurrence: Recurrence::new(Kinetic::HalfL2Squared, 0.1, 20),
///     window: Window { width: 4, tolerance: 1e-3, ..Window::default() },
/// };
/// let mut oracle = Oracle::new(Batched::new(f));
/// let end = flow.from_rest(&Tensor::new(&[1f64, 1.0], &Device::Cpu)?, &mut oracle)?;
/// assert!(end.strides.len() < 20, "fewer moves than steps");
/// assert_eq!(end.strides.iter().sum::<usize>(), 20);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowedRecurrence {
    /// What is computed.
    pub recurrence: Recurrence,
    /// How several of its steps are computed at once.
    pub window: Window,
}

/// Says where a windowed flow ended and how it got there.
#[derive(Clone, Debug)]
pub struct FlowEnd {
    /// x̄_S, `[D]`.
    pub position: Tensor,
    /// By how many steps the window moved, one entry for each move. They add up to S, unless windows
    /// reach across flows or the flow ended early.
    pub strides: Vec<usize>,
    /// Why the flow ended early, if it did.
    pub termination: Option<Termination>,
}

/// A window that remembers where it is.
pub(crate) trait Slide: Send {
    /// Goes on to the end of the next iteration.
    fn flow(&mut self, oracle: &mut Oracle) -> Result<FlowEnd>;
    /// Where it is. What it guesses of later points, and has learnt of gradients, is not part of that.
    fn place(&self) -> Result<WindowPlace>;
}

/// Where a window is: what it needs to go on from there.
#[derive(Clone)]
pub(crate) struct WindowPlace {
    /// Where the next gradient is wanted, `[D]`.
    pub point: Tensor,
    /// What is carried to it.
    pub carried: Carried<Tensor>,
    /// Steps taken.
    pub done: usize,
    /// Ends of iterations that were reached and not yet told, each `[D]`.
    pub ends: Vec<Tensor>,
}

impl WindowPlace {
    /// At a start `[D]`, before any step.
    pub(crate) fn start(recurrence: &Recurrence, start: &Tensor) -> Result<Self> {
        let rest = start.zeros_like()?;
        Ok(Self {
            point: start.clone(),
            carried: Carried::before(recurrence, start, &rest),
            done: 0,
            ends: Vec::new(),
        })
    }
}
