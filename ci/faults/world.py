"""Faults of the surroundings: variables, streams, limits, folders, other runs, servers."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .files import Fault, measured_rows, mended
from .house import REGISTRY, SPRING, House, rows as tiny_rows


def surroundings(program: Path, rows: list[str]) -> Iterator[Fault]:
    """Variables, streams, limits and folders that are not as usual; the run has to do, or to say why not."""

    def run(env: dict[str, str | None] | None = None, code: set[int] | None = None, **streams: object) -> str | None:
        with House(program) as house:
            seen = house.run(*SPRING, env=env, **streams)
            if problem := seen.uncivil() if not streams else None:
                return problem
            if code is not None and seen.code not in code:
                return f"ended with {seen.code}: {seen.err[-200:]}"
            if seen.code == 0 and measured_rows(house.out) != rows:
                return "other rows"
            return mended(house, rows)

    def limited(kind: int, value: int) -> str | None:
        # The system ends who writes more than a file may have.
        codes = {0, 1, -signal.SIGXFSZ} if kind == resource.RLIMIT_FSIZE else {0, 1}
        return run(preexec_fn=lambda: resource.setrlimit(kind, (value, value)), code=codes)

    def prepared(change: Callable[[House], None], code: set[int]) -> str | None:
        with House(program) as house:
            change(house)
            seen = house.run(*SPRING)
            if problem := seen.uncivil():
                return problem
            return None if seen.code in code else f"ended with {seen.code}: {seen.err[-200:]}"

    for name, value in {
        "HOME": None, "XDG_CACHE_HOME": "relative", "TMPDIR": "/nowhere", "PATH": None, "LANG": "xx_YY", "LC_ALL": "C",
        "TERM": "dumb", "NO_COLOR": "1", "HARNESS_CACHE_DIR": "", "HARNESS_DATA_DIR": "", "HARNESS_CONFIGS": "",
        "HARNESS_DEVICES": "", "HARNESS_LOG": "nonsense=[", "RAYON_NUM_THREADS": "0", "POLARS_MAX_THREADS": "0",
        "RUST_BACKTRACE": "full", "COLUMNS": "1", "HOME ": "x", "OMP_NUM_THREADS": "-1", "CUDA_VISIBLE_DEVICES": "9",
    }.items():
        yield f"{name}={value}", lambda n=name, v=value: run({n: v}, {0, 1})
    for value in ("100000", "18446744073709551615", "-1", "many", "1"):
        yield f"RAYON_NUM_THREADS={value}", lambda v=value: run({"RAYON_NUM_THREADS": v}, {0, 1})
    for stream in ("stdout", "stderr"):
        yield f"{stream} is full", lambda s=stream: run(code={0, 1}, **{s: open("/dev/full", "wb")})
        yield f"{stream} is a closed pipe", lambda s=stream: run(code={0, 1}, **{s: closed_pipe()})
    for kind, name, values in [
        (resource.RLIMIT_NOFILE, "open files", (8, 12, 20, 40)),
        (resource.RLIMIT_FSIZE, "bytes of a file", (0, 100, 4096)),
        (resource.RLIMIT_AS, "bytes of addresses", (64 << 20, 256 << 20, 1 << 30)),
        (resource.RLIMIT_CORE, "bytes of a core", (0,)),
        (resource.RLIMIT_STACK, "bytes of stack", (256 << 10, 1 << 20)),
    ]:
        for value in values:
            if name == "bytes of addresses":
                # Libraries give up the process where there is no address left; nothing may be left half-written.
                yield f"{value} {name}", lambda v=value: starved(program, rows, v)
            else:
                yield f"{value} {name}", lambda k=kind, v=value: limited(k, v)
    yield "a file where the folder should be", lambda: prepared(lambda h: h.out.write_text("x") and None, {1})
    yield "a dangling link for a folder", lambda: prepared(lambda h: h.out.symlink_to("nowhere"), {0, 1})
    yield "a link to itself", lambda: prepared(lambda h: h.out.symlink_to("out"), {1})
    yield "a folder for rows.csv", lambda: prepared(lambda h: (h.out / "rows.csv").mkdir(parents=True), {1})
    yield "a folder for the manifest", lambda: prepared(lambda h: (h.out / "manifest.json").mkdir(parents=True), {1})
    yield "a folder for the page", lambda: prepared(lambda h: (h.out / "index.html").mkdir(parents=True), {1})
    yield "configs of somebody else", lambda: prepared(lambda h: foreign_configs(h), {0})


def foreign_configs(house: House) -> None:
    folder = house.folder / "configs"
    folder.mkdir()
    (folder / "datasets.yaml").write_text("- not: ours\n")
    (folder / ".hidden.yaml").write_text("{")


def closed_pipe() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def starved(program: Path, rows: list[str], most: int) -> str | None:
    with House(program) as house:
        house.run(*SPRING, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (most, most)))
        return mended(house, rows)


def together(program: Path, rows: list[str], number: int) -> Iterator[Fault]:
    """Several runs at once: on one folder, on one cache, a report while a run goes on."""

    def runs(count: int) -> str | None:
        with House(program) as house:
            seen = []
            threads = [threading.Thread(target=lambda: seen.append(house.run(*SPRING))) for _ in range(count)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for one in seen:
                if one.uncivil():
                    return one.uncivil()
                if one.code and "is being written by another run" not in one.err:
                    return f"ended with {one.code}: {one.err[-200:]}"
            if not any(one.code == 0 for one in seen):
                return "none of them ended well"
            return mended(house, rows)

    def report(delay: float) -> str | None:
        with House(program) as house:
            thread = threading.Thread(target=lambda: house.run(*SPRING))
            thread.start()
            time.sleep(delay)
            seen = house.run("report", "out")
            thread.join()
            return seen.uncivil() or mended(house, rows)

    def cache(count: int) -> str | None:
        with House(program) as house:
            words = ("table1", "--set", "datasets=[tiny]", "--registry", "tiny.yaml", "--offline")
            seen = []
            threads = [
                threading.Thread(target=lambda i=i: seen.append(house.run("reproduce", *words, "--out", f"out{i}")))
                for i in range(count)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            bad = [one for one in seen if one.code]
            return f"ended with {bad[0].code}: {bad[0].err[-200:]}" if bad else None

    for index in range(number):
        yield f"{2 + index % 3} runs on a folder ({index})", lambda c=2 + index % 3: runs(c)
        yield f"a report after {index * 0.07:.2f} s of a run", lambda d=index * 0.07: report(d)
        yield f"{2 + index % 3} runs on a cache ({index})", lambda c=2 + index % 3: cache(c)


Answer = Callable[[socket.socket, str], None]


@contextmanager
def server(answer: Answer) -> Iterator[int]:
    """A server that answers each connection in its way."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=handle, args=(connection,), daemon=True).start()

    def handle(connection: socket.socket) -> None:
        with connection:
            try:
                answer(connection, connection.recv(65536).decode(errors="replace"))
            except OSError:
                pass

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()


def http(program: Path) -> Iterator[Fault]:
    """Servers that answer otherwise than they should."""
    body = tiny_rows().encode()

    def head(status: str, *lines: str) -> bytes:
        return ("\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""])).encode()

    def whole(content: bytes, kind: str = "text/plain") -> bytes:
        return head("200 OK", f"Content-Length: {len(content)}", f"Content-Type: {kind}", "Connection: close") + content

    def said(content: bytes) -> Answer:
        return lambda connection, _: connection.sendall(content)

    def slowly(connection: socket.socket, _: str) -> None:
        connection.sendall(head("200 OK", "Content-Length: 1000000"))
        for _ in range(200):
            connection.sendall(b"0")
            time.sleep(0.5)

    def endless(connection: socket.socket, _: str) -> None:
        connection.sendall(head("200 OK", "Connection: close"))
        for _ in range(1 << 12):
            connection.sendall(bytes(1 << 20))

    def headers(connection: socket.socket, _: str) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for i in range(1 << 20):
            connection.sendall(f"X-{i}: {'x' * 1000}\r\n".encode())

    portal = b"<!DOCTYPE html><html><body>Sign in to the network</body></html>"
    # What is answered, and whether that can be data.
    answers: dict[str, tuple[Answer, bool]] = {
        "all of it": (said(whole(body)), True),
        "a sign-in page": (said(whole(portal, "text/html")), False),
        "a sign-in page as plain text": (said(whole(portal)), False),
        "an empty body": (said(whole(b"")), False),
        "a body that is cut": (said(head("200 OK", f"Content-Length: {len(body)}") + body[:500]), False),
        "more than its length": (said(head("200 OK", "Content-Length: 100", "Connection: close") + body), False),
        "404": (said(head("404 Not Found", "Content-Length: 0")), False),
        "403": (said(head("403 Forbidden", "Content-Length: 0")), False),
        "410": (said(head("410 Gone", "Content-Length: 0")), False),
        "204": (said(head("204 No Content")), False),
        "a redirect in a circle": (said(head("302 Found", "Location: /again", "Content-Length: 0")), False),
        "a redirect to a file": (said(head("302 Found", "Location: file:///etc/passwd", "Content-Length: 0")), False),
        "a redirect to nowhere": (said(head("302 Found", "Content-Length: 0")), False),
        "no HTTP": (said(b"SSH-2.0-OpenSSH_9.6\r\n"), False),
        "nothing": (lambda connection, _: None, False),
        "a negative length": (said(head("200 OK", "Content-Length: -5") + body), False),
        "two lengths": (said(head("200 OK", "Content-Length: 5", "Content-Length: 6") + body), False),
        "garbage in chunks": (said(head("200 OK", "Transfer-Encoding: chunked") + b"zz\r\nabc\r\n"), False),
        "an encoding that it has not": (said(head("200 OK", "Content-Encoding: gzip", f"Content-Length: {len(body)}") + body), True),
        "a page of zeros": (said(whole(bytes(100_000))), False),
        "a TLS alert": (said(b"\x15\x03\x01\x00\x02\x02\x28"), False),
        "headers without end": (headers, False),
        "a body without end": (endless, False),
        "a byte every half second": (slowly, False),
    }

    def one(answer: Answer, is_data: bool, address: str = "http://127.0.0.1:{port}/tiny.libsvm") -> str | None:
        with House(program) as house, server(answer) as port:
            url = address.format(port=port)
            text = REGISTRY.replace("path: tiny.libsvm", f"addresses: ['{url}'], unverified: true")
            (house.folder / "tiny.yaml").write_text(text)
            seen = house.run("fetch", "tiny", "--registry", "tiny.yaml", "--data", "real", seconds=100)
            if "s3cret" in seen.said:
                return "a password was shown"
            if seen.uncivil():
                return seen.uncivil()
            if is_data:
                return None if seen.code == 0 else f"ended with {seen.code}: {seen.err[-300:]}"
            return "it was taken for data" if seen.code == 0 else None

    for name, (answer, is_data) in answers.items():
        yield name, lambda a=answer, d=is_data: one(a, d)
    for address in ("http://user:s3cret@127.0.0.1:{port}/tiny.libsvm", "http://127.0.0.1:{port}/tiny.libsvm?token=s3cret"):
        for name, answer in {"404": said(head("404 Not Found", "Content-Length: 0")), "all": said(whole(body))}.items():
            yield f"{name} at {address[:18]}", lambda a=answer, d=name == "all", u=address: one(a, d, u)


def disk(program: Path, rows: list[str]) -> Iterator[Fault]:
    """A file system that is full, where one can be made."""

    def one(size: int) -> str | None:
        with House(program) as house:
            house.out.mkdir()
            mounted = subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={size}k", "none", house.out], capture_output=True
            )
            if mounted.returncode:
                return None
            try:
                seen = house.run(*SPRING)
                if seen.uncivil():
                    return seen.uncivil()
                if seen.code and "room" not in seen.err and "full" not in seen.err:
                    return f"the disk is not named: {seen.err[-200:]}"
                subprocess.run(["mount", "-o", "remount,size=64m", house.out], check=True)
                return mended(house, rows)
            finally:
                subprocess.run(["umount", "-l", house.out], check=False)

    if shutil.which("mount") and os.geteuid() == 0:
        for size in (4, 8, 16, 24, 32, 48, 64, 96, 128, 192):
            yield f"{size} KiB of room", lambda s=size: one(s)
