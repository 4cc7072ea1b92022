"""The virtual environment, this project's binary, and what there is to say about the machine."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent


def default_venv() -> Path:
    """In the user's cache folder."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "frictionless" / "peers-venv"


def make_venv(venv: Path, with_torch: bool) -> Path:
    """Makes it where it is not, installs what is pinned where that has changed; its Python."""
    python = venv / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        print(f"making the virtual environment {venv}", flush=True)
        subprocess.run(["python3", "-m", "venv", str(venv)], check=True)
    for name in ["requirements.txt"] + ["requirements-torch.txt"] * with_torch:
        wanted, had = HERE / name, venv / name
        if had.exists() and had.read_text() == wanted.read_text():
            continue
        print(f"installing {name} there", flush=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "-r", str(wanted)]
        subprocess.run(pip, check=True)
        had.write_text(wanted.read_text())
    return python


def import_problem(python: Path, module: str) -> str | None:
    """Why a module cannot be imported, or None if it can."""
    ran = subprocess.run([str(python), "-c", f"import {module}"], capture_output=True, text=True)
    if ran.returncode == 0:
        return None
    return (ran.stderr.strip().splitlines() or ["no reason given"])[-1]


def torch_problem(python: Path) -> str | None:
    """Why PyTorch cannot take part, or None if it can."""
    last = import_problem(python, "torch")
    if last is None:
        return None
    return (
        f"it is not installed here ({last}). On Linux x86-64 pip's default is the CUDA build, "
        "3.0 GB to download and 5.3 GB on disk with the libraries that its import needs, so it "
        "is installed only with --with-torch"
    )


def build_binary() -> Path:
    """Compiles this project's contender; where it is."""
    subprocess.run(
        ["cargo", "build", "--release", "-p", "bench", "--bin", "peer"],
        cwd=ROOT,
        check=True,
    )
    target = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    return (ROOT / target / "release" / "peer").resolve()


def about() -> dict[str, str]:
    """Machine, versions of what compiles, commit and date."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": _processor(),
        "cores": f"{_cores()}; every contender may use all of them",
        "system": f"{platform.system()} {platform.machine()}",
        "compiler": _output("rustc", "--version"),
        "commit": _commit(),
    }


def gpu(number: int) -> str:
    """A GPU's name, driver and memory."""
    fields = "--query-gpu=name,driver_version,memory.total"
    said = _output("nvidia-smi", f"--id={number}", fields, "--format=csv,noheader")
    return f"GPU {number}: {said}"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _commit() -> str:
    changed = _output("git", "status", "--porcelain", "--untracked-files=no")
    return _output("git", "rev-parse", "HEAD") + ("-changed" if changed else "")


def _output(*command: str) -> str:
    try:
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    except OSError:
        return "unknown"
    return ran.stdout.strip() if ran.returncode == 0 else "unknown"
