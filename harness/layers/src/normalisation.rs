//! Batch normalisation.

use super::{here, on_gpu, slice, with_slice};
use candle_core::{
    CpuStorage, CustomOp3, DType, Device, Layout, Result, Shape, Tensor, Var, WithDType, bail,
};
use candle_nn::BatchNorm;
use rayon::prelude::*;

/// Images `[n, channels, height, width]` normalised channel by channel by their own mean and variance, and the
/// layer's running statistics moved towards them: [`BatchNorm::forward_train`] of a layer that removes the
/// mean, as all do unless told otherwise.
///
/// # Errors
/// If the shapes do not fit.
pub fn normalise(layer: &BatchNorm, images: &Tensor) -> Result<Tensor> {
    let computed = here(images) || on_gpu(images);
    let Some((weight, bias)) = layer
        .weight_and_bias()
        .filter(|(weight, _)| computed && weight.dtype() == images.dtype())
    else {
        return layer.forward_train(images);
    };
    if on_gpu(images) {
        let running = [layer.running_mean(), layer.running_var()];
        let [epsilon, pace] = [layer.eps(), layer.momentum()];
        return gpu::normalise(images, [weight, bias], running, epsilon, pace);
    }
    let (_, channels, _, _) = images.dims4()?;
    if weight.dims() != [channels] || images.elem_count() == 0 {
        bail!("{:?} for {:?} channels", images.shape(), weight.shape())
    }
    let images = images.contiguous()?;
    let statistics = match images.dtype() {
        DType::F64 => with_slice(&images, |x: &[f64]| {
            Ok(BatchStatistics::of(x, images.dims()))
        })?,
        _ => with_slice(&images, |x: &[f32]| {
            Ok(BatchStatistics::of(x, images.dims()))
        })?,
    };
    statistics.moved_towards(layer)?;
    let normalisation = Normalisation {
        scales: statistics.scales(layer.eps()),
        means: statistics.means,
    };
    images.apply_op3(&weight.contiguous()?, &bias.contiguous()?, normalisation)
}

/// The planes of each channel.
#[derive(Clone, Copy)]
struct Planes {
    images: usize,
    channels: usize,
    /// Numbers of a plane.
    size: usize,
}

impl Planes {
    fn of(dims: &[usize]) -> Self {
        Self {
            images: dims[0],
            channels: dims[1],
            size: dims[2..].iter().product(),
        }
    }

    /// Those of a channel, image by image.
    fn channel<T>(self, all: &[T], channel: usize) -> impl Iterator<Item = &[T]> {
        let planes = all.chunks_exact(self.size).skip(channel);
        planes.step_by(self.channels)
    }

    /// A number for each channel, side by side.
    fn each<R: Send>(self, of: impl Fn(usize) -> R + Send + Sync) -> Vec<R> {
        (0..self.channels).into_par_iter().map(of).collect()
    }

    /// Numbers of a channel.
    fn count(self) -> f64 {
        (self.images * self.size) as f64
    }
}

/// The sum of something over the numbers of a plane, in f64, by several sums side by side.
fn sum<T: WithDType>(plane: &[T], of: impl Fn(usize, f64) -> f64) -> f64 {
    const LANES: usize = 16;
    let mut sums = [0.0; LANES];
    let chunks = plane.chunks_exact(LANES);
    let rest = chunks.remainder();
    let full = plane.len() - rest.len();
    for (index, chunk) in chunks.enumerate() {
        for lane in 0..LANES {
            sums[lane] += of(index * LANES + lane, chunk[lane].to_f64());
        }
    }
    for (lane, value) in rest.iter().enumerate() {
        sums[lane] += of(full + lane, value.to_f64());
    }
    sums.iter().sum()
}

/// Mean and variance of each channel.
struct BatchStatistics {
    planes: Planes,
    means: Vec<f64>,
    /// With the number of values as its divisor.
    variances: Vec<f64>,
}

impl BatchStatistics {
    fn of<T: WithDType>(images: &[T], dims: &[usize]) -> Self {
        let planes = Planes::of(dims);
        let moments = planes.each(|c| {
            let plane = || planes.channel(images, c);
            let mean = plane().map(|p| sum(p, |_, x| x)).sum::<f64>() / planes.count();
            let square = |_, x: f64| (x - mean) * (x - mean);
            let variance = plane().map(|p| sum(p, square)).sum::<f64>() / planes.count();
            (mean, variance)
        });
        let (means, variances) = moments.into_iter().unzip();
        Self {
            planes,
            means,
            variances,
        }
    }

    /// 1/√(variance + ε).
    fn scales(&self, epsilon: f64) -> Vec<f64> {
        let scale = |variance: &f64| 1.0 / (variance + epsilon).sqrt();
        self.variances.iter().map(scale).collect()
    }

    /// Moves a layer's running statistics; its variance is the unbiased one.
    fn moved_towards(&self, layer: &BatchNorm) -> Result<()> {
        let (count, pace) = (self.planes.count(), layer.momentum());
        let unbiased = count / (count - 1.0);
        let moved = |running: &Tensor, values: &[f64], factor: f64| {
            let values: Vec<f64> = values.iter().map(|v| v * factor * pace).collect();
            let values = Tensor::new(values, &Device::Cpu)?.to_dtype(running.dtype())?;
            Var::from_tensor(running)?.set(&((running.detach() * (1.0 - pace))? + values)?)
        };
        moved(layer.running_mean(), &self.means, 1.0)?;
        moved(layer.running_var(), &self.variances, unbiased)
    }
}

/// y = (x − mean)·scale·weight + bias, channel by channel.
struct Normalisation {
    means: Vec<f64>,
    scales: Vec<f64>,
}

/// Gradients for x, weight, bias.
type NormalisationGradients<T> = (Vec<T>, Vec<T>, Vec<T>);

impl Normalisation {
    fn forward<T: WithDType>(&self, x: &[T], [weight, bias]: [&[T]; 2], planes: Planes) -> Vec<T> {
        let mut out = vec![T::zero(); x.len()];
        out.par_chunks_mut(planes.size)
            .zip(x.par_chunks(planes.size))
            .enumerate()
            .for_each(|(plane, (out, x))| {
                let c = plane % planes.channels;
                let slope = self.scales[c] * weight[c].to_f64();
                let (slope, mean) = (T::from_f64(slope), T::from_f64(self.means[c]));
                for (y, x) in out.iter_mut().zip(x) {
                    *y = (*x - mean) * slope + bias[c];
                }
            });
        out
    }

    /// With x̂ = (x − mean)·scale and g the gradient for y, of m numbers a channel: for the bias Σg, for
    /// the weight Σg·x̂, for x weight·scale·(g − Σg/m − x̂·Σg·x̂/m), as mean and scale depend on x too.
    fn backward<T: WithDType>(
        &self,
        x: &[T],
        weight: &[T],
        gradient: &[T],
        planes: Planes,
    ) -> NormalisationGradients<T> {
        let sums = planes.each(|c| {
            let (mean, scale) = (self.means[c], self.scales[c]);
            let pairs = planes.channel(x, c).zip(planes.channel(gradient, c));
            let of_plane = |(x, g): (&[T], &[T])| {
                let along = |at: usize, g: f64| g * (x[at].to_f64() - mean);
                [sum(g, |_, g| g), scale * sum(g, along)]
            };
            let add = |a: [f64; 2], b: [f64; 2]| [a[0] + b[0], a[1] + b[1]];
            pairs.map(of_plane).fold([0.0; 2], add)
        });
        let mut for_x = vec![T::zero(); x.len()];
        for_x
            .par_chunks_mut(planes.size)
            .zip(
                x.par_chunks(planes.size)
                    .zip(gradient.par_chunks(planes.size)),
            )
            .enumerate()
            .for_each(|(plane, (out, (x, g)))| {
                let c = plane % planes.channels;
                let [plain, along] = sums[c].map(|sum| sum / planes.count());
                let slope = T::from_f64(weight[c].to_f64() * self.scales[c]);
                let (mean, plain) = (T::from_f64(self.means[c]), T::from_f64(plain));
                let along = T::from_f64(along * self.scales[c]);
                for (out, (x, g)) in out.iter_mut().zip(x.iter().zip(g)) {
                    *out = slope * (*g - plain - (*x - mean) * along);
                }
            });
        let for_weight = sums.iter().map(|s| T::from_f64(s[1])).collect();
        let for_bias = sums.iter().map(|s| T::from_f64(s[0])).collect();
        (for_x, for_weight, for_bias)
    }

    fn gradients<T: WithDType>(
        &self,
        x: &Tensor,
        weight: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let planes = Planes::of(x.dims());
        let (for_x, for_weight, for_bias) = with_slice(x, |x: &[T]| {
            with_slice(weight, |w: &[T]| {
                with_slice(gradient, |g: &[T]| Ok(self.backward(x, w, g, planes)))
            })
        })?;
        let channels = planes.channels;
        Ok((
            Some(Tensor::from_vec(for_x, x.shape(), &Device::Cpu)?),
            Some(Tensor::from_vec(for_weight, channels, &Device::Cpu)?),
            Some(Tensor::from_vec(for_bias, channels, &Device::Cpu)?),
        ))
    }
}

impl CustomOp3 for Normalisation {
    fn name(&self) -> &'static str {
        "batch-normalisation"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let planes = Planes::of(x_layout.dims());
        let out = match x {
            CpuStorage::F32(_) => CpuStorage::F32(self.forward(
                slice(x, x_layout)?,
                [slice(weight, weight_layout)?, slice(bias, bias_layout)?],
                planes,
            )),
            CpuStorage::F64(_) => CpuStorage::F64(self.forward(
                slice(x, x_layout)?,
                [slice(weight, weight_layout)?, slice(bias, bias_layout)?],
                planes,
            )),
            _ => bail!("images are f32 or f64"),
        };
        Ok((out, x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _bias: &Tensor,
        _out: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        match x.dtype() {
            DType::F64 => self.gradients::<f64>(x, weight, &gradient),
            _ => self.gradients::<f32>(x, weight, &gradient),
        }
    }
}
