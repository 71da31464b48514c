"""Whether functions of the model read what is declared: each channel, each lever, each term."""

from __future__ import annotations

from typing import TYPE_CHECKING

# Readers declare themselves where they are defined, so the whole model has to be imported.
from jiqun import model  # noqa: F401
from jiqun.model.channels import READERS, readers_of
from jiqun.scenarios.errors import listed, nearest_name
from jiqun.scenarios.language import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jiqun.scenarios.schema import LeverDeclaration
    from jiqun.scenarios.yaml_file import Document, Key


def check_channels(document: Document, channels: Iterable[str]) -> None:
    """Refuse a channel that no function reads.

    Args:
        document: The file of declarations.
        channels: Channels that it declares.

    Raises:
        ScenarioError: The first channel without a reader.
    """
    read = sorted({reader.channel for reader in READERS})
    for name in channels:
        if name not in read:
            problem = say("no function of the model reads channel {channel}", channel=name)
            raise document.error(
                ("channels", name), problem, listed(read, 40), nearest_name(name, read)
            )


def check_read(
    document: Document, channels: Iterable[str], lever: LeverDeclaration, at: Key
) -> None:
    """Refuse a lever of which no function reads something.

    Args:
        document: The file of declarations.
        channels: Channels that it declares.
        lever: The lever.
        at: Path of the lever in the file.

    Raises:
        ScenarioError: The channel is unknown; no function reads the lever, or one of its terms, or
            reads it in another kind; or no term does anything by itself.
    """
    if lever.channel not in channels:
        problem = say("unknown channel {channel}", channel=repr(lever.channel))
        near = nearest_name(lever.channel, channels)
        raise document.error((*at, "channel"), problem, listed(channels, 40), near)
    readers = readers_of(lever.channel, lever.id)
    if not readers:
        known = dict.fromkeys(r.lever for r in READERS if r.channel == lever.channel)
        problem = say(
            "no function of the model reads lever {lever} of channel {channel}",
            lever=repr(lever.id), channel=lever.channel,
        )  # fmt: skip
        raise document.error((*at, "id"), problem, listed(known), nearest_name(lever.id, known))
    kinds = {term: kind for reader in readers for term, kind in reader.terms.items()}
    for name, term in lever.terms.items():
        key = (*at, "terms", name)
        if name not in kinds:
            problem = say(
                "no function of the model reads term {term} of channel {channel}",
                term=repr(name), channel=lever.channel,
            )  # fmt: skip
            raise document.error(key, problem, listed(kinds), nearest_name(name, kinds))
        if term.kind != kinds[name]:
            problem = say("the model reads {term} in another kind", term=name)
            allowed = kinds[name]
            raise document.error((*key, "kind"), problem, allowed)
    first = dict.fromkeys(next(iter(reader.terms)) for reader in readers)
    if not first.keys() & lever.terms.keys():
        problem = say("the terms of lever {lever} do nothing by themselves", lever=lever.id)
        raise document.error((*at, "terms"), problem, say("at least {terms}", terms=listed(first)))
