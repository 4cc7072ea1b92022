//! Whether the window's kernels compute on a device what tensor operations do there: asked once, before
//! they are used, so that a driver that misreads a kernel is found out.

use super::space::{Equations, Pace, Space, StepGradients, WindowSteps};
use super::tensors::{Row, Tensors};
use crate::recurrence::Arithmetic;
use crate::{Kinetic, Result};
use candle_core::{DType, Device, Tensor};

/// Numbers of a point.
const POINT: usize = 2500;

/// Relative to numbers of about 1.
fn bound(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => 1e-10,
        _ => 1e-3,
    }
}

/// On a problem of more numbers a point than a block has threads, in some milliseconds. A kernel that
/// cannot be started does not agree.
pub(super) fn agree(device: &Device, dtype: DType) -> Result<bool> {
    let number = |i: usize| (((i * 7919) as f64).sin() * 43_758.5).fract();
    let all: Vec<f64> = (0..8 * POINT).map(number).collect();
    let all = Tensor::from_vec(all, (8, POINT), &Device::Cpu)?;
    let all = all.to_dtype(dtype)?.to_device(device)?;
    let [kernels, operations] = Tensors::kinds();
    let wanted = values(&operations, &all)?;
    let Ok(found) = values(&kernels, &all) else {
        return Ok(false);
    };
    // Not a number is not agreement.
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= bound(dtype);
    Ok(found.len() == wanted.len() && found.iter().zip(&wanted).all(near))
}

fn numbers(rows: &[Row]) -> Result<Vec<f64>> {
    let mut all = Vec::new();
    for row in rows {
        all.extend(row.tensor()?.to_dtype(DType::F64)?.to_vec1::<f64>()?);
    }
    Ok(all)
}

/// What a window computes, of eight rows.
fn values(space: &Tensors, all: &Tensor) -> Result<Vec<f64>> {
    let rows = space.rows(all)?;
    let changes = space.changes(&rows[..3], &rows[3..6])?;
    let mut values: Vec<f64> = changes.relative().collect();
    values.push(changes.first_size);
    let known = Equations {
        points: rows[..4].iter().collect(),
        gradients: rows[4..].iter().collect(),
        surrogates: Vec::new(),
    };
    let model = space.fit(&known)?;
    // The others are not moved by kernels.
    let by_kernels = |kinetic: &&Kinetic| kinetic.of_kernels().is_some();
    for &kinetic in Kinetic::ALL.iter().filter(by_kernels) {
        for gradients in [
            StepGradients::Given(&rows[2..5]),
            StepGradients::Constant(&rows[2]),
            StepGradients::Linear(&rows[2], &rows[3]),
        ] {
            let model = match gradients {
                StepGradients::Linear(..) => None,
                StepGradients::Constant(_) => model.as_ref().map(|model| (model, &rows[5..6])),
                StepGradients::Given(_) => model.as_ref().map(|model| (model, &rows[5..8])),
            };
            let steps = WindowSteps {
                position: &rows[0],
                velocity: &rows[1],
                gradients,
                model,
                kinetic,
                pace: Pace {
                    count: 3,
                    within: 4,
                    flow_steps: 6,
                    step_size: 0.1,
                    time: 0.08,
                    first_time: 0.05,
                },
            };
            let (points, velocities) = match space.flow_steps(&steps)? {
                Some(walked) => walked,
                None => one_by_one(space, &steps)?,
            };
            values.extend(numbers(&points)?);
            values.extend(numbers(&velocities)?);
        }
    }
    Ok(values)
}

/// The recurrence by one operation after the other.
fn one_by_one(space: &Tensors, steps: &WindowSteps<'_, Tensors>) -> Result<(Vec<Row>, Vec<Row>)> {
    let pace = steps.pace;
    let (mut points, mut velocities) = (Vec::new(), Vec::new());
    let (mut x, mut v) = (steps.position.clone(), steps.velocity.clone());
    let rest = space.minus(&v, &v)?;
    let mut going_on = match steps.gradients {
        StepGradients::Constant(gradient) | StepGradients::Linear(gradient, _) => gradient.clone(),
        StepGradients::Given(_) => rest.clone(),
    };
    for step in 0..pace.count {
        let mut gradient = match steps.gradients {
            StepGradients::Given(gradients) => gradients[step].clone(),
            StepGradients::Constant(gradient) => gradient.clone(),
            StepGradients::Linear(_, slope) => {
                going_on = space.plus(&going_on, slope)?;
                going_on.clone()
            }
        };
        if let Some((model, around)) = steps.model {
            let u = space.minus(&x, &around[step.min(around.len() - 1)])?;
            gradient = space.modelled(&gradient, model, &u)?;
        }
        let first = (pace.within + step).is_multiple_of(pace.flow_steps);
        let before = if first { &rest } else { &v };
        let time = if first { pace.first_time } else { pace.time };
        v = space.kicked(before, &gradient, time)?;
        x = space.drifted(&x, &v, steps.kinetic, pace.step_size)?;
        points.push(x.clone());
        velocities.push(v.clone());
    }
    Ok((points, velocities))
}
