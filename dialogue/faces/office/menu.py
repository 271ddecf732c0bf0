"""The sidebar: registered items this member may open, in groups."""

from __future__ import annotations

from itertools import groupby
from typing import cast

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise

from dialogue.kit.addresses import page_url
from dialogue.kit.frozen import frozen
from dialogue.kit.menu import menu_items, settings_items
from dialogue.platform.accounts.doors import MemberRequest


@frozen
class Line:
    """One line as the page shows it."""

    label: str | Promise
    url: str
    current: bool
    icon: str


def _is_here(path: str, url: str) -> bool:
    return path == url if url.count("/") <= 3 else path.startswith(url)


def current_place(request: HttpRequest) -> str:
    """Return the addresses of the menu's lines that are current on this page, as one text."""
    return " ".join(url for item in menu_items if _is_here(request.path, url := page_url(item.url_name)))


def menu(request: HttpRequest) -> list[list[Line]]:
    """Return the groups of menu lines for this member and this company."""
    member = cast("MemberRequest", request)
    shown = [
        item for item in menu_items.within(member.company.rooms_off) if not item.permission or member.actor.can(item.permission)
    ]
    lines: list[list[Line]] = []
    for _group, items in groupby(shown, key=lambda item: item.group):
        group: list[Line] = []
        for item in items:
            url = page_url(item.url_name)
            group.append(Line(item.label, url, _is_here(request.path, url), item.icon))
        lines.append(group)
    return lines


def settings_menu(request: HttpRequest) -> list[Line]:
    """Return the pages of the settings this member may open."""
    member = cast("MemberRequest", request)
    off = member.company.rooms_off
    shown = [item for item in settings_items.within(off) if not item.permission or member.actor.can(item.permission)]
    return [Line(item.label, url := reverse(item.url_name), request.path.startswith(url), item.icon) for item in shown]
