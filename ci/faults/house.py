"""A folder to run the program in, and what a run came to."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

# What no run here needs.
SECONDS, BYTES = 60.0, 2 << 30
# How the program ends: done, failed, misunderstood, no data.
CODES = {0, 1, 2, 3}

SPRING = ("reproduce", "spring", "--profile", "smoke", "--out", "out")

REGISTRY = """datasets:
  tiny:
    title: one's own
    features: 3
    classes: 2
    files:
      train: {name: tiny.libsvm, path: tiny.libsvm}
    splits:
      standard:
        train: {file: train, rows: [0, 80]}
        test: {file: train, rows: [80, 120]}
"""


@dataclass
class Seen:
    """What a run came to."""

    code: int
    out: str
    err: str
    seconds: float
    most_bytes: int
    ended: str = ""  # why it was ended, if it was

    @property
    def said(self) -> str:
        return self.out + self.err

    def uncivil(self) -> str | None:
        """What no input may lead to, if this came of it."""
        if self.ended:
            return self.ended
        if self.code not in CODES:
            return f"ended with code {self.code}: {self.err[-300:]}"
        if "panicked" in self.err or "RUST_BACKTRACE" in self.err:
            return f"panicked: {self.err[-300:]}"
        if self.code and len(self.said.strip()) < 10:
            return f"failed with code {self.code} and no word"
        return None


@dataclass
class House:
    """A folder of its own, removed at the end."""

    program: Path
    pristine: Path | None = None
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="faults-")))

    def __enter__(self) -> House:
        if self.pristine:
            shutil.copytree(self.pristine, self.folder, dirs_exist_ok=True, symlinks=True)
        else:
            (self.folder / "tiny.yaml").write_text(REGISTRY)
            (self.folder / "tiny.libsvm").write_text(rows())
        return self

    def __exit__(self, *_: object) -> None:
        for path in self.folder.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def run(
        self,
        *words: str | bytes,
        env: dict[str, str | None] | None = None,
        seconds: float = SECONDS,
        kill_after: float | None = None,
        by: signal.Signals = signal.SIGKILL,
        **streams: object,
    ) -> Seen:
        """Runs the program here; `None` takes a variable away."""
        surroundings = {k: v for k, v in os.environ.items() if not k.startswith("HARNESS_")}
        surroundings.pop("RUST_BACKTRACE", None)
        surroundings["HARNESS_CACHE_DIR"] = str(self.folder / "cache")
        for name, value in (env or {}).items():
            if value is None:
                surroundings.pop(name, None)
            else:
                surroundings[name] = value
        outfile, errfile = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        begin = time.monotonic()
        process = subprocess.Popen(
            [str(self.program), *words],
            cwd=self.folder,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            **({"stdout": outfile, "stderr": errfile} | streams),
        )
        ended, most = self._wait(process, begin, seconds, kill_after, by)
        took = time.monotonic() - begin

        def text(file: object) -> str:
            file.seek(0)
            return file.read(1 << 20).decode(errors="replace")

        return Seen(process.returncode, text(outfile), text(errfile), took, most, ended)

    def _wait(
        self,
        process: subprocess.Popen[bytes],
        begin: float,
        seconds: float,
        kill_after: float | None,
        by: signal.Signals,
    ) -> tuple[str, int]:
        most = 0
        while True:
            if process.poll() is not None:
                return "", most
            went = time.monotonic() - begin
            most = max(most, held(process.pid))
            if kill_after is not None and went >= kill_after:
                process.send_signal(by)
                process.wait(seconds)
                return "", most
            if most > BYTES or went > seconds:
                process.kill()
                process.wait()
                why = f"held {most >> 20} MiB" if most > BYTES else f"had not ended after {seconds:.0f} s"
                return why, most
            time.sleep(0.002 if kill_after is not None else 0.01)

    def leftovers(self) -> list[str]:
        """Temporary files that nobody owns."""
        names = [p.name for p in self.folder.rglob(".*") if p.is_file()]
        return [name for name in names if name.endswith((".new", ".part")) or name.startswith(".tmp")]


def held(pid: int) -> int:
    """Bytes of memory a process has had at most."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    except (OSError, ValueError):
        pass
    return 0


def rows() -> str:
    """Rows of two classes that a linear model can tell apart, most of the time."""
    lines = []
    for i in range(120):
        a, b = (i * 37) % 101 / 101, (i * 53) % 97 / 97
        label = int(a + 0.3 * b + 0.1 * (i % 7 - 3) > 0.6)
        lines.append(f"{label} 1:{a:.3f} 2:{b:.3f} 3:1\n")
    return "".join(lines)
