"""L-BFGS from SciPy: how long until the loss at which the flow ended."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from .common import Contender, Problem


class ScipyLbfgs(Contender):
    """L-BFGS-B on value and gradient in closed form, products in f32, from the flow's start."""

    libraries = ("scipy", "numpy")

    def time_to_loss(self, target: float) -> dict[str, Any]:
        iterations, reached = 0, None
        begin = time.perf_counter()

        def watch(*, intermediate_result: OptimizeResult) -> None:
            nonlocal iterations, reached
            iterations += 1
            if intermediate_result.fun <= target:
                reached = time.perf_counter() - begin
                raise StopIteration

        # No tolerance of its own shall end it before the target.
        options = {
            "maxcor": self.problem.memory,
            "maxiter": self.problem.iterations,
            "maxfun": 100 * self.problem.iterations,
            "ftol": 0.0,
            "gtol": 0.0,
        }
        result = minimize(
            self._value_and_gradient,
            self.problem.start.reshape(-1).astype(np.float64),
            jac=True,
            method="L-BFGS-B",
            callback=watch,
            options=options,
        )
        return {"seconds": reached, "point": result.x, "iterations": iterations}

    def _value_and_gradient(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        p = self.problem
        rows = np.arange(len(p.x))
        z = p.x @ flat.astype(np.float32).reshape(p.start.shape)
        z -= z.max(axis=1, keepdims=True)
        own = z[rows, p.y]
        np.exp(z, out=z)
        sums = z.sum(axis=1)
        value = np.mean(np.log(sums) - own, dtype=np.float64)
        z /= sums[:, None]
        z[rows, p.y] -= 1
        gradient = p.x.T @ z / np.float32(len(p.x))
        return float(value), gradient.reshape(-1).astype(np.float64)
