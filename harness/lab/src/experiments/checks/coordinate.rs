//! Wang (2024), as P Section 1 quotes it: Coordinate Hamiltonian Descent is Gauss-Seidel,
//! successive over-relaxation, Jacobi and weighted Jacobi.

use super::Checker;
use super::check::{CheckBound, CheckedNumber};
use super::problems::{apart, largest, numbers, symmetric};
use crate::seed::Seeds;
use anyhow::Result;
use optim::classical::{
    LinearSystem, gauss_seidel, jacobi, successive_over_relaxation, weighted_jacobi,
};
use optim::{CoordinateHamiltonianDescent, Method, Sweep};
use rand_chacha::ChaCha20Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Coordinate Hamiltonian Descent on random linear systems against the textbooks' iterations.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Coordinate {
    /// How many systems of each kind.
    pub systems: usize,
    /// D of the smallest; every further one has one more.
    pub dimension: usize,
    /// What is added to the diagonal of MᵀM/D.
    pub shift: f64,
    /// How much larger than the sum of its row a diagonal entry is, relative.
    pub dominance: f64,
    /// Iterates that are compared.
    pub iterates: usize,
    /// ω of over-relaxation.
    pub relaxations: Vec<f64>,
    /// ω of weighted Jacobi.
    pub weights: Vec<f64>,
    /// Iterations after which a method that converges has to have come down.
    pub iterations: usize,
    /// To which share of the first error.
    pub converged: f64,
    /// Off-diagonal entries of a positive definite system with unit diagonal that is too strongly
    /// coupled for Jacobi.
    pub coupling: f64,
    /// Its ω of weighted Jacobi.
    pub coupled_weight: f64,
    /// Share of the right angle whose integration time is no classical method's.
    pub other_angle: f64,
    /// What rounding may make of 0, relative to the largest iterate.
    pub rounding: f64,
    /// From what on two iterates count as different.
    pub different: f64,
}

/// One of the classical iterations, with its ω.
#[derive(Clone, Copy)]
enum Classical {
    GaussSeidel,
    Relaxed(f64),
    Jacobi,
    Weighted(f64),
}

impl Classical {
    fn textbook(self, system: &LinearSystem, x: &[f64]) -> optim::Result<Vec<f64>> {
        match self {
            Self::GaussSeidel => gauss_seidel(system, x),
            Self::Relaxed(omega) => successive_over_relaxation(system, omega, x),
            Self::Jacobi => jacobi(system, x),
            Self::Weighted(omega) => weighted_jacobi(system, omega, x),
        }
    }

    fn hamiltonian(self, of: &System) -> optim::Result<CoordinateHamiltonianDescent> {
        type Chd = CoordinateHamiltonianDescent;
        let (system, start) = (of.system.clone(), of.start.clone());
        match self {
            Self::GaussSeidel => Chd::gauss_seidel(system, start),
            Self::Relaxed(omega) => Chd::successive_over_relaxation(system, omega, start),
            Self::Jacobi => Chd::jacobi(system, start),
            Self::Weighted(omega) => Chd::weighted_jacobi(system, omega, start),
        }
    }
}

/// A linear system whose solution is known, and a start.
struct System {
    system: LinearSystem,
    solution: Vec<f64>,
    start: Vec<f64>,
}

impl System {
    /// With the matrix, row by row, and the rest random.
    fn new(matrix: Vec<f64>, stream: &mut ChaCha20Rng, dimension: usize) -> Result<Self> {
        let solution = symmetric(stream, dimension);
        let dot = |row: &[f64]| row.iter().zip(&solution).map(|(a, x)| a * x).sum();
        let right = matrix.chunks(dimension).map(dot).collect();
        Ok(Self {
            system: LinearSystem::new(matrix, right)?,
            start: symmetric(stream, dimension),
            solution,
        })
    }

    /// The largest difference of the iterates, relative to the largest entry so far.
    fn difference(
        &self,
        mut method: CoordinateHamiltonianDescent,
        classical: Classical,
        iterates: usize,
    ) -> Result<f64> {
        let (mut x, mut worst) = (self.start.clone(), 0.0);
        let mut size = largest(x.iter().map(|x| x.abs()));
        for _ in 0..iterates {
            method.advance()?;
            x = classical.textbook(&self.system, &x)?;
            size = largest([size, largest(x.iter().map(|x| x.abs()))]);
            let found = numbers(method.position())?;
            let off = found.iter().zip(&x).map(|(a, b)| (a - b).abs() / size);
            worst = largest([worst, largest(off)]);
        }
        Ok(worst)
    }

    /// The errors of Coordinate Hamiltonian Descent's iterates and of the textbook's, over the
    /// first, by iteration.
    fn errors(&self, classical: Classical, iterates: usize) -> Result<[Vec<(f64, f64)>; 2]> {
        let mut method = classical.hamiltonian(self)?;
        let mut x = self.start.clone();
        let mut errors = [Vec::new(), Vec::new()];
        for iteration in 1..=iterates {
            method.advance()?;
            x = classical.textbook(&self.system, &x)?;
            let found = numbers(method.position())?;
            for (errors, x) in errors.iter_mut().zip([&found, &x]) {
                let error = apart(x, &self.solution, &self.start);
                errors.push((iteration as f64, error));
            }
        }
        Ok(errors)
    }

    /// The error after so many iterations of Coordinate Hamiltonian Descent, over the first.
    fn left(&self, classical: Classical, iterations: usize) -> Result<f64> {
        let mut method = classical.hamiltonian(self)?;
        for _ in 0..iterations {
            method.advance()?;
        }
        Ok(apart(
            &numbers(method.position())?,
            &self.solution,
            &self.start,
        ))
    }
}

impl Coordinate {
    /// MᵀM/D + shift·I: positive definite, as a rule not diagonally dominant.
    fn definite(&self, seeds: &Seeds) -> Result<Vec<System>> {
        self.systems(seeds, "definite", |stream, d| {
            let m = symmetric(stream, d * d);
            let entry = |i: usize, j: usize| -> f64 {
                let product: f64 = (0..d).map(|k| m[k * d + i] * m[k * d + j]).sum();
                product / d as f64 + if i == j { self.shift } else { 0.0 }
            };
            (0..d * d).map(|at| entry(at / d, at % d)).collect()
        })
    }

    /// Symmetric and strictly diagonally dominant.
    fn dominant(&self, seeds: &Seeds) -> Result<Vec<System>> {
        self.systems(seeds, "dominant", |stream, d| {
            let m = symmetric(stream, d * d);
            let off = |i: usize, j: usize| (m[i * d + j] + m[j * d + i]) / 2.0;
            let sum =
                |i: usize| -> f64 { (0..d).filter(|&j| j != i).map(|j| off(i, j).abs()).sum() };
            let entry = |i: usize, j: usize| {
                if i == j {
                    sum(i) * (1.0 + self.dominance)
                } else {
                    off(i, j)
                }
            };
            (0..d * d).map(|at| entry(at / d, at % d)).collect()
        })
    }

    fn systems(
        &self,
        seeds: &Seeds,
        kind: &str,
        matrix: impl Fn(&mut ChaCha20Rng, usize) -> Vec<f64>,
    ) -> Result<Vec<System>> {
        let system = |index: usize| {
            let mut stream = seeds.stream(&["checks", "coordinate", kind, &index.to_string()]);
            let dimension = self.dimension + index;
            let matrix = matrix(&mut stream, dimension);
            System::new(matrix, &mut stream, dimension)
        };
        (0..self.systems).map(system).collect()
    }
}

impl Checker for Coordinate {
    fn bound(&self, check: &str) -> Option<CheckBound> {
        let (same, converged) = (
            CheckBound::at_most(self.rounding),
            CheckBound::at_most(self.converged),
        );
        Some(match check {
            "chd-is-gauss-seidel"
            | "chd-is-successive-over-relaxation"
            | "chd-is-jacobi"
            | "chd-is-weighted-jacobi" => same,
            "chd-other-times-are-not-gauss-seidel" => {
                CheckBound::at_least(self.different).control()
            }
            "chd-gauss-seidel-converges"
            | "chd-jacobi-converges"
            | "chd-weighted-jacobi-converges-when-coupled"
            | "chd-gauss-seidel-converges-when-coupled" => converged,
            "chd-jacobi-diverges-when-coupled" => CheckBound::at_least(1.0).control(),
            _ => return None,
        })
    }

    fn run(&self, seeds: &Seeds) -> Result<Vec<CheckedNumber>> {
        let (definite, dominant) = (self.definite(seeds)?, self.dominant(seeds)?);
        let mut checks = self.same(&definite, &dominant)?;
        checks.push(self.other_times(&definite)?);
        checks.extend(self.converges(&definite, &dominant)?);
        checks.extend(self.coupled(seeds)?);
        Ok(checks)
    }
}

impl Coordinate {
    fn same(&self, definite: &[System], dominant: &[System]) -> Result<Vec<CheckedNumber>> {
        let with = |make: fn(f64) -> Classical, omegas: &[f64]| -> Vec<Classical> {
            omegas.iter().map(|&omega| make(omega)).collect()
        };
        let methods = [
            ("gauss-seidel", vec![Classical::GaussSeidel]),
            (
                "successive-over-relaxation",
                with(Classical::Relaxed, &self.relaxations),
            ),
            ("jacobi", vec![Classical::Jacobi]),
            ("weighted-jacobi", with(Classical::Weighted, &self.weights)),
        ];
        let mut checks = Vec::new();
        for (name, variants) in methods {
            let mut worst = 0.0;
            for system in definite.iter().chain(dominant) {
                for &classical in &variants {
                    let method = classical.hamiltonian(system)?;
                    let difference = system.difference(method, classical, self.iterates)?;
                    worst = largest([worst, difference]);
                }
            }
            let mut check = CheckedNumber::new(
                format!("chd-is-{name}"),
                "P Section 1",
                format!(
                    "coordinate Hamiltonian descent with the integration times of {name} is it, iterate by iterate, on {} systems: largest relative difference",
                    2 * self.systems
                ),
                worst,
            );
            // Dominant, so that all of them converge.
            if let (Some(system), Some(&classical)) = (dominant.first(), variants.first()) {
                let [found, textbook] = system.errors(classical, self.iterates)?;
                check = check
                    .traced(format!("{name}, as Coordinate HD"), found)
                    .traced(format!("{name}, textbook"), textbook);
            }
            checks.push(check);
        }
        Ok(checks)
    }

    /// Other integration times are not Gauss-Seidel's.
    fn other_times(&self, systems: &[System]) -> Result<CheckedNumber> {
        let mut least = f64::INFINITY;
        for system in systems {
            let d = system.start.len();
            let time = |i: usize| {
                let diagonal = system.system.matrix()[i * d + i];
                self.other_angle * std::f64::consts::FRAC_PI_2 / diagonal.sqrt()
            };
            let times: Vec<f64> = (0..d).map(time).collect();
            let method = CoordinateHamiltonianDescent::new(
                system.system.clone(),
                &times,
                Sweep::Sequential,
                system.start.clone(),
            )?;
            let classical = Classical::GaussSeidel;
            least = least.min(system.difference(method, classical, self.iterates)?);
        }
        Ok(CheckedNumber::new(
            "chd-other-times-are-not-gauss-seidel",
            "P Section 1",
            format!(
                "with {} of those integration times it is not Gauss-Seidel: least relative difference",
                self.other_angle
            ),
            least,
        ))
    }

    fn converges(&self, definite: &[System], dominant: &[System]) -> Result<[CheckedNumber; 2]> {
        let worst = |systems: &[System], classical: Classical| -> Result<f64> {
            let left = systems.iter().map(|s| s.left(classical, self.iterations));
            Ok(largest(left.collect::<Result<Vec<f64>>>()?))
        };
        let after = self.iterations;
        Ok([
            CheckedNumber::new(
                "chd-gauss-seidel-converges",
                "textbook",
                format!(
                    "so does coordinate Hamiltonian descent: error after {after} sweeps over the first, largest"
                ),
                worst(definite, Classical::GaussSeidel)?,
            ),
            CheckedNumber::new(
                "chd-jacobi-converges",
                "textbook",
                format!(
                    "so does its simultaneous form: error after {after} sweeps over the first, largest"
                ),
                worst(dominant, Classical::Jacobi)?,
            ),
        ])
    }

    /// The positive definite system on which Jacobi diverges.
    fn coupled(&self, seeds: &Seeds) -> Result<[CheckedNumber; 3]> {
        let d = self.dimension.max(3);
        let entry = |at: usize| if at / d == at % d { 1.0 } else { self.coupling };
        let stream = &mut seeds.stream(&["checks", "coordinate", "coupled"]);
        let system = System::new((0..d * d).map(entry).collect(), stream, d)?;
        let place = "textbook";
        let (coupling, after) = (self.coupling, self.iterations);
        let left = |classical| system.left(classical, after);
        // What is left where a method diverges may be beyond all numbers.
        let jacobi = left(Classical::Jacobi)?.min(f64::MAX);
        let weighted = left(Classical::Weighted(self.coupled_weight))?;
        let measure = format!("error after {after} sweeps over the first");
        Ok([
            CheckedNumber::new(
                "chd-jacobi-diverges-when-coupled",
                place,
                format!(
                    "with {coupling} beside a unit diagonal the simultaneous form diverges: {measure}"
                ),
                jacobi,
            ),
            CheckedNumber::new(
                "chd-weighted-jacobi-converges-when-coupled",
                place,
                format!(
                    "… with the times of ω = {} it converges: {measure}",
                    self.coupled_weight
                ),
                weighted,
            ),
            CheckedNumber::new(
                "chd-gauss-seidel-converges-when-coupled",
                place,
                format!("… one coordinate after the other it converges: {measure}"),
                left(Classical::GaussSeidel)?,
            ),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_measured_from_the_solution() {
        let stream = &mut Seeds::new(1).stream(&["test"]);
        let system = System::new(vec![2.0, 0.0, 0.0, 3.0], stream, 2).unwrap();
        // Without coupling one sweep solves it, and no sweep leaves all of the error.
        assert!(system.left(Classical::GaussSeidel, 1).unwrap() < 1e-14);
        assert!((system.left(Classical::GaussSeidel, 0).unwrap() - 1.0).abs() < 1e-14);
    }
}
