//! One full-batch gradient: closed form against candle's autograd, and W points one after the
//! other against W points in one product. Groups: `gradient/<data>`, `window-gradient/<data>`.

use bench::SHAPES;
use candle_core::{DType, Var};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use optim::{Batched, Evaluator, Potential, Sequential};

fn gradient(c: &mut Criterion) {
    for shape in SHAPES {
        let mut group = c.benchmark_group(format!("gradient/{}", shape.name));
        group.sample_size(10);
        group.throughput(Throughput::Elements((shape.rows * shape.features) as u64));
        for dtype in [DType::F32, DType::F64] {
            let potential = shape.potential(dtype).unwrap();
            let point = shape.point(0, dtype).unwrap();
            group.bench_function(BenchmarkId::new("closed-form", dtype.as_str()), |b| {
                b.iter(|| potential.gradient(&point).unwrap());
            });
        }
        let (x, labels) = shape.data(DType::F32).unwrap();
        let targets = candle_core::Tensor::new(labels, x.device()).unwrap();
        let point = shape.point(0, DType::F32).unwrap();
        let weights = point.reshape((shape.features, shape.classes)).unwrap();
        let weights = Var::from_tensor(&weights).unwrap();
        group.bench_function(BenchmarkId::new("autograd", "f32"), |b| {
            b.iter(|| {
                let logits = x.matmul(weights.as_tensor()).unwrap();
                candle_nn::loss::cross_entropy(&logits, &targets)
                    .unwrap()
                    .backward()
                    .unwrap()
            });
        });
        group.finish();
    }
}

fn window_gradient(c: &mut Criterion) {
    for shape in SHAPES {
        let mut group = c.benchmark_group(format!("window-gradient/{}", shape.name));
        group.sample_size(10);
        let potential = shape.potential(DType::F32).unwrap();
        for width in [1, 2, 4, 8] {
            let points: Vec<_> = (0..width)
                .map(|w| shape.point(w, DType::F32).unwrap())
                .collect();
            group.throughput(Throughput::Elements(
                (width * shape.rows * shape.features) as u64,
            ));
            let evaluators: [(&str, Box<dyn Evaluator>); 2] = [
                ("sequential", Box::new(Sequential::new(potential.clone()))),
                ("batched", Box::new(Batched::new(potential.clone()))),
            ];
            for (name, evaluator) in evaluators {
                group.bench_function(BenchmarkId::new(name, width), |b| {
                    b.iter(|| evaluator.gradients(&points).unwrap());
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, gradient, window_gradient);
criterion_main!(benches);
