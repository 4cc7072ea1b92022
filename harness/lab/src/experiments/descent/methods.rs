//! From a variant of a plan to a method at a starting point.

use super::plan::{MethodKind, Variant};
use super::scene::{Scene, Setting};
use crate::seed::Seeds;
use anyhow::{Context, Result};
use optim::{
    Acceleration, Baseline, Batched, Counted, Evaluator, Flow, HamiltonianDescent, Integrator,
    Kinetic, Leapfrog, Method, Nesterov, Recurrence, Sequential, Stratified, SymplecticEuler,
    Window, WindowForm, WindowedDescent, WindowedFlow,
};
use rand::RngExt;
use std::sync::Arc;

/// What computes a variant's gradients when it runs by itself: one point after the other, or the
/// points of a window in one product.
#[must_use]
pub fn evaluator(variant: &Variant, scene: &Scene) -> Arc<dyn Evaluator> {
    match variant.method {
        MethodKind::HdPicard => Arc::new(Batched::new(scene.potential.clone())),
        _ => Arc::new(Sequential::new(scene.potential.clone())),
    }
}

/// A variant's method at the scene's start.
///
/// # Errors
/// If a number that the method needs is missing or out of range.
pub fn method(
    variant: &Variant,
    scene: &Scene,
    setting: &Setting,
    evaluator: Arc<dyn Evaluator>,
) -> Result<Box<dyn Method>> {
    let start = scene.start.clone();
    let forces = || Counted::shared(evaluator.clone());
    let step_size = || variant.step_size.context("step_size is missing");
    Ok(match variant.method {
        MethodKind::HdLeapfrog | MethodKind::HdStratified | MethodKind::HdEuler => {
            let steps = variant.steps.context("steps is missing")?;
            let flow = Flow::new(
                kinetic(variant)?,
                integrator(variant.method, setting),
                step_size()?,
                steps,
            )?;
            Box::new(HamiltonianDescent::new(forces(), flow, start))
        }
        MethodKind::HdPicard => {
            let steps = variant.steps.context("steps is missing")?;
            let flow = WindowedFlow {
                recurrence: Recurrence::new(kinetic(variant)?, step_size()?, steps),
                window: Window::try_from(WindowForm {
                    window: variant.window.context("window is missing")?,
                    tolerance: variant.tolerance.context("tolerance is missing")?,
                    predictor: variant.predictor.clone(),
                    ..WindowForm::default()
                })?,
            };
            Box::new(WindowedDescent::new(forces(), flow, start))
        }
        MethodKind::HeavyBall => Box::new(Baseline::new(
            forces(),
            kinetic(variant)?,
            step_size()?,
            variant.momentum.unwrap_or(0.0),
            start,
        )?),
        MethodKind::Nesterov => Box::new(Nesterov::new(
            forces(),
            Acceleration::Restarted,
            step_size()?,
            start,
        )?),
        MethodKind::Adam => Box::new(super::adam::Adam::new(forces(), step_size()?, start)?),
        MethodKind::LBfgs => {
            let memory = variant.memory.context("memory is missing")?;
            Box::new(super::lbfgs::LBfgs::new(
                scene.potential.clone(),
                memory,
                &start,
            )?)
        }
    })
}

fn kinetic(variant: &Variant) -> Result<Kinetic> {
    let name = variant.kinetic_energy.as_ref();
    Ok(name.context("kinetic_energy is missing")?.parse()?)
}

fn integrator(method: MethodKind, setting: &Setting) -> Box<dyn Integrator> {
    match method {
        MethodKind::HdStratified => {
            let name = setting.stream_name("stratified");
            let name: Vec<&str> = name.iter().map(String::as_str).collect();
            let mut stream = Seeds::new(setting.seed).stream(&name);
            Box::new(Stratified::new(move || stream.random::<f64>()))
        }
        MethodKind::HdEuler => Box::new(SymplecticEuler),
        _ => Box::new(Leapfrog),
    }
}
