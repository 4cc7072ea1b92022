"""Faults of what is given: settings, names, plans, registries, arguments, texts of rows, compressed streams."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
from collections.abc import Iterator
from pathlib import Path

from .files import Fault
from .house import REGISTRY, SPRING, House, rows

VALUES = ["0", "-1", "1e300", "-1e300", "1e-300", "1e12", "18446744073709551615", "18446744073709551616", ".nan", ".inf"]
VALUES += ["-.inf", "''", "[]", "{}", "null", "true", "1.5", "'1'", "[0]", "[1e12]", "99999999999999999999999999"]

# Keys of plans that take a number, or a list of them, by target.
KEYS = {
    "spring": ["seed", "steps", "stiffness", "mass", "step_size", "damping", "position"],
    "table2": ["flow.steps", "flow.step_size", "flows.other", "repeats", "warmup_flows", "starts", "start.scale"],
    "fig2": ["gradients", "record_every", "starts", "parts.0.starts"],
    "coordinate": ["dimension", "steps", "step_size", "starts"],
    "idealized": ["iterations", "tolerance", "starts"],
    "lemmas": ["seed", "families"],
    "fig4": ["epochs", "batch", "starts", "diverged_above", "network.width", "images.train"],
}
WINDOWS = ["window", "tolerance", "memory", "surrogate_rows", "width"]

NAMES = ["../../x", "/tmp/x", "a/b", "..", ".", "", " ", "x" * 5000, "\x1b[31mred", "=cmd|'/C calc'!A0", "<script>alert(1)</script>"]
NAMES += ["a\nb", "a\x00b", "CON", "-rf", "$(id)", "`id`", "%s%n", "é" * 200, "\u202eevil", "[x](javascript:alert(1))"]

TINY = ("--registry", "tiny.yaml", "--offline")


def settings(program: Path, share: int) -> Iterator[Fault]:
    """A key of a plan has a value that nobody meant."""

    def one(target: str, setting: str) -> str | None:
        with House(program) as house:
            more = ("--datasets", "tiny", *TINY) if target in ("table2", "fig2") else ("--data", "surrogate", "--offline")
            words = ("reproduce", target, "--profile", "smoke", "--out", "out", "--set", setting, *more)
            # What is allowed may take its time; it may not take memory, or fall over.
            seen = house.run(*words, seconds=6)
            return None if "had not ended" in seen.ended else seen.uncivil()

    place = 0
    for target, keys in KEYS.items():
        for key in keys:
            for value in VALUES:
                place += 1
                if place % share == 0:
                    yield f"{target} {key}={value}", lambda t=target, s=f"{key}={value}": one(t, s)
    for key in WINDOWS:
        for value in VALUES:
            place += 1
            if place % share == 0:
                setting = f"windows=[{{evaluator: batched, {key}: {value}}}]"
                yield f"table2 {setting}", lambda s=setting: one("table2", s)


def names(program: Path) -> Iterator[Fault]:
    """Targets, data sets, profiles, files and arguments by hostile names."""

    def outside(house: House) -> str | None:
        strange = [p for p in house.folder.parent.glob("x*") if p.stat().st_mtime > house.folder.stat().st_mtime]
        return f"written outside: {strange}" if strange else None

    def run(*words: str | bytes) -> str | None:
        with House(program) as house:
            seen = house.run(*words, seconds=20)
            if "\x1b[31m" in seen.said:
                return "a terminal's escape was passed on"
            return seen.uncivil() or outside(house)

    def plan(name: str) -> str | None:
        with House(program) as house:
            quoted = '"' + "".join(f"\\u{ord(c):04x}" for c in name if ord(c) < 0x10000) + '"'
            text = f"target: {quoted}\nlike: spring\nprofiles: {{smoke: {{what: mine}}}}\n"
            (house.folder / "mine.yaml").write_text(text)
            seen = house.run("reproduce", "mine.yaml", "--profile", "smoke", seconds=20)
            return seen.uncivil() or outside(house)

    def registry(name: str) -> str | None:
        with House(program) as house:
            quoted = '"' + "".join(f"\\u{ord(c):04x}" for c in name if ord(c) < 0x10000) + '"'
            (house.folder / "own.yaml").write_text(REGISTRY.replace("tiny:", f"{quoted}:"))
            listed = house.run("list", "--registry", "own.yaml", seconds=20)
            if "\x1b[31m" in listed.said:
                return "a terminal's escape was passed on"
            fetched = house.run("fetch", "--registry", "own.yaml", "--offline", "--", name.replace("\0", ""), seconds=20)
            return listed.uncivil() or fetched.uncivil() or outside(house)

    for name in NAMES:
        plain = name.replace("\0", "")
        yield f"target {name[:20]!r}", lambda n=plain: run("reproduce", "--", n)
        yield f"plan of target {name[:20]!r}", lambda n=name: plan(n)
        yield f"data set {name[:20]!r}", lambda n=name: registry(n)
        yield f"profile {name[:20]!r}", lambda n=plain: run("reproduce", "spring", f"--profile={n}")
        yield f"report {name[:20]!r}", lambda n=plain: run("report", "--", n)
        yield f"devices {name[:20]!r}", lambda n=plain: run("doctor", "--offline", f"--devices={n}")
        yield f"setting {name[:20]!r}", lambda n=plain: run(*SPRING, f"--set={n}")
    for bad in [b"\xff\xfe", b"caf\xe9", b"\xed\xa0\x80"]:
        for words in [("reproduce", bad), ("report", bad), ("fetch", bad), (*SPRING, b"--set=" + bad), ("list", bad)]:
            yield f"bytes {bad!r} {words[0]!r}", lambda w=words: run(*w)


def plans(program: Path, number: int) -> Iterator[Fault]:
    """Plans and registries with characters and lines changed, and those that are made to be expensive."""
    drawn = random.Random(13)
    spring = (Path(__file__).parents[2] / "configs" / "spring.yaml").read_text()

    def one(text: str, kind: str) -> str | None:
        with House(program) as house:
            (house.folder / "mine.yaml").write_bytes(text.encode(errors="surrogatepass"))
            if kind == "plan":
                seen = house.run("reproduce", "mine.yaml", "--profile", "smoke", "--out", "out", seconds=15)
            else:
                seen = house.run("fetch", "tiny", "--registry", "mine.yaml", "--offline", seconds=15)
            return seen.uncivil()

    def mutated(text: str) -> str:
        kind = drawn.randrange(6)
        place = drawn.randrange(len(text))
        lines = text.splitlines(keepends=True)
        line = drawn.randrange(len(lines))
        match kind:
            case 0:
                return text[:place] + drawn.choice("{}[]:,-#&*!|>'\"%@`\t\x00é") + text[place + 1 :]
            case 1:
                return "".join(lines[:line] + lines[line + 1 :])
            case 2:
                return "".join([*lines[:line], lines[line], *lines[line:]])
            case 3:
                return text[:place]
            case 4:
                return "".join(lines[:line] + ["  " + lines[line]] + lines[line + 1 :])
            case _:
                return text[:place] + text[place + drawn.randrange(1, 30) :]

    for index in range(number):
        kind, text = ("plan", spring) if index % 2 else ("registry", REGISTRY)
        text = mutated(text)
        yield f"{kind} {index}", lambda t=text, k=kind: one(t, k)
    deep = {
        "brackets": "target: " + "[" * 100_000,
        "braces": "target: " + "{a: " * 20_000,
        "anchors": "a: &a [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60)).replace("*a0", "*a"),
        "a long line": "target: " + "x" * 10_000_000,
        "many keys": "".join(f"k{i}: 1\n" for i in range(200_000)),
        "binary": "\x00\x01\x02" * 1000,
        "tabs": "\t" * 100_000,
        "a tag": "target: !!python/object/apply:os.system [id]\n",
    }
    for name, text in deep.items():
        for kind in ("plan", "registry"):
            yield f"{kind} of {name}", lambda t=text, k=kind: one(t, k)


def texts(program: Path, number: int, bombs: bool) -> Iterator[Fault]:
    """LIBSVM texts with something changed, plain and compressed."""
    drawn = random.Random(17)
    packers = {"": lambda b: b, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}

    def one(content: bytes, ending: str) -> str | None:
        with House(program) as house:
            (house.folder / "tiny.libsvm").unlink()
            (house.folder / f"tiny.libsvm{ending}").write_bytes(content)
            registry = REGISTRY.replace("path: tiny.libsvm", f"path: tiny.libsvm{ending}")
            (house.folder / "tiny.yaml").write_text(registry)
            words = ("reproduce", "table1", "--set", "datasets=[tiny]", "--out", "out", *TINY)
            return house.run(*words, seconds=20).uncivil()

    tokens = [b"nan", b"inf", b"-1:1", b"0:1", b"4:1", b"4294967295:1", b"99999999999999:1", b"1:1e999", b"1:1 1:2", b"2:1 1:1", b":"]
    tokens += [b"1:", b"\x00", b"\xff", b"1:0x10", b"+1", b"1e400", b"#", b"1:1" * 5000, b"\r", b"\xef\xbb\xbf"]
    plain = rows().encode()
    for index in range(number):
        content = bytearray(plain)
        for _ in range(1 + index % 3):
            place = drawn.randrange(len(content))
            match drawn.randrange(4):
                case 0:
                    content[place] = drawn.randrange(256)
                case 1:
                    content[place:place] = b" " + drawn.choice(tokens) + b" "
                case 2:
                    del content[place : place + drawn.randrange(1, 200)]
                case _:
                    content[place:place] = drawn.choice([b"\n", b"\n\n", b" \n", b"\r\n", b"\t"])
        ending = list(packers)[index % 4]
        packed = bytearray(packers[ending](bytes(content)))
        if ending and index % 8 < 4:
            place = drawn.randrange(len(packed))
            packed = packed[:place] if index % 16 < 8 else packed[:place] + bytes([packed[place] ^ 0xFF]) + packed[place + 1 :]
        yield f"text {index}{ending}", lambda c=bytes(packed), e=ending: one(c, e)
    if not bombs:
        return
    bomb = b"0 1:1\n" * 60_000_000
    for ending in (".gz", ".bz2", ".xz"):
        yield f"a text of 360 MB{ending}", lambda e=ending: bounded(one, packers[e](bomb), e)


def bounded(one: object, content: bytes, ending: str) -> str | None:
    """A large text may take its time, and has to be bounded in memory by what it holds."""
    why = one(content, ending)
    return None if why and "had not ended" in why else why


def archives(program: Path) -> Iterator[Fault]:
    """Archives of images with members that are not what they should be."""

    def tar(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.GNU_FORMAT) as archive:
            for info, content in members:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        return out.getvalue()

    def member(name: str, content: bytes, **more: object) -> tuple[tarfile.TarInfo, bytes]:
        info = tarfile.TarInfo(name)
        for key, value in more.items():
            setattr(info, key, value)
        return info, content

    batch = "cifar-10-batches-bin/data_batch_1.bin"
    one_image = bytes(3073)
    cases = {
        "nothing": b"",
        "no archive": b"<html>sign in</html>" * 100,
        "an empty archive": tar([]),
        "a wanted member 130 times": tar([member(batch, one_image * 10)] * 130),
        "a name of 1 MB": tar([member("x" * 1_000_000, b"")]),
        "a member above": tar([member("../../evil", b"x")]),
        "an absolute member": tar([member("/tmp/evil-member", b"x")]),
        "a link": tar([member(batch, b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")]),
        "a short member": tar([member(batch, one_image[:100])]),
        "a member of labels above nine": tar([member(batch, b"\xff" * 3073)]),
        "a cut archive": tar([member(batch, one_image * 1000)])[:2000],
        "zeros": gzip.compress(bytes(300_000_000)),
    }

    def one(content: bytes) -> str | None:
        with House(program) as house:
            (house.folder / "data").mkdir()
            (house.folder / "data" / "cifar-10-binary.tar.gz").write_bytes(content)
            words = ("reproduce", "fig4", "--profile", "smoke", "--data", "real", "--data-dir", "data", "--offline")
            seen = house.run(*words, "--out", "out", seconds=30)
            if Path("/tmp/evil-member").exists():
                return "a member was written outside"
            return seen.uncivil() or (None if seen.code else "it was taken for images")

    for name, content in cases.items():
        yield name, lambda c=content: one(c)
