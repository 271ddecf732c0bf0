"""From the pages' forms to drafts and changes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from dialogue.customers.parties.actions import create_party
from dialogue.customers.parties.drafts import NewParty
from dialogue.customers.parties.rules import one_line
from dialogue.kit.actors import Actor
from dialogue.kit.doors import whole_number
from dialogue.kit.errors import InvalidInput
from dialogue.selling.deals.drafts import NewDeal

# A picker sends the id of a known customer, or this mark before the name of a new one.
NEW = "new:"
SPACES = dict.fromkeys(map(ord, " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}'"))


def amount_of(text: str) -> Decimal | None:
    """Return an amount as people write it ("1 520 000", "1520000,50", "1.520.000,50"), None for an empty one.

    Raises:
        InvalidInput: not a number.
    """
    plain = text.strip().translate(SPACES)
    if not plain:
        return None
    if "," in plain and "." in plain:
        # The later of the two marks the decimals.
        group, mark = (".", ",") if plain.rindex(",") > plain.rindex(".") else (",", ".")
        plain = plain.replace(group, "").replace(mark, ".")
    elif plain.count(",") == 1 or plain.count(".") == 1:
        plain = plain.replace(",", ".")
    else:
        plain = plain.replace(",", "").replace(".", "")
    try:
        return Decimal(plain)
    except InvalidOperation:
        raise InvalidInput({"budget": _("Give the budget as a number, for example 1520000.")}) from None


def day_of(text: str, field: str) -> date | None:
    """Return a day of a date input, None for an empty one.

    Raises:
        InvalidInput: not a day.
    """
    try:
        return date.fromisoformat(text) if text.strip() else None
    except ValueError:
        raise InvalidInput({field: _("Give a day, for example 2026-11-30.")}) from None


def party_of(text: str, kind: str, *, by: Actor, company: int | None = None) -> int | None:
    """Return the id of the chosen customer, making the one typed anew; None where nobody was chosen."""
    if not text.startswith(NEW):
        return whole_number(text)
    name = one_line(text.removeprefix(NEW))
    if not name:
        return None
    return int(create_party(NewParty(kind=kind, name=name, company=company, responsible=by.user), by=by).pk)


def parties_of(post: QueryDict, by: Actor) -> dict[str, int | None]:
    """Return the company and the main contact of a form, each made where it is new."""
    company = party_of(post.get("company", ""), "company", by=by)
    return {"company": company, "contact": party_of(post.get("contact", ""), "person", by=by, company=company)}


def facts_of(post: QueryDict, by: Actor) -> dict[str, Any]:
    """Return the fields of a form as `change_deal` and `NewDeal` take them.

    Raises:
        InvalidInput: names the wrong fields.
    """
    errors: dict[str, str] = {}
    facts: dict[str, Any] = {"title": post.get("title", ""), "currency": post.get("currency", "").strip().upper()}
    try:
        facts["budget"] = amount_of(post.get("budget", ""))
    except InvalidInput as refusal:
        errors |= refusal.errors
    try:
        facts["expected_on"] = day_of(post.get("expected_on", ""), "expected_on")
    except InvalidInput as refusal:
        errors |= refusal.errors
    if not one_line(facts["title"]):
        errors["title"] = _("Give the deal a name.")
    if errors:
        raise InvalidInput(errors)
    facts["responsible"] = whole_number(post.get("responsible", ""))
    return facts | parties_of(post, by)


def draft_of(post: QueryDict, by: Actor) -> NewDeal:
    """Return the draft of the new-deal form.

    Raises:
        InvalidInput: names the wrong fields.
    """
    return NewDeal(stage=whole_number(post.get("stage", "")), **facts_of(post, by))


def why_of(post: QueryDict) -> dict[str, Any]:
    """Return why a deal is lost as `lose_deal` and `move_deal` take it."""
    return {"reason": post.get("reason", ""), "loss": whole_number(post.get("loss", ""))}


def characteristics_of(post: QueryDict, codes: list[str]) -> dict[str, Any]:
    """Return the characteristics of a form by code; money comes from two inputs, several choices from many."""
    given: dict[str, Any] = {}
    for code in codes:
        name = f"c.{code}"
        if f"{name}.currency" in post:
            amount = post.get(name, "").strip()
            given[code] = {"amount": amount, "currency": post.get(f"{name}.currency", "")} if amount else None
        elif post.get(f"{name}.several"):
            given[code] = post.getlist(name)
        elif name in post:
            given[code] = post.get(name)
    return given
