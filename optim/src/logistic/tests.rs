use super::*;

/// A problem whose elements look random, with about the given share of them not 0.
fn problem(
    (n, d, classes): (usize, usize, usize),
    share: f64,
    ones: bool,
    dtype: DType,
) -> (Tensor, Vec<u32>) {
    let element = |i: usize| {
        let spread = (i as f64 * 0.754_877_666_2).fract();
        match (spread < share, ones) {
            (false, _) => 0.0,
            (true, true) => 1.0,
            (true, false) => (i as f64 * 0.7).sin(),
        }
    };
    let elements: Vec<f64> = (0..n * d).map(element).collect();
    let x = Tensor::from_vec(elements, (n, d), &Device::Cpu).unwrap();
    let labels = (0..n).map(|i| (i * i % classes) as u32).collect();
    (x.to_dtype(dtype).unwrap(), labels)
}

fn points(window: usize, dimension: usize, dtype: DType) -> Tensor {
    let all: Vec<f64> = (0..window * dimension)
        .map(|i| (i as f64 * 1.3).sin())
        .collect();
    let all = Tensor::from_vec(all, (window, dimension), &Device::Cpu).unwrap();
    all.to_dtype(dtype).unwrap()
}

fn apart(a: &Tensor, b: &Tensor) -> f64 {
    let apart = (a - b).unwrap().abs().unwrap().max_all().unwrap();
    apart.to_dtype(DType::F64).unwrap().to_scalar().unwrap()
}

#[test]
fn every_kernel_computes_what_the_composition_of_tensor_operations_does() {
    let shapes = [
        (7, 3, 2),
        (500, 9, 3),
        (1500, 70, 10),
        (700, 130, 2),
        (301, 33, 7),
    ];
    for (shape, window) in shapes.into_iter().zip([1, 4, 2, 20, 5]) {
        for (dtype, rounding) in [(DType::F64, 1e-13), (DType::F32, 2e-5)] {
            for (share, ones) in [(1.0, false), (0.2, false), (0.1, true)] {
                for (bias, l2) in [(false, 0.0), (true, 0.3)] {
                    let (x, labels) = problem(shape, share, ones, dtype);
                    let problem = Problem {
                        classes: shape.2,
                        bias,
                        l2,
                    };
                    let of = |kernel| {
                        LogisticRegression::with_kernel(x.clone(), &labels, problem, kernel)
                            .unwrap()
                    };
                    let composed = of(Kernel::Composed);
                    let others = [Kernel::Dense, Kernel::Sparse, Kernel::Fused].map(of);
                    let points = points(window, composed.dimension(), dtype);
                    let wanted = composed.gradients(&points).unwrap();
                    for f in others {
                        let found = f.gradients(&points).unwrap();
                        let apart = apart(&found, &wanted);
                        let what = f.kernel();
                        assert!(
                            apart < rounding,
                            "{what} {shape:?} W={window} {dtype:?} {share}: {apart:e}"
                        );
                        let point = points.get(0).unwrap();
                        let values =
                            [f.value(&point), composed.value(&point)].map(|value| value.unwrap());
                        assert!((values[0] - values[1]).abs() < rounding, "{values:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_point_alone_and_among_others_has_the_same_gradient_to_the_last_bit() {
    for (classes, share) in [(2, 0.1), (3, 0.1), (2, 1.0), (10, 1.0)] {
        let (x, labels) = problem((600, 40, classes), share, false, DType::F32);
        let problem = Problem {
            classes,
            bias: false,
            l2: 0.0,
        };
        let f = LogisticRegression::new(x, &labels, problem).unwrap();
        let points = points(7, f.dimension(), DType::F32);
        let together = f.gradients(&points).unwrap();
        for w in 0..7 {
            let alone = f.gradient(&points.get(w).unwrap()).unwrap();
            assert_eq!(
                apart(&alone, &together.get(w).unwrap()),
                0.0,
                "{classes} {share}"
            );
        }
    }
}

#[test]
fn few_elements_that_are_not_zero_are_kept_sparse_and_many_dense() {
    let of = |share: f64, kernel: Kernel| {
        let (x, labels) = problem((100, 20, 2), share, true, DType::F32);
        let problem = Problem {
            classes: 2,
            bias: false,
            l2: 0.0,
        };
        LogisticRegression::with_kernel(x, &labels, problem, kernel)
            .unwrap()
            .kernel()
    };
    assert_eq!(of(0.1, Kernel::Auto), Kernel::Sparse);
    assert_eq!(of(0.5, Kernel::Auto), Kernel::Dense);
    assert_eq!(of(0.5, Kernel::Sparse), Kernel::Sparse);
    assert_eq!(of(0.1, Kernel::Composed), Kernel::Composed);
}

#[test]
fn a_sparse_matrix_goes_to_another_device_with_all_its_elements() {
    for ones in [true, false] {
        let (x, labels) = problem((50, 30, 3), 0.1, ones, DType::F64);
        let problem = Problem {
            classes: 3,
            bias: false,
            l2: 0.0,
        };
        let f = LogisticRegression::new(x.clone(), &labels, problem).unwrap();
        let Data::Host(host) = &f.data else {
            panic!("on the CPU")
        };
        assert_eq!(apart(&host.to_tensor(0..50).unwrap(), &x), 0.0);
    }
}

#[test]
fn a_subset_is_the_problem_on_those_rows_whatever_the_kernel() {
    for kernel in [
        Kernel::Dense,
        Kernel::Sparse,
        Kernel::Fused,
        Kernel::Composed,
    ] {
        let (x, labels) = problem((60, 9, 3), 0.3, false, DType::F64);
        let problem = Problem {
            classes: 3,
            bias: true,
            l2: 0.1,
        };
        let whole = LogisticRegression::with_kernel(x.clone(), &labels, problem, kernel).unwrap();
        let rows = [3, 59, 17];
        let subset = whole.subset(&rows).unwrap();
        let index = Tensor::new(&[3u32, 59, 17], &Device::Cpu).unwrap();
        let own = rows.map(|row| labels[row]);
        let alone =
            LogisticRegression::new(x.index_select(&index, 0).unwrap(), &own, problem).unwrap();
        let points = points(2, alone.dimension(), DType::F64);
        let gradients = [&subset, &alone].map(|f| f.gradients(&points).unwrap());
        assert!(apart(&gradients[0], &gradients[1]) < 1e-14, "{kernel}");
        assert!(whole.subset(&[60]).is_err() && whole.subset(&[]).is_err());
    }
}

#[test]
fn what_is_not_a_number_stays_so() {
    for (classes, share) in [(2, 0.1), (3, 0.1), (2, 1.0), (3, 1.0)] {
        let (x, labels) = problem((40, 8, classes), share, false, DType::F32);
        let problem = Problem {
            classes,
            bias: false,
            l2: 0.0,
        };
        let f = LogisticRegression::new(x, &labels, problem).unwrap();
        let point = vec![f32::NAN; f.dimension()];
        let point = Tensor::new(point, &Device::Cpu).unwrap();
        let gradient = f.gradient(&point).unwrap().to_vec1::<f32>().unwrap();
        assert!(gradient.iter().all(|v| v.is_nan()), "{classes} {share}");
    }
}

#[test]
fn logits_far_apart_give_no_subnormal_residuals() {
    // One row, so that the gradient is its residual: 0, or large enough to compute with.
    for (classes, kernel) in [(2, Kernel::Sparse), (4, Kernel::Sparse), (4, Kernel::Dense)] {
        let x = Tensor::new(&[[1f32]], &Device::Cpu).unwrap();
        let problem = Problem {
            classes,
            bias: false,
            l2: 0.0,
        };
        let f = LogisticRegression::with_kernel(x, &[0], problem, kernel).unwrap();
        let logits: Vec<f32> = (0..classes).map(|c| -80.0 * c as f32).collect();
        let gradient = f
            .gradient(&Tensor::new(logits, &Device::Cpu).unwrap())
            .unwrap();
        for value in gradient.to_vec1::<f32>().unwrap() {
            assert!(value == 0.0 || value.abs() > 1e-30, "{kernel}: {value:e}");
        }
    }
}
