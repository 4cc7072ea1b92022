//! The known methods that Hamiltonian Descent is with a single step a flow (P Lemma 2), one a kinetic energy
//! and computed without the library. A new energy says here what its checks have to know of it.

use super::problems::norm;
use optim::Kinetic;

/// Computes d(g) of a gradient g.
type DirectionOf = Box<dyn Fn(&[f64]) -> Vec<f64>>;

/// A known method, whose step x − η·d(∇f(x)) is that of a flow of one Leapfrog step from rest.
pub struct KnownMethod {
    /// What names of checks call it.
    pub name: &'static str,
    /// η in text: θ²/2 or θ.
    pub step: &'static str,
    /// Whether its kinetic energy has kinks elsewhere than at 0.
    pub kinks: bool,
    length: fn(f64) -> f64,
    direction: DirectionOf,
}

impl KnownMethod {
    /// The method that Lemma 2 of P names for a kinetic energy: along ∇f, ∇f/‖∇f‖, sign(∇f), or the sign of
    /// the largest entry (the first of equals) at its place. For the relativistic energy, for which it names
    /// none, along ∇f/√(1 + ‖∇f‖²/c²).
    pub fn of(kinetic: Kinetic) -> Self {
        let norm_like = |name, kinks, direction: fn(&[f64]) -> Vec<f64>| Self {
            name,
            step: "θ",
            kinks,
            length: |theta| theta,
            direction: Box::new(direction),
        };
        let squared = |name, direction: DirectionOf| Self {
            name,
            step: "θ²/2",
            kinks: false,
            length: |theta| theta * theta / 2.0,
            direction,
        };
        match kinetic {
            Kinetic::HalfL2Squared => squared("gradient-descent", Box::new(<[f64]>::to_vec)),
            Kinetic::L2 => norm_like("normalized-gradient-descent", false, |g| over(g, norm(g))),
            Kinetic::L1 => norm_like("sign-gradient-descent", true, |g| {
                g.iter().copied().map(sign).collect()
            }),
            Kinetic::LInf => norm_like("coordinate-descent", true, of_the_largest),
            Kinetic::Relativistic(c) => {
                let slower = move |g: &[f64]| (1.0 + (norm(g) / c.get()).powi(2)).sqrt();
                squared(
                    "gradient-descent-of-bounded-steps",
                    Box::new(move |g| over(g, slower(g))),
                )
            }
        }
    }

    /// η, for a flow with step θ.
    pub fn length(&self, theta: f64) -> f64 {
        (self.length)(theta)
    }

    /// d(g), which is also ∂φ(g).
    pub fn direction(&self, gradient: &[f64]) -> Vec<f64> {
        (self.direction)(gradient)
    }
}

fn over(vector: &[f64], size: f64) -> Vec<f64> {
    vector.iter().map(|x| x / size).collect()
}

fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

fn of_the_largest(gradient: &[f64]) -> Vec<f64> {
    let mut largest = 0;
    for i in 1..gradient.len() {
        if gradient[i].abs() > gradient[largest].abs() {
            largest = i;
        }
    }
    let mut direction = vec![0.0; gradient.len()];
    direction[largest] = sign(gradient[largest]);
    direction
}

#[cfg(test)]
mod tests {
    use super::super::problems::{numbers, plus, tensor};
    use super::*;

    #[test]
    fn the_directions_are_the_subgradients_of_the_library() {
        let gradient = [0.3, -2.0, 0.0, 2.0];
        for &kinetic in Kinetic::ALL {
            let library = kinetic.gradient(&tensor(&gradient).unwrap()).unwrap();
            let known = KnownMethod::of(kinetic).direction(&gradient);
            let apart = norm(&plus(&known, -1.0, &numbers(&library).unwrap()));
            assert!(apart < 1e-15, "{kinetic}: {apart}");
        }
    }
}
