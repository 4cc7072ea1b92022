//! Multinomial logistic regression, the problem of the paper's Sections 4.1 and 4.3.

mod kernel;
mod product;
mod real;

use crate::{Cost, Error, Potential, Result};
use candle_core::{D, DType, Device, Tensor};
use kernel::ResidualProduct;
use std::sync::Arc;

/// What distinguishes one logistic regression from another, besides its data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Problem {
    /// C, the number of classes.
    pub classes: usize,
    /// Whether each class has an intercept (the last row of the weight matrix).
    pub bias: bool,
    /// λ of the penalty λ/2 ‖Θ‖²; intercepts are not penalised.
    pub l2: f64,
}

/// Mean cross-entropy of a linear classifier,
/// f(Θ) = (1/n) Σ_i [ log Σ_c exp(x_iᵀΘ_c) − x_iᵀΘ_{y_i} ] + λ/2 ‖Θ‖².
///
/// A point is the weight matrix Θ `[d, C]` flattened row by row, D = d·C (d counts the constant
/// feature of the intercept if there is one). The gradient is the closed form
/// Xᵀ(softmax(XΘ) − Y)/n + λΘ. The bulk form sets W weight matrices side by side and computes
/// X·[Θ_1 … Θ_W] as one product, so that X is read once for all points.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{LogisticRegression, Potential, Problem};
/// # fn main() -> optim::Result<()> {
/// let x = Tensor::new(&[[1f64, 0.0], [0.0, 1.0]], &Device::Cpu)?;
/// let problem = Problem { classes: 2, bias: false, l2: 0.0 };
/// let f = LogisticRegression::new(x, &[0, 1], problem)?;
/// let origin = Tensor::zeros(4, candle_core::DType::F64, &Device::Cpu)?;
/// assert!((f.value(&origin)? - 2f64.ln()).abs() < 1e-15);
/// assert_eq!(f.gradient(&origin)?.to_vec1::<f64>()?, [-0.25, 0.25, 0.25, -0.25]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LogisticRegression {
    /// `[n, d]`.
    x: Tensor,
    /// `[n]`, on the data's device.
    labels: Tensor,
    /// The same on the host, for the CPU kernel.
    targets: Arc<[u32]>,
    /// `[D]`, λ at weights and 0 at intercepts, where there is a penalty.
    penalty: Option<Tensor>,
    problem: Problem,
}

impl LogisticRegression {
    /// With the rows `x` `[n, d]` (f32 or f64, on any device) and the class of each, 0 … C−1.
    ///
    /// # Errors
    /// If there are no rows, not as many labels as rows, a label that is no class, fewer than two
    /// classes, or a penalty that is not a number ≥ 0.
    pub fn new(x: Tensor, labels: &[u32], problem: Problem) -> Result<Self> {
        let (n, d) = x.dims2()?;
        let classes = problem.classes;
        if n == 0 || d == 0 || n != labels.len() {
            return Err(Error::Shape {
                what: "the data",
                found: vec![n, d],
                expected: format!("features, and one row for each of {} labels", labels.len()),
            });
        }
        if classes < 2 {
            return Err(Error::setting("classes", classes, "at least 2"));
        }
        if let Some(label) = labels.iter().find(|&&label| label as usize >= classes) {
            return Err(Error::setting(
                "label",
                label,
                "below the number of classes",
            ));
        }
        if !(problem.l2.is_finite() && problem.l2 >= 0.0) {
            return Err(Error::setting("l2", problem.l2, "0 or a positive number"));
        }
        let x = match problem.bias {
            true => Tensor::cat(&[&x, &Tensor::ones((n, 1), x.dtype(), x.device())?], 1)?,
            false => x,
        };
        let penalty = match problem.l2 {
            0.0 => None,
            l2 => Some(penalty(l2, d, problem, &x)?),
        };
        let targets: Arc<[u32]> = labels.into();
        let labels = Tensor::from_slice(labels, n, x.device())?;
        Ok(Self {
            x,
            labels,
            targets,
            penalty,
            problem,
        })
    }

    /// The same problem with its data on `device`; on the device it is on already, the data is
    /// shared, not copied.
    ///
    /// # Errors
    /// If the device has no room.
    pub fn to_device(&self, device: &Device) -> Result<Self> {
        Ok(Self {
            x: self.x.to_device(device)?,
            labels: self.labels.to_device(device)?,
            targets: self.targets.clone(),
            penalty: self
                .penalty
                .as_ref()
                .map(|p| p.to_device(device))
                .transpose()?,
            problem: self.problem,
        })
    }

    /// The share of rows, between 0 and 1, whose largest logit is that of their class.
    ///
    /// # Errors
    /// If the point does not fit.
    pub fn accuracy(&self, point: &Tensor) -> Result<f64> {
        let predicted = self.logits(point)?.argmax(D::Minus1)?;
        let right = predicted.eq(&self.labels)?.to_dtype(DType::F64)?;
        Ok(right.mean_all()?.to_scalar()?)
    }

    /// XΘ, `[n, C]`.
    fn logits(&self, point: &Tensor) -> Result<Tensor> {
        self.fits(point, &[self.dimension()])?;
        Ok(self
            .x
            .matmul(&point.reshape((self.features(), self.problem.classes))?)?)
    }

    /// Xᵀ(softmax(XΘ) − Y), `[d, W·C]`, for weights `[d, W·C]`: W blocks of C columns.
    fn residual_product(&self, weights: &Tensor) -> Result<Tensor> {
        let classes = self.problem.classes;
        if self.device().is_cpu() {
            let fused = ResidualProduct {
                targets: self.targets.clone(),
                classes,
            };
            return Ok(self.x.apply_op2_no_bwd(&weights.contiguous()?, &fused)?);
        }
        self.composed(weights)
    }

    /// The same from the tensor library's own operations, for devices without a kernel here.
    fn composed(&self, weights: &Tensor) -> Result<Tensor> {
        let classes = self.problem.classes;
        let (n, columns) = (self.samples(), weights.dim(1)?);
        let z = self
            .x
            .matmul(weights)?
            .reshape((n, columns / classes, classes))?;
        let e = z.broadcast_sub(&z.max_keepdim(D::Minus1)?)?.exp()?;
        let softmax = e.broadcast_div(&e.sum_keepdim(D::Minus1)?)?;
        let kinds = Tensor::arange(0u32, classes as u32, self.device())?;
        let target = self
            .labels
            .unsqueeze(1)?
            .broadcast_eq(&kinds.unsqueeze(0)?)?;
        let target = target.to_dtype(self.dtype())?.unsqueeze(1)?;
        let residual = softmax.broadcast_sub(&target)?.reshape((n, columns))?;
        Ok(self.x.t()?.matmul(&residual)?)
    }

    fn features(&self) -> usize {
        self.x.dims()[1]
    }

    fn samples(&self) -> usize {
        self.x.dims()[0]
    }

    fn fits(&self, points: &Tensor, shape: &[usize]) -> Result<()> {
        if points.dims() == shape {
            return Ok(());
        }
        Err(Error::Shape {
            what: "a point of the logistic regression",
            found: points.dims().to_vec(),
            expected: format!("{shape:?}"),
        })
    }
}

/// λ at each weight, 0 at each intercept.
fn penalty(l2: f64, features: usize, problem: Problem, like: &Tensor) -> Result<Tensor> {
    let weights = vec![l2; features * problem.classes];
    let intercepts = vec![0.0; if problem.bias { problem.classes } else { 0 }];
    let all = [weights, intercepts].concat();
    let length = all.len();
    Ok(Tensor::from_vec(all, length, like.device())?.to_dtype(like.dtype())?)
}

impl Potential for LogisticRegression {
    fn dimension(&self) -> usize {
        self.features() * self.problem.classes
    }

    fn dtype(&self) -> DType {
        self.x.dtype()
    }

    fn device(&self) -> &Device {
        self.x.device()
    }

    fn value(&self, point: &Tensor) -> Result<f64> {
        let z = self.logits(point)?.to_dtype(DType::F64)?;
        let top = z.max_keepdim(D::Minus1)?;
        let spread = z
            .broadcast_sub(&top)?
            .exp()?
            .sum_keepdim(D::Minus1)?
            .log()?;
        let own = z.gather(&self.labels.unsqueeze(1)?, D::Minus1)?;
        let loss = ((top + spread)? - own)?.mean_all()?.to_scalar::<f64>()?;
        let Some(penalty) = &self.penalty else {
            return Ok(loss);
        };
        let square = (point.sqr()? * penalty)?.to_dtype(DType::F64)?.sum_all()?;
        Ok(loss + 0.5 * square.to_scalar::<f64>()?)
    }

    fn gradient(&self, point: &Tensor) -> Result<Tensor> {
        self.fits(point, &[self.dimension()])?;
        Ok(self.gradients(&point.unsqueeze(0)?)?.squeeze(0)?)
    }

    fn gradients(&self, points: &Tensor) -> Result<Tensor> {
        let (window, dimension) = (points.dim(0)?, self.dimension());
        self.fits(points, &[window, dimension])?;
        let (d, classes) = (self.features(), self.problem.classes);
        // [W, d, C] to [d, W·C] and back: small beside the data.
        let side_by_side = |t: &Tensor, a, b| t.reshape((a, b, classes))?.transpose(0, 1);
        let weights = side_by_side(points, window, d)?.reshape((d, window * classes))?;
        let sums = self.residual_product(&weights)?;
        let sums = side_by_side(&sums, d, window)?.reshape((window, dimension))?;
        let gradients = (sums * (1.0 / self.samples() as f64))?;
        match &self.penalty {
            None => Ok(gradients),
            Some(penalty) => Ok((gradients + points.broadcast_mul(penalty)?)?),
        }
    }

    fn cost(&self, points: usize) -> Cost {
        let (n, d) = (self.samples() as f64, self.features() as f64);
        let columns = (self.problem.classes * points) as f64;
        let size = self.dtype().size_in_bytes() as f64;
        Cost {
            // Two products, and max, subtract, exp, sum and divide of each logit.
            operations: 4.0 * n * d * columns + 5.0 * n * columns,
            // The data once, the labels, and the points in and out.
            bytes: n * d * size + 4.0 * n + 2.0 * d * columns * size,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_computes_what_the_composition_of_tensor_operations_does() {
        let wave = |n: usize, f: f64| (0..n).map(|i| (i as f64 * f).sin()).collect::<Vec<_>>();
        for (n, d, classes, window) in [(7, 3, 2, 1), (500, 9, 3, 4), (1500, 70, 10, 2)] {
            for (dtype, rounding) in [(DType::F64, 1e-13), (DType::F32, 1e-4)] {
                let tensor = |rows: usize, columns: usize, f: f64| {
                    let flat =
                        Tensor::from_vec(wave(rows * columns, f), (rows, columns), &Device::Cpu);
                    flat.unwrap().to_dtype(dtype).unwrap()
                };
                let labels: Vec<u32> = (0..n).map(|i| (i * i % classes) as u32).collect();
                let problem = Problem {
                    classes,
                    bias: false,
                    l2: 0.0,
                };
                let f = LogisticRegression::new(tensor(n, d, 0.7), &labels, problem).unwrap();
                let weights = tensor(d, window * classes, 1.3);
                let sums = [f.residual_product(&weights), f.composed(&weights)]
                    .map(|t| t.unwrap().to_dtype(DType::F64).unwrap());
                let apart = (&sums[0] - &sums[1])
                    .unwrap()
                    .abs()
                    .unwrap()
                    .max_all()
                    .unwrap();
                let apart = apart.to_scalar::<f64>().unwrap() / n as f64;
                assert!(
                    apart < rounding,
                    "{n} {d} {classes} {window} {dtype:?}: {apart}"
                );
            }
        }
    }
}
