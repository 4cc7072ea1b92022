//! MirroredConvolution by the tensor library's operations, for GPUs.
//!
//! The library's own gradient for images is a transposed convolution, whose kernel on a GPU makes each number
//! by itself from memory. The same gradient is a convolution of the output's gradient with the kernels
//! mirrored, which becomes a matrix product.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CudaStorage, CustomOp2, Layout, Result, Shape, Storage, Tensor};

/// Images `[n, channels, height, width]` convolved with kernels `[filters, channels, k, k]`.
pub(super) fn convolve(
    images: &Tensor,
    kernels: &Tensor,
    stride: usize,
    padding: usize,
) -> Result<Tensor> {
    let product = images
        .detach()
        .conv2d(&kernels.detach(), padding, stride, 1, 1)?;
    // More zeros than a kernel reaches over leave the mirrored convolution with fewer than none.
    if padding >= kernels.dim(2)? || kernels.dim(2)? != kernels.dim(3)? {
        return images.conv2d(kernels, padding, stride, 1, 1);
    }
    let convolution = MirroredConvolution {
        product: product.contiguous()?,
        stride,
        padding,
    };
    images.apply_op2(kernels, convolution)
}

/// What a convolution came to, and how its gradients are made.
struct MirroredConvolution {
    product: Tensor,
    stride: usize,
    padding: usize,
}

impl MirroredConvolution {
    /// The gradient for images of a height and width.
    fn for_images(&self, kernels: &Tensor, gradient: &Tensor, size: [usize; 2]) -> Result<Tensor> {
        let k = kernels.dim(2)?;
        let apart = self.spread(gradient, k, size)?;
        let mirrored = kernels.transpose(0, 1)?.contiguous()?.flip(&[2, 3])?;
        apart.conv2d(&mirrored, k - 1 - self.padding, 1, 1, 1)
    }

    /// The gradient `[n, filters, h, w]` with the zeros between its numbers that a stride passed over.
    fn spread(&self, gradient: &Tensor, k: usize, size: [usize; 2]) -> Result<Tensor> {
        if self.stride == 1 {
            return Ok(gradient.clone());
        }
        let (n, filters, h, w) = gradient.dims4()?;
        let zeros = self.stride - 1;
        let apart = gradient
            .reshape((n, filters, h, 1, w, 1))?
            .pad_with_zeros(5, 0, zeros)?
            .pad_with_zeros(3, 0, zeros)?
            .reshape((n, filters, h * self.stride, w * self.stride))?;
        // As many as let each kernel lie everywhere within the padded image.
        let [height, width] = size.map(|size| size + 2 * self.padding + 1 - k);
        apart
            .narrow(2, 0, height)?
            .narrow(3, 0, width)?
            .contiguous()
    }

    /// The gradient for kernels of side `k`.
    fn for_kernels(&self, images: &Tensor, gradient: &Tensor, k: usize) -> Result<Tensor> {
        let images = images.transpose(0, 1)?;
        let gradient = gradient.transpose(0, 1)?;
        let sums = images.conv2d(&gradient, self.padding, 1, self.stride, 1)?;
        sums.transpose(0, 1)?.narrow(2, 0, k)?.narrow(3, 0, k)
    }
}

impl CustomOp2 for MirroredConvolution {
    fn name(&self) -> &'static str {
        "convolution"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (storage, layout) = self.product.storage_and_layout();
        match &*storage {
            Storage::Cpu(storage) => Ok((storage.try_clone(layout)?, layout.shape().clone())),
            _ => candle_core::bail!("images on one device, their convolution on another"),
        }
    }

    fn cuda_fwd(
        &self,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let (storage, layout) = self.product.storage_and_layout();
        match &*storage {
            Storage::Cuda(storage) => Ok((storage.try_clone(layout)?, layout.shape().clone())),
            _ => candle_core::bail!("images on one device, their convolution on another"),
        }
    }

    fn bwd(
        &self,
        images: &Tensor,
        kernels: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let (_, _, height, width) = images.dims4()?;
        let for_images = self.for_images(kernels, &gradient, [height, width])?;
        let for_kernels = self.for_kernels(images, &gradient, kernels.dim(2)?)?;
        Ok((Some(for_images), Some(for_kernels)))
    }
}
