//! Hamiltonian Descent by Picard windows, Algorithm 5.

use super::{MethodSite, Spec};
use crate::plan::schema::kinetic_energy;
use crate::plan::{named, positive};
use anyhow::{Result, ensure};
use optim::{
    Kinetic, Method, Predictor, Recurrence, Window, WindowMethod, WindowedDescent,
    WindowedRecurrence,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The numbers of a flow and of its window.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct PicardSpec {
    /// φ: the kinetic energy.
    #[serde(with = "named")]
    #[schemars(schema_with = "kinetic_energy")]
    kinetic_energy: Kinetic,
    /// θ: the step size.
    step_size: f64,
    /// S: the steps of a flow.
    steps: usize,
    /// W: how many steps are computed at once.
    window: usize,
    /// τ: by how much, in its own size, a point may change and has converged.
    tolerance: f64,
    /// What new slots hold; the paper's copies if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    predictor: Option<String>,
}

impl PicardSpec {
    fn window(&self) -> Result<Window> {
        let predictor = self.predictor.as_deref().map(str::parse::<Predictor>);
        let window = Window {
            width: self.window,
            tolerance: self.tolerance,
            method: WindowMethod::picard(predictor.transpose()?.unwrap_or_default()),
            ..Window::default()
        };
        window.check()?;
        Ok(window)
    }
}

impl Spec for PicardSpec {
    fn check(&self) -> Result<()> {
        positive("step_size", self.step_size)?;
        positive("tolerance", self.tolerance)?;
        ensure!(self.steps >= 1, "steps is 0, but is at least 1");
        self.window().map(|_| ())
    }

    fn build(&self, site: &MethodSite<'_>) -> Result<Box<dyn Method>> {
        let flow = WindowedRecurrence {
            recurrence: Recurrence::new(self.kinetic_energy, self.step_size, self.steps),
            window: self.window()?,
        };
        let start = site.scene.start.clone();
        Ok(Box::new(WindowedDescent::new(site.counted(), flow, start)))
    }

    fn gradients_an_iteration(&self) -> Option<u64> {
        None
    }

    fn asks_at_once(&self) -> bool {
        true
    }

    fn kinetic_energy(&self) -> Option<Kinetic> {
        Some(self.kinetic_energy)
    }

    fn step_size(&self) -> Option<f64> {
        Some(self.step_size)
    }

    fn steps(&self) -> Option<usize> {
        Some(self.steps)
    }

    fn width(&self) -> Option<usize> {
        Some(self.window)
    }
}
