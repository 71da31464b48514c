"""What is installed with the project is permissive, or named with a reason."""

import sys
from email.message import Message

import pytest

from jiqun.bill import licence_of
from tests.licences import (
    CARRIED,
    DEVELOPMENT,
    EXCEPTIONS,
    PAGE,
    closure,
    permissive,
    requirements,
)


@pytest.fixture(scope="module")
def here():
    return closure(requirements())


def test_what_runs_is_permissive_or_named(here):
    others = {name: licence for name, licence in here.items() if not permissive(licence)}
    assert others == {name: licence for name, (licence, _) in EXCEPTIONS.items() if name in here}
    assert not any("GPL" in licence for licence in here.values())


def test_names_and_reasons_are_of_what_is_installed(here):
    assert set(EXCEPTIONS) <= set(here)
    assert set(CARRIED) <= set(here)
    assert {"iterative-ensemble-smoother", "ema-workbench", "platypus-opt"}.isdisjoint(here)
    assert {"mesa", "numpy", "shiny"} <= set(here)


def test_what_tests_use_beyond_that_is_named(here):
    more = {n: told for n, told in closure(requirements("dev")).items() if n not in here}
    others = {name for name, licence in more.items() if not permissive(licence)}
    assert others <= set(DEVELOPMENT)


@pytest.mark.skipif(
    sys.platform != "linux" or sys.version_info[:2] != (3, 13), reason="the page is of another one"
)
def test_the_page_has_every_package(here):
    text = PAGE.read_text("utf-8")
    missing = [name for name, told in here.items() if f"| {name} | {told} |" not in text]
    assert not missing, "run python -m tests.licences"
    assert all(f"| {name} |" in text for name in (*EXCEPTIONS, *CARRIED, *DEVELOPMENT))


@pytest.mark.parametrize(
    ("licence", "free"),
    [
        ("MIT", True),
        ("BSD-2-Clause AND Apache-2.0 WITH LLVM-exception", True),
        ("GPL-3.0-or-later OR MIT", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", False),
        ("GPL-3.0-or-later", False),
        ("Apache-2.0 AND LGPL-2.1", False),
        ("A licence of our own", False),
        ("", False),
    ],
)
def test_what_is_permissive(licence, free):
    assert permissive(licence) is free


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"License-Expression": "MIT", "License": "GPL"}, "MIT"),
        ({"License": "Apache 2.0"}, "Apache-2.0"),
        ({"License": "Copyright (c)\n long", "Classifier": "License :: OSI :: BSD License"}, "BSD"),
        ({"License": "UNKNOWN", "Classifier": "License :: OSI :: ISC License (ISCL)"}, "ISC"),
        ({"Classifier": "License :: Other/Proprietary License"}, "Other/Proprietary License"),
        ({"License": "GNU GENERAL PUBLIC LICENSE\n Version 3"}, "GPL"),
        ({}, ""),
    ],
)
def test_how_a_licence_is_read(fields, told):
    message = Message()
    for name, value in fields.items():
        message[name] = value
    assert licence_of(message) == told
