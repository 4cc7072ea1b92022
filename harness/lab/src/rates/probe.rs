//! Computations of which the best rate counts. A rate is the largest that any probe of its list
//! reaches, so that a faster kernel is one line more.

use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use std::hint::black_box;

/// Something that can be timed again and again.
pub(super) struct Job {
    /// Bytes or operations of one call.
    pub amount: f64,
    /// The call.
    pub call: Box<dyn FnMut() -> Result<()> + Send>,
}

/// A matrix product of an element type and order on a device; `None` where the probe has none.
/// Made and called where the threads are those that it is to use.
pub(super) type TimedProduct = fn(&Device, DType, usize) -> Result<Option<Job>>;

/// Reading an array of the first number of bytes, again and again until it is at least the second;
/// `None` where the probe cannot.
pub(super) type Reader = fn(&Device, usize, usize) -> Result<Option<Job>>;

/// Products, by name.
pub(super) const PRODUCTS: &[(&str, TimedProduct)] =
    &[("candle-matmul", matmul), ("multiply-adds", multiply_adds)];

/// Reading, by name: two for a CPU, of which the faster depends on the compiler's options and on the
/// C library, and two for other devices. The tensor library's own are not made for speed on a CPU.
pub(super) const READERS: &[(&str, Reader)] = &[
    ("sum", sum),
    ("compare", compare),
    ("candle-sum", tensor_sum),
    ("candle-copy", tensor_copy),
];

/// What the rates depend on besides the settings.
pub(super) fn names() -> Vec<String> {
    let products = PRODUCTS.iter().map(|(name, _)| *name);
    let readers = READERS.iter().map(|(name, _)| *name);
    products.chain(readers).map(str::to_owned).collect()
}

fn matmul(device: &Device, dtype: DType, order: usize) -> Result<Option<Job>> {
    // Whole numbers around zero: no product of them is slow, as one of denormals is.
    let matrix = |period: usize| -> Result<Tensor> {
        let flat: Vec<f32> = (0..order * order)
            .map(|i| (i % period) as f32 - 3.0)
            .collect();
        Ok(Tensor::from_vec(flat, (order, order), device)?.to_dtype(dtype)?)
    };
    let (a, b) = (matrix(7)?, matrix(5)?);
    Ok(Some(Job {
        amount: 2.0 * (order as f64).powi(3),
        call: Box::new(move || {
            black_box(a.matmul(&b)?);
            Ok(())
        }),
    }))
}

/// As many operations as a product of that order, without its loads and stores: what a product
/// that keeps every unit busy would reach.
fn multiply_adds(device: &Device, dtype: DType, order: usize) -> Result<Option<Job>> {
    if !device.is_cpu() {
        return Ok(None);
    }
    let each = 2.0 * (order as f64).powi(3) / rayon::current_num_threads() as f64;
    let double = dtype == DType::F64;
    Ok(Some(Job {
        amount: 2.0 * (order as f64).powi(3),
        call: Box::new(move || {
            rayon::broadcast(|_| black_box(optim::multiply_adds(each, double)));
            Ok(())
        }),
    }))
}

/// An array in pieces, one for each thread of the current pool, which also touches it first: on
/// machines with several memories each piece is then near the thread that reads it.
fn pieces(bytes: usize) -> Vec<Vec<u64>> {
    let words = bytes / size_of::<u64>() / rayon::current_num_threads();
    rayon::broadcast(|_| vec![1; words.max(2)])
}

/// Each thread of the current pool reads its piece as often as it takes.
fn by_all_threads(bytes: usize, least: usize, read: fn(&[u64]) -> u64) -> Job {
    let pieces = pieces(bytes);
    let passes = least.div_ceil(bytes).max(1);
    let words: usize = pieces.iter().map(Vec::len).sum();
    Job {
        amount: (words * size_of::<u64>() * passes) as f64,
        call: Box::new(move || {
            rayon::broadcast(|thread| {
                for _ in 0..passes {
                    black_box(read(black_box(&pieces[thread.index()])));
                }
            });
            Ok(())
        }),
    }
}

fn sum(device: &Device, bytes: usize, least: usize) -> Result<Option<Job>> {
    let sum = |words: &[u64]| {
        // As many sums side by side as hide the latency of an addition.
        let mut sums = [0u64; 16];
        let chunks = words.chunks_exact(sums.len());
        for chunk in chunks {
            for (sum, word) in sums.iter_mut().zip(chunk) {
                *sum = sum.wrapping_add(*word);
            }
        }
        sums.into_iter().fold(0, u64::wrapping_add)
    };
    Ok(device.is_cpu().then(|| by_all_threads(bytes, least, sum)))
}

/// Compares the halves, which are equal: the C library's `memcmp`.
fn compare(device: &Device, bytes: usize, least: usize) -> Result<Option<Job>> {
    let compare = |words: &[u64]| {
        let (a, b) = words.split_at(words.len() / 2);
        u64::from(a == &b[..a.len()])
    };
    Ok(device
        .is_cpu()
        .then(|| by_all_threads(bytes, least, compare)))
}

/// Sums of rows, so that there are many for a GPU to compute at once.
fn tensor_sum(device: &Device, bytes: usize, least: usize) -> Result<Option<Job>> {
    if device.is_cpu() {
        return Ok(None);
    }
    const ROW: usize = 4096;
    let rows = (bytes / size_of::<f32>() / ROW).max(1);
    let array = Tensor::ones((rows, ROW), DType::F32, device)?;
    let passes = least.div_ceil(bytes).max(1);
    Ok(Some(Job {
        amount: (rows * ROW * size_of::<f32>() * passes) as f64,
        call: Box::new(move || {
            for _ in 0..passes {
                black_box(array.sum(1)?);
            }
            Ok(())
        }),
    }))
}

/// Copies half the bytes, and counts them as read and as written: what moves so many can read them.
fn tensor_copy(device: &Device, bytes: usize, least: usize) -> Result<Option<Job>> {
    if device.is_cpu() {
        return Ok(None);
    }
    let mut once = copy(device, bytes)?;
    let passes = least.div_ceil(bytes).max(1);
    Ok(Some(Job {
        amount: 2.0 * once.amount * passes as f64,
        call: Box::new(move || (0..passes).try_for_each(|_| (once.call)())),
    }))
}

/// Copies half an array of so many bytes to its other half; the amount is what is copied.
pub(super) fn copy(device: &Device, bytes: usize) -> Result<Job> {
    if device.is_cpu() {
        let mut pieces = pieces(bytes);
        let words: usize = pieces.iter().map(|piece| piece.len() / 2).sum();
        return Ok(Job {
            amount: (words * size_of::<u64>()) as f64,
            call: Box::new(move || {
                rayon::scope(|scope| {
                    for piece in &mut pieces {
                        scope.spawn(|_| {
                            let half = piece.len() / 2;
                            let (from, to) = piece.split_at_mut(half);
                            to[..half].copy_from_slice(from);
                            black_box(to);
                        });
                    }
                });
                Ok(())
            }),
        });
    }
    let words = (bytes / 2 / size_of::<f32>()).max(1);
    let array = Tensor::ones(words, DType::F32, device)?;
    Ok(Job {
        amount: (words * size_of::<f32>()) as f64,
        call: Box::new(move || {
            black_box(array.copy()?);
            Ok(())
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_is_read_as_often_as_it_takes_and_counted_so() {
        for (name, reader) in READERS {
            let Some(mut job) = reader(&Device::Cpu, 1 << 16, 3 << 16).unwrap() else {
                assert!(name.starts_with("candle"), "{name} is for a CPU");
                continue;
            };
            (job.call)().unwrap();
            let threads = rayon::current_num_threads() as f64;
            let lost = 3.0 * 8.0 * threads;
            assert!(
                (3.0 * 65536.0 - job.amount).abs() <= lost,
                "{name}: {}",
                job.amount
            );
        }
    }

    #[test]
    fn a_product_of_order_n_is_2_n_cubed_operations_and_a_copy_is_half_the_array() {
        for (_, product) in PRODUCTS {
            let mut job = product(&Device::Cpu, DType::F64, 10).unwrap().unwrap();
            (job.call)().unwrap();
            assert_eq!(job.amount, 2000.0);
        }
        let one = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap();
        one.install(|| {
            let mut job = copy(&Device::Cpu, 1 << 10).unwrap();
            (job.call)().unwrap();
            assert_eq!(job.amount, 512.0);
        });
    }
}
