#!/usr/bin/env python3
"""Counts what makes a house hard to find one's way in: import circles of files, and type names that are
declared more than once; and compares which crates use which with ARCHITECTURE.md, documents' links with files, and
the oldest Rust that is promised with the one that is used.
Prints what it found; ends with 1 if a count is above its bound, a crate uses another than is written there, or a
link leads nowhere.

Files are modules; an import is a `use` outside tests, followed through re-exports to where a name is
declared. A module and what it is split into (`mod.rs` and its children) may use one another: that is one
thing in several files, so children's imports from their own parents are followed, too, and counted.
"""
import argparse
import re
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

LONGEST_CIRCLE = 3
MOST_NAMES = 20
CRATES = {
    "optim": "optim/src", "gpu": "gpu/src", "datasets": "datasets/src", "rows": "harness/rows/src",
    "claims": "harness/claims/src", "report": "harness/report/src", "layers": "harness/layers/src", "lab": "harness/lab/src",
    "harness": "harness/src", "bench": "bench/src", "fuzz": "ci/fuzz/src",
}


def without_tests(text):
    """The text up to its unit tests, without comments."""
    text = re.split(r"#\[cfg\(test\)\]\s*mod \w+ \{", text)[0]
    return re.sub(r"//.*", "", text)


def leaves(tree, prefix=()):
    """The paths of a `use` tree: `a::{b, c as d}` as (a, b) and (a, c)."""
    tree = tree.strip()
    depth, start, parts = 0, 0, []
    for index, char in enumerate(tree):
        depth += (char == "{") - (char == "}")
        if char == "," and depth == 0:
            parts.append(tree[start:index])
            start = index + 1
    parts.append(tree[start:])
    if len(parts) > 1:
        for part in parts:
            yield from leaves(part, prefix)
        return
    if not tree:
        return
    if "{" in tree:
        head, inner = tree.split("{", 1)
        path = tuple(part for part in head.split("::") if part.strip())
        yield from leaves(inner.rsplit("}", 1)[0], prefix + path)
        return
    yield prefix + tuple(part.strip() for part in tree.split(" as ")[0].split("::"))


class Crate:
    def __init__(self, root, name, folder):
        self.modules, self.reexports = {}, defaultdict(dict)
        base = root / folder
        for path in sorted(base.rglob("*.rs")):
            parts = list(path.relative_to(base).with_suffix("").parts)
            if "tests" in parts or parts[0] in ("bin", "main"):
                continue
            if parts[-1] in ("mod", "lib"):
                parts.pop()
            self.modules[tuple(parts)] = path
        self.text = {m: without_tests(p.read_text()) for m, p in self.modules.items()}
        for module, text in self.text.items():
            for tree in re.findall(r"^\s*pub(?:\([^)]*\))? use ([^;]+);", text, re.M):
                for leaf in leaves(tree):
                    target = self.absolute(module, leaf)
                    if target:
                        self.reexports[module][leaf[-1]] = target

    def absolute(self, module, path):
        """A path within the crate, from its root; `None` of another crate's."""
        path = list(path)
        if path[0] == "crate":
            return tuple(path[1:])
        here = list(module)
        if path[0] in ("self", "super"):
            while path and path[0] in ("self", "super"):
                if path[0] == "super":
                    here = here[:-1]
                path.pop(0)
            return tuple(here + path)
        return tuple(here + path) if tuple(here + path[:1]) in self.modules else None

    def file_of(self, path, seen=()):
        """The module in which what a path names is declared."""
        for length in range(len(path), -1, -1):
            module = path[:length]
            if module not in self.modules:
                continue
            rest = path[length:]
            again = self.reexports[module].get(rest[0]) if rest else None
            if again and again not in seen:
                return self.file_of(again + rest[1:], seen + (again,))
            return module
        return None

    def imports(self):
        edges = defaultdict(set)
        for module, text in self.text.items():
            for tree in re.findall(r"^\s*(?:pub(?:\([^)]*\))? )?use ([^;]+);", text, re.M):
                for leaf in leaves(tree):
                    path = self.absolute(module, leaf)
                    target = None if path is None else self.file_of(path)
                    # Naming a child again is no use of it.
                    if target is not None and target != module:
                        edges[module].add(target)
            for path in re.findall(r"\b((?:crate|super)(?:::\w+)+)", re.sub(r"use [^;]+;", "", text)):
                path = self.absolute(module, path.split("::"))
                target = None if path is None else self.file_of(path)
                if target is not None and target != module:
                    edges[module].add(target)
        for module in list(edges):
            text = self.text[module]
            for tree in re.findall(r"^\s*pub(?:\([^)]*\))? use ([^;]+);", text, re.M):
                for leaf in leaves(tree):
                    path = self.absolute(module, leaf)
                    target = None if path is None else self.file_of(path)
                    used = re.sub(r"use [^;]+;", "", text)
                    if target and not re.search(r"\b%s\b" % re.escape(leaf[-1]), used):
                        edges[module].discard(target)
        return edges


def circles(edges):
    """Strongly connected parts of more than one module, the largest first (Tarjan)."""
    index, low, stack, on, found = {}, {}, [], set(), []

    def visit(node):
        work = [(node, iter(sorted(edges.get(node, ()))))]
        index[node] = low[node] = len(index)
        stack.append(node)
        on.add(node)
        while work:
            node, following = work[-1]
            for other in following:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on.add(other)
                    work.append((other, iter(sorted(edges.get(other, ())))))
                    break
                if other in on:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    part = []
                    while True:
                        part.append(stack.pop())
                        on.discard(part[-1])
                        if part[-1] == node:
                            break
                    if len(part) > 1:
                        found.append(sorted(part))

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return sorted(found, key=len, reverse=True)


def names(root):
    """Type names outside tests, with the files that declare them."""
    declared = defaultdict(set)
    for folder in CRATES.values():
        for path in sorted((root / folder).rglob("*.rs")):
            if "tests" in path.parts or path.name == "tests.rs":
                continue
            text = without_tests(path.read_text())
            for name in re.findall(r"^\s*(?:pub(?:\([^)]*\))? )?(?:struct|enum|trait|type|union) (\w+)", text, re.M):
                if not re.search(r"^\s{4,}type %s\b" % name, text, re.M):
                    declared[name].add(str(path.relative_to(root)))
    return {name: files for name, files in declared.items() if len(files) > 1}


def uses(root):
    """What each crate uses of the others: by its manifest, and by the table of ARCHITECTURE.md."""
    asked, written = {}, {}
    for name, folder in CRATES.items():
        manifest = tomllib.loads((root / folder).parent.joinpath("Cargo.toml").read_text())
        asked[name] = {crate for crate in manifest.get("dependencies", {}) if crate in CRATES}
    text = (root / "ARCHITECTURE.md").read_text()
    for name, others in re.findall(r"^\| `(\w+)` \| `[\w/]+` \| ([^|]*) \|", text, re.M):
        written[name] = set(re.findall(r"`(\w+)`", others))
    return asked, written


def compiler(root):
    """The oldest compiler that is promised, and the one that everything here is compiled and tested with."""
    promised = tomllib.loads((root / "Cargo.toml").read_text())["workspace"]["package"]["rust-version"]
    used = tomllib.loads((root / "rust-toolchain.toml").read_text())["toolchain"]["channel"]
    return promised, used


def broken(root):
    """Links of the documents to files that are not there."""
    found = []
    for path in sorted(root.rglob("*.md")):
        if {"target", ".git"} & set(path.relative_to(root).parts):
            continue
        for link in re.findall(r"\]\(([^)\s#]+)[^)]*\)", path.read_text()):
            if "://" not in link and not link.startswith("mailto:") and not (path.parent / link).exists():
                found.append(f"{path.relative_to(root)} links to {link}, which is not there")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--all", action="store_true", help="name every circle and every name")
    arguments = parser.parse_args()
    longest = 0
    for name, folder in CRATES.items():
        if not (arguments.root / folder).is_dir():
            continue
        found = circles(Crate(arguments.root, name, folder).imports())
        longest = max([longest] + [len(circle) for circle in found])
        for circle in found:
            if arguments.all or len(circle) > LONGEST_CIRCLE:
                print(f"{name}: a circle of {len(circle)}: " + ", ".join("::".join(m) or "lib" for m in circle))
    repeated = names(arguments.root)
    if arguments.all or len(repeated) > MOST_NAMES:
        for name, files in sorted(repeated.items(), key=lambda item: -len(item[1])):
            print(f"{name} is declared in {len(files)} files: " + ", ".join(sorted(files)))
    print(f"largest import circle: {longest} files (at most {LONGEST_CIRCLE}); "
          f"type names declared more than once: {len(repeated)} (at most {MOST_NAMES})")
    asked, written = uses(arguments.root)
    otherwise = [name for name in CRATES if asked[name] != written.get(name)]
    for name in otherwise:
        print(f"{name} uses {sorted(asked[name])}, but ARCHITECTURE.md has {sorted(written.get(name, ()))}")
    promised, used = compiler(arguments.root)
    untested = not used.startswith(promised)
    if untested:
        print(f"Cargo.toml promises Rust {promised}, and rust-toolchain.toml tests with {used}")
    links = broken(arguments.root)
    for link in links:
        print(link)
    sys.exit(longest > LONGEST_CIRCLE or len(repeated) > MOST_NAMES or bool(otherwise) or untested or bool(links))


if __name__ == "__main__":
    main()
