//! What distinguishes one linear model from another, besides its data.

use crate::error::named;

/// What computes the gradient of a linear model's loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// On a CPU `Sparse`, `Banded` or `Dense`, by the share of elements that are not 0, whether those are
    /// all 1, whether features exclude one another, and the number of classes; elsewhere `Fused`, or `Composed` where the fused kernel cannot be
    /// used.
    #[default]
    Auto,
    /// One pass over blocks of rows, for the CPU.
    Dense,
    /// Of the elements that are not 0 alone, for the CPU. Where all are 1 and features exclude one another, as
    /// the values of an attribute do, those that a row has together are looked up as one: of 4096 rows or more,
    /// if that saves at least a quarter.
    Sparse,
    /// Of the elements that are not 0 alone, kept along rows and along columns; for half-empty data on the
    /// CPU.
    Banded,
    /// Products of the tensor library and one pass over the logits between them, for any device; of
    /// [`LogisticRegression`](crate::LogisticRegression) alone.
    Fused,
    /// Products and a softmax of the tensor library, for any device.
    Composed,
}

named!(Kernel, "kernel",
    Kernel::Auto => "auto",
    Kernel::Dense => "dense",
    Kernel::Sparse => "sparse",
    Kernel::Banded => "banded",
    Kernel::Fused => "fused",
    Kernel::Composed => "composed",
);

/// Says what distinguishes one logistic regression from another, besides its data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Problem {
    /// C, the number of classes.
    pub classes: usize,
    /// Whether each class has an intercept (the last row of the weight matrix).
    pub bias: bool,
    /// λ of the penalty λ/2 ‖Θ‖²; intercepts are not penalised.
    pub l2: f64,
}

impl Problem {
    pub(super) fn ridge(self) -> Ridge {
        Ridge {
            bias: self.bias,
            l2: self.l2,
        }
    }
}

/// Says what distinguishes one linear model of one output from another, besides its data: whether it has an
/// intercept, and its ridge penalty.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ridge {
    /// Whether there is an intercept (the last coordinate).
    pub bias: bool,
    /// λ of the penalty λ/2 ‖w‖²; the intercept is not penalised.
    pub l2: f64,
}
