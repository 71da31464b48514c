"""The version: one in all files that name it, and described in the changelog."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
HEADS = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
RELEASE = re.compile(r"(\d+)\.(\d+)\.(\d+)(?: \((\d{4}-\d{2}-\d{2})\))?")


def newest() -> re.Match[str]:
    """The newest release of the changelog."""
    found = RELEASE.fullmatch(HEADS[1])
    assert found, HEADS[1]
    return found


def test_the_project_the_citation_and_the_changelog_name_one_version_and_date() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    version = ".".join(newest().groups()[:3])
    assert {project["version"], str(citation["version"])} == {version}
    assert str(citation["date-released"]) == newest()[4]


def test_the_changelog_begins_with_what_is_unreleased_and_goes_back_in_time() -> None:
    assert HEADS[0] == "Unreleased"
    releases = [RELEASE.fullmatch(head) for head in HEADS[1:]]
    assert all(releases)
    numbers = [tuple(map(int, found.groups()[:3])) for found in releases if found]
    assert numbers == sorted(set(numbers), reverse=True)
