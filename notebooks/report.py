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
# The report of a store. `notebooks.render` runs this notebook once a language; what it shows goes
# to the page, its code does not. Texts stand in `text.yaml`. A store that holds the reference alone
# gives the projection without what the document changes; a part whose runs are missing says so. A
# store of other scenarios says what each changes against its baseline, and leaves out the parts
# that are about the document.

# %% tags=["parameters"]
lang: str = "en"
store: str = "build/report/store"
actuals: str = ""
baseline: str = ""

# %%
# ruff: noqa: D100, E402
from pathlib import Path

from jiqun.experiments import discovery
from jiqun.experiments.best_use.finding import read as read_searches
from jiqun.experiments.effects.comparison_data import read
from jiqun.experiments.emulator import shipped
from jiqun.experiments.sensitivity.arms import GROUPS
from jiqun.notebooks import (
    best_use,
    board,
    brief,
    designs,
    director,
    discovering,
    effects,
    figures,
    first,
    glossary,
    lights,
    money,
    places,
    policy_figures,
    race,
    tables,
    tiles,
    trials,
    what_changes,
    whatif,
)
from jiqun.notebooks.actuals import actuals_table, read_actuals
from jiqun.notebooks.levers import (
    even as levers_even,
)
from jiqun.notebooks.levers import (
    figures as levers_figures,
)
from jiqun.notebooks.levers import (
    page as levers,
)
from jiqun.notebooks.levers import (
    tables as levers_tables,
)
from jiqun.notebooks.record import read_record
from jiqun.notebooks.show import figure, folded, missing, run_command, section, text
from jiqun.notebooks.trust import figures as trust_figures
from jiqun.notebooks.trust import page as trust
from jiqun.notebooks.trust.evidence import AS_ISSUED, HORIZON, PROVINCE, REFERENCE, gather
from jiqun.notebooks.words import Words
from jiqun.notebooks.worlds import (
    ALONE,
    LONG,
    MARKET,
    NO_AWARD,
    REFERENCE_TO_DATE,
    TO_DATE,
    gather_worlds,
)

words = Words("zh" if lang == "zh" else "en", marked=True)
worlds = gather_worlds(Path(store))
pairs = len(worlds.difference("value_added", PROVINCE))
compared = pairs > 0
asked = what_changes.gather_asked(Path(store), baseline or None, apart=compared)
document = compared or asked.subject is None
evidence = gather(Path(store), None if document else asked.subject)
with_document = compared or what_changes.holds_document(Path(store), evidence.scenario)
paid = money.gather_paid(worlds.results)
ledger = None if paid is None else money.gather_money(worlds.results, paid)
record = read_record()
ranked = levers.gather_levers(Path(store))
even = levers_even.read()
later = read_actuals(Path(actuals)) if actuals else ()

# %%
text(what_changes.said_of_runs(asked, words))
if not document:
    text(words("change_cover") if asked.changes else tables.cover(evidence, words))
    for place, change in enumerate(asked.changes):
        section(words("change_title" if place == 0 else "change_also"))
        for part in what_changes.whole(change, words):
            text(part)
    section(words("not_title"), level=3)
    text(what_changes.not_meant(asked, evidence.scenario, words))
    text(trust.sentence(record, words))
elif compared:
    judged = lights.lights(worlds, words)
    options = director.options(Path(store))
    cities = places.gather_places(Path(store), paid)
    text('<div class="brief">')
    text(first.question(worlds, words))
    if not worlds.joint:
        text(words("effects_seeds"))
    text(f"**{words('brief_tiers_title')}**")
    text(director.tiers_table(worlds, places.population_of(worlds.results)[0], words))
    if ledger is not None:
        text(money.cost_sentence(ledger, words))
    text(f"**{words('brief_targets_title')}**")
    text(brief.targets(judged, words))
    if ranked is not None and ranked.current:
        text(f"**{words('brief_levers_title')}**")
        text(brief.levers_table(ranked, words))
    if options is not None:
        text(f"**{words('brief_options_title')}**")
        text(brief.options_table(options, words))
        text(brief.options_note(options, words))
    text(f"**{words('brief_city_title')}**")
    text(brief.cities(cities, words))
    text(f"**{words('brief_doubts_title')}**")
    text(brief.doubts(worlds, record, words))
    text(f"**{words('brief_decide_title')}**")
    text(brief.decisions(judged, ranked, options, words))
    text(words("brief_source"))
    text("</div>")
    text(words("cover_compared"))
    text(words("director_way"))
    section(words("q_tiers"), level=3, name="q-tiers", source="runs")
    text(words("director_tiers_text", year=HORIZON))
    text(first.on_money(worlds, ledger, words))
    section(words("q_targets"), level=3, name="q-targets", source="targets")
    text(lights.sentence(judged, words))
    text(director.targets_table(judged, words))
    text(director.not_judged(words))
    text(words("digital_note"))
    section(words("q_levers"), level=3, name="q-levers", source="levers")
    if ranked is None:
        text(words("director_no_levers"))
    else:
        if ranked.current:
            draws = levers.draws_of(director.first_five(ranked), words)
            text(words("director_levers_text", year=ranked.facts["year"], draws=draws))
            text(director.unpaid(ranked, words))
        text(first.levers_answer(ranked, words))
    section(words("q_options"), level=3, name="q-options", source="designs")
    text(words("director_no_options") if options is None else director.options_text(options, words))
    section(words("q_city"), level=3, name="q-city", source="runs")
    if cities is None:
        text(words("no_city"))
    else:
        if tiles.has_tiles():
            figure(tiles.tile_map(cities, words), words("map_alt"))
            text(words("map_note"))
        else:
            text(places.index_table(cities, words, "cities.html"))
        text(words("city_way"))
    section(words("director_decide_title"), level=3)
    text(director.decisions(worlds, ranked, options, words))
    section(words("doubts_title"), level=3)
    text(first.doubts(worlds, evidence, words))
    section(words("director_rests_title"), level=3)
    text(director.rests_on(record, words))
    text(trust.sentence(record, words))
    section(words("not_title"), level=3)
    text(tables.bullets(tables.not_meant(words)))
else:
    text(tables.cover(evidence, words))
    section(words("summary_title"))
    if evidence.joint == "seeds":
        text(words("seeds_only"))
    text(tables.summary(evidence, words))
    text(trust.sentence(record, words))
    section(words("not_title"), level=3)
    text(tables.bullets(tables.not_meant_alone(evidence.scenario, words)))

# %%
if document:
    section(words("effects_title"))
if compared:
    text(words("effects_text", pairs=pairs))
    text(effects.effects_table(worlds, words))
    figure(policy_figures.forest(worlds, words), words("forest_alt"))
    text(words("forest_note"))
    for group in effects.DETAIL:
        text(effects.detail_table(worlds, words, group))
    text(words("detail_note"))
    if displaced := effects.displaced_table(worlds, words):
        section(words("displaced_title"), level=3)
        text(words("displaced_text"))
        text(displaced)
    section(words("width_title"), level=3)
    widths = effects.width_table(worlds, words)
    text(words("width_text") if widths else words("width_missing"))
    text(widths)
    text(effects.enough(worlds, words))
    if others := first.package_table(words):
        section(words("package_title"), level=3, source="effects")
        text(words("package_text"))
        text(others)
    section(words("findings_title"), level=3)
    text(first.findings(worlds, ledger, words))
elif document:
    missing(worlds, words, AS_ISSUED, REFERENCE)

# %%
if document and asked.changes:
    section(words("change_also"))
    for change in asked.changes:
        for part in what_changes.whole(change, words):
            text(part)

# %%
if document:
    section(words("way_title"), level=3)
if not document:
    pass
elif worlds.missing(MARKET, REFERENCE, ALONE, AS_ISSUED):
    missing(worlds, words, MARKET, REFERENCE, ALONE, AS_ISSUED)
else:
    text(words("way_text"))
    for place, name in enumerate(effects.WATERFALL):
        drawn = policy_figures.waterfall(worlds, words, name)
        if place == 0:
            figure(drawn, words("way_alt", outcome=words.label(name)))
        else:
            label = words.label(name)
            folded(words("way_more", outcome=label), drawn, words("way_alt", outcome=label))
        text(f"**{words.headed(name)}**")
        text(effects.way_table(worlds, words, name))

# %%
if document:
    section(words("board_title"), source="targets")
if document and board.runs_of(worlds):
    text(words("board_text", runs=board.runs_of(worlds)))
    text(f'<div class="board">\n\n{board.board_table(worlds, words)}\n\n</div>')
    text(words("departments_note"))
    section(words("yearly_title"), level=3)
    text(words("yearly_text"))
    text(f'<div class="board">\n\n{board.yearly_table(worlds, words)}\n\n</div>')
    section(words("counts_title"), level=3)
    text(words("counts_text"))
    text(board.counts_table(worlds, words))
elif document:
    text(words("board_missing"))
if document:
    section(words("quota_title"), level=3, source="document")
    text(words("quota_text"))
    text(board.quota_table(worlds, words))
    section(words("plan_title"), level=3, source="document")
    text(words("plan_text"))
    text(f'<div class="plan">\n\n{board.plan_table(words)}\n\n</div>')

# %%
if document:
    section(words("clusters_title"), source="clusters")
horses = race.gather_race(worlds)
if not document:
    pass
elif worlds.missing(AS_ISSUED):
    missing(worlds, words, AS_ISSUED)
elif horses is None:
    text(words("clusters_missing"))
else:
    text(words("clusters_text", county=race.named_county()))
    text(race.clusters_table(horses, words))
    naive = race.before_after_table(horses, words)
    if naive:
        section(words("naive_title"), level=3, source="runs")
        text(words("naive_text"))
        text(naive)

# %%
if document:
    section(words("money_title"))
if not document:
    pass
elif not compared:
    missing(worlds, words, AS_ISSUED, REFERENCE)
elif ledger is None:
    text(words("money_missing"))
else:
    text(words("money_text", unit=words.money_unit))
    text(money.year_table(ledger, words))
    figure(policy_figures.by_year(ledger, words), words("money_alt"))
    text(f"**{money.county_sentence(ledger, words)}**")
    section(words("money_tier_title"), level=3)
    text(words("money_tier_text", unit=words.money_unit))
    text(money.tier_table(ledger, words))
    text(money.city_table(ledger, words))
    section(words("envelope_title"), level=3)
    text(money.envelope_table(ledger, words))
    section(words("bearer_title"), level=3)
    text(words("bearer_text", unit=words.money_unit))
    text(money.bearer_table(ledger, words))
    section(words("bridge_title"), level=3)
    text(words("bridge_text", unit=words.money_unit))
    text(f'<div class="bridge">\n\n{money.bridge_table(ledger, words)}\n\n</div>')
    section(words("payer_title"), level=3)
    text(words("payer_text", unit=words.money_unit))
    text(money.payer_table(ledger, words))
    section(words("award_title"), level=3)
    if worlds.missing(NO_AWARD):
        missing(worlds, words, NO_AWARD)
    else:
        text(words("award_text"))
        text(money.document_sums(words))
        text(money.award_table(worlds, ledger, words))

# %%
compared_designs = read(Path(store))
if document or compared_designs is not None:
    section(words("designs_title"), source="designs")
if compared_designs is None and not document:
    pass
elif compared_designs is None:
    command = f"jiqun compare {Path(store).name} --baseline {AS_ISSUED} --equal-cost"
    text(words("designs_missing", command=command))
else:
    text(designs.made(compared_designs, words, Path(store).name))
    for envelope in designs.envelopes_of(compared_designs):
        section(words.name("envelopes", envelope), level=3)
        text(designs.answer(compared_designs, words, envelope))
        text(designs.summary_table(compared_designs, words, envelope))
    figure(designs.forest(compared_designs, words), words("designs_alt"))
    text(designs.reading(compared_designs, words))
    text(words("designs_more"))

# %%
searches = read_searches(Path(store))
if searches:
    section(words("use_title"), source="search")
    for search in searches:
        section(search["label"][words.lang], level=3)
        text(best_use.stands_on(search, words))
        text(f"**{best_use.answer(search, words)}**")
        text(best_use.simplest(search, words))
        text(best_use.robust_sentence(search, words))
        text(f"**{best_use.worth_sentence(search, words)}**")
    text(words("use_more"))

# %%
if document:
    section(words("levers_title"), name="levers", source="levers")
if not document:
    pass
elif ranked is None:
    command = f"jiqun sensitivity SPEC.yaml --out {Path(store).name}"
    text(words("levers_missing", command=command))
else:
    text(words("levers_question"))
    text(levers.made(ranked, words, Path(store).name))
    text(levers.sentences(ranked, words))
    text(
        words(
            "levers_front_text",
            outcome=levers.outcome_name(ranked.main, words),
            year=ranked.facts["year"],
        )
    )
    text(levers_tables.front_table(ranked, words))
    section(words("levers_reading_title"), level=3)
    text(levers_tables.reading(ranked, words))
    section(words("levers_heat_title"), level=3)
    text(levers_tables.heat_text(ranked, words))
    figure(levers_figures.heat(ranked, words), words("levers_heat_alt"))
    if even is not None:
        section(words("levers_even_title"), level=3)
        for group in GROUPS:
            text(levers_even.sentence(even, words, group))
    text(words("levers_more"))

# %%
if document:
    section(words("whatif_title"), name="whatif-title", source="whatif")
    emulator = shipped()
    if emulator is None:
        text(words("whatif_missing"))
    else:
        text(words("whatif_text", year=emulator.year))
        text(f'<div class="whatif-without">\n\n{words("whatif_without")}\n\n</div>')
        text(whatif.block(emulator, words))

# %%
where_missed = discovery.read(Path(store))
if where_missed is not None:
    section(words("discover_title"))
    text(discovering.section(where_missed, words))

# %%
if document:
    section(words("long_title"))
if not document:
    pass
elif not compared:
    missing(worlds, words, AS_ISSUED, REFERENCE)
elif worlds.last_year(AS_ISSUED, REFERENCE) < LONG:
    command = run_command(worlds.results, REFERENCE, AS_ISSUED, "--until", str(LONG))
    text(words("long_missing", last=LONG, command=command))
else:
    text(words("long_text", last=LONG))
    figure(policy_figures.long_run(worlds, words), words("long_alt"))
    text(effects.long_table(worlds, words))

# %%
if document:
    section(words("later_title"))
if not document:
    pass
elif worlds.missing(REFERENCE_TO_DATE, TO_DATE):
    missing(worlds, words, REFERENCE_TO_DATE, TO_DATE)
else:
    text(words("later_text"))
    text(effects.later_table(worlds, words))

# %%
if later:
    section(words("actuals_title"), source="later")
    text(words("actuals_text", file=f"`{Path(actuals).name}`"))
    figure(figures.later(evidence, words, later), words("actuals_alt"))
    text(actuals_table(evidence, later, words))

# %%
section(words("tiers_title"))
if compared or not document:
    text(tables.summary(evidence, words))
text(words("tiers_text", triples=evidence.count(evidence.joint)))
figure(
    policy_figures.province(evidence, worlds, words, tables.PROVINCE_PATHS, later),
    words("province_alt" if compared else "province_alone_alt"),
)
if compared:
    text(words("province_text"))
for group, outcomes in tables.GROUPS.items():
    name = words.name("groups", group)
    section(name, level=3)
    text(words.name("group_notes", group))
    text(tables.tier_table(evidence, words, outcomes))
    figure(figures.tiers(evidence, words, outcomes, later), words("tiers_alt", group=name))

# %%
section(words("assumed_title"), level=3)
text(words("assumed_text"))
text(tables.assumed_table(evidence, words))

# %%
section(words("trust_title"), name="trust", source="record")
text(words("trust_text"))
text(trust.glance_table(record, words))
text(tables.bullets(words.lines("trust_reading")))
section(words("trust_fit_title"), level=3)
text(trust.fit_text(record, evidence, words))
if len(record.fitted):
    figure(trust_figures.fit(record, words), words("trust_fit_alt"))
    text(words("trust_fit_note"))
    misfits = trust.misfit_table(record, words)
    if misfits:
        text(words("misfit_text"))
        text(f'<div class="facts">\n\n{misfits}\n\n</div>')

# %%
section(words("trust_skill_title"), level=3)
if record.skill is None:
    text(trust.missing("skill", words))
else:
    text(trust.skill_text(record.skill, words))
    figure(trust_figures.forecasts(record.skill, words), words("trust_skill_alt"))
    text(words("trust_skill_note"))
    text(trust.improved_text(record.skill, words))
    text(words("trust_pseudo"))
    text(tables.bullets(trust.hindsight(record.skill, words)))

# %%
section(words("trust_facts_title"), level=3)
text(trust.facts_text(record, words))
if len(record.must):
    text(f'<div class="facts">\n\n{trust.facts_table(record, words)}\n\n</div>')
    if record.pictures is not None:
        figure(trust_figures.facts(record.pictures, words), words("trust_facts_alt"))

# %%
section(words("trials_title"), level=3)
if record.trials is None:
    text(trust.missing("trials", words))
else:
    text(trials.headline(record.trials, evidence, words))
    text(trials.uncounted(record.trials, words))
    figure(trials.picture(record.trials, words), words("trials_alt"))
    text(words("trials_note", draws=record.trials.draws))
    for key, counted in (("trials_misses", True), ("trials_others", False)):
        missed = trials.misses(record.trials, words, counted=counted)
        if missed:
            text(words(key))
            text(missed)
    text(f'<div class="trials">\n\n{trials.trials_table(record.trials, words)}\n\n</div>')

# %%
section(words("trust_unseen_title"), level=3)
text(trust.unseen_text(record, words))
if record.parameters is not None:
    figure(trust_figures.seen(record, words), words("trust_seen_alt"))
text(trust.effect_text(record, worlds, words))
text(tables.bullets(trust.checks(record, words)))
text(words("trust_more"))

# %%
section(words("fit_title"), source="published")
text(words("fit_text"))
figure(figures.against_published(evidence, words), words("fit_alt"))
text(words("fit_table"))
text(tables.published_table(evidence, words))
text(words("start_note"))

# %%
section(words("county_title"), level=3)
text(words("county_text"))
text(tables.county_table(evidence, words))

# %%
section(words("sources_title"))
if evidence.shares("value_added"):
    text(words("sources_text"))
    figure(figures.sources(evidence, words, tables.SOURCED), words("sources_alt"))
    text(tables.sources_table(evidence, words))
    text(tables.luck(evidence, words))
else:
    text(words("sources_missing"))

# %%
section(words("assumptions_title"), source="inputs")
text(words("assumptions_data"))
text(tables.basis_table(words))
text(words("assumptions_parameters"))
text(tables.parameters_table(words))
section(words("assumed_list_title"), level=3)
text(tables.bullets(words.lines("assumed_list")))
if with_document:
    section(words("policy_list_title"), level=3)
    text(tables.bullets(words.lines("policy_list")))
section(words("missing_title"), level=3)
text(tables.bullets(tables.missing_of(evidence.scenario, words, document=with_document)))
text(tables.residual(evidence, words))

# %%
section(words("glossary_title"), source="terms")
text(glossary.glossary_table(words))

# %%
section(words("footer_title"))
text(tables.provenance_table(evidence, words, Path(store).name, worlds.counts()))
