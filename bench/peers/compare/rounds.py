"""Checks and timings on one data set: A B C D, B C D A, ..., one contender at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from .agreement import gradients_agree, losses_agree
from .neighbours import Neighbours
from .process import ContenderFailed, Process
from .roster import OURS, Entrant
from .rows import CHECK, FLOW, GRADIENT, LEFT_OUT, NEIGHBOURS, TIME_TO_LOSS, Row

Say = Callable[[str], None]


def rotated(names: list[str], round_: int) -> list[str]:
    """The order of a round: each contender is once first, once second, ..."""
    turn = round_ % len(names)
    return names[turn:] + names[:turn]


class Contest:
    """The contenders of one data set, loaded."""

    def __init__(
        self, plan: dict[str, Any], dataset: str, entrants: list[Entrant], say: Say
    ) -> None:
        self.plan, self.dataset, self.say = plan, dataset, say
        self.entrants = {entrant.key: entrant for entrant in entrants}
        self.processes: dict[str, Process] = {}
        self.versions: dict[str, str] = {}
        self.repeats: dict[tuple[str, int], int] = {}
        self.target = math.nan
        self.neighbours = Neighbours()
        self.rows: list[Row] = []

    def run(self, rounds: int, folder: Path) -> list[Row]:
        """Starts all, checks, times; the rows."""
        self.say(f"{self.dataset}: loading it {len(self.entrants)} times")
        with ExitStack() as stack:
            self._start(folder, stack)
            self._check()
            for round_ in range(rounds):
                self.say(f"{self.dataset}: round {round_ + 1} of {rounds}")
                self._round(round_)
        share = self.neighbours.share()
        note = "unknown" if share is None else f"{share:.4f}"
        self.rows.append(Row(NEIGHBOURS, dataset=self.dataset, note=note))
        return self.rows

    def _start(self, folder: Path, stack: ExitStack) -> None:
        """Starts all, which load side by side."""
        for key, entrant in list(self.entrants.items()):
            with self._or_left_out(key):
                process = Process(key, list(entrant.command), folder, entrant.gpu)
                stack.callback(process.close)
                self.processes[key] = process
        for key, process in list(self.processes.items()):
            with self._or_left_out(key):
                self.versions[key] = process.ready()

    @contextmanager
    def _or_left_out(self, key: str) -> Iterator[None]:
        """Goes on without a peer that does not start; without us there is nothing to compare."""
        try:
            yield
        except ContenderFailed as error:
            if key == OURS:
                raise
            self.say(f"{self.dataset}: {key} is left out: {error}")
            note = str(error)
            self.rows.append(Row(LEFT_OUT, contender=key, dataset=self.dataset, note=note))
            self.processes.pop(key, None)
            del self.entrants[key]

    def _able(self, *what: str) -> list[str]:
        return [key for key, e in self.entrants.items() if e.can & set(what)]

    def _check(self) -> None:
        """Asks all for all, which also warms them up, and refuses to time what differs."""
        self.say(f"{self.dataset}: do all compute the same?")
        agreement, notes = self.plan["agreement"], []
        for window in self.plan["gradient"]["windows"]:
            gradients = {
                key: self.processes[key].ask("values", window)["gradient"]
                for key in self._able(GRADIENT)
            }
            where = f"{self.dataset}, {window} at once"
            apart = gradients_agree(gradients, agreement["gradient"], where)
            notes.append(f"gradients of {window} at once apart by {apart:.1e}")
        flows = {key: self.processes[key].ask("flow") for key in self._able(FLOW)}
        losses = {key: answer["loss"] for key, answer in flows.items()}
        apart = losses_agree(losses, agreement["loss"], self.dataset)
        notes.append(f"losses after the flow apart by {apart:.1e}")
        rounds = [
            f"{key}: {answer['rounds']} rounds of gradients"
            for key, answer in flows.items()
            if "rounds" in answer
        ]
        self.target = losses[OURS]
        for key in self._able(TIME_TO_LOSS):
            self.processes[key].ask("time-to-loss", repr(self.target))
        note = "; ".join(notes + rounds)
        self.rows.append(Row(CHECK, dataset=self.dataset, note=note))
        self._calibrate()

    def _calibrate(self) -> None:
        """How often each repeats a gradient, so that a timing has its length."""
        wanted = self.plan["gradient"]["seconds"]
        for key in self._able(GRADIENT):
            for window in self.plan["gradient"]["windows"]:
                one = self.processes[key].ask("gradient", window, 3)["seconds"]
                self.repeats[key, window] = max(1, math.ceil(wanted / one))

    def _round(self, round_: int) -> None:
        for window in self.plan["gradient"]["windows"]:
            for key in rotated(self._able(GRADIENT), round_):
                repeats = self.repeats[key, window]
                answer = self._turn(key, "gradient", window, repeats)
                self._add(GRADIENT, round_, key, answer, window)
        for key in rotated(self._able(FLOW, TIME_TO_LOSS), round_):
            if FLOW in self.entrants[key].can:
                self._add(FLOW, round_, key, self._turn(key, "flow"))
            else:
                answer = self._turn(key, "time-to-loss", repr(self.target))
                note = f"{answer['iterations']} iterations"
                self._add(TIME_TO_LOSS, round_, key, answer, note=note)

    def _turn(self, key: str, *words: object) -> dict[str, Any]:
        self.neighbours.rest(self.plan["rest_s"])
        return self.processes[key].ask(*words)

    def _add(
        self,
        what: str,
        round_: int,
        key: str,
        answer: dict[str, Any],
        window: int | None = None,
        note: str = "",
    ) -> None:
        row = Row(
            what,
            round=round_ + 1,
            contender=key,
            dataset=self.dataset,
            window=window,
            seconds=answer["seconds"],
            loss=answer.get("loss"),
            note=note,
        )
        self.rows.append(row)
