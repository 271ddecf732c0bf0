"""What the page of one deal shows, and the panels other rooms add to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise

from dialogue.customers.timeline.models import Entry as TimelineEntry
from dialogue.kit.frozen import frozen, record
from dialogue.kit.money import print_money
from dialogue.kit.registry import Registry
from dialogue.kit.rows import columns_of
from dialogue.kit.statement import Statement, read_together
from dialogue.platform.accounts.doors import MemberRequest
from dialogue.platform.audit.models import Entry
from dialogue.platform.audit.words import lines_of
from dialogue.platform.criteria.asking import asking_of
from dialogue.platform.criteria.models import slots_under
from dialogue.platform.files.views import files_panel
from dialogue.platform.lists.cells import Printer
from dialogue.selling.deals.fields import deal as entity
from dialogue.selling.deals.fields import stages_in_use
from dialogue.selling.deals.lists import DEALS, tone_of
from dialogue.selling.deals.models import Deal, DealComment, DealContact, DealRole, DealTag, Stage
from dialogue.selling.deals.permissions import DealPermission

SHOWN_HISTORY = 12
SHOWN_DIALOGUE = 8


@frozen
class DealPanel:
    """A box another room adds to the page of a deal; `render` returns HTML, "" where there is nothing to show."""

    title: str | Promise
    render: Callable[[MemberRequest, Deal], str]
    order: int = 100


deal_panels: Registry[DealPanel] = Registry("deal panels")


@record
class Step:
    """One stage of the strip: passed, present or to come."""

    stage: Stage
    state: str


def strip_of(deal: Deal, stages: list[Stage]) -> list[Step]:
    """Return the open stages of the deal's pipeline and how each stands."""
    opened = [stage for stage in stages if not stage.is_final]
    here = next((number for number, stage in enumerate(opened) if stage.pk == deal.stage_id), len(opened))
    states = ["done" if number < here else "here" if number == here else "ahead" for number in range(len(opened))]
    if deal.stage_class == "lost":
        states = ["ahead"] * len(opened)
    return [Step(stage, state) for stage, state in zip(opened, states, strict=True)]


def _links(deal: int) -> QuerySet[DealContact]:
    rows = DealContact.objects.filter(deal=deal).select_related("party", "party__company").order_by("id")
    return rows.defer(*slots_under("party", "party__company"))


def _comments(deal: int) -> QuerySet[DealComment]:
    rows = DealComment.objects.filter(deal=deal).select_related("author").order_by("id")
    return rows.only(*columns_of(DealComment), "author__name", "author__email")


def _history(deal: int) -> QuerySet[Entry]:
    return Entry.objects.filter(subject_kind=Deal._meta.label_lower, subject_id=deal).order_by("-id")[:SHOWN_HISTORY]


LINKS = Statement(_links)
TAGGED = Statement(lambda deal: DealTag.objects.filter(deal=deal).select_related("tag").order_by("tag__fold"))
COMMENTS = Statement(_comments)
HISTORY = Statement(_history)


def deal_context(request: MemberRequest, deal: Deal) -> dict[str, Any]:
    """Return everything the page shows, by about ten queries in four turns."""
    asking = asking_of(request.actor, request.company)
    stages = [stage for stage in stages_in_use() if stage.pipeline_id == deal.pipeline_id]
    # A pipeline put aside keeps its deals.
    stages = stages or list(Stage.objects.filter(pipeline_id=deal.pipeline_id, archived_at=None).order_by("position", "id"))
    ids = {"deal": deal.pk}
    links, tags, comments, entries = read_together(
        [(LINKS, None, ids), (TAGGED, None, ids), (COMMENTS, None, ids), (HISTORY, None, ids)]
    )
    parties = [link.party_id for link in links] + ([deal.company_id] if deal.company_id else [])
    said = TimelineEntry.objects.visible_to(request.actor).filter(party_id__in=parties).newest().select_related("party")
    said = said.only(*columns_of(TimelineEntry), "party__name")
    printer = Printer(DEALS, asking)
    panels = sorted(deal_panels.within(request.company.rooms_off), key=lambda panel: panel.order)
    return {
        "deal": deal,
        "budget": print_money(deal.budget, deal.currency) if deal.budget is not None else "",
        "base": print_money(deal.base_amount, deal.base_currency)
        if deal.base_amount is not None and deal.base_currency != deal.currency
        else "",
        "tone": tone_of(deal.stage),
        "strip": strip_of(deal, stages),
        "days_here": (timezone.now() - deal.stage_since).days,
        "links": links,
        "roles": DealRole.choices,
        "tags": tags,
        "characteristics": [(field.label, printer.text(field, deal)) for field in entity.defined()],
        "said": list(said[:SHOWN_DIALOGUE]) if parties else [],
        "comments": comments,
        "lines": lines_of(entries),
        "panels": [(panel.title, panel.render(request, deal)) for panel in panels],
        "may_write": request.actor.can(DealPermission.WRITE),
        "may_bin": request.actor.can(DealPermission.BIN),
        **files_panel(request, deal),
    }
