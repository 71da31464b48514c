"""Settings of a sweep: grids, Latin hypercubes and tables, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiqun.scenarios import InputError, load
from jiqun.scenarios.language import VARIABLE
from jiqun.scenarios.loader import folder_of
from jiqun.scenarios.settings import MOST, Axis, asked, axis, grid, hypercube, of_file


@pytest.fixture(autouse=True)
def _language(monkeypatch):
    monkeypatch.setenv(VARIABLE, "en")


@pytest.fixture(scope="module")
def on():
    return load("as_issued")


def numbered(rows):
    return dict(enumerate(rows, 1))


def made(rows, on, file=None):
    return asked(rows, on, folder_of("as_issued"), file)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("digital_voucher.rate=40%,50%", Axis("digital_voucher.rate", "=", ("40%", "50%"))),
        ("digital_voucher.rate=，50％", Axis("digital_voucher.rate", "=", ("", "50%"))),
        ("cluster_award × 0.5、2", Axis("cluster_award", "*", ("0.5", "2"))),
        ("cluster_award=off", Axis("cluster_award", "=", ("off",))),
        ("a.b=20%..60%", Axis("a.b", "=", ends=(20.0, 60.0), unit="%")),
        ("a.b=20～60%", Axis("a.b", "=", ends=(20.0, 60.0), unit="%")),
        ("a*.5..1.5", Axis("a", "*", ends=(0.5, 1.5))),
    ],
)
def test_what_an_option_sets(text, expected):
    assert axis(text) == expected


@given(st.lists(st.integers(1, 5), min_size=1, max_size=3))
def test_a_grid_has_every_value_with_every_other_once(sizes):
    axes = [Axis(f"l.t{i}", "=", tuple(map(str, range(size)))) for i, size in enumerate(sizes)]
    rows = grid(axes)
    assert len({tuple(row.items()) for row in rows}) == len(rows) == np.prod(sizes)


@given(st.integers(1, 60), st.floats(-5.0, 5.0), st.floats(0.5, 100.0))
def test_a_hypercube_hits_each_part_of_a_range_once(number, low, width):
    axes = [
        Axis("l.a", "=", ends=(low, low + width), unit="%"),
        Axis("l.b", "*", ends=(0.0, 1.0)),
        Axis("l.c", "=", ("", "x", "y")),
    ]
    rows = hypercube(axes, number)
    assert rows == hypercube(axes, number)
    assert len(rows) == number
    for name, ends in (("l.a", (low, low + width)), ("l.b*", (0.0, 1.0))):
        values = np.array([float(row[name].removesuffix("%")) for row in rows])
        assert ((values >= ends[0]) & (values <= ends[1])).all()
        places = np.sort((values - ends[0]) / (ends[1] - ends[0]) * number)
        # Values are rounded, so one may lie just over the edge of its part.
        rounding = 1e-3 * max(map(abs, ends)) / (ends[1] - ends[0]) * number
        assert (np.abs(places - (np.arange(number) + 0.5)) <= 0.5 + rounding).all()
    counts = [sum(row["l.c"] == value for row in rows) for value in ("", "x", "y")]
    assert max(counts) - min(counts) <= 2


def test_settings_are_the_scenarios_of_questions(on):
    rows = grid([axis("digital_voucher.rate=,55%"), axis("cluster_award*,2")])
    found = made(numbered(rows), on)
    # Where nothing is set, nothing differs from the baseline.
    assert [dict(each.values) for each in found] == [
        {"digital_voucher.rate": "", "cluster_award*": "2"},
        {"digital_voucher.rate": "55%", "cluster_award*": ""},
        {"digital_voucher.rate": "55%", "cluster_award*": "2"},
    ]
    both = found[2].question.scenario
    voucher = both.lever("digital_voucher")
    assert voucher.value("rate", voucher.start + 20, 0.0) == pytest.approx(0.55)
    sizes = [each.lever("cluster_award").value("provincial", 30, 0.0) for each in (both, on)]
    assert sizes[0] == 2 * sizes[1] > 0
    assert both.baseline == on.name


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table_sets_what_options_set(tmp_path, on, encoding, mark):
    lines = [
        ["digital_voucher.rate (%)", "cluster_award*", "cluster_award.provincial"],
        ["40", "", "600万元"],
        ["", "", ""],
        ["55", "1.5", ""],
    ]
    file = tmp_path / "settings.csv"
    file.write_bytes("\r\n".join(mark.join(line) for line in lines).encode(encoding))
    rows = of_file(file)
    assert rows == {
        2: {
            "digital_voucher.rate": "40%",
            "cluster_award*": "",
            "cluster_award.provincial": "600万元",
        },
        4: {"digital_voucher.rate": "55%", "cluster_award*": "1.5", "cluster_award.provincial": ""},
    }
    names = [each.question.scenario.name for each in made(rows, on, file)]
    options = [axis("digital_voucher.rate=55%"), axis("cluster_award*1.5")]
    assert names[1] == made(numbered(grid(options)), on)[0].question.scenario.name


@pytest.mark.parametrize(
    ("texts", "number", "said"),
    [
        (["digital_voucher"], None, "sets nothing"),
        (["digital_voucher.rate="], None, "sets nothing"),
        (["digital_voucher.rate=40%,40%"], None, "is set twice"),
        (["cluster_award*2", "cluster_award*3"], None, "is set twice"),
        (["digital_voucher.rate=20%..60%"], None, "--design lhs:N"),
        (["digital_voucher.rate=60%..20%"], 3, "the lower end first"),
        (["digital_voucher.rate=a..b"], 3, "is no range"),
        (["digital_voucher.rate=20万元..60%"], 3, "is no range"),
        (["digital_voucher.rate=20%..60%"], MOST + 1, f"{MOST} at most"),
        (["digital_vouchr.rate=40%"], None, "nearest: digital_voucher"),
        (["digital_voucher.rat=40%"], None, "nearest: rate"),
        (["digital_voucher.rate=40%,400%"], None, "400"),
        (["digital_voucher.rate=20%..400%"], 9, "out of"),
        (["cluster_award.provincial=250元,250万元"], None, "two settings have the name"),
        (["cluster_award*"], None, "sets nothing"),
    ],
)
def test_what_cannot_be_set_is_refused(on, texts, number, said):
    def typed():
        axes = [axis(text) for text in texts]
        return made(numbered(grid(axes) if number is None else hypercube(axes, number)), on)

    with pytest.raises(InputError) as refused:
        typed()
    assert said in str(refused.value)


def test_too_large_a_grid_is_refused_before_it_is_made():
    with pytest.raises(InputError, match=f"{MOST} at most"):
        grid([Axis(f"l.t{i}", "=", tuple(map(str, range(100)))) for i in range(40)])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("digital_voucher.rate\n", "settings.csv:1: sets nothing"),
        ("", "settings.csv:1: sets nothing"),
        ("digital_voucher.rate\n40%\n400%\n", "settings.csv:3: digital_voucher.rate"),
        ("digital_vouchr.rate\n40%\n", "nearest: digital_voucher"),
        ("digital_voucher.rate,cluster_award*\n40%\n", "settings.csv:2: has fewer cells"),
        ("digital_voucher.rate\n40%,50%\n", "settings.csv:2: has more cells"),
        ("digital_voucher.rate,digital_voucher.rate\n40%,50%\n", "column is named twice"),
        ("digital_voucher.rate,\n40%,\n", "sets nothing"),
        ('digital_voucher.rate\n"40%\n', "broken CSV"),
    ],
)
def test_what_is_wrong_in_a_table_is_told_with_its_line(tmp_path, on, text, said):
    file = tmp_path / "settings.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(InputError) as refused:
        made(of_file(file), on, file)
    assert said in str(refused.value)
