"""`python -m contenders NAME --data FOLDER`: loads an export, then obeys one-line commands."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

from .common import Problem, serve

WHERE = {
    "numpy": ("numpy_closed", "NumpyClosed"),
    "jax-closed": ("jax_jit", "JaxClosed"),
    "jax-autograd": ("jax_jit", "JaxAutograd"),
    "jax-scan": ("jax_jit", "JaxScan"),
    "torch": ("torch_autograd", "TorchAutograd"),
    "scipy-lbfgs": ("lbfgs", "ScipyLbfgs"),
    "sklearn-lbfgs": ("lbfgs", "SklearnLbfgs"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=WHERE)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--memory", type=int, required=True, help="of L-BFGS")
    parser.add_argument("--iterations", type=int, required=True, help="at most, of L-BFGS")
    parser.add_argument("--gpu", type=int, help="compute on this GPU")
    arguments = parser.parse_args()
    module, name = WHERE[arguments.name]
    contender = getattr(import_module(f".{module}", __package__), name)
    problem = Problem.read(arguments.data, arguments.memory, arguments.iterations, arguments.gpu)
    serve(contender(problem))


main()
