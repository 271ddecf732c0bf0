"""What every office page's frame needs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from dialogue.faces.office.menu import current_place, menu, settings_menu
from dialogue.kit.assets import asset
from dialogue.kit.scope import current_scope
from dialogue.platform.accounts.doors import company_of, frame_stamp
from dialogue.platform.notices.reading import unread_of


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return company, menu and asset names for the page frame; what costs is worked out only where a template asks.

    `frame_stamp` says what the frame's pieces are kept under: it changes with anything they show, and is empty where
    something may be written. `here` names the place in the menu.
    """
    scope = current_scope()
    held: tuple[Any, dict[str, Any]] | None = getattr(request, "held_shell", None)
    # A card shows a dozen panels, each a template of its own.
    if held is not None and held[0] is scope:
        return held[1]
    found = _shell(request)
    request.held_shell = (scope, found)  # type: ignore[attr-defined]
    return found


def _shell(request: HttpRequest) -> dict[str, Any]:
    company = company_of(request)
    actor = getattr(request, "actor", None)
    known: list[Any] = []

    def groups() -> Any:
        if not known:
            known.append(menu(request) if actor else [])
        return known[0]

    return {
        "company": company,
        "actor": actor,
        "base": f"/c/{company.login}" if company else "",
        "menu": groups,
        "frame_stamp": frame_stamp(request),
        "here": lambda: current_place(request) if actor else "",
        "unread": lambda: unread_of(actor) if actor else 0,
        "settings_menu": lambda: settings_menu(request),
        "bottom": lambda: [line for group in groups() for line in group][:4],
        "languages": settings.LANGUAGES,
        "theme": getattr(request.user, "theme", "") if hasattr(request, "user") else "",
        "office_css": asset("office.css"),
        "office_js": asset("office.js"),
        "public_css": asset("public.css"),
    }
