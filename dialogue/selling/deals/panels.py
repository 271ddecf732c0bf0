"""What deals show on the customer's card."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from dialogue.customers.parties.models import Party
from dialogue.customers.tasks.panels import open_about, tasks_box
from dialogue.kit.actors import Actor
from dialogue.kit.pieces import piece
from dialogue.kit.statement import Statement
from dialogue.platform.accounts.doors import MemberRequest
from dialogue.platform.criteria.asking import asking_of
from dialogue.platform.criteria.models import slots_under
from dialogue.platform.imports.permissions import ImportPermission
from dialogue.selling.deals.board import board_query, figures, pipeline_of
from dialogue.selling.deals.drafts import ENTITY
from dialogue.selling.deals.lists import budget_text, tone_of
from dialogue.selling.deals.models import Deal, DealContact, Stage, StageClass
from dialogue.selling.deals.permissions import DealPermission

MOST = 8


def _of_person(actor: Actor, party: int) -> QuerySet[Deal]:
    return Deal.objects.visible_to(actor).filter(pk__in=DealContact.objects.filter(party=party).values("deal_id"))


def _of_firm(actor: Actor, party: int) -> QuerySet[Deal]:
    return Deal.objects.visible_to(actor).filter(company=party)


def _open_first(rows: QuerySet[Deal]) -> QuerySet[Deal]:
    from_open = Case(When(stage_class=StageClass.OPEN, then=Value(0)), default=Value(1), output_field=IntegerField())
    return rows.select_related("stage").defer(*slots_under("")).order_by(from_open, "-created_at", "-pk")[: MOST + 1]


TASKS = Statement(lambda actor, deal: open_about(actor, ENTITY, deal))
OF_PERSON = Statement(lambda actor, party: _open_first(_of_person(actor, party)))
OF_FIRM = Statement(lambda actor, party: _open_first(_of_firm(actor, party)))


def deals_asked(party: Party) -> list[tuple[Statement[Deal], bool, dict[str, int]]]:
    """Return what the box of a customer's deals asks."""
    return [(OF_PERSON if party.is_person else OF_FIRM, True, {"party": party.pk})]


def deals_panel(request: MemberRequest, party: Party) -> str:
    """Return the box of a customer's deals: the open ones first, with a button for a new one."""
    shown = (OF_PERSON if party.is_person else OF_FIRM).rows(request.actor, party=party.pk)
    context = {
        "lines": [(deal, budget_text(deal), tone_of(deal.stage)) for deal in shown[:MOST]],
        "more": len(shown) > MOST,
        "party": party,
        "may_write": request.actor.can(DealPermission.WRITE),
    }
    return piece("deals/panel.html", context)


def tasks_panel(request: MemberRequest, deal: Deal) -> str:
    """Return the box of a deal's open tasks: its next steps."""
    rows = TASKS.rows(request.actor, deal=deal.pk)
    return tasks_box(request, rows, new=f"subject={ENTITY}:{deal.pk}", title=_("Next steps"))


def home_panel(request: Any) -> str:
    """Return the member's open deals without a next step, and how the stages stand."""
    actor = request.actor
    mine = Deal.objects.visible_to(actor).without_next_step().filter(responsible_id=actor.user)
    waiting = list(
        mine.select_related("stage", "company", "contact")
        .defer(*slots_under("", "company", "contact"))
        .order_by("-budget", "pk")[: MOST + 1]
    )
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
