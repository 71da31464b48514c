"""What each lever moves first, and how much that has to be: rows of `test_first_hop_sizes.py`."""

from dataclasses import replace
from importlib import import_module

import numpy as np

from jiqun.model import quarter
from jiqun.model.dimensions import ENERGY_FIELD
from jiqun.model.economy import energy, network, plans
from jiqun.model.economy.unit_cost import energy_per_revenue
from jiqun.model.innovation import audit, digital, research
from jiqun.model.policy import awareness, eligibility, permits, promotion
from jiqun.model.randomness import uniform
from tests.model.policy import fork, having, lacking, run_to, setting, stage

INVEST = stage("investment and finance")


def part(m, lever, usual=1.0):
    """Part of a lever that reaches each enterprise, worked out anew, shape (rows,).

    All who are eligible claim, or a usual share of them: by their own place between 0 and 1, which
    has to lie under what offices deliver of a new measure. Without claims all have that part.
    """
    e, delivered = m.enterprises, np.ones(len(m.enterprises))
    if lever.origin == "document_55":
        office = "province" if lever.grants and "province" in lever.paid_by else "city"
        planned = np.array([*(cluster.plan for cluster in m.clusters), False])
        raised = m.lever_value("implementation_capacity", office) * planned[e.cluster]
        delivered = np.minimum(m.parameters["delivery_base"] + raised, 1.0)
        assert 0.0 < delivered.min() < 1.0
    if "take_up_full" in lever.terms or lever.usual_take_up:
        delivered = e.lasting_draw(m.seed_of_run, f"claims {lever.id}") < usual * delivered
    return eligibility.eligible(lever, e, lever.start) * delivered


class Pair:
    """Two models at a stage of 2025-Q1, with a lever and without it, and what was asked of rules.

    Attributes:
        lever: The lever as set.
        size: Size of the term that is looked at.
        one: The model with the lever.
        other: The model without it.
    """

    def __init__(self, base, monkeypatch, lever, size, last="costs and taxes"):
        self.lever, self.size, self.monkeypatch = lever, size, monkeypatch
        of = lacking(base.policy, "leader_supplier_matching")
        of = setting(of, "special_funds", yearly=1e13)
        self.one = fork(base, having(of, lever))
        self.other = fork(base, lacking(of, lever.id))
        for model in (self.one, self.other):
            model.banks.credit = 1e16  # what one borrows more no other has to do without
            # A cheaper loan is asked for more: that is the second hop.
            model.parameters = {**model.parameters, "interest_elasticity": 0.0}
            if last:
                run_to(model, last)

    def watch(self, run, *rules):
        """Run something of both models, and note what rules are asked.

        Returns:
            By rule, with the lever and without it, each call: arguments, result, columns before.
        """
        calls = {rule: ([], []) for rule in rules}
        for i, model in enumerate((self.one, self.other)):
            with self.monkeypatch.context() as patch:
                for rule in rules:
                    module, _, name = rule.rpartition(".")
                    given = getattr(import_module(f"jiqun.model.{module}"), name)

                    def noted(*args, seen=calls[rule][i], given=given, m=model, **named):
                        columns = m.enterprises.columns.items()
                        before = {key: values.copy() for key, values in columns}
                        result = given(*args, **named)
                        seen.append((args, result, before))
                        return result

                    patch.setattr(f"jiqun.model.{rule}", noted)
                run(model)
        return calls[rules[0]] if len(rules) == 1 else [calls[rule] for rule in rules]

    def gain(self, column):
        return getattr(self.one.enterprises, column) - getattr(self.other.enterprises, column)

    @property
    def part(self):
        return part(self.one, self.lever)


# What is looked at: what moved and what is expected, shape (rows,) --------------------------------


def limit(pair):
    """Room under the borrowing limit: a share of the limit."""
    asks, limits = pair.watch(
        INVEST, "economy.finance.within_limit", "economy.finance.borrowing_limit"
    )
    room = asks[0][0][0][1] - asks[1][0][0][1]
    return room, pair.size * pair.part * limits[1][0][1]


def rate(pair):
    """Interest rate: less by the discount."""
    for model in (pair.one, pair.other):
        INVEST(model)
    free = pair.one.enterprises.rate > 0.0051
    return -pair.gain("rate")[free], (pair.size * pair.part)[free]


def working(pair):
    """Short loans: what buyers of the chain owe is lent on, at the speed of short loans."""
    with_it, without = pair.watch(INVEST, "economy.credit.lend")
    (_, lent, _), (_, usually, before) = with_it[0], without[0]
    p = pair.one.parameters
    usual, speed = p["short_share"] * before["expected_revenue"], p["working_speed"]
    asked = speed * (usual - before["debt_short"])
    free = np.isclose(usually.short, asked, rtol=1e-12, atol=1e-6)
    return (lent.short - usually.short)[free], (speed * pair.size * pair.part * usual)[free]


def repaid(pair):
    """Long loans that fall due in the quarter: over a longer term."""
    with_it, without = pair.watch(INVEST, "economy.credit.lend")
    owed, term = without[0][2]["debt_long"], 4.0 * pair.one.parameters["loan_term"]
    fell = without[0][0][3] - with_it[0][0][3]
    return fell, owed / term - owed / (term + pair.size * pair.part)


def covered(pair):
    """Loans a guarantor bears a part of: that part of what is drawn."""
    with_it, _ = pair.watch(INVEST, "economy.credit.lend")
    e = pair.one.enterprises
    drawn = e.debt_long - with_it[0][2]["debt_long"] + with_it[0][0][3] - with_it[0][1].bridged
    return e.debt_covered, pair.size * pair.part * drawn


def stage_cost(pair):
    """Cost of a digital stage, at those who think of one."""
    rows = []
    for model in (pair.one, pair.other):
        e, p, t = model.enterprises, model.parameters, model.quarter
        hazard = digital.consideration(
            p["p_ext"], p["q_peer"], model.peer_share(e.digital_stage >= 1)
        )
        thinks = uniform(model.seed_of_run, "digital thought", e.id, t) < hazard
        rows.append(np.flatnonzero(thinks & (e.digital_stage < 4)))
    assert np.array_equal(*rows)
    asks = pair.watch(plans.digital_stage, "innovation.digital.worth_it")
    fell = 1.0 - asks[0][0][0][1] / asks[1][0][0][1]
    return fell, (pair.size * pair.part)[rows[0]]


def interest(pair):
    """Own interest in a digital stage."""
    asks = pair.watch(plans.digital_stage, "innovation.digital.consideration")
    return asks[0][0][0][0] / asks[1][0][0][0] - 1.0, pair.size * pair.part


def taken_up(pair):
    """Productivity from the knowledge of others, in the quarter."""
    for model in (pair.one, pair.other):
        INVEST(model)
    start, asks = (
        pair.gain("productivity"),
        pair.watch(research.innovate, "innovation.innovation.log_gain"),
    )
    _, spill, before = asks[0][1]
    p = pair.one.parameters
    without = np.where(before["rd_active"], 1.0, p["absorb_without"])
    absorb = np.where(before["rd_institution"], p["absorb_institution"], without)
    counted = np.clip(spill, -p["spill_most"], p["spill_most"])
    usual = pair.one.on_productivity("spill_RD") * absorb * counted
    return pair.gain("productivity") - start, pair.size * pair.part * usual


def shared_research(pair):
    """R&D that knowledge pools take over from members of the field in other cities."""
    INVEST(pair.one)
    m, e, served = pair.one, pair.one.enterprises, pair.part
    real = e.rd / m.markets.price_level
    own = np.bincount(e.pool, e.weight * real, m.places.number_of_pools)
    found = research._from_other_cities(m, real, own)
    expected = np.zeros(m.places.number_of_pools)
    for pool in np.unique(e.pool):
        mine = e.pool == pool
        field, city = e.field[mine][0], e.city[mine][0]
        rivals = (e.field == field) & (e.city != city) & (served > 0.0)
        elsewhere = min(e.weight[rivals] @ real[rivals], own[pool])
        brought = np.average(served[mine], weights=np.maximum(e.weight[mine], 1e-9))
        expected[pool] = pair.size * brought * elsewhere
    return found, expected


def refused(pair):
    """Who is refused new plant."""
    e = pair.one.enterprises
    place = e.lasting_draw(pair.one.seed_of_run, f"permit {pair.lever.id}")
    heavy = energy.per_value_added(e) > pair.one.lever_value(pair.lever.id, "intensity")
    return permits.restricted(pair.one), (place < pair.size * pair.part) & heavy


def surcharge(pair):
    """Unit cost: more by a share of the cost of energy over revenue."""
    m = pair.one
    price = energy.price(m.parameters["energy_price"], m.energy_rise, m.markets.price_level)
    return pair.gain("unit_cost"), pair.size * pair.part * price * energy_per_revenue(m)


def dear_technique(pair):
    """Price of energy that new plant is built for."""
    asks = pair.watch(INVEST, "economy.energy.technique")
    rise = [np.broadcast_to(calls[0][0][3], len(pair.one.enterprises)) for calls in asks]
    return rise[0] / rise[1] - 1.0, pair.size * pair.part


def audited(pair):
    """Chance that an enterprise is audited in a year."""
    chance = np.broadcast_to(audit.chance(pair.one), len(pair.one.enterprises))
    return chance, pair.size * eligibility.eligible(
        pair.lever, pair.one.enterprises, pair.lever.start
    )


def let_off(pair):
    """Value added tax let off: a share of input tax, up to the tax itself."""
    run = stage("costs and taxes")
    books = [calls[0][1] for calls in pair.watch(run, "economy.taxes.Accounts")]
    m, p = pair.one, pair.one.parameters
    input_tax = m.lever_value("vat_rate", "rate") * p["input_tax_share"]
    input_tax = input_tax * (books[0].materials + books[0].energy_cost)
    # The energy industry is no manufacturer; a share of the eligible claims.
    claims = eligibility.eligible(pair.lever, m.enterprises, m.quarter) * p["vat_take_up"]
    claims *= awareness.knows(m, pair.lever) * (m.enterprises.field != ENERGY_FIELD)
    fell = books[0].other_income - books[1].other_income
    return fell, np.minimum(pair.size * claims * input_tax, books[1].vat)


def stakes(pair):
    """Cash from guidance funds: a share of plant up to the cap, as far as the year's sum goes."""
    m, lever = pair.one, pair.lever
    e, t = m.enterprises, m.quarter
    asks = part(m, lever, m.parameters["grant_take_up"])
    wanted = asks * np.minimum(pair.size * e.capital, lever.value("cap", t))
    short = lever.value("yearly", t) / float(e.weight @ wanted)
    assert short < 1.0
    return pair.gain("cash"), short * wanted


def more_titles(pair):
    """Rise of the rates at which the eligible apply for titles."""
    for model in (pair.one, pair.other):
        model.run_for(3)
        run_to(model, "exit")
    served = pair.part
    asks = pair.watch(quarter.year_end, "innovation.titles.award_titles")
    rise = [np.broadcast_to(calls[0][0][5], len(served)) for calls in asks]
    return rise[0] - rise[1], pair.size * served


def brand(pair):
    """Appeal of those chosen, of whom there are as many as are delivered."""
    raised = pair.gain("brand")
    won = raised != 0.0
    _as_many_as_delivered(pair, won)
    e, sigma1 = pair.one.enterprises, pair.one.parameters["sigma"] - 1.0
    # So much more is sold at the prices of others, at most a quarter of all the maker sells.
    more = np.clip(pair.size / e.expected_revenue, -0.25, 0.25)
    return raised[won], (np.log1p(more) / sigma1)[won]


def staff_trained(pair):
    """Share of staff trained after a quarter: a quarter of the places of the year."""
    for model in (pair.one, pair.other):
        research.innovate(model)
    return pair.gain("trained"), 0.25 * pair.size * pair.part


def _as_many_as_delivered(pair, won):
    e, lever = pair.one.enterprises, replace(pair.lever, terms={}, usual_take_up="")
    able = e.rd_active & (e.last_rd_reported > 0.0) & eligibility.eligible(lever, e, lever.start)
    brought = np.average(part(pair.one, lever)[able], weights=e.weight[able])
    number = pair.lever.value("projects", pair.one.quarter) * brought
    # The row on the edge has its place by lot.
    assert abs(e.weight @ won - number) <= e.weight[won].max()
    assert not np.any(won & ~able)


def formed(pair, served=None):
    """Suppliers who form a link with a leader, of those who looked at one."""
    served = pair.part if served is None else served
    looks, made = pair.watch(network.form_links, "economy.network.choose", "economy.network.merged")
    (_, s, rows, seed, t), leader, _ = looks[0][0]
    p, e = pair.one.parameters, pair.one.enterprises
    chance = p["link_ending"] / 4.0 * s.sought[rows]
    raised = 1.0 + pair.size * served[leader] / p["link_ending"]
    look = uniform(seed, "look for a leader", e.id[rows], t)
    new = rows[look < chance * raised]
    usual = rows[look < chance]
    assert len(new) > len(usual) > 0
    return made[0][0][0][2][0], new


def formed_by_bodies(pair):
    """As `formed`, with leaders of clusters that have a promotion body."""
    body = np.array([*(cluster.promotion_body for cluster in pair.one.clusters), False])
    e = pair.one.enterprises
    return formed(pair, pair.part * body[e.cluster])


def additional_plants(pair):
    """Plants a year that would not have come to the province."""
    m, p = pair.one, pair.one.parameters
    found = (
        promotion.campaign(m).with_plants(p, m.quarter)["plants_per_year"] - p["plants_per_year"]
    )
    hosts = [m.clusters[number] for number in m.places.pools[:, 0] if number >= 0]
    plans_of = [host.plan for host in hosts if host.tier in pair.lever.groups(m.quarter)["tier"]]
    raised = m.lever_value("implementation_capacity", "city") * np.array(plans_of)
    brought = np.minimum(p["delivery_base"] + raised, 1.0).mean()
    plants = pair.lever.value("plants", m.quarter) * brought
    return np.array([found]), np.array([pair.size * plants])
