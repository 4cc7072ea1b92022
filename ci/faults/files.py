"""Faults of files: calls of the system that fail, kills, and what is in the files."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from .house import SPRING, House

Fault = tuple[str, Callable[[], str | None]]

CALLS = {
    "open": ["EIO", "EACCES", "EMFILE", "DIE"],
    "read": ["EIO", "EINTR", "DIE"],
    "write": ["EIO", "ENOSPC", "EDQUOT", "HALF", "DIE"],
    "sync": ["EIO", "ENOSPC", "DIE"],
    "rename": ["EIO", "ENOSPC", "DIE"],
    "mkdir": ["EACCES", "EROFS", "ENOSPC"],
    "truncate": ["EIO", "DIE"],
    "stat": ["EIO", "EACCES"],
}


def written(path: Path) -> float | None:
    """When a file was written last, if it is there."""
    return path.stat().st_mtime if path.exists() else None


def measured_rows(folder: Path) -> list[str]:
    """The rows of a run, in which no time stands, without the keys of cells, which depend on the number of threads."""
    with (folder / "rows.csv").open(newline="") as file:
        return [",".join(v for k, v in row.items() if k != "cell") for row in csv.DictReader(file)]


def mended(house: House, rows: list[str]) -> str | None:
    """Whether the next run has all, equal to an undisturbed one, and it verifies."""
    again = house.run(*SPRING)
    if again.code:
        return f"the next run failed: {again.err[-300:]}"
    if measured_rows(house.out) != rows:
        return "the next run has other rows"
    verified = house.run("verify", "out", "--sample", "0")
    if verified.code:
        return f"the next run does not verify: {verified.said[-300:]}"
    if left := house.leftovers():
        return f"left over: {left}"
    return None


def calls(program: Path, library: Path, rows: list[str], share: int) -> Iterator[Fault]:
    """The n-th call of the system on the run's folder fails, or is the last."""
    counted = counts(program, library)

    def one(call: str, number: int, what: str) -> str | None:
        with House(program) as house:
            env = {
                "LD_PRELOAD": str(library),
                "FAULT_ROOT": str(house.out),
                "FAULT_CALL": f"{call}:{number}:{what}",
            }
            seen = house.run(*SPRING, env=env)
            died = what == "DIE" and seen.code == -signal.SIGKILL
            problem = None if died else seen.uncivil()
            return problem or mended(house, rows)

    place = 0
    for call, errors in CALLS.items():
        for number in range(1, counted.get(call, 0) + 1):
            for what in errors:
                place += 1
                if place % share == 0:
                    yield f"{call} {number} {what}", lambda c=call, n=number, w=what: one(c, n, w)


def counts(program: Path, library: Path) -> dict[str, int]:
    """How often a run calls what."""
    with House(program) as house:
        told = house.folder / "counts"
        env = {"LD_PRELOAD": str(library), "FAULT_ROOT": str(house.out), "FAULT_COUNTS": str(told)}
        house.run(*SPRING, env=env)
        found: dict[str, int] = {}
        for line in told.read_text().splitlines():
            call, number = line.split()
            found[call] = found.get(call, 0) + int(number)
        return found


def kills(program: Path, rows: list[str], number: int) -> Iterator[Fault]:
    """The process is killed, or asked to end, at any moment; up to three times in a row."""
    drawn = random.Random(7)

    def one(moments: list[float], by: signal.Signals) -> str | None:
        with House(program) as house:
            for moment in moments:
                seen = house.run(*SPRING, kill_after=moment, by=by)
                if seen.code not in {0, 1, -by, 128 + by}:
                    return f"ended with {seen.code}: {seen.err[-300:]}"
            return mended(house, rows)

    signals = [signal.SIGKILL] * 4 + [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
    for place in range(number):
        moments = [drawn.uniform(0.0, 0.9) for _ in range(1 + place % 3)]
        by = signals[place % len(signals)]
        name = f"{by.name} after " + ", ".join(f"{m:.3f} s" for m in moments)
        yield name, lambda m=moments, s=by: one(m, s)


def told(house: House, rows: list[str]) -> str | None:
    """Whether a damaged run's report has no row that was not measured, says what is missing, and does not verify."""
    seen = house.run("report", "out")
    if problem := seen.uncivil():
        return problem
    verified = house.run("verify", "out", "--sample", "0")
    if verified.uncivil():
        return f"verify: {verified.uncivil()}"
    if seen.code == 0:
        there = measured_rows(house.out)
        if strange := [row for row in there if row not in rows]:
            return f"silently other numbers: {strange[0]}"
        if len(there) < len(rows) and "not as" not in seen.said and "not been measured" not in seen.said:
            return "rows are missing without a word"
    if verified.code == 0 and seen.code == 0:
        return "it verifies"
    return None


def flips(program: Path, pristine: Path, rows: list[str], number: int) -> Iterator[Fault]:
    """One bit of a journal or a manifest is another."""
    drawn = random.Random(11)

    def one(name: str, place: int, bit: int) -> str | None:
        with House(program, pristine) as house:
            path = house.out / name
            content = bytearray(path.read_bytes())
            content[place] ^= 1 << bit
            path.write_bytes(content)
            return told(house, rows)

    for index in range(number):
        name = "manifest.json" if index % 4 == 3 else "journal.jsonl"
        size = (pristine / "out" / name).stat().st_size
        place, bit = drawn.randrange(size), drawn.randrange(8)
        yield f"{name}: bit {bit} of byte {place}", lambda n=name, p=place, b=bit: one(n, p, b)


def edits(program: Path, pristine: Path, rows: list[str]) -> Iterator[Fault]:
    """What somebody, or another program, does to a run's files."""

    def lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Path], None]:
        def edit(out: Path) -> None:
            path = out / "journal.jsonl"
            path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))

        return edit

    def entry(change: Callable[[dict], None]) -> Callable[[Path], None]:
        def first(all_lines: list[bytes]) -> list[bytes]:
            value = json.loads(all_lines[0])
            change(value)
            return [json.dumps(value, separators=(",", ":")).encode() + b"\n", *all_lines[1:]]

        return lines(first)

    def manifest(change: Callable[[dict], None]) -> Callable[[Path], None]:
        def edit(out: Path) -> None:
            path = out / "manifest.json"
            value = json.loads(path.read_text())
            change(value)
            path.write_text(json.dumps(value, indent=2) + "\n")

        return edit

    def write(name: str, content: bytes) -> Callable[[Path], None]:
        return lambda out: (out / name).write_bytes(content) and None

    def fifo(name: str) -> Callable[[Path], None]:
        def edit(out: Path) -> None:
            (out / name).unlink()
            os.mkfifo(out / name)

        return edit

    def energy(value: dict) -> None:
        value["outcome"]["energy"][0] = 7.0

    def without(name: str) -> Callable[[dict], None]:
        return lambda value: value.pop(name) and None

    def exchange(all_lines: list[bytes]) -> list[bytes]:
        a, b = json.loads(all_lines[0]), json.loads(all_lines[1])
        a["outcome"], b["outcome"] = b["outcome"], a["outcome"]
        packed = [json.dumps(v, separators=(",", ":")).encode() + b"\n" for v in (a, b)]
        return packed + all_lines[2:]

    changes: dict[str, Callable[[Path], None]] = {
        "a number set by hand": entry(energy),
        "outcomes of two cells exchanged": lines(exchange),
        "a line's seal taken off": entry(lambda v: (v.pop("sum"), v.pop("after")) and None),
        "every seal taken off": lines(
            lambda ls: [
                json.dumps({k: v for k, v in json.loads(l).items() if k not in ("sum", "after")}).encode() + b"\n"
                for l in ls
            ]
        ),
        "a second line for a key": lines(lambda ls: [*ls, ls[0]]),
        "lines in another order": lines(lambda ls: ls[::-1]),
        "a line taken out": lines(lambda ls: ls[:2] + ls[3:]),
        "the last line taken out": lines(lambda ls: ls[:-1]),
        "an empty journal": write("journal.jsonl", b""),
        "a journal of nothing but zeros": write("journal.jsonl", bytes(4096)),
        "a line of JSON of another shape": lines(lambda ls: [*ls, b'{"key": 1}\n']),
        "a byte that is not UTF-8": lines(lambda ls: [ls[0][:40] + b"\xff" + ls[0][41:], *ls[1:]]),
        "no journal": lambda out: (out / "journal.jsonl").unlink(),
        "a folder for a journal": lambda out: ((out / "journal.jsonl").unlink(), (out / "journal.jsonl").mkdir()) and None,
        "a pipe for a journal": fifo("journal.jsonl"),
        "no manifest": lambda out: (out / "manifest.json").unlink(),
        "an empty manifest": write("manifest.json", b""),
        "a brace for a manifest": write("manifest.json", b"{"),
        "a pipe for a manifest": fifo("manifest.json"),
        "verdicts switched on": manifest(lambda v: v.update(plan=v["plan"].replace("verdicts: false", "verdicts: true"))),
        "a plan with another number": manifest(lambda v: v.update(plan=v["plan"].replace("20", "21", 1))),
        "a target that is a path": manifest(lambda v: v.update(target="../../x")),
        "a plan whose target is a path": manifest(
            lambda v: v.update(plan=v["plan"].replace("target: spring", "target: ../../x"))
        ),
        "no checksum in the manifest": manifest(without("sum")),
        "no cells in the manifest": manifest(lambda v: v.update(cells=[])),
        "a manifest of ten thousand brackets": write("manifest.json", b"[" * 10000),
        "rows set by hand": lambda out: (out / "rows.csv").write_text("a,b\n1,2\n") and None,
        "claims set by hand": write("claims.yaml", b"confidence: 0.95\nclaims: []\n"),
        "claims that are none": write("claims.yaml", b"\xff\xfe"),
    }

    def one(change: Callable[[Path], None], name: str) -> str | None:
        with House(program, pristine) as house:
            beside = written(house.folder.parent / "x")
            change(house.out)
            # A pipe that nobody writes to may be waited for at most so long.
            if name in ("rows set by hand", "claims set by hand", "claims that are none"):
                verified = house.run("verify", "out", "--sample", "0", seconds=20)
                if verified.uncivil():
                    return verified.uncivil()
                return None if verified.code == 1 else "it verifies"
            seen = house.run("report", "out", seconds=20)
            if seen.uncivil():
                return seen.uncivil()
            if written(house.folder.parent / "x") != beside:
                return "something was written outside"
            if not (house.out / "rows.csv").is_file() or seen.code:
                return None
            return told(house, rows)

    for name, change in changes.items():
        yield name, lambda c=change, n=name: one(c, n)


def library(folder: Path) -> Path:
    """Compiles what fails calls."""
    built = folder / "fail.so"
    source = Path(__file__).parent / "fail.c"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-w", "-o", built, source, "-ldl"], check=True)
    return built
