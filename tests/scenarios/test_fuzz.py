"""Whatever a file holds, reading it ends in a scenario or in one clear refusal."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jiqun.scenarios import check

SOUND = """name: trial
label: {zh: 试, en: Trial}
baseline: without_document_55
end: 2025-Q4
levers:
  - id: digital_subsidy_2021_2023
    from: 2022-Q1
    to: 2027-Q4
    who: {tier: [provincial, county]}
    rate: {value: 40, unit: "%"}
    cap: [{from: 2022-Q1, value: 40, unit: 万元}]
    budget: {value: 2, unit: 亿元, per: year, first: score}
    take_up: {start: 0.25, full: 0.6, years: 3}
    instalments: [0.4, 0.6]
outside: {demand_growth: {path: low}}
""".encode()

PIECES = st.sampled_from(
    (
        *("", ":", "- ", "[", "{", "}", "!", "&a ", "*a", "#", "'", '"', "|", ">", "?", "%"),
        *(".nan", "~", "null", "1e400", "<<: ", "---", " ", "\n", "\t", "\x00", "\x80"),
    )
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    start=st.integers(0, len(SOUND)),
    length=st.integers(0, 12),
    piece=PIECES.map(str.encode) | st.binary(max_size=4),
)
def test_damaged_files_are_refused_or_read(tmp_path_factory, start, length, piece):
    path = tmp_path_factory.mktemp("fuzz") / "trial.yaml"
    path.write_bytes(SOUND[:start] + piece + SOUND[start + length :])
    for error in check(path):
        assert "\n" not in str(error)
        assert str(error).startswith(str(path))
