"""What all Python contestants share: the problem, the clock, and the protocol of bench/PROTOCOL.md."""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Problem:
    """A data set, points, and the flow's numbers, as the harness wrote them."""

    x: np.ndarray  # [n, d] f32
    y: np.ndarray  # [n] integers
    start: np.ndarray  # [d, C] f32
    points: np.ndarray  # [W, d, C] f32
    classes: int
    step_size: float
    steps: int
    flows: int
    memory: int
    iterations: int
    gpu: int | None  # which one to compute on; None is the CPU

    @staticmethod
    def read(folder: Path, memory: int, iterations: int) -> Problem:
        about = json.loads((folder / "problem.json").read_text())
        kind, _, number = about["device"].partition(":")
        shape = (about["features"], about["classes"])
        return Problem(
            x=np.load(folder / "x_train.npy"),
            y=np.load(folder / "y_train.npy").astype(np.int64),
            start=np.load(folder / "start.npy").reshape(shape),
            points=np.load(folder / "points.npy").reshape(-1, *shape),
            classes=about["classes"],
            step_size=about["step_size"],
            steps=about["steps"],
            flows=about["flows"],
            memory=memory,
            iterations=iterations,
            gpu=int(number) if kind == "cuda" else None,
        )

    def loss(self, weights: np.ndarray) -> float:
        """Mean cross-entropy at weights [d, C]; the logits' exponentials are summed in f64."""
        z = (self.x @ weights.astype(np.float32)).astype(np.float64)
        z -= z.max(axis=1, keepdims=True)
        own = z[np.arange(len(z)), self.y]
        return float(np.mean(np.log(np.exp(z).sum(axis=1)) - own))


class Contender:
    """One way to compute; what a contender cannot do it leaves as it is here.

    Whatever a method returns has been computed once `finish` returns.
    """

    libraries: tuple[str, ...] = ("numpy",)

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def place(self, points: np.ndarray) -> Any:
        """Points [W, d, C] as the library wants them."""
        raise NotImplementedError("takes no gradients")

    def gradients(self, placed: Any) -> Any:
        """The gradients there."""
        raise NotImplementedError("takes no gradients")

    def fetch(self, gradients: Any) -> np.ndarray:
        """Gradients [W, d, C], or a point [d, C], where NumPy reads them."""
        return np.asarray(gradients)

    def finish(self) -> None:
        """Waits until everything asked for has been computed."""

    def flow(self) -> Any:
        """K flows from the start; where they end, [d, C]."""
        raise NotImplementedError("computes no flow")

    def time_to_loss(self, target: float) -> dict[str, Any]:
        """Seconds until the loss is no higher than the target (None if it stays higher), the point there, [d, C], and
        iterations."""
        raise NotImplementedError("minimises nothing")


def versions(libraries: tuple[str, ...]) -> str:
    """The libraries' versions and Python's."""
    from importlib.metadata import version

    names = [f"{name} {version(name)}" for name in libraries]
    return ", ".join([*names, f"Python {platform.python_version()}"])


def _gradient(contender: Contender, window: str, repeats: str) -> dict[str, Any]:
    placed = contender.place(contender.problem.points[: int(window)])
    begin = time.perf_counter()
    for _ in range(int(repeats)):
        contender.gradients(placed)
    contender.finish()
    return {"seconds": (time.perf_counter() - begin) / int(repeats)}


def _values(contender: Contender, window: str) -> dict[str, Any]:
    placed = contender.place(contender.problem.points[: int(window)])
    gradient = contender.fetch(contender.gradients(placed))
    return {"gradient": gradient.reshape(-1).tolist()}


def _flow(contender: Contender) -> dict[str, Any]:
    begin = time.perf_counter()
    end = contender.flow()
    contender.finish()
    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "point": contender.fetch(end).reshape(-1).tolist()}


def _time_to_loss(contender: Contender, target: str) -> dict[str, Any]:
    answer = contender.time_to_loss(float(target))
    return answer | {"point": np.asarray(answer["point"]).reshape(-1).tolist()}


COMMANDS: dict[str, Callable[..., dict[str, Any]]] = {
    "gradient": _gradient,
    "values": _values,
    "flow": _flow,
    "time-to-loss": _time_to_loss,
}


def serve(contender: Contender) -> None:
    """Obeys commands until `quit` or the end of the input."""
    _say({"ready": True, "versions": versions(contender.libraries)})
    for line in sys.stdin:
        name, *arguments = line.split()
        if name == "quit":
            return
        try:
            answer = COMMANDS[name](contender, *arguments)
        except Exception as error:  # whatever it is, the asker shall know
            answer = {"error": f"obeying `{line.strip()}`: {error!r}"}
        _say(answer)


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)
