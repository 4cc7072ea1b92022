//! What the plans of several kinds of experiments have in common.

use super::numbers::{NON_NEGATIVE, POSITIVE};
use super::schema::kernel;
use anyhow::Result;
use optim::Kernel;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The element type that the numbers are computed in.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Single precision.
    F32,
    /// Double precision.
    F64,
}

impl Precision {
    /// candle's name for it.
    #[must_use]
    pub fn dtype(self) -> candle_core::DType {
        match self {
            Self::F32 => candle_core::DType::F32,
            Self::F64 => candle_core::DType::F64,
        }
    }

    /// The name that rows use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.dtype().as_str()
    }
}

/// By which loss a linear model is fitted to the rows of a data set.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Multinomial logistic regression: a column of weights for each class.
    #[default]
    Logistic,
    /// Binary logistic regression: one column of weights, for data of two classes.
    BinaryLogistic,
    /// Least squares: one column of weights, for data whose labels are numbers.
    LeastSquares,
}

impl Loss {
    /// The name that plans use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Logistic => "logistic",
            Self::BinaryLogistic => "binary-logistic",
            Self::LeastSquares => "least-squares",
        }
    }

    /// Whether it is the one that is meant where nothing is said.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// How many columns of weights it has for data of so many classes.
    #[must_use]
    pub fn columns(self, classes: usize) -> usize {
        match self {
            Self::Logistic => classes,
            Self::BinaryLogistic | Self::LeastSquares => 1,
        }
    }
}

/// A loss with the model's free choices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearFit {
    /// The loss.
    pub loss: Loss,
    /// What else there is to choose.
    pub model: Model,
}

/// The model's free choices: bias and penalty.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Whether each column of weights has an intercept.
    #[serde(default)]
    pub bias: bool,
    /// λ: the penalty λ/2 ‖Θ‖² on the weights.
    #[serde(default)]
    pub l2: f64,
    /// What computes gradients; by the data and the device where nothing is said.
    #[serde(default, with = "named", skip_serializing_if = "is_auto")]
    #[schemars(schema_with = "kernel")]
    pub kernel: Kernel,
}

/// Whether the choice is left to the potential: what no plan says is not written down.
fn is_auto(kernel: &Kernel) -> bool {
    *kernel == Kernel::Auto
}

/// The names of `optim`'s enums in YAML and JSON.
pub mod named {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::fmt::Display;
    use std::str::FromStr;

    /// Writes the name.
    ///
    /// # Errors
    /// If the name cannot be written.
    pub fn serialize<T: Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    /// Reads a name.
    ///
    /// # Errors
    /// If there is nothing of that name.
    pub fn deserialize<'de, T, D>(from: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// Where runs start.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(tag = "distribution", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Start {
    /// At 0.
    Zeros,
    /// Uniform in ± scale.
    Uniform {
        /// Half the width.
        scale: Scale,
    },
    /// Normal with mean 0.
    Normal {
        /// The standard deviation.
        scale: Scale,
    },
    /// Uniform on the sphere about 0: normal numbers, divided by their norm.
    Sphere {
        /// The norm of the start.
        radius: f64,
    },
}

impl Start {
    /// Itself, if its scale or radius is a positive number.
    ///
    /// # Errors
    /// If it is not.
    pub fn validated(self) -> Result<Self> {
        if let Self::Uniform {
            scale: Scale::Fixed(scale),
        }
        | Self::Normal {
            scale: Scale::Fixed(scale),
        } = self
        {
            positive("start.scale", scale)?;
        }
        if let Self::Sphere { radius } = self {
            positive("start.radius", radius)?;
        }
        Ok(self)
    }
}

/// The width of a start's distribution.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// 1/√(features).
    InverseSqrtFeatures,
    /// A number.
    #[serde(untagged)]
    Fixed(f64),
}

/// Refuses what is not a positive number, by its key.
///
/// # Errors
/// If it is not.
pub fn positive(key: &str, value: f64) -> Result<()> {
    POSITIVE.check(key, value)
}

/// Refuses what is neither 0 nor a positive number, by its key.
///
/// # Errors
/// If it is not.
pub fn non_negative(key: &str, value: f64) -> Result<()> {
    NON_NEGATIVE.check(key, value)
}
