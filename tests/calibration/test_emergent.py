"""What must come out: each check is measured or has its reason, and signs hold in small runs."""

import numpy as np
import pandas as pd
import pytest

from calibration import emergent
from calibration.emergent_arms import ARMS, Arms, equal_worth, treated
from calibration.emergent_measures import PRIORS, Found, both, extra
from calibration.emergent_patterns import PATTERNS
from model import build_population
from model.model import POPULATION_SEED
from scenarios import load
from scenarios.tables import table

ROWS, SEEDS = 2_000, (1, 2)


@pytest.fixture(scope="module")
def population():
    scenario = load(emergent.SCENARIO)
    return build_population(scenario.province, scenario.parameters, ROWS, POPULATION_SEED)


@pytest.fixture(scope="module")
def arms(population):
    return [Arms(seed, population, {}) for seed in SEEDS]


@pytest.fixture(scope="module")
def value(arms):
    """Mean over the seeds of the number of a check, each worked out once."""
    known = {}

    def of(key):
        if key not in known:
            known[key] = [{**PRIORS, **PATTERNS}[key](data) for data in arms]
        return known[key]

    return of


def mean(found, also=None):
    return np.mean([one.value if also is None else one.also[also] for one in found])


def test_every_check_is_measured_or_has_its_reason():
    asked = {row.parameter for row in table("priors") if row.use == "emergent_check"}
    missing = set(emergent.words()["not_measured"])
    assert set(PRIORS) | (missing & asked) == asked
    assert not set(PRIORS) & missing
    assert set(emergent.words()["effects"]) == set(PRIORS)
    assert set(emergent.words()["patterns"]) == set(PATTERNS)


def test_the_halves_of_arms_are_halves_that_do_not_know_of_each_other():
    ids = np.arange(1, 20_001)
    one, other = (treated(ids, 1, name) for name in ("rd_grant", "better"))
    assert one.mean() == pytest.approx(0.5, abs=0.02)
    assert np.corrcoef(one, other)[0, 1] == pytest.approx(0.0, abs=0.03)


def test_the_effect_of_an_arm_is_that_of_the_same_enterprises():
    plain = pd.DataFrame(
        {"id": [1, 2, 3], "year": 2019, "size": 2, "weight": 2.0, "exited": [False, False, True],
         "rd": [1.0, 2.0, 9.0]}
    )  # fmt: skip
    arm = plain.assign(rd=[1.5, 2.0, 4.0])
    two = both(plain, arm)
    assert two["id"].tolist() == [1, 2]
    assert extra(two, "rd") == pytest.approx(1.0)


def test_arms_share_all_but_what_they_set(arms):
    """A year before the grant the arm of the price is the plain one, to the last bit."""
    plain, price = (arms[0][name] for name in ("plain", "price"))
    for name in ("revenue", "capital", "rd", "energy"):
        one, other = (frame.loc[frame["year"] == 2019, name] for frame in (plain, price))
        assert one.to_numpy().tobytes() == other.to_numpy().tobytes()


def test_a_dearer_energy_is_worth_what_the_grant_is_worth():
    p = {"cost_tce": 3000.0, "energy_price": 2000.0}
    rise = equal_worth(p, 0.05)
    saved = sum(rise * 2000.0 / 1.05**year for year in range(1, 11))
    assert saved == pytest.approx(0.2 * 3000.0)


@pytest.mark.parametrize(
    ("key", "low", "high"),
    [
        ("eps_I_price", 0.5, 5.0),
        ("eps_I_interest", 0.0, 0.5),
        ("xi_cf_I", 0.0, 5.0),
        ("add_grant_small", 0.1, 2.0),
        ("add_grant_large", -0.3, 0.6),
        ("eps_E_sr", 0.0, 0.1),
        ("eps_E_lr", 0.05, 0.8),
        ("grant_against_discount", 0.2, np.inf),
        ("grant_small_against_large", 0.05, np.inf),
        ("take_up", 1.5, np.inf),
        ("take_up_by_size", 1.0, np.inf),
        ("take_up_organised", 1.0, np.inf),
        ("reported_against_real", 1.1, np.inf),
        ("relabelling_under_audit", 0.0, 0.6),
        ("misuse_by_reward", 1.3, np.inf),
        ("misuse_under_audit", 0.0, 0.9),
        ("green_against_price", 1.1, np.inf),
        ("displacement", 0.7, 1.6),
        ("voucher_saturates", 0.0, 0.95),
    ],
)
def test_signs_hold_in_small_runs(value, key, low, high):
    assert low < mean(value(key)) < high


def test_take_up_rises_every_year(value):
    path = [mean(value("take_up"), f"in_year_{year}") for year in range(1, 5)]
    assert path == sorted(path)
    assert path[-1] < 0.3


def test_less_is_relabelled_without_reward_and_nothing_where_all_are_audited(value):
    found = value("relabelling_under_audit")
    assert mean(found, "without") > mean(found, "half_audited") > 0.0
    assert mean(found, "all_audited") == pytest.approx(0.0, abs=1e-12)
    # Without the deduction what is left is what holders report up to their notch.
    assert 0.0 <= mean(found, "without_deduction") < mean(found, "without")


def test_supports_that_are_compared_cost_the_same(value):
    assert mean(value("grant_against_discount"), "cost_ratio") == pytest.approx(1.0, abs=0.1)


def test_the_table_and_the_page_are_whole():
    found = [Found(1.0, 10, {"beside": 2.0}), Found(3.0, 12, {"beside": 4.0})]
    keys = dict.fromkeys((*PRIORS, *PATTERNS), found)
    effects, patterns = emergent._effects(keys), emergent._patterns(keys)
    lines = emergent.results(effects, patterns)
    missing = emergent.words()["not_measured"]
    assert set(lines["key"]) == {
        *PRIORS, *PATTERNS, *missing,
    }  # fmt: skip
    assert (lines.loc[lines["kind"].notna(), "value"] == 2.0).all()
    text = emergent.page(effects, patterns)
    for check in (*effects, *patterns):
        assert check.words["title"]["zh"] in text
        assert check.inside == (check.low <= 2.0 <= check.high)
    assert all(f"`{key}`" in text for key in missing)


def test_arms_name_levers_of_their_own():
    assert all(len({lever.id for lever in levers}) == len(levers) for levers in ARMS.values())
