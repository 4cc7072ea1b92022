//! What an optimiser has to remember, in a file.

use crate::{Error, Result};
use candle_core::{DType, Device, Tensor, Var};
use candle_nn::VarMap;
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

/// Lists the variables of a map with their names, in the order of the names.
///
/// [`VarMap::all_vars`] lists them in an order that differs between processes, so a saved state could
/// not be matched to it.
///
/// ```
/// use candle_core::{DType, Device};
/// use candle_nn::{VarBuilder, VarMap};
/// let varmap = VarMap::new();
/// let vb = VarBuilder::from_varmap(&varmap, DType::F32, &Device::Cpu);
/// candle_nn::linear(2, 3, vb.pp("head"))?;
/// let names: Vec<String> = optim::nn::named_vars(&varmap).into_iter().map(|(n, _)| n).collect();
/// assert_eq!(names, ["head.bias", "head.weight"]);
/// # Ok::<(), candle_core::Error>(())
/// ```
#[must_use]
pub fn named_vars(varmap: &VarMap) -> Vec<(String, Var)> {
    let data = varmap.data();
    let data = data.lock().unwrap_or_else(|broken| broken.into_inner());
    let mut all: Vec<(String, Var)> = data.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// The names of variables that have none: their places.
pub(super) fn numbered(vars: Vec<Var>) -> Vec<(String, Var)> {
    let named = vars.into_iter().enumerate();
    named.map(|(i, var)| (i.to_string(), var)).collect()
}

/// The key of the numbers beside the tensors.
const NUMBERS: &str = "numbers";

/// Writes tensors as safetensors, whole or not at all.
pub(super) fn write(all: &HashMap<String, Tensor>, path: &Path) -> Result<()> {
    let failed = |doing: &str, error: &dyn std::fmt::Display| Error::State {
        path: path.to_owned(),
        what: format!("{doing}: {error}"),
    };
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    candle_core::safetensors::save(all, &part).map_err(|e| failed("writing it", &e))?;
    let written = OpenOptions::new().write(true).open(&part);
    let written = written.and_then(|file| file.sync_all());
    written
        .and_then(|()| std::fs::rename(&part, path))
        .map_err(|e| failed("putting it in its place", &e))
}

/// Tensors by the names of their variables, and some numbers.
pub(super) struct State {
    pub tensors: Vec<Option<Tensor>>,
    pub numbers: Vec<f64>,
}

impl State {
    /// Writes it as safetensors, whole or not at all.
    pub(super) fn save(&self, vars: &[(String, Var)], path: &Path) -> Result<()> {
        let mut all = HashMap::new();
        for ((name, _), tensor) in vars.iter().zip(&self.tensors) {
            if let Some(tensor) = tensor {
                all.insert(format!("state.{name}"), tensor.clone());
            }
        }
        let numbers = Tensor::new(self.numbers.clone(), &Device::Cpu)?;
        all.insert(NUMBERS.into(), numbers);
        write(&all, path)
    }

    /// Reads it for variables of the same names and shapes.
    pub(super) fn load(vars: &[(String, Var)], numbers: usize, path: &Path) -> Result<Self> {
        let wrong = |what: String| Error::State {
            path: path.to_owned(),
            what,
        };
        let all = candle_core::safetensors::load(path, &Device::Cpu)
            .map_err(|e| wrong(format!("reading it: {e}")))?;
        let known = |key: &str| vars.iter().any(|(name, _)| key == format!("state.{name}"));
        let strange = all.keys().find(|key| *key != NUMBERS && !known(key));
        if let Some(key) = strange {
            return Err(wrong(format!(
                "`{key}` belongs to no variable of this optimiser"
            )));
        }
        let tensor = |(name, var): &(String, Var)| {
            let Some(tensor) = all.get(&format!("state.{name}")) else {
                return Ok(None);
            };
            if tensor.shape() != var.shape() {
                let (found, wanted) = (tensor.dims(), var.dims());
                return Err(wrong(format!(
                    "`{name}` is {found:?}, its variable {wanted:?}"
                )));
            }
            Ok(Some(tensor.to_dtype(var.dtype())?.to_device(var.device())?))
        };
        let tensors = vars.iter().map(tensor).collect::<Result<_>>()?;
        let found = match all.get(NUMBERS) {
            Some(found) => found.to_dtype(DType::F64)?.to_vec1::<f64>()?,
            None => Vec::new(),
        };
        if found.len() != numbers {
            return Err(wrong(format!(
                "{} numbers, not {numbers}: of another method",
                found.len()
            )));
        }
        Ok(Self {
            tensors,
            numbers: found,
        })
    }
}
