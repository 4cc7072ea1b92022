//! Products with fewer bits, where a GPU has them.

use super::Evaluator;
use crate::Result;
use candle_core::Tensor;
use candle_core::cuda::{gemm_reduced_precision_f32, set_gemm_reduced_precision_f32};
use std::sync::{Arc, Mutex, PoisonError};

/// Another evaluator, with the matrix products of f32 made in TF32: factors rounded to 10 bits behind
/// the point, sums in f32. On a GPU that has it; elsewhere products are as they were.
///
/// The switch is the tensor library's and the whole process's: what other threads compute meanwhile is
/// rounded too.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{Batched, Evaluator, Quadratic, Tf32};
/// use std::sync::Arc;
/// # fn main() -> optim::Result<()> {
/// let f = Arc::new(Quadratic::diagonal(&[2.0], &Device::Cpu)?);
/// let rounded = Tf32::new(Arc::new(Batched::new(f)));
/// let gradients = rounded.gradients(&[Tensor::new(&[1f64], &Device::Cpu)?])?;
/// assert_eq!(gradients[0].to_vec1::<f64>()?, [2.0]);
/// # Ok(())
/// # }
/// ```
pub struct Tf32 {
    of: Arc<dyn Evaluator>,
}

impl Tf32 {
    /// Computes the gradients of `of` in TF32.
    #[must_use]
    pub fn new(of: Arc<dyn Evaluator>) -> Self {
        Self { of }
    }
}

/// Who has the switch on at the moment, and how it was before.
static HOLDERS: Mutex<(usize, bool)> = Mutex::new((0, false));

/// Puts the switch back when the last is gone, whatever happens.
struct Switched;

impl Switched {
    fn on() -> Self {
        let mut holders = HOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
        if holders.0 == 0 {
            holders.1 = gemm_reduced_precision_f32();
            set_gemm_reduced_precision_f32(true);
        }
        holders.0 += 1;
        Self
    }
}

impl Drop for Switched {
    fn drop(&mut self) {
        let mut holders = HOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
        holders.0 -= 1;
        if holders.0 == 0 {
            set_gemm_reduced_precision_f32(holders.1);
        }
    }
}

impl Evaluator for Tf32 {
    fn gradients(&self, points: &[Tensor]) -> Result<Vec<Tensor>> {
        let _on = Switched::on();
        self.of.gradients(points)
    }

    fn stacked(&self, points: &Tensor) -> Result<Tensor> {
        let _on = Switched::on();
        self.of.stacked(points)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Batched, Quadratic};
    use candle_core::Device;

    /// Answers with whether the switch is on.
    struct Asked;

    impl Evaluator for Asked {
        fn gradients(&self, points: &[Tensor]) -> Result<Vec<Tensor>> {
            Ok(vec![self.stacked(&points[0])?])
        }

        fn stacked(&self, _points: &Tensor) -> Result<Tensor> {
            let holders = HOLDERS.lock().unwrap_or_else(PoisonError::into_inner).0;
            Ok(Tensor::new(holders as f64, &Device::Cpu)?)
        }
    }

    #[test]
    fn the_switch_is_on_while_gradients_are_computed_by_however_many_and_off_afterwards() {
        let outer = Tf32::new(Arc::new(Tf32::new(Arc::new(Asked))));
        let point = Tensor::new(&[1f64], &Device::Cpu).unwrap();
        let before = gemm_reduced_precision_f32();
        let holders = || HOLDERS.lock().unwrap_or_else(PoisonError::into_inner).0;
        let seen = outer.gradients(std::slice::from_ref(&point)).unwrap();
        assert_eq!(seen[0].to_scalar::<f64>().unwrap(), 2.0);
        assert_eq!(
            outer.stacked(&point).unwrap().to_scalar::<f64>().unwrap(),
            2.0
        );
        assert_eq!((holders(), gemm_reduced_precision_f32()), (0, before));
        let f = Arc::new(Quadratic::diagonal(&[3.0], &Device::Cpu).unwrap());
        let rounded = Tf32::new(Arc::new(Batched::new(f)));
        let gradients = rounded.stacked(&point.unsqueeze(0).unwrap()).unwrap();
        assert_eq!(gradients.to_vec2::<f64>().unwrap(), [[3.0]]);
        let failing = rounded.gradients(&[Tensor::new(&[1f32], &Device::Cpu).unwrap()]);
        assert!(failing.is_err());
        let after = (holders(), gemm_reduced_precision_f32());
        assert_eq!(after, (0, before), "whatever happens");
    }
}
