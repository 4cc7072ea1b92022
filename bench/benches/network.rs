//! What a training step of a small residual network spends its time on: group `network`. Cases are the
//! whole step, and the parts of its first stage alone, forwards and with their gradients, ours and
//! candle's; beside a convolution stands the product of the same size, which it could be. Sizes are images.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{ModuleT, VarBuilder, VarMap, batch_norm};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lab::experiments::training::{Architecture, Learner, ResNet, TrainingMethod};
use lab::seed::Seeds;
use layers::{convolve, normalise};

const IMAGES: usize = 64;
const SIDE: usize = 32;
const WIDTH: usize = 8;

fn waves(shape: &[usize]) -> Tensor {
    let count = shape.iter().product::<usize>();
    let wave = |i| (i as f32 * 0.37).sin();
    Tensor::from_vec((0..count).map(wave).collect(), shape, &Device::Cpu).unwrap()
}

fn measure(c: &mut Criterion, case: &str, mut of: impl FnMut() -> Result<()>) {
    let mut group = c.benchmark_group("network");
    group.throughput(Throughput::Elements(IMAGES as u64));
    group.sample_size(10);
    group.bench_function(BenchmarkId::new(case, IMAGES), |b| {
        b.iter(|| of().unwrap());
    });
    group.finish();
}

fn parts(c: &mut Criterion) {
    let x = Var::from_tensor(&waves(&[IMAGES, WIDTH, SIDE, SIDE])).unwrap();
    let kernel = Var::from_tensor(&waves(&[WIDTH, WIDTH, 3, 3])).unwrap();
    let convolved = || convolve(&x, &kernel, 1, 1);
    measure(c, "convolution-forward", || convolved().map(drop));
    measure(c, "convolution-with-gradients", || {
        convolved()?.sum_all()?.backward().map(drop)
    });
    let candles = || x.conv2d(&kernel, 1, 1, 1, 1);
    measure(c, "convolution-forward-candle", || candles().map(drop));
    measure(c, "convolution-with-gradients-candle", || {
        candles()?.sum_all()?.backward().map(drop)
    });
    let patches = waves(&[IMAGES * SIDE * SIDE, WIDTH * 9]);
    let flat = waves(&[WIDTH * 9, WIDTH]);
    measure(c, "product-of-that-size", || {
        patches.matmul(&flat).map(drop)
    });
    let varmap = VarMap::new();
    let vb = VarBuilder::from_varmap(&varmap, DType::F32, &Device::Cpu);
    let norm = batch_norm(WIDTH, 1e-5, vb).unwrap();
    measure(c, "normalisation-forward", || {
        normalise(&norm, &x).map(drop)
    });
    measure(c, "normalisation-with-gradients", || {
        normalise(&norm, &x)?.sum_all()?.backward().map(drop)
    });
    measure(c, "normalisation-forward-candle", || {
        norm.forward_t(&x, true).map(drop)
    });
    measure(c, "normalisation-with-gradients-candle", || {
        norm.forward_t(&x, true)?.sum_all()?.backward().map(drop)
    });
}

fn step(c: &mut Criterion) {
    let architecture = Architecture {
        width: WIDTH,
        blocks: vec![1, 1, 1],
    };
    let network = ResNet::new(&architecture, 3, 10, &Device::Cpu, Seeds::new(1), 0);
    let sgd = "baseline: {direction: half-l2-squared, learning_rate: 1e-4}";
    let sgd = TrainingMethod::listed(&datasets::yaml::load(sgd).unwrap()).unwrap();
    let mut learner = Learner::new(network.unwrap(), &sgd[0], 0).unwrap();
    let images = waves(&[IMAGES, 3, SIDE, SIDE]);
    let labels: Vec<u32> = (0..IMAGES).map(|i| (i % 10) as u32).collect();
    let labels = Tensor::new(labels, &Device::Cpu).unwrap();
    measure(c, "evaluation", || {
        learner
            .score(&images, &labels)
            .map(drop)
            .map_err(candle_core::Error::wrap)
    });
    measure(c, "training-step", || {
        learner
            .step(&images, &labels)
            .map(drop)
            .map_err(candle_core::Error::wrap)
    });
}

criterion_group!(benches, parts, step);
criterion_main!(benches);
