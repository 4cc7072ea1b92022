"""Medians, and bootstrap intervals of paired ratios; as the harness computes them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Interval:
    """A median with its bootstrap percentile interval."""

    median: float
    low: float
    high: float


def paired_ratio(
    pairs: list[tuple[float, float]], resamples: int, confidence: float, seed: int
) -> Interval | None:
    """The median of a/b over pairs measured next to each other in time; None without pairs.

    Pairs, because a machine's speed drifts: what happens to both halves of a pair cancels.
    """
    if not pairs:
        return None
    ratios = [a / b for a, b in pairs]
    stream = random.Random(seed)
    medians = sorted(median(stream.choices(ratios, k=len(ratios))) for _ in range(resamples))
    tail = (1 - confidence) / 2
    last = len(medians) - 1
    return Interval(median(ratios), medians[round(tail * last)], medians[round((1 - tail) * last)])
