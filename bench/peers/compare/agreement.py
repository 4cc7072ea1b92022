"""Whether contenders compute the same thing; nothing is timed before they do."""

from __future__ import annotations

import math
from statistics import median


class Disagreement(Exception):
    """Contenders that do not compute the same thing."""


def losses_agree(losses: dict[str, float], tolerance: float, where: str) -> float:
    """The largest relative distance of a loss from the median of all."""
    middle = median(losses.values())
    apart = {name: abs(loss - middle) / abs(middle) for name, loss in losses.items()}
    seen = {name: f"{loss:.7g}" for name, loss in losses.items()}
    return _judge(apart, tolerance, f"{where}: losses after the flow", seen)


def gradients_agree(gradients: dict[str, list[float]], tolerance: float, where: str) -> float:
    """The largest relative distance, in the 2-norm, from the coordinates' medians."""
    lengths = {name: str(len(values)) for name, values in gradients.items()}
    if len(set(lengths.values())) > 1:
        raise Disagreement(f"{where}: gradients have different lengths: {lengths}")
    middle = [median(column) for column in zip(*gradients.values())]
    size = math.hypot(*middle)
    apart = {name: math.dist(values, middle) / size for name, values in gradients.items()}
    return _judge(apart, tolerance, f"{where}: gradients", {})


def _judge(apart: dict[str, float], tolerance: float, what: str, seen: dict[str, str]) -> float:
    # Written so that what is not a number is too far.
    far = [name for name, distance in apart.items() if not distance <= tolerance]
    if far:
        told = ", ".join(
            f"{name} by {apart[name]:.2g}" + (f" ({seen[name]})" if seen else "") for name in far
        )
        others = ", ".join(
            name + (f" {seen[name]}" if seen else "") for name in apart if name not in far
        )
        raise Disagreement(
            f"{what} differ, relative to the median of all, by more than {tolerance:g}: "
            f"{told}; the others: {others or 'none'}. Nothing was timed."
        )
    return max(apart.values())
