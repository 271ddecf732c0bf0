"""The access doors of pages: who may open one. Rooms above `accounts` take the typed requests from its `doors` module."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.db import models
from django.http import Http404, HttpRequest, HttpResponseBase

from dialogue.kit.actors import Actor

P = ParamSpec("P")
Asked = TypeVar("Asked", bound="ActorRequest")
M = TypeVar("M", bound=models.Model)
LARGEST = 2**63
"""The first number that PostgreSQL's bigint does not hold."""


class ActorRequest(HttpRequest):
    """A request whose actor the middleware found: a member's session or a key."""

    actor: Actor
    undo: bool


def member_page(
    view: Callable[Concatenate[Asked, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """The access door of every office page: a signed-in member of the company in the path; others sign in or get 404."""

    @wraps(view)
    def door(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), "/account/login/")
        if getattr(request, "actor", None) is None:
            raise Http404
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    door.access_door = "member"  # type: ignore[attr-defined]
    return door


def open_page(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """The access door of a page for everybody; the view decides what it shows."""
    view.access_door = "open"  # type: ignore[attr-defined]
    return view


def whole_number(text: object, most: int = LARGEST - 1) -> int | None:
    """Return the whole number that a field of a form or an address holds; None where it holds none, or more than `most`."""
    digits = str(text or "").strip()
    # The length first: Python refuses to read thousands of digits.
    return int(digits) if digits.isdecimal() and len(digits) <= len(str(most)) and int(digits) <= most else None


def whole_numbers(texts: Iterable[object]) -> list[int]:
    """Return those of the texts that are whole numbers: the ids of rows that were chosen."""
    return [number for number in map(whole_number, texts) if number is not None]


def visible_or_404(rows: models.QuerySet[M], number: int) -> M:
    """Return the row with this id among those the asker may see.

    Raises:
        Http404: there is none for him.
    """
    # Beyond bigint PostgreSQL would refuse the comparison; there is no such row.
    found = rows.filter(pk=number).first() if number < LARGEST else None
    if found is None:
        raise Http404
    return found
