//! What can go wrong in this crate.

use thiserror::Error as ThisError;

/// Is a `Result` whose error is [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Says what went wrong: a tensor operation, a setting, a shape, a device's worker, memory for the data,
/// an optimiser's saved state, or an unknown name.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// A tensor operation failed in candle (out of memory, a lost device, mismatched types).
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),

    /// A setting is outside the range in which the method is defined.
    #[error("{name} is {found}, but has to be {expected}")]
    Setting {
        /// The setting, under the name that users know.
        name: &'static str,
        /// What it was.
        found: String,
        /// What it may be.
        expected: &'static str,
    },

    /// A tensor does not have the shape that the problem needs.
    #[error("{what} has shape {found:?}, but {expected} is needed")]
    Shape {
        /// Which tensor.
        what: &'static str,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that is needed, in words.
        expected: String,
    },

    /// A device's worker thread could not be started or is gone.
    #[error("the worker of device {device} {what}")]
    Worker {
        /// Which worker, counted from 0.
        device: usize,
        /// What happened to it.
        what: String,
    },

    /// There is no memory for data in another form.
    #[error("{what} take {:.1} GiB, which the system does not give: {instead}", *bytes as f64 / f64::from(1 << 30))]
    Room {
        /// What would take it, in the plural.
        what: String,
        /// How much.
        bytes: u64,
        /// What to try.
        instead: &'static str,
    },

    /// What an optimiser has to remember could not be written, or not be read back.
    #[error("the optimiser's state {}: {what}", path.display())]
    State {
        /// The file.
        path: std::path::PathBuf,
        /// What was being done, and what was found.
        what: String,
    },

    /// A name that a user typed is not one of those that exist.
    #[error("`{found}` is no {what}: it is one of {known}")]
    Name {
        /// What was being named.
        what: &'static str,
        /// What was typed.
        found: String,
        /// The names that exist.
        known: String,
    },
}

/// Lets `?` carry an error of this crate out of a function that returns candle's result. What came from candle is
/// itself again; anything else is wrapped, with the same words.
///
/// ```
/// use candle_core::{DType, Device, Result};
/// use candle_nn::{VarBuilder, VarMap};
/// use optim::nn::{HamiltonianConfig, HamiltonianDescent, NetworkOptimizer};
///
/// fn save(optimizer: &HamiltonianDescent, path: &std::path::Path) -> Result<()> {
///     optimizer.save_state(path)?;
///     Ok(())
/// }
///
/// let varmap = VarMap::new();
/// candle_nn::linear(2, 3, VarBuilder::from_varmap(&varmap, DType::F32, &Device::Cpu))?;
/// let optimizer = HamiltonianDescent::of(&varmap, HamiltonianConfig::default())?;
/// let error = save(&optimizer, "no/such/folder/state".as_ref()).unwrap_err();
/// assert!(error.to_string().contains("the optimiser's state no/such/folder/state: writing it"));
/// # Ok::<(), candle_core::Error>(())
/// ```
impl From<Error> for candle_core::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Tensor(error) => error,
            other => Self::wrap(other),
        }
    }
}

impl Error {
    pub(crate) fn setting(
        name: &'static str,
        found: impl ToString,
        expected: &'static str,
    ) -> Self {
        Self::Setting {
            name,
            found: found.to_string(),
            expected,
        }
    }
}

/// Gives an enum the names users know it by, in one place: `ALL`, `name`, `Display`, `FromStr`.
macro_rules! named {
    ($type:ty, $what:literal, $($variant:path => $name:literal),+ $(,)?) => {
        impl $type {
            /// Every variant, in the order of the paper.
            pub const ALL: &'static [Self] = &[$($variant),+];

            /// Returns its name in text, as `FromStr` reads it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $($variant => $name),+ }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::Error;

            fn from_str(text: &str) -> $crate::Result<Self> {
                match text {
                    $($name => Ok($variant),)+
                    _ => Err($crate::Error::Name {
                        what: $what,
                        found: text.to_owned(),
                        known: Self::ALL.iter().map(|v| v.name()).collect::<Vec<_>>().join(", "),
                    }),
                }
            }
        }
    };
}
pub(crate) use named;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_from_candle_goes_back_as_it_was_and_the_rest_with_its_words() {
        let tensor = candle_core::Error::UnexpectedNumberOfDims {
            expected: 1,
            got: 2,
            shape: (3, 4).into(),
        };
        let back = candle_core::Error::from(Error::from(tensor));
        let is_itself = matches!(
            back,
            candle_core::Error::UnexpectedNumberOfDims { expected: 1, .. }
        );
        assert!(is_itself, "{back:?}");
        let setting = Error::setting("steps", 0, "at least 1");
        let words = setting.to_string();
        let wrapped = candle_core::Error::from(setting).to_string();
        // Behind it there may be a backtrace.
        assert!(wrapped.starts_with(&words), "{wrapped}");
    }
}
