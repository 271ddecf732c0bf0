"""The settings: the company itself, and where the settings begin."""

from __future__ import annotations

from typing import Any

from babel import Locale
from babel.numbers import list_currencies
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dialogue.kit.errors import InvalidInput, NotPermitted, Refusal
from dialogue.platform.accounts.actions import COMPANY_FIELDS, change_company, change_settings, own_settings
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.accounts.permissions import CompanyPermission
from dialogue.platform.tenants.countries import HABITS
from dialogue.platform.tenants.registry import company_settings, optional_rooms, setting_of

USUAL_ZONES = sorted({habit.time_zone for habit in HABITS.values()} | {"UTC"})
USUAL_CURRENCIES = sorted({habit.currency for habit in HABITS.values()} | {"EUR"})


@member_page
def settings_home(request: MemberRequest) -> HttpResponse:
    """Lead to the first settings page this member may open."""
    if request.actor.can(CompanyPermission.SETTINGS):
        return redirect("settings_company")
    return redirect("settings_members")


def choices_of_places() -> dict[str, Any]:
    """Return countries, currencies, zones, days and languages in the reader's words, for a company's form."""
    locale = Locale.parse(get_language() or "en")
    countries = sorted(
        (name, code) for code, name in locale.territories.items() if len(code) == 2 and code.isalpha() and code != "ZZ"
    )
    currencies = sorted(list_currencies(), key=lambda code: (code not in USUAL_CURRENCIES, code))
    days = [(number + 1, locale.days["stand-alone"]["wide"][number]) for number in range(7)]
    return {
        "countries": [(code, name) for name, code in countries],
        "currencies": [(code, f"{code} · {locale.currencies.get(code, code)}") for code in currencies],
        "zones": USUAL_ZONES,
        "days": days,
        "tongues": settings.LANGUAGES,
        "rooms": [(key, optional_rooms.get(key)) for key in optional_rooms.keys()],  # noqa: SIM118
    }


def _typed(name: str, text: str) -> Any:
    """Return a setting's value from its input; what is no number stays text, for its own refusal."""
    kind = company_settings.get(name).kind
    if kind is bool:
        return bool(text)
    return int(text) if kind is int and text.strip().isdecimal() else text.strip()


@member_page
def settings_company(request: MemberRequest) -> HttpResponse:
    """Show the company's facts and take changes of them."""
    if not request.actor.can(CompanyPermission.SETTINGS):
        raise NotPermitted(_("To change the company's settings you must be allowed to. Ask your administrator."))
    errors: dict[str, str] = {}
    given: dict[str, Any] = {name: getattr(request.company, name) for name in COMPANY_FIELDS}
    typed: dict[str, Any] = {name: setting_of(request.company, name) for name in own_settings()}
    if request.method == "POST":
        given = {name: request.POST.get(name, "").strip() for name in COMPANY_FIELDS}
        given["week_start"] = int(given["week_start"]) if str(given["week_start"]).isdecimal() else 0
        given["rooms_off"] = [key for key in optional_rooms.keys() if key not in request.POST.getlist("rooms")]  # noqa: SIM118
        typed |= {
            name: _typed(name, request.POST.get(name, "")) for name in typed if name in request.POST or typed[name] is True
        }
        try:
            change_company(request.company, by=request.actor, **given)
            change_settings(request.company, by=request.actor, **typed)
            messages.success(request, _("The settings are saved."))
            return redirect("settings_company")
        except NotPermitted:
            raise
        except Refusal as refused:
            errors = refused.errors if isinstance(refused, InvalidInput) else {refused.field: refused.message}
            request.undo = True
    known = [(name, company_settings.get(name), value, errors.get(name, "")) for name, value in typed.items()]
    context = choices_of_places() | {"given": given, "errors": errors, "typed": known}
    return render(request, "accounts/company.html", context, status=422 if errors else 200)
