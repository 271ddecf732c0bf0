"""Search as a page and as the answer of the Ctrl-K palette."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, override
from django.views.decorators.http import require_GET

from dialogue.kit.addresses import page_url
from dialogue.kit.commands import Command, commands
from dialogue.kit.frozen import frozen
from dialogue.kit.menu import MenuItem, menu_items
from dialogue.kit.pieces import piece
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.search.finding import find, on_the_other_keyboard

MOST_COMMANDS = 8
IN_PALETTE, ON_PAGE = 6, 40


@frozen
class Offer:
    """A command as the palette shows it."""

    label: str
    url: str
    dialog: bool
    key: str = ""


@lru_cache(maxsize=256)
def _spoken(off: frozenset[str], language: str) -> tuple[tuple[Command | MenuItem, str], ...]:
    """Return the commands and pages of the rooms that are on, each with what it is found by in a language.

    Neither changes while a process lives.
    """
    every: list[Command | MenuItem] = [*commands.within(off), *menu_items.within(off)]
    with override(language):
        return tuple((one, f"{one.label} {one.words if isinstance(one, Command) else ''}".casefold()) for one in every)


def offers(request: MemberRequest, text: str) -> list[Offer]:
    """Return the commands and pages this member may run whose words hold every word of the text."""
    actor = request.actor
    spoken = _spoken(frozenset(request.company.rooms_off), get_language() or settings.LANGUAGE_CODE)
    for typed in dict.fromkeys((text, on_the_other_keyboard(text))):
        wanted = typed.casefold().split()
        holding = [one for one, words in spoken if all(word in words for word in wanted)]
        found = [one for one in holding if not one.permission or actor.can(one.permission)]
        if found:
            return [_offer(one) for one in found[:MOST_COMMANDS]]
    return []


def _offer(one: Command | MenuItem) -> Offer:
    if isinstance(one, Command):
        return Offer(str(one.label), page_url(one.url_name), one.dialog, one.key)
    return Offer(str(one.label), page_url(one.url_name), dialog=False)


@member_page
@require_GET
def search(request: MemberRequest) -> HttpResponse:
    """Show what holds the text: records by kind, commands; only the options for the palette."""
    text = request.GET.get("q", "")[:100]
    palette = request.headers.get("HX-Target") == "palette-found"
    context = {
        "text": text,
        "groups": find(text, request.actor, off=request.company.rooms_off, limit=IN_PALETTE if palette else ON_PAGE),
        "offers": offers(request, text),
    }
    if palette:
        return HttpResponse(piece("search/options.html", context))
    return render(request, "search/search.html", context)
