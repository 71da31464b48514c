"""Named clusters and the before-after that is no effect."""

import pytest

from jiqun.calibration.named_clusters import stored
from jiqun.notebooks import race
from jiqun.notebooks.race import Race, gather_race
from jiqun.notebooks.words import LANGS, Lang, Words
from jiqun.notebooks.worlds import Worlds, gather_worlds


@pytest.fixture(scope="module")
def horses(worlds: Worlds) -> Race:
    found = gather_race(worlds)
    assert found is not None
    return found


@pytest.mark.parametrize("lang", LANGS)
def test_only_named_clusters_with_data_have_a_row(horses: Race, lang: Lang) -> None:
    words = Words(lang)
    page = race.clusters_table(horses, words)
    rows = page.splitlines()[2:]
    # Four of the five made-up clusters are named; fields without data share one row.
    assert len(rows) == 5
    assert "luan" not in page
    assert words("clusters_assumed") in rows[-1]
    assert rows[-1].count("—") == 3
    # Published sizes stand with their scope, and no odds of a title beside them.
    assert str(stored()[0].row.scale_year) in rows[0]
    assert words.name("scope_names", "chain revenue") in rows[0]
    assert "%" not in "".join(rows)
    assert race.named_county() > 10


def test_the_gap_by_status_is_not_the_effect(horses: Race) -> None:
    found = race.before_after(horses)
    assert found is not None
    with_title, without, gap, effect = (band.median for band in found)
    assert gap == pytest.approx(with_title - without, abs=0.05)
    # Clusters of high rank grow faster whatever the document does.
    assert gap > 3 * effect > 0.0
    assert len(race.before_after_table(horses, Words("en")).splitlines()) == 6


def test_a_store_without_clusters_has_no_race(store) -> None:  # type: ignore[no-untyped-def]
    assert gather_race(gather_worlds(store)) is None
