//! Trains a small network to read digits, with SGD and with Hamiltonian Descent: what changes is the line
//! that makes the optimiser.
//!
//! `cargo run --release -p hamiltonian-descent --example digits`
//!
//! The digits are drawn here, from a font of 5 x 7 dots, moved about and with noise, so that nothing has
//! to be fetched.

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::{Linear, Module, Optimizer, VarBuilder, VarMap};
use optim::Kinetic;
use optim::nn::{
    BaselineConfig, BaselineDescent, HamiltonianConfig, HamiltonianDescent, Integration,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// Five dots a row, seven rows a digit.
const FONT: [[u8; 7]; 10] = [
    [
        0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110,
    ],
    [
        0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110,
    ],
    [
        0b01110, 0b10001, 0b00001, 0b00010, 0b00100, 0b01000, 0b11111,
    ],
    [
        0b11111, 0b00010, 0b00100, 0b00010, 0b00001, 0b10001, 0b01110,
    ],
    [
        0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010,
    ],
    [
        0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110,
    ],
    [
        0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110,
    ],
    [
        0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000,
    ],
    [
        0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110,
    ],
    [
        0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100,
    ],
];

/// Pixels of a side.
const SIDE: usize = 9;
const BATCH: usize = 64;
const EPOCHS: usize = 8;

/// Images `[n, 81]` and which digits they are `[n]`.
struct Digits {
    images: Tensor,
    labels: Tensor,
}

impl Digits {
    fn drawn(count: usize, seed: u64) -> Result<Self> {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let mut images = Vec::with_capacity(count * SIDE * SIDE);
        let mut labels = Vec::with_capacity(count);
        for _ in 0..count {
            let digit = random.random_range(0..10);
            let (left, top) = (random.random_range(1..=3), random.random_range(0..=2));
            let noise = |_| random.random_range(-0.6..0.6);
            let mut image: Vec<f32> = (0..SIDE * SIDE).map(noise).collect();
            for (y, row) in FONT[digit].iter().enumerate() {
                for x in 0..5 {
                    if row >> (4 - x) & 1 == 1 {
                        image[(top + y) * SIDE + left + x] += 1.0;
                    }
                }
            }
            images.extend(image);
            labels.push(digit as u32);
        }
        Ok(Self {
            images: Tensor::from_vec(images, (count, SIDE * SIDE), &Device::Cpu)?,
            labels: Tensor::new(labels, &Device::Cpu)?,
        })
    }

    fn batch(&self, index: usize) -> Result<Self> {
        Ok(Self {
            images: self.images.narrow(0, index * BATCH, BATCH)?,
            labels: self.labels.narrow(0, index * BATCH, BATCH)?,
        })
    }

    fn batches(&self) -> Result<usize> {
        Ok(self.labels.dim(0)? / BATCH)
    }
}

struct Network {
    hidden: Linear,
    out: Linear,
}

impl Network {
    /// The same start for every optimiser: drawn here, as candle's generator cannot be seeded on a CPU.
    fn new(varmap: &VarMap, seed: u64) -> Result<Self> {
        let vb = VarBuilder::from_varmap(varmap, DType::F32, &Device::Cpu);
        let network = Self {
            hidden: candle_nn::linear(SIDE * SIDE, 64, vb.pp("hidden"))?,
            out: candle_nn::linear(64, 10, vb.pp("out"))?,
        };
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        for (_, var) in optim::nn::named_vars(varmap) {
            let inputs = var.dims().last().copied().unwrap_or(1) as f32;
            let bound = 1.0 / inputs.sqrt();
            let draw = |_| random.random_range(-bound..bound);
            let start: Vec<f32> = (0..var.elem_count()).map(draw).collect();
            var.set(&Tensor::from_vec(start, var.shape(), &Device::Cpu)?)?;
        }
        Ok(network)
    }

    fn loss(&self, digits: &Digits) -> Result<Tensor> {
        candle_nn::loss::cross_entropy(&self.forward(&digits.images)?, &digits.labels)
    }

    fn accuracy(&self, digits: &Digits) -> Result<f32> {
        let read = self.forward(&digits.images)?.argmax(D::Minus1)?;
        let right = read.eq(&digits.labels)?.to_dtype(DType::F32)?;
        right.mean_all()?.to_scalar()
    }
}

impl Module for Network {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.out.forward(&self.hidden.forward(x)?.relu()?)
    }
}

/// Trains a network and says after every epoch how it does.
fn train(
    name: &str,
    data: &[Digits; 2],
    optimizer: impl FnOnce(&VarMap) -> Result<Step>,
) -> Result<()> {
    let [training, test] = data;
    let varmap = VarMap::new();
    let network = Network::new(&varmap, 1)?;
    let mut step = optimizer(&varmap)?;
    println!("{name}");
    for epoch in 1..=EPOCHS {
        let mut sum = 0.0;
        for index in 0..training.batches()? {
            let batch = training.batch(index)?;
            let loss = step(&|| network.loss(&batch))?;
            sum += loss.to_scalar::<f32>()?;
        }
        let mean = sum / training.batches()? as f32;
        let right = 100.0 * network.accuracy(test)?;
        println!("  epoch {epoch}: training loss {mean:.3}, {right:.1} % of new digits read");
    }
    Ok(())
}

/// One step of an optimiser, from the loss of a batch.
type Step = Box<dyn FnMut(&dyn Fn() -> Result<Tensor>) -> Result<Tensor>>;

/// Any optimiser of candle takes the gradients of the loss.
fn stepping(mut optimizer: impl Optimizer + 'static) -> Step {
    Box::new(move |loss| {
        let loss = loss()?;
        optimizer.backward_step(&loss)?;
        Ok(loss)
    })
}

fn main() -> Result<()> {
    let data = [Digits::drawn(6400, 2)?, Digits::drawn(1000, 3)?];

    train("SGD, learning rate 0.1", &data, |varmap| {
        Ok(stepping(candle_nn::SGD::new(varmap.all_vars(), 0.1)?))
    })?;

    train("SGD with momentum 0.9", &data, |varmap| {
        let config = BaselineConfig {
            learning_rate: 0.1,
            momentum: 0.9,
            ..BaselineConfig::default()
        };
        Ok(stepping(BaselineDescent::of(varmap, config)?))
    })?;

    // θ² = 0.1 is the learning rate; the velocity is reset after four steps.
    let config = HamiltonianConfig {
        step_size: 0.1f64.sqrt(),
        steps: 4,
        ..HamiltonianConfig::default()
    };
    train("Hamiltonian Descent, learning rate 0.1", &data, |varmap| {
        Ok(stepping(HamiltonianDescent::of(varmap, config.clone())?))
    })?;

    // Its gradient is taken at another point than the iterate: it is told how to compute the loss.
    let stratified = HamiltonianConfig {
        integration: Integration::Stratified,
        ..config.clone()
    };
    train("the same, stratified", &data, |varmap| {
        let mut optimizer = HamiltonianDescent::of(varmap, stratified)?;
        Ok(Box::new(move |loss| optimizer.step_with(loss)))
    })?;

    // All weights together move by a step of a given length.
    let normalised = HamiltonianConfig {
        kinetic: Kinetic::L2,
        step_size: 0.1,
        ..config
    };
    train("the same with the kinetic energy |v|", &data, |varmap| {
        Ok(stepping(HamiltonianDescent::of(varmap, normalised)?))
    })
}
