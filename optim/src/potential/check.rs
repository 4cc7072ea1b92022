//! Whether a gradient is that of its function.

use crate::{Potential, Result};
use candle_core::{DType, Tensor};

/// Compares the gradient of any potential at a point `[D]` with central differences of its values, and the bulk form
/// of two such points with the gradient of one. Returns the largest deviation of a coordinate, relative to the
/// largest coordinate of either gradient.
///
/// It takes 2·D values. With numbers of f64 about 1e-8 is what differences leave of a gradient that is right, with
/// f32 about 1e-3; a gradient that is wrong is off by a few in a hundred or more. Where f has a kink near the point,
/// differences say nothing.
///
/// # Errors
/// If the point does not fit, or a tensor operation fails.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{Quadratic, check_gradient};
/// # fn main() -> optim::Result<()> {
/// let f = Quadratic::diagonal(&[1.0, 4.0], &Device::Cpu)?;
/// let x = Tensor::new(&[3f64, -2.0], &Device::Cpu)?;
/// assert!(check_gradient(&f, &x)? < 1e-9);
/// # Ok(())
/// # }
/// ```
pub fn check_gradient(potential: &dyn Potential, point: &Tensor) -> Result<f64> {
    let double = |tensor: &Tensor| -> Result<Vec<f64>> {
        Ok(tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?)
    };
    let gradient = double(&potential.gradient(point)?)?;
    let both = potential.gradients(&Tensor::stack(&[point, point], 0)?)?;
    let both = double(&both)?;
    let rounding = match potential.dtype() {
        DType::F64 => f64::EPSILON,
        _ => f64::from(f32::EPSILON),
    };
    let start = double(point)?;
    let mut differences = Vec::with_capacity(start.len());
    for (place, &at) in start.iter().enumerate() {
        let step = rounding.cbrt() * at.abs().max(1.0);
        let moved = |by: f64| -> Result<(f64, f64)> {
            let mut moved = start.clone();
            moved[place] += by;
            let moved = Tensor::new(moved, potential.device())?.to_dtype(potential.dtype())?;
            // Where it is after rounding, and the value there.
            Ok((double(&moved)?[place], potential.value(&moved)?))
        };
        let ((right, above), (left, below)) = (moved(step)?, moved(-step)?);
        differences.push((above - below) / (right - left));
    }
    let sizes = gradient.iter().chain(&differences).map(|slope| slope.abs());
    let size = sizes.fold(0.0, larger);
    if size == 0.0 {
        return Ok(both.iter().map(|slope| slope.abs()).fold(0.0, larger));
    }
    let apart = |(a, b): (&f64, &f64)| (a - b).abs() / size;
    let by_differences = gradient.iter().zip(&differences).map(apart);
    let in_bulk = both.iter().zip(gradient.iter().cycle()).map(apart);
    Ok(by_differences.chain(in_bulk).fold(0.0, larger))
}

/// The larger of two, and what is not a number before any number.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}
