//! Binary logistic regression and least squares against closed forms, one another and differences.

use candle_core::{DType, Device, Tensor};
use optim::{
    BinaryLogistic, Bound, Cost, DataRows, Differentiable, HeavyBall, Kernel, Kinetic,
    LeastSquares, LogisticRegression, Potential, Problem, Ridge, RowLoss, Run, SparseRows,
    check_gradient,
};
use std::sync::Arc;

const KERNELS: [Kernel; 4] = [
    Kernel::Dense,
    Kernel::Sparse,
    Kernel::Banded,
    Kernel::Composed,
];
const CPU: Device = Device::Cpu;

/// Rows `[n, d]` that look random, a part of them 0.
fn rows(n: usize, d: usize) -> Vec<f64> {
    let element = |i: usize| match (i as f64 * 0.754_877_666_2).fract() {
        spread if spread < 0.4 => (i as f64 * 0.7).sin(),
        _ => 0.0,
    };
    (0..n * d).map(element).collect()
}

fn tensor(numbers: &[f64], shape: (usize, usize), dtype: DType) -> Tensor {
    let made = Tensor::from_slice(numbers, shape, &CPU).unwrap();
    made.to_dtype(dtype).unwrap()
}

fn points(window: usize, dimension: usize, dtype: DType) -> Tensor {
    let all: Vec<f64> = (0..window * dimension)
        .map(|i| (i as f64 * 1.3).sin())
        .collect();
    tensor(&all, (window, dimension), dtype)
}

fn doubles(tensor: &Tensor) -> Vec<f64> {
    let tensor = tensor.to_dtype(DType::F64).unwrap();
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn apart(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let largest = b.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    let apart = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    apart.fold(0.0, f64::max) / largest
}

fn rounding(dtype: DType) -> f64 {
    if dtype == DType::F64 { 1e-13 } else { 3e-6 }
}

/// Every kernel, element type, intercept and number of points.
fn cases() -> impl Iterator<Item = (Kernel, DType, bool, usize)> {
    KERNELS.into_iter().flat_map(|kernel| {
        [DType::F32, DType::F64].into_iter().flat_map(move |dtype| {
            [(false, 1), (true, 3), (true, 20)].map(|(bias, window)| (kernel, dtype, bias, window))
        })
    })
}

#[test]
fn one_weight_a_feature_is_two_with_the_first_class_at_zero() {
    let (n, d) = (533, 21);
    let labels: Vec<u32> = (0..n as u32).map(|i| i * i % 5 % 2).collect();
    for (kernel, dtype, bias, window) in cases() {
        let x = tensor(&rows(n, d), (n, d), dtype);
        let ridge = Ridge { bias, l2: 0.0 };
        let one = BinaryLogistic::from_rows(DataRows::Dense(x.clone()), &labels, ridge, kernel);
        let one = one.unwrap();
        assert_eq!(RowLoss::kernel(&one), kernel);
        let problem = Problem {
            classes: 2,
            bias,
            l2: 0.0,
        };
        let two = LogisticRegression::with_kernel(x, &labels, problem, kernel).unwrap();
        let w = points(window, one.dimension(), dtype);
        let zero = w.zeros_like().unwrap();
        let both = Tensor::stack(&[&zero, &w], 2)
            .unwrap()
            .flatten_from(1)
            .unwrap();
        let wanted = two.gradients(&both).unwrap();
        let wanted = wanted.reshape((window, one.dimension(), 2)).unwrap();
        let wanted = doubles(&wanted.narrow(2, 1, 1).unwrap());
        let found = doubles(&one.gradients(&w).unwrap());
        let off = apart(&found, &wanted);
        assert!(
            off < rounding(dtype),
            "{kernel} {dtype:?} {bias} {window}: {off:e}"
        );
        let (w, both) = (w.get(0).unwrap(), both.get(0).unwrap());
        let losses = (one.value(&w).unwrap(), two.value(&both).unwrap());
        assert!((losses.0 / losses.1 - 1.0).abs() < rounding(dtype));
        assert_eq!(one.hits(&w).unwrap(), two.hits(&both).unwrap());
    }
}

#[test]
fn the_gradient_of_least_squares_is_the_closed_form() {
    let (n, d) = (402, 13);
    let x = rows(n, d);
    let y: Vec<f64> = (0..n).map(|i| (i as f64 * 0.31).cos() * 3.0).collect();
    for (kernel, dtype, bias, window) in cases() {
        let ridge = Ridge { bias, l2: 0.25 };
        let data = DataRows::Dense(tensor(&x, (n, d), dtype));
        let f = LeastSquares::from_rows(data, &y, ridge, kernel).unwrap();
        let w = points(window, f.dimension(), dtype);
        let found = doubles(&f.gradients(&w).unwrap());
        let mut wanted = Vec::new();
        for w in doubles(&w).chunks(f.dimension()) {
            let mut gradient = vec![0.0; f.dimension()];
            for (row, y) in x.chunks(d).zip(&y) {
                let with_one = [row, &[1.0]].concat();
                let row = &with_one[..f.dimension()];
                let error = row.iter().zip(w).map(|(x, w)| x * w).sum::<f64>() - y;
                for (gradient, x) in gradient.iter_mut().zip(row) {
                    *gradient += x * error / n as f64;
                }
            }
            for (gradient, w) in gradient.iter_mut().zip(w).take(d) {
                *gradient += 0.25 * w;
            }
            wanted.extend(gradient);
        }
        let off = apart(&found, &wanted);
        assert!(
            off < rounding(dtype),
            "{kernel} {dtype:?} {bias} {window}: {off:e}"
        );
    }
}

#[test]
fn least_squares_of_one_feature_is_least_where_the_normal_equation_says() {
    let (x, y) = ([1.0, -2.0, 0.5, 4.0], [3.0, 1.0, -1.0, 2.5]);
    let l2 = 0.3;
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let least = dot(&x, &y) / 4.0 / (dot(&x, &x) / 4.0 + l2);
    let data = tensor(&x, (4, 1), DType::F64);
    let f = LeastSquares::new(data, &y, Ridge { bias: false, l2 }).unwrap();
    let at = |w: f64| Tensor::new(&[w], &CPU).unwrap();
    assert!(doubles(&f.gradient(&at(least)).unwrap())[0].abs() < 1e-15);
    let value = 0.125 * (0..4).map(|i| (x[i] * least - y[i]).powi(2)).sum::<f64>()
        + 0.5 * l2 * least * least;
    assert!((f.value(&at(least)).unwrap() - value).abs() < 1e-15);
    assert_eq!(f.hits(&at(least)).unwrap(), None);
    // A method finds it.
    let start = at(0.0);
    let method = HeavyBall::new(Arc::new(f), Kinetic::HalfL2Squared, 0.1, 0.5, start).unwrap();
    let mut run = Run::new(method).until(Bound::Iterations(200));
    run.go().unwrap();
    assert!((doubles(run.position())[0] - least).abs() < 1e-12);
}

#[test]
fn gradients_of_all_losses_are_those_of_their_values() {
    let (n, d) = (57, 6);
    let x = tensor(&rows(n, d), (n, d), DType::F64);
    let classes: Vec<u32> = (0..n as u32).map(|i| i * i % 3).collect();
    let two: Vec<u32> = classes.iter().map(|class| u32::from(*class == 1)).collect();
    let numbers: Vec<f64> = (0..n).map(|i| (i as f64).sin()).collect();
    let ridge = Ridge {
        bias: true,
        l2: 0.1,
    };
    let problem = Problem {
        classes: 3,
        bias: true,
        l2: 0.1,
    };
    let all: [Arc<dyn RowLoss>; 3] = [
        Arc::new(LogisticRegression::new(x.clone(), &classes, problem).unwrap()),
        Arc::new(BinaryLogistic::new(x.clone(), &two, ridge).unwrap()),
        Arc::new(LeastSquares::new(x, &numbers, ridge).unwrap()),
    ];
    for f in all {
        let point = points(1, f.dimension(), DType::F64).get(0).unwrap();
        let off = check_gradient(f.as_ref(), &point).unwrap();
        assert!(off < 1e-8, "{off:e}");
        // Some of the rows by themselves, and as rows of their own.
        let some = f.subset(&[3, 50, 7]).unwrap();
        assert_eq!((some.samples(), f.samples()), (3, n));
        let apart = f.on_device(&CPU).unwrap().value(&point).unwrap() - f.value(&point).unwrap();
        assert_eq!(apart, 0.0);
        assert!(f.subset(&[]).is_err() && f.subset(&[n]).is_err());
    }
}

#[test]
fn a_gradient_that_is_wrong_or_differs_in_bulk_is_found_out() {
    /// ½x², with a gradient that is off by a factor, or only in bulk.
    struct Off(f64, f64);
    impl Potential for Off {
        fn dimension(&self) -> usize {
            2
        }
        fn dtype(&self) -> DType {
            DType::F64
        }
        fn device(&self) -> &Device {
            &Device::Cpu
        }
        fn value(&self, x: &Tensor) -> optim::Result<f64> {
            Ok((x.sqr()?.sum_all()? * 0.5)?.to_scalar()?)
        }
        fn gradient(&self, x: &Tensor) -> optim::Result<Tensor> {
            Ok((x * self.0)?)
        }
        fn gradients(&self, x: &Tensor) -> optim::Result<Tensor> {
            Ok((x * self.1)?)
        }
    }
    let x = Tensor::new(&[1f64, -3.0], &CPU).unwrap();
    let off = |single, bulk| check_gradient(&Off(single, bulk), &x).unwrap();
    assert!(off(1.0, 1.0) < 1e-9);
    assert!((off(1.1, 1.1) - 0.1 / 1.1).abs() < 1e-6);
    assert!((off(1.0, 1.5) - 0.5).abs() < 1e-6);
    assert!(off(f64::NAN, 1.0).is_nan());
    // What nothing is said of costs reading and writing the points.
    let wanted = Cost {
        operations: 0.0,
        bytes: 3.0 * 2.0 * 2.0 * 8.0,
    };
    assert_eq!(Off(1.0, 1.0).cost(3), wanted);
}

#[test]
fn a_function_of_candles_operations_has_the_gradient_of_its_closed_form() {
    let (n, d) = (40, 5);
    let x = tensor(&rows(n, d), (n, d), DType::F64);
    let numbers: Vec<f64> = (0..n).map(|i| (i as f64).cos()).collect();
    let ridge = Ridge {
        bias: false,
        l2: 0.0,
    };
    let closed = LeastSquares::new(x.clone(), &numbers, ridge).unwrap();
    let y = Tensor::new(numbers, &CPU).unwrap();
    let by_autograd = Differentiable::new(d, DType::F64, &CPU, move |w| {
        let error = (x.matmul(&w.unsqueeze(1)?)?.squeeze(1)? - &y)?;
        error.sqr()?.mean_all()? * 0.5
    });
    assert_eq!(
        (by_autograd.dimension(), by_autograd.dtype()),
        (d, DType::F64)
    );
    assert!(format!("{by_autograd:?}").contains("dimension: 5"));
    assert_eq!(by_autograd.cost(3).bytes, (2 * d * 3 * 8) as f64);
    let point = points(1, d, DType::F64).get(0).unwrap();
    let gradients = [&closed as &dyn Potential, &by_autograd].map(|f| {
        assert!(check_gradient(f, &point).unwrap() < 1e-8);
        doubles(&f.gradient(&point).unwrap())
    });
    assert!(apart(&gradients[1], &gradients[0]) < 1e-14);
    assert!((by_autograd.value(&point).unwrap() - closed.value(&point).unwrap()).abs() < 1e-15);
    let none = Differentiable::new(1, DType::F64, &CPU, |w| w.detach().sum_all());
    let at = Tensor::new(&[1f64], &CPU).unwrap();
    let error = none.gradient(&at).unwrap_err().to_string();
    assert!(error.contains("candle can differentiate"), "{error}");
    let several = Differentiable::new(2, DType::F64, &CPU, |w| w.sqr());
    let error = several.value(&points(1, 2, DType::F64).get(0).unwrap());
    assert!(error.unwrap_err().to_string().contains("one number"));
}

#[test]
fn a_gradient_is_compared_with_differences_that_grow_with_the_coordinates() {
    // A difference of 1e-5 would change one digit of values of 1e20.
    let f = Differentiable::new(1, DType::F64, &CPU, |w| w.sqr()?.sum_all());
    let far = Tensor::new(&[1e10f64], &CPU).unwrap();
    assert!(check_gradient(&f, &far).unwrap() < 1e-8);
}

#[test]
fn of_two_classes_the_one_whose_logit_is_positive_is_predicted() {
    let x = tensor(&rows(9, 2), (9, 2), DType::F64);
    let labels = [1, 0, 0, 1, 0, 0, 0, 0, 0];
    let f = BinaryLogistic::new(x, &labels, Ridge::default()).unwrap();
    let nowhere = Tensor::zeros(f.dimension(), DType::F64, &CPU).unwrap();
    assert_eq!(
        f.hits(&nowhere).unwrap(),
        Some(7.0 / 9.0),
        "0 is not positive"
    );
}

#[test]
fn work_is_counted_by_the_columns_that_are_computed() {
    let (n, d) = (100, 10);
    let x = rows(n, d);
    let stored = x.iter().filter(|x| **x != 0.0).count() as f64;
    let cost = |kernel, points| {
        let data = DataRows::Dense(tensor(&x, (n, d), DType::F64));
        let f = LeastSquares::from_rows(data, &vec![0.0; n], Ridge::default(), kernel).unwrap();
        f.cost(points)
    };
    // Two products of n·d additions and multiplications each, and a difference of each row.
    assert_eq!(cost(Kernel::Dense, 1).operations, (4 * n * d + n) as f64);
    assert_eq!(
        cost(Kernel::Composed, 3).operations,
        3.0 * (4 * n * d + n) as f64
    );
    assert_eq!(
        cost(Kernel::Sparse, 2).operations,
        2.0 * (4.0 * stored + n as f64)
    );
}

#[test]
fn what_makes_no_problem_is_refused() {
    let data = || tensor(&[1.0, 2.0], (2, 1), DType::F64);
    let ridge = Ridge::default();
    let said = |result: optim::Result<String>| result.unwrap_err().to_string();
    let binary = |labels: &[u32], kernel| {
        let made = BinaryLogistic::from_rows(DataRows::Dense(data()), labels, ridge, kernel);
        made.map(|_| String::new())
    };
    let squares =
        |numbers: &[f64], ridge| LeastSquares::new(data(), numbers, ridge).map(|_| String::new());
    assert!(said(binary(&[0, 2], Kernel::Auto)).contains("label is 2"));
    assert!(said(binary(&[0], Kernel::Auto)).contains("1 labels"));
    assert!(said(binary(&[0, 1], Kernel::Fused)).contains("several classes"));
    assert!(said(squares(&[0.0, f64::NAN], ridge)).contains("finite"));
    let l2 = Ridge {
        bias: false,
        l2: -1.0,
    };
    assert!(said(squares(&[0.0, 1.0], l2)).contains("l2"));
    let f = LeastSquares::new(data(), &[0.0, 1.0], ridge).unwrap();
    let point = Tensor::zeros(2, DType::F64, &CPU).unwrap();
    assert!(f.gradient(&point).is_err() && f.value(&point).is_err());
}

#[test]
fn sparse_rows_of_a_million_features_are_fitted_without_their_zeros() {
    let rows = SparseRows {
        features: 1_000_000,
        starts: &[0, 1, 2],
        columns: &[0, 999_999],
        values: &[5.0, 7.0],
    };
    let data = DataRows::Sparse {
        rows,
        dtype: DType::F32,
        device: &CPU,
    };
    let f = LeastSquares::from_rows(data, &[10.0, -7.0], Ridge::default(), Kernel::Auto).unwrap();
    assert_eq!(RowLoss::kernel(&f), Kernel::Sparse);
    let origin = Tensor::zeros(f.dimension(), DType::F32, &CPU).unwrap();
    let gradient = doubles(&f.gradient(&origin).unwrap());
    assert_eq!((gradient[0], gradient[999_999]), (-25.0, 24.5));
    assert_eq!(gradient.iter().filter(|g| **g != 0.0).count(), 2);
}
