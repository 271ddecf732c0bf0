"""What deals show on the customer's card."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from dialogue.customers.parties.models import Party
from dialogue.customers.tasks.panels import open_tasks, tasks_box
from dialogue.platform.accounts.doors import MemberRequest
from dialogue.platform.criteria.asking import asking_of
from dialogue.platform.imports.permissions import ImportPermission
from dialogue.selling.deals.board import board_query, figures, pipeline_of
from dialogue.selling.deals.drafts import ENTITY
from dialogue.selling.deals.models import Deal, DealContact, Stage, StageClass
from dialogue.selling.deals.permissions import DealPermission

MOST = 8


def deals_of(request: MemberRequest, party: Party) -> QuerySet[Deal]:
    """Return the deals in which a customer takes part: as the company, the contact or one of the contacts."""
    rows = Deal.objects.visible_to(request.actor)
    if party.is_person:
        return rows.filter(pk__in=DealContact.objects.filter(party=party).values("deal_id"))
    return rows.filter(company=party)


def deals_panel(request: MemberRequest, party: Party) -> str:
    """Return the box of a customer's deals: the open ones first, with a button for a new one."""
    from_open = Case(When(stage_class=StageClass.OPEN, then=Value(0)), default=Value(1), output_field=IntegerField())
    rows = deals_of(request, party).select_related("stage").order_by(from_open, "-created_at", "-pk")
    shown = list(rows[: MOST + 1])
    context = {
        "deals": shown[:MOST],
        "more": len(shown) > MOST,
        "party": party,
        "may_write": request.actor.can(DealPermission.WRITE),
    }
    return render_to_string("deals/panel.html", context)


def deals_count(request: MemberRequest, party: Party) -> int:
    """Return how many open deals a customer has."""
    return deals_of(request, party).open().count()  # type: ignore[attr-defined,no-any-return]


def tasks_panel(request: MemberRequest, deal: Deal) -> str:
    """Return the box of a deal's open tasks: its next steps."""
    rows = open_tasks(request.actor).about(ENTITY, [deal.pk])[:MOST]
    return tasks_box(request, rows, new=f"subject={ENTITY}:{deal.pk}", title=_("Next steps"))


def home_panel(request: Any) -> str:
    """Return the member's open deals without a next step, and how the stages stand."""
    actor = request.actor
    mine = Deal.objects.visible_to(actor).without_next_step().filter(responsible_id=actor.user)
    waiting = list(mine.select_related("stage", "company", "contact").order_by("-budget", "pk")[: MOST + 1])
    pipeline, _all = pipeline_of("", None)
    stages = [] if pipeline is None else list(Stage.objects.in_use().filter(pipeline=pipeline, stage_class=StageClass.OPEN))
    known = figures(board_query(QueryDict("view=open"), asking_of(actor, request.company)).matching(), stages) if stages else {}
    context = {
        "deals": waiting[:MOST],
        "more": len(waiting) > MOST,
        "stages": [(stage, *known[stage.pk]) for stage in stages],
        "none_open": not any(count for count, _sums in known.values()),
        "may_load": actor.can(ImportPermission.RUN),
        "may_write": actor.can(DealPermission.WRITE),
    }
    return render_to_string("deals/home.html", context)
