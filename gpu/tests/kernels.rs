//! The window's kernels against the same computed plainly, wherever they run: on a GPU, and emulated on
//! the CPU.

#![cfg(any(feature = "cuda", feature = "emulated"))]

use candle_core::{DType, Device, Tensor};
use gpu::{Energy, KernelGradients, Model, Pace, Scratch, Steps};

const DIMENSION: usize = 150;
const ENERGIES: [Energy; 4] = [Energy::HalfL2Squared, Energy::L2, Energy::L1, Energy::LInf];

fn devices() -> Vec<Device> {
    let mut devices = gpu::devices_to_test();
    devices.retain(|device| gpu::runs(device, DType::F64));
    devices
}

/// Rows of numbers between −1 and 1.
fn rows(seed: usize, count: usize) -> Vec<Vec<f64>> {
    let number = |i: usize| (((i * 7919 + seed * 104_729) as f64).sin() * 43_758.5).fract();
    let row = |w: usize| (0..DIMENSION).map(|d| number(w * DIMENSION + d)).collect();
    (0..count).map(row).collect()
}

fn tensor(rows: &[Vec<f64>], dtype: DType, device: &Device) -> Tensor {
    let tensor = Tensor::new(rows.to_vec(), &Device::Cpu).unwrap();
    tensor.to_dtype(dtype).unwrap().to_device(device).unwrap()
}

fn numbers(tensor: &Tensor) -> Vec<f64> {
    let tensor = tensor.to_device(&Device::Cpu).unwrap();
    let tensor = tensor.to_dtype(DType::F64).unwrap();
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn farthest(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let apart = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    apart.fold(0.0, f64::max)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// ∂φ(v).
fn direction(energy: Energy, v: &[f64]) -> Vec<f64> {
    let sign = |v: f64| if v == 0.0 { 0.0 } else { v.signum() };
    let size = dot(v, v).sqrt();
    let largest = v.iter().fold(0.0, |largest: f64, v| largest.max(v.abs()));
    let first = v.iter().position(|v| v.abs() == largest);
    let of = |(d, v): (usize, &f64)| match energy {
        Energy::HalfL2Squared => *v,
        Energy::L2 if size == 0.0 => 0.0,
        Energy::L2 => v / size,
        Energy::L1 => sign(*v),
        Energy::LInf if Some(d) == first => sign(*v),
        Energy::LInf => 0.0,
    };
    v.iter().enumerate().map(of).collect()
}

/// A model of four known points.
struct Known {
    points: Vec<Vec<f64>>,
    gradients: Vec<Vec<f64>>,
    middle: Vec<Vec<f64>>,
    around: Vec<Vec<f64>>,
}

fn known(around: usize) -> Known {
    let entry = |i: usize, j: usize| 0.01 * ((i * 3 + j * 3) as f64 + 1.0);
    Known {
        points: rows(11, 4),
        gradients: rows(12, 4),
        middle: (0..4)
            .map(|i| (0..4).map(|j| entry(i, j)).collect())
            .collect(),
        around: rows(13, around),
    }
}

/// Positions and velocities after each step.
fn plainly(
    gradient: impl Fn(usize, usize) -> f64,
    model: Option<&Known>,
    energy: Energy,
    pace: Pace,
) -> Vec<f64> {
    let (mut x, mut v) = (rows(1, 1).remove(0), rows(2, 1).remove(0));
    let (mut positions, mut velocities) = (Vec::new(), Vec::new());
    for w in 0..pace.count {
        let mut f: Vec<f64> = (0..DIMENSION).map(|d| gradient(w, d)).collect();
        if let Some(known) = model {
            let around = &known.around[w.min(known.around.len() - 1)];
            let u: Vec<f64> = x.iter().zip(around).map(|(x, a)| x - a).collect();
            let along: Vec<f64> = known.points.iter().map(|p| dot(p, &u)).collect();
            for (row, gradient) in known.middle.iter().zip(&known.gradients) {
                let weight = dot(row, &along);
                f.iter_mut()
                    .zip(gradient)
                    .for_each(|(f, of)| *f += weight * of);
            }
        }
        let first = (pace.within + w).is_multiple_of(pace.flow_steps);
        let time = if first { pace.first_time } else { pace.time };
        for (v, f) in v.iter_mut().zip(&f) {
            *v = if first { 0.0 } else { *v } - time * f;
        }
        for (x, along) in x.iter_mut().zip(direction(energy, &v)) {
            *x += pace.step_size * along;
        }
        positions.extend(&x);
        velocities.extend(&v);
    }
    [positions, velocities].concat()
}

fn pace(within: usize) -> Pace {
    Pace {
        count: 5,
        within,
        flow_steps: 7,
        step_size: 0.3,
        time: 0.2,
        first_time: 0.15,
    }
}

/// Runs the kernel and compares it with the plain computation, for every energy.
fn compare(gradients: &str, around: Option<usize>) {
    let given = rows(3, 5);
    let (gradient, slope) = (&given[0], &given[1]);
    for device in devices() {
        for (dtype, bound) in [(DType::F64, 1e-13), (DType::F32, 2e-5)] {
            let of = |rows: &[Vec<f64>]| tensor(rows, dtype, &device);
            let row = |row: &Vec<f64>| of(std::slice::from_ref(row)).get(0).unwrap();
            let (x, v) = (row(&rows(1, 1)[0]), row(&rows(2, 1)[0]));
            let (f, s, all) = (row(gradient), row(slope), of(&given));
            let law = match gradients {
                "given" => KernelGradients::Given(&all),
                "constant" => KernelGradients::Constant(&f),
                _ => KernelGradients::Linear(&f, &s),
            };
            let plain_gradient = |w: usize, d: usize| match gradients {
                "given" => given[w][d],
                "constant" => gradient[d],
                _ => gradient[d] + (w as f64 + 1.0) * slope[d],
            };
            let known = around.map(known);
            let parts = known.as_ref().map(|known| {
                let middle = tensor(&known.middle, DType::F64, &device);
                (
                    of(&known.points),
                    of(&known.gradients),
                    middle,
                    of(&known.around),
                )
            });
            for energy in ENERGIES {
                for within in [0, 1, 4] {
                    let steps = Steps {
                        position: &x,
                        velocity: &v,
                        gradients: law,
                        model: parts
                            .as_ref()
                            .map(|(points, gradients, middle, around)| Model {
                                points,
                                gradients,
                                middle,
                                around,
                            }),
                        energy,
                        pace: pace(within),
                    };
                    let found = steps.take(&Scratch::default()).unwrap();
                    assert_eq!(found.dims(), [2, 5, DIMENSION]);
                    let wanted = plainly(plain_gradient, known.as_ref(), energy, pace(within));
                    let apart = farthest(&numbers(&found), &wanted);
                    assert!(
                        apart <= bound,
                        "{device:?} {dtype:?} {energy:?} from step {within}: {apart:e}"
                    );
                }
            }
        }
    }
}

#[test]
fn steps_with_given_gradients_are_those_of_the_recurrence() {
    compare("given", None);
}

#[test]
fn steps_with_gradients_that_go_on_are_those_of_the_recurrence() {
    compare("constant", None);
    compare("linear", None);
}

#[test]
fn steps_with_modelled_gradients_are_those_of_the_recurrence() {
    compare("given", Some(5));
    compare("constant", Some(1));
}

#[test]
fn a_model_that_models_nothing_adds_nothing_of_a_point_that_has_run_away() {
    for device in devices() {
        let of = |rows: &[Vec<f64>]| tensor(rows, DType::F64, &device);
        let mut wild = rows(11, 4);
        wild[2][5] = f64::INFINITY;
        let (wild, gradients, around) = (of(&wild), of(&rows(3, 5)), of(&rows(13, 5)));
        let (x, v) = (gradients.get(0).unwrap(), gradients.get(1).unwrap());
        let middle = of(&vec![vec![0.0; 4]; 4])
            .narrow(1, 0, 4)
            .unwrap()
            .contiguous();
        let middle = middle.unwrap();
        let steps = |model| Steps {
            position: &x,
            velocity: &v,
            gradients: KernelGradients::Given(&gradients),
            model,
            energy: Energy::L2,
            pace: pace(0),
        };
        let model = Model {
            points: &wild,
            gradients: &wild,
            middle: &middle,
            around: &around,
        };
        let found = numbers(&steps(Some(model)).take(&Scratch::default()).unwrap());
        assert_eq!(
            found,
            numbers(&steps(None).take(&Scratch::default()).unwrap())
        );
    }
}

#[test]
fn steps_of_tensors_that_do_not_fit_together_are_refused() {
    let device = Device::Cpu;
    let all = tensor(&rows(1, 5), DType::F64, &device);
    let (x, v) = (all.get(0).unwrap(), all.get(1).unwrap());
    let short = v.narrow(0, 0, 3).unwrap();
    let other = v.to_dtype(DType::F32).unwrap();
    let few = all.narrow(0, 0, 2).unwrap();
    for (velocity, gradients) in [
        (&short, KernelGradients::Given(&all)),
        (&other, KernelGradients::Given(&all)),
        (&v, KernelGradients::Given(&few)),
        (&v, KernelGradients::Constant(&short)),
    ] {
        let steps = Steps {
            position: &x,
            velocity,
            gradients,
            model: None,
            energy: Energy::L2,
            pace: pace(0),
        };
        let error = steps.take(&Scratch::default()).unwrap_err().to_string();
        assert!(error.contains("do not fit together"), "{error}");
    }
}

#[test]
fn changes_are_the_norms_of_rows_and_of_their_differences() {
    for device in devices() {
        for (dtype, bound) in [(DType::F64, 1e-14), (DType::F32, 1e-6)] {
            let (new, old) = (rows(5, 6), rows(6, 6));
            let of = |rows: &[Vec<f64>]| tensor(rows, dtype, &device);
            let found = gpu::changes(&of(&new), &of(&old), &Scratch::default()).unwrap();
            assert_eq!(found.dtype(), DType::F64);
            let apart = new.iter().zip(&old).map(|(new, old)| {
                let apart: Vec<f64> = new.iter().zip(old).map(|(a, b)| a - b).collect();
                dot(&apart, &apart).sqrt()
            });
            let size = |row: &Vec<f64>| dot(row, row).sqrt();
            let mut wanted: Vec<f64> = apart.collect();
            wanted.extend(old.iter().map(size));
            wanted.extend(new.iter().map(size));
            let apart = farthest(&numbers(&found), &wanted);
            assert!(apart < bound * 10.0, "{device:?} {dtype:?}: {apart:e}");
        }
        let far = tensor(&[vec![1e38; DIMENSION]], DType::F32, &device);
        let found = numbers(&gpu::changes(&far, &far, &Scratch::default()).unwrap());
        assert!(found[0] == 0.0 && found[1].is_finite() && found[2].is_infinite());
    }
}

#[test]
fn differences_are_those_of_rows_that_lie_anywhere_and_the_last_of_them() {
    let scratch = Scratch::default();
    for device in devices() {
        for dtype in [DType::F64, DType::F32] {
            let block = |seed| tensor(&rows(seed, 6), dtype, &device);
            let (points, gradients, surrogates) = (block(5), block(6), block(7));
            // Not in the order in which they lie.
            let of = |block: &Tensor| -> Vec<Tensor> {
                [4, 0, 3, 5].map(|i| block.get(i).unwrap()).to_vec()
            };
            let plain = |block: &Tensor| {
                let all = Tensor::stack(&of(block), 0).unwrap();
                let last = all.narrow(0, 3, 1).unwrap();
                all.narrow(0, 0, 3).unwrap().broadcast_sub(&last).unwrap()
            };
            let differences = |surrogates: &[Tensor]| {
                gpu::differences(&of(&points), &of(&gradients), surrogates, &scratch).unwrap()
            };
            let wanted = [plain(&points), plain(&gradients)];
            let found = differences(&[]);
            assert_eq!(
                numbers(&found),
                numbers(&Tensor::stack(&wanted, 0).unwrap())
            );
            let less = (plain(&gradients) - plain(&surrogates)).unwrap();
            let wanted = Tensor::stack(&[plain(&points), less], 0).unwrap();
            assert_eq!(numbers(&differences(&of(&surrogates))), numbers(&wanted));
            let one = of(&points)[..1].to_vec();
            assert_eq!(
                gpu::differences(&one, &one, &[], &scratch)
                    .unwrap()
                    .dim(1)
                    .unwrap(),
                0
            );
            assert!(gpu::differences(&of(&points), &one, &[], &scratch).is_err());
            assert!(gpu::differences(&[], &[], &[], &scratch).is_err());
        }
    }
}

#[test]
fn rows_are_gathered_from_anywhere_and_turned_over() {
    for device in devices() {
        for dtype in [DType::F64, DType::F32] {
            let block = tensor(&rows(5, 6), dtype, &device);
            let of = |places: &[usize]| -> Vec<Tensor> {
                places.iter().map(|&i| block.get(i).unwrap()).collect()
            };
            for places in [vec![4, 0, 5, 0], (0..40).map(|i| i % 6).collect()] {
                let found = gpu::gathered(&of(&places)).unwrap();
                let wanted = Tensor::stack(&of(&places), 0).unwrap();
                assert_eq!(found.dims(), wanted.dims());
                assert_eq!(numbers(&found), numbers(&wanted));
            }
            assert!(gpu::gathered(&[]).is_err());
            assert!(gpu::gathered(&[block.get(0).unwrap(), block.clone()]).is_err());
            let length = block.elem_count() / 6;
            for width in [1, 2]
                .into_iter()
                .filter(|width| length.is_multiple_of(*width))
            {
                let of = block.reshape((6, length / width, width)).unwrap();
                let wanted = of.transpose(0, 1).unwrap().contiguous().unwrap();
                let found = gpu::turned(&of).unwrap();
                assert_eq!(found.dims(), wanted.dims());
                assert_eq!(numbers(&found), numbers(&wanted));
            }
        }
    }
}

#[test]
fn the_middle_times_the_weighted_gram_matrix_is_the_identity_but_for_the_ridge() {
    for device in devices() {
        for size in [1, 2, 9] {
            let mut steps = rows(8, size);
            // Of very different lengths.
            for (i, row) in steps.iter_mut().enumerate() {
                row.iter_mut().for_each(|v| *v *= 10f64.powi(-(i as i32)));
            }
            let of = tensor(&steps, DType::F64, &device);
            let found = numbers(&gpu::middle(&of, 1e-13, 1e-20, &Scratch::default()).unwrap());
            for i in 0..size {
                for j in 0..size {
                    let entry = |k: usize| found[i * size + k] * dot(&steps[k], &steps[j]);
                    let entry: f64 = (0..size).map(entry).sum();
                    let entry =
                        entry * (dot(&steps[i], &steps[i]) / dot(&steps[j], &steps[j])).sqrt();
                    let wanted = if i == j { 1.0 } else { 0.0 };
                    assert!((entry - wanted).abs() < 1e-9, "{size} {i} {j}: {entry}");
                }
            }
        }
    }
}

#[test]
fn the_middle_of_what_says_nothing_is_zero_and_a_step_without_length_does_no_harm() {
    for device in devices() {
        let nothing = vec![vec![0.0; DIMENSION]; 3];
        let of = |rows: &[Vec<f64>]| {
            numbers(
                &gpu::middle(
                    &tensor(rows, DType::F64, &device),
                    1e-4,
                    1e-6,
                    &Scratch::default(),
                )
                .unwrap(),
            )
        };
        assert_eq!(of(&nothing), [0.0; 9]);
        let mut wild = rows(9, 3);
        wild[1][7] = f64::NAN;
        assert_eq!(of(&wild), [0.0; 9]);
        let mut one_short = rows(9, 2);
        one_short.push(vec![0.0; DIMENSION]);
        let (with, without) = (of(&one_short), of(&one_short[..2]));
        assert_eq!(with[8], 0.0);
        assert!(farthest(&with[..2], &without[..2]) < 1e-12);
    }
}

#[test]
fn logits_are_judged_as_by_the_librarys_operations() {
    for device in devices() {
        for (dtype, bound) in [(DType::F64, 1e-12), (DType::F32, 1e-4)] {
            let z = tensor(&rows(4, 70), dtype, &device);
            let z = (z.reshape((1050, 10)).unwrap() * 20.0).unwrap();
            let labels: Vec<u32> = (0..1050).map(|i| i * 7 % 10).collect();
            let labels = Tensor::new(labels, &device).unwrap();
            let (loss, hits) = gpu::judged(&z, &labels).unwrap();
            let wide = z.to_dtype(DType::F64).unwrap();
            let e = wide.exp().unwrap().sum(1).unwrap().log().unwrap();
            let own = wide.gather(&labels.unsqueeze(1).unwrap(), 1).unwrap();
            let wanted = (e - own.squeeze(1).unwrap()).unwrap().sum_all().unwrap();
            let wanted: f64 = wanted.to_scalar().unwrap();
            assert!((loss - wanted).abs() < bound * wanted, "{loss} {wanted}");
            let right = z.argmax(1).unwrap().eq(&labels).unwrap();
            let right = right.to_dtype(DType::F64).unwrap().sum_all().unwrap();
            assert_eq!(hits, right.to_scalar::<f64>().unwrap());
        }
        let few = Tensor::new(&[0u32], &device).unwrap();
        let z = tensor(&rows(4, 2), DType::F64, &device);
        assert!(gpu::judged(&z, &few).is_err());
    }
}

/// More entries than a block has threads, and equal ones wherever two are compared first.
#[test]
fn of_equal_entries_the_first_is_found_on_every_device() {
    for device in gpu::devices_to_test() {
        for (n, places) in [
            (4, vec![1, 2]),
            (10, vec![3, 4, 9]),
            (3000, vec![5, 1024, 2048]),
            (3000, vec![2999]),
        ] {
            let row = |i| {
                if places.contains(&i) {
                    2.0
                } else {
                    -1.0 - (i % 7) as f64
                }
            };
            let rows: Vec<f64> = (0..n).chain(0..n).map(row).collect();
            let x = Tensor::from_vec(rows, (2, n), &Device::Cpu).unwrap();
            for dtype in [DType::F32, DType::F64] {
                let x = x.to_dtype(dtype).unwrap().to_device(&device).unwrap();
                let found = gpu::first_largest(&x).unwrap().to_vec2::<u32>().unwrap();
                assert_eq!(
                    found,
                    [[places[0] as u32], [places[0] as u32]],
                    "{device:?}"
                );
            }
        }
    }
}
