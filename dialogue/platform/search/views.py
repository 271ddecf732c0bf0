"""Search as a page and as the answer of the Ctrl-K palette."""

from __future__ import annotations

from functools import lru_cache

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
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


@lru_cache(maxsize=1024)
def _words(one: Command | MenuItem, language: str | None) -> str:
    """What a command or a page is found by in the reader's language; neither changes while a process lives."""
    return f"{one.label} {one.words if isinstance(one, Command) else ''}".casefold()


def offers(request: MemberRequest, text: str) -> list[Offer]:
    """Return the commands and pages this member may run whose words hold every word of the text."""
    off, actor, language = request.company.rooms_off, request.actor, get_language()
    every: list[Command | MenuItem] = [*commands.within(off), *menu_items.within(off)]
    known = [one for one in every if not one.permission or actor.can(one.permission)]
    for typed in (text, on_the_other_keyboard(text)):
        wanted = typed.casefold().split()
        found = [one for one in known if all(word in _words(one, language) for word in wanted)]
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
