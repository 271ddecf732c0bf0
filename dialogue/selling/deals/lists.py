"""The list of deals, declared: columns, filters, presets, what can be done with many at once (S0-13 to S0-19)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from markupsafe import escape

from dialogue.customers.parties.models import Tag
from dialogue.kit.actors import Actor
from dialogue.kit.addresses import record_url
from dialogue.kit.dates import short_day
from dialogue.kit.errors import Refusal
from dialogue.kit.money import print_money
from dialogue.platform.criteria.fields import CHARACTERISTICS, Asking
from dialogue.platform.criteria.kinds import FieldKind, clean_value
from dialogue.platform.imports.permissions import ImportPermission
from dialogue.platform.lists.pages import BulkVerb, Button, Empty, ListPage, Preset, View, list_pages
from dialogue.platform.search.finding import found_ids
from dialogue.selling.deals.actions import change_deal, move_deal, tag_deal
from dialogue.selling.deals.batches import (
    assign_deals,
    bin_deals,
    lose_deals,
    move_deals,
    put_back,
    restore_deals,
    tag_deals,
    untag_deals,
)
from dialogue.selling.deals.drafts import ENTITY
from dialogue.selling.deals.losses import reasons_in_use
from dialogue.selling.deals.models import Deal, Stage, StageClass
from dialogue.selling.deals.permissions import DealPermission

OPEN = {"field": "stage.class", "is": "open"}
# The open stages of a pipeline pass from grey through what we say to what they answer.
TONES = ("", "say", "warn", "answer")


def budget_text(deal: Deal) -> str:
    """Return the budget for a reader, a dash where there is none."""
    return print_money(deal.budget, deal.currency) if deal.budget is not None else "—"


def tone_of(stage: Stage) -> str:
    """Return the colour class of a stage's chip."""
    if stage.stage_class != StageClass.OPEN:
        return "good" if stage.stage_class == StageClass.WON else "bad"
    return TONES[min(max(stage.position, 1), len(TONES)) - 1]


def search_deals(rows: QuerySet[Any], text: str, asking: Asking) -> QuerySet[Any]:
    """Narrow deals by parts of the name, the number, a party's name or any characteristic (S0-14)."""
    return rows.filter(pk__in=found_ids(ENTITY, text))


def _stage(row: Deal, asking: Asking) -> SafeString:
    return mark_safe(f'<span class="chip {tone_of(row.stage)}">{escape(row.stage.name)}</span>')  # noqa: S308  escaped here


def _party(name: str) -> Any:
    def shown(row: Deal, asking: Asking) -> SafeString | str:
        party = getattr(row, name)
        if party is None:
            return ""
        return mark_safe(f'<a href="{record_url("party_card", party.pk)}">{escape(party.name)}</a>')  # noqa: S308  escaped here

    return shown


def _responsible(row: Deal, asking: Asking) -> SafeString | str:
    if row.responsible is None:
        return ""
    return format_html('<span title="{}">{}</span>', row.responsible, row.responsible)


def _tags(row: Deal, asking: Asking) -> SafeString:
    return format_html_join(" ", '<span class="chip">{}</span>', ((link.tag.name,) for link in row.tag_links.all()))


def next_step_html(row: Deal, asking: Asking) -> SafeString | str:
    """Return when the next task of a deal is due, in words; an overdue one stands out."""
    if row.stage_class != StageClass.OPEN and row.next_step_on is None:
        return ""
    return _step_html(row.next_step_on, asking.now.astimezone(asking.zone).date(), get_language() or "en")


@lru_cache(maxsize=4096)
def _step_html(on: date | None, today: date, language: str) -> SafeString | str:
    if on is None:
        return format_html('<span class="faint">{}</span>', _("no step"))
    if on < today:
        return format_html('<span class="chip bad">{}</span>', _("overdue"))
    if on == today:
        return _("today")
    return _("tomorrow") if on == today + timedelta(days=1) else short_day(on, language)


def change_cell(row: Deal, name: str, value: Any, *, by: Actor) -> Deal:
    """Change one field from the list's cell; return the deal.

    Raises:
        Refusal: the value is wrong.
    """
    if name.startswith(CHARACTERISTICS):
        return change_deal(row, by=by, characteristics={name.removeprefix(CHARACTERISTICS): value})
    if name == "tags":
        names = Tag.objects.filter(entity=ENTITY, pk__in=[int(one) for one in value or []]).values_list("name", flat=True)
        return tag_deal(row, list(names), by=by)
    if name == "stage":
        stage = Stage.objects.in_use().filter(pk=int(value or 0)).first()
        if stage is None:
            raise Refusal(_("Choose a stage that is in use."), field="stage")
        return move_deal(row, stage, by=by)
    if name == "budget":
        money = clean_value(FieldKind.MONEY, value, label=_("budget"), field="budget")
        if money is None:
            return change_deal(row, by=by, budget=None)
        return change_deal(row, by=by, budget=Decimal(money["amount"]), currency=money["currency"])
    if name == "responsible":
        value = int(value) if value else None
    if name == "expected_on":
        value = clean_value(FieldKind.DATE, value, label=_("expected close"), field=name)
    return change_deal(row, by=by, **{name: value})


def _assign(ids: list[int], value: Any, by: Actor) -> dict[int, Any]:
    return assign_deals(ids, int(value) if value else None, by=by)


def _unassign(befores: dict[int, Any], after: Any, by: Actor) -> list[int]:
    held = int(after) if after else None
    still = list(Deal.objects.filter(pk__in=list(befores), responsible_id=held).values_list("pk", flat=True))
    return put_back(befores, still, lambda ids, before: assign_deals(ids, before, by=by))


def _move(ids: list[int], value: Any, by: Actor) -> dict[int, Any]:
    # A lost deal remembers why it was lost, for the way back.
    lost = Deal.objects.filter(pk__in=ids, stage_class=StageClass.LOST)
    why = {pk: [loss, words] for pk, loss, words in lost.values_list("pk", "loss_id", "lost_reason")}
    return {pk: [stage, *why.get(pk, [None, ""])] for pk, stage in move_deals(ids, int(value or 0), by=by).items()}


def _put_back(befores: dict[int, Any], still: list[int], by: Actor) -> list[int]:
    known = reasons_in_use()
    places = {pk: tuple(place) for pk, place in befores.items()}

    def each(ids: list[int], place: Any) -> None:
        stage, loss, words = place
        move_deals(ids, stage, by=by, reason=words or "—", loss=loss if loss in known else None)

    return put_back(places, still, each)


def _move_back(befores: dict[int, Any], after: Any, by: Actor) -> list[int]:
    still = list(Deal.objects.filter(pk__in=list(befores), stage_id=int(after)).values_list("pk", flat=True))
    return _put_back(befores, still, by)


def _lose(ids: list[int], value: Any, by: Actor) -> dict[int, Any]:
    return {pk: [stage, None, ""] for pk, stage in lose_deals(ids, by=by, loss=int(value) if value else None).items()}


def _unlose(befores: dict[int, Any], after: Any, by: Actor) -> list[int]:
    rows = Deal.objects.filter(pk__in=list(befores), stage_class=StageClass.LOST, loss_id=int(after))
    return _put_back(befores, list(rows.values_list("pk", flat=True)), by)


def _tag(ids: list[int], value: Any, by: Actor) -> dict[int, Any]:
    given: dict[int, Any] = {}
    for tag in value or []:
        for pk in tag_deals(ids, int(tag), by=by):
            given.setdefault(pk, []).append(int(tag))
    return given


def _untag(befores: dict[int, Any], after: Any, by: Actor) -> list[int]:
    gone: set[int] = set()
    for tag in {one for tags in befores.values() for one in tags}:
        gone |= set(untag_deals([pk for pk, tags in befores.items() if tag in tags], tag, by=by))
    return sorted(gone)


def _bin(ids: list[int], value: Any, by: Actor) -> dict[int, Any]:
    return bin_deals(ids, by=by)


def _unbin(befores: dict[int, Any], after: Any, by: Actor) -> list[int]:
    return restore_deals(list(befores), by=by)


ADD = Button(gettext_lazy("Add a deal"), "deal_new", permission=DealPermission.WRITE, main=True, dialog=True, key="n")
LOAD = Button(gettext_lazy("Import"), "import_new", permission=ImportPermission.RUN)
SETTINGS = Button(gettext_lazy("Settings"), "deal_settings", permission=DealPermission.PIPELINE)
DEALS = list_pages.add(
    "deals",
    ListPage(
        name="deals",
        entity=ENTITY,
        title=gettext_lazy("Deals"),
        url_name="deal_list",
        columns=("title", "contact", "company", "stage", "next_step", "budget"),
        quick=("stage", "tasks", "created_at", "responsible", "tags"),
        empty=Empty(
            gettext_lazy("No deals yet"),
            gettext_lazy("A deal is something you try to sell. Add the first one, or load those you have from a file."),
            buttons=(ADD, LOAD),
        ),
        row_url=lambda row: record_url("deal_card", row.pk),
        sort="-created_at",
        amount="budget",
        reads=("title", "budget", "currency"),
        search_words=gettext_lazy("Find a deal"),
        presets=(
            Preset("open", gettext_lazy("Open deals"), OPEN),
            Preset("mine", gettext_lazy("My open deals"), {"all": [OPEN, {"field": "responsible", "is": "me"}]}),
            Preset("no-step", gettext_lazy("Without a next step"), {"all": [OPEN, {"field": "next_step", "empty": True}]}),
            Preset("today", gettext_lazy("Step due today"), {"all": [OPEN, {"field": "next_step", "period": "today"}]}),
            Preset("overdue", gettext_lazy("Overdue"), {"all": [OPEN, {"field": "next_step", "older_than": "1d"}]}),
            Preset("won", gettext_lazy("Won deals"), {"field": "stage.class", "is": "won"}),
            Preset("lost", gettext_lazy("Lost deals"), {"field": "stage.class", "is": "lost"}),
        ),
        default_preset="open",
        buttons=(SETTINGS, LOAD, ADD),
        views=(View(gettext_lazy("Board"), "deal_board"),),
        bulk=(
            BulkVerb("responsible", gettext_lazy("Hand over"), DealPermission.ASSIGN, "responsible", _assign, _unassign),
            BulkVerb("stage", gettext_lazy("Move to a stage"), DealPermission.WRITE, "stage", _move, _move_back),
            BulkVerb("lose", gettext_lazy("Close as lost"), DealPermission.WRITE, "loss", _lose, _unlose),
            BulkVerb("tags", gettext_lazy("Add tags"), DealPermission.WRITE, "tags", _tag, _untag),
            BulkVerb("delete", gettext_lazy("Delete"), DealPermission.BIN, "", _bin, _unbin),
        ),
        search=search_deals,
        cells={
            "stage": _stage,
            "company": _party("company"),
            "contact": _party("contact"),
            "responsible": _responsible,
            "tags": _tags,
            "next_step": next_step_html,
        },
        change=change_cell,
    ),
)
