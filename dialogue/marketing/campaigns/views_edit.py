"""Planning a campaign: one form of its goal, people, money, segments and costs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.http import HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dialogue.kit.actors import Actor
from dialogue.kit.doors import whole_number, whole_numbers
from dialogue.kit.errors import Conflict, InvalidInput, NotPermitted, Refusal
from dialogue.kit.rows import etag_of
from dialogue.marketing.campaigns.actions import (
    PLAN,
    Cost,
    change_campaign,
    choose_segments,
    create_campaign,
    set_costs,
)
from dialogue.marketing.campaigns.models import Campaign, CampaignSegment, CostLine, Priority, Side, Test
from dialogue.marketing.campaigns.permissions import CampaignPermission
from dialogue.marketing.campaigns.reference import choose_reference, past_campaigns
from dialogue.marketing.campaigns.views import found
from dialogue.marketing.segments.models import Segment
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.accounts.members import member_choices
from dialogue.platform.mail.models import SenderIdentity
from dialogue.selling.promotions.models import Series

EMPTY_COSTS = 3
COUNTS = ("plan_people", "plan_responses", "plan_deals")
SEGMENTS_SHOWN, SERIES_SHOWN = 300, 200

MOST_PLANNED = 999_999_999


def _may(request: MemberRequest) -> None:
    if not request.actor.can(CampaignPermission.WRITE):
        raise NotPermitted(_("To plan campaigns you must have the right to. Ask your administrator."))


class Given:
    """What a form gave, with what could not be read of it."""

    def __init__(self, given: QueryDict) -> None:
        self.given = given
        self.errors: dict[str, str] = {}

    def number(self, name: str) -> int | None:
        """Return a whole number, None of an empty field."""
        text = "".join(self.given.get(name, "").split())
        if not text:
            return None
        number = whole_number(text, MOST_PLANNED)
        if number is None:
            self.errors[name] = _("Give a number that is not below zero.")
        return number

    def money(self, name: str, text: str | None = None) -> Decimal | None:
        """Return an amount as people write it ("1 200,50"), None of an empty field."""
        said = "".join((self.given.get(name, "") if text is None else text).split()).replace(",", ".")
        if not said:
            return None
        try:
            value = Decimal(said)
        except InvalidOperation:
            value = Decimal(-1)
        if not value.is_finite() or not 0 <= value < 10**14:
            self.errors[name] = _("Give a number that is not below zero.")
            return None
        return value

    def day(self, name: str, text: str | None = None) -> date | None:
        """Return a day, None of an empty field."""
        said = (self.given.get(name, "") if text is None else text).strip()
        if not said:
            return None
        try:
            return date.fromisoformat(said)
        except ValueError:
            self.errors[name] = _("Choose a day.")
            return None

    def ident(self, name: str) -> int | None:
        """Return a chosen row's id, None where nothing is chosen."""
        return whole_number(self.given.get(name))

    def idents(self, name: str) -> list[int]:
        """Return the ids of all chosen rows."""
        return whole_numbers(self.given.getlist(name))

    def fields(self, row: Campaign | None) -> dict[str, Any]:
        """Return the campaign's own fields."""
        values: dict[str, Any] = {
            "name": self.given.get("name", ""),
            "goal": self.given.get("goal", ""),
            "starts_on": self.day("starts_on"),
            "ends_on": self.day("ends_on"),
            "responsible": self.ident("responsible"),
        }
        values |= {name: self.number(name) if name in COUNTS else self.money(name) for name in PLAN}
        if row is None or row.is_draft:
            values |= {
                "hold_out": self.number("hold_out"),
                "test": self.given.get("test", Test.NONE),
                "identity": self.ident("identity"),
                "coupons": self.ident("coupons"),
                "priority": self.number("priority") or Priority.USUAL,
            }
        return values

    def costs(self) -> list[Cost]:
        """Return the lines of costs; a wholly empty line is none."""
        lines = zip(*(self.given.getlist(f"cost_{name}") for name in ("label", "planned", "spent", "on")), strict=False)
        made = []
        for label, planned, spent, on in lines:
            if label.strip() or planned.strip() or spent.strip():
                made.append(Cost(label, self.money("costs", planned), self.money("costs", spent), self.day("costs", on)))
        return made

    def sides(self) -> tuple[list[str], list[str]]:
        """Return the segments addressed and left out, by code."""
        chosen = {name.removeprefix("segment."): side for name, side in self.given.items() if name.startswith("segment.")}
        return (
            [code for code, side in chosen.items() if side == Side.INCLUDE],
            [code for code, side in chosen.items() if side == Side.EXCLUDE],
        )


@member_page
@require_http_methods(["GET", "POST"])
def campaign_new(request: MemberRequest) -> HttpResponseBase:
    """Begin a campaign."""
    _may(request)
    if request.method == "GET":
        return _form(request, None, {})
    return _save(request, None)


@member_page
@require_http_methods(["GET", "POST"])
def campaign_edit(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Change a campaign's plan."""
    row = found(request, pk)
    _may(request)
    if request.method == "GET":
        return _form(request, row, {})
    return _save(request, row)


def _save(request: MemberRequest, row: Campaign | None) -> HttpResponseBase:
    given, by = Given(request.POST), request.actor
    fields, costs = given.fields(row), given.costs()
    include, exclude = given.sides()
    if given.errors:
        return _form(request, row, given.errors)
    try:
        with transaction.atomic():
            if row is None:
                made = create_campaign(fields.pop("name"), by=by, **fields)
            else:
                made = change_campaign(row, by=by, etag=request.POST.get("etag", ""), **fields)
            if made.is_draft:
                choose_segments(made, include, exclude, by=by)
                choose_reference(made, given.idents("reference"), by=by)
            set_costs(made, costs, by=by)
    except Refusal as refusal:
        request.undo = True
        return _form(request, row, refusals_of(refusal))
    return redirect("campaign_plan" if row else "campaign_letters", made.pk)


def refusals_of(refusal: Refusal) -> dict[str, str]:
    """Return a refusal as errors by field of a form."""
    if isinstance(refusal, NotPermitted):
        raise refusal
    if isinstance(refusal, InvalidInput):
        return {name.partition(".")[0]: str(words) for name, words in refusal.errors.items()}
    if isinstance(refusal, Conflict) and not refusal.field:
        return {"": refusal.message}
    return {refusal.field.partition(".")[0]: refusal.message}


def _form(request: MemberRequest, row: Campaign | None, errors: Mapping[str, str]) -> HttpResponseBase:
    again = request.method == "POST"
    chosen = _sides(request, row)
    known = Segment.objects.visible_to(request.actor).by_name().only("code", "name", "size")[:SEGMENTS_SHOWN]
    costs = _costs(request, row)
    context = {
        "campaign": row,
        "etag": request.POST.get("etag", "") if again else etag_of(row) if row else "",
        "value": {name: request.POST.get(name, "") if again else _shown(row, name, request.actor) for name in NAMES},
        "errors": errors,
        "other_errors": [words for name, words in errors.items() if name not in NAMES],
        "segments": [(one, chosen.get(one.code, "")) for one in known],
        "sides": [("", "—"), *Side.choices],
        "costs": costs + [{"label": "", "planned": "", "spent": "", "on": ""}] * (EMPTY_COSTS if not costs else 1),
        "people": member_choices(),
        "senders": [(str(one.pk), str(one)) for one in SenderIdentity.objects.in_use()],
        "coupons": _series(row),
        "past": [] if row is not None and not row.is_draft else past_campaigns(request.actor, row),
        "reference": Given(request.POST).idents("reference") if again else row.reference if row else [],
        "tests": Test.choices,
        "priorities": [(str(code), words) for code, words in Priority.choices],
        "currency": row.currency if row else request.company.currency,
        "frozen": row is not None and not row.is_draft,
    }
    return render(request, "campaigns/edit.html", context, status=422 if errors else 200)


NAMES = ("name", "goal", "starts_on", "ends_on", "responsible", *PLAN, "hold_out", "test", "identity", "coupons", "priority")
IDS = {"responsible": "responsible_id", "identity": "identity_id", "coupons": "coupons_id"}


def _series(row: Campaign | None) -> list[tuple[str, str]]:
    """Return the coupons to choose from: the newest that are not closed, and the one chosen before."""
    rows = list(Series.objects.in_use().newest()[:SERIES_SHOWN])
    if row is not None and row.coupons is not None and row.coupons not in rows:
        rows.append(row.coupons)
    return [(str(one.pk), one.name) for one in rows]


def _shown(row: Campaign | None, name: str, by: Actor) -> str:
    if row is None:
        begun = {"test": Test.NONE.value, "priority": str(Priority.USUAL.value), "responsible": str(by.user or "")}
        return begun.get(name, "")
    value = getattr(row, IDS.get(name, name))
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return "" if value is None else str(value)


def _sides(request: MemberRequest, row: Campaign | None) -> dict[str, str]:
    if request.method == "POST":
        include, exclude = Given(request.POST).sides()
        return dict.fromkeys(include, Side.INCLUDE.value) | dict.fromkeys(exclude, Side.EXCLUDE.value)
    if row is None:
        return dict.fromkeys(request.GET.getlist("segment"), Side.INCLUDE.value)
    return dict(CampaignSegment.objects.filter(campaign=row).values_list("segment__code", "side"))


def _costs(request: MemberRequest, row: Campaign | None) -> list[dict[str, str]]:
    names = ("label", "planned", "spent", "on")
    if request.method == "POST":
        lines = zip(*(request.POST.getlist(f"cost_{name}") for name in names), strict=False)
        return [dict(zip(names, line, strict=True)) for line in lines if any(part.strip() for part in line)]
    if row is None:
        return []
    return [
        {
            "label": one.label,
            "planned": "" if one.planned is None else f"{one.planned.normalize():f}",
            "spent": "" if one.spent is None else f"{one.spent.normalize():f}",
            "on": one.on.isoformat() if one.on else "",
        }
        for one in CostLine.objects.filter(campaign=row)
    ]
