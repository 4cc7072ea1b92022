"""A contender as a process that is asked one thing at a time."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any

# Longest that an answer may take, in seconds: a contender that hangs must not hang everything.
PATIENCE_S = 600.0

# A comparison of the CPU: libraries shall not look for anything else.
ON_CPU = {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
# Several contenders share the GPU, of which JAX would take three quarters beforehand.
ON_GPU = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}


class ContenderFailed(Exception):
    """A contender did not start, died, or answered with an error."""


class Process:
    """A running contender. `ask` waits for the answer, so that only one computes at a time."""

    def __init__(
        self, name: str, command: list[str], folder: Path, gpu: int | None = None
    ) -> None:
        self.name = name
        self.errors = tempfile.TemporaryFile(mode="w+", errors="replace")
        environment = os.environ | (ON_CPU if gpu is None else ON_GPU)
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.errors,
                text=True,
                cwd=folder,
                env=environment,
            )
        except OSError as error:
            self.errors.close()
            raise ContenderFailed(f"starting {name}: {error}") from error

    def ready(self) -> str:
        """Waits until it has loaded; its versions."""
        return self._answer("starting")["versions"]

    def ask(self, *words: object) -> dict[str, Any]:
        """The answer to a command."""
        command = " ".join(map(str, words))
        assert self.process.stdin
        try:
            self.process.stdin.write(f"{command}\n")
            self.process.stdin.flush()
        except OSError as error:
            raise ContenderFailed(self._epitaph(command)) from error
        return self._answer(command)

    def close(self) -> None:
        """Ends it, kindly if it listens."""
        if self.process.poll() is None:
            try:
                self.process.communicate("quit\n", timeout=10)
            except (OSError, ValueError, subprocess.TimeoutExpired):
                self.process.kill()
                self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream and not stream.closed:
                stream.close()
        self.errors.close()

    def _answer(self, doing: str) -> dict[str, Any]:
        assert self.process.stdout
        watchdog = threading.Timer(PATIENCE_S, self.process.kill)
        watchdog.start()
        try:
            line = self.process.stdout.readline()
        finally:
            watchdog.cancel()
        if not line:
            raise ContenderFailed(self._epitaph(doing))
        try:
            answer = json.loads(line)
        except json.JSONDecodeError as error:
            raise ContenderFailed(f"{self.name}, {doing}: said {line!r}") from error
        if "error" in answer:
            raise ContenderFailed(f"{self.name}: {answer['error']}")
        return answer

    def _epitaph(self, doing: str) -> str:
        code = self.process.wait()
        self.errors.seek(0)
        said = self.errors.read()[-2000:].strip()
        return f"{self.name}, {doing}: ended with code {code}; it said last:\n{said}"
