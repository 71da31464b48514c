"""Results are the same to the last bit on every x86-64 processor and with any number of threads.

Other machines are put on by the switches that libraries have for it. A switch counts as tried only
if something moves that the part of the machine it hides does decide (a canary of `bits`).
"""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from numpy._core import _multiarray_umath

ROOT = Path(__file__).resolve().parents[2]
PLAIN_C = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F,-FMA4"}
PLAIN_NUMBA = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}


def without(*features):
    """Setting that hides features from NumPy, as far as there are any."""
    known = _multiarray_umath.__cpu_features__
    baseline = _multiarray_umath.__cpu_baseline__
    hidden = [name for name in features if known.get(name) and name not in baseline]
    return {"NPY_DISABLE_CPU_FEATURES": " ".join(hidden)} if hidden else {}


WIDE = ("AVX512F", "AVX512_SKX", "AVX512_ICL", "AVX512_SPR", "X86_V4")
SETTINGS = {
    "BLAS of a Prescott": ({"OPENBLAS_CORETYPE": "Prescott"}, ("blas",)),
    "BLAS of a Haswell": ({"OPENBLAS_CORETYPE": "Haswell"}, ("blas",)),
    "C library without FMA and AVX2": (PLAIN_C, ("libm", "numpy")),
    "NumPy without AVX-512": (without(*WIDE), ("numpy",)),
    "NumPy without AVX2": (without(*WIDE, "AVX2", "FMA3", "X86_V3"), ("numpy",)),
    "Numba for any x86-64": (PLAIN_NUMBA, ("numba",)),
    "all of them": (
        {
            "OPENBLAS_CORETYPE": "Prescott",
            **PLAIN_C,
            **PLAIN_NUMBA,
            **without(*WIDE, "AVX2", "FMA3", "X86_V3"),
        },
        ("blas", "libm", "numpy", "numba"),
    ),
}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def computed(setting, threads):
    """What a machine under a setting computes."""
    environment = {**os.environ, **setting, **dict.fromkeys(THREADS, str(threads))}
    command = [sys.executable, "-m", "tests.golden.bits"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.slow
def test_results_are_the_same_on_every_processor():
    own = computed({}, threads=1)
    tried = []
    for name, (setting, parts) in SETTINGS.items():
        found = computed(setting, threads=2)
        moved = [part for part in parts if found["canaries"][part] != own["canaries"][part]]
        print(f"{name}: {', '.join(moved) or 'not tried: nothing moved'}")
        assert found["fixed"] == own["fixed"], name
        tried += [name] if moved else []
    assert len(tried) >= 2, "a machine on which no switch acts proves nothing"


COMPUTING = (
    *sorted((ROOT / "model").rglob("*.py")),
    *(ROOT / "experiments" / "runs" / f"{name}.py" for name in ("draws", "priors")),
    *(ROOT / "calibration" / "fitting" / f"{name}.py" for name in ("space", "distance", "forward")),
)
"""Modules whose numbers have to be the same everywhere."""
OWN = {"elementary"}
"""The functions themselves."""
OTHERS = {
    "np": {"exp", "log", "log1p", "expm1", "power", "tanh", "sinh", "cosh", "exp2", "log2", "log10",
           "dot", "matmul", "inner", "vdot", "einsum", "tensordot", "linalg", "random"},
    "math": {"exp", "log", "log1p", "expm1", "pow", "tanh", "log2", "log10"},
}  # fmt: skip


def unsteady(path):
    """Lines on which a module takes a function of the machine."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        power = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)
        constant = power and all(
            isinstance(getattr(side, "operand", side), ast.Constant)
            for side in (node.left, node.right)
        )
        taken = (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.attr in OTHERS.get(node.value.id, ())
            and not (path.stem in {"draws", "space"} and node.attr == "random")
        )
        library = isinstance(node, ast.ImportFrom) and str(node.module) in {
            "scipy.special", "scipy.stats",
        } and [name.name for name in node.names] != ["qmc"]  # fmt: skip
        unstable = (
            isinstance(node, ast.Call)
            and getattr(node.func, "attr", "") in {"argsort", "sort"}
            and not any(word.arg == "kind" for word in node.keywords)
        )
        if (power and not constant) or taken or library or unstable:
            yield f"{path.name}:{node.lineno}"


@pytest.mark.parametrize(
    "path", [p for p in COMPUTING if p.stem not in OWN], ids=lambda path: path.stem
)
def test_nothing_is_computed_by_functions_of_the_machine(path):
    """Powers of numbers, too: the C library's pow differs even in squares."""
    assert list(unsteady(path)) == []
