"""What a stage writes: the state of a model before and after it, compared value by value."""

from dataclasses import fields, is_dataclass
from types import NoneType

import mesa
import numpy as np

from jiqun.model.agents.enterprises import COLUMNS
from jiqun.model.lever import Lever

# Rules, the population at the start, the twin and the clock are no state that stages write.
LEFT_OUT = {*vars(mesa.Model(rng=1)), "enterprises", "policy", "population", "twin", "timings"}
AGENT = {"model", "unique_id", "pos"}
PLAIN = (bool, int, float, str, bytes, NoneType, np.generic)


def frozen(value):
    """A value that stays as it is now and equals another where all inside is equal."""
    if isinstance(value, np.ndarray):
        # Names are labels of what is recorded, which is never written to.
        inside = id(value) if value.dtype == object else value.tobytes()
        return value.shape, value.dtype.str, inside
    if isinstance(value, dict):
        return tuple((frozen(key), frozen(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(frozen(item) for item in value)
    if is_dataclass(value) and not isinstance(value, Lever):
        return tuple(frozen(getattr(value, f.name, None)) for f in fields(value))
    return value if isinstance(value, PLAIN) else id(value)


def agent(one):
    """State of an agent by name."""
    return {name: frozen(value) for name, value in vars(one).items() if name not in AGENT}


def state(model):
    """State of a model as `owner.name` to its value, enterprises apart."""
    found = {}
    for owner, value in vars(model).items():
        if owner in LEFT_OUT:
            continue
        if is_dataclass(value):
            names = {f.name: frozen(getattr(value, f.name, None)) for f in fields(value)}
        elif isinstance(value, mesa.Agent):
            names = agent(value)
        elif isinstance(value, list) and value and isinstance(value[0], mesa.Agent):
            each = [agent(one) for one in value]
            names = {name: tuple(one[name] for one in each) for name in each[0]}
        elif owner == "ledger":
            names = {"entries": frozen(vars(value))}
        else:
            names = {"": frozen(value)}
        found |= {f"{owner}.{name}".rstrip("."): value for name, value in names.items()}
    for table in ("heard", "chosen"):
        held = getattr(model.enterprises, table)
        rows = {name: dict(zip(model.enterprises.id.tolist(), column.tolist(), strict=True))
                for name, column in held.items()}  # fmt: skip
        found[f"enterprises.{table}"] = rows
    return found


class Before:
    """A model as it is before a stage."""

    def __init__(self, model):
        self.columns = {name: column.copy() for name, column in model.enterprises.columns.items()}
        self.state = state(model)

    def written(self, model):
        """What differs now, as `owner.name`; columns are compared for those who were there."""
        now, after = model.enterprises.columns, state(model)
        _, old, new = np.intersect1d(self.columns["id"], now["id"], return_indices=True)
        found = {
            f"enterprises.{name}"
            for name in COLUMNS
            if frozen(self.columns[name][old]) != frozen(now[name][new])
        }
        if len(old) < len(self.columns["id"]) or len(new) < len(now["id"]):
            found.add("enterprises.rows")
        for name in self.state.keys() | after.keys():
            one, other = self.state.get(name), after.get(name)
            if name in ("enterprises.heard", "enterprises.chosen"):
                # Whoever has come has heard of nothing, and who has left takes it along.
                moved = one.keys() != other.keys() or any(
                    other[lever][i] != value
                    for lever, known in one.items()
                    for i, value in known.items()
                    if i in other[lever]
                )
            else:
                moved = one != other
            if moved:
                found.add(name)
        return found


def undeclared(stage, found):
    """What a stage wrote and has not declared, as sentences."""
    return [f"{stage.name} writes {name}" for name in sorted(found - stage.written)]
