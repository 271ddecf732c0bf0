"""What the page of one deal shows, and the panels other rooms add to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise

from dialogue.customers.timeline.models import Entry as TimelineEntry
from dialogue.kit.money import print_money
from dialogue.kit.registry import Registry
from dialogue.platform.accounts.doors import MemberRequest
from dialogue.platform.audit.models import Entry
from dialogue.platform.audit.words import Line, lines_of
from dialogue.platform.criteria.asking import asking_of
from dialogue.platform.files.views import files_panel
from dialogue.platform.lists.cells import Printer
from dialogue.selling.deals.fields import deal as entity
from dialogue.selling.deals.lists import DEALS, tone_of
from dialogue.selling.deals.models import Deal, DealRole, Stage
from dialogue.selling.deals.permissions import DealPermission

SHOWN_HISTORY = 12
SHOWN_DIALOGUE = 8


@dataclass(frozen=True)
class DealPanel:
    """A box another room adds to the page of a deal; `render` returns HTML, "" where there is nothing to show."""

    title: str | Promise
    render: Callable[[MemberRequest, Deal], str]
    order: int = 100


deal_panels: Registry[DealPanel] = Registry("deal panels")


@dataclass
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


def history_of(deal: Deal) -> list[Line]:
    """Return the latest audit entries of a deal in words."""
    entries = Entry.objects.filter(subject_kind=deal._meta.label_lower, subject_id=deal.pk).order_by("-id")
    return lines_of(entries[:SHOWN_HISTORY])


def deal_context(request: MemberRequest, deal: Deal) -> dict[str, Any]:
    """Return everything the page shows, by about ten queries."""
    asking = asking_of(request.actor, request.company)
    stages = list(Stage.objects.filter(pipeline_id=deal.pipeline_id, archived_at=None).order_by("position", "id"))
    links = list(deal.contacts.select_related("party", "party__company").order_by("id"))
    parties = [link.party_id for link in links] + ([deal.company_id] if deal.company_id else [])
    said = TimelineEntry.objects.visible_to(request.actor).filter(party_id__in=parties).newest().select_related("party")
    printer = Printer(DEALS, asking)
    panels = sorted(deal_panels, key=lambda panel: panel.order)
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
        "tags": list(deal.tag_links.select_related("tag").order_by("tag__fold")),
        "characteristics": [(field.label, printer.text(field, deal)) for field in entity.defined()],
        "said": list(said[:SHOWN_DIALOGUE]) if parties else [],
        "comments": list(deal.comments.select_related("author").order_by("id")),
        "lines": history_of(deal),
        "panels": [(panel.title, panel.render(request, deal)) for panel in panels],
        "may_write": request.actor.can(DealPermission.WRITE),
        "may_bin": request.actor.can(DealPermission.BIN),
        **files_panel(request, deal),
    }
