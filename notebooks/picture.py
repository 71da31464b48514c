"""Renews the pictures of the README files from a store.

Run ``python -m notebooks.picture build/report/store``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from notebooks import figures
from notebooks.evidence import gather
from notebooks.show import png
from notebooks.words import LANGS, Words

FOLDER = Path(__file__).parent.parent / "docs"


def main(arguments: list[str]) -> int:
    """Write one picture a language."""
    if len(arguments) != 1:
        print("usage: python -m notebooks.picture STORE", file=sys.stderr)
        return 2
    evidence = gather(Path(arguments[0]))
    for lang in LANGS:
        path = FOLDER / f"picture_{lang}.png"
        path.write_bytes(png(figures.picture(evidence, Words(lang))))
        print(path.relative_to(FOLDER.parent))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
