//! Batch normalisation.

use crate::kernel::{Grid, Kernel, Number, Written};
use crate::launch::{block_threads, start, storage, tensor};
use crate::operation::{Operation, WithBackward};
use candle_core::{DType, Result, Shape, Storage, Tensor, bail};

/// Images `[n, channels, height, width]` normalised channel by channel by their own mean and variance, times
/// `weight` `[channels]`, plus `bias` `[channels]`. The running mean and variance, each `[channels]`, are moved
/// towards the batch's, the variance with the divisor of an unbiased one, by the share `pace`, in place. Sums are
/// made in f64.
///
/// # Errors
/// If shapes, types or devices do not fit together, or kernels do not run there ([`runs`](crate::runs)).
///
/// ```
/// # use candle_core::{DType, Device, Tensor};
/// let images = Tensor::new(&[[[[1f64, 3.0]]]], &Device::Cpu)?;
/// let number = |value| Tensor::full(value, 1, &Device::Cpu);
/// let (mean, variance) = (number(0.0)?, number(1.0)?);
/// if gpu::runs(images.device(), DType::F64) {
///     let running = [&mean, &variance];
///     let y = gpu::normalise(&images, [&number(2.0)?, &number(5.0)?], running, 0.0, 0.5)?;
///     assert_eq!(y.flatten_all()?.to_vec1::<f64>()?, [3.0, 7.0]);
///     assert_eq!(mean.to_vec1::<f64>()?, [1.0]);
///     assert_eq!(variance.to_vec1::<f64>()?, [1.5]);
/// }
/// # candle_core::Result::Ok(())
/// ```
pub fn normalise(
    images: &Tensor,
    [weight, bias]: [&Tensor; 2],
    [mean, variance]: [&Tensor; 2],
    epsilon: f64,
    pace: f64,
) -> Result<Tensor> {
    let (n, channels, height, width) = images.dims4()?;
    let of_channels = [weight, bias, mean, variance];
    let fits = |t: &&Tensor| t.dims() == [channels] && t.dtype() == images.dtype();
    if images.elem_count() == 0 || !of_channels.iter().all(fits) {
        bail!("images {images:?} normalised with {of_channels:?}")
    }
    let [images, weight, bias] = [
        images.contiguous()?,
        weight.contiguous()?,
        bias.contiguous()?,
    ];
    let mut operation = BatchNormalisation {
        images: images.detach(),
        weight: weight.detach(),
        bias: bias.detach(),
        moments: None,
        planes: [n, channels, height * width],
        epsilon,
        pace,
    };
    let moments = operation.kernel("moments", &[]);
    operation.moments = Some(tensor(&moments, &(3, channels).into(), DType::F64)?);
    for (running, entry) in [(mean, "towards_mean"), (variance, "towards_variance")] {
        start(&operation.kernel(entry, &[]), running)?;
    }
    images.apply_op3(&weight, &bias, WithBackward(operation))
}

struct BatchNormalisation {
    images: Tensor,
    weight: Tensor,
    bias: Tensor,
    /// `[3, channels]`: mean, variance, 1/√(variance + ε).
    moments: Option<Tensor>,
    /// Images, channels, numbers of a plane.
    planes: [usize; 3],
    epsilon: f64,
    pace: f64,
}

impl BatchNormalisation {
    fn kernel<'a>(&'a self, entry: &'static str, more: &[&'a Tensor]) -> NormaliseKernel<'a> {
        NormaliseKernel {
            of: self,
            entry,
            more: more.to_vec(),
        }
    }
}

impl Operation for BatchNormalisation {
    const NAME: &'static str = "batch-normalisation";

    fn forward(&self) -> Result<(Storage, Shape)> {
        let shape = self.images.shape();
        let kernel = self.kernel("normalised", &[]);
        Ok((storage(&kernel, shape, self.images.dtype())?, shape.clone()))
    }

    fn backward(&self, gradient: &Tensor) -> Result<Vec<Tensor>> {
        let channels = self.weight.elem_count();
        let kernel = self.kernel("gradient_sums", &[gradient]);
        let sums = tensor(&kernel, &(2, channels).into(), DType::F64)?;
        let kernel = self.kernel("for_images", &[gradient, &sums]);
        let for_images = tensor(&kernel, self.images.shape(), self.images.dtype())?;
        let sums = sums.to_dtype(self.images.dtype())?;
        Ok(vec![for_images, sums.get(1)?, sums.get(0)?])
    }
}

/// One of the kernels.
struct NormaliseKernel<'a> {
    of: &'a BatchNormalisation,
    entry: &'static str,
    /// The gradient for what came out, and its sums.
    more: Vec<&'a Tensor>,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Arguments {
    out: u64,
    x: u64,
    gradient: u64,
    weight: u64,
    bias: u64,
    moments: u64,
    sums: u64,
    written: u64,
    epsilon: f64,
    pace: f64,
    images: u32,
    channels: u32,
    plane: u32,
}

impl Kernel for NormaliseKernel<'_> {
    type Arguments<T: Copy> = Arguments;

    const NAME: &'static str = "normalise";

    fn entry(&self) -> String {
        self.entry.into()
    }

    fn elements(&self) -> DType {
        self.of.images.dtype()
    }

    fn inputs(&self) -> Vec<&Tensor> {
        let of = self.of;
        let mut all = vec![&of.images, &of.weight, &of.bias];
        all.extend(&of.moments);
        all.extend(&self.more);
        all
    }

    /// A block for each channel where sums are made, else a thread for each number.
    fn grid(&self, written: usize) -> Grid {
        if !matches!(self.entry, "moments" | "gradient_sums") {
            return Grid::of_each(written);
        }
        let threads = block_threads(self.of.images.device());
        Grid {
            blocks: self.of.planes[1],
            threads,
            shared_bytes: threads * size_of::<f64>(),
        }
    }

    fn arguments<T: Number>(&self, written: Written, inputs: &[u64]) -> Arguments {
        let input = |index: usize| inputs.get(index).copied().unwrap_or(0);
        let [images, channels, plane] = self.of.planes.map(|count| count as u32);
        Arguments {
            out: written.address,
            x: input(0),
            weight: input(1),
            bias: input(2),
            moments: input(3),
            gradient: input(4),
            sums: input(5),
            written: written.elements as u64,
            epsilon: self.of.epsilon,
            pace: self.of.pace,
            images,
            channels,
            plane,
        }
    }
}
