"""A customer's campaigns on his card, with what was decided about him and why; and those that are going, on the first page."""

from __future__ import annotations

from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dialogue.customers.parties.models import Party
from dialogue.kit.actors import Actor
from dialogue.kit.money import THIN
from dialogue.kit.pieces import piece
from dialogue.kit.statement import Statement
from dialogue.kit.zones import zone_of
from dialogue.marketing.campaigns.models import Campaign, Person, Run
from dialogue.marketing.campaigns.saying import why_words
from dialogue.marketing.policy.keeping import policy_of
from dialogue.platform.accounts.doors import MemberRequest
from dialogue.platform.tenants.models import Tenant

MOST, GOING = 8, 5
DAY = 24


def _of_party(actor: Actor, party: int) -> QuerySet[Any]:
    """Return what was decided about a customer, in campaigns the actor may see, the newest first."""
    seen = Campaign.objects.visible_to(actor).values("pk")
    runs = Run.objects.filter(pk=OuterRef("run_id"), campaign__in=seen)
    rows = Person.objects.of_party(party).annotate(
        campaign=Subquery(runs.values("campaign_id")[:1]),
        name=Subquery(runs.values("campaign__name")[:1]),
        at=Subquery(runs.values("frozen_at")[:1]),
        policy=Subquery(runs.values("policy")[:1]),
    )
    return rows.exclude(campaign=None).order_by(F("run_id").desc())[:MOST]


OF_PARTY = Statement(_of_party)


def party_panel(request: MemberRequest, party: Party) -> str:
    """Return the box of a customer's campaigns."""
    rows = OF_PARTY.rows(request.actor, party=party.pk)
    if not rows:
        return ""
    lines = [(one, why_words(one.decision, one.reason, one.policy)) for one in rows]
    return piece("campaigns/panel.html", {"lines": lines, "hours": hours_words(party, request.company)})


def hours_words(party: Party, company: Tenant) -> str:
    """Return in which hours, and of which time zone, letters of campaigns leave to a customer; empty where it is any hour."""
    policy = policy_of(company)
    if policy.end - policy.start == DAY:
        return ""
    zone = zone_of(party.time_zone, party.country, company.zone)
    words = _("Letters of campaigns leave between %(start)s and %(end)s o'clock, %(zone)s time.")
    if party.time_zone:
        words = _(
            "Letters of campaigns leave between %(start)s and %(end)s o'clock, %(zone)s time, which is the customer's own."
        )
    elif zone.key != company.zone.key:
        words = _("Letters of campaigns leave between %(start)s and %(end)s o'clock, %(zone)s time, as the country says.")
    return words % {"start": policy.start, "end": policy.end, "zone": zone.key}


def home_panel(request: Any) -> str:
    """Return the box of campaigns that are going, with how many get their letters; nothing where none is."""
    last = Run.objects.filter(campaign=OuterRef("pk")).order_by("-number").values("counts")[:1]
    rows: list[Any] = list(
        Campaign.objects.visible_to(request.actor).running().newest().annotate(counts=Subquery(last))[:GOING]
    )
    lines = [(one, reached_words(one.counts)) for one in rows]
    return piece("campaigns/home.html", {"lines": lines}) if lines else ""


def reached_words(counts: dict[str, Any] | None) -> str:
    """Return how many people get the letter, in words."""
    reached = int((counts or {}).get("included", 0))
    said = f"{reached:,}".replace(",", THIN)
    return ngettext("%(count)s person reached", "%(count)s people reached", reached) % {"count": said}
