//! f(x) = ½ xᵀA x, the potential whose flow is known in closed form.

use crate::{Cost, Error, Potential, Result};
use candle_core::{DType, Device, Tensor};

/// f(x) = ½ xᵀA x with a symmetric matrix A, in f64: the harmonic oscillator of the exposition's
/// Section 5 (D = 1) and the class for which the idealised method is analysed (Wang, 2024).
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{Potential, Quadratic};
/// # fn main() -> optim::Result<()> {
/// let f = Quadratic::diagonal(&[1.0, 4.0], &Device::Cpu)?;
/// let x = Tensor::new(&[1f64, 1.0], &Device::Cpu)?;
/// assert_eq!(f.value(&x)?, 2.5);
/// assert_eq!(f.gradient(&x)?.to_vec1::<f64>()?, [1.0, 4.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Quadratic {
    matrix: Tensor,
}

impl Quadratic {
    /// With the matrix A, `[D, D]`, converted to f64. Only its symmetric part is used.
    ///
    /// # Errors
    /// If the matrix is not square.
    pub fn new(matrix: &Tensor) -> Result<Self> {
        match matrix.dims() {
            [rows, columns] if rows == columns && *rows > 0 => {}
            found => {
                return Err(Error::Shape {
                    what: "the matrix of a quadratic",
                    found: found.to_vec(),
                    expected: "a square [D, D]".into(),
                });
            }
        }
        let matrix = matrix.to_dtype(DType::F64)?;
        let matrix = ((&matrix + matrix.t()?)? * 0.5)?;
        Ok(Self { matrix })
    }

    /// With a diagonal matrix A.
    ///
    /// # Errors
    /// If the diagonal is empty.
    pub fn diagonal(entries: &[f64], device: &Device) -> Result<Self> {
        let d = entries.len();
        let mut dense = vec![0.0; d * d];
        for (i, entry) in entries.iter().enumerate() {
            dense[i * d + i] = *entry;
        }
        Self::new(&Tensor::from_vec(dense, (d, d), device)?)
    }
}

impl Potential for Quadratic {
    fn dimension(&self) -> usize {
        self.matrix.dims()[0]
    }

    fn dtype(&self) -> DType {
        DType::F64
    }

    fn device(&self) -> &Device {
        self.matrix.device()
    }

    fn value(&self, point: &Tensor) -> Result<f64> {
        Ok(((self.gradient(point)? * point)?.sum_all()? * 0.5)?.to_scalar()?)
    }

    fn gradient(&self, point: &Tensor) -> Result<Tensor> {
        Ok(self.matrix.matmul(&point.unsqueeze(1)?)?.squeeze(1)?)
    }

    fn gradients(&self, points: &Tensor) -> Result<Tensor> {
        Ok(points.matmul(&self.matrix)?)
    }

    fn cost(&self, points: usize) -> Cost {
        let d = self.dimension() as f64;
        Cost {
            operations: 2.0 * d * d * points as f64,
            bytes: 8.0 * d * (d + 2.0 * points as f64),
        }
    }
}
