"""Who takes part, and what each can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .rows import FLOW, GRADIENT, TIME_TO_LOSS

OURS = "ours"
OURS_WINDOW = "ours-window"
OURS_COMPOSED = "ours-composed"
TORCH = "torch"


@dataclass(frozen=True)
class Entrant:
    """A contender before it runs."""

    key: str
    label: str
    can: frozenset[str]
    command: tuple[str, ...]
    gpu: int | None = None


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


# Who can compute on a GPU, and the module that has to be there for it.
ON_GPU = {
    "jax-closed": "jax",
    "jax-autograd": "jax",
    "jax-scan": "jax",
    TORCH: "torch",
}


def window_of(plan: dict[str, Any], dataset: str) -> dict[str, Any]:
    """The window of our second contender on a data set."""
    return plan["windows"].get(dataset, plan["window"])


def described(window: dict[str, Any]) -> str:
    """A window in words."""
    text = f"W = {window['width']}, {window['method']}, {window['predictor']}"
    if window["method"] == "secant":
        text += f", M = {window['memory']}, m = {window['surrogate_rows']}"
    if window["across_flows"]:
        text += ", across flows"
    return f"{text}, tolerance {window['tolerance']:g}"


def entrants(
    plan: dict[str, Any],
    dataset: str,
    binary: Path,
    python: Path,
    data: Path,
    missing: set[str],
    gpu: int | None = None,
) -> list[Entrant]:
    """All that take part on a data set, exported to the folder `data`: on the CPU, or on a GPU those
    that can. Contenders whose module is `missing` stay away."""
    window, lbfgs = window_of(plan, dataset), plan["lbfgs"]
    serve = (str(binary), "serve", "--data", str(data))
    if gpu is not None:
        serve += ("--device", f"cuda:{gpu}")
    options = {
        "--window": window["width"],
        "--predictor": window["predictor"],
        "--tolerance": window["tolerance"],
        "--method": window["method"],
        "--memory": window["memory"],
        "--surrogate-rows": window["surrogate_rows"],
        "--seed": plan["seed"],
    }
    flags = tuple(str(word) for pair in options.items() for word in pair)
    if window["across_flows"]:
        flags += ("--across-flows",)
    ours = [
        Entrant(
            OURS,
            "this project; one step at a time",
            frozenset({GRADIENT, FLOW}),
            serve,
            gpu,
        ),
        Entrant(
            OURS_WINDOW,
            "this project; its window",
            frozenset({FLOW}),
            serve + flags,
            gpu,
        ),
    ]
    if gpu is not None:
        ours.append(
            Entrant(
                OURS_COMPOSED,
                "this project, by candle's operations alone; one step at a time",
                frozenset({GRADIENT, FLOW}),
                (*serve, "--kernel", "composed"),
                gpu,
            )
        )
    module = (str(python), "-m", "contenders")
    limits = ("--memory", str(lbfgs["memory"]), "--iterations", str(lbfgs["iterations"]))
    if gpu is not None:
        limits += ("--gpu", str(gpu))
    takes_part = {key for key, *_ in PYTHON} if gpu is None else set(ON_GPU)
    peers = [
        Entrant(
            key,
            label,
            frozenset(can),
            (*module, key, "--data", str(data), *limits),
            gpu,
        )
        for key, label, can in PYTHON
        if key in takes_part and ON_GPU.get(key) not in missing
    ]
    return ours + peers
