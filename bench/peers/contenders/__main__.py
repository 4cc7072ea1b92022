"""`python -m contenders NAME FOLDER`: loads the problem in a folder, then obeys one-line commands."""

from __future__ import annotations

import argparse
import os
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
    "sklearn-lbfgs": ("linear_model", "SklearnLbfgs"),
    "sklearn-newton": ("linear_model", "SklearnNewtonCholesky"),
    "liblinear-tron": ("linear_model", "LiblinearTron"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=WHERE)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--memory", type=int, default=10, help="of L-BFGS")
    parser.add_argument("--iterations", type=int, default=500, help="at most, to a loss")
    arguments = parser.parse_args()
    problem = Problem.read(arguments.folder, arguments.memory, arguments.iterations)
    # Before JAX is imported: it would look for a GPU, or take three quarters of one's memory.
    if problem.gpu is None:
        os.environ.setdefault("JAX_PLATFORMS", "cpu")
    else:
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    module, name = WHERE[arguments.name]
    contender = getattr(import_module(f".{module}", __package__), name)
    serve(contender(problem))


main()
