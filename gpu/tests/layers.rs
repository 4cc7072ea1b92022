//! A network's layers and their gradients against the tensor library's own, wherever kernels run.

#![cfg(any(feature = "cuda", feature = "emulated"))]

use candle_core::{DType, Device, Result, Tensor, Var};

fn devices() -> Vec<Device> {
    let mut devices = gpu::devices_to_test();
    devices.retain(|device| gpu::runs(device, DType::F32));
    devices
}

fn waves(shape: &[usize], pace: f64, dtype: DType) -> Tensor {
    let count = shape.iter().product::<usize>();
    let wave = |i| (i as f64 * pace).sin() + 0.1;
    let all = Tensor::from_vec((0..count).map(wave).collect(), shape, &Device::Cpu).unwrap();
    all.to_dtype(dtype).unwrap()
}

fn var(shape: &[usize], pace: f64, dtype: DType, device: &Device) -> Var {
    Var::from_tensor(&waves(shape, pace, dtype).to_device(device).unwrap()).unwrap()
}

/// The largest difference of two tensors, beside the largest number of the second.
fn apart(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.dims(), b.dims());
    let numbers = |t: &Tensor| {
        let t = t.to_device(&Device::Cpu).unwrap();
        let t = t.to_dtype(DType::F64).unwrap().flatten_all().unwrap();
        t.to_vec1::<f64>().unwrap()
    };
    let (a, b) = (numbers(a), numbers(b));
    let largest = b.iter().fold(1e-300, |most: f64, b| most.max(b.abs()));
    let apart = a.iter().zip(&b).map(|(a, b)| (a - b).abs());
    // What is no number is far from anything.
    let apart = apart.map(|d| if d.is_nan() { f64::INFINITY } else { d });
    apart.fold(0.0, f64::max) / largest
}

/// A value and the gradients of Σ y²·(1 … 2) for what it was made of.
fn with_gradients(y: Result<Tensor>, of: &[&Var]) -> Vec<Tensor> {
    let y = y.unwrap();
    let weights = waves(y.dims(), 0.013, y.dtype()).affine(0.5, 1.5).unwrap();
    let weights = weights.to_device(y.device()).unwrap();
    let loss = (y.sqr().unwrap() * weights).unwrap().sum_all().unwrap();
    let gradients = loss.backward().unwrap();
    let mut all = vec![y];
    all.extend(of.iter().map(|var| gradients.get(var).unwrap().clone()));
    all
}

fn agree(ours: &[Tensor], theirs: &[Tensor], dtype: DType, what: &str) {
    let bound = if dtype == DType::F32 { 1e-5 } else { 1e-12 };
    for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let apart = apart(ours, theirs);
        assert!(apart < bound, "{what}, {dtype:?}, {index}: {apart:e}");
    }
}

#[test]
fn convolution_and_its_gradients_are_the_tensor_librarys() {
    // Images, channels, height, width, filters, side of a kernel, stride, padding.
    let cases = [
        [2, 3, 8, 8, 4, 3, 1, 1],
        [2, 3, 8, 8, 4, 3, 2, 1],
        [3, 2, 7, 5, 3, 3, 2, 1],
        [3, 4, 6, 6, 5, 1, 2, 0],
        [1, 1, 5, 5, 1, 5, 1, 2],
        [2, 2, 4, 4, 3, 3, 1, 0],
        [2, 1, 3, 3, 2, 3, 3, 2],
        [1, 2, 3, 3, 2, 1, 1, 1],
        [5, 3, 16, 16, 2, 3, 1, 1],
    ];
    for device in devices() {
        for dtype in [DType::F64, DType::F32] {
            for case in cases {
                let [n, c, height, width, filters, k, stride, padding] = case;
                let both = |device: &Device| {
                    [
                        var(&[n, c, height, width], 0.37, dtype, device),
                        var(&[filters, c, k, k], 0.71, dtype, device),
                    ]
                };
                let [x, kernels] = both(&device);
                let ours = gpu::convolve(&x, &kernels, stride, padding);
                let ours = with_gradients(ours, &[&x, &kernels]);
                let [x, kernels] = both(&Device::Cpu);
                let theirs = x.conv2d(&kernels, padding, stride, 1, 1);
                let theirs = with_gradients(theirs, &[&x, &kernels]);
                agree(&ours, &theirs, dtype, &format!("{case:?}"));
            }
        }
    }
}

/// Batch normalisation by the tensor library's operations.
fn normalised(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let over = (0, 2, 3);
    let apart = x.broadcast_sub(&x.mean_keepdim(over)?)?;
    let variance = apart.sqr()?.mean_keepdim(over)?;
    let normal = apart.broadcast_div(&(variance + 1e-5)?.sqrt()?)?;
    let each = (1, weight.dim(0)?, 1, 1);
    normal
        .broadcast_mul(&weight.reshape(each)?)?
        .broadcast_add(&bias.reshape(each)?)
}

#[test]
fn batch_normalisation_its_gradients_and_running_statistics_are_the_tensor_librarys() {
    for device in devices() {
        for dtype in [DType::F64, DType::F32] {
            for shape in [[3, 4, 5, 5], [2, 3, 4, 8], [7, 70, 1, 2]] {
                let channels = shape[1];
                let vars = |device: &Device| {
                    [
                        var(&shape, 0.37, dtype, device),
                        var(&[channels], 0.9, dtype, device),
                        var(&[channels], 0.4, dtype, device),
                    ]
                };
                let start = waves(&[channels], 0.2, dtype).to_device(&device).unwrap();
                let running = [start.copy().unwrap(), start.copy().unwrap()];
                let [x, weight, bias] = vars(&device);
                let [mean, variance] = &running;
                let ours = gpu::normalise(&x, [&weight, &bias], [mean, variance], 1e-5, 0.1);
                let ours = with_gradients(ours, &[&x, &weight, &bias]);
                let [x, weight, bias] = vars(&Device::Cpu);
                let theirs = normalised(&x, &weight, &bias);
                let theirs = with_gradients(theirs, &[&x, &weight, &bias]);
                agree(&ours, &theirs, dtype, &format!("{shape:?}"));

                let flat = x.transpose(0, 1).unwrap().flatten_from(1).unwrap();
                let flat = flat.to_dtype(DType::F64).unwrap();
                let start = start.to_device(&Device::Cpu).unwrap();
                let start = (start.to_dtype(DType::F64).unwrap() * 0.9).unwrap();
                let moved = |to: Tensor| ((to * 0.1).unwrap() + &start).unwrap();
                let wanted = [flat.mean(1).unwrap(), flat.var(1).unwrap()].map(moved);
                agree(&running, &wanted, dtype, "running statistics");
            }
        }
    }
}

#[test]
fn rectified_units_and_their_gradients_are_the_tensor_librarys_at_0_too() {
    for device in devices() {
        for dtype in [DType::F64, DType::F32] {
            let both = |device: &Device| {
                let mut numbers = waves(&[3, 7, 5, 3], 0.9, dtype);
                numbers = numbers
                    .slice_assign(
                        &[0..1, 0..7, 0..5, 0..3],
                        &numbers.zeros_like().unwrap().narrow(0, 0, 1).unwrap(),
                    )
                    .unwrap();
                let x = Var::from_tensor(&numbers.to_device(device).unwrap()).unwrap();
                [
                    x.clone(),
                    Var::from_tensor(&x.affine(-2.0, 0.1).unwrap()).unwrap(),
                ]
            };
            let [x, y] = both(&device);
            let ours = with_gradients(gpu::rectified(&x), &[&x]);
            let sum = with_gradients(gpu::rectified_sum(&x, &y), &[&x, &y]);
            let [x, y] = both(&Device::Cpu);
            agree(&ours, &with_gradients(x.relu(), &[&x]), dtype, "rectified");
            let theirs = with_gradients((x.as_tensor() + y.as_tensor()).unwrap().relu(), &[&x, &y]);
            agree(&sum, &theirs, dtype, "rectified sum");
        }
    }
}

#[test]
fn a_push_is_a_product_and_a_sum() {
    for device in devices() {
        for dtype in [DType::F64, DType::F32] {
            // More than a kernel takes at once, of several lengths.
            let pairs: Vec<(Tensor, Tensor)> = (0..100)
                .map(|i| {
                    let of = |pace| waves(&[3, 1 + 37 * (i % 11)], pace, dtype);
                    (of(0.3 + 0.01 * i as f64), of(0.8))
                })
                .collect();
            let there = |(x, y): &(Tensor, Tensor)| {
                let x = x.to_device(&device).unwrap().copy().unwrap();
                (x, y.to_device(&device).unwrap())
            };
            let moved: Vec<(Tensor, Tensor)> = pairs.iter().map(there).collect();
            gpu::push(&moved, -0.7).unwrap();
            for ((x, y), (moved, _)) in pairs.iter().zip(&moved) {
                let wanted = (x + (y * -0.7).unwrap()).unwrap();
                assert_eq!(apart(moved, &wanted), 0.0, "{dtype:?}");
            }
            let twice = [moved[0].clone(), moved[0].clone()];
            assert!(gpu::push(&twice, 1.0).is_err());
            let along_itself = (moved[0].0.clone(), moved[0].0.clone());
            assert!(gpu::push(&[along_itself], 1.0).is_err());
        }
    }
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let x = waves(&[1, 2, 4, 4], 0.3, DType::F64);
    for kernels in [[1, 3, 3, 3], [1, 2, 3, 2], [1, 2, 7, 7], [0, 2, 3, 3]] {
        assert!(gpu::convolve(&x, &waves(&kernels, 0.1, DType::F64), 1, 1).is_err());
    }
    let kernels = waves(&[1, 2, 3, 3], 0.1, DType::F64);
    assert!(gpu::convolve(&x, &kernels, 0, 1).is_err());
    let [two, three] = [2, 3].map(|count| waves(&[count], 0.1, DType::F64));
    assert!(gpu::normalise(&x, [&two, &three], [&two, &two], 0.0, 0.1).is_err());
    assert!(gpu::rectified_sum(&x, &kernels).is_err());
    assert!(gpu::push(&[(x.clone(), kernels.clone())], 1.0).is_err());
}
