"""What other rooms add to the customer card without the card knowing them: panels, facts of the head, buttons."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise

from dialogue.customers.parties.models import Party
from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry
from dialogue.kit.statement import Asked, Statement
from dialogue.platform.accounts.doors import MemberRequest

Words = str | Promise


# What a panel will ask: (statement, whether it asks for the actor, its ids).
Reads = Callable[[Party], list[tuple[Statement[Any], bool, dict[str, int]]]]


class Place(StrEnum):
    """Where a panel stands: a tab in the middle, a box at the right or under the head at the left."""

    MIDDLE = "middle"
    RIGHT = "right"
    LEFT = "left"


@frozen
class Panel:
    """One piece of the card.

    `render` returns HTML (a template rendered to a string), "" where there is nothing to show. A middle panel is a tab:
    the one with the lowest `order` opens with the card, the others are fetched when chosen; `count` is the figure beside
    its title. Cards of one kind only: `applies_to` = "person" or "company". A box that renders its own heading says so
    by `own_head`. Keep to two queries. `reads` and `count_reads` name the statements that `render` and `count` ask, with
    their ids (and the actor where they ask for one), so that the card reads those of all its panels in one turn.
    """

    name: str
    title: Words
    place: str
    render: Callable[[MemberRequest, Party], str]
    order: int = 100
    permission: str = ""
    applies_to: str = ""
    count: Callable[[MemberRequest, Party], int | None] | None = None
    own_head: bool = False
    reads: Reads | None = None
    count_reads: Reads | None = None


@frozen
class Fact:
    """One cell of the strip under the name: a small label, a large value, a line of explanation."""

    label: Words
    value: str
    words: str = ""
    accent: bool = False


@frozen
class CardButton:
    """A button of the card's head. `url` returns its address for a party, "" where it does not apply.

    `dialog` fetches the address into the page's dialog by htmx; `main` is the one primary button; `key` a single-letter
    shortcut.
    """

    label: Words
    url: Callable[[Party], str]
    permission: str = ""
    main: bool = False
    dialog: bool = False
    key: str = ""


Facts = Callable[[MemberRequest, Party], list[Fact]]

card_panels: Registry[Panel] = Registry("card panels")
card_facts: Registry[Facts] = Registry("card facts")
card_buttons: Registry[CardButton] = Registry("card buttons")


def asked_by(request: MemberRequest, party: Party, givers: Iterable[Reads | None]) -> list[Asked]:
    """Return everything these panels will ask, each statement once."""
    asked = {(statement, named): ids for give in givers if give for statement, named, ids in give(party)}
    return [(statement, request.actor if named else None, ids) for (statement, named), ids in asked.items()]


def panels_for(request: MemberRequest, party: Party, place: str) -> list[Panel]:
    """Return the panels of one place that this member may see on this card, in their order."""
    shown = [
        panel
        for panel in card_panels.within(request.company.rooms_off)
        if panel.place == place
        and panel.applies_to in ("", party.kind)
        and (not panel.permission or request.actor.can(panel.permission))
    ]
    return sorted(shown, key=lambda panel: panel.order)
