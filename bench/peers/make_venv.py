#!/usr/bin/env python3
"""Makes the virtual environment that configs/peers.yaml takes its Python from: bench/peers/.venv.

Installs what is pinned in requirements.txt by pip where that has changed; PyTorch only when asked, by --with-torch.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--with-torch", action="store_true", help="install PyTorch too (3.0 GB on Linux)"
    )
    arguments = parser.parse_args()
    if sys.version_info < (3, 11):
        sys.exit(f"Python 3.11 or newer is needed, and this is {sys.version.split()[0]}")
    folder = HERE / ".venv"
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"making the virtual environment {folder}", flush=True)
        venv.create(folder, with_pip=True, symlinks=True)
    for name in ["requirements.txt"] + ["requirements-torch.txt"] * arguments.with_torch:
        wanted, had = HERE / name, folder / name
        if had.exists() and had.read_text() == wanted.read_text():
            continue
        print(f"installing {name} there", flush=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", wanted], check=True)
        had.write_text(wanted.read_text())
    print(f"ready: {python}")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"installing failed ({error.returncode}); what pip says stands above")
