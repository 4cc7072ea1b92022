//! What theory says of a cell, where it says something: on a quadratic whose minimum is the origin.

use super::measure::ParallelCell;
use super::setting::ParallelSetting;
use crate::experiments::descent::scene::eigenvalues;
use crate::experiments::descent::{DescentProblem, MethodSpec};
use optim::{Kinetic, RelativeTo, Velocity, WindowMethod};

/// λ of the quadratic that a cell is about, from the largest, which is 1, down.
fn curvatures(cell: &ParallelCell) -> Option<Vec<f64>> {
    match &cell.setting {
        ParallelSetting::Potential(setting) => match setting.problem {
            DescentProblem::Quadratic {
                dimension,
                condition,
            } => Some(eigenvalues(dimension, condition)),
            _ => None,
        },
        ParallelSetting::Network(_) => None,
    }
}

/// θ and S of a flow of symplectic Euler steps under ½‖v‖² whose oscillations along the largest curvature, 1, do not
/// grow.
fn flow(method: &MethodSpec) -> Option<(f64, f64)> {
    let quadratic = method.kinetic_energy() == Some(Kinetic::HalfL2Squared);
    let (theta, steps) = (method.step_size()?, method.steps()?);
    (matches!(method, MethodSpec::HdEuler(_)) && quadratic && theta < 2.0)
        .then_some((theta, steps as f64))
}

/// ω of 2 cos ω = 2 − θ²λ.
fn frequency(theta: f64, curvature: f64) -> f64 {
    (1.0 - theta * theta * curvature / 2.0).acos()
}

/// The largest Lyapunov exponent of a method's steps on the cell's quadratic, a step: of a flow, gradient descent and
/// Heavy Ball.
pub(super) fn exponent(cell: &ParallelCell) -> Option<f64> {
    let method = &cell.mover.method;
    let of = |growth: &dyn Fn(f64) -> f64| {
        let all = curvatures(cell)?.into_iter().map(growth);
        all.reduce(f64::max)
    };
    if let Some((theta, steps)) = flow(method) {
        // From rest x_S = x_0 cos((S + ½)ω)/cos(ω/2).
        return of(&|curvature| {
            let omega = frequency(theta, curvature);
            let flow = ((steps + 0.5) * omega).cos() / (omega / 2.0).cos();
            flow.abs().ln() / steps
        });
    }
    let quadratic = method.kinetic_energy() == Some(Kinetic::HalfL2Squared);
    match method {
        MethodSpec::HeavyBall(_) if quadratic => {
            let (step, momentum) = (method.step_size()?, method.momentum().unwrap_or(0.0));
            // The roots of z² − (1 + β − ηλ)z + β.
            of(&|curvature| {
                let half = (1.0 + momentum - step * curvature) / 2.0;
                match half * half - momentum {
                    inside if inside < 0.0 => momentum.ln() / 2.0,
                    root => (half.abs() + root.sqrt()).ln(),
                }
            })
        }
        _ => None,
    }
}

/// By how much a Picard window may end beside the steps one after the other: ‖x − x_sequential‖ at most, by the
/// bound δθ²S(S + 1)/2 for each flow (`optim/WINDOWS.md`), from a start of norm `start` after so many steps.
///
/// Let ρ = 1/cos(ω/2) at the largest curvature, which bounds ‖x_k‖/‖x_0‖ along a flow, X ≥ ‖x‖ at the start of a
/// flow of the steps one after the other and E that of the difference. A gradient is computed within τ‖P‖ of its point
/// u, so δ ≤ τ/(1 − τ) max‖u‖, and ‖u‖ ≤ ρ(X + E) + D with D the error that the flow adds. So with
/// c = τ/(1 − τ) θ²S(S + 1)/2 a flow adds D ≤ cρ(X + E)/(1 − c), and takes E to ρE + D.
pub(super) fn error_bound(cell: &ParallelCell, start: f64, steps: u64) -> Option<f64> {
    let curvatures = curvatures(cell)?;
    let (theta, each) = flow(&cell.mover.method)?;
    let window = cell.mover.placed?.window;
    let picard = matches!(window.method, WindowMethod::Picard { .. });
    if window.width == 1
        || !picard
        || window.velocity != Velocity::Carried
        || window.relative_to != RelativeTo::Size
    {
        return None;
    }
    let near = window.tolerance / (1.0 - window.tolerance);
    let c = near * theta * theta * each * (each + 1.0) / 2.0;
    if !(0.0..1.0).contains(&c) {
        return None;
    }
    let largest = curvatures.into_iter().fold(0.0, f64::max);
    let rho = 1.0 / (frequency(theta, largest) / 2.0).cos();
    let (mut norm, mut error) = (start, 0.0);
    for _ in 0..(steps as f64 / each).ceil() as u64 {
        error = rho * error + c * rho * (norm + error) / (1.0 - c);
        norm *= rho;
    }
    Some(error)
}
