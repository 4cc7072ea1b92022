//! Prints how long the kernels take on the first GPU, at the shapes of the paper's data.
//!
//! `cargo run --release -p hamiltonian-descent-gpu --features cuda --example times`, with the name of a data set for that alone

use candle_core::{DType, Device, Result, Tensor};
use gpu::{Energy, KernelGradients, Model, Pace, Scratch, Steps};
use std::time::Instant;

/// Calls that are timed together, so that the host's waiting is small beside them.
const CALLS: usize = 50;

/// Median microseconds of a call, of nine times.
fn microseconds(device: &Device, mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..10 {
        device.synchronize()?;
        let begin = Instant::now();
        for _ in 0..CALLS {
            call()?;
        }
        device.synchronize()?;
        times.push(begin.elapsed().as_secs_f64() * 1e6 / CALLS as f64);
    }
    // The first has loaded what is called.
    times.remove(0);
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

fn numbers(shape: (usize, usize), scale: f64, device: &Device) -> Result<Tensor> {
    let number = |i: usize| ((i * 7919) % 1000) as f64 / 500.0 - 1.0;
    let all: Vec<f32> = (0..shape.0 * shape.1)
        .map(|i| (number(i) * scale) as f32)
        .collect();
    Tensor::from_vec(all, shape, device)
}

/// By two products, with the residuals in one pass between them.
fn by_products(x: &Tensor, labels: &Tensor, points: &Tensor, classes: usize) -> Result<Tensor> {
    let (window, features) = (points.dim(0)?, x.dim(1)?);
    let weights = points.reshape((window, features, classes))?;
    let weights = weights.transpose(0, 1)?.contiguous()?;
    let z = x.matmul(&weights.reshape((features, window * classes))?)?;
    gpu::residuals(&z, labels, classes, 1e-4)?;
    let sums = x.t()?.matmul(&z)?.reshape((features, window, classes))?;
    sums.transpose(0, 1)?.contiguous()
}

fn gradients(device: &Device) -> Result<()> {
    println!("gradients at W points, f32: one pass, two products, their ratio");
    let scratch = Scratch::default();
    let only = std::env::args().nth(1);
    let all = [
        ("a8a", 22_696, 123, 2),
        ("a9a", 32_561, 123, 2),
        ("mnist", 50_000, 784, 10),
        ("usps", 7_291, 256, 10),
    ];
    for (name, rows, features, classes) in all {
        if only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        let x = numbers((rows, features), 1.0, device)?;
        let labels: Vec<u32> = (0..rows).map(|i| (i % classes) as u32).collect();
        let labels = Tensor::from_vec(labels, rows, device)?;
        for window in [1, 2, 4, 8, 16] {
            let points = numbers((window, features * classes), 0.01, device)?;
            let products = microseconds(device, || {
                by_products(&x, &labels, &points, classes).map(drop)
            })?;
            let one_pass = match gpu::gradients(&x, &labels, &points, classes, 1e-4, &scratch)? {
                Some(_) => microseconds(device, || {
                    gpu::gradients(&x, &labels, &points, classes, 1e-4, &scratch).map(drop)
                })?,
                None => f64::NAN,
            };
            let ratio = products / one_pass;
            println!("{name:6} W = {window:2}: {one_pass:7.1} us {products:7.1} us {ratio:5.2}x");
        }
    }
    Ok(())
}

fn window(device: &Device) -> Result<()> {
    println!(
        "a round of a secant window of 8, 10 known points: middle, changes, modelled steps, given steps"
    );
    let scratch = Scratch::default();
    for dimension in [246, 2_560, 7_840] {
        let points = numbers((10, dimension), 1.0, device)?;
        let gradients = numbers((10, dimension), 1e-3, device)?;
        let around = numbers((8, dimension), 1.0, device)?;
        let one = points.get(0)?;
        let given = around.copy()?;
        let middle = gpu::middle(&points, 1e-6, 1e-3, &scratch)?.copy()?;
        let steps = |model| Steps {
            position: &one,
            velocity: &one,
            gradients: KernelGradients::Given(&given),
            model,
            energy: Energy::HalfL2Squared,
            pace: Pace {
                count: 8,
                within: 0,
                flow_steps: 20,
                step_size: 0.1,
                time: 0.1,
                first_time: 0.05,
            },
        };
        let model = Model {
            points: &points,
            gradients: &gradients,
            middle: &middle,
            around: &around,
        };
        let times = [
            microseconds(device, || {
                gpu::middle(&points, 1e-6, 1e-3, &scratch).map(drop)
            })?,
            microseconds(device, || gpu::changes(&around, &given, &scratch).map(drop))?,
            microseconds(device, || steps(Some(model)).take(&scratch).map(drop))?,
            microseconds(device, || steps(None).take(&scratch).map(drop))?,
        ];
        let times = times.map(|time| format!("{time:.1}"));
        println!("D = {dimension:4}: {} us", times.join(", "));
    }
    let one = Tensor::zeros(1, DType::F32, device)?;
    let launch = microseconds(device, || one.affine(1.0, 1.0).map(drop))?;
    println!("an operation on one number: {launch:.1} us");
    Ok(())
}

fn main() -> Result<()> {
    let device = gpu::open(0)?;
    gradients(&device)?;
    window(&device)
}
