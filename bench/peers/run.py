#!/usr/bin/env python3
"""Times this project against NumPy, JAX, PyTorch, SciPy and scikit-learn.

The same gradient and the same Hamiltonian flow, on the same data from the same start. Needs a Rust
toolchain and Python 3.11 or newer; makes a virtual environment for the rest. See README.md.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from compare import environment, rows
from compare.agreement import Disagreement
from compare.process import ContenderFailed
from compare.report import Report
from compare.roster import described as words
from compare.roster import entrants, window_of
from compare.rounds import Contest
from compare.rows import Row

HERE = environment.HERE
REFERENCE = environment.ROOT / "reports" / "reference"
# Short runs are for looking, and do not take the place of what is kept for readers.
SHORT = environment.ROOT / "reports" / "peers"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--data-dir", type=Path, help="folder with the LIBSVM files, plain or compressed")
    add("--data", choices=["auto", "real", "surrogate"], default="auto")
    add("--datasets", help="a comma-separated choice of the plan's data sets")
    add("--config", type=Path, default=HERE / "peers.yaml", help="the plan")
    add("--quick", action="store_true", help="few rounds, about a third of the time")
    add("--rounds", type=int, help="instead of the plan's")
    add("--venv", type=Path, default=environment.default_venv())
    add("--with-torch", action="store_true", help="install PyTorch too (3.0 GB on Linux)")
    add("--gpu", type=int, metavar="N", help="on this GPU instead of the CPU")
    add("--python", type=Path, help="a Python that has the peers, instead of a virtual environment")
    add("--binary", type=Path, help="this project's contender, else it is compiled")
    add("--out", type=Path, help="folder for peers.csv and peers.md")
    add("--report", type=Path, metavar="CSV", help="only make peers.md of these rows again")
    window = parser.add_argument_group("our window, instead of the plan's")
    window.add_argument("--window", type=int, dest="width")
    window.add_argument("--predictor")
    window.add_argument("--tolerance", type=float)
    window.add_argument("--method")
    return parser.parse_args()


def main() -> None:
    arguments = parse()
    if arguments.report:
        write_report(rows.read(arguments.report), arguments.out or arguments.report.parent)
        return
    python = arguments.python or environment.make_venv(
        arguments.venv.absolute(), arguments.with_torch
    )
    binary = (arguments.binary or environment.build_binary()).absolute()
    plan = read_plan(binary, arguments)
    out = arguments.out or (SHORT if arguments.quick else REFERENCE)
    out.mkdir(parents=True, exist_ok=True)
    measured = measure(plan, arguments, binary, python)
    rows.write(measured, out / "peers.csv")
    write_report(measured, out)


def read_plan(binary: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """The plan, with what the command line changes."""
    plan = json.loads(output(binary, "plan", "--config", arguments.config))
    if arguments.quick:
        plan |= plan["quick"]
    if arguments.rounds:
        plan["rounds"] = arguments.rounds
    if arguments.datasets:
        plan["datasets"] = arguments.datasets.split(",")
    for key in plan["window"]:
        given = getattr(arguments, key, None)
        for window in [plan["window"], *plan["windows"].values()]:
            window[key] = window[key] if given is None else given
    return plan


def measure(
    plan: dict[str, Any], arguments: argparse.Namespace, binary: Path, python: Path
) -> list[Row]:
    """All rows: what there is to know, then each data set's timings."""
    problems = {"PyTorch": ("torch", environment.torch_problem(python))}
    if arguments.gpu is not None:
        problems["JAX"] = ("jax", environment.import_problem(python, "jax"))
    known: list[Row] = about(plan, arguments)
    missing: set[str] = set()
    for name, (module, why) in problems.items():
        if why:
            print(f"{name} is left out: {why}", flush=True)
            known.append(Row(rows.LEFT_OUT, contender=name, note=why))
            missing.add(module)
    timings: list[Row] = []
    labels: dict[str, str] = {}
    versions: dict[str, str] = {}
    for dataset in plan["datasets"]:
        with tempfile.TemporaryDirectory(prefix="peers-") as folder:
            problem = export(dataset, binary, arguments, folder)
            note = f"{described(problem)}; our window: {words(window_of(plan, dataset))}"
            known.append(Row(rows.DATA, dataset=dataset, note=note))
            data = Path(folder)
            them = entrants(plan, dataset, binary, python, data, missing, arguments.gpu)
            contest = Contest(plan, dataset, them, lambda text: print(text, flush=True))
            timings += contest.run(plan["rounds"], HERE)
            labels = {e.key: e.label for e in them}
            versions |= contest.versions
    known += [Row(rows.CONTENDER, contender=k, note=v) for k, v in labels.items()]
    known += [Row(rows.VERSIONS, contender=k, note=v) for k, v in versions.items()]
    return known + timings


def about(plan: dict[str, Any], arguments: argparse.Namespace) -> list[Row]:
    """The machine, the numbers and the command, for the report."""
    flow, statistics = plan["flow"], plan["statistics"]
    notes = environment.about() | {
        "command": command(),
        "device": "the CPU" if arguments.gpu is None else environment.gpu(arguments.gpu),
        "flow": f"symplectic Euler, θ = {flow['step_size']:g}, S = {flow['steps']}",
        "seed": str(plan["seed"]),
        "resamples": str(statistics["resamples"]),
        "confidence": str(statistics["confidence"]),
    }
    return [Row(rows.ABOUT, contender=key, note=note) for key, note in notes.items()]


def command() -> str:
    """The command line; readers have other folders."""
    words = ["python3", "bench/peers/run.py"]
    for word in sys.argv[1:]:
        option, given, value = word.partition("=")
        if word.startswith("--") and given and "/" in value:
            words.append(f"{option}=PATH")
        else:
            words.append("PATH" if "/" in word else word)
    return shlex.join(words)


def export(
    dataset: str, binary: Path, arguments: argparse.Namespace, folder: str
) -> dict[str, Any]:
    """Writes a data set where contenders read it."""
    registry = environment.ROOT / "configs" / "datasets.yaml"
    words = ["export", "--config", arguments.config, "--registry", registry]
    words += ["--dataset", dataset, "--out", folder, "--data", arguments.data]
    if arguments.data_dir:
        words += ["--data-dir", arguments.data_dir]
    return json.loads(output(binary, *words))


def described(problem: dict[str, Any]) -> str:
    return (
        f"{problem['source']}, split {problem['split']}, {problem['rows']} x "
        f"{problem['features']}, {problem['classes']} classes, K = {problem['flows']}"
    )


def output(binary: Path, *words: object) -> str:
    """What this project's program prints; its own words if it fails."""
    ran = subprocess.run([str(binary), *map(str, words)], capture_output=True, text=True)
    if ran.returncode != 0:
        sys.exit(f"{binary.name} {words[0]} failed: {ran.stderr.strip()}")
    return ran.stdout


def write_report(measured: list[Row], out: Path) -> None:
    text = Report(measured).markdown()
    (out / "peers.md").write_text(text)
    print(text)
    print(f"written to {out}")


if __name__ == "__main__":
    try:
        main()
    except (Disagreement, ContenderFailed, subprocess.CalledProcessError, OSError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
