"""A new company from a page: the installation's operator makes it, or anybody signed in where registration is open."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language

from dialogue.kit.errors import InvalidInput, Refusal
from dialogue.platform.accounts.actions import create_company
from dialogue.platform.accounts.doors import open_page
from dialogue.platform.accounts.models import User
from dialogue.platform.accounts.views.settings import choices_of_places
from dialogue.platform.tenants.countries import BY_LANGUAGE, habit_of

GIVEN = ("name", "login", "language", "country", "currency", "time_zone")


def may_register(user: User | AnonymousUser) -> bool:
    """Return whether this person may make a company here."""
    return isinstance(user, User) and (user.is_operator or bool(settings.OPEN_REGISTRATION))


@open_page
def register(request: HttpRequest) -> HttpResponse:
    """Show the form of a new company, or make it and lead its owner in."""
    if not may_register(request.user):
        raise Http404
    language = get_language() or "en"
    country = BY_LANGUAGE.get(language, "US")
    habit = habit_of(country)
    given: dict[str, Any] = {"language": language, "country": country, "currency": habit.currency, "time_zone": habit.time_zone}
    errors: dict[str, str] = {}
    if request.method == "POST":
        given = {name: request.POST.get(name, "").strip() for name in GIVEN}
        try:
            company, _owner = create_company(**given, owner=str(request.user.email))  # type: ignore[union-attr]
        except InvalidInput as refused:
            errors = refused.errors
        except Refusal as refused:
            errors = {refused.field: refused.message}
        else:
            return redirect(f"/c/{company.login}/")
        request.undo = True  # type: ignore[attr-defined]
    context = choices_of_places() | {"given": given, "errors": errors}
    return render(request, "office/register.html", context, status=422 if errors else 200)
