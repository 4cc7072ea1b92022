"""JAX: compiled, in closed form and by automatic differentiation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from .common import Contender, Problem

Gradient = Callable[[jax.Array, jax.Array, jax.Array], jax.Array]


def closed_form(weights: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
    """X^T (softmax(X W) - Y) / n."""
    share = jax.nn.softmax(x @ weights)
    residual = share - jax.nn.one_hot(y, weights.shape[1], dtype=x.dtype)
    return x.T @ residual / len(x)


def cross_entropy(weights: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
    """The loss, for JAX to differentiate."""
    logits = jax.nn.log_softmax(x @ weights)
    return -jnp.take_along_axis(logits, y[:, None], axis=1).mean()


@partial(jax.jit, static_argnames=("gradient", "steps"))
def scanned_flow(
    start: jax.Array,
    x: jax.Array,
    y: jax.Array,
    theta: jax.Array,
    *,
    gradient: Gradient,
    steps: int,
) -> jax.Array:
    """A flow from rest as one compiled program."""

    def step(state: tuple[jax.Array, jax.Array], _: None):
        position, velocity = state
        velocity = velocity - theta * gradient(position, x, y)
        return (position + theta * velocity, velocity), None

    (end, _), _ = jax.lax.scan(step, (start, jnp.zeros_like(start)), length=steps)
    return end


class _Jax(Contender):
    libraries = ("jax", "jaxlib", "numpy")
    form: Gradient

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        # Products of f32 are made in f32; on a GPU the default is TF32.
        jax.config.update("jax_default_matmul_precision", "highest")
        kind, number = ("cpu", 0) if problem.gpu is None else ("gpu", problem.gpu)
        jax.config.update("jax_default_device", jax.devices(kind)[number])
        self.x = jnp.asarray(problem.x)
        self.y = jnp.asarray(problem.y, dtype=jnp.int32)
        self.start = jnp.asarray(problem.start)
        self.one = jax.jit(self.form)
        self.several = jax.jit(jax.vmap(self.form, in_axes=(0, None, None)))

    def place(self, points: np.ndarray) -> jax.Array:
        return jnp.asarray(points[0] if len(points) == 1 else points)

    def gradients(self, placed: jax.Array) -> jax.Array:
        compiled = self.one if placed.ndim == 2 else self.several
        return compiled(placed, self.x, self.y).block_until_ready()

    def _scanned(self) -> jax.Array:
        p, x = self.problem, self.start
        theta = jnp.float32(p.step_size)
        for _ in range(p.flows):
            x = scanned_flow(x, self.x, self.y, theta, gradient=type(self).form, steps=p.steps)
        return x.block_until_ready()


class JaxClosed(_Jax):
    """jit of the closed form; the flow is one compiled loop."""

    form = staticmethod(closed_form)

    def flow(self) -> jax.Array:
        return self._scanned()


class JaxAutograd(_Jax):
    """jit of grad; the flow is a loop in Python, as one writes it first."""

    form = staticmethod(jax.grad(cross_entropy))

    def flow(self) -> jax.Array:
        p, x = self.problem, self.start
        for _ in range(p.flows):
            v = jnp.zeros_like(x)
            for _ in range(p.steps):
                v = v - p.step_size * self.one(x, self.x, self.y)
                x = x + p.step_size * v
        return x.block_until_ready()


class JaxScan(_Jax):
    """grad within one compiled loop."""

    form = staticmethod(jax.grad(cross_entropy))

    def flow(self) -> jax.Array:
        return self._scanned()
