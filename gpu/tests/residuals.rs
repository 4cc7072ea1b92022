//! Residuals on every device there is: a GPU takes part where there is one.

use candle_core::{D, DType, Device, Result, Tensor};
use gpu::{Scratch, residuals};

/// Logits of `points` points, and labels.
fn logits(rows: usize, points: usize, classes: usize, dtype: DType) -> (Tensor, Tensor) {
    let z = |i: usize| ((i * 7919) % 1000) as f64 / 50.0 - 10.0;
    let z: Vec<f64> = (0..rows * points * classes).map(z).collect();
    let z = Tensor::from_vec(z, (rows, points * classes), &Device::Cpu).unwrap();
    let labels: Vec<u32> = (0..rows).map(|i| (i % classes) as u32).collect();
    let labels = Tensor::from_vec(labels, rows, &Device::Cpu).unwrap();
    (z.to_dtype(dtype).unwrap(), labels)
}

/// The same by the library's operations.
fn composed(z: &Tensor, labels: &Tensor, classes: usize, scale: f64) -> Result<Tensor> {
    let (rows, columns) = z.dims2()?;
    let z = z.reshape((rows, columns / classes, classes))?;
    let e = z.broadcast_sub(&z.max_keepdim(D::Minus1)?)?.exp()?;
    let softmax = e.broadcast_div(&e.sum_keepdim(D::Minus1)?)?;
    let kinds = Tensor::arange(0u32, classes as u32, z.device())?;
    let target = labels.unsqueeze(1)?.broadcast_eq(&kinds.unsqueeze(0)?)?;
    let target = target.to_dtype(z.dtype())?.unsqueeze(1)?;
    (softmax.broadcast_sub(&target)? * scale)?.reshape((rows, columns))
}

fn apart(a: &Tensor, b: &Tensor) -> f64 {
    let difference = (a - b).unwrap().abs().unwrap().flatten_all().unwrap();
    let largest = difference.max(0).unwrap().to_dtype(DType::F64).unwrap();
    largest.to_scalar().unwrap()
}

#[test]
fn residuals_are_those_of_the_librarys_operations_for_any_number_of_points_and_classes() {
    for device in gpu::devices_to_test() {
        for (dtype, bound) in [(DType::F32, 1e-7), (DType::F64, 1e-16)] {
            for (rows, points, classes) in [
                (1, 1, 2),
                (300, 1, 10),
                (257, 4, 10),
                (70, 3, 64),
                (5, 2, 191),
            ] {
                let (z, labels) = logits(rows, points, classes, dtype);
                let wanted = composed(&z, &labels, classes, 0.25).unwrap();
                let here = z.to_device(&device).unwrap();
                let own = here.copy().unwrap();
                residuals(&own, &labels.to_device(&device).unwrap(), classes, 0.25).unwrap();
                let found = own.to_device(&Device::Cpu).unwrap();
                let apart = apart(&found, &wanted);
                assert!(
                    apart <= bound,
                    "{device:?} {rows} x {points} x {classes}: {apart:e}"
                );
            }
        }
    }
}

#[test]
fn huge_logits_do_not_overflow_and_what_is_not_a_number_stays_so() {
    let z = Tensor::new(&[[1e30f32, -1e30], [f32::NAN, 0.0]], &Device::Cpu).unwrap();
    let labels = Tensor::new(&[1u32, 0], &Device::Cpu).unwrap();
    residuals(&z, &labels, 2, 1.0).unwrap();
    let z = z.to_vec2::<f32>().unwrap();
    assert_eq!(z[0], [1.0, -1.0]);
    assert!(z[1].iter().all(|v| v.is_nan()), "{z:?}");
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let (z, labels) = logits(4, 1, 6, DType::F64);
    let refused = |z: &Tensor, labels: &Tensor, classes| {
        residuals(z, labels, classes, 1.0).unwrap_err().to_string()
    };
    assert!(refused(&z, &labels, 4).contains("6 columns"));
    assert!(refused(&z, &labels, 0).contains("0 classes"));
    assert!(refused(&z, &labels.narrow(0, 0, 3).unwrap(), 6).contains("labels"));
    let (wide, labels) = logits(1, 1, 200, DType::F64);
    assert!(refused(&wide, &labels, 200).contains("at most"));
    let z = z.to_dtype(DType::F16).unwrap();
    let (_, labels) = logits(4, 1, 6, DType::F64);
    assert!(refused(&z, &labels, 6).contains("neither f32 nor f64"));
}

/// What [`gpu::gradients`] makes in one pass, by the tensor library's operations.
fn composed_gradients(x: &Tensor, labels: &Tensor, points: &Tensor, classes: usize) -> Tensor {
    let features = x.dim(1).unwrap();
    let each = (0..points.dim(0).unwrap()).map(|point| {
        let theta = points.get(point).unwrap();
        let theta = theta.reshape((features, classes)).unwrap();
        let z = x.matmul(&theta).unwrap();
        let residuals = composed(&z, labels, classes, 0.25).unwrap();
        let sums = x.t().unwrap().matmul(&residuals).unwrap();
        sums.flatten_all().unwrap()
    });
    Tensor::stack(&each.collect::<Vec<_>>(), 0).unwrap()
}

#[test]
fn gradients_in_one_pass_are_those_of_two_products_for_any_number_of_points_and_classes() {
    for device in gpu::devices_to_test() {
        for (dtype, bound) in [(DType::F32, 2e-5), (DType::F64, 2e-14)] {
            if !gpu::runs(&device, dtype) {
                continue;
            }
            // More than the CPU's emulation has shared memory for.
            let large = [(500, 784, 1, 10), (300, 256, 2, 10), (2000, 700, 1, 10)];
            let large = large.into_iter().filter(|_| device.is_cuda());
            let small = [
                (1, 1, 1, 2),
                (64, 5, 1, 2),
                (300, 123, 1, 2),
                (333, 63, 8, 2),
                (129, 60, 10, 2),
                (257, 33, 1, 10),
                (70, 33, 2, 10),
                (90, 20, 2, 7),
                (31, 40, 2, 9),
                (40, 17, 1, 20),
                (50, 100, 1, 10),
                (70, 130, 3, 2),
                (33, 250, 1, 2),
            ];
            for (rows, features, points, classes) in small.into_iter().chain(large) {
                let what = format!(
                    "{device:?} {dtype:?} {rows}x{features}, {points} points, C = {classes}"
                );
                let number = |i: usize| (((i * 7919) as f64).sin() * 43_758.5).fract();
                let tensor = |from: usize, rows: usize, columns: usize| {
                    let numbers: Vec<f64> = (from..from + rows * columns).map(number).collect();
                    let tensor = Tensor::from_vec(numbers, (rows, columns), &Device::Cpu);
                    tensor.unwrap().to_dtype(dtype).unwrap()
                };
                let (x, thetas) = (
                    tensor(0, rows, features),
                    tensor(7, points, features * classes),
                );
                let labels: Vec<u32> = (0..rows).map(|i| (i * i % classes) as u32).collect();
                let labels = Tensor::from_vec(labels, rows, &Device::Cpu).unwrap();
                let wanted = composed_gradients(&x, &labels, &thetas, classes);
                let there = |tensor: &Tensor| tensor.to_device(&device).unwrap();
                let made = gpu::gradients(
                    &there(&x),
                    &there(&labels),
                    &there(&thetas),
                    classes,
                    0.25,
                    &Scratch::default(),
                );
                let found = made
                    .unwrap()
                    .unwrap_or_else(|| panic!("{what}: not at once"));
                let apart = apart(&found.to_device(&Device::Cpu).unwrap(), &wanted);
                assert!(apart <= bound * rows as f64, "{what}: {apart:e}");
            }
        }
    }
}

#[test]
fn what_no_block_can_make_alone_is_left_to_products() {
    let zeros = |rows, columns| Tensor::zeros((rows, columns), DType::F32, &Device::Cpu).unwrap();
    let labels = Tensor::zeros(4, DType::U32, &Device::Cpu).unwrap();
    let made = gpu::gradients(
        &zeros(4, 2),
        &labels,
        &zeros(1, 42),
        21,
        1.0,
        &Scratch::default(),
    )
    .unwrap();
    assert!(made.is_none());
    let made = gpu::gradients(
        &zeros(4, 5000),
        &labels,
        &zeros(1, 10_000),
        2,
        1.0,
        &Scratch::default(),
    )
    .unwrap();
    assert!(made.is_none());
    assert!(
        gpu::gradients(
            &zeros(4, 2),
            &labels,
            &zeros(1, 5),
            2,
            1.0,
            &Scratch::default()
        )
        .is_err()
    );
}
