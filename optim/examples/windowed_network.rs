//! Trains a small network several steps at a time: the same Heavy Ball run one step after the other, and in windows of
//! four steps, each step on a replica of the network with the batch that it would have had anyway.
//!
//! `cargo run --release -p hamiltonian-descent --example windowed_network`
//!
//! The data are two spirals, made here. To train your own network, replace [`batch`] and [`Spirals`]: a replica is
//! variables and a closure that computes the loss of a step.

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::{Linear, Module, VarBuilder, VarMap};
use optim::nn::{Replica, Windowed};
use optim::{Kinetic, Method, Predictor, Recurrence, Window, WindowMethod};

const ROWS: usize = 64;
const STEPS: usize = 1_000;
/// Steps between two looks.
const EVERY: usize = 200;

/// Points of two spirals and which one each is on. The step alone decides which, so that whoever asks for a step's
/// batch, and however often, gets the same.
fn batch(step: usize) -> Result<(Tensor, Tensor)> {
    let mut points = Vec::with_capacity(2 * ROWS);
    let mut labels = Vec::with_capacity(ROWS);
    for row in 0..ROWS {
        // Far from each other in the spiral, and others at every step.
        let along = ((step * ROWS + row) as f64 * 0.618_034).fract() as f32;
        let (turn, which) = (along * 4.0, (row % 2) as u32);
        let angle = turn + which as f32 * std::f32::consts::PI;
        points.extend([along * angle.cos(), along * angle.sin()]);
        labels.push(which);
    }
    Ok((
        Tensor::from_vec(points, (ROWS, 2), &Device::Cpu)?,
        Tensor::new(labels, &Device::Cpu)?,
    ))
}

/// Two hidden layers.
struct Spirals {
    varmap: VarMap,
    layers: [Linear; 3],
}

impl Spirals {
    /// With the same weights every time: all replicas have to begin alike.
    fn new() -> Result<Self> {
        let varmap = VarMap::new();
        let vb = VarBuilder::from_varmap(&varmap, DType::F32, &Device::Cpu);
        let layer = |from, to, name: &str| candle_nn::linear(from, to, vb.pp(name));
        let layers = [
            layer(2, 32, "first")?,
            layer(32, 32, "second")?,
            layer(32, 2, "last")?,
        ];
        for (which, (_, var)) in optim::nn::named_vars(&varmap).into_iter().enumerate() {
            let scale = 1.0 / (var.dims().last().copied().unwrap_or(1) as f32).sqrt();
            let drawn = |i: usize| (((i + 1) * (7 * which + 13)) as f32 * 12.9898).sin() * scale;
            let drawn: Vec<f32> = (0..var.elem_count()).map(drawn).collect();
            var.set(&Tensor::from_vec(drawn, var.shape(), &Device::Cpu)?)?;
        }
        Ok(Self { varmap, layers })
    }

    fn logits(&self, points: &Tensor) -> Result<Tensor> {
        let [first, second, last] = &self.layers;
        let hidden = second.forward(&first.forward(points)?.tanh()?)?.tanh()?;
        last.forward(&hidden)
    }

    /// Share of the points of a batch that it was not trained on that it tells rightly.
    fn accuracy(varmap: &VarMap) -> Result<f32> {
        let network = Self::new()?;
        for ((_, var), (_, trained)) in optim::nn::named_vars(&network.varmap)
            .iter()
            .zip(optim::nn::named_vars(varmap))
        {
            var.set(trained.as_tensor())?;
        }
        let (points, labels) = batch(1_000_000)?;
        let right = network.logits(&points)?.argmax(D::Minus1)?.eq(&labels)?;
        right.to_dtype(DType::F32)?.mean_all()?.to_scalar()
    }
}

/// A training of so many replicas, and the variables of the first, which are those that are trained.
fn training(replicas: usize, window: Window) -> optim::Result<(Windowed, VarMap)> {
    let networks = (0..replicas).map(|_| Spirals::new());
    let networks = networks.collect::<Result<Vec<_>>>()?;
    let trained = networks[0].varmap.clone();
    let replica = |network: Spirals| {
        Replica::of(&network.varmap.clone(), move |step| {
            let (points, labels) = batch(step)?;
            candle_nn::loss::cross_entropy(&network.logits(&points)?, &labels)
        })
    };
    let replicas = networks.into_iter().map(replica).collect();
    let heavy_ball = Recurrence::heavy_ball(Kinetic::HalfL2Squared, 0.02, 0.9).every(EVERY);
    Ok((Windowed::new(replicas, heavy_ball, window)?, trained))
}

fn main() -> optim::Result<()> {
    let sequential = Window::default();
    let window = Window {
        width: 4,
        tolerance: 1e-4,
        method: WindowMethod::picard(Predictor::LinearForce),
        across_flows: true,
        ..Window::default()
    };
    for (name, window) in [("one by one", sequential), ("in windows", window)] {
        let (mut training, weights) = training(window.width, window)?;
        println!("{name}: {window}, {} replicas", window.width);
        for _ in 0..STEPS / EVERY {
            training.advance()?;
            let (rounds, loss) = (training.counts().rounds, training.loss()?);
            println!("  {rounds:5} rounds, loss {:.4}", loss.unwrap_or(f64::NAN));
        }
        println!("  {:.1} % right", 100.0 * Spirals::accuracy(&weights)?);
    }

    // A training that is stopped and goes on ends where it would have ended anyway, within the tolerance.
    let state = std::env::temp_dir().join("windowed_network.safetensors");
    let (mut before, _) = training(window.width, window)?;
    before.advance()?;
    before.save_state(&state)?;
    let (mut after, weights) = training(window.width, window)?;
    after.load_state(&state)?;
    for _ in 1..STEPS / EVERY {
        after.advance()?;
    }
    println!(
        "saved and loaded: {:.1} % right",
        100.0 * Spirals::accuracy(&weights)?
    );
    std::fs::remove_file(&state).ok();
    Ok(())
}
