//! Adam that starts anew with every flow, as an optimiser.

use super::NetworkOptimizer;
use super::push::push;
use super::state::{State, named_vars, numbered};
use crate::Error;
use crate::recurrence::Decays;
use candle_core::backprop::GradStore;
use candle_core::{DType, Result, Tensor, Var};
use candle_nn::{Optimizer, VarMap};
use std::path::Path;

/// Holds the settings of [`ResettingAdam`].
///
/// ```
/// use optim::nn::ResettingAdamConfig;
/// let as_a_flow_of_20_steps = ResettingAdamConfig {
///     learning_rate: 1e-2,
///     reset_every: Some(20),
///     ..ResettingAdamConfig::default()
/// };
/// # let _ = as_a_flow_of_20_steps;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ResettingAdamConfig {
    /// η.
    pub learning_rate: f64,
    /// β₁, the decay of the mean of gradients.
    pub beta1: f64,
    /// β₂, the decay of the mean of their squares.
    pub beta2: f64,
    /// ε, which keeps a division by nothing from being one.
    pub epsilon: f64,
    /// S: after so many steps both means are forgotten; never if `None`.
    pub reset_every: Option<usize>,
}

/// Those of Adam's paper: learning rate 0.001, β₁ = 0.9, β₂ = 0.999, ε = 1e-8, and no reset.
impl Default for ResettingAdamConfig {
    fn default() -> Self {
        let Decays {
            beta1,
            beta2,
            epsilon,
        } = Decays::default();
        Self {
            learning_rate: 0.001,
            beta1,
            beta2,
            epsilon,
            reset_every: None,
        }
    }
}

impl ResettingAdamConfig {
    fn check(&self) -> crate::Result<()> {
        let (rate, epsilon) = (self.learning_rate, self.epsilon);
        for (name, value) in [("learning_rate", rate), ("epsilon", epsilon)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(Error::setting(name, value, "a positive number"));
            }
        }
        for (name, beta) in [("beta1", self.beta1), ("beta2", self.beta2)] {
            if !(0.0..1.0).contains(&beta) {
                return Err(Error::setting(name, beta, "in [0, 1)"));
            }
        }
        if self.reset_every == Some(0) {
            return Err(Error::setting("reset_every", 0, "at least 1"));
        }
        Ok(())
    }

    fn decays(&self) -> Decays {
        Decays {
            beta1: self.beta1,
            beta2: self.beta2,
            epsilon: self.epsilon,
        }
    }
}

/// Adam (Kingma and Ba, 2015) over a network's variables. Hamiltonian Descent forgets its velocity after
/// every flow; with `reset_every` this forgets both means of Adam after every so many steps, and counts the
/// steps of their bias correction anew, as [`crate::Adam`] does for potentials. Without it, it is Adam.
///
/// Means of variables in half precision are kept, and steps computed, in single precision, where ε is not 0
/// and a square does not overflow.
///
/// ```
/// use candle_core::{Device, Var};
/// use candle_nn::Optimizer;
/// use optim::nn::{ResettingAdam, ResettingAdamConfig};
/// # fn main() -> candle_core::Result<()> {
/// let x = Var::new(&[3f64, -2.0], &Device::Cpu)?;
/// let config = ResettingAdamConfig { learning_rate: 0.1, reset_every: Some(1), ..Default::default() };
/// let mut adam = ResettingAdam::new(vec![x.clone()], config)?;
/// for _ in 0..4 {
///     adam.backward_step(&x.sqr()?.sum_all()?)?;
/// }
/// // A first step is η in every coordinate.
/// let x = x.to_vec1::<f64>()?;
/// assert!((x[0] - 2.6).abs() < 1e-7 && (x[1] + 1.6).abs() < 1e-7);
/// # Ok(())
/// # }
/// ```
pub struct ResettingAdam {
    vars: Vec<(String, Var)>,
    /// Of each variable the mean of its gradients and that of their squares, by names of their own.
    means: Vec<(String, Var)>,
    config: ResettingAdamConfig,
    /// Steps since the means were nothing.
    taken: usize,
}

/// The type of a variable's means.
fn wide(dtype: DType) -> DType {
    match dtype {
        DType::F64 => DType::F64,
        _ => DType::F32,
    }
}

impl ResettingAdam {
    /// Makes the optimiser for all float variables of a map, under their names, so that another process can
    /// load the state it saves.
    ///
    /// # Errors
    /// If a setting is out of range.
    ///
    /// ```
    /// use candle_core::{DType, Device};
    /// use candle_nn::{VarBuilder, VarMap};
    /// use optim::nn::{ResettingAdam, ResettingAdamConfig};
    /// let varmap = VarMap::new();
    /// candle_nn::linear(2, 3, VarBuilder::from_varmap(&varmap, DType::F32, &Device::Cpu))?;
    /// let optimizer = ResettingAdam::of(&varmap, ResettingAdamConfig::default())?;
    /// let config = ResettingAdamConfig { reset_every: Some(0), ..Default::default() };
    /// assert!(ResettingAdam::of(&varmap, config).is_err());
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn of(varmap: &VarMap, config: ResettingAdamConfig) -> Result<Self> {
        Self::over(named_vars(varmap), config)
    }

    fn over(mut vars: Vec<(String, Var)>, config: ResettingAdamConfig) -> Result<Self> {
        config.check()?;
        vars.retain(|(_, var)| var.dtype().is_float());
        let mut means = Vec::with_capacity(2 * vars.len());
        for (name, var) in &vars {
            for of in ["gradients", "squares"] {
                let nothing = Var::zeros(var.shape(), wide(var.dtype()), var.device())?;
                means.push((format!("{name}.{of}"), nothing));
            }
        }
        Ok(Self {
            vars,
            means,
            config,
            taken: 0,
        })
    }

    /// A step was made: the last before a reset forgets the means.
    fn counted(&mut self) -> Result<()> {
        if self.config.reset_every == Some(self.taken) {
            self.taken = 0;
            for (_, mean) in &self.means {
                mean.set(&mean.zeros_like()?)?;
            }
        }
        Ok(())
    }
}

impl NetworkOptimizer for ResettingAdam {
    fn step_with(&mut self, loss: &mut dyn FnMut() -> Result<Tensor>) -> Result<Tensor> {
        let loss = loss()?;
        self.backward_step(&loss)?;
        Ok(loss)
    }

    /// Writes the means, of how many steps they are, and the learning rate.
    ///
    /// # Errors
    /// [`Error::State`] if the file cannot be written.
    fn save_state(&self, path: &Path) -> crate::Result<()> {
        let means = self.means.iter();
        let state = State {
            tensors: means
                .map(|(_, mean)| Some(mean.as_detached_tensor()))
                .collect(),
            numbers: vec![self.taken as f64, self.config.learning_rate],
        };
        state.save(&self.means, path)
    }

    /// Restores what [`save_state`](Self::save_state) wrote, by variable name (for
    /// [`new`](Optimizer::new): by index in the vector). The learning rate comes from the file, too.
    ///
    /// # Errors
    /// [`Error::State`] if the file cannot be read or does not fit. Nothing is changed then.
    ///
    /// ```
    /// use candle_core::{Device, Var};
    /// use candle_nn::Optimizer;
    /// use optim::nn::{NetworkOptimizer, ResettingAdam, ResettingAdamConfig};
    /// # fn main() -> candle_core::Result<()> {
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("optimizer.safetensors");
    /// let x = Var::new(&[1f64], &Device::Cpu)?;
    /// let config = ResettingAdamConfig { reset_every: Some(20), ..Default::default() };
    /// let mut adam = ResettingAdam::new(vec![x.clone()], config.clone())?;
    /// adam.backward_step(&x.sqr()?.sum_all()?)?;
    /// adam.save_state(&path)?;
    /// // In another process, with x as it was left:
    /// let mut adam = ResettingAdam::new(vec![x.clone()], config)?;
    /// adam.load_state(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    fn load_state(&mut self, path: &Path) -> crate::Result<()> {
        let state = State::load(&self.means, 2, path)?;
        let wrong = |what: String| Error::State {
            path: path.to_owned(),
            what,
        };
        let taken = state.numbers[0] as usize;
        if let Some(every) = self.config.reset_every
            && taken >= every
        {
            return Err(wrong(format!("step {taken} of {every} between two resets")));
        }
        let names = self.means.iter().map(|(name, _)| name);
        let lacking = names.zip(&state.tensors).find(|(_, mean)| mean.is_none());
        if let Some((name, _)) = lacking {
            return Err(wrong(format!("it lacks the mean `{name}`")));
        }
        for ((_, mean), found) in self.means.iter().zip(state.tensors.iter().flatten()) {
            mean.set(found)?;
        }
        self.taken = taken;
        self.config.learning_rate = state.numbers[1];
        Ok(())
    }
}

impl Optimizer for ResettingAdam {
    type Config = ResettingAdamConfig;

    fn new(vars: Vec<Var>, config: ResettingAdamConfig) -> Result<Self> {
        Self::over(numbered(vars), config)
    }

    fn step(&mut self, gradients: &GradStore) -> Result<()> {
        self.taken += 1;
        let mut moving = Vec::with_capacity(self.vars.len());
        for ((_, var), means) in self.vars.iter().zip(self.means.chunks(2)) {
            let Some(gradient) = gradients.get(var) else {
                continue;
            };
            let gradient = gradient.detach().to_dtype(wide(var.dtype()))?;
            let before = [0, 1].map(|of| means[of].1.as_detached_tensor());
            let decays = self.config.decays();
            let (after, step) = decays.step([&before[0], &before[1]], &gradient, self.taken)?;
            for ((_, mean), after) in means.iter().zip(&after) {
                mean.set(after)?;
            }
            moving.push((var, step.to_dtype(var.dtype())?));
        }
        push(moving, -self.config.learning_rate)?;
        self.counted()
    }

    fn learning_rate(&self) -> f64 {
        self.config.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.config.learning_rate = learning_rate;
    }
}

#[cfg(test)]
mod tests;
