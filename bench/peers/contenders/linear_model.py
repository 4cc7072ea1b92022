"""scikit-learn's LogisticRegression by three solvers: how long until the loss at which the flow ended.

None of them can be stopped at a loss, so the fewest iterations that reach it are found off the clock, and a fit of just so
many is timed.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
from scipy.linalg import LinAlgWarning
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from .common import Contender, Problem


class _Fit(Contender):
    libraries = ("scikit-learn", "scipy", "numpy")

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.x = problem.x
        self.needed: dict[float, int | None] = {}

    def model(self, iterations: int) -> LogisticRegression:
        """One that is fitted in so many iterations."""
        raise NotImplementedError

    def time_to_loss(self, target: float) -> dict[str, Any]:
        if target not in self.needed:
            self.needed[target] = self._fewest(target)
        needed = self.needed[target]
        model = self.model(needed or self.problem.iterations)
        begin = time.perf_counter()
        self._fit(model)
        seconds = time.perf_counter() - begin
        return {
            "seconds": seconds if needed else None,
            "point": self._point(model),
            "iterations": int(model.n_iter_[0]),
        }

    def _fewest(self, target: float) -> int | None:
        """The fewest iterations whose loss is no higher than the target, by bisection."""

        def reaches(iterations: int) -> bool:
            model = self.model(iterations)
            self._fit(model)
            return self.problem.loss(self._point(model)) <= target

        low, high = 0, 1
        while not reaches(high):
            if high == self.problem.iterations:
                return None
            low, high = high, min(2 * high, self.problem.iterations)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if reaches(middle) else (middle, high)
        return high

    def from_start(self, model: LogisticRegression) -> LogisticRegression:
        """The same, to be fitted from the flow's start on."""
        p = self.problem
        model.set_params(warm_start=True)
        model.classes_ = np.arange(p.classes)
        # Two classes have one vector of coefficients, the difference of theirs.
        two = p.classes == 2
        start = (p.start[:, 1:] - p.start[:, :1]) if two else p.start
        model.coef_ = np.ascontiguousarray(start.T, dtype=self.x.dtype)
        model.intercept_ = np.zeros(len(model.coef_), dtype=self.x.dtype)
        return model

    def _fit(self, model: LogisticRegression) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            # Of a solver that gives up and goes on as another.
            warnings.simplefilter("error", LinAlgWarning)
            model.fit(self.x, self.problem.y)

    def _point(self, model: LogisticRegression) -> np.ndarray:
        weights = model.coef_.T
        if self.problem.classes == 2:
            weights = np.hstack([np.zeros_like(weights), weights])
        return weights


class SklearnLbfgs(_Fit):
    """L-BFGS, without penalty, from the flow's start."""

    def model(self, iterations: int) -> LogisticRegression:
        return self.from_start(
            LogisticRegression(
                C=np.inf, fit_intercept=False, solver="lbfgs", tol=0.0, max_iter=iterations
            )
        )


class SklearnNewtonCholesky(_Fit):
    """Newton's method on the whole Hessian by Cholesky's decomposition, from the flow's start.

    In f64 and with a penalty of 1e-6/2 |w|^2, without which the Hessian is singular: adding one number to the weights of
    all classes changes nothing.
    """

    PENALTY = 1e-6

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.x = problem.x.astype(np.float64)

    def model(self, iterations: int) -> LogisticRegression:
        return self.from_start(
            LogisticRegression(
                C=1 / (self.PENALTY * len(self.x)),
                fit_intercept=False,
                solver="newton-cholesky",
                tol=1e-12,
                max_iter=iterations,
            )
        )


class LiblinearTron(_Fit):
    """LIBLINEAR's trust region Newton method (TRON: its primal solver), of two classes.

    It begins at 0, wherever the flow does, and always has a penalty: here 1e-6/2 |w|^2.
    """

    PENALTY = 1e-6

    def __init__(self, problem: Problem) -> None:
        if problem.classes != 2:
            raise ValueError(f"LIBLINEAR minimises this loss of 2 classes, not of {problem.classes}")
        super().__init__(problem)
        # What it computes in: else each fit would begin with making it.
        self.x = problem.x.astype(np.float64)

    def model(self, iterations: int) -> LogisticRegression:
        return LogisticRegression(
            C=1 / (self.PENALTY * len(self.x)),
            fit_intercept=False,
            solver="liblinear",
            dual=False,
            tol=1e-12,
            max_iter=iterations,
        )
