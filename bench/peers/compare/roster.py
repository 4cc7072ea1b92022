"""Who takes part, and what each can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .rows import FLOW, GRADIENT, TIME_TO_LOSS

OURS = "ours"
OURS_WINDOW = "ours-window"
TORCH = "torch"


@dataclass(frozen=True)
class Entrant:
    """A contender before it runs."""

    key: str
    label: str
    can: frozenset[str]
    command: tuple[str, ...]


# Key, name for readers (after the semicolon: of its flow), abilities; the modules are in
# `contenders`.
PYTHON = [
    ("numpy", "NumPy, closed form; flow looped in Python", {GRADIENT, FLOW}),
    ("jax-closed", "JAX, jit of the closed form; flow in one jit (scan)", {GRADIENT, FLOW}),
    ("jax-autograd", "JAX, jit of grad; flow looped in Python", {GRADIENT, FLOW}),
    ("jax-scan", "JAX, grad; flow in one jit (scan)", {FLOW}),
    (TORCH, "PyTorch autograd; flow looped in Python", {GRADIENT, FLOW}),
    ("scipy-lbfgs", "SciPy L-BFGS-B, closed form", {TIME_TO_LOSS}),
    (
        "sklearn-lbfgs",
        "scikit-learn LogisticRegression (L-BFGS)",
        {TIME_TO_LOSS},
    ),
]


def entrants(
    plan: dict[str, Any], binary: Path, python: Path, data: Path, with_torch: bool
) -> list[Entrant]:
    """All that take part on the data set exported to the folder `data`."""
    window, lbfgs = plan["window"], plan["lbfgs"]
    serve = (str(binary), "serve", "--data", str(data))
    options = {
        "--window": window["width"],
        "--predictor": window["predictor"],
        "--tolerance": window["tolerance"],
        "--method": window["method"],
    }
    flags = tuple(str(word) for pair in options.items() for word in pair)
    described = (
        f"this project; window of {window['width']}, {window['method']}, "
        f"{window['predictor']}, tolerance {window['tolerance']:g}"
    )
    ours = [
        Entrant(
            OURS,
            "this project; one step at a time",
            frozenset({GRADIENT, FLOW}),
            serve,
        ),
        Entrant(OURS_WINDOW, described, frozenset({FLOW}), serve + flags),
    ]
    module = (str(python), "-m", "contenders")
    limits = ("--memory", str(lbfgs["memory"]), "--iterations", str(lbfgs["iterations"]))
    peers = [
        Entrant(
            key,
            label,
            frozenset(can),
            (*module, key, "--data", str(data), *limits),
        )
        for key, label, can in PYTHON
        if with_torch or key != TORCH
    ]
    return ours + peers
