//! Frictionless Hamiltonian Descent for [candle](candle_core): the mathematics, and nothing else.
//!
//! A [`Potential`] is the function being minimised. A [`Kinetic`] energy decides how a velocity moves the
//! point; an [`Integrator`] turns the two into steps; a [`Flow`] is a number of steps from rest;
//! [`HamiltonianDescent`] is one flow after another, the velocity forgotten between them.
//! [`WindowedDescent`] computes the gradients of several steps of a flow at once (Parallel Picard
//! Iteration), and an [`Evaluator`] says *where* those gradients are computed: one after the other,
//! stacked into one product, or on several devices. [`HeavyBall`] holds the methods that the paper compares
//! with, [`Nesterov`], [`ConjugateGradients`] and [`TruncatedNewton`] are yardsticks it does not use, and
//! [`Momentum`] is the family of the exposition. All of them are [`Method`]s, and [`Run`] runs any of them until a [`Bound`] is
//! met, the method stops of itself, or an observer of yours ends it.
//!
//! ```
//! use candle_core::{Device, Tensor};
//! use optim::{Bound, Flow, HamiltonianDescent, Kinetic, Leapfrog, Quadratic, Run};
//! use std::sync::Arc;
//!
//! # fn main() -> optim::Result<()> {
//! // f(x) = (x0² + 4 x1²)/2, from (1, 1)
//! let potential = Arc::new(Quadratic::diagonal(&[1.0, 4.0], &Device::Cpu)?);
//! let start = Tensor::new(&[1f64, 1.0], &Device::Cpu)?;
//! let flow = Flow::new(Kinetic::HalfL2Squared, Box::new(Leapfrog), 0.1, 8)?;
//! let method = HamiltonianDescent::new(potential, flow, start);
//! let mut run = Run::new(method).until(Bound::Iterations(20));
//! run.go()?;
//! let end: Vec<f64> = run.position().to_vec1()?;
//! assert!(end.iter().all(|x| x.abs() < 1e-2));
//! assert_eq!(run.counts().requested, 20 * 8);
//! # Ok(())
//! # }
//! ```
//!
//! Where the flow is known, on a [`Quadratic`], [`IdealizedDescent`] takes it exactly, for any
//! [`IntegrationTimes`], and [`CoordinateHamiltonianDescent`] does so one coordinate at a time,
//! which is a [`classical`] method for linear systems.
//!
//! [`nn`] has Hamiltonian Descent, its gradient-descent baselines and Adam as optimisers of candle
//! networks, with gradients by autograd.
//!
//! # From a loss to a running optimiser
//!
//! 1. The loss. For a network trained on batches take [`nn::HamiltonianDescent`], a
//!    [`candle_nn::Optimizer`], and you are done. For a linear model take [`LogisticRegression`],
//!    [`BinaryLogistic`] or [`LeastSquares`], with gradients in closed form. Any other function of a vector that is
//!    made of candle's operations is [`Differentiable`]; for a gradient of your own implement [`Potential`], and let
//!    [`check_gradient`] say whether it is right.
//! 2. The method. Put the potential in an `Arc` and hand it to a method: [`HamiltonianDescent`] with a
//!    [`Flow`], or [`HeavyBall`], [`Nesterov`], [`Adam`], …
//! 3. The loop. [`Run`] with a [`Bound`].
//! 4. In parallel. [`WindowedDescent`] computes several steps of a flow at once. It takes a
//!    [`WindowedRecurrence`]: a [`Recurrence`] (what is computed) and a [`Window`] (how many steps at once). An
//!    `Arc` of a potential computes them as one batch on its own device; [`Devices`] in its place spreads
//!    them over several devices, with a replica of the potential on each, and [`AllGather`] over several
//!    processes.
//!
//! # Features
//!
//! - `cuda` builds for NVIDIA GPUs.
//! - `serde` reads and writes a [`Window`].
//! - `emulated` runs the CUDA kernels on the CPU, for tests.
//!
//! On a CPU under Linux set `RAYON_NUM_THREADS`. Otherwise candle 0.11 looks up the number of cores, by
//! reading a file, at every matrix product, which takes many times as long as a small product itself.
//!
//! # What it leaves to others
//!
//! But for the optimisers in [`nn`], which save their state and have a seed, this crate knows nothing of
//! files and draws no random numbers: whoever needs them hands them in. Of data sets, experiments and
//! clocks it knows nothing at all.
//!
//! Sources: "Frictionless Hamiltonian Descent with Discretization and Parallel Optimization"
//! (cited below as *the paper*) and "Exposition on the connections between descent methods and
//! Hamiltonian mechanics" (*the exposition*).

// Its snippets are compiled and run as tests.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

mod cpu;
mod error;
pub mod evaluator;
mod flow;
mod kinetic;
mod method;
pub mod nn;
mod potential;
mod recurrence;
pub mod window;

pub use cpu::multiply_adds;
pub use error::{Error, Result};
pub use evaluator::{
    AllGather, Batched, Counts, DeviceRanks, Devices, Evaluator, Oracle, Ranks, RoundTimes,
    Sequential, Tf32, ThreadRanks,
};
pub use flow::{ExplicitEuler, Flow, Integrator, Leapfrog, Phase, Stratified, SymplecticEuler};
pub use kinetic::{Kinetic, SpeedLimit};
pub use method::{
    Adam, Bound, ConjugateGradients, CoordinateHamiltonianDescent, HamiltonianDescent, HeavyBall,
    IdealizedDescent, IntegrationTimes, Method, Momentum, Nesterov, Progress, Run, RunEnd, Seen,
    Sweep, Termination, TruncatedNewton, WindowedDescent, classical,
};
pub use potential::{
    Ackley, BinaryLogistic, Cost, DataRows, Differentiable, Kernel, LeastSquares,
    LogisticRegression, MatrixSensing, Potential, Problem, Quadratic, Ridge, RowLoss, Sensing,
    SparseRows, check_gradient,
};
pub use recurrence::{Acceleration, Recurrence, Update};
pub use window::{
    Predictor, Quadrature, RelativeTo, Storage, Velocity, Window, WindowForm, WindowMethod,
    WindowedRecurrence, window_kernels,
};
