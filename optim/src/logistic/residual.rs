//! The CPU kernel between the two products of a logistic gradient.

use candle_core::{CpuStorage, InplaceOp1, Layout, Result, bail};
use rayon::prelude::*;
use std::sync::Arc;

/// softmax(z) − y in place: logits `[n, W·C]`, in W blocks of C columns, become residuals. In one
/// pass over the logits while they are in cache, rows shared out to the threads of the current
/// pool; each row is computed by itself, so the result does not depend on their number.
pub(super) struct SoftmaxMinusTarget {
    /// y, the class of each row.
    pub targets: Arc<[u32]>,
    /// C.
    pub classes: usize,
}

impl InplaceOp1 for SoftmaxMinusTarget {
    fn name(&self) -> &'static str {
        "softmax-minus-target"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let Some((from, to)) = layout.contiguous_offsets() else {
            bail!("softmax-minus-target needs contiguous logits, found {layout:?}")
        };
        match storage {
            CpuStorage::F32(z) => self.rows(&mut z[from..to]),
            CpuStorage::F64(z) => self.rows(&mut z[from..to]),
            _ => bail!("softmax-minus-target is for f32 and f64 logits"),
        }
        Ok(())
    }
}

/// A few rows for each task: small enough to share out, large enough to be worth a task.
const TASK_ELEMENTS: usize = 1 << 14;

impl SoftmaxMinusTarget {
    fn rows<T: Real>(&self, logits: &mut [T]) {
        let columns = logits.len() / self.targets.len();
        let rows = (TASK_ELEMENTS / columns).max(1);
        logits
            .par_chunks_mut(rows * columns)
            .zip(self.targets.par_chunks(rows))
            .for_each(|(logits, targets)| {
                for (row, &target) in logits.chunks_exact_mut(columns).zip(targets) {
                    for block in row.chunks_exact_mut(self.classes) {
                        softmax(block);
                        block[target as usize] = block[target as usize] - T::ONE;
                    }
                }
            });
    }
}

/// The largest logit is subtracted first, so that no exponential overflows.
fn softmax<T: Real>(z: &mut [T]) {
    let top = z
        .iter()
        .fold(T::LOWEST, |top, &z| if z > top { z } else { top });
    let mut sum = T::ZERO;
    for z in z.iter_mut() {
        *z = (*z - top).exponential();
        sum = sum + *z;
    }
    for z in z.iter_mut() {
        *z = *z / sum;
    }
}

/// The two element types.
trait Real:
    Copy
    + Send
    + PartialOrd
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Div<Output = Self>
{
    const ZERO: Self;
    const ONE: Self;
    const LOWEST: Self;
    fn exponential(self) -> Self;
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const LOWEST: Self = Self::NEG_INFINITY;
    fn exponential(self) -> Self {
        self.exp()
    }
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const LOWEST: Self = Self::NEG_INFINITY;
    fn exponential(self) -> Self {
        self.exp()
    }
}
