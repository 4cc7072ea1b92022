//! What a window holds, measured at the allocator. One test, so that nothing else allocates.

use candle_core::{DType, Device, Tensor};
use optim::{
    Batched, Cost, Kinetic, Method, Oracle, Potential, Predictor, Recurrence, Result, Storage,
    Window, WindowMethod, WindowedDescent, WindowedRecurrence,
};
use peak_alloc::PeakAlloc;
use std::sync::Arc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const DIMENSION: usize = 100_000;

/// f(x) = ½ Σ h_i x_i².
struct Bowl(Tensor);

impl Potential for Bowl {
    fn dimension(&self) -> usize {
        DIMENSION
    }

    fn device(&self) -> &Device {
        self.0.device()
    }

    fn dtype(&self) -> DType {
        self.0.dtype()
    }

    fn value(&self, point: &Tensor) -> Result<f64> {
        let sum = (point.sqr()? * &self.0)?.sum_all()?;
        Ok(f64::from(sum.to_scalar::<f32>()?) / 2.0)
    }

    fn gradient(&self, point: &Tensor) -> Result<Tensor> {
        Ok((point * &self.0)?)
    }

    fn gradients(&self, points: &Tensor) -> Result<Tensor> {
        Ok(points.broadcast_mul(&self.0)?)
    }

    fn cost(&self, points: usize) -> Cost {
        Cost {
            operations: (points * DIMENSION) as f64,
            bytes: (8 * points * DIMENSION) as f64,
        }
    }
}

/// Bytes a window holds at most, for each number of a point.
fn held(potential: &Arc<Bowl>, flow: WindowedRecurrence) -> f64 {
    let start = Tensor::ones(DIMENSION, DType::F32, &Device::Cpu).unwrap();
    let before = HEAP.current_usage();
    let oracle = Oracle::new(Batched::new(potential.clone()));
    let mut method = WindowedDescent::new(oracle, flow, start);
    HEAP.reset_peak_usage();
    method.advance().unwrap();
    (HEAP.peak_usage() - before) as f64 / DIMENSION as f64
}

#[test]
fn a_window_without_points_takes_less_memory_for_each_step_and_in_bf16_little_more_than_two_bytes()
{
    let curvatures: Vec<f32> = (0..DIMENSION).map(|i| 1.0 + (i % 7) as f32).collect();
    let potential = Arc::new(Bowl(Tensor::new(curvatures, &Device::Cpu).unwrap()));
    let per_step = |storage| {
        let predictor = Predictor::LinearForce;
        let flow = |width| WindowedRecurrence {
            recurrence: Recurrence::new(Kinetic::HalfL2Squared, 0.05, 32),
            window: Window {
                width,
                tolerance: 1e-3,
                method: WindowMethod::Picard { predictor, storage },
                ..Window::default()
            },
        };
        let (few, many) = (held(&potential, flow(8)), held(&potential, flow(24)));
        (many - few) / 16.0
    };
    let points = per_step(Storage::Points);
    let velocities = per_step(Storage::Velocities { at_once: Some(1) });
    let rounded = per_step(Storage::Bf16 { at_once: Some(1) });
    println!("bytes a number of one more step: {points:.1}, {velocities:.1}, {rounded:.1}");
    assert!(points >= 12.0, "points, gradients and new points: {points}");
    assert!((3.9..4.5).contains(&velocities), "{velocities}");
    assert!((1.9..2.5).contains(&rounded), "{rounded}");
}
