//! Data sets as potentials on a device, and where runs start.

use crate::device::check_dense;
use crate::plan::{LinearFit, Loss, Precision, Scale, Start};
use anyhow::{Context, Result, bail};
use candle_core::Device;
use datasets::{Dataset, Split};
use optim::{
    BinaryLogistic, DataRows, LeastSquares, LogisticRegression, Problem, Ridge, RowLoss, SparseRows,
};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;
use std::sync::Arc;

/// A data set's training rows and test rows, on a device.
pub struct Regression {
    /// The potential that methods minimise.
    pub train: Arc<dyn RowLoss>,
    /// The test rows, for accuracy or loss.
    pub test: Arc<dyn RowLoss>,
}

impl Regression {
    /// Puts a data set on a device. Its rows stay sparse where the kernel takes them so.
    ///
    /// # Errors
    /// If its labels are not what the loss is for, the device has no room, or the machine has none to make the
    /// rows dense.
    pub fn new(
        dataset: &Dataset,
        fit: LinearFit,
        precision: Precision,
        device: &Device,
    ) -> Result<Self> {
        fits(dataset, fit.loss)?;
        let load = |split: &Split| potential(split, dataset, fit, precision, device);
        let train = load(&dataset.train).context("loading the training rows onto the device")?;
        let test = if dataset.test_is_train {
            train.clone()
        } else {
            load(&dataset.test).context("loading the test rows onto the device")?
        };
        Ok(Self { train, test })
    }
}

/// Refuses a data set whose labels are not what a loss is for.
///
/// # Errors
/// If they are not, with the loss that they are for.
pub fn fits(dataset: &Dataset, loss: Loss) -> Result<()> {
    let (name, classes) = (&dataset.name, &dataset.class_names);
    let loss_name = loss.name();
    match (loss, classes.len()) {
        (Loss::LeastSquares, 0) | (Loss::Logistic, 1..) | (Loss::BinaryLogistic, 2) => Ok(()),
        (Loss::LeastSquares, count) => bail!(
            "{name} has labels of {count} classes, but {loss_name} predicts numbers: fit `kind: logistic`, or say \
             `labels: numbers` in its entry of the registry"
        ),
        (_, 0) => bail!(
            "the labels of {name} are numbers, but {loss_name} predicts classes: fit `kind: least-squares`, or take \
             `labels: numbers` out of its entry of the registry"
        ),
        (_, count) => bail!(
            "{name} has {count} classes ({}), but {loss_name} is of two: fit `kind: logistic`",
            classes
                .iter()
                .take(10)
                .cloned()
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}

/// Puts rows of a data set on a device as a potential.
pub(crate) fn potential(
    split: &Split,
    dataset: &Dataset,
    LinearFit { loss, model }: LinearFit,
    precision: Precision,
    device: &Device,
) -> Result<Arc<dyn RowLoss>> {
    let rows = DataRows::Sparse {
        rows: SparseRows {
            features: dataset.features,
            starts: split.rows.indptr(),
            columns: split.rows.indices(),
            values: split.rows.values(),
        },
        dtype: precision.dtype(),
        device,
    };
    let (bias, l2, kernel) = (model.bias, model.l2, model.kernel);
    let problem = Problem {
        classes: loss.columns(dataset.classes()),
        bias,
        l2,
    };
    if let Some(bytes) = rows.bytes_to_make_dense(problem, kernel) {
        check_dense(&dataset.name, bytes)?;
    }
    let ridge = Ridge { bias, l2 };
    let classes = split.labels.classes().unwrap_or_default();
    let numbers = split.labels.numbers().unwrap_or_default();
    Ok(match loss {
        Loss::Logistic => Arc::new(LogisticRegression::from_rows(
            rows, classes, problem, kernel,
        )?),
        Loss::BinaryLogistic => Arc::new(BinaryLogistic::from_rows(rows, classes, ridge, kernel)?),
        Loss::LeastSquares => {
            let numbers: Vec<f64> = numbers.iter().map(|&number| number.into()).collect();
            Arc::new(LeastSquares::from_rows(rows, &numbers, ridge, kernel)?)
        }
    })
}

/// A starting point, `[dimension]`. Drawn on the host in f64, so that every device and precision
/// starts from the same point. `features` is what a scale of 1/√(features) means.
#[must_use]
pub fn starting_point(
    start: Start,
    features: usize,
    dimension: usize,
    stream: &mut ChaCha20Rng,
) -> Vec<f64> {
    let width = |scale: Scale| match scale {
        Scale::Fixed(scale) => scale,
        Scale::InverseSqrtFeatures => 1.0 / (features as f64).sqrt(),
    };
    match start {
        Start::Zeros => vec![0.0; dimension],
        Start::Uniform { scale } => (0..dimension)
            .map(|_| width(scale) * (2.0 * stream.random::<f64>() - 1.0))
            .collect(),
        Start::Normal { scale } => (0..dimension)
            .map(|_| width(scale) * standard_normal(stream))
            .collect(),
        Start::Sphere { radius } => on_sphere(radius, dimension, stream),
    }
}

/// A point that is uniform on the sphere of a radius: normal numbers, divided by their norm.
pub fn on_sphere(radius: f64, dimension: usize, stream: &mut ChaCha20Rng) -> Vec<f64> {
    let mut point: Vec<f64> = (0..dimension).map(|_| standard_normal(stream)).collect();
    let norm = point.iter().map(|x| x * x).sum::<f64>().sqrt();
    point.iter_mut().for_each(|x| *x *= radius / norm);
    point
}

/// A number from the standard normal distribution, by Box and Muller's transform: two uniform
/// numbers a draw, so that a stream's use does not depend on rejections.
pub fn standard_normal(stream: &mut ChaCha20Rng) -> f64 {
    let radius = (-2.0 * (1.0 - stream.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * stream.random::<f64>()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Model;
    use datasets::{Library, LibraryOptions, Registry, Silent};
    use optim::Kernel;
    use rand::SeedableRng;

    #[test]
    fn rows_of_a_million_features_stay_sparse_and_rows_that_are_tested_too_are_shared() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        std::fs::write(path("wide.svm"), "+1 1:0.5 1355191:2\n-1 7:1\n").unwrap();
        let registry = "datasets: {wide: {features: 1355191, classes: 2, labels: {-1: 0, +1: 1}, \
                        files: {train: {path: wide.svm}}}}";
        std::fs::write(path("wide.yaml"), registry).unwrap();
        let mut registry = Registry::from_yaml("datasets: {}").unwrap();
        registry.extend_from_file(&path("wide.yaml")).unwrap();
        let options = LibraryOptions {
            offline: true,
            ..LibraryOptions::default()
        };
        let wide = Library::new(registry, options).load("wide", None, &Silent);
        let fit = LinearFit {
            loss: Loss::Logistic,
            model: Model {
                bias: true,
                l2: 0.0,
                kernel: Kernel::Auto,
            },
        };
        let of = Regression::new(&wide.unwrap(), fit, Precision::F32, &Device::Cpu).unwrap();
        assert_eq!(of.train.kernel(), Kernel::Sparse);
        assert_eq!(of.test.kernel(), Kernel::Sparse);
        assert_eq!(of.train.dimension(), 2 * 1_355_192);
    }

    #[test]
    fn a_normal_start_has_its_mean_and_its_width() {
        let scale = Scale::Fixed(2.0);
        let mut stream = ChaCha20Rng::seed_from_u64(1);
        let point = starting_point(Start::Normal { scale }, 1, 20_000, &mut stream);
        let mean = point.iter().sum::<f64>() / point.len() as f64;
        let variance = point.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / point.len() as f64;
        assert!(
            mean.abs() < 0.06 && (variance - 4.0).abs() < 0.2,
            "{mean} {variance}"
        );
    }

    #[test]
    fn a_start_on_a_sphere_has_its_radius_and_any_direction() {
        let mut stream = ChaCha20Rng::seed_from_u64(1);
        let sphere = Start::Sphere { radius: 3.0 };
        let points: Vec<Vec<f64>> = (0..400)
            .map(|_| starting_point(sphere, 1, 3, &mut stream))
            .collect();
        for point in &points {
            let norm = point.iter().map(|x| x * x).sum::<f64>().sqrt();
            assert!((norm - 3.0).abs() < 1e-14);
        }
        // On a sphere in three dimensions each coordinate is uniform: its square has mean 3²/3.
        for axis in 0..3 {
            let mean = points.iter().map(|p| p[axis].powi(2)).sum::<f64>() / 400.0;
            assert!((mean - 3.0).abs() < 0.5, "{mean}");
        }
    }

    #[test]
    fn a_uniform_start_is_as_wide_as_the_features_say() {
        let scale = Scale::InverseSqrtFeatures;
        let mut stream = ChaCha20Rng::seed_from_u64(1);
        let point = starting_point(Start::Uniform { scale }, 4, 1000, &mut stream);
        let widest = point.iter().fold(0.0, |w: f64, x| w.max(x.abs()));
        assert!(widest <= 0.5 && widest > 0.49, "{widest}");
    }
}
