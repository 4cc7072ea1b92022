//! The methods that a plan can name, a file each: how it is written, and how it is made.

mod adam;
mod flow;
mod heavy_ball;
mod lbfgs;
mod nesterov;
mod newton;
mod picard;

use super::scene::{Scene, Setting};
use anyhow::Result;
use optim::{Batched, Evaluator, Kinetic, Method, Oracle, Recurrence, Sequential};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Deref;
use std::sync::Arc;

/// Lists the methods: the name in plans, which is the variant's in kebab-case, and what it needs.
macro_rules! methods {
    ($($(#[$doc:meta])* $variant:ident($spec:ty)),+ $(,)?) => {
        /// A method with all its numbers: what a cell runs.
        #[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
        #[serde(tag = "method", rename_all = "kebab-case")]
        pub enum MethodSpec {
            $($(#[$doc])* $variant($spec)),+
        }

        impl Deref for MethodSpec {
            type Target = dyn Spec;

            fn deref(&self) -> &Self::Target {
                match self { $(Self::$variant(spec) => spec),+ }
            }
        }
    };
}

methods! {
    /// Algorithm 2 with Leapfrog, Algorithm 3.
    HdLeapfrog(flow::LeapfrogSpec),
    /// Algorithm 2 with the Stratified integrator, Algorithm 4.
    HdStratified(flow::StratifiedSpec),
    /// Algorithm 2 with symplectic Euler.
    HdEuler(flow::EulerSpec),
    /// Algorithm 5, all points of a window in one product.
    HdPicard(picard::PicardSpec),
    /// Gradient, normalised, sign or coordinate descent, with Heavy Ball momentum if β > 0.
    HeavyBall(heavy_ball::HeavyBallSpec),
    /// Nesterov's method with adaptive restart.
    Nesterov(nesterov::NesterovSpec),
    /// Adam.
    Adam(adam::AdamSpec),
    /// L-BFGS with a line search.
    LBfgs(lbfgs::LBfgsSpec),
    /// Newton's method, its steps by conjugate gradients, whose products with the Hessian are differences of gradients.
    NewtonCg(newton::NewtonSpec),
}

/// What a method is made with: where it starts and what computes its gradients.
pub struct MethodSite<'a> {
    /// The problem and the start.
    pub scene: &'a Scene,
    /// What decides its random numbers.
    pub setting: &'a Setting,
    /// What computes gradients.
    pub evaluator: Arc<dyn Evaluator>,
}

impl MethodSite<'_> {
    /// Gradients, counted from here.
    fn counted(&self) -> Oracle {
        Oracle::shared(self.evaluator.clone())
    }
}

/// What is asked of a method's numbers. What a method does not have is `None`.
pub trait Spec {
    /// Refuses numbers with which there is no such method.
    ///
    /// # Errors
    /// By the number's key.
    fn check(&self) -> Result<()>;

    /// Makes it, at its start.
    ///
    /// # Errors
    /// If a number is out of range or a tensor operation fails.
    fn build(&self, site: &MethodSite<'_>) -> Result<Box<dyn Method>>;

    /// What it does with one gradient a step, where it takes one and nothing is drawn: such steps a window can
    /// compute several of.
    fn recurrence(&self) -> Option<Recurrence> {
        None
    }

    /// How many gradients an outer iteration takes; `None` where that is not known beforehand.
    fn gradients_an_iteration(&self) -> Option<u64> {
        Some(1)
    }

    /// Whether it draws random numbers of its own.
    fn draws(&self) -> bool {
        false
    }

    /// Whether it asks for several gradients at once.
    fn asks_at_once(&self) -> bool {
        false
    }

    /// φ, or the direction of a counterpart.
    fn kinetic_energy(&self) -> Option<Kinetic> {
        None
    }

    /// θ of a flow, η of a counterpart.
    fn step_size(&self) -> Option<f64> {
        None
    }

    /// S.
    fn steps(&self) -> Option<usize> {
        None
    }

    /// β.
    fn momentum(&self) -> Option<f64> {
        None
    }

    /// W.
    fn width(&self) -> Option<usize> {
        None
    }

    /// S·θ, of a flow.
    fn integration_time(&self) -> Option<f64> {
        Some(self.steps()? as f64 * self.step_size()?)
    }
}

/// What computes a method's gradients when it runs by itself: one point after the other, or those that
/// it asks for at once in one product.
#[must_use]
pub fn evaluator(spec: &MethodSpec, scene: &Scene) -> Arc<dyn Evaluator> {
    match spec.asks_at_once() {
        true => Arc::new(Batched::new(scene.potential.clone())),
        false => Arc::new(Sequential::new(scene.potential.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_a_method_does_not_have_is_refused_and_one_that_it_lacks_is_named() {
        let refused = |text: &str| {
            let read = datasets::yaml::load::<MethodSpec>(text);
            read.unwrap_err().to_string()
        };
        let lacking = refused("{method: hd-leapfrog, kinetic_energy: l2, step_size: 0.1}");
        assert!(lacking.contains("steps"), "{lacking}");
        let more = refused("{method: adam, step_size: 0.1, momentum: 0.5}");
        assert!(more.contains("momentum"), "{more}");
        let unknown = refused("{method: newton}");
        assert!(unknown.contains("heavy-ball"), "{unknown}");
    }
}
