//! What Hamiltonian Descent is compared with, as optimisers.

use super::push::push;
use super::state::{State, named_vars, numbered};
use super::{NetworkOptimizer, Scope};
use crate::{Error, Kinetic};
use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var};
use candle_nn::{Optimizer, VarMap};
use std::path::Path;

/// Holds the settings of [`BaselineDescent`].
///
/// ```
/// use optim::Kinetic;
/// use optim::nn::BaselineConfig;
/// let sign_descent_with_momentum = BaselineConfig {
///     direction: Kinetic::L1,
///     learning_rate: 1e-3,
///     momentum: 0.9,
///     ..BaselineConfig::default()
/// };
/// # let _ = sign_descent_with_momentum;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct BaselineConfig {
    /// φ, whose gradient is the direction: ½‖v‖² is gradient descent, ‖v‖₂ normalised, ‖v‖₁ sign and
    /// ‖v‖_∞ coordinate descent (Lemma 2).
    pub direction: Kinetic,
    /// Over what φ is taken.
    pub scope: Scope,
    /// η.
    pub learning_rate: f64,
    /// β; 0 for none.
    pub momentum: f64,
}

/// The paper's SGD for networks: learning rate 0.01, no momentum.
impl Default for BaselineConfig {
    fn default() -> Self {
        Self {
            direction: Kinetic::HalfL2Squared,
            scope: Scope::default(),
            learning_rate: 0.01,
            momentum: 0.0,
        }
    }
}

impl BaselineConfig {
    fn check(&self) -> crate::Result<()> {
        let (rate, momentum) = (self.learning_rate, self.momentum);
        if !(rate.is_finite() && rate > 0.0) {
            return Err(Error::setting("learning_rate", rate, "a positive number"));
        }
        if !(0.0..1.0).contains(&momentum) {
            return Err(Error::setting("momentum", momentum, "in [0, 1)"));
        }
        Ok(())
    }
}

/// Gradient, normalised, sign and coordinate descent, with or without Heavy Ball momentum, over a network's
/// variables: u ← βu + ∂φ(∇f(x)), x ← x − ηu. With ½‖v‖² it is SGD, with β > 0 SGD with momentum.
///
/// ```
/// use candle_core::{Device, Var};
/// use candle_nn::Optimizer;
/// use optim::nn::{BaselineConfig, BaselineDescent};
/// # fn main() -> candle_core::Result<()> {
/// let x = Var::new(&[1f64], &Device::Cpu)?;
/// let config = BaselineConfig { learning_rate: 0.25, ..BaselineConfig::default() };
/// let mut descent = BaselineDescent::new(vec![x.clone()], config)?;
/// descent.backward_step(&x.sqr()?.sum_all()?)?;
/// assert_eq!(x.to_vec1::<f64>()?, [0.5]);
/// # Ok(())
/// # }
/// ```
pub struct BaselineDescent {
    vars: Vec<(String, Var)>,
    config: BaselineConfig,
    /// u; `None` before the first gradient.
    updates: Vec<Option<Tensor>>,
}

impl BaselineDescent {
    /// Makes the optimiser for all float variables of a map, under their names, so that another process can
    /// load the state it saves.
    ///
    /// # Errors
    /// If a setting is out of range.
    ///
    /// ```
    /// use candle_core::{DType, Device};
    /// use candle_nn::{VarBuilder, VarMap};
    /// use optim::nn::{BaselineConfig, BaselineDescent};
    /// let varmap = VarMap::new();
    /// candle_nn::linear(2, 3, VarBuilder::from_varmap(&varmap, DType::F32, &Device::Cpu))?;
    /// let momentum = BaselineConfig { momentum: 0.9, ..BaselineConfig::default() };
    /// let optimizer = BaselineDescent::of(&varmap, momentum)?;
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn of(varmap: &VarMap, config: BaselineConfig) -> Result<Self> {
        Self::over(named_vars(varmap), config)
    }

    fn over(mut vars: Vec<(String, Var)>, config: BaselineConfig) -> Result<Self> {
        config.check()?;
        vars.retain(|(_, var)| var.dtype().is_float());
        Ok(Self {
            updates: vec![None; vars.len()],
            vars,
            config,
        })
    }
}

impl NetworkOptimizer for BaselineDescent {
    /// One step from the gradients at the iterate.
    ///
    /// # Errors
    /// If the loss fails.
    fn step_with(&mut self, loss: &mut dyn FnMut() -> Result<Tensor>) -> Result<Tensor> {
        let loss = loss()?;
        self.backward_step(&loss)?;
        Ok(loss)
    }

    /// Writes the momentum as safetensors: whole or not at all. The variables themselves are the caller's.
    ///
    /// # Errors
    /// [`Error::State`] if the file cannot be written.
    ///
    /// ```
    /// use candle_core::{Device, Var};
    /// use candle_nn::Optimizer;
    /// use optim::nn::{BaselineConfig, BaselineDescent, NetworkOptimizer};
    /// # fn main() -> candle_core::Result<()> {
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("optimizer.safetensors");
    /// let x = Var::new(&[1f64], &Device::Cpu)?;
    /// let config = BaselineConfig { momentum: 0.9, ..BaselineConfig::default() };
    /// let mut descent = BaselineDescent::new(vec![x.clone()], config.clone())?;
    /// descent.backward_step(&x.sqr()?.sum_all()?)?;
    /// descent.save_state(&path)?;
    /// // In another process, with x as it was left:
    /// let mut descent = BaselineDescent::new(vec![x.clone()], config)?;
    /// descent.load_state(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    fn save_state(&self, path: &Path) -> crate::Result<()> {
        let state = State {
            tensors: self.updates.clone(),
            numbers: Vec::new(),
        };
        state.save(&self.vars, path)
    }

    /// Restores what [`save_state`](Self::save_state) wrote, by variable name (for
    /// [`new`](Optimizer::new): by index in the vector).
    ///
    /// # Errors
    /// [`Error::State`] if the file cannot be read or does not fit. Nothing is changed then.
    fn load_state(&mut self, path: &Path) -> crate::Result<()> {
        self.updates = State::load(&self.vars, 0, path)?.tensors;
        Ok(())
    }
}

impl Optimizer for BaselineDescent {
    type Config = BaselineConfig;

    fn new(vars: Vec<Var>, config: BaselineConfig) -> Result<Self> {
        Self::over(numbered(vars), config)
    }

    fn step(&mut self, gradients: &GradStore) -> Result<()> {
        let with = self.vars.iter().enumerate();
        let (indices, gradients): (Vec<usize>, Vec<Tensor>) = with
            .filter_map(|(index, (_, var))| Some((index, gradients.get(var)?.detach())))
            .unzip();
        let directions = (self.config.scope).gradient(self.config.direction, &gradients)?;
        let mut moving = Vec::with_capacity(indices.len());
        for (index, direction) in indices.into_iter().zip(directions) {
            let update = match self.updates[index].take() {
                Some(update) if self.config.momentum > 0.0 => {
                    ((update * self.config.momentum)? + direction)?
                }
                _ => direction,
            };
            if self.config.momentum > 0.0 {
                self.updates[index] = Some(update.clone());
            }
            moving.push((&self.vars[index].1, update));
        }
        push(moving, -self.config.learning_rate)?;
        Ok(())
    }

    fn learning_rate(&self) -> f64 {
        self.config.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.config.learning_rate = learning_rate;
    }
}
