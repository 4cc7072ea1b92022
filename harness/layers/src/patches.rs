//! What a convolution sees of images, as the columns of a matrix.

use candle_core::{Result, WithDType, bail};
use std::ops::Range;

/// A convolution of square kernels over images `[channels, height, width]`, with zeros around them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patches {
    /// Of an image.
    pub channels: usize,
    /// Height and width of an image.
    pub size: [usize; 2],
    /// Side of a kernel.
    pub kernel: usize,
    /// Places from one output to the next.
    pub stride: usize,
    /// Zeros on each side.
    pub padding: usize,
}

impl Patches {
    /// Height and width of what comes out.
    ///
    /// # Errors
    /// If a kernel does not fit into an image.
    pub fn out(&self) -> Result<[usize; 2]> {
        let [height, width] = self.size.map(|side| side + 2 * self.padding);
        if self.size.contains(&0) {
            bail!("images without a pixel")
        }
        if self.kernel == 0 || self.stride == 0 || self.kernel > height.min(width) {
            bail!("a kernel of side {} does not fit", self.kernel)
        }
        Ok([height, width].map(|side| (side - self.kernel) / self.stride + 1))
    }

    /// Numbers that a place of the output depends on.
    pub fn seen(&self) -> usize {
        self.channels * self.kernel * self.kernel
    }

    /// Those outputs along an axis of `size` whose place `offset` of the kernel lies within the image.
    fn inside(&self, offset: usize, size: usize, out: usize) -> Range<usize> {
        let first = self.padding.saturating_sub(offset).div_ceil(self.stride);
        let end = match (size + self.padding).checked_sub(offset + 1) {
            Some(last) => (last / self.stride + 1).min(out),
            None => 0,
        };
        first.min(end)..end
    }

    /// For each place of a kernel in each channel, in the order of the rows of the matrix: the channel, and
    /// vertical and horizontal offset.
    fn places(self) -> impl Iterator<Item = (usize, usize, usize)> {
        let side = self.kernel;
        (0..self.channels)
            .flat_map(move |c| (0..side).flat_map(move |y| (0..side).map(move |x| (c, y, x))))
    }

    /// Images `[n, channels, height, width]` to their matrix `[channels·kernel², n·out]`, row-major.
    ///
    /// # Errors
    /// If a kernel does not fit.
    pub fn gather<T: WithDType>(&self, images: &[T]) -> Result<Vec<T>> {
        let [rows, columns] = self.out()?;
        let [height, width] = self.size;
        let (plane, out) = (height * width, rows * columns);
        let mut matrix =
            vec![T::zero(); images.len() / (self.channels * plane) * self.seen() * out];
        let line = matrix.len() / self.seen();
        let lines = matrix.chunks_exact_mut(line);
        for ((channel, dy, dx), line) in self.places().zip(lines) {
            let inside = self.inside(dx, width, columns);
            let of_channel = images
                .chunks_exact(plane)
                .skip(channel)
                .step_by(self.channels);
            for (from, to) in of_channel.zip(line.chunks_exact_mut(out)) {
                for y in self.inside(dy, height, rows) {
                    let from = &from[(y * self.stride + dy - self.padding) * width..][..width];
                    let to = &mut to[y * columns..][..columns][inside.clone()];
                    if to.is_empty() {
                        continue;
                    }
                    let from = &from[inside.start * self.stride + dx - self.padding..];
                    if self.stride == 1 {
                        to.copy_from_slice(&from[..to.len()]);
                    } else {
                        let from = from.iter().step_by(self.stride);
                        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
                    }
                }
            }
        }
        Ok(matrix)
    }

    /// The adjoint of [`Patches::gather`]: adds every number of a matrix to the place that it was taken from.
    ///
    /// # Errors
    /// If a kernel does not fit.
    pub fn scatter<T: WithDType>(&self, matrix: &[T], images: &mut [T]) -> Result<()> {
        let [rows, columns] = self.out()?;
        let [height, width] = self.size;
        let (plane, out) = (height * width, rows * columns);
        let lines = matrix.chunks_exact(matrix.len() / self.seen());
        for ((channel, dy, dx), line) in self.places().zip(lines) {
            let inside = self.inside(dx, width, columns);
            let of_channel = images.chunks_exact_mut(plane).skip(channel);
            let of_channel = of_channel.step_by(self.channels);
            for (to, from) in of_channel.zip(line.chunks_exact(out)) {
                for y in self.inside(dy, height, rows) {
                    let from = &from[y * columns..][..columns][inside.clone()];
                    if from.is_empty() {
                        continue;
                    }
                    let to = &mut to[(y * self.stride + dy - self.padding) * width..][..width];
                    let to = &mut to[inside.start * self.stride + dx - self.padding..];
                    if self.stride == 1 {
                        let to = to.iter_mut();
                        to.zip(from).for_each(|(to, from)| *to += *from);
                    } else {
                        let to = to.iter_mut().step_by(self.stride);
                        to.zip(from).for_each(|(to, from)| *to += *from);
                    }
                }
            }
        }
        Ok(())
    }
}
