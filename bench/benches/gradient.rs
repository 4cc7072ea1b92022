//! Full-batch gradients at W points. One group, `gradient`; cases are
//! data-kernel-evaluator-precision, sizes W; throughput in elements of the data times W.
//!
//! One point has no evaluator: sequential and batched are the same there. In f64 there are the
//! kernels that the data gets by itself, and one composed case to compare them with.

mod common;

use bench::{SHAPES, Shape};
use candle_core::{DType, Tensor, Var};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use optim::{Batched, Evaluator, Kernel, LogisticRegression, Potential, Sequential};
use std::sync::Arc;

const WIDTHS: [usize; 3] = [1, 4, 16];

/// One of the benchmarks of a potential.
struct Case<'a> {
    shape: &'a Shape,
    potential: Arc<LogisticRegression>,
    dtype: DType,
}

impl Case<'_> {
    fn elements(&self, width: usize) -> Throughput {
        Throughput::Elements((width * self.shape.rows * self.shape.features) as u64)
    }

    fn name(&self, evaluator: &str) -> String {
        let (data, kernel) = (self.shape.name, self.potential.kernel());
        format!("{data}-{kernel}{evaluator}-{}", self.dtype.as_str())
    }

    fn points(&self, width: usize) -> Vec<Tensor> {
        let point = |w| self.shape.point(w, self.dtype).unwrap();
        (0..width).map(point).collect()
    }

    fn one(&self, c: &mut Criterion) {
        let point = self.points(1).remove(0);
        let mut group = c.benchmark_group("gradient");
        group.throughput(self.elements(1));
        group.bench_function(BenchmarkId::new(self.name(""), 1), |b| {
            b.iter(|| self.potential.gradient(&point).unwrap());
        });
        group.finish();
    }

    fn several(&self, c: &mut Criterion, name: &str, evaluator: &dyn Evaluator, width: usize) {
        // Stacked, as a window hands its points over.
        let points = Tensor::stack(&self.points(width), 0).unwrap();
        let mut group = c.benchmark_group("gradient");
        group.throughput(self.elements(width));
        group.bench_function(BenchmarkId::new(self.name(name), width), |b| {
            b.iter(|| evaluator.stacked(&points).unwrap());
        });
        group.finish();
    }
}

fn gradient(c: &mut Criterion) {
    for shape in &SHAPES {
        for dtype in [DType::F32, DType::F64] {
            for kernel in [shape.kernel(), Kernel::Composed] {
                let potential = shape.potential(dtype, kernel).unwrap();
                let case = Case {
                    shape,
                    potential: potential.clone(),
                    dtype,
                };
                let beside = dtype == DType::F64 && kernel == Kernel::Composed;
                for width in WIDTHS {
                    if beside && width != 4 {
                        continue;
                    }
                    if width == 1 {
                        case.one(c);
                        continue;
                    }
                    let batched = Batched::new(potential.clone());
                    case.several(c, "-batched", &batched, width);
                    if dtype == DType::F32 {
                        let sequential = Sequential::new(potential.clone());
                        case.several(c, "-sequential", &sequential, width);
                    }
                }
            }
        }
    }
}

/// The same by candle's own automatic differentiation, which nothing here uses.
fn autograd(c: &mut Criterion) {
    let mut group = c.benchmark_group("gradient");
    for shape in SHAPES {
        let x = shape.data(DType::F32).unwrap();
        let targets = Tensor::new(shape.labels(), x.device()).unwrap();
        let point = shape.point(0, DType::F32).unwrap();
        let weights = point.reshape((shape.features, shape.classes)).unwrap();
        let weights = Var::from_tensor(&weights).unwrap();
        group.throughput(Throughput::Elements((shape.rows * shape.features) as u64));
        let case = format!("{}-autograd-f32", shape.name);
        group.bench_function(BenchmarkId::new(case, 1), |b| {
            b.iter(|| {
                let logits = x.matmul(weights.as_tensor()).unwrap();
                let loss = candle_nn::loss::cross_entropy(&logits, &targets).unwrap();
                loss.backward().unwrap()
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = common::criterion();
    targets = gradient, autograd
}
criterion_main!(benches);
