"""The rules in C, compiled when they are measured: as it is, and with all that makes C faster."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.peers.world import DRAWS, RULES

if TYPE_CHECKING:
    from benchmarks.peers.world import World

SOURCE = Path(__file__).with_name("rules.c")
FLAGS = {"C": ("-O3", "-march=native"), "vector C": ("-O3", "-march=native", "-ffast-math")}
"""With `-ffast-math` gcc calls the vector forms of exp, log and pow that glibc has (libmvec)."""
TYPES = {"f": "double", "i": "int64_t", "u": "uint64_t", "b": "_Bool"}
NUMBERS = {int: ("int64_t", ctypes.c_int64), float: ("double", ctypes.c_double)}


def compiler() -> str | None:
    """The compiler of C of this machine, or None."""
    return shutil.which("cc")


def build(folder: Path, world: World) -> dict[str, ctypes.CDLL]:
    """Libraries of the rules, one for each set of flags.

    Args:
        folder: Where they are put.
        world: A world with the columns and terms that they are for.
    """
    (folder / "world.h").write_text(header(world), encoding="utf-8")
    found, cc = dict[str, ctypes.CDLL](), compiler() or "cc"
    for name, flags in FLAGS.items():
        stem = folder / name.replace(" ", "_")
        compiled, library = stem.with_suffix(".o"), stem.with_suffix(".so")
        given = (
            *flags,
            "-std=gnu11",
            "-fPIC",
            f"-I{folder}",
            "-c",
            str(SOURCE),
            "-o",
            str(compiled),
        )
        subprocess.run((cc, *given), check=True)
        # Linked without the flags: with -ffast-math gcc would add a start-up that has the whole
        # process, and so the other forms, take subnormal numbers for zero.
        subprocess.run((cc, "-shared", compiled, "-o", library, "-lm"), check=True)
        found[name] = ctypes.CDLL(str(library))
    return found


def members(world: World) -> dict[str, Any]:
    """What the C form has: the world with its lengths, and room for what rules work out."""
    rows, kept = len(world.id), world.copied()
    lengths = {"rows": rows, "fields": len(world.demand), "pools": world.number_of_pools}
    room = {"scratch": np.empty(4 * rows), "places": np.empty(2 * rows, np.int64)}
    return {**vars(kept), **lengths, **room}


def header(world: World) -> str:
    """The struct of the world, and the places of the draws in its keys."""
    lines = [f"enum {{ {', '.join(name.upper().replace(' ', '_') for name in DRAWS)} }};"]
    lines.append("struct world {")
    for name, value in members(world).items():
        if isinstance(value, np.ndarray):
            lines.append(f"    {TYPES[value.dtype.kind]} *{name};")
        else:
            lines.append(f"    {NUMBERS[type(value)][0]} {name};")
    return "\n".join([*lines, "};", ""])


class InC:
    """Columns, moved by a library of `build`."""

    def __init__(self, library: ctypes.CDLL, world: World) -> None:
        self.held = members(world)
        fields, values = [], []
        for name, value in self.held.items():
            array = isinstance(value, np.ndarray)
            fields.append((name, ctypes.c_void_p if array else NUMBERS[type(value)][1]))
            values.append(value.ctypes.data if array else value)
        struct = type("Struct", (ctypes.Structure,), {"_fields_": fields})
        self.struct = struct(*values)
        for rule in RULES:
            setattr(self, rule, partial(getattr(library, rule), ctypes.byref(self.struct)))
        self.names, self.given = tuple(vars(world)), world.copied()

    def world(self) -> World:
        found = self.given.copied()
        vars(found).update({name: self.held[name] for name in self.names})
        return found.copied()

    def next_quarter(self) -> None:
        self.given.next_quarter()
        self.held["keys"][:] = self.given.keys
