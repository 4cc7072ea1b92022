//! Hamiltonian Descent as an optimiser.

use super::push::{push, pushed};
use super::state::{State, named_vars, numbered};
use super::{HamiltonianConfig, Integration, NetworkOptimizer};
use crate::Error;
use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var, bail};
use candle_nn::{Optimizer, VarMap};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;
use std::path::Path;

/// Trains a network's variables by frictionless Hamiltonian Descent, Algorithm 2 of the paper: each
/// [`step`](Optimizer::step) is one step of the integrator and takes one gradient; after S of them the
/// velocity is reset. With stochastic gradients it is the method of Section 4.2.
///
/// The stratified integrator wants its gradient at another point than the iterate, so it is told how to
/// compute the loss instead of being handed gradients: [`step_with`](Self::step_with).
///
/// Its learning rate is θ²: with symplectic Euler and ½‖v‖² the first step of a flow is gradient descent
/// with that rate (the paper's "learning rate 0.01" is θ = 0.1).
/// [`set_learning_rate`](Optimizer::set_learning_rate) therefore sets θ to its square root.
///
/// ```
/// use candle_core::{Device, Var};
/// use optim::Kinetic;
/// use optim::nn::{HamiltonianConfig, HamiltonianDescent, Integration};
/// # fn main() -> candle_core::Result<()> {
/// let x = Var::new(&[1f64, -2.0], &Device::Cpu)?;
/// let config = HamiltonianConfig {
///     integration: Integration::Stratified,
///     step_size: 0.3,
///     steps: 4,
///     ..HamiltonianConfig::default()
/// };
/// use candle_nn::Optimizer;
/// let mut optimizer = HamiltonianDescent::new(vec![x.clone()], config)?;
/// for _ in 0..8 {
///     optimizer.step_with(|| x.sqr()?.sum_all())?;
/// }
/// assert!(x.sqr()?.sum_all()?.to_scalar::<f64>()? < 1.0);
/// # Ok(())
/// # }
/// ```
pub struct HamiltonianDescent {
    vars: Vec<(String, Var)>,
    config: HamiltonianConfig,
    /// `None` is at rest.
    velocities: Vec<Option<Tensor>>,
    /// Steps since the velocity was reset.
    within: usize,
    /// For how long the last gradient has yet to act.
    owed: f64,
    uniform: ChaCha20Rng,
}

impl HamiltonianDescent {
    /// Makes the optimiser for all float variables of a map, under their names, so that another process can
    /// load the state it saves.
    ///
    /// # Errors
    /// If a setting is out of range.
    ///
    /// ```
    /// use candle_core::{DType, Device};
    /// use candle_nn::{VarBuilder, VarMap};
    /// use optim::nn::{HamiltonianConfig, HamiltonianDescent};
    /// let varmap = VarMap::new();
    /// candle_nn::linear(2, 3, VarBuilder::from_varmap(&varmap, DType::F32, &Device::Cpu))?;
    /// let optimizer = HamiltonianDescent::of(&varmap, HamiltonianConfig::default())?;
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn of(varmap: &VarMap, config: HamiltonianConfig) -> Result<Self> {
        Self::over(named_vars(varmap), config)
    }

    fn over(mut vars: Vec<(String, Var)>, config: HamiltonianConfig) -> Result<Self> {
        config.check()?;
        vars.retain(|(_, var)| var.dtype().is_float());
        Ok(Self {
            velocities: vec![None; vars.len()],
            within: 0,
            owed: 0.0,
            uniform: ChaCha20Rng::seed_from_u64(config.seed),
            vars,
            config,
        })
    }

    /// One step of any integrator, from the loss instead of its gradients. The closure is called once;
    /// under the stratified integrator while the variables hold the point ahead at which the gradient is
    /// taken, x + ζ ∂φ(v) with ζ uniform in (0, θ). Answers the loss it was given.
    ///
    /// # Errors
    /// If the loss fails; the variables are then where they were, but for what the loss itself has written.
    ///
    /// ```
    /// use candle_core::{Device, Var};
    /// use candle_nn::Optimizer;
    /// use optim::nn::{HamiltonianConfig, HamiltonianDescent};
    /// # fn main() -> candle_core::Result<()> {
    /// let x = Var::new(&[3f64], &Device::Cpu)?;
    /// let mut optimizer = HamiltonianDescent::new(vec![x.clone()], HamiltonianConfig::default())?;
    /// let loss = optimizer.step_with(|| x.sqr()?.sum_all())?;
    /// assert_eq!(loss.to_scalar::<f64>()?, 9.0); // where the gradient was taken
    /// assert!((x.to_vec1::<f64>()?[0] - (3.0 - 0.01 * 6.0)).abs() < 1e-15);
    /// # Ok(())
    /// # }
    /// ```
    pub fn step_with(&mut self, loss: impl FnOnce() -> Result<Tensor>) -> Result<Tensor> {
        if self.config.integration != Integration::Stratified {
            let loss = loss()?;
            self.backward_step(&loss)?;
            return Ok(loss);
        }
        let (theta, here) = (self.config.step_size, self.moving_positions()?);
        let ahead = self.uniform.random::<f64>() * theta;
        let found = self
            .drift(ahead)
            .and_then(|()| loss())
            .and_then(|loss| Ok((loss.backward()?, loss)));
        // Whatever the loss came to, the iterate is where it was.
        for ((_, var), here) in self.vars.iter().zip(&here) {
            if let Some(here) = here {
                var.set(here)?;
            }
        }
        let (gradients, loss) = found?;
        self.kick(&gradients, theta / 2.0)?;
        self.drift(theta)?;
        self.kick(&gradients, theta / 2.0)?;
        self.counted();
        Ok(loss)
    }

    /// Steps since the velocity was reset.
    ///
    /// ```
    /// use candle_core::{Device, Var};
    /// use candle_nn::Optimizer;
    /// use optim::nn::{HamiltonianConfig, HamiltonianDescent};
    /// # fn main() -> candle_core::Result<()> {
    /// let x = Var::new(&[1f64], &Device::Cpu)?;
    /// let mut optimizer = HamiltonianDescent::new(vec![x.clone()], HamiltonianConfig::default())?;
    /// let mut within = Vec::new();
    /// for _ in 0..3 {
    ///     optimizer.backward_step(&x.sqr()?.sum_all()?)?;
    ///     within.push(optimizer.within());
    /// }
    /// assert_eq!(within, [1, 0, 1]); // flows of two steps
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn within(&self) -> usize {
        self.within
    }

    /// Copies, as setting a variable writes over what it holds, of those that have a velocity. The others
    /// stay where they are, and are not to be written to: the loss may, as batch normalisation does to its
    /// running statistics.
    fn moving_positions(&self) -> Result<Vec<Option<Tensor>>> {
        let moving = self.vars.iter().zip(&self.velocities);
        let copy = |((_, var), velocity): (&(String, Var), &Option<Tensor>)| {
            velocity
                .is_some()
                .then(|| var.as_detached_tensor().copy())
                .transpose()
        };
        moving.map(copy).collect()
    }

    /// v ← v − time · ∇f. A variable that the loss does not depend on is not kicked.
    fn kick(&mut self, gradients: &GradStore, time: f64) -> Result<()> {
        let (mut kicked, mut pairs) = (Vec::new(), Vec::new());
        for (index, (_, var)) in self.vars.iter().enumerate() {
            let Some(gradient) = gradients.get(var) else {
                continue;
            };
            let gradient = gradient.detach();
            match &self.velocities[index] {
                Some(v) => {
                    kicked.push(index);
                    pairs.push((v.clone(), gradient));
                }
                None => self.velocities[index] = Some((gradient * -time)?),
            }
        }
        for (index, v) in kicked.into_iter().zip(pushed(pairs, -time)?) {
            self.velocities[index] = Some(v);
        }
        Ok(())
    }

    /// x ← x + time · ∂φ(v).
    fn drift(&mut self, time: f64) -> Result<()> {
        let moving = self.vars.iter().zip(&self.velocities);
        let (vars, velocities): (Vec<&Var>, Vec<Tensor>) = moving
            .filter_map(|((_, var), v)| v.clone().map(|v| (var, v)))
            .unzip();
        let scope = self.config.scope;
        let directions = scope.gradient(self.config.kinetic, &velocities)?;
        push(vars.into_iter().zip(directions), time)
    }

    /// A step was made: the last of a flow ends it.
    fn counted(&mut self) {
        self.within += 1;
        if self.within >= self.config.steps {
            self.within = 0;
            self.owed = 0.0;
            self.velocities.fill(None);
        }
    }
}

impl NetworkOptimizer for HamiltonianDescent {
    fn step_with(&mut self, loss: &mut dyn FnMut() -> Result<Tensor>) -> Result<Tensor> {
        // Its own, which takes any closure.
        Self::step_with(self, loss)
    }

    /// Writes the velocity and where in a flow it is, as safetensors: whole or not at all. The variables
    /// themselves are the caller's.
    ///
    /// # Errors
    /// [`Error::State`] if the file cannot be written.
    ///
    /// ```
    /// use candle_core::{Device, Var};
    /// use candle_nn::Optimizer;
    /// use optim::nn::{HamiltonianConfig, HamiltonianDescent, NetworkOptimizer};
    /// # fn main() -> candle_core::Result<()> {
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("optimizer.safetensors");
    /// let x = Var::new(&[1f64], &Device::Cpu)?;
    /// let config = HamiltonianConfig { steps: 3, ..HamiltonianConfig::default() };
    /// let mut optimizer = HamiltonianDescent::new(vec![x.clone()], config.clone())?;
    /// optimizer.backward_step(&x.sqr()?.sum_all()?)?;
    /// optimizer.save_state(&path)?;
    /// let mut other = HamiltonianDescent::new(vec![x.clone()], config)?;
    /// other.load_state(&path)?;
    /// assert_eq!(other.within(), 1);
    /// # Ok(())
    /// # }
    /// ```
    fn save_state(&self, path: &Path) -> crate::Result<()> {
        let (words, seed) = (self.uniform.get_word_pos(), self.config.seed);
        let state = State {
            tensors: self.velocities.clone(),
            // Each below what f64 counts exactly.
            numbers: vec![
                self.within as f64,
                self.owed,
                words as f64,
                (seed >> 32) as f64,
                (seed & 0xffff_ffff) as f64,
                self.config.step_size,
            ],
        };
        state.save(&self.vars, path)
    }

    /// Restores what [`save_state`](Self::save_state) wrote, by variable name (for
    /// [`new`](Optimizer::new): by index in the vector). The step size and the seed come from the file; with
    /// the same φ, scope, S and integrator, and the variables as they were then, training goes on as if it
    /// had not stopped.
    ///
    /// # Errors
    /// [`Error::State`] if the file cannot be read or does not fit. Nothing is changed then.
    ///
    /// ```
    /// use candle_core::{Device, Var};
    /// use candle_nn::Optimizer;
    /// use optim::nn::{HamiltonianConfig, HamiltonianDescent, NetworkOptimizer};
    /// # fn main() -> candle_core::Result<()> {
    /// let x = Var::new(&[1f64], &Device::Cpu)?;
    /// let mut optimizer = HamiltonianDescent::new(vec![x], HamiltonianConfig::default())?;
    /// let error = optimizer.load_state("nowhere.safetensors".as_ref()).unwrap_err();
    /// assert!(error.to_string().contains("nowhere.safetensors"));
    /// # Ok(())
    /// # }
    /// ```
    fn load_state(&mut self, path: &Path) -> crate::Result<()> {
        let state = State::load(&self.vars, 6, path)?;
        let within = state.numbers[0] as usize;
        if within >= self.config.steps {
            return Err(Error::State {
                path: path.to_owned(),
                what: format!("step {within} of a flow of {} steps", self.config.steps),
            });
        }
        self.velocities = state.tensors;
        self.within = within;
        self.owed = state.numbers[1];
        self.config.seed = (state.numbers[3] as u64) << 32 | state.numbers[4] as u64;
        self.config.step_size = state.numbers[5];
        self.uniform = ChaCha20Rng::seed_from_u64(self.config.seed);
        self.uniform.set_word_pos(state.numbers[2] as u128);
        Ok(())
    }
}

impl Optimizer for HamiltonianDescent {
    type Config = HamiltonianConfig;

    fn new(vars: Vec<Var>, config: HamiltonianConfig) -> Result<Self> {
        Self::over(numbered(vars), config)
    }

    /// One step of Leapfrog or symplectic Euler, from the gradients at the iterate. Leapfrog's last half
    /// kick is made together with the next step's first, at the same point.
    fn step(&mut self, gradients: &GradStore) -> Result<()> {
        let theta = self.config.step_size;
        let kick = match self.config.integration {
            Integration::Leapfrog => self.owed + theta / 2.0,
            Integration::SymplecticEuler => theta,
            Integration::Stratified => bail!(
                "the stratified integrator wants its gradient at another point than the iterate: use step_with(|| loss)"
            ),
        };
        self.kick(gradients, kick)?;
        self.drift(theta)?;
        if self.config.integration == Integration::Leapfrog {
            self.owed = theta / 2.0;
        }
        self.counted();
        Ok(())
    }

    /// Returns θ².
    fn learning_rate(&self) -> f64 {
        self.config.step_size * self.config.step_size
    }

    /// Sets θ to its square root; a rate below 0 is 0. A kick that Leapfrog owes is of the step size before.
    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.config.step_size = learning_rate.max(0.0).sqrt();
    }
}
