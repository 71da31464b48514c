"""Commands started where little is as it should be."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jiqun.experiments import Results
from jiqun.scenarios.language import LOCALE, VARIABLE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
MINE = """\
name: mine
label: {zh: 奖补加倍, en: Award doubled}
baseline: as_issued
levers:
  - id: cluster_award
    from: 2024-Q1
    times: 2
"""
FEW_HANDLES = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
from jiqun.cli import main
main()
"""


def started(code, arguments, folder, **environment):
    """A process that has no terminal, no home and no locale."""
    gone = ("HOME", "JIQUN_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", VARIABLE, *LOCALE)
    kept = {name: value for name, value in os.environ.items() if name not in gone}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=folder,
        env=kept | {"LC_ALL": "C", "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_a_batch_without_home_in_gbk_with_few_handles_on_an_odd_path_through_a_link(tmp_path):
    folder = tmp_path / '试 验\'s "q" 100%'
    (folder / "库").mkdir(parents=True)
    (folder / "链 接").symlink_to("库")
    (folder / "我的 情景.yaml").write_text(MINE, "utf-8")
    line = ("--lang", "zh", "run", "我的 情景.yaml", "--seeds", "2", "--rows", "1100")
    more = ("--until", "2020", "--workers", "2", "--out", "链 接", "--json")
    process = started(FEW_HANDLES, (*line, *more), folder, PYTHONIOENCODING="gbk", TERM="dumb")
    out, said = (text.decode("gbk") for text in process.communicate())
    assert process.returncode == 0, said
    assert json.loads(out)["made"] == 2
    assert "提示" in said
    assert "Traceback" not in said
    assert len(Results(folder / "库").runs()) == 2


@pytest.mark.parametrize("command", ["outcomes", "levers"])
def test_a_reader_that_leaves_ends_a_command_quietly(tmp_path, command):
    process = started("from jiqun.cli import main; main()", (command, "--json"), tmp_path)
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait() in (0, 1)
    assert b"Traceback" not in said
    assert b"BrokenPipe" not in said
