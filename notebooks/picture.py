"""Renews the pictures of the README files from a store.

Run ``python -m jiqun.notebooks.picture build/report/store``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from jiqun.notebooks import policy_figures
from jiqun.notebooks.show import png
from jiqun.notebooks.trust.evidence import AS_ISSUED, REFERENCE
from jiqun.notebooks.words import LANGS, Words
from jiqun.notebooks.worlds import gather_worlds

FOLDER = Path(__file__).resolve().parent.parent / "docs"


def main(arguments: list[str]) -> int:
    """Write one picture a language."""
    if len(arguments) != 1:
        print("usage: python -m jiqun.notebooks.picture STORE", file=sys.stderr)
        return 2
    worlds = gather_worlds(Path(arguments[0]))
    if absent := worlds.missing(AS_ISSUED, REFERENCE):
        print(f"the store lacks {', '.join(absent)}", file=sys.stderr)
        return 2
    for lang in LANGS:
        path = FOLDER / f"picture_{lang}.png"
        path.write_bytes(png(policy_figures.picture(worlds, Words(lang))))
        print(path.relative_to(FOLDER.parent))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
