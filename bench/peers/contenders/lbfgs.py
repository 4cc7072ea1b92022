"""L-BFGS from SciPy and from scikit-learn: how long until the loss at which the flow ended."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

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
        loss = self.problem.loss(result.x.reshape(self.problem.start.shape))
        return {"seconds": reached, "loss": loss, "iterations": iterations}

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


class SklearnLbfgs(Contender):
    """LogisticRegression.fit without penalty and intercept, warm from the flow's start.

    It cannot be stopped at a loss, so the fewest iterations that reach it are found off the clock,
    and a fit of just so many is timed.
    """

    libraries = ("scikit-learn", "scipy", "numpy")

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.needed: dict[float, int | None] = {}

    def time_to_loss(self, target: float) -> dict[str, Any]:
        if target not in self.needed:
            self.needed[target] = self._fewest(target)
        needed = self.needed[target]
        model = self._model(needed or self.problem.iterations)
        begin = time.perf_counter()
        self._fit(model)
        seconds = time.perf_counter() - begin
        return {
            "seconds": seconds if needed else None,
            "loss": self._loss(model),
            "iterations": int(model.n_iter_[0]),
        }

    def _fewest(self, target: float) -> int | None:
        """The fewest iterations whose loss is no higher than the target, by bisection."""

        def reaches(iterations: int) -> bool:
            model = self._model(iterations)
            self._fit(model)
            return self._loss(model) <= target

        low, high = 0, 1
        while not reaches(high):
            if high == self.problem.iterations:
                return None
            low, high = high, min(2 * high, self.problem.iterations)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if reaches(middle) else (middle, high)
        return high

    def _model(self, iterations: int) -> LogisticRegression:
        p = self.problem
        model = LogisticRegression(
            C=np.inf,
            fit_intercept=False,
            solver="lbfgs",
            tol=0.0,
            max_iter=iterations,
            warm_start=True,
        )
        model.classes_ = np.arange(p.classes)
        # Two classes have one vector of coefficients, the difference of theirs.
        two = p.classes == 2
        start = (p.start[:, 1:] - p.start[:, :1]) if two else p.start
        model.coef_ = np.ascontiguousarray(start.T)
        model.intercept_ = np.zeros(len(model.coef_), dtype=np.float32)
        return model

    def _fit(self, model: LogisticRegression) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(self.problem.x, self.problem.y)

    def _loss(self, model: LogisticRegression) -> float:
        weights = model.coef_.T
        if self.problem.classes == 2:
            weights = np.hstack([np.zeros_like(weights), weights])
        return self.problem.loss(weights)
