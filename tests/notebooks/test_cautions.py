"""What stands above a page: cautions that its store asks for."""

import pytest

from jiqun.experiments.runs.batch import Plan
from jiqun.experiments.runs.runner import Options, run_batch
from jiqun.notebooks.cautions import cautions
from jiqun.notebooks.render import Source
from jiqun.notebooks.words import LANGS, Words
from jiqun.scenarios import load
from tests.notebooks.made_up import write_store


@pytest.mark.parametrize("lang", LANGS)
def test_a_page_of_few_runs_says_that_it_tells_nothing(tmp_path, lang):
    few, enough = (write_store(tmp_path / str(number), number, 1) for number in (4, 8))
    (told,) = cautions(few, Words(lang))
    assert told.startswith("> **")
    assert "4" in told
    assert cautions(enough, Words(lang)) == []
    assert Source.of(few, None).store == few


def test_a_page_repeats_what_was_noted_of_its_scenarios(tmp_path):
    """A store keeps the scenario; its levers for nobody are noted above the page."""
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nbaseline: without_document_55\nrows: 1100\nlevers:\n"
        "  - id: digital_voucher\n    from: 2024-Q1\n"
        "    who: {city: [hefei], tier: [county], size: [large], field: [quantum]}\n",
        "utf-8",
    )
    store = tmp_path / "store"
    run_batch([load(path).until(2024)], Plan(draws=1), store, Options(workers=1))
    told = cautions(store, Words("en"))
    assert len(told) == 2
    assert "digital_voucher reaches nobody" in told[1]
