"""NumPy, the gradient in closed form."""

from __future__ import annotations

import numpy as np

from .common import Contender


class NumpyClosed(Contender):
    """X^T (softmax(X W) - Y) / n; several points side by side in one product."""

    def place(self, points: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(points)

    def gradients(self, placed: np.ndarray) -> np.ndarray:
        window, d, classes = placed.shape
        side_by_side = placed.transpose(1, 0, 2).reshape(d, window * classes)
        sums = self._residual_product(side_by_side)
        return sums.reshape(d, window, classes).transpose(1, 0, 2)

    def flow(self) -> np.ndarray:
        p = self.problem
        theta = np.float32(p.step_size)
        x = p.start.copy()
        for _ in range(p.flows):
            v = np.zeros_like(x)
            for _ in range(p.steps):
                v -= theta * self._residual_product(x)
                x += theta * v
        return x

    def _residual_product(self, weights: np.ndarray) -> np.ndarray:
        """The mean gradient, [d, W C], at W weight matrices side by side."""
        p = self.problem
        n = len(p.x)
        z = (p.x @ weights).reshape(n, -1, p.classes)
        z -= z.max(axis=2, keepdims=True)
        np.exp(z, out=z)
        z /= z.sum(axis=2, keepdims=True)
        z[np.arange(n), :, p.y] -= 1
        return p.x.T @ z.reshape(n, -1) / np.float32(n)
