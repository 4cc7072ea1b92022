//! Low-rank matrix sensing, the non-convex problem of the paper's Section B.2.

mod host;

use super::procrustes::procrustes;
use crate::{Cost, Error, Potential, Result};
use candle_core::{DType, Device, Tensor};
use host::SensingRows;
use std::sync::Arc;

/// Holds the sizes of a matrix sensing problem and the factor before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sensing {
    /// d: the matrix to be found is d × d.
    pub dimension: usize,
    /// k, the columns of the factor B that is looked for.
    pub rank: usize,
    /// A factor that multiplies eq. (19); 1 is the function as printed.
    pub scale: f64,
}

/// Computes the loss of matrix sensing by a low-rank factor, eq. (19) of the paper, in f64:
/// `f(B) = scale · 1/(4m) Σ_i (y_i − ⟨A_i, BBᵀ⟩)²`, with `A_i = a_i a_iᵀ − ã_i ã_iᵀ` and
/// `y_i = ⟨A_i, B*B*ᵀ⟩`, where `B*` is the factor of the matrix to be found.
///
/// A point is the factor B `[d, k]` flattened row by row, D = d·k. No A_i is ever formed:
/// ⟨A_i, BBᵀ⟩ = ‖Bᵀa_i‖² − ‖Bᵀã_i‖², and the gradient, scale/m Σ_i (⟨A_i, BBᵀ⟩ − y_i) A_i B,
/// is two products with the matrix of all a_i and ã_i. The bulk form sets the factors of W
/// points side by side, so that this matrix is read once for all of them; on a CPU both products are made
/// while a part of it is in cache.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{MatrixSensing, Potential, Sensing};
/// # fn main() -> optim::Result<()> {
/// // d = 1, k = 1, one measurement with A = 2² − 1² = 3 of X* = 1: f(b) = ¼(3 − 3b²)²
/// let sizes = Sensing { dimension: 1, rank: 1, scale: 1.0 };
/// let f = MatrixSensing::new(&[2.0], &[1.0], &[1.0], sizes, &Device::Cpu)?;
/// let b = Tensor::new(&[2f64], &Device::Cpu)?;
/// assert_eq!(f.value(&b)?, 20.25);
/// assert_eq!(f.gradient(&b)?.to_vec1::<f64>()?, [54.0]);
/// assert_eq!(f.distance(&b)?, 3.0);
/// assert_eq!(f.factor_distance(&b)?, 1.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MatrixSensing {
    /// What computes gradients on a CPU.
    host: Option<Arc<SensingRows>>,
    /// The a_i above the ã_i, `[2m, d]`.
    vectors: Tensor,
    /// y_i, `[m]`.
    measured: Tensor,
    /// `X* = B*B*ᵀ`, `[d, d]`.
    truth: Tensor,
    /// `B*`, `[d, r]` row by row.
    truth_factor: Vec<f64>,
    sizes: Sensing,
}

impl MatrixSensing {
    /// Makes the problem with the vectors `a` and `a_tilde`, `[m, d]` each, and the factor `B*` of the
    /// matrix to be found, `[d, r]`, all row by row. r need not be the rank k of the factor looked for.
    ///
    /// # Errors
    /// If there are no measurements, the vectors are not as many or not as long as `sizes` says,
    /// the truth has no column or is 0, the rank is 0, or the scale is not positive.
    pub fn new(
        a: &[f64],
        a_tilde: &[f64],
        truth: &[f64],
        sizes: Sensing,
        device: &Device,
    ) -> Result<Self> {
        let d = sizes.dimension;
        if d == 0 {
            return Err(Error::setting("dimension", d, "at least 1"));
        }
        if sizes.rank == 0 {
            return Err(Error::setting("rank", sizes.rank, "at least 1"));
        }
        if !(sizes.scale.is_finite() && sizes.scale > 0.0) {
            return Err(Error::setting("scale", sizes.scale, "a positive number"));
        }
        for (what, numbers) in [
            ("the vectors a", a),
            ("the vectors ã", a_tilde),
            ("the truth", truth),
        ] {
            if numbers.is_empty() || numbers.len() % d != 0 {
                return Err(Error::Shape {
                    what,
                    found: vec![numbers.len()],
                    expected: format!("a multiple of the dimension, {d}"),
                });
            }
        }
        if a.len() != a_tilde.len() {
            return Err(Error::Shape {
                what: "the vectors ã",
                found: vec![a_tilde.len()],
                expected: format!("as many as the vectors a, {}", a.len()),
            });
        }
        if truth.iter().all(|&entry| entry == 0.0) {
            return Err(Error::setting("truth", 0, "a matrix other than 0"));
        }
        let vectors = Tensor::from_vec([a, a_tilde].concat(), (2 * a.len() / d, d), device)?;
        let factor = Tensor::from_slice(truth, (d, truth.len() / d), device)?;
        let measured = differences(&vectors.matmul(&factor)?.sqr()?.sum(1)?)?;
        let host = match device.is_cpu() {
            true => Some(Arc::new(SensingRows::new(
                a,
                a_tilde,
                &measured.to_vec1()?,
                sizes,
            ))),
            false => None,
        };
        Ok(Self {
            host,
            vectors,
            measured,
            truth: factor.matmul(&factor.t()?)?,
            truth_factor: truth.to_vec(),
            sizes,
        })
    }

    /// Computes `‖BBᵀ − X*‖_F / ‖X*‖_F` for a point `[D]`: how far the matrix is from the one to be
    /// found, `X* = B*B*ᵀ`.
    ///
    /// The matrices are subtracted entry by entry. Expanding the square of the norm into Gram
    /// matrices of the factors would be cheaper, but could show no distance below about 1e-8.
    ///
    /// # Errors
    /// If the point does not fit.
    pub fn distance(&self, point: &Tensor) -> Result<f64> {
        let factor = self.side_by_side(&point.unsqueeze(0)?)?;
        let norm =
            |matrix: &Tensor| -> Result<f64> { Ok(matrix.sqr()?.sum_all()?.sqrt()?.to_scalar()?) };
        let apart = (factor.matmul(&factor.t()?)? - &self.truth)?;
        Ok(norm(&apart)? / norm(&self.truth)?)
    }

    /// Computes `min ‖B − B*·R‖_F` over the rotations R of the columns of `B*`, for a point `[D]`; of
    /// the two factors the one with fewer columns is padded with zeros. So it is the distance from the
    /// factor to the nearest of those of the matrix to be found, which are all rotations of each other.
    /// This is the distance to the solution in the work that Appendix B.2 of the paper takes its
    /// problem from (Davis et al., its public notebook "Overparameterized Quadratic Sensing").
    ///
    /// # Errors
    /// If the point does not fit.
    pub fn factor_distance(&self, point: &Tensor) -> Result<f64> {
        let (d, k) = (self.sizes.dimension, self.sizes.rank);
        let factor: Vec<f64> = self
            .side_by_side(&point.unsqueeze(0)?)?
            .flatten_all()?
            .to_vec1()?;
        let truth = (self.truth_factor.as_slice(), self.truth_factor.len() / d);
        Ok(procrustes((&factor, k), truth))
    }

    /// The points `[W, D]` as factors beside each other, `[d, W·k]`.
    fn side_by_side(&self, points: &Tensor) -> Result<Tensor> {
        let (d, k) = (self.sizes.dimension, self.sizes.rank);
        let [window, dimension] = *points.dims() else {
            return Err(self.misfit(points));
        };
        if dimension != self.dimension() {
            return Err(self.misfit(points));
        }
        let factors = points.reshape((window, d, k))?.transpose(0, 1)?;
        Ok(factors.reshape((d, window * k))?)
    }

    fn misfit(&self, points: &Tensor) -> Error {
        Error::Shape {
            what: "the points of the matrix sensing problem",
            found: points.dims().to_vec(),
            expected: format!("[W, {}]", self.dimension()),
        }
    }

    /// Of points `[W, D]` the products with all vectors, `[2m, W, k]`, and the residuals
    /// ⟨A_i, BBᵀ⟩ − y_i, `[m, W]`.
    fn residuals(&self, points: &Tensor) -> Result<(Tensor, Tensor)> {
        let window = points.dim(0)?;
        let products = self.vectors.matmul(&self.side_by_side(points)?)?;
        let products = products.reshape(((), window, self.sizes.rank))?;
        let found = differences(&products.sqr()?.sum(2)?)?;
        let residuals = found.broadcast_sub(&self.measured.unsqueeze(1)?)?;
        Ok((products, residuals))
    }

    fn measurements(&self) -> usize {
        self.measured.dims()[0]
    }

    /// ∇f at the points `[W, D]` by operations of the tensor library, for any device.
    fn composed_gradients(&self, points: &Tensor) -> Result<Tensor> {
        let (products, residuals) = self.residuals(points)?;
        let window = points.dim(0)?;
        let (d, k) = (self.sizes.dimension, self.sizes.rank);
        let weights = Tensor::cat(&[&residuals, &residuals.neg()?], 0)?;
        let weighted = products
            .broadcast_mul(&weights.unsqueeze(2)?)?
            .reshape(((), window * k))?;
        let sums = self.vectors.t()?.matmul(&weighted)?;
        let sums = sums
            .reshape((d, window, k))?
            .transpose(0, 1)?
            .reshape((window, d * k))?;
        Ok((sums * (self.sizes.scale / self.measurements() as f64))?)
    }
}

/// The upper half of the rows less the lower half.
fn differences(of_both: &Tensor) -> Result<Tensor> {
    let m = of_both.dim(0)? / 2;
    Ok((of_both.narrow(0, 0, m)? - of_both.narrow(0, m, m)?)?)
}

impl Potential for MatrixSensing {
    fn dimension(&self) -> usize {
        self.sizes.dimension * self.sizes.rank
    }

    fn dtype(&self) -> DType {
        DType::F64
    }

    fn device(&self) -> &Device {
        self.vectors.device()
    }

    fn value(&self, point: &Tensor) -> Result<f64> {
        let (_, residuals) = self.residuals(&point.unsqueeze(0)?)?;
        let squares: f64 = residuals.sqr()?.sum_all()?.to_scalar()?;
        Ok(self.sizes.scale * squares / (4.0 * self.measurements() as f64))
    }

    fn gradient(&self, point: &Tensor) -> Result<Tensor> {
        Ok(self.gradients(&point.unsqueeze(0)?)?.squeeze(0)?)
    }

    fn gradients(&self, points: &Tensor) -> Result<Tensor> {
        let Some(host) = &self.host else {
            return self.composed_gradients(points);
        };
        match *points.dims() {
            [_, dimension] if dimension == self.dimension() => {
                Ok(points.contiguous()?.apply_op1_no_bwd(host.as_ref())?)
            }
            _ => Err(self.misfit(points)),
        }
    }

    fn cost(&self, points: usize) -> Cost {
        let (rows, d) = (
            2.0 * self.measurements() as f64,
            self.sizes.dimension as f64,
        );
        let columns = (self.sizes.rank * points) as f64;
        Cost {
            // Two products, and a square, a sum and a weight of each entry between them.
            operations: 4.0 * rows * d * columns + 3.0 * rows * columns,
            // The vectors once, what was measured, and the points in and out.
            bytes: 8.0 * (rows * d + rows / 2.0 + 2.0 * d * columns),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// A made-up problem of m measurements, and W points.
    fn made_up(m: usize, sizes: Sensing, window: usize) -> (MatrixSensing, Tensor) {
        let mut random = ChaCha8Rng::seed_from_u64(m as u64);
        let mut draw = |count: usize| -> Vec<f64> {
            let number =
                |random: &mut ChaCha8Rng| f64::from(random.next_u32()) / 2f64.powi(31) - 1.0;
            (0..count).map(|_| number(&mut random)).collect()
        };
        let d = sizes.dimension;
        let (a, a_tilde, truth) = (draw(m * d), draw(m * d), draw(d * 2));
        let problem = MatrixSensing::new(&a, &a_tilde, &truth, sizes, &Device::Cpu).unwrap();
        let points = draw(window * problem.dimension());
        let points = Tensor::from_vec(points, (window, problem.dimension()), &Device::Cpu);
        (problem, points.unwrap())
    }

    #[test]
    fn the_kernel_computes_what_operations_of_the_tensor_library_do_whatever_the_sizes() {
        for (m, dimension, rank, window) in [
            (1, 1, 1, 1),
            (8, 3, 2, 4),
            (13, 9, 4, 3),
            (121, 70, 3, 1),
            (1000, 100, 4, 7),
            (130, 900, 1, 2),
        ] {
            let sizes = Sensing {
                dimension,
                rank,
                scale: 0.7,
            };
            let (problem, points) = made_up(m, sizes, window);
            let found = problem.gradients(&points).unwrap();
            let expected = problem.composed_gradients(&points).unwrap();
            let largest = |of: &Tensor| -> f64 {
                let of = of.abs().unwrap().flatten_all().unwrap();
                of.max(0).unwrap().to_scalar().unwrap()
            };
            let apart = largest(&(&found - &expected).unwrap());
            assert!(
                apart <= 1e-13 * largest(&expected),
                "{m} x {dimension}, {rank}, {window}: {apart:e}"
            );
        }
    }

    #[test]
    fn a_point_alone_and_among_others_has_the_same_gradient_to_the_last_bit() {
        let sizes = Sensing {
            dimension: 100,
            rank: 4,
            scale: 1.0,
        };
        let (problem, points) = made_up(700, sizes, 9);
        let together = problem
            .gradients(&points)
            .unwrap()
            .to_vec2::<f64>()
            .unwrap();
        for (point, together) in together.iter().enumerate() {
            let alone = problem.gradient(&points.get(point).unwrap()).unwrap();
            assert_eq!(&alone.to_vec1::<f64>().unwrap(), together);
        }
    }
}
