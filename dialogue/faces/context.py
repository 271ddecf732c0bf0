"""What every office page's frame needs."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from dialogue.faces.office.menu import menu, settings_menu
from dialogue.kit.assets import asset
from dialogue.platform.accounts.doors import company_of
from dialogue.platform.notices.models import Notice


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return company, menu and asset names for the page frame."""
    company = company_of(request)
    actor = getattr(request, "actor", None)
    groups = menu(request) if actor else []
    return {
        "company": company,
        "actor": actor,
        "base": f"/c/{company.login}" if company else "",
        "menu": groups,
        "unread": cache(lambda: Notice.objects.visible_to(actor).unread().count() if actor else 0),
        "settings_menu": lambda: settings_menu(request),
        "bottom": [line for group in groups for line in group][:4],
        "languages": settings.LANGUAGES,
        "theme": getattr(request.user, "theme", "") if hasattr(request, "user") else "",
        "office_css": asset("office.css"),
        "office_js": asset("office.js"),
        "public_css": asset("public.css"),
    }
