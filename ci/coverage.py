"""Lines of crates that tests reach, from what LLVM wrote: python3 ci/coverage.py LCOV LEAST UNCOVERED"""

import sys
from collections import defaultdict
from pathlib import Path

BOUND = {"optim": "optim/src/", "datasets": "datasets/src/", "claims": "harness/claims/src/"}
OTHERS = {"gpu": "gpu/src/", "rows": "harness/rows/src/"}


def read(path: Path) -> dict[str, dict[int, int]]:
    """How often each line of each file was reached; unit tests are not lines of a crate."""
    files: dict[str, dict[int, int]] = defaultdict(dict)
    root = Path.cwd()
    counted: dict[int, int] = {}
    for line in path.read_text().splitlines():
        if line.startswith("SF:"):
            file = Path(line[3:])
            name = str(file.relative_to(root)) if file.is_relative_to(root) else ""
            counted = files[name] if name and "tests" not in file.stem and "tests" not in file.parts else {}
            end = unit_tests(file) if name else 0
        elif line.startswith("DA:"):
            number, times = (int(part) for part in line[3:].split(",")[:2])
            if number < end:
                counted[number] = max(counted.get(number, 0), times)
    return files


def unit_tests(file: Path) -> int:
    """The line at which a file's unit tests begin; one past the last without any."""
    lines = file.read_text().splitlines()
    for number, line in enumerate(lines[:-1], 1):
        if line == "#[cfg(test)]" and lines[number].startswith("mod ") and lines[number].endswith("{"):
            return number
    return len(lines) + 1


def main() -> None:
    files, least = read(Path(sys.argv[1])), float(sys.argv[2])
    failed, uncovered = False, []
    for crate, folder in (BOUND | OTHERS).items():
        mine = {name: lines for name, lines in files.items() if name.startswith(folder)}
        reached = sum(times > 0 for lines in mine.values() for times in lines.values())
        all_lines = sum(len(lines) for lines in mine.values())
        share = 100 * reached / max(all_lines, 1)
        below = crate in BOUND and share < least
        failed |= below
        print(f"{crate:9} {share:5.1f} % of {all_lines} lines" + (f", fewer than {least:g} %" if below else ""))
        for name in sorted(mine):
            text = Path(name).read_text().splitlines()
            missed = [number for number, times in sorted(mine[name].items()) if not times]
            uncovered += [f"{name}:{number}: {text[number - 1].strip()}" for number in missed]
    Path(sys.argv[3]).write_text("\n".join(uncovered) + "\n")
    sys.exit(failed)


main()
