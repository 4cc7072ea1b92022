"""The rows: everything that the report is made from, as CSV."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass, fields
from pathlib import Path

# Rows that are no timings.
ABOUT = "about"  # key in `contender`, text in `note`
CONTENDER = "contender"  # key in `contender`, its name for readers in `note`
LEFT_OUT = "left out"  # key in `contender`, the reason in `note`
DATA = "data"  # what the data set is in `note`
VERSIONS = "versions"  # of a contender, in `note`
NEIGHBOURS = "neighbours"  # share of the machine that other programs used, in `note`
CHECK = "check"  # how far apart contenders were before anything was timed, in `note`

# Timings.
GRADIENT = "gradient"  # seconds of one call for `window` points
FLOW = "flow"  # seconds of K flows, loss at their end
TIME_TO_LOSS = "time to loss"  # seconds until the flow's loss; none if it was not reached


@dataclass(frozen=True)
class Row:
    """One timing, or one thing to know about them."""

    what: str
    round: int | None = None
    contender: str = ""
    dataset: str = ""
    window: int | None = None
    seconds: float | None = None
    loss: float | None = None
    note: str = ""


COLUMNS = ["round", "contender", "dataset", "what", "window", "seconds", "loss", "note"]
assert set(COLUMNS) == {field.name for field in fields(Row)}


def write(rows: list[Row], path: Path) -> None:
    """Writes all rows."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def read(path: Path) -> list[Row]:
    """Reads what `write` wrote."""
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != COLUMNS:
            raise ValueError(f"{path} has the columns {reader.fieldnames}, not {COLUMNS}")
        return [_row(cells) for cells in reader]


def _row(cells: dict[str, str]) -> Row:
    def number(name: str, kind: type) -> float | None:
        return kind(cells[name]) if cells[name] else None

    return Row(
        what=cells["what"],
        round=number("round", int),
        contender=cells["contender"],
        dataset=cells["dataset"],
        window=number("window", int),
        seconds=number("seconds", float),
        loss=number("loss", float),
        note=cells["note"],
    )
