//! Problems like those of the paper's data sets.

use crate::{noise, text};
use candle_core::{DType, Device, Tensor};
use datasets::{Csr, Split};
use optim::Kernel;
use std::sync::Arc;

/// Rows, features and classes of a generated problem, under the name of the set it resembles.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The paper's data set.
    pub name: &'static str,
    /// n.
    pub rows: usize,
    /// d.
    pub features: usize,
    /// C.
    pub classes: usize,
    /// What the elements are.
    pub content: Content,
}

/// What the elements of a data set are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Content {
    /// One 1 in each of 14 groups of columns, one for each attribute, 0 elsewhere: a kernel that knows
    /// that all values are 1 is to be measured on such data alone.
    OneHot,
    /// Grey levels: this share of the elements is a multiple of 1/255 up to 1, the others are 0.
    Grey(f64),
}

/// How many values the 14 attributes of a8a and a9a have: 123 columns.
const ATTRIBUTES: [usize; 14] = [5, 8, 5, 16, 5, 7, 14, 6, 5, 2, 2, 2, 5, 41];

/// The three kinds of problem in the paper: wide images, many sparse rows, small images without a
/// zero. The first is larger than most processors' caches, as the real one is.
pub const SHAPES: [Shape; 3] = [
    Shape {
        name: "mnist",
        rows: 12_000,
        features: 784,
        classes: 10,
        content: Content::Grey(0.19),
    },
    Shape {
        name: "a9a",
        rows: 16_000,
        features: 123,
        classes: 2,
        content: Content::OneHot,
    },
    Shape {
        name: "usps",
        rows: 7_291,
        features: 256,
        classes: 10,
        content: Content::Grey(1.0),
    },
];

impl Shape {
    /// The elements, row by row.
    #[must_use]
    pub fn values(&self) -> Vec<f32> {
        match self.content {
            Content::OneHot => self.one_hot(),
            Content::Grey(share) => {
                let level = |i: usize| match noise(2 * i as u64) < share {
                    true => (noise(2 * i as u64 + 1) * 255.0).ceil().max(1.0) as f32 / 255.0,
                    false => 0.0,
                };
                (0..self.rows * self.features).map(level).collect()
            }
        }
    }

    fn one_hot(&self) -> Vec<f32> {
        assert_eq!(self.features, ATTRIBUTES.iter().sum::<usize>());
        let mut values = vec![0.0; self.rows * self.features];
        for (row, elements) in values.chunks_exact_mut(self.features).enumerate() {
            let mut first = 0;
            for (attribute, &count) in ATTRIBUTES.iter().enumerate() {
                let drawn = noise((row * ATTRIBUTES.len() + attribute) as u64);
                elements[first + (drawn * count as f64) as usize] = 1.0;
                first += count;
            }
        }
        values
    }

    /// The class of each row.
    #[must_use]
    pub fn labels(&self) -> Vec<u32> {
        let label = |row| (noise(u64::MAX - row as u64) * self.classes as f64) as u32;
        (0..self.rows).map(label).collect()
    }

    /// The data `[n, d]`.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn data(&self, dtype: DType) -> candle_core::Result<Tensor> {
        let shape = (self.rows, self.features);
        Tensor::from_vec(self.values(), shape, &Device::Cpu)?.to_dtype(dtype)
    }

    /// The data and the labels as LIBSVM text.
    #[must_use]
    pub fn text(&self) -> String {
        text::written(&self.values(), self.features, &self.labels())
    }

    /// The data and the labels as the parser answers them.
    ///
    /// # Errors
    /// Never, unless this file is wrong.
    pub fn split(&self) -> datasets::Result<Split> {
        let (mut starts, mut places, mut stored) = (vec![0], Vec::new(), Vec::new());
        for row in self.values().chunks_exact(self.features) {
            for (place, &value) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
                places.push(place as u32);
                stored.push(value);
            }
            starts.push(stored.len() as u64);
        }
        let rows = Csr::new(self.features, starts, places, stored)?;
        Split::new(rows, self.labels(), self.classes)
    }

    /// The kernel that such data is computed with.
    #[must_use]
    pub fn kernel(&self) -> Kernel {
        match self.content {
            Content::OneHot => Kernel::Sparse,
            Content::Grey(share) if share < 0.3 => Kernel::Banded,
            Content::Grey(_) => Kernel::Dense,
        }
    }

    /// The logistic regression on it.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn potential(
        &self,
        dtype: DType,
        kernel: Kernel,
    ) -> optim::Result<Arc<optim::LogisticRegression>> {
        let problem = optim::Problem {
            classes: self.classes,
            bias: false,
            l2: 0.0,
        };
        let (x, labels) = (self.data(dtype)?, self.labels());
        let regression = optim::LogisticRegression::with_kernel(x, &labels, problem, kernel)?;
        Ok(Arc::new(regression))
    }

    /// A point `[D]`; another for each `which`.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn point(&self, which: usize, dtype: DType) -> candle_core::Result<Tensor> {
        let length = self.features * self.classes;
        let value = |i: usize| 0.1 * (noise((which * length + i) as u64) - 0.5);
        let values: Vec<f64> = (0..length).map(value).collect();
        Tensor::new(values, &Device::Cpu)?.to_dtype(dtype)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datasets::{LabelMap, libsvm};

    fn few(shape: Shape) -> Shape {
        Shape { rows: 200, ..shape }
    }

    #[test]
    fn one_hot_rows_are_14_ones_and_nothing_else() {
        let shape = few(SHAPES[1]);
        assert_eq!(shape.content, Content::OneHot);
        for row in shape.values().chunks_exact(shape.features) {
            assert_eq!(row.iter().filter(|v| **v == 1.0).count(), 14);
            assert_eq!(row.iter().filter(|v| **v == 0.0).count(), 123 - 14);
        }
    }

    #[test]
    fn the_kernel_named_is_the_one_that_the_data_gets_by_itself() {
        for shape in SHAPES.map(few) {
            let found = shape.potential(DType::F32, Kernel::Auto).unwrap().kernel();
            assert_eq!(found, shape.kernel(), "{}", shape.name);
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for shape in SHAPES.map(few) {
            let read = libsvm::RowShape {
                features: shape.features,
                labels: Some(&LabelMap::counting_from(0, shape.classes)),
                rows: Some(shape.rows),
                line_bytes: 1 << 16,
            };
            let split = libsvm::parse(shape.text().as_bytes(), &read).unwrap();
            let own = shape.split().unwrap();
            assert_eq!(
                (&split.labels, split.rows.indices()),
                (&own.labels, own.rows.indices())
            );
            let apart = split.to_dense().into_iter().zip(own.to_dense());
            let apart = apart.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 1e-6, "{}: {apart}", shape.name);
        }
    }
}
