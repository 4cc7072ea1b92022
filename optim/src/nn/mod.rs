//! The methods as optimisers of candle's networks: for variables, with gradients by autograd.
//!
//! Each is a [`candle_nn::Optimizer`]; only the line that makes the optimiser changes. Make it with `of`,
//! not `new`, if you save its state: [`VarMap::all_vars`](candle_nn::VarMap::all_vars) lists variables in
//! another order in every process.
//!
//! ```
//! use candle_core::{DType, Device, Tensor};
//! use candle_nn::{Linear, Module, Optimizer, VarBuilder, VarMap};
//! use optim::nn::{HamiltonianConfig, HamiltonianDescent};
//! # fn main() -> candle_core::Result<()> {
//! let varmap = VarMap::new();
//! let vb = VarBuilder::from_varmap(&varmap, DType::F32, &Device::Cpu);
//! let model = candle_nn::linear(2, 2, vb)?;
//! let mut optimizer = HamiltonianDescent::of(&varmap, HamiltonianConfig::default())?;
//!
//! let x = Tensor::new(&[[1f32, 0.0], [0.0, 1.0]], &Device::Cpu)?;
//! let labels = Tensor::new(&[0u32, 1], &Device::Cpu)?;
//! let loss = || candle_nn::loss::cross_entropy(&model.forward(&x)?, &labels);
//! let before = loss()?.to_scalar::<f32>()?;
//! for _ in 0..20 {
//!     optimizer.backward_step(&loss()?)?;
//! }
//! assert!(loss()?.to_scalar::<f32>()? < before);
//! # Ok(())
//! # }
//! ```
//!
//! One step is one gradient. Where gradients and values are in closed form, the methods of the crate's
//! root are several times as fast: autograd keeps every value in between.

mod adam;
mod baseline;
mod config;
mod hamiltonian;
mod optimizer;
mod push;
mod scope;
mod state;
mod windowed;

pub use adam::{ResettingAdam, ResettingAdamConfig};
pub use baseline::{BaselineConfig, BaselineDescent};
pub use config::{HamiltonianConfig, Integration};
pub use hamiltonian::HamiltonianDescent;
pub use optimizer::NetworkOptimizer;
pub use scope::Scope;
pub use state::named_vars;
pub use windowed::{Replica, Windowed};
