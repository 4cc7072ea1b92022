//! This project's side of `bench/peers`: the same gradient and the same flow, on the same data from
//! the same start, as NumPy, JAX, PyTorch and L-BFGS compute them.
//!
//! [`PeerPlan`] is the YAML with every number; [`export()`] writes a data set and points as files that
//! all contenders read; [`serve()`] loads them and obeys one-line commands, as each contender does.
//! Who is asked when, and what becomes of the answers, is the business of `bench/peers/run.py`.

mod contender;
mod export;
mod npy;
mod plan;
mod points;
mod serve;

pub use contender::{Contender, PeerPlace, WindowOptions};
pub use export::{Exported, Problem, export};
pub use plan::PeerPlan;
pub use points::points;
pub use serve::serve;
