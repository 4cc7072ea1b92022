//! Convolution by patches and matrix products.

use crate::kernel::{Grid, Kernel, Number, Written};
use crate::launch::{storage, tensor};
use crate::operation::{Operation, WithBackward};
use candle_core::{DType, Result, Shape, Storage, Tensor, bail};

/// Images `[n, channels, height, width]` convolved with kernels `[filters, channels, k, k]`, without bias, with
/// `padding` zeros on each side: `[n, filters, height', width']`. What the kernels see of the images is gathered
/// as the columns of a matrix, which is kept for the gradients: three products in all.
///
/// # Errors
/// If the shapes do not fit, or kernels do not run there ([`runs`](crate::runs)).
///
/// ```
/// # use candle_core::{DType, Device, Tensor};
/// let images = Tensor::ones((1, 1, 3, 3), DType::F64, &Device::Cpu)?;
/// if gpu::runs(images.device(), DType::F64) {
///     let sums = gpu::convolve(&images, &images, 1, 1)?.flatten_all()?.to_vec1::<f64>()?;
///     assert_eq!(sums, [4., 6., 4., 6., 9., 6., 4., 6., 4.]);
/// }
/// # candle_core::Result::Ok(())
/// ```
pub fn convolve(
    images: &Tensor,
    kernels: &Tensor,
    stride: usize,
    padding: usize,
) -> Result<Tensor> {
    let (n, channels, height, width) = images.dims4()?;
    let (filters, seen, k, other) = kernels.dims4()?;
    if seen != channels || k != other || kernels.elem_count() == 0 || images.elem_count() == 0 {
        bail!(
            "images {:?} and kernels {:?}",
            images.shape(),
            kernels.shape()
        )
    }
    let [high, wide] = [height, width].map(|side| side + 2 * padding);
    if stride == 0 || k > high.min(wide) {
        bail!("a kernel of side {k} does not fit")
    }
    let places = Places {
        images: n,
        channels,
        size: [height, width],
        kernel: k,
        stride,
        padding,
        out: [high, wide].map(|side| (side - k) / stride + 1),
    };
    let (images, kernels) = (images.contiguous()?, kernels.contiguous()?);
    let matrix = kernels.detach().reshape((filters, places.seen()))?;
    let patches = places.gather(&images.detach())?;
    let operation = PatchConvolution {
        product: matrix.matmul(&patches)?,
        kernels: kernels.detach(),
        patches,
        places,
    };
    images.apply_op2(&kernels, WithBackward(operation))
}

/// A convolution of so many images.
#[derive(Clone, Copy)]
struct Places {
    images: usize,
    channels: usize,
    /// Height and width of an image.
    size: [usize; 2],
    kernel: usize,
    stride: usize,
    padding: usize,
    /// Height and width of what comes out.
    out: [usize; 2],
}

impl Places {
    /// Those of 1 x 1 kernels over what comes out, whose patches are the images with channels before images.
    fn behind(self, filters: usize) -> Self {
        Self {
            channels: filters,
            size: self.out,
            kernel: 1,
            stride: 1,
            padding: 0,
            ..self
        }
    }

    /// Numbers that a place of the output depends on.
    fn seen(&self) -> usize {
        self.channels * self.kernel * self.kernel
    }

    /// Places of the output, of all images.
    fn columns(&self) -> usize {
        self.images * self.out[0] * self.out[1]
    }

    fn image_shape(&self) -> Shape {
        (self.images, self.channels, self.size[0], self.size[1]).into()
    }

    /// The matrix `[channels·k², n·out]` of images.
    fn gather(self, images: &Tensor) -> Result<Tensor> {
        let shape = (self.seen(), self.columns()).into();
        tensor(
            &PatchKernel::new(self, images, true),
            &shape,
            images.dtype(),
        )
    }

    /// Its adjoint, as the storage of images.
    fn scatter(self, matrix: &Tensor) -> Result<Storage> {
        let patches = PatchKernel::new(self, matrix, false);
        storage(&patches, &self.image_shape(), matrix.dtype())
    }
}

struct PatchConvolution {
    /// Filters times patches: `[filters, n·out]`.
    product: Tensor,
    kernels: Tensor,
    patches: Tensor,
    places: Places,
}

impl Operation for PatchConvolution {
    const NAME: &'static str = "convolution";

    fn forward(&self) -> Result<(Storage, Shape)> {
        let behind = self.places.behind(self.product.dim(0)?);
        Ok((behind.scatter(&self.product)?, behind.image_shape()))
    }

    fn backward(&self, gradient: &Tensor) -> Result<Vec<Tensor>> {
        let (filters, seen) = (self.product.dim(0)?, self.places.seen());
        let gradient = self.places.behind(filters).gather(gradient)?;
        let for_kernels = gradient.matmul(&self.patches.t()?)?;
        let across = self.kernels.reshape((filters, seen))?.t()?;
        let patches = PatchKernel::new(self.places, &across.matmul(&gradient)?, false);
        let for_images = tensor(&patches, &self.places.image_shape(), gradient.dtype())?;
        Ok(vec![for_images, for_kernels.reshape(self.kernels.shape())?])
    }
}

/// Images to their patches, or patches to images.
struct PatchKernel {
    places: Places,
    from: Tensor,
    gather: bool,
}

impl PatchKernel {
    fn new(places: Places, from: &Tensor, gather: bool) -> Self {
        Self {
            places,
            from: from.clone(),
            gather,
        }
    }
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Arguments {
    to: u64,
    from: u64,
    written: u64,
    images: u32,
    channels: u32,
    height: u32,
    width: u32,
    kernel: u32,
    stride: u32,
    padding: u32,
    rows: u32,
    columns: u32,
    segments: u32,
}

impl Kernel for PatchKernel {
    type Arguments<T: Copy> = Arguments;

    const NAME: &'static str = "patches";

    fn entry(&self) -> String {
        if self.gather { "gather" } else { "scatter" }.into()
    }

    fn elements(&self) -> DType {
        self.from.dtype()
    }

    fn inputs(&self) -> Vec<&Tensor> {
        vec![&self.from]
    }

    fn grid(&self, written: usize) -> Grid {
        if !self.gather {
            return Grid::of_each(written);
        }
        Grid {
            blocks: self.places.channels * self.places.columns().div_ceil(Grid::EACH),
            threads: Grid::EACH,
            shared_bytes: 0,
        }
    }

    fn arguments<T: Number>(&self, written: Written, inputs: &[u64]) -> Arguments {
        let places = self.places;
        Arguments {
            to: written.address,
            from: inputs[0],
            written: written.elements as u64,
            images: places.images as u32,
            channels: places.channels as u32,
            height: places.size[0] as u32,
            width: places.size[1] as u32,
            kernel: places.kernel as u32,
            stride: places.stride as u32,
            padding: places.padding as u32,
            rows: places.out[0] as u32,
            columns: places.out[1] as u32,
            segments: places.columns().div_ceil(Grid::EACH) as u32,
        }
    }
}
