//! f(x) = ½ (x − x*)ᵀA (x − x*), the potential whose flow is known in closed form.

use crate::{Cost, Error, Phase, Potential, Result};
use candle_core::{DType, Device, Tensor};

/// f(x) = ½ (x − x*)ᵀA (x − x*) with a symmetric matrix A, in f64: the harmonic oscillator of the
/// exposition's Section 5 (D = 1) and the class for which the idealised method is analysed (Wang,
/// 2024). x* is 0 unless [`with_minimiser`](Self::with_minimiser) says otherwise.
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
    minimiser: Option<Tensor>,
    spectrum: Option<Spectrum>,
}

/// A = QΛQ with the reflection Q = I − 2uuᵀ, ‖u‖ = 1, or Q = I.
#[derive(Clone, Debug)]
struct Spectrum {
    eigenvalues: Vec<f64>,
    unit: Option<Vec<f64>>,
}

impl Spectrum {
    /// Qx in place of x: coordinates along the eigenvectors, and back again.
    fn reflect(&self, x: &mut [f64]) {
        if let Some(unit) = &self.unit {
            let along = 2.0 * dot(unit, x);
            x.iter_mut().zip(unit).for_each(|(x, u)| *x -= along * u);
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
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
        Ok(Self {
            matrix,
            minimiser: None,
            spectrum: None,
        })
    }

    /// With a diagonal matrix A. Its flow is known if no entry is negative.
    ///
    /// # Errors
    /// If the diagonal is empty.
    pub fn diagonal(entries: &[f64], device: &Device) -> Result<Self> {
        let d = entries.len();
        let mut dense = vec![0.0; d * d];
        for (i, entry) in entries.iter().enumerate() {
            dense[i * d + i] = *entry;
        }
        let mut quadratic = Self::new(&Tensor::from_vec(dense, (d, d), device)?)?;
        if entries.iter().all(|&entry| entry >= 0.0) {
            quadratic.spectrum = Some(Spectrum {
                eigenvalues: entries.to_vec(),
                unit: None,
            });
        }
        Ok(quadratic)
    }

    /// With A = QΛQ, where Λ has the `eigenvalues` and Q = I − 2uuᵀ/uᵀu is the Householder
    /// reflection along u = `reflection`: A is dense, and still its eigenvectors, the columns of
    /// Q, are known, and with them the [flow](Self::exact_flow).
    ///
    /// # Errors
    /// If there are no eigenvalues, one is negative or not finite, or the reflection is not as
    /// long or has no direction.
    pub fn spectral(eigenvalues: &[f64], reflection: &[f64], device: &Device) -> Result<Self> {
        let d = eigenvalues.len();
        if d == 0 || reflection.len() != d {
            return Err(Error::Shape {
                what: "the reflection of a quadratic",
                found: vec![reflection.len()],
                expected: format!("a number for each of {d} (at least 1) eigenvalues"),
            });
        }
        if let Some(bad) = eigenvalues.iter().find(|l| !l.is_finite() || **l < 0.0) {
            return Err(Error::setting("eigenvalue", bad, "0 or a positive number"));
        }
        let norm = dot(reflection, reflection).sqrt();
        if !(norm.is_finite() && norm > 0.0) {
            return Err(Error::setting("reflection", norm, "a vector other than 0"));
        }
        let unit: Vec<f64> = reflection.iter().map(|u| u / norm).collect();
        // QΛQ = Λ − 2u(Λu)ᵀ − 2(Λu)uᵀ + 4(uᵀΛu) uuᵀ
        let image: Vec<f64> = unit.iter().zip(eigenvalues).map(|(u, l)| u * l).collect();
        let quotient = dot(&unit, &image);
        let mut dense = vec![0.0; d * d];
        for i in 0..d {
            for j in 0..d {
                let mixed = unit[i] * image[j] + image[i] * unit[j];
                dense[i * d + j] = 4.0 * quotient * unit[i] * unit[j] - 2.0 * mixed;
            }
            dense[i * d + i] += eigenvalues[i];
        }
        Ok(Self {
            spectrum: Some(Spectrum {
                eigenvalues: eigenvalues.to_vec(),
                unit: Some(unit),
            }),
            ..Self::new(&Tensor::from_vec(dense, (d, d), device)?)?
        })
    }

    /// The same function moved so that it is least at `minimiser` `[D]`.
    ///
    /// # Errors
    /// If the minimiser does not fit.
    pub fn with_minimiser(self, minimiser: &Tensor) -> Result<Self> {
        if minimiser.dims() != [self.dimension()] {
            return Err(Error::Shape {
                what: "the minimiser of a quadratic",
                found: minimiser.dims().to_vec(),
                expected: format!("[{}]", self.dimension()),
            });
        }
        Ok(Self {
            minimiser: Some(
                minimiser
                    .to_dtype(DType::F64)?
                    .to_device(self.matrix.device())?,
            ),
            ..self
        })
    }

    /// Returns A, `[D, D]`.
    #[must_use]
    pub fn matrix(&self) -> &Tensor {
        &self.matrix
    }

    /// Returns x*, `[D]`; `None` for the origin.
    #[must_use]
    pub fn minimiser(&self) -> Option<&Tensor> {
        self.minimiser.as_ref()
    }

    /// The eigenvalues of A in the order they were given, if the function was made from them.
    #[must_use]
    pub fn eigenvalues(&self) -> Option<&[f64]> {
        Some(&self.spectrum.as_ref()?.eigenvalues)
    }

    /// Takes the Hamiltonian flow HF_t(x, 0), eq. (1) of the paper with ½‖v‖², from `start` `[D]` at
    /// rest for the time t = `time`: position x* + Q cos(t√Λ) Q(x − x*) and velocity
    /// −Q √Λ sin(t√Λ) Q(x − x*).
    ///
    /// # Errors
    /// If the function was made from a matrix, whose eigenvectors are not known, or the start
    /// does not fit.
    ///
    /// ```
    /// use candle_core::{Device, Tensor};
    /// use optim::Quadratic;
    /// # fn main() -> optim::Result<()> {
    /// // The spring ½·4x² from 1 is at 0 with velocity −2 after a quarter of its period.
    /// let spring = Quadratic::diagonal(&[4.0], &Device::Cpu)?;
    /// let start = Tensor::new(&[1f64], &Device::Cpu)?;
    /// let end = spring.exact_flow(&start, std::f64::consts::PI / 4.0)?;
    /// assert!(end.position.to_vec1::<f64>()?[0].abs() < 1e-15);
    /// assert_eq!(end.velocity.to_vec1::<f64>()?, [-2.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn exact_flow(&self, start: &Tensor, time: f64) -> Result<Phase> {
        let Some(spectrum) = &self.spectrum else {
            return Err(Error::setting(
                "quadratic",
                "made from a matrix",
                "made from eigenvalues for its flow to be known",
            ));
        };
        let mut x: Vec<f64> = self.displacement(start)?.to_vec1()?;
        spectrum.reflect(&mut x);
        let mut v = x.clone();
        for (i, eigenvalue) in spectrum.eigenvalues.iter().enumerate() {
            let frequency = eigenvalue.sqrt();
            let (sine, cosine) = (time * frequency).sin_cos();
            x[i] *= cosine;
            v[i] *= -frequency * sine;
        }
        spectrum.reflect(&mut x);
        spectrum.reflect(&mut v);
        let [x, v] = [x, v].map(|numbers| Tensor::new(numbers, self.matrix.device()));
        let x = match &self.minimiser {
            Some(minimiser) => (x? + minimiser)?,
            None => x?,
        };
        Ok(Phase::new(x, v?))
    }

    /// x − x*, for one point or for rows of points.
    fn displacement(&self, points: &Tensor) -> Result<Tensor> {
        // A single coordinate would be taken for all of them when it is subtracted.
        if points.dims().last() != Some(&self.dimension()) {
            return Err(Error::Shape {
                what: "a point of a quadratic",
                found: points.dims().to_vec(),
                expected: format!("[{}]", self.dimension()),
            });
        }
        Ok(match &self.minimiser {
            Some(minimiser) => points.broadcast_sub(minimiser)?,
            None => points.clone(),
        })
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
        let product = (self.gradient(point)? * self.displacement(point)?)?;
        Ok((product.sum_all()? * 0.5)?.to_scalar()?)
    }

    fn gradient(&self, point: &Tensor) -> Result<Tensor> {
        let displacement = self.displacement(point)?;
        Ok(self
            .matrix
            .matmul(&displacement.unsqueeze(1)?)?
            .squeeze(1)?)
    }

    fn gradients(&self, points: &Tensor) -> Result<Tensor> {
        Ok(self.displacement(points)?.matmul(&self.matrix)?)
    }

    fn cost(&self, points: usize) -> Cost {
        let d = self.dimension() as f64;
        Cost {
            operations: 2.0 * d * d * points as f64,
            bytes: 8.0 * d * (d + 2.0 * points as f64),
        }
    }
}
