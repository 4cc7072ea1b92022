//! Hamiltonian Descent, one flow after another, with each integrator.

use super::{MethodSite, Spec};
use crate::plan::schema::kinetic_energy;
use crate::plan::{named, positive};
use crate::seed::Seeds;
use anyhow::{Result, ensure};
use optim::{
    Flow, HamiltonianDescent, Integrator, Kinetic, Leapfrog, Method, Quadrature, Recurrence,
    Stratified, SymplecticEuler,
};
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The numbers of a flow.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct FlowSpec {
    /// φ: the kinetic energy.
    #[serde(with = "named")]
    #[schemars(schema_with = "kinetic_energy")]
    pub kinetic_energy: Kinetic,
    /// θ: the step size.
    pub step_size: f64,
    /// S: the steps of a flow.
    pub steps: usize,
}

impl FlowSpec {
    fn descent(&self, site: &MethodSite<'_>, by: Box<dyn Integrator>) -> Result<Box<dyn Method>> {
        let flow = Flow::new(self.kinetic_energy, by, self.step_size, self.steps)?;
        let start = site.scene.start.clone();
        Ok(Box::new(HamiltonianDescent::new(
            site.counted(),
            flow,
            start,
        )))
    }
}

/// Makes a method of a flow with an integrator of its own; one that windows compute too has its quadrature.
macro_rules! with_integrator {
    ($(#[$doc:meta])* $name:ident, $quadrature:expr, $integrator:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
        #[serde(transparent)]
        pub struct $name(pub FlowSpec);

        impl Spec for $name {
            fn check(&self) -> Result<()> {
                positive("step_size", self.0.step_size)?;
                ensure!(self.0.steps >= 1, "steps is 0, but is at least 1");
                Ok(())
            }

            fn build(&self, site: &MethodSite<'_>) -> Result<Box<dyn Method>> {
                let integrator: fn(&MethodSite<'_>) -> Box<dyn Integrator> = $integrator;
                self.0.descent(site, integrator(site))
            }

            fn gradients_an_iteration(&self) -> Option<u64> {
                Some(self.0.steps as u64)
            }

            fn draws(&self) -> bool {
                self.recurrence().is_none()
            }

            fn recurrence(&self) -> Option<Recurrence> {
                let (kinetic, size, steps) = (self.0.kinetic_energy, self.0.step_size, self.0.steps);
                let quadrature: Option<Quadrature> = $quadrature;
                Some(Recurrence::new(kinetic, size, steps).with_quadrature(quadrature?))
            }

            fn kinetic_energy(&self) -> Option<Kinetic> {
                Some(self.0.kinetic_energy)
            }

            fn step_size(&self) -> Option<f64> {
                Some(self.0.step_size)
            }

            fn steps(&self) -> Option<usize> {
                Some(self.0.steps)
            }
        }
    };
}

with_integrator!(
    /// Flows by Leapfrog.
    LeapfrogSpec, Some(Quadrature::Leapfrog), |_| Box::new(Leapfrog)
);
with_integrator!(
    /// Flows by symplectic Euler.
    EulerSpec, Some(Quadrature::SymplecticEuler), |_| Box::new(SymplecticEuler)
);
with_integrator!(
    /// Flows by the Stratified integrator, whose numbers the plan's seed decides.
    StratifiedSpec, None, |site| {
        let name = site.setting.stream_name("stratified");
        let name: Vec<&str> = name.iter().map(String::as_str).collect();
        let mut stream = Seeds::new(site.setting.seed).stream(&name);
        Box::new(Stratified::new(move || stream.random::<f64>()))
    }
);
