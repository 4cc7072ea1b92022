//! A potential that costs nothing, to see what everything else costs.

use candle_core::{DType, Device, Tensor};
use optim::{Cost, Potential};

/// f = ½‖x‖² in f32 on the CPU. Its gradient is the point itself, by its handle: nothing is
/// computed and nothing copied.
#[derive(Clone, Copy, Debug)]
pub struct Free {
    /// D.
    pub dimension: usize,
}

impl Potential for Free {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn dtype(&self) -> DType {
        DType::F32
    }

    fn device(&self) -> &Device {
        &Device::Cpu
    }

    fn value(&self, point: &Tensor) -> optim::Result<f64> {
        Ok(f64::from(point.sqr()?.sum_all()?.to_scalar::<f32>()?) / 2.0)
    }

    fn gradient(&self, point: &Tensor) -> optim::Result<Tensor> {
        Ok(point.clone())
    }

    fn gradients(&self, points: &Tensor) -> optim::Result<Tensor> {
        Ok(points.clone())
    }

    fn cost(&self, _points: usize) -> Cost {
        Cost {
            operations: 0.0,
            bytes: 0.0,
        }
    }
}
