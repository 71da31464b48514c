"""The palette keeps its promises: contrast, colour blindness, grey copies."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from jiqun.calibration import palette
from jiqun.calibration.palette import contrast, letters_on, linear
from jiqun.model.dimensions import TIERS

WHITE = "#ffffff"
TEXT, GRAPHIC = 4.5, 3.0
"""Ratios that accessibility guidelines (WCAG 2, AA) ask of letters and of marks."""
NEAREST = 20.0
"""Least distance of two tiers, in units of CIELAB; 2.3 is what an eye just notices."""
BLIND = {
    "none": np.eye(3),
    # Machado, Oliveira and Fernandes 2009, severity 1.
    "protanopia": np.array(
        [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]
    ),
    "deuteranopia": np.array(
        [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]
    ),
    "tritanopia": np.array(
        [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]
    ),
}
TO_XYZ = np.array([[0.412, 0.358, 0.180], [0.213, 0.715, 0.072], [0.019, 0.119, 0.950]])
SHEET = Path(__file__).parents[2] / "notebooks" / "templates" / "report.css"
ON = {  # Colours of letters, by the fills that they stand on.
    "ink": ("paper", "tint", "note", "none-fill"),
    "soft": ("paper", "tint"),
    "blue": ("paper", "tint", "note"),
    "green": ("green-fill",),
    "amber": ("amber-fill",),
    "red": ("red-fill",),
}


def lab(light: np.ndarray) -> np.ndarray:
    parts = TO_XYZ @ np.clip(light, 0.0, 1.0) / TO_XYZ.sum(axis=1)
    x, y, z = np.where(parts > 0.008856, np.cbrt(parts), 7.787 * parts + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(one: str, other: str, seen: np.ndarray) -> float:
    return float(np.linalg.norm(lab(seen @ linear(one)) - lab(seen @ linear(other))))


def variables(text: str) -> dict[str, str]:
    found = re.findall(r"--([\w-]+):\s*(#\w+);", text)
    return {name: "#" + "".join(2 * c for c in v[1:]) if len(v) == 4 else v for name, v in found}


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast(WHITE, "#000000") == pytest.approx(21.0)
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.01)
    assert contrast("#b7791f", WHITE) < 4.0  # the amber of an earlier version


@pytest.mark.parametrize("colour", [*palette.INKS, *palette.TIERS.values()])
def test_letters_and_marks_can_be_read_on_white(colour: str) -> None:
    assert contrast(colour, WHITE) >= TEXT


@pytest.mark.parametrize(
    "fill",
    [*palette.RISES, *palette.FALLS, palette.ABSENT, palette.PALE, palette.DIM, palette.BAND],
)
def test_letters_can_be_read_on_fills(fill: str) -> None:
    assert contrast(letters_on(fill), fill) >= TEXT


@pytest.mark.parametrize("seen", BLIND)
def test_tiers_differ_for_every_eye(seen: str) -> None:
    assert list(palette.TIERS) == list(TIERS)
    pairs = itertools.combinations(palette.TIERS.values(), 2)
    assert min(distance(*pair, BLIND[seen]) for pair in pairs) >= NEAREST


def test_colours_that_only_some_eyes_tell_apart_are_found() -> None:
    # World-class and national clusters of an earlier version.
    assert distance("#7b2d8b", "#1f5a92", BLIND["deuteranopia"]) < NEAREST / 2


def test_shades_deepen_so_that_a_grey_copy_keeps_their_order() -> None:
    for shades in (palette.RISES, palette.FALLS):
        on_white = [contrast(shade, WHITE) for shade in shades]
        assert on_white == sorted(on_white)
        steps = [b / a for a, b in itertools.pairwise(on_white)]
        assert min(steps) > 1.25


def test_no_mark_and_no_hatch_is_there_twice() -> None:
    assert len(set(palette.MARKS.values())) == len(palette.MARKS) == len(TIERS)
    assert len(set(palette.HATCHES)) == len(palette.HATCHES)


def test_letters_of_the_page_can_be_read_in_light_and_dark() -> None:
    light, dark = SHEET.read_text("utf-8").split("prefers-color-scheme", 1)
    given = variables(light), variables(dark.split("* {")[0])
    assert given[0].keys() == given[1].keys()
    for colours in given:
        for letters, fills in ON.items():
            for fill in fills:
                assert contrast(colours[letters], colours[fill]) >= TEXT, (letters, fill)
        assert contrast(WHITE, colours["band"]) >= TEXT
        assert contrast(colours["focus"], colours["paper"]) >= GRAPHIC


@pytest.mark.parametrize("folder", ["notebooks", "calibration"])
def test_colours_are_chosen_in_one_place(folder: str) -> None:
    root = SHEET.parents[2]
    for path in sorted((root / folder).rglob("*.py")):
        if path.name != "palette.py" and "formats" not in path.parts:
            assert not re.findall(r'"#[0-9a-fA-F]{6}"', path.read_text("utf-8")), path
