"""Search as a page and as the answer of the Ctrl-K palette."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.views.decorators.http import require_GET

from dialogue.kit.commands import commands
from dialogue.kit.menu import menu_items
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.search.finding import find, on_the_other_keyboard

MOST_COMMANDS = 8
IN_PALETTE, ON_PAGE = 6, 40


@dataclass(frozen=True)
class Offer:
    """A command as the palette shows it."""

    label: str | Promise
    url: str
    dialog: bool
    key: str = ""
    words: str = ""


def offers(request: MemberRequest, text: str) -> list[Offer]:
    """Return the commands and pages this member may run whose words hold every word of the text."""
    off, actor = request.company.rooms_off, request.actor
    known = [
        Offer(one.label, reverse(one.url_name), one.dialog, one.key, str(one.words))
        for one in commands.within(off)
        if not one.permission or actor.can(one.permission)
    ]
    known += [
        Offer(item.label, reverse(item.url_name), dialog=False)
        for item in menu_items.within(off)
        if not item.permission or actor.can(item.permission)
    ]
    for typed in (text, on_the_other_keyboard(text)):
        wanted = typed.casefold().split()
        found = [one for one in known if all(word in f"{one.label} {one.words}".casefold() for word in wanted)]
        if found:
            return found[:MOST_COMMANDS]
    return []


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
    return render(request, "search/search.html#options" if palette else "search/search.html", context)
