"""PyTorch with autograd and a loop in Python, as research code is written."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from .common import Contender, Problem


class TorchAutograd(Contender):
    """cross_entropy and autograd; several points by the sum of their losses, in one product."""

    libraries = ("torch", "numpy")

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        # Products of f32 are made in f32 (not TF32), which is PyTorch's default too.
        torch.set_float32_matmul_precision("highest")
        self.device = torch.device("cpu" if problem.gpu is None else f"cuda:{problem.gpu}")
        self.x = torch.from_numpy(problem.x).to(self.device)
        self.y = torch.from_numpy(problem.y).to(self.device)

    def place(self, points: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(points.copy()).to(self.device)

    def fetch(self, gradients: torch.Tensor) -> np.ndarray:
        return gradients.cpu().numpy()

    def finish(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def gradients(self, placed: torch.Tensor) -> torch.Tensor:
        if len(placed) == 1:
            return self._gradient(placed[0]).unsqueeze(0)
        window, d, classes = placed.shape
        weights = placed.detach().requires_grad_()
        side_by_side = weights.transpose(0, 1).reshape(d, window * classes)
        logits = (self.x @ side_by_side).view(-1, window, classes).transpose(1, 2)
        target = self.y.unsqueeze(1).expand(-1, window)
        loss = F.cross_entropy(logits, target, reduction="sum") / len(self.x)
        return torch.autograd.grad(loss, weights)[0]

    def flow(self) -> torch.Tensor:
        p = self.problem
        x = torch.from_numpy(p.start.copy()).to(self.device)
        for _ in range(p.flows):
            v = torch.zeros_like(x)
            for _ in range(p.steps):
                v -= p.step_size * self._gradient(x)
                x += p.step_size * v
        return x

    def _gradient(self, weights: torch.Tensor) -> torch.Tensor:
        weights = weights.detach().requires_grad_()
        loss = F.cross_entropy(self.x @ weights, self.y)
        return torch.autograd.grad(loss, weights)[0]
