//! The classical iterations for a linear system Ax = b, as textbooks write them.
//!
//! With A = L + D + U, the strictly lower, diagonal and strictly upper parts, one iterate of
//!
//! | method | solves for x' |
//! |---|---|
//! | [`jacobi`] | D x' = b − (L + U) x |
//! | [`weighted_jacobi`] | D x' = ω (b − (L + U) x) + (1 − ω) D x |
//! | [`gauss_seidel`] | (D + L) x' = b − U x |
//! | [`successive_over_relaxation`] | (D + ωL) x' = ωb − (ωU + (ω − 1) D) x |
//!
//! Wang (2024) shows that all four are [Coordinate Hamiltonian
//! Descent](crate::CoordinateHamiltonianDescent) with certain integration times. Here they are
//! written from the splitting instead, so that comparing the two means something. For small
//! systems: plain f64 on the host.

use crate::{Error, Result};

/// A linear system Ax = b with a symmetric matrix and a positive diagonal; where A is positive
/// definite, its solution is where f(x) = ½xᵀAx − bᵀx is least.
///
/// ```
/// use optim::classical::{LinearSystem, jacobi};
/// # fn main() -> optim::Result<()> {
/// let system = LinearSystem::new(vec![2.0, 1.0, 1.0, 4.0], vec![2.0, 8.0])?;
/// assert_eq!(jacobi(&system, &[0.0, 0.0])?, [1.0, 2.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LinearSystem {
    matrix: Vec<f64>,
    right_side: Vec<f64>,
}

impl LinearSystem {
    /// Makes the system with the `matrix` A `[D, D]`, row by row, and the `right_side` b `[D]`.
    ///
    /// # Errors
    /// If there are no equations, A is not D × D or not symmetric, or an entry of its diagonal is
    /// not positive.
    pub fn new(matrix: Vec<f64>, right_side: Vec<f64>) -> Result<Self> {
        let d = right_side.len();
        if d == 0 || matrix.len() != d * d {
            return Err(Error::Shape {
                what: "the matrix of a linear system",
                found: vec![matrix.len()],
                expected: format!("{d}² (at least 1) entries"),
            });
        }
        let system = Self { matrix, right_side };
        for i in 0..d {
            let diagonal = system.diagonal(i);
            if !(diagonal.is_finite() && diagonal > 0.0) {
                return Err(Error::setting("diagonal", diagonal, "positive throughout"));
            }
            if let Some(j) = (0..i).find(|&j| system.entry(i, j) != system.entry(j, i)) {
                let found = format!("different at ({i}, {j}) and ({j}, {i})");
                return Err(Error::setting("matrix", found, "symmetric"));
            }
        }
        Ok(system)
    }

    /// D, the number of equations.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.right_side.len()
    }

    /// Returns A, `[D, D]`, row by row.
    #[must_use]
    pub fn matrix(&self) -> &[f64] {
        &self.matrix
    }

    /// b, `[D]`.
    #[must_use]
    pub fn right_side(&self) -> &[f64] {
        &self.right_side
    }

    pub(crate) fn entry(&self, row: usize, column: usize) -> f64 {
        self.matrix[row * self.dimension() + column]
    }

    pub(crate) fn diagonal(&self, i: usize) -> f64 {
        self.entry(i, i)
    }

    /// What an iterate has to look like.
    pub(crate) fn check(&self, iterate: &[f64]) -> Result<()> {
        if iterate.len() == self.dimension() {
            return Ok(());
        }
        Err(Error::Shape {
            what: "an iterate of a linear system",
            found: vec![iterate.len()],
            expected: format!("[{}]", self.dimension()),
        })
    }

    /// Lx
    fn lower(&self, x: &[f64]) -> Vec<f64> {
        let row = |i: usize| (0..i).map(|j| self.entry(i, j) * x[j]).sum();
        (0..self.dimension()).map(row).collect()
    }

    /// Ux
    fn upper(&self, x: &[f64]) -> Vec<f64> {
        let d = self.dimension();
        let row = |i: usize| (i + 1..d).map(|j| self.entry(i, j) * x[j]).sum();
        (0..d).map(row).collect()
    }

    /// The solution of (D + ωL) x = `right`, by forward substitution.
    fn solve_lower(&self, relaxation: f64, right: &[f64]) -> Vec<f64> {
        let mut x: Vec<f64> = Vec::with_capacity(right.len());
        for (i, right) in right.iter().enumerate() {
            let known: f64 = x
                .iter()
                .enumerate()
                .map(|(j, x)| self.entry(i, j) * x)
                .sum();
            x.push((right - relaxation * known) / self.diagonal(i));
        }
        x
    }
}

/// One iterate of the Jacobi method: D x' = b − (L + U) x.
///
/// # Errors
/// If x does not fit.
pub fn jacobi(system: &LinearSystem, x: &[f64]) -> Result<Vec<f64>> {
    weighted_jacobi(system, 1.0, x)
}

/// One iterate of the Jacobi method with the weight ω:
/// D x' = ω (b − (L + U) x) + (1 − ω) D x.
///
/// # Errors
/// If x does not fit.
pub fn weighted_jacobi(system: &LinearSystem, weight: f64, x: &[f64]) -> Result<Vec<f64>> {
    system.check(x)?;
    let (lower, upper) = (system.lower(x), system.upper(x));
    let entry = |i: usize| {
        let diagonal = system.diagonal(i);
        let right = weight * (system.right_side[i] - (lower[i] + upper[i]));
        (right + (1.0 - weight) * diagonal * x[i]) / diagonal
    };
    Ok((0..x.len()).map(entry).collect())
}

/// One iterate of the Gauss-Seidel method: (D + L) x' = b − U x.
///
/// # Errors
/// If x does not fit.
pub fn gauss_seidel(system: &LinearSystem, x: &[f64]) -> Result<Vec<f64>> {
    system.check(x)?;
    let upper = system.upper(x);
    let right: Vec<f64> = (0..x.len())
        .map(|i| system.right_side[i] - upper[i])
        .collect();
    Ok(system.solve_lower(1.0, &right))
}

/// One iterate of successive over-relaxation with ω = `relaxation`:
/// (D + ωL) x' = ωb − (ωU + (ω − 1) D) x.
///
/// # Errors
/// If x does not fit.
pub fn successive_over_relaxation(
    system: &LinearSystem,
    relaxation: f64,
    x: &[f64],
) -> Result<Vec<f64>> {
    system.check(x)?;
    let upper = system.upper(x);
    let entry = |i: usize| {
        let stays = relaxation * upper[i] + (relaxation - 1.0) * system.diagonal(i) * x[i];
        relaxation * system.right_side[i] - stays
    };
    let right: Vec<f64> = (0..x.len()).map(entry).collect();
    Ok(system.solve_lower(relaxation, &right))
}
