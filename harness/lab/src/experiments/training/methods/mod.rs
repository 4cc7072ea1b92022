//! The methods that a plan can name, a file each: how it is written, and how it is made.

mod adam;
mod baseline;
mod hamiltonian;

use crate::plan::combinations;
use anyhow::{Result, bail};
use candle_nn::VarMap;
use datasets::yaml;
use optim::Kinetic;
use optim::nn::{Integration, NetworkOptimizer, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_yaml::{Mapping, Value};
use std::ops::Deref;

/// Lists the methods: the key in plans, which is the variant's in lower case, and what it needs.
macro_rules! methods {
    ($($(#[$doc:meta])* $variant:ident($spec:ty)),+ $(,)?) => {
        /// A method with all its numbers.
        #[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
        #[serde(rename_all = "lowercase")]
        pub enum TrainingMethod {
            $($(#[$doc])* $variant($spec)),+
        }

        impl Deref for TrainingMethod {
            type Target = dyn TrainingSpec;

            fn deref(&self) -> &Self::Target {
                match self { $(Self::$variant(spec) => spec),+ }
            }
        }
    };
}

methods! {
    /// Hamiltonian Descent.
    Hamiltonian(hamiltonian::HamiltonianSpec),
    /// A counterpart.
    Baseline(baseline::BaselineSpec),
    /// Adam.
    Adam(adam::ResettingAdamSpec),
}

/// Asks for a method's numbers. What a method does not have is `None`.
pub trait TrainingSpec {
    /// Refuses numbers with which there is no such method.
    ///
    /// # Errors
    /// By the number's key.
    fn check(&self) -> Result<()>;

    /// Makes its optimiser, over a network's variables; `seed` is of its own random numbers.
    ///
    /// # Errors
    /// If a number is out of range.
    fn build(&self, varmap: &VarMap, seed: u64) -> Result<Box<dyn NetworkOptimizer>>;

    /// θ² of a flow, else η.
    fn learning_rate(&self) -> f64;

    /// φ, or the direction of a counterpart.
    fn kinetic_energy(&self) -> Option<Kinetic> {
        None
    }

    /// Over what φ is taken.
    fn scope(&self) -> Option<Scope> {
        None
    }

    /// The integrator of a flow.
    fn integrator(&self) -> Option<Integration> {
        None
    }

    /// θ of a flow.
    fn step_size(&self) -> Option<f64> {
        None
    }

    /// S of a flow.
    fn steps(&self) -> Option<usize> {
        None
    }

    /// β of a counterpart.
    fn momentum(&self) -> Option<f64> {
        None
    }

    /// S·θ of a flow.
    fn integration_time(&self) -> Option<f64> {
        Some(self.step_size()? * self.steps()? as f64)
    }
}

/// Reads a method as plans write it: a mapping with one key, for which YAML would have a tag.
#[derive(Deserialize)]
struct WrittenMethod(#[serde(with = "serde_yaml::with::singleton_map")] TrainingMethod);

impl TrainingMethod {
    /// Returns what a plan writes as a name with numbers, any of which may be a list: a method for each.
    ///
    /// # Errors
    /// If that is not one method, or there is none with such numbers.
    pub fn listed(written: &Mapping) -> Result<Vec<Self>> {
        let (Some((name, Value::Mapping(numbers))), 1) = (written.iter().next(), written.len())
        else {
            bail!("has beside name and groups one method with its numbers: `hamiltonian: {{…}}`");
        };
        let method = |numbers: Mapping| {
            let written = Mapping::from_iter([(name.clone(), numbers.into())]);
            let WrittenMethod(method) = yaml::typed(&written.into())?;
            method.check()?;
            Ok(method)
        };
        combinations(numbers)?.into_iter().map(method).collect()
    }
}
