"""Renews the pictures of the README files from a store.

Run ``python -m notebooks.picture build/report/store``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from notebooks import policy_figures
from notebooks.evidence import AS_ISSUED, REFERENCE
from notebooks.show import png
from notebooks.words import LANGS, Words
from notebooks.worlds import gather_worlds

FOLDER = Path(__file__).parent.parent / "docs"


def main(arguments: list[str]) -> int:
    """Write one picture a language."""
    if len(arguments) != 1:
        print("usage: python -m notebooks.picture STORE", file=sys.stderr)
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
