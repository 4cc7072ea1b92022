"""What other programs do to the machine while it is being timed."""

from __future__ import annotations

import os
import time
from pathlib import Path

STAT = Path("/proc/stat")
# Threads that spin after their work have stopped by then.
LISTEN_AFTER = 0.7
# From this share of the machine on, the report says that its times mean little.
BUSY = 0.05


class Neighbours:
    """Listens in the rests between turns, when no contender computes."""

    def __init__(self) -> None:
        self.busy = self.total = 0

    def rest(self, seconds: float) -> None:
        """Sleeps, and listens towards the end."""
        time.sleep(LISTEN_AFTER * seconds)
        before = _ticks()
        time.sleep((1 - LISTEN_AFTER) * seconds)
        after = _ticks()
        if before and after:
            self.busy += after[0] - before[0]
            self.total += after[1] - before[1]

    def share(self) -> float | None:
        """The share of the machine that others used; None where the system does not tell."""
        return self.busy / self.total if self.total else None


def _ticks() -> tuple[int, int] | None:
    """Ticks in which a processor was not idle, and all."""
    if os.name != "posix" or not STAT.exists():
        return None
    # user nice system idle iowait irq softirq steal; steal is another machine's work on ours.
    ticks = [int(word) for word in STAT.read_text().splitlines()[0].split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)
