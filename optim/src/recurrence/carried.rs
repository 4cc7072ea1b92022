//! What an update carries along beside the point, and its step.

use super::{Acceleration, Arithmetic, Recurrence, Update};
use crate::Result;

/// What is carried from a step to the next beside the point at which the gradient is wanted.
#[derive(Clone)]
pub(crate) enum Carried<V> {
    /// v of a Hamiltonian flow.
    Velocity(V),
    /// u of [`Update::HeavyBall`]; nothing before the first step.
    Direction(Option<V>),
    /// x of [`Update::Nesterov`], whose gradients are wanted at y.
    Position {
        position: V,
        /// t_k.
        sequence: f64,
        /// How often the momentum was given up.
        restarts: u64,
    },
    /// Both means of [`Update::Adam`], and of how many gradients.
    Means { means: Option<[V; 2]>, taken: usize },
}

impl<V> Carried<V> {
    /// The same of vectors of another kind.
    pub(crate) fn map<U>(&self, mut of: impl FnMut(&V) -> Result<U>) -> Result<Carried<U>> {
        Ok(match self {
            Self::Velocity(velocity) => Carried::Velocity(of(velocity)?),
            Self::Direction(u) => Carried::Direction(u.as_ref().map(of).transpose()?),
            Self::Position {
                position,
                sequence,
                restarts,
            } => Carried::Position {
                position: of(position)?,
                sequence: *sequence,
                restarts: *restarts,
            },
            Self::Means { means, taken } => Carried::Means {
                means: match means {
                    Some([mean, square]) => Some([of(mean)?, of(square)?]),
                    None => None,
                },
                taken: *taken,
            },
        })
    }

    /// Its vectors, in an order that [`filled`](Self::filled) knows, and its numbers.
    pub(crate) fn parts(&self) -> (Vec<&V>, [f64; 2]) {
        match self {
            Self::Velocity(velocity) => (vec![velocity], [0.0; 2]),
            Self::Direction(u) => (u.iter().collect(), [0.0; 2]),
            Self::Position {
                position,
                sequence,
                restarts,
            } => (vec![position], [*sequence, *restarts as f64]),
            Self::Means { means, taken } => {
                (means.iter().flatten().collect(), [*taken as f64, 0.0])
            }
        }
    }

    /// The same with other vectors and numbers in their places, if there are as many as it can have.
    pub(crate) fn filled(&self, vectors: Vec<V>, numbers: [f64; 2]) -> Option<Self> {
        let mut vectors = vectors.into_iter();
        let filled = match self {
            Self::Velocity(_) => Self::Velocity(vectors.next()?),
            Self::Direction(_) => Self::Direction(vectors.next()),
            Self::Position { .. } => Self::Position {
                position: vectors.next()?,
                sequence: numbers[0],
                restarts: numbers[1] as u64,
            },
            Self::Means { .. } => Self::Means {
                means: match (vectors.next(), vectors.next()) {
                    (Some(mean), Some(square)) => Some([mean, square]),
                    (None, _) => None,
                    _ => return None,
                },
                taken: numbers[0] as usize,
            },
        };
        vectors.next().is_none().then_some(filled)
    }
}

impl<V: Clone> Carried<V> {
    /// What is carried before the first step from a point, where `rest` is no velocity.
    pub(crate) fn before(recurrence: &Recurrence, point: &V, rest: &V) -> Self {
        match recurrence.update {
            Update::Flow { .. } => Self::Velocity(rest.clone()),
            Update::HeavyBall { .. } => Self::Direction(None),
            Update::Nesterov(_) => Self::Position {
                position: point.clone(),
                sequence: 1.0,
                restarts: 0,
            },
            Update::Adam { .. } => Self::Means {
                means: None,
                taken: 0,
            },
        }
    }

    /// Where the method is, if its gradient is wanted at `point`: the same but for Nesterov's.
    pub(crate) fn position<'a>(&'a self, point: &'a V) -> &'a V {
        match self {
            Self::Position { position, .. } => position,
            _ => point,
        }
    }

    /// The velocity that led here, of a flow.
    pub(crate) fn velocity(&self) -> Option<&V> {
        match self {
            Self::Velocity(velocity) => Some(velocity),
            _ => None,
        }
    }
}

impl Recurrence {
    /// Takes a step from a point and what is carried to it, with a gradient there: the next point, and what is
    /// carried to that. `rest` is no velocity, `[D]`.
    pub(crate) fn next<A: Arithmetic>(
        &self,
        space: &A,
        (point, carried): (&A::Vector, &Carried<A::Vector>),
        gradient: &A::Vector,
        step: usize,
        rest: &A::Vector,
    ) -> Result<(A::Vector, Carried<A::Vector>)> {
        let size = self.step_size;
        match (self.update, carried) {
            (Update::Flow { kinetic, .. }, carried) => {
                let before = match carried.velocity() {
                    Some(velocity) if !self.is_first(step) => velocity,
                    _ => rest,
                };
                let v = space.kicked(before, gradient, self.kick(step))?;
                let x = space.drifted(point, &v, kinetic, size)?;
                Ok((x, Carried::Velocity(v)))
            }
            (
                Update::HeavyBall {
                    direction,
                    momentum,
                },
                carried,
            ) => {
                let direction = space.directed(gradient, direction)?;
                let u = match carried {
                    Carried::Direction(Some(u)) if momentum > 0.0 => {
                        space.scaled_plus(u, momentum, &direction)?
                    }
                    _ => direction,
                };
                let x = space.kicked(point, &u, size)?;
                Ok((x, Carried::Direction(Some(u))))
            }
            (Update::Nesterov(acceleration), carried) => {
                let (sequence, restarts) = match carried {
                    Carried::Position {
                        sequence, restarts, ..
                    } => (*sequence, *restarts),
                    _ => (1.0, 0),
                };
                let position = space.kicked(point, gradient, size)?;
                let moved = space.minus(&position, carried.position(point))?;
                let given_up = acceleration == Acceleration::Restarted
                    && space.product(gradient, &moved)? > 0.0;
                let (momentum, sequence) = match given_up {
                    true => (0.0, 1.0),
                    false => acceleration.next(sequence),
                };
                let ahead = space.scaled_plus(&moved, momentum, &position)?;
                let carried = Carried::Position {
                    position,
                    sequence,
                    restarts: restarts + u64::from(given_up),
                };
                Ok((ahead, carried))
            }
            (Update::Adam { .. }, carried) => {
                let (means, taken) = match carried {
                    Carried::Means { means, taken } if !self.is_first(step) => {
                        (means.as_ref(), *taken)
                    }
                    _ => (None, 0),
                };
                let taken = taken + 1;
                let (means, towards) = space.adam(means, gradient, taken)?;
                let x = space.kicked(point, &towards, size)?;
                let means = Some(means);
                Ok((x, Carried::Means { means, taken }))
            }
        }
    }
}
