//! Values and gradients against the tensor library's own.

use super::patches::Patches;
use super::*;
use candle_core::{DType, Device, Var};
use candle_nn::{BatchNorm, VarBuilder, VarMap, batch_norm};

fn waves(shape: &[usize], pace: f64) -> Tensor {
    let count = shape.iter().product::<usize>();
    let wave = |i| (i as f64 * pace).sin() + 0.1;
    Tensor::from_vec((0..count).map(wave).collect(), shape, &Device::Cpu).unwrap()
}

/// The largest difference of two tensors.
fn distance(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.dims(), b.dims());
    let difference = (a - b).unwrap().abs().unwrap().max_all().unwrap();
    let difference = difference.to_dtype(DType::F64).unwrap();
    difference.to_scalar().unwrap()
}

/// Gradients of Σ y², for all that y was made of.
fn gradients(y: &Tensor, of: &[&Var]) -> Vec<Tensor> {
    let gradients = y.sqr().unwrap().sum_all().unwrap().backward().unwrap();
    let of = of.iter().map(|var| gradients.get(var).unwrap().clone());
    of.collect()
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
        // More images than are done at once.
        [9, 8, 32, 32, 2, 3, 1, 1],
    ];
    for case in cases {
        let [n, c, height, width, filters, k, stride, padding] = case;
        let x = Var::from_tensor(&waves(&[n, c, height, width], 0.37)).unwrap();
        let kernels = Var::from_tensor(&waves(&[filters, c, k, k], 0.71)).unwrap();
        let theirs = x.conv2d(&kernels, padding, stride, 1, 1).unwrap();
        let size = theirs.abs().unwrap().max_all().unwrap();
        let size: f64 = size.to_scalar().unwrap();
        let vars = [&x, &kernels];
        let ours = convolve(&x, &kernels, stride, padding).unwrap();
        assert!(distance(&ours, &theirs) < 1e-13 * size, "{case:?}");
        let pairs = gradients(&ours, &vars)
            .into_iter()
            .zip(gradients(&theirs, &vars));
        for (ours, theirs) in pairs {
            let size = theirs.abs().unwrap().max_all().unwrap();
            let size: f64 = size.to_scalar().unwrap();
            assert!(distance(&ours, &theirs) < 1e-12 * size, "{case:?}");
        }
    }
}

#[test]
fn images_that_lie_otherwise_in_memory_are_convolved_alike() {
    let x = waves(&[2, 3, 6, 6], 0.3);
    let turned = x.transpose(2, 3).unwrap();
    let kernels = waves(&[2, 3, 3, 3], 0.9);
    let ours = convolve(&turned, &kernels, 1, 1).unwrap();
    let same = convolve(&turned.contiguous().unwrap(), &kernels, 1, 1).unwrap();
    assert_eq!(distance(&ours, &same), 0.0);
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let x = waves(&[1, 2, 4, 4], 0.3);
    for kernels in [[1, 3, 3, 3], [1, 2, 3, 2], [1, 2, 7, 7]] {
        assert!(convolve(&x, &waves(&kernels, 0.1), 1, 1).is_err());
    }
    assert!(convolve(&x, &waves(&[1, 2, 3, 3], 0.1), 0, 1).is_err());
    assert!(convolve(&x, &waves(&[0, 2, 3, 3], 0.1), 1, 1).is_err());
    let empty = waves(&[1, 2, 0, 4], 0.1);
    assert!(convolve(&empty, &waves(&[1, 2, 1, 1], 0.1), 1, 1).is_err());
    let (layer, _) = layer(3);
    for images in [empty, x] {
        assert!(normalise(&layer, &images).is_err());
    }
}

#[test]
fn scattering_is_the_adjoint_of_gathering() {
    let patches = Patches {
        channels: 2,
        size: [5, 4],
        kernel: 3,
        stride: 2,
        padding: 1,
    };
    let [rows, columns] = patches.out().unwrap();
    let x = waves(&[3 * 2 * 5 * 4], 0.3).to_vec1::<f64>().unwrap();
    let y = waves(&[patches.seen() * 3 * rows * columns], 0.7);
    let y = y.to_vec1::<f64>().unwrap();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut back = vec![0.0; x.len()];
    patches.scatter(&y, &mut back).unwrap();
    let ahead = patches.gather(&x).unwrap();
    assert!((dot(&ahead, &y) - dot(&x, &back)).abs() < 1e-12);
}

/// A layer with weights that are not those it begins with.
fn layer(channels: usize) -> (BatchNorm, Vec<Var>) {
    let varmap = VarMap::new();
    let vb = VarBuilder::from_varmap(&varmap, DType::F64, &Device::Cpu);
    let layer = batch_norm(channels, 1e-5, vb).unwrap();
    let (weight, bias) = layer.weight_and_bias().unwrap();
    let vars = [weight, bias].map(|tensor| Var::from_tensor(tensor).unwrap());
    for (var, pace) in vars.iter().zip([0.9, 0.4]) {
        var.set(&waves(&[channels], pace)).unwrap();
    }
    (layer, vars.to_vec())
}

#[test]
fn batch_normalisation_its_gradients_and_running_statistics_are_the_tensor_librarys() {
    // A plane that is no multiple of the sums that are made side by side, and one that is.
    for shape in [[3, 4, 5, 5], [2, 3, 4, 8]] {
        let x = Var::from_tensor(&waves(&shape, 0.37)).unwrap();
        let (ours, our_vars) = layer(shape[1]);
        let (theirs, their_vars) = layer(shape[1]);
        for _ in 0..2 {
            let y = normalise(&ours, &x).unwrap();
            let expected = theirs.forward_train(&x).unwrap();
            assert!(distance(&y, &expected) < 1e-13);
            let of = [&x, &our_vars[0], &our_vars[1]];
            let expected_of = [&x, &their_vars[0], &their_vars[1]];
            let pairs = gradients(&y, &of);
            for (ours, theirs) in pairs.iter().zip(gradients(&expected, &expected_of)) {
                assert!(distance(ours, &theirs) < 1e-11);
            }
        }
        assert!(distance(ours.running_mean(), theirs.running_mean()) < 1e-15);
        assert!(distance(ours.running_var(), theirs.running_var()) < 1e-15);
    }
}

#[test]
fn rectified_units_and_their_gradients_are_the_tensor_librarys_at_0_too() {
    // More numbers than a thread takes at once, and another length; a few of them 0.
    for shape in [[3, 7, 5, 3], [2, 5, 64, 53]] {
        let numbers = waves(&shape, 0.9);
        let some = numbers.ge(-0.7).unwrap().to_dtype(DType::F64).unwrap();
        let x = Var::from_tensor(&(numbers * some).unwrap()).unwrap();
        let y = Var::from_tensor(&x.affine(-2.0, 0.0).unwrap()).unwrap();
        let pairs = [
            (rectify(&x).unwrap(), x.relu().unwrap()),
            (
                rectify_sum(&x, &y).unwrap(),
                (x.as_tensor() + y.as_tensor()).unwrap().relu().unwrap(),
            ),
        ];
        for (index, (ours, theirs)) in pairs.iter().enumerate() {
            assert_eq!(distance(ours, theirs), 0.0);
            let of: &[&Var] = if index == 0 { &[&x] } else { &[&x, &y] };
            // A slope that is not 0 where the unit is.
            let slopes = |of_units: &Tensor| {
                let steep =
                    (of_units * 3.0).unwrap() + of_units.affine(0.5, 1.0).unwrap().sqr().unwrap();
                gradients(&steep.unwrap(), of)
            };
            for (ours, theirs) in slopes(ours).iter().zip(slopes(theirs)) {
                assert_eq!(distance(ours, &theirs), 0.0);
            }
        }
    }
    let x = waves(&[2, 3], 0.1);
    assert!(rectify_sum(&x, &waves(&[3, 2], 0.1)).is_err());
    assert!(rectify_sum(&x, &x.to_dtype(DType::F32).unwrap()).is_err());
    let turned = rectify(&x.t().unwrap()).unwrap();
    assert_eq!(distance(&turned, &x.relu().unwrap().t().unwrap()), 0.0);
}
