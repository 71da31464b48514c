"""Labels, Chinese and English, of what the tables of an analysis name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jiqun.experiments.sensitivity.arms import group_of
from jiqun.experiments.sensitivity.designs import DUMMY
from jiqun.experiments.sensitivity.factors import BEHAVIOUR, LEVERS, OUTSIDE_WORLD, STRUCTURE
from jiqun.model.outside_world import SERIES
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from jiqun.experiments.sensitivity.spec import Task

SERIES_LABELS = {
    "demand": ("需求", "demand"),
    "price": ("价格", "prices"),
    "frontier": ("技术前沿", "the technology frontier"),
}


def lever_labels(task: Task) -> dict[str, Any]:
    """Lever to its labels, origin and group."""
    known = declarations()
    return {
        name: {
            "zh": known[name].label.zh,
            "en": known[name].label.en,
            "origin": known[name].origin,
            "group": group_of(name),
        }
        for name in task.levers
    }


def condition_labels(task: Task) -> dict[str, dict[str, str]]:
    """Condition to its labels."""
    found = {
        "all": {"zh": "全部抽样", "en": "all draws"},
        "confirmed": {"zh": "默认行数", "en": "default rows"},
        "equal_cost": {"zh": "同等成本", "en": "equal cost"},
        "equal_budget": {"zh": "同等财政成本", "en": "equal cost to the budgets"},
    }
    for name in SERIES:
        zh, en = SERIES_LABELS[name]
        found[f"{name}_low"] = {"zh": f"{zh}偏低(最低三分之一)", "en": f"{en} low (lowest third)"}
        found[f"{name}_high"] = {"zh": f"{zh}偏高(最高三分之一)", "en": f"{en} high (top third)"}
    for name, switch in task.switches.items():
        found[f"off_{name}"] = {"zh": f"关闭:{switch.label.zh}", "en": f"{switch.label.en} off"}
    return found


def factor_labels(task: Task) -> dict[str, dict[str, str]]:
    """Factor to its labels and kind."""
    found = {
        LEVERS: ("政策工具的力度", "sizes of the levers"),
        BEHAVIOUR: ("企业行为参数", "behavioural parameters"),
        OUTSIDE_WORLD: ("外部环境", "outside world"),
        STRUCTURE: ("模型结构", "structure of the model"),
        DUMMY: ("虚拟因子", "dummy"),
    }
    labels = {name: {"zh": zh, "en": en, "kind": "group"} for name, (zh, en) in found.items()}
    # What a parameter means is written in English; its Chinese is the report's to look up.
    labels |= {
        row.name: {"zh": row.meaning, "en": row.meaning, "kind": "parameter"}
        for row in table("parameters")
    }
    labels |= {
        name: {"zh": zh, "en": en, "kind": "outside"} for name, (zh, en) in SERIES_LABELS.items()
    }
    labels |= {
        name: {"zh": s.label.zh, "en": s.label.en, "kind": "structure"}
        for name, s in task.switches.items()
    }
    known = declarations()
    return labels | {
        name: {"zh": known[name].label.zh, "en": known[name].label.en, "kind": "lever"}
        for name in task.levers
    }
