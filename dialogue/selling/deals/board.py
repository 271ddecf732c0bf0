"""The board: columns by stage, all counts and sums by one query, the first cards of every column by one more."""

from __future__ import annotations

from dataclasses import field
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.http import QueryDict
from django.urls import reverse
from django.utils.safestring import SafeString

from dialogue.kit.doors import whole_number
from dialogue.kit.frozen import record
from dialogue.kit.money import print_money
from dialogue.platform.criteria.fields import Asking
from dialogue.platform.criteria.models import slots_under
from dialogue.platform.lists.query import ANY_PRESET, ListQuery
from dialogue.selling.deals.lists import DEALS, next_step_html, tone_of
from dialogue.selling.deals.models import Deal, Pipeline, Stage

CARDS = 40


@record
class Card:
    """One deal as a card of the board."""

    deal: Deal
    amount: str
    step: SafeString | str
    url: str


@record
class Column:
    """One stage with its figures and its first cards; `more` is the key of the next ones."""

    stage: Stage
    tone: str
    count: int = 0
    sums: str = ""
    cards: list[Card] = field(default_factory=list)
    more: str = ""


def board_query(given: QueryDict, asking: Asking) -> ListQuery:
    """Return the reading of the board: the list's filter, whose usual view is every deal."""
    asked = given.copy()
    asked.setdefault("view", ANY_PRESET)
    return ListQuery(DEALS, asked, asking)


def figures(rows: QuerySet[Any], stages: list[Stage]) -> dict[int, tuple[int, str]]:
    """Return count and printed sums by stage, by one query."""
    grouped = rows.order_by().filter(stage__in=stages).values("stage_id", "currency")
    counts: dict[int, int] = {}
    sums: dict[int, list[tuple[Decimal, str]]] = {}
    for row in grouped.annotate(number=Count("pk"), total=Sum("budget")):
        counts[row["stage_id"]] = counts.get(row["stage_id"], 0) + row["number"]
        if row["total"]:
            sums.setdefault(row["stage_id"], []).append((row["total"], row["currency"]))
    return {
        stage.pk: (
            counts.get(stage.pk, 0),
            " · ".join(print_money(total, code) for total, code in sorted(sums.get(stage.pk, []), reverse=True)[:2]),
        )
        for stage in stages
    }


def columns(rows: QuerySet[Any], stages: list[Stage], asking: Asking) -> list[Column]:
    """Return the columns of the board by three queries: figures, the ids of the first cards, the cards."""
    known = figures(rows, stages)
    made = {stage.pk: Column(stage, tone_of(stage), *known[stage.pk]) for stage in stages}
    ordered = rows.order_by("rank", "pk").values_list("pk", flat=True)
    # One index walk a column: PostgreSQL sorts the whole table for a window function instead.
    parts = [ordered.filter(stage=stage)[: CARDS + 1] for stage in stages if known[stage.pk][0]]
    if not parts:
        return list(made.values())
    ids = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    for card in cards(Deal.objects.filter(pk__in=list(ids)), asking):
        made[card.deal.stage_id].cards.append(card)
    for column in made.values():
        _cut(column)
    return list(made.values())


def cards(rows: QuerySet[Any], asking: Asking) -> list[Card]:
    """Return deals as cards in the order of the board."""
    shown = (
        rows.select_related("company", "contact", "responsible")
        .defer(*slots_under("", "company", "contact"))
        .order_by("rank", "pk")
    )
    return [
        Card(
            deal,
            print_money(deal.budget, deal.currency) if deal.budget is not None else "",
            next_step_html(deal, asking),
            reverse("deal_card", args=[deal.pk]),
        )
        for deal in shown
    ]


def further(rows: QuerySet[Any], stage: Stage, key: str, asking: Asking) -> Column:
    """Return the next cards of a column after the key `rank:id`."""
    before, _colon, last = key.partition(":")
    rank, pk = whole_number(before.removeprefix("-")), whole_number(last)
    column = Column(stage, tone_of(stage))
    if rank is None or pk is None:
        return column
    rank = -rank if before.startswith("-") else rank
    after = rows.filter(stage=stage, rank__gte=rank).filter(Q(rank__gt=rank) | Q(rank=rank, pk__gt=pk))
    column.cards = first_cards(after, asking)
    _cut(column)
    return column


def first_cards(rows: QuerySet[Any], asking: Asking) -> list[Card]:
    """Return the first cards of rows, one more than a column shows."""
    ids = list(rows.order_by("rank", "pk").values_list("pk", flat=True)[: CARDS + 1])
    return cards(Deal.objects.filter(pk__in=ids), asking)


def _cut(column: Column) -> None:
    if len(column.cards) > CARDS:
        column.cards = column.cards[:CARDS]
        last = column.cards[-1].deal
        column.more = f"{last.rank}:{last.pk}"


def pipeline_of(wanted: str, remembered: int | None) -> tuple[Pipeline | None, list[Pipeline]]:
    """Return the pipeline to show and all of them: the asked one, the remembered one or the first."""
    known = list(Pipeline.objects.in_use())
    by_id = {one.pk: one for one in known}
    chosen = by_id.get(whole_number(wanted) or 0)
    chosen = chosen or by_id.get(remembered or 0)
    return chosen or (known[0] if known else None), known
