"""The report, from the rows and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from . import rows as kinds
from .neighbours import BUSY
from .ratios import Interval, paired_ratio
from .roster import OURS, OURS_WINDOW
from .rows import FLOW, GRADIENT, TIME_TO_LOSS, Row

# 1 - 2/2^n, the chance that a median lies within all of n values, is above 95% from here on.
ENOUGH = 6


@dataclass(frozen=True)
class Table:
    """Contenders down, data sets across, each cell a time beside that of `base`."""

    title: str
    text: str
    what: tuple[str, ...]
    base: str
    window: int | None = None


class Report:
    """Reads rows, writes Markdown."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self.about = {r.contender: r.note for r in rows if r.what == kinds.ABOUT}
        self.labels = {r.contender: r.note for r in rows if r.what == kinds.CONTENDER}
        self.data = {r.dataset: r.note for r in rows if r.what == kinds.DATA}
        self.timed = {
            (r.what, r.window, r.contender, r.dataset, r.round): r
            for r in rows
            if r.what in (GRADIENT, FLOW, TIME_TO_LOSS)
        }

    def markdown(self) -> str:
        """The whole report."""
        parts = [self._head(), *map(self._table, self._tables()), self._foot()]
        return "\n\n".join(part for part in parts if part) + "\n"

    def _tables(self) -> list[Table]:
        windows = sorted({r.window for r in self.rows if r.what == GRADIENT})
        gradients = [
            Table(
                "One gradient" if window == 1 else f"{window} gradients at once",
                "Of all training rows, at "
                + ("one point." if window == 1 else f"{window} points, for all together."),
                (GRADIENT,),
                OURS,
                window,
            )
            for window in windows
        ]
        settings = self.about.get("flow", "")
        flow = (
            f"K flows from the same start, each from rest ({settings}; K below). Evaluating the "
            "loss is off the clock."
        )
        until = (
            "Until the loss at which the flow (one step at a time) ended; the flow's time is that "
            "of all its K flows."
        )
        return gradients + [
            Table("The whole flow, beside ours step by step", flow, (FLOW,), OURS),
            Table("The whole flow, beside our window", flow, (FLOW,), OURS_WINDOW),
            Table(
                "Time to a loss, beside our flow step by step",
                until,
                (TIME_TO_LOSS,),
                OURS,
            ),
            Table("Time to a loss, beside our window", until, (TIME_TO_LOSS,), OURS_WINDOW),
        ]

    def _head(self) -> str:
        rounds = max((r.round or 0 for r in self.rows), default=0)
        confidence = float(self.about["confidence"])
        surrogate = [name for name, note in self.data.items() if "surrogate" in note]
        lines = [
            "# The same gradient and the same flow, in what one would use instead",
            f"Each cell: the median time, of {rounds} timings; how many times ours that is, the "
            f"median of the rounds' paired ratios, with its {confidence:.0%} bootstrap interval. "
            "**Above 1x this project is faster, below 1x the peer is.** In each round all "
            "contenders were timed one after the other, in rotating order, on the same f32 data "
            "from the same start; each may use all cores. Nothing was timed before "
            "all agreed on gradients and on the loss after the flow.",
        ]
        if surrogate:
            lines.insert(1, f"**SURROGATE DATA: {', '.join(surrogate)}.**")
        if rounds < ENOUGH:
            lines.append(
                f"**Of {rounds} timings an interval covers less than it says**: {ENOUGH} are the "
                "fewest with which that of a median can cover 95%."
            )
        lines += self._noise()
        left_out = [r for r in self.rows if r.what == kinds.LEFT_OUT]
        lines += [f"**Left out: {r.contender}**, {r.note}." for r in left_out]
        return "\n\n".join(lines)

    def _noise(self) -> list[str]:
        """Told first, because it is what such times depend on most."""
        heard = [float(share) for share in self._neighbours().values() if share != "unknown"]
        if not heard or max(heard) < BUSY:
            return []
        return [
            f"**The machine was not ours alone**: other programs used up to {max(heard):.0%} of "
            "it. These times mean little, least of all those of libraries whose threads wait for "
            "one another at barriers (PyTorch, scikit-learn), which lose most by it."
        ]

    def _neighbours(self) -> dict[str, str]:
        return {r.dataset: r.note for r in self.rows if r.what == kinds.NEIGHBOURS}

    def _table(self, table: Table) -> str:
        keys = [k for k in self.labels if k == table.base or self._took_part(k, table)]
        if table.base not in self.labels or len(keys) < 2:
            return ""
        keys.sort(key=lambda key: key != table.base)
        names = list(self.data)
        lines = [
            f"## {table.title}",
            "",
            table.text,
            "",
            "| | " + " | ".join(names) + " |",
            "|---|" + "---:|" * len(names),
        ]
        for key in keys:
            cells = [self._cell(key, name, table) for name in names]
            label = self.labels[key]
            if GRADIENT in table.what:
                label = label.partition(";")[0]
            lines.append(f"| {label} | " + " | ".join(cells) + " |")
        return "\n".join(lines)

    def _took_part(self, key: str, table: Table) -> bool:
        return any(
            what in table.what and window == table.window and who == key
            for what, window, who, _, _ in self.timed
        )

    def _runs(self, key: str, dataset: str, table: Table) -> dict[int, Row]:
        """A contender's rows, by round; those of the base come from its own kind of timing."""
        what = FLOW if key == table.base and GRADIENT not in table.what else None
        return {
            round_: row
            for (w, window, who, where, round_), row in self.timed.items()
            if who == key
            and where == dataset
            and window == table.window
            and (w == what if what else w in table.what)
        }

    def _cell(self, key: str, dataset: str, table: Table) -> str:
        runs = self._runs(key, dataset, table)
        times = {n: row.seconds for n, row in runs.items() if row.seconds is not None}
        if not runs:
            return ""
        if len(times) < len(runs):
            row = next(row for row in runs.values() if row.seconds is None)
            return f"not reached, {row.loss:.4f} after {row.note}"
        shown = duration(median(times.values()))
        if key == table.base:
            return shown
        base = self._runs(table.base, dataset, table)
        pairs = [(t, base[n].seconds) for n, t in times.items() if n in base]
        interval = paired_ratio(
            pairs,
            int(self.about["resamples"]),
            float(self.about["confidence"]),
            int(self.about["seed"]),
        )
        note = next(iter(runs.values())).note
        return ", ".join(filter(None, [shown, ratio(interval), note]))

    def _foot(self) -> str:
        lines = ["## What this was", "", "| | |", "|---|---|"]
        lines += [f"| {key} | {note} |" for key, note in self.about.items()]
        lines += [
            f"| {self.labels.get(r.contender, r.contender)} | {r.note} |"
            for r in self.rows
            if r.what == kinds.VERSIONS
        ]
        lines += [f"| {name} | {note} |" for name, note in self.data.items()]
        lines += [
            f"| {r.dataset}, before timing | {r.note} |" for r in self.rows if r.what == kinds.CHECK
        ]
        losses = [f"| {name}, loss after the flow | {self._losses(name)} |" for name in self.data]
        return "\n".join(lines + losses)

    def _losses(self, dataset: str) -> str:
        found = {
            key: row.loss
            for (what, _, key, name, _), row in self.timed.items()
            if what == FLOW and name == dataset and row.loss is not None
        }
        return ", ".join(f"{key} {loss:.6f}" for key, loss in found.items())


def duration(seconds: float) -> str:
    """With three digits, in a unit that suits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def ratio(interval: Interval | None) -> str:
    """As tables show it."""
    if interval is None:
        return ""
    i = interval
    return f"{i.median:.2f}x [{i.low:.2f}, {i.high:.2f}]"
