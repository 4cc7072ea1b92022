//! Convolution.

use super::patches::Patches;
use super::{here, on_gpu, slice, with_slice};
use candle_core::{CpuStorage, CustomOp2, Device, Layout, Result, Shape, Tensor, WithDType, bail};
use rayon::prelude::*;

/// Numbers of a matrix of patches that are made at once, about: what a core's cache holds. A constant and
/// not asked of the machine, so that sums have the same order everywhere.
const AT_ONCE: usize = 1 << 18;

/// Images `[n, channels, height, width]` convolved with kernels `[filters, channels, k, k]`, without bias, with
/// `padding` zeros on each side: `[n, filters, height', width']`.
///
/// On a CPU, in f32 and f64, patches of a few images at a time are gathered and multiplied, in the gradients
/// again, so that no matrix of all patches is ever kept; on a GPU it is [`gpu::convolve`].
///
/// # Errors
/// If the shapes do not fit.
///
/// ```
/// # use candle_core::{Device, Tensor};
/// # use layers::convolve;
/// let images = Tensor::ones((1, 1, 3, 3), candle_core::DType::F64, &Device::Cpu)?;
/// let kernels = Tensor::ones((1, 1, 3, 3), candle_core::DType::F64, &Device::Cpu)?;
/// let sums = convolve(&images, &kernels, 1, 1)?.flatten_all()?.to_vec1::<f64>()?;
/// assert_eq!(sums, [4., 6., 4., 6., 9., 6., 4., 6., 4.]);
/// # candle_core::Result::Ok(())
/// ```
pub fn convolve(
    images: &Tensor,
    kernels: &Tensor,
    stride: usize,
    padding: usize,
) -> Result<Tensor> {
    if on_gpu(images) {
        return gpu::convolve(images, kernels, stride, padding);
    }
    if !here(images) {
        return images.conv2d(kernels, padding, stride, 1, 1);
    }
    let (_, channels, height, width) = images.dims4()?;
    let (filters, seen, k, other) = kernels.dims4()?;
    if seen != channels || k != other || kernels.elem_count() == 0 {
        bail!("kernels {:?} for {channels} channels", kernels.shape())
    }
    let patches = Patches {
        channels,
        size: [height, width],
        kernel: k,
        stride,
        padding,
    };
    let convolution = Convolution {
        patches,
        filters,
        out: patches.out()?,
    };
    images
        .contiguous()?
        .apply_op2(&kernels.contiguous()?, convolution)
}

struct Convolution {
    patches: Patches,
    filters: usize,
    /// Height and width of what comes out.
    out: [usize; 2],
}

/// Tensors of a few images' worth.
fn matrix<T: WithDType>(values: Vec<T>, rows: usize) -> Result<Tensor> {
    let columns = values.len() / rows;
    Tensor::from_vec(values, (rows, columns), &Device::Cpu)
}

impl Convolution {
    /// Numbers of an image.
    fn image(&self) -> usize {
        self.patches.channels * self.patches.size.iter().product::<usize>()
    }

    /// Numbers of one filter's output for an image.
    fn plane(&self) -> usize {
        self.out.iter().product()
    }

    /// How many images are done at once.
    fn group(&self) -> usize {
        (AT_ONCE / (self.patches.seen() * self.plane())).max(1)
    }

    fn forward<T: WithDType>(&self, images: &[T], kernels: &[T]) -> Result<Vec<T>> {
        let (plane, group) = (self.plane(), self.group());
        let count = images.len() / self.image();
        let kernels = matrix(kernels.to_vec(), self.filters)?;
        let mut out = vec![T::zero(); count * self.filters * plane];
        out.par_chunks_mut(group * self.filters * plane)
            .zip(images.par_chunks(group * self.image()))
            .try_for_each(|(out, images)| {
                let patches = matrix(self.patches.gather(images)?, self.patches.seen())?;
                with_slice(&kernels.matmul(&patches)?, |product| {
                    transpose(product, out, self.filters, plane);
                    Ok(())
                })
            })?;
        Ok(out)
    }

    /// Gradients for images and for kernels, from that for the output.
    fn backward<T: WithDType>(
        &self,
        images: &[T],
        kernels: &[T],
        gradient: &[T],
    ) -> Result<(Vec<T>, Vec<T>)> {
        let (plane, group) = (self.plane(), self.group());
        let kernels_across = matrix(kernels.to_vec(), self.filters)?.t()?;
        let mut for_images = vec![T::zero(); images.len()];
        let parts: Vec<Tensor> = for_images
            .par_chunks_mut(group * self.image())
            .zip(images.par_chunks(group * self.image()))
            .zip(gradient.par_chunks(group * self.filters * plane))
            .map(|((for_images, images), gradient)| {
                let mut by_filter = vec![T::zero(); gradient.len()];
                let images_here = gradient.len() / self.filters / plane;
                transpose(gradient, &mut by_filter, images_here, plane);
                let gradient = matrix(by_filter, self.filters)?;
                let patches = matrix(self.patches.gather(images)?, self.patches.seen())?;
                with_slice(&kernels_across.matmul(&gradient)?, |for_patches| {
                    self.patches.scatter(for_patches, for_images)
                })?;
                gradient.matmul(&patches.t()?)
            })
            .collect::<Result<_>>()?;
        // In the order of the images, whoever was first.
        let mut for_kernels = vec![T::zero(); kernels.len()];
        for part in parts {
            with_slice(&part, |part: &[T]| {
                let sums = for_kernels.iter_mut();
                sums.zip(part).for_each(|(sum, part)| *sum += *part);
                Ok(())
            })?;
        }
        Ok((for_images, for_kernels))
    }

    fn gradients<T: WithDType>(
        &self,
        images: &Tensor,
        kernels: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (for_images, for_kernels) = with_slice(images, |x: &[T]| {
            with_slice(kernels, |k: &[T]| {
                with_slice(gradient, |g: &[T]| self.backward(x, k, g))
            })
        })?;
        Ok((
            Some(Tensor::from_vec(for_images, images.shape(), &Device::Cpu)?),
            Some(Tensor::from_vec(
                for_kernels,
                kernels.shape(),
                &Device::Cpu,
            )?),
        ))
    }
}

/// Planes `[rows, columns]` to planes `[columns, rows]`.
fn transpose<T: WithDType>(from: &[T], to: &mut [T], rows: usize, plane: usize) {
    let columns = from.len() / rows / plane;
    for (index, to) in to.chunks_exact_mut(plane).enumerate() {
        let (column, row) = (index / rows, index % rows);
        to.copy_from_slice(&from[(row * columns + column) * plane..][..plane]);
    }
}

impl CustomOp2 for Convolution {
    fn name(&self) -> &'static str {
        "convolution"
    }

    fn cpu_fwd(
        &self,
        images: &CpuStorage,
        images_layout: &Layout,
        kernels: &CpuStorage,
        kernels_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let out = match (images, kernels) {
            (CpuStorage::F32(_), CpuStorage::F32(_)) => CpuStorage::F32(self.forward(
                slice(images, images_layout)?,
                slice(kernels, kernels_layout)?,
            )?),
            (CpuStorage::F64(_), CpuStorage::F64(_)) => CpuStorage::F64(self.forward(
                slice(images, images_layout)?,
                slice(kernels, kernels_layout)?,
            )?),
            _ => bail!("images and kernels are f32 or f64, both the same"),
        };
        let count = images_layout.dims()[0];
        let [height, width] = self.out;
        Ok((out, (count, self.filters, height, width).into()))
    }

    fn bwd(
        &self,
        images: &Tensor,
        kernels: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        match images.dtype() {
            candle_core::DType::F64 => self.gradients::<f64>(images, kernels, &gradient),
            _ => self.gradients::<f32>(images, kernels, &gradient),
        }
    }
}
