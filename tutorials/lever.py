# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Add a lever
#
# A lever of one's own is a package beside the project: a table and, for a new behaviour, a
# function. This notebook makes the smallest one; `docs/extending.md` has the whole.

# %%
import sys
from pathlib import Path

package = Path("build/tutorials/lever/my_lever").resolve()
package.mkdir(parents=True, exist_ok=True)
(package / "levers.yaml").write_text(
    """channels:
  apprentices: {zh: 学徒, en: Apprentices}
levers:
  - id: apprentices
    label: {zh: 学徒补助, en: Apprentices}
    article: ""
    origin: design
    channel: apprentices
    cost_basis: {zh: 此例不计费用。, en: "Nobody pays in this example."}
    from: 2024-Q1
    who: [field, size, city, tier]
    size: [gain]
    terms:
      gain:
        kind: share
        bounds: [0, 0.05]
        grade: assumption
        note: Growth of productivity a year; a made-up number.
        default:
          - {from: 2024-Q1, value: 1, unit: "%", source: assumption}
""",
    "utf-8",
)
(package / "__init__.py").write_text(
    '''"""Apprentices raise productivity where the lever reaches."""
from jiqun.extending import channel_value, reads


@reads("apprentices", gain="share")
def train(model):
    e = model.enterprises
    e.productivity = e.productivity + channel_value(model, "apprentices", "gain") / 4.0
'''
)

# %% [markdown]
# An entry point makes it known. `pip install -e .` writes it from `pyproject.toml`; here we write
# what pip would, and put the folder on the path before `jiqun` is imported. To have `gain` drawn,
# write `parameter:` in place of `default:` and bring the parameter (`docs/extending.md`).

# %%
info = package.parent / "my_lever-0.1.dist-info"
info.mkdir(exist_ok=True)
(info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-lever\nVersion: 0.1\n")
(info / "entry_points.txt").write_text("[jiqun.levers]\napprentices = my_lever\n")
assert "jiqun.model" not in sys.modules, "restart the kernel: an extension is found at the start"
sys.path.insert(0, str(package.parent))

# %%
from jiqun import run
from jiqun.versions import version_lines

print(*version_lines(), sep="\n")

# %% [markdown]
# A scenario names the lever as any other. Keys of these runs differ from those made without the
# package, so the two never mix.

# %%
scenario = package.parent / "taught.yaml"
scenario.write_text(
    "name: taught\nbaseline: without_document_55\n"
    "levers: [{id: apprentices, who: {size: [small]}}]\n"
)
store = package.parent / "store"
results = run(["without_document_55", scenario], store, draws=8, rows=1_100, until=2026, workers=2)

# %% [markdown]
# An outcome goes by the size of its year, and value added is of enterprises above scale: small ones
# that grew bring part of the effect into `medium`, and `below_scale` has none.

# %%
effects = results.effects("taught", "value_added", "size", 2026)
effects[["unit_name", "change_mean", "change_low", "change_high", "sign"]]
