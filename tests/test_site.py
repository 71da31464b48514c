"""The site: every page is in it, it is built without a warning, and it asks no network."""

import re
import runpy
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
INDEX = (DOCS / "index.md").read_text("utf-8")
ENGLISH = re.compile(r"[\s>\"](?:Search|Next|Previous|Home|On this page|Back to top)[\s<\"]")
"""Buttons of the theme as an English page has them."""
LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)[^)]*\)")


def test_every_page_is_listed_once():
    trees = "".join(re.findall(r"```{toctree}\n(.*?)```", INDEX, re.DOTALL))
    listed = [f"{line}.md" for line in trees.split() if not line.startswith(":")]
    listed = [name for name in listed if (DOCS / name).is_file()]
    assert sorted([*listed, "index.md"]) == PAGES


@pytest.mark.parametrize("page", PAGES)
def test_links_of_a_page_lead_to_files_that_are_there(page):
    path = DOCS / page
    targets = LINK.findall(re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL))
    lost = [name for name in targets if ":" not in name and not (path.parent / name).exists()]
    assert lost == []


def test_pages_in_two_languages_link_to_each_other():
    chinese = [name for name in PAGES if name.endswith(".zh.md")]
    assert len(chinese) >= 4
    for name in chinese:
        other = name.replace(".zh.md", ".md")
        assert f"]({name})" in (DOCS / other).read_text("utf-8")
        assert f"]({other})" in (DOCS / name).read_text("utf-8")


def test_the_menu_of_chinese_pages_names_pages_that_are_there():
    menu = runpy.run_path(str(DOCS / "conf.py"))["CHINESE_MENU"]
    named = [f"{name}.md" for pages in menu.values() for name in pages]
    assert len(named) == len({*named})
    assert {name for name in PAGES if name.endswith(".zh.md")} <= {*named} <= {*PAGES}


def test_chinese_paragraphs_are_one_line():
    """A line end inside one would be shown as a space."""
    for name in (name for name in PAGES if name.endswith(".zh.md")):
        text = (DOCS / name).read_text("utf-8")
        assert re.findall("[\u3001-\u9fff\uff00-\uffef]\n[\u3001-\u9fff].*", text) == [], name


class Loaded(HTMLParser):
    """What a page has a browser load."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        named = {"script": "src", "img": "src", "link": "href", "iframe": "src"}.get(tag)
        if named and given.get(named) and given.get("rel") != "canonical":
            self.found.append(given[named])


@pytest.mark.slow
def test_it_is_built_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path):
    pytest.importorskip("sphinx")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    done = subprocess.run(
        [*command, "-d", tmp_path / "trees", DOCS, tmp_path / "site"],
        cwd=DOCS.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for page in PAGES:
        built = (tmp_path / "site" / page).with_suffix(".html")
        loaded = Loaded()
        loaded.feed(built.read_text("utf-8"))
        assert loaded.found
        assert [name for name in loaded.found if "//" in name] == []
        # Buttons and menu are in the language of the page; a neighbour is too.
        text = built.read_text("utf-8")
        chinese = page.endswith(".zh.md")
        assert ('lang="zh-CN"' in text) == chinese
        assert ('placeholder="搜索"' in text, "开始</span>" in text) == (chinese, chinese)
        assert not chinese or not re.search(
            r"[\s>](?:Search|Next|Previous|On this page)[\s<]", text
        )
        for other in re.findall(r'rel="(?:next|prev)" title="[^"]*" href="([^"]+)"', text):
            assert other.endswith(".zh.html") == chinese, page
    for style in (tmp_path / "site").rglob("*.css"):
        assert not re.search(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", style.read_text("utf-8"))
    assert "class" in (tmp_path / "site" / "api.html").read_text("utf-8")
