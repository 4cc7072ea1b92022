use super::model::LinearData;
use super::panels::columns_of;
use super::*;
use crate::{Cost, Error, Potential};
use candle_core::{DType, Device, Tensor};

/// A problem whose elements look random, with about the given share of them not 0, and those of so many
/// levels: 1 alone, or multiples of a share of it; with 0 levels nearly all are different.
fn problem(
    (n, d, classes): (usize, usize, usize),
    share: f64,
    levels: usize,
    dtype: DType,
) -> (Tensor, Vec<u32>) {
    let element = |i: usize| {
        let spread = (i as f64 * 0.754_877_666_2).fract();
        match (spread < share, levels) {
            (false, _) => 0.0,
            (true, 0) => (i as f64 * 0.7).sin(),
            (true, levels) => (1 + i % levels) as f64 / levels as f64,
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
        (260, 530, 3),
    ];
    for (shape, window) in shapes.into_iter().zip([1, 4, 2, 20, 5, 9]) {
        for (dtype, rounding) in [(DType::F64, 1e-13), (DType::F32, 2e-5)] {
            for (share, levels) in [(1.0, 0), (0.2, 0), (0.1, 1), (0.3, 200)] {
                for (bias, l2) in [(false, 0.0), (true, 0.3)] {
                    let (x, labels) = problem(shape, share, levels, dtype);
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
                    let others = [Kernel::Dense, Kernel::Sparse, Kernel::Banded, Kernel::Fused];
                    let others = others.map(of);
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

/// Rows that have one feature of each of some attributes, of the first one sometimes none.
fn attributes(n: usize, sizes: &[usize], dtype: DType) -> Tensor {
    let d: usize = sizes.iter().sum();
    let mut elements = vec![0f64; n * d];
    for (row, elements) in elements.chunks_exact_mut(d).enumerate() {
        let mut first = 0;
        for (attribute, size) in sizes.iter().enumerate() {
            if attribute > 0 || row % 7 > 0 {
                elements[first + row * row / (attribute + 2) % size] = 1.0;
            }
            first += size;
        }
    }
    let x = Tensor::from_vec(elements, (n, d), &Device::Cpu).unwrap();
    x.to_dtype(dtype).unwrap()
}

#[test]
fn rows_that_may_be_joined_need_no_room_to_be_made_dense() {
    let x = attributes(5000, &[4, 2, 7, 5, 3, 6, 2, 3], DType::F32);
    let (starts, columns, values) = compressed(&x);
    let with = |rows: usize, bias: bool| {
        let stored = starts[rows] as usize;
        let rows = SparseRows {
            features: 32,
            starts: &starts[..=rows],
            columns: &columns[..stored],
            values: &values[..stored],
        };
        let rows = DataRows::Sparse {
            rows,
            dtype: DType::F32,
            device: &Device::Cpu,
        };
        let problem = Problem {
            classes: 2,
            bias,
            l2: 0.0,
        };
        rows.bytes_to_make_dense(problem, Kernel::Auto)
    };
    let bytes = |rows| with(rows, false);
    assert_eq!(
        with(3000, true),
        Some(3000 * 33 * 4),
        "with a column of ones"
    );
    assert_eq!(bytes(5000), None);
    assert_eq!(bytes(4000), Some(4000 * 32 * 4), "too few to be joined");
}

#[test]
fn attributes_of_which_a_row_has_one_value_each_are_joined_without_a_difference() {
    // Two sections of rows.
    const N: usize = 9001;
    for (classes, dtype, rounding) in [
        (2, DType::F64, 1e-13),
        (2, DType::F32, 2e-5),
        (3, DType::F64, 1e-13),
        (10, DType::F32, 2e-5),
    ] {
        let x = attributes(N, &[4, 2, 7, 5, 3, 6, 2, 3], dtype);
        let labels: Vec<u32> = (0..N).map(|i| (i * i % classes) as u32).collect();
        let problem = Problem {
            classes,
            bias: true,
            l2: 0.1,
        };
        let of =
            |kernel| LogisticRegression::with_kernel(x.clone(), &labels, problem, kernel).unwrap();
        let (joined, dense) = (of(Kernel::Auto), of(Kernel::Dense));
        // A quarter of the elements are not 0, which would be banded else.
        assert_eq!(joined.kernel(), Kernel::Sparse);
        let operations = joined.cost(1).operations / columns_of(classes) as f64 / N as f64;
        assert!(
            operations <= 5.0 + 2.0 * 5.0,
            "{operations} a row, of nine ones"
        );
        for window in [1, 2, 4, 7, 8, 16, 21] {
            let points = points(window, dense.dimension(), dtype);
            let found = joined.gradients(&points).unwrap();
            let apart = apart(&found, &dense.gradients(&points).unwrap());
            assert!(
                apart < rounding,
                "{classes} W={window} {dtype:?}: {apart:e}"
            );
        }
        let point = points(1, dense.dimension(), dtype).get(0).unwrap();
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let gradient = || joined.gradient(&point).unwrap();
            pool.build().unwrap().install(gradient)
        };
        assert_eq!(apart(&with(1), &with(5)), 0.0, "whatever the threads");
        let values = [&joined, &dense].map(|f| f.value(&point).unwrap());
        assert!((values[0] - values[1]).abs() < rounding, "{values:?}");
        let rows: Vec<usize> = (0..N).step_by(17).collect();
        let parts = [&joined, &dense].map(|f| f.subset(&rows).unwrap().gradient(&point).unwrap());
        assert!(apart(&parts[0], &parts[1]) < rounding, "of a part");
    }
}

#[test]
fn a_point_alone_and_among_others_has_the_same_gradient_to_the_last_bit() {
    let kernels = [Kernel::Dense, Kernel::Sparse, Kernel::Banded];
    let all = kernels.into_iter().flat_map(|k| [2, 3, 10].map(|c| (k, c)));
    let all = all.flat_map(|of| [(of, DType::F32), (of, DType::F64)]);
    for ((kernel, classes), dtype) in all {
        // Small numbers in f32, attributes in f64: of two sections, with an odd number of rows.
        let (x, labels) = match dtype {
            DType::F32 => problem((600, 40, classes), 0.3, 0, dtype),
            _ => {
                let labels = (0..9001).map(|i| (i * i % classes) as u32).collect();
                (attributes(9001, &[3, 2, 4, 5, 2, 3], dtype), labels)
            }
        };
        let problem = Problem {
            classes,
            bias: false,
            l2: 0.0,
        };
        let f = LogisticRegression::with_kernel(x, &labels, problem, kernel).unwrap();
        let points = points(21, f.dimension(), dtype);
        let together = f.gradients(&points).unwrap();
        for w in (0..21).step_by(4) {
            let alone = f.gradient(&points.get(w).unwrap()).unwrap();
            assert_eq!(
                apart(&alone, &together.get(w).unwrap()),
                0.0,
                "{kernel} {classes}"
            );
        }
    }
}

#[test]
fn no_points_at_once_are_no_gradients_by_any_kernel() {
    let (x, labels) = problem((60, 9, 3), 0.3, 0, DType::F64);
    let problem = Problem {
        classes: 3,
        bias: false,
        l2: 0.0,
    };
    for &kernel in Kernel::ALL {
        let f = LogisticRegression::with_kernel(x.clone(), &labels, problem, kernel).unwrap();
        let none = Tensor::zeros((0, f.dimension()), DType::F64, &Device::Cpu).unwrap();
        let gradients = f.gradients(&none).unwrap();
        assert_eq!(gradients.dims(), [0, f.dimension()], "{kernel}");
    }
}

#[test]
fn auto_leaves_zeros_out_up_to_a_share_that_grows_with_the_classes() {
    let kept = |share: f64, ones: bool, classes: usize, kernel: Kernel| {
        let (x, labels) = problem((100, 20, classes), share, usize::from(ones), DType::F32);
        let problem = Problem {
            classes,
            bias: false,
            l2: 0.0,
        };
        LogisticRegression::with_kernel(x, &labels, problem, kernel)
            .unwrap()
            .kernel()
    };
    for (share, ones, classes, wanted) in [
        (0.03, false, 2, Kernel::Sparse),
        (0.1, true, 2, Kernel::Sparse),
        (0.1, false, 2, Kernel::Banded),
        (0.3, false, 2, Kernel::Dense),
        (0.2, true, 10, Kernel::Banded),
        (0.2, false, 10, Kernel::Banded),
        (0.7, false, 10, Kernel::Dense),
        (0.4, false, 16, Kernel::Banded),
    ] {
        let found = kept(share, ones, classes, Kernel::Auto);
        assert_eq!(found, wanted, "{share} {ones} {classes}");
    }
    let of = |share: f64, kernel: Kernel| kept(share, true, 2, kernel);
    assert_eq!(of(0.5, Kernel::Sparse), Kernel::Sparse);
    assert_eq!(of(0.1, Kernel::Composed), Kernel::Composed);
}

/// The elements of a tensor in compressed sparse row form.
fn compressed(x: &Tensor) -> (Vec<u64>, Vec<u32>, Vec<f32>) {
    let x = x.to_dtype(DType::F32).unwrap().to_vec2::<f32>().unwrap();
    let (mut starts, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
    for row in x {
        for (column, value) in row.into_iter().enumerate().filter(|(_, v)| *v != 0.0) {
            columns.push(column as u32);
            values.push(value);
        }
        starts.push(columns.len() as u64);
    }
    (starts, columns, values)
}

#[test]
fn sparse_rows_are_the_same_problem_to_the_last_bit_whatever_the_kernel() {
    for (share, dtype, bias) in [
        (0.1, DType::F32, false),
        (0.1, DType::F64, true),
        (0.6, DType::F32, true),
        (0.6, DType::F64, false),
    ] {
        let (x, labels) = problem((300, 37, 3), share, 0, DType::F32);
        let (starts, columns, values) = compressed(&x);
        let x = x.to_dtype(dtype).unwrap();
        let problem = Problem {
            classes: 3,
            bias,
            l2: 0.1,
        };
        for &kernel in Kernel::ALL {
            let rows = SparseRows {
                features: 37,
                starts: &starts,
                columns: &columns,
                values: &values,
            };
            let device = &Device::Cpu;
            let rows = DataRows::Sparse {
                rows,
                dtype,
                device,
            };
            let sparse = LogisticRegression::from_rows(rows, &labels, problem, kernel).unwrap();
            let dense =
                LogisticRegression::with_kernel(x.clone(), &labels, problem, kernel).unwrap();
            assert_eq!(sparse.kernel(), dense.kernel());
            let subsets = [&sparse, &dense].map(|f| f.subset(&[7, 250, 3]).unwrap());
            let points = points(2, dense.dimension(), dtype);
            for pair in [[&sparse, &dense], [&subsets[0], &subsets[1]]] {
                let [one, other] = pair.map(|f| f.gradients(&points).unwrap());
                assert_eq!(
                    apart(&one, &other),
                    0.0,
                    "{kernel} {share} {dtype:?} {bias}"
                );
                let [one, other] = pair.map(|f| f.value(&points.get(0).unwrap()).unwrap());
                assert_eq!(one.to_bits(), other.to_bits());
            }
        }
    }
}

#[test]
fn wide_sparse_rows_stay_sparse_and_are_made_dense_by_no_kernel_without_room() {
    // No machine has addresses for so many elements.
    let n = 20_000;
    let features = u32::MAX as usize - 2;
    let starts: Vec<u64> = (0..=n).map(|row: u64| row.min(2)).collect();
    let labels: Vec<u32> = (0..n).map(|row| (row % 2) as u32).collect();
    let rows = |features| SparseRows {
        features,
        starts: &starts,
        columns: &[3, 70],
        values: &[1.0, 2.0],
    };
    let problem = Problem {
        classes: 2,
        bias: true,
        l2: 0.0,
    };
    let of = |features, kernel| {
        let rows = DataRows::Sparse {
            rows: rows(features),
            dtype: DType::F64,
            device: &Device::Cpu,
        };
        let dense = rows.bytes_to_make_dense(problem, kernel);
        let f = LogisticRegression::from_rows(rows, &labels, problem, kernel);
        (dense.is_some(), f.map(|f| f.kernel()))
    };
    for kernel in [Kernel::Auto, Kernel::Sparse] {
        let (dense, found) = of(features, kernel);
        assert_eq!((dense, found.unwrap()), (false, Kernel::Sparse));
    }
    for kernel in [Kernel::Dense, Kernel::Fused, Kernel::Composed] {
        let (dense, found) = of(features, kernel);
        let said = found.unwrap_err().to_string();
        assert!(
            dense && said.contains("GiB") && said.contains("`sparse`"),
            "{said}"
        );
    }
    let (dense, found) = of(features, Kernel::Banded);
    let said = found.unwrap_err().to_string();
    assert!(
        !dense && said.contains("`sparse`"),
        "its runs have no room: {said}"
    );
    // A column that is not below the features, and more features than have a number.
    assert!(of(70, Kernel::Auto).1.is_err() && of(features + 1, Kernel::Auto).1.is_err());
}

#[test]
fn a_sparse_matrix_goes_to_another_device_with_all_its_elements() {
    for ones in [true, false] {
        let (x, labels) = problem((50, 30, 3), 0.1, usize::from(ones), DType::F64);
        let problem = Problem {
            classes: 3,
            bias: false,
            l2: 0.0,
        };
        let f = LogisticRegression::new(x.clone(), &labels, problem).unwrap();
        let LinearData::Host(host) = &f.linear.data else {
            panic!("on the CPU")
        };
        assert_eq!(apart(&host.to_tensor(&Device::Cpu).unwrap(), &x), 0.0);
    }
}

#[test]
fn a_subset_is_the_problem_on_those_rows_whatever_the_kernel() {
    for kernel in [
        Kernel::Dense,
        Kernel::Sparse,
        Kernel::Banded,
        Kernel::Fused,
        Kernel::Composed,
    ] {
        let (x, labels) = problem((60, 9, 3), 0.3, 0, DType::F64);
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
fn rows_of_unequal_lengths_have_subsets_without_what_they_were_filled_up_with() {
    for levels in [1, 0] {
        // Two rows have one element less than the others.
        let mut x = vec![0f64; 12 * 8];
        for (row, x) in x.chunks_exact_mut(8).enumerate() {
            for step in 0..5 - usize::from(row % 6 == 2) {
                let value = if levels == 1 {
                    1.0
                } else {
                    (row + 2 * step + 1) as f64 / 9.0
                };
                x[(row + step * step) % 8] = value;
            }
        }
        let x = Tensor::from_vec(x, (12, 8), &Device::Cpu).unwrap();
        let labels: Vec<u32> = (0..12).map(|row| row * row % 3).collect();
        let problem = Problem {
            classes: 3,
            bias: false,
            l2: 0.0,
        };
        let of = |kernel| {
            let whole = LogisticRegression::with_kernel(x.clone(), &labels, problem, kernel);
            let subset = whole.unwrap().subset(&[2, 5, 8]).unwrap();
            subset.gradients(&points(2, 24, DType::F64)).unwrap()
        };
        assert!(
            apart(&of(Kernel::Sparse), &of(Kernel::Composed)) < 1e-14,
            "{levels}"
        );
    }
}

#[test]
fn a_kernels_cost_is_its_products_and_what_it_reads_and_writes() {
    let x = Tensor::new(&[[1f32, 2.0], [3.0, 4.0], [5.0, 6.0]], &Device::Cpu).unwrap();
    let cost = |kernel, classes, points| {
        let problem = Problem {
            classes,
            bias: false,
            l2: 0.0,
        };
        let f = LogisticRegression::with_kernel(x.clone(), &[0, 1, 0], problem, kernel);
        let Cost { operations, bytes } = f.unwrap().cost(points);
        (operations, bytes)
    };
    // Two products of six elements, and five operations on each of three logits, for six columns; labels, points and
    // gradients, and the elements: by places and row starts where they are sparse.
    let (each, in_and_out) = (4.0 * 6.0 + 5.0 * 3.0, 4.0 * 3.0 + 2.0 * 2.0 * 6.0 * 4.0);
    assert_eq!(
        cost(Kernel::Dense, 3, 2),
        (6.0 * each, in_and_out + 6.0 * 4.0)
    );
    let sparse = 6.0 * 4.0 + 6.0 * 4.0 + 4.0 * 8.0;
    assert_eq!(
        cost(Kernel::Sparse, 3, 2),
        (6.0 * each, in_and_out + sparse)
    );
    assert_eq!(cost(Kernel::Banded, 3, 2).0, 6.0 * each);
    // Ones alone are not stored, nor multiplied; joined, a row has as many as there are tables, and no row starts.
    let ones = attributes(5000, &[4, 2, 7, 5, 3, 6, 2, 3], DType::F32);
    let labels = vec![0; 5000];
    let problem = Problem {
        classes: 3,
        bias: false,
        l2: 0.0,
    };
    let of = |x: &Tensor, labels: &[u32]| {
        let f = LogisticRegression::with_kernel(x.clone(), labels, problem, Kernel::Sparse);
        let Cost { operations, bytes } = f.unwrap().cost(1);
        (operations, bytes)
    };
    let (few, labels_of_few) = (ones.narrow(0, 0, 100).unwrap(), &labels[..100]);
    // Rows 0, 7 … of the first have no first attribute, and are filled up.
    let stored = 8.0 * 100.0 - 15.0;
    let in_and_out = 4.0 * 100.0 + 2.0 * 32.0 * 3.0 * 4.0;
    let wanted = (
        3.0 * (2.0 * stored + 500.0),
        in_and_out + 800.0 * 4.0 + 101.0 * 8.0,
    );
    assert_eq!(of(&few, labels_of_few), wanted);
    let (operations, bytes) = of(&ones, &labels);
    assert!(
        operations < 3.0 * (2.0 * 8.0 * 5000.0 + 25_000.0),
        "{operations}"
    );
    let tables = (operations / 3.0 - 25_000.0) / 2.0 / 5000.0;
    assert!(
        (1.0..8.0).contains(&tables) && tables.fract() == 0.0,
        "{tables}"
    );
    assert!(bytes > 4.0 * 5000.0 * (1.0 + tables), "{bytes}");
    // Of two classes the sparse kernel has one column.
    let in_and_out = 4.0 * 3.0 + 2.0 * 2.0 * 2.0 * 4.0;
    assert_eq!(cost(Kernel::Sparse, 2, 1), (each, in_and_out + sparse));
    assert_eq!(
        cost(Kernel::Dense, 2, 1),
        (2.0 * each, in_and_out + 6.0 * 4.0)
    );
}

#[test]
fn a_matrix_whose_columns_do_not_ascend_or_are_none_is_refused() {
    let made = |columns: &[u32], starts: &[u64]| {
        let rows = SparseRows {
            features: 4,
            starts,
            columns,
            values: &[1.0, 2.0, 3.0],
        };
        let rows = DataRows::Sparse {
            rows,
            dtype: DType::F64,
            device: &Device::Cpu,
        };
        let problem = Problem {
            classes: 2,
            bias: false,
            l2: 0.0,
        };
        LogisticRegression::from_rows(rows, &[0, 1], problem, Kernel::Auto).is_ok()
    };
    assert!(made(&[0, 3, 1], &[0, 2, 3]));
    for columns in [[3, 0, 1], [2, 2, 1], [0, 4, 1], [0, 3, 4]] {
        assert!(!made(&columns, &[0, 2, 3]), "{columns:?}");
    }
    for starts in [&[0, 2][..], &[0, 3, 2], &[1, 2, 3], &[0, 2, 4]] {
        assert!(!made(&[0, 3, 1], starts), "{starts:?}");
    }
    assert!(
        !made(&[0, 3, 1], &[0, 3, 2, 3]),
        "a row that ends before it begins"
    );
    assert!(!made(&[0, 3, 1, 2], &[0, 2, 4]), "a column without a value");
}

#[test]
fn a_subset_of_a_subset_has_the_labels_of_its_own_rows() {
    let (x, labels) = problem((40, 5, 3), 1.0, 0, DType::F64);
    let problem = Problem {
        classes: 3,
        bias: false,
        l2: 0.0,
    };
    for kernel in [Kernel::Dense, Kernel::Sparse, Kernel::Composed] {
        let whole = LogisticRegression::with_kernel(x.clone(), &labels, problem, kernel).unwrap();
        let odd: Vec<usize> = (1..40).step_by(2).collect();
        let twice = whole.subset(&odd).unwrap().subset(&[3, 8]).unwrap();
        let at_once = whole.subset(&[7, 17]).unwrap();
        let point = points(1, 15, DType::F64).get(0).unwrap();
        let of = |f: &LogisticRegression| f.gradient(&point).unwrap();
        assert_eq!(apart(&of(&twice), &of(&at_once)), 0.0, "{kernel}");
        assert_eq!(twice.kernel(), whole.kernel());
    }
}

#[test]
fn data_without_rows_or_features_and_penalties_that_are_none_are_refused() {
    let made = |rows: usize, features: usize, labels: &[u32], l2: f64| {
        let x = Tensor::zeros((rows, features), DType::F64, &Device::Cpu).unwrap();
        let problem = Problem {
            classes: 2,
            bias: false,
            l2,
        };
        LogisticRegression::new(x, labels, problem)
    };
    assert!(made(2, 3, &[0, 1], 0.5).is_ok());
    for (rows, features, labels) in [(0, 3, &[][..]), (2, 0, &[0, 1]), (2, 3, &[0])] {
        let refused = made(rows, features, labels, 0.0);
        assert!(
            matches!(refused, Err(Error::Shape { .. })),
            "{rows}, {features}"
        );
    }
    for l2 in [-0.5, f64::INFINITY, f64::NAN] {
        let refused = made(2, 3, &[0, 1], l2);
        assert!(matches!(refused, Err(Error::Setting { .. })), "{l2}");
    }
}

#[test]
fn what_is_not_a_number_stays_so() {
    let kernels = [Kernel::Dense, Kernel::Sparse, Kernel::Banded];
    for (kernel, classes) in kernels.into_iter().flat_map(|k| [2, 3].map(|c| (k, c))) {
        let (x, labels) = problem((40, 8, classes), 0.3, 0, DType::F32);
        let problem = Problem {
            classes,
            bias: false,
            l2: 0.0,
        };
        let f = LogisticRegression::with_kernel(x, &labels, problem, kernel).unwrap();
        let point = vec![f32::NAN; f.dimension()];
        let point = Tensor::new(point, &Device::Cpu).unwrap();
        let gradient = f.gradient(&point).unwrap().to_vec1::<f32>().unwrap();
        assert!(gradient.iter().all(|v| v.is_nan()), "{kernel} {classes}");
    }
}

#[test]
fn large_logits_of_whichever_class_overflow_in_no_kernel() {
    for (classes, dtype) in [(3, DType::F32), (3, DType::F64), (10, DType::F32)] {
        // Rows of one feature each, whose weights make one class or another certain.
        let x = Tensor::eye(40, dtype, &Device::Cpu).unwrap();
        let labels: Vec<u32> = (0..40).map(|row| (row % classes) as u32).collect();
        let problem = Problem {
            classes,
            bias: false,
            l2: 0.0,
        };
        let certain = |place: usize| match place % classes == (place / classes * 7 + 1) % classes {
            true => 2000.0,
            false => -300.0 * (place % 5) as f64,
        };
        let point: Vec<f64> = (0..40 * classes).map(certain).collect();
        let point = Tensor::new(point, &Device::Cpu)
            .unwrap()
            .to_dtype(dtype)
            .unwrap();
        let of = |kernel| {
            let f = LogisticRegression::with_kernel(x.clone(), &labels, problem, kernel).unwrap();
            f.gradient(&point).unwrap()
        };
        let wanted = of(Kernel::Composed);
        for kernel in [Kernel::Dense, Kernel::Sparse, Kernel::Banded] {
            let found = of(kernel);
            assert!(
                apart(&found, &wanted) < 1e-6,
                "{kernel} {classes} {dtype:?}"
            );
            let sizes = found.abs().unwrap().to_dtype(DType::F64).unwrap();
            assert!(
                sizes
                    .sum_all()
                    .unwrap()
                    .to_scalar::<f64>()
                    .unwrap()
                    .is_finite()
            );
        }
    }
}

#[test]
fn logits_far_apart_give_no_subnormal_residuals() {
    // One row, so that the gradient is its residual: 0, or large enough to compute with.
    for (classes, kernel) in [
        (2, Kernel::Sparse),
        (4, Kernel::Sparse),
        (2, Kernel::Banded),
        (4, Kernel::Banded),
        (4, Kernel::Dense),
    ] {
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
