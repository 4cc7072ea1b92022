//! L-BFGS as a method: argmin's solver, one iteration at a time.

use super::{MethodSite, Spec};
use anyhow::{Result, anyhow, ensure};
use argmin::core::{CostFunction, Error as Failure, Gradient, IterState, Problem, Solver, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use candle_core::{DType, Tensor};
use optim::{Counts, Method, Potential, Progress, Termination};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex};

type Vector = Vec<f64>;
type Search = MoreThuenteLineSearch<Vector, Vector, f64>;
type Iteration = IterState<Vector, Vector, (), (), (), f64>;

/// How many pairs of steps and gradient differences it remembers.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct LBfgsSpec {
    /// How many of the last steps it remembers.
    memory: usize,
}

impl Spec for LBfgsSpec {
    fn check(&self) -> Result<()> {
        ensure!(self.memory >= 1, "memory is 0, but is at least 1");
        Ok(())
    }

    fn build(&self, site: &MethodSite<'_>) -> Result<Box<dyn Method>> {
        let potential = site.scene.potential.clone();
        let method = LBfgs::new(potential, self.memory, &site.scene.start)?;
        Ok(Box::new(method))
    }

    fn gradients_an_iteration(&self) -> Option<u64> {
        None
    }
}

/// L-BFGS with the line search of Moré and Thuente, on the host in f64; values and gradients are
/// the potential's. Every distinct point counts as one gradient, its value included.
pub struct LBfgs {
    solver: LBFGS<Search, Vector, Vector, f64>,
    problem: Problem<Objective>,
    state: Option<Iteration>,
    objective: Objective,
    position: Tensor,
    /// Whether the solver has found that it cannot get any lower.
    stopped: bool,
}

impl LBfgs {
    /// From `start` `[D]`, with the last `memory` pairs of steps and gradient differences.
    ///
    /// # Errors
    /// If a value or a gradient fails.
    pub fn new(potential: Arc<dyn Potential>, memory: usize, start: &Tensor) -> Result<Self> {
        let objective = Objective {
            potential,
            seen: Arc::new(Mutex::new(Visited::default())),
        };
        let point: Vector = start.to_dtype(DType::F64)?.to_vec1()?;
        let mut solver = LBFGS::new(MoreThuenteLineSearch::new(), memory);
        let mut problem = Problem::new(objective.clone());
        let begin: Iteration = IterState::new().param(point);
        let (state, _) = solver
            .init(&mut problem, begin)
            .map_err(|error| anyhow!("starting L-BFGS: {error}"))?;
        Ok(Self {
            solver,
            problem,
            state: Some(state),
            objective,
            position: start.clone(),
            stopped: false,
        })
    }
}

impl Method for LBfgs {
    /// One iteration. A line search that finds no lower point, which in finite precision is how
    /// the method ends, leaves the position where it is and computes nothing from then on.
    fn advance(&mut self) -> optim::Result<Progress> {
        let before = self.objective.points();
        self.objective.next_iteration();
        let state = self.state.take().filter(|_| !self.stopped);
        let next = state.and_then(|state| self.solver.next_iter(&mut self.problem, state).ok());
        match next {
            Some((state, _)) => {
                if let Some(point) = state.get_param() {
                    self.position = self.objective.tensor(point)?;
                }
                self.state = Some(state);
            }
            None => self.stopped = true,
        }
        let points = self.objective.points() - before;
        Ok(Progress {
            counts: counts(points),
            termination: (self.stopped && points == 0).then_some(Termination::Stationary),
            ..Progress::default()
        })
    }

    fn position(&self) -> &Tensor {
        &self.position
    }

    fn counts(&self) -> Counts {
        counts(self.objective.points())
    }
}

fn counts(points: u64) -> Counts {
    Counts {
        requested: points,
        distinct: points,
        rounds: points,
        surrogate: 0,
    }
}

/// The potential as argmin sees it.
#[derive(Clone)]
struct Objective {
    potential: Arc<dyn Potential>,
    seen: Arc<Mutex<Visited>>,
}

/// The last point, and how many there were.
#[derive(Default)]
struct Visited {
    last: Vector,
    points: u64,
    /// Points of the present iteration.
    tried: usize,
}

/// A line search that has tried as many points will not end: in single precision differences of
/// values are noise at last. (Moré and Thuente's own code gives up after 20.)
const TRIES: usize = 20;

impl Objective {
    fn tensor(&self, point: &Vector) -> candle_core::Result<Tensor> {
        Tensor::new(point.as_slice(), self.potential.device())?.to_dtype(self.potential.dtype())
    }

    fn points(&self) -> u64 {
        self.seen.lock().map_or(0, |seen| seen.points)
    }

    /// Counts a point if it is another than the last; an error if it is no point to go on from.
    fn count(&self, point: &Vector) -> std::result::Result<(), Failure> {
        if point.iter().any(|x| !x.is_finite()) {
            return Err(anyhow!("the line search left the numbers"));
        }
        if let Ok(mut seen) = self.seen.lock()
            && seen.last != *point
        {
            seen.last.clone_from(point);
            seen.points += 1;
            seen.tried += 1;
            if seen.tried > TRIES {
                return Err(anyhow!("the line search finds no end"));
            }
        }
        Ok(())
    }

    fn next_iteration(&self) {
        if let Ok(mut seen) = self.seen.lock() {
            seen.tried = 0;
        }
    }
}

impl CostFunction for Objective {
    type Param = Vector;
    type Output = f64;

    fn cost(&self, point: &Vector) -> std::result::Result<f64, Failure> {
        self.count(point)?;
        Ok(self.potential.value(&self.tensor(point)?)?)
    }
}

impl Gradient for Objective {
    type Param = Vector;
    type Gradient = Vector;

    fn gradient(&self, point: &Vector) -> std::result::Result<Vector, Failure> {
        self.count(point)?;
        let gradient = self.potential.gradient(&self.tensor(point)?)?;
        Ok(gradient.to_dtype(DType::F64)?.to_vec1()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;
    use optim::Quadratic;

    #[test]
    fn l_bfgs_solves_a_quadratic_in_a_few_iterations_counts_its_points_and_then_stands_still() {
        let f = Quadratic::diagonal(&[1.0, 10.0, 100.0], &Device::Cpu).unwrap();
        let start = Tensor::new(&[1f64, 1.0, 1.0], &Device::Cpu).unwrap();
        let mut method = LBfgs::new(Arc::new(f.clone()), 5, &start).unwrap();
        for _ in 0..20 {
            method.advance().unwrap();
        }
        assert!(f.value(method.position()).unwrap() < 1e-10);
        assert!(method.counts().distinct >= 4);
        for _ in 0..100 {
            method.advance().unwrap();
        }
        let before = method.counts();
        method.advance().unwrap();
        assert_eq!(method.counts(), before);
    }
}
