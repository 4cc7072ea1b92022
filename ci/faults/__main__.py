"""Injects faults, and writes a table of what was tried, what was expected, and what was seen."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import files, words, world
from .files import Fault, measured_rows
from .house import SPRING, House

EXPECTED = {
    "calls of the system that fail, or are the last": "said with its file, or done; the next run has all rows, and nothing is left over",
    "kills and signals": "the next run has all rows, equal to an undisturbed one",
    "flipped bits": "no number that was not measured; what is missing is said; `verify` fails",
    "damaged and foreign files": "refused or said; no number that was not measured; nothing hangs",
    "settings": "done, or refused by a sentence; 2 GiB at most",
    "names and arguments": "refused or taken; nothing outside the folder, no escapes on the terminal",
    "plans and registries": "refused or taken in 15 s",
    "texts and compressed streams": "read, or refused with line and reason",
    "archives": "refused; nothing outside the folder; 2 GiB at most",
    "surroundings": "done with the same rows, or said; the next run has all",
    "runs at once": "one writes, the others say so",
    "servers": "data is taken, all else refused; no password is shown",
    "full disks": "said with its file; with room again the next run has all rows",
}


def classes(program: Path, folder: Path, quick: bool) -> dict[str, list[Fault]]:
    """All faults by their class."""
    pristine = folder / "pristine"
    with House(program) as house:
        seen = house.run(*SPRING)
        if seen.code:
            sys.exit(f"an undisturbed run fails: {seen.err}")
        shutil.copytree(house.folder, pristine)
    rows = measured_rows(pristine / "out")
    less = 20 if quick else 1
    library = files.library(folder)
    found = {
        "calls of the system that fail, or are the last": files.calls(program, library, rows, less),
        "kills and signals": files.kills(program, rows, 150 // less),
        "flipped bits": files.flips(program, pristine, rows, 400 // less),
        "damaged and foreign files": files.edits(program, pristine, rows),
        "settings": words.settings(program, less),
        "names and arguments": words.names(program),
        "plans and registries": words.plans(program, 240 // less),
        "texts and compressed streams": words.texts(program, 160 // less, not quick),
        "archives": words.archives(program),
        "surroundings": world.surroundings(program, rows),
        "runs at once": world.together(program, rows, 12 // less),
        "servers": world.http(program),
        "full disks": world.disk(program, rows),
    }
    slow = {"servers", "archives", "surroundings"} if quick else set()
    return {name: list(faults)[:: 3 if name in slow else 1] for name, faults in found.items()}


def table(results: dict[str, list[tuple[str, str | None]]], took: float) -> str:
    """The results as Markdown."""
    all_of_them = [fault for faults in results.values() for fault in faults]
    wrong = [fault for fault in all_of_them if fault[1]]
    lines = [
        "# Faults injected, and what came of them",
        "",
        f"`ci/faults.sh`: {len(all_of_them)} faults in {took / 60:.0f} minutes, {len(wrong)} of them not as expected.",
        "",
        "| class | expected | tried | not as expected |",
        "|---|---|---:|---:|",
    ]
    for name, faults in results.items():
        count = sum(1 for _, why in faults if why)
        lines.append(f"| {name} | {EXPECTED[name]} | {len(faults)} | {count} |")
    if wrong:
        lines += ["", "## Not as expected", ""]
        for name, faults in results.items():
            lines += [f"- {name}: {fault}: {why.splitlines()[0][:200]}" for fault, why in faults if why]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="ci/faults.sh", description=__doc__)
    parser.add_argument("program", type=Path)
    parser.add_argument("--quick", action="store_true", help="a part of each class, in minutes")
    parser.add_argument("--only", help="classes whose name has this in it")
    parser.add_argument("--out", type=Path, help="where the table goes; else it is printed")
    arguments = parser.parse_args()
    begin = time.monotonic()
    results: dict[str, list[tuple[str, str | None]]] = {}
    with tempfile.TemporaryDirectory(prefix="faults-all-") as folder:
        found = classes(arguments.program.absolute(), Path(folder), arguments.quick)
        with ThreadPoolExecutor(2) as pool:
            for name, faults in found.items():
                if arguments.only and arguments.only not in name:
                    continue
                began = time.monotonic()
                seen = list(pool.map(lambda fault: guarded(fault[1]), faults))
                results[name] = [(fault[0], why) for fault, why in zip(faults, seen, strict=True)]
                wrong = [fault for fault in results[name] if fault[1]]
                print(f"{name}: {len(faults)} tried, {len(wrong)} not as expected ({time.monotonic() - began:.0f} s)", flush=True)
                for fault, why in wrong:
                    print(f"  {fault}: {why}", flush=True)
    text = table(results, time.monotonic() - begin)
    if arguments.out:
        arguments.out.write_text(text)
    return int(any(why for faults in results.values() for _, why in faults))


def guarded(fault: object) -> str | None:
    try:
        return fault()
    except Exception as error:  # A fault of this program is one to be seen, not the end of all.
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    sys.exit(main())
