//! What the optimisers of networks have in common beyond candle's trait.

use candle_core::{Result, Tensor};
use std::path::Path;

/// Takes a step from a loss, and saves and loads the optimiser's state.
///
/// Unlike [`candle_nn::Optimizer`] it is dyn-compatible: a training loop can hold any optimiser of this
/// module as a `Box<dyn NetworkOptimizer>`.
///
/// ```
/// use candle_core::{Device, Var};
/// use candle_nn::Optimizer;
/// use optim::nn::{BaselineConfig, BaselineDescent, NetworkOptimizer};
/// use optim::nn::{ResettingAdam, ResettingAdamConfig};
/// # fn main() -> candle_core::Result<()> {
/// let x = Var::new(&[1f64], &Device::Cpu)?;
/// let all: [Box<dyn NetworkOptimizer>; 2] = [
///     Box::new(BaselineDescent::new(vec![x.clone()], BaselineConfig::default())?),
///     Box::new(ResettingAdam::new(vec![x.clone()], ResettingAdamConfig::default())?),
/// ];
/// for mut optimizer in all {
///     let before = optimizer.step_with(&mut || x.sqr()?.sum_all())?;
///     assert!(x.sqr()?.sum_all()?.to_scalar::<f64>()? < before.to_scalar()?);
/// }
/// # Ok(())
/// # }
/// ```
pub trait NetworkOptimizer {
    /// Takes one step from the loss instead of its gradients, and answers the loss. The closure is called
    /// once, while the variables hold the point at which the gradient is taken.
    ///
    /// # Errors
    /// If the loss or a tensor operation fails.
    fn step_with(&mut self, loss: &mut dyn FnMut() -> Result<Tensor>) -> Result<Tensor>;

    /// Writes what it remembers as safetensors: whole or not at all. The variables are the caller's.
    ///
    /// # Errors
    /// [`Error::State`](crate::Error::State) if the file cannot be written.
    fn save_state(&self, path: &Path) -> crate::Result<()>;

    /// Restores what [`save_state`](Self::save_state) wrote, by variable name (for
    /// [`new`](candle_nn::Optimizer::new): by index in the vector).
    ///
    /// # Errors
    /// [`Error::State`](crate::Error::State) if the file cannot be read or does not fit. Nothing is changed
    /// then.
    fn load_state(&mut self, path: &Path) -> crate::Result<()>;
}
