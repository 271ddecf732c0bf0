"""A customer's dialogue as his card shows it: days from the newest, inside a day in order, each answer under its touch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from dialogue.customers.parties.models import Party
from dialogue.customers.sources.models import source_names
from dialogue.customers.timeline.details import OF_SOURCE, EntryDetail, answer_details, details_of
from dialogue.customers.timeline.models import Entry, EntryQuerySet, Side, answers_to
from dialogue.customers.timeline.permissions import TimelinePermission
from dialogue.customers.timeline.rules import unmarked
from dialogue.kit.doors import whole_number
from dialogue.kit.frozen import frozen, record
from dialogue.kit.money import print_money
from dialogue.kit.statement import Statement
from dialogue.platform.accounts.doors import MemberRequest
from dialogue.platform.accounts.models import User

PAGE = 30
NO_DETAIL = EntryDetail()
LIGHT = {"opened", "link_followed"}


@frozen
class Bubble:
    """One entry as it is shown."""

    entry: Entry
    campaign: str = ""
    author: str = ""
    detail: EntryDetail = NO_DETAIL
    may_strike: bool = False
    may_answer: bool = False

    @property
    def minutes(self) -> int | None:
        """The length of a call."""
        return (self.entry.facts or {}).get("minutes")

    @property
    def text(self) -> str:
        """What was written, without the marks of links and bold type, as its receiver read it."""
        return unmarked(self.entry.body or "")

    @property
    def money(self) -> str:
        """The sum it speaks of, for the reader."""
        sum_of = self.entry.money
        return print_money(sum_of.amount, sum_of.currency.code) if sum_of else ""

    @property
    def title(self) -> str:
        """The subject, where the text does not repeat it."""
        return "" if self.entry.body and not self.entry.subject else self.entry.subject


@record
class Turn:
    """What was said and what came back; a response alone has no touch."""

    said: Bubble
    light: list[Bubble] = field(default_factory=list)
    answers: list[Bubble] = field(default_factory=list)


@record
class Day:
    """One day of the dialogue."""

    day: date
    turns: list[Turn]
    today: bool = False


@record
class Feed:
    """One page of a customer's dialogue; `after` is the cursor of what is older, empty where nothing is."""

    days: list[Day]
    after: str = ""

    @property
    def moving(self) -> bool:
        """Whether something shown may change by itself in a moment."""
        return any(turn.said.detail.moving for day in self.days for turn in day.turns)


def write_cursor(entry: Entry) -> str:
    """Return the place after an entry."""
    return f"{entry.at.isoformat()}~{entry.pk}"


def read_cursor(text: str) -> tuple[datetime, int] | None:
    """Return the place, None where the text is none."""
    at, _mark, digits = text.partition("~")
    moment, pk = parse_datetime(at.replace(" ", "+")) if at else None, whole_number(digits)
    return (moment, pk) if moment is not None and pk is not None else None


def _said_to(party: int) -> EntryQuerySet:
    return Entry.objects.of(party).filter(touch__isnull=True).newest()


NEWEST = Statement(lambda party: _said_to(party)[: PAGE + 1])


def first_page(party: Party) -> list[tuple[Statement[Entry], bool, dict[str, int]]]:
    """Return what the newest page of a customer's dialogue asks first."""
    return [(NEWEST, False, {"party": party.pk})]


def feed_of(request: MemberRequest, party: Party, after: str = "") -> Feed:
    """Return a page of the customer's dialogue in six queries whatever its length."""
    place = read_cursor(after)
    found = list(_said_to(party.pk).older_than(*place)[: PAGE + 1]) if place else NEWEST.rows(party=party.pk)
    shown = found[:PAGE]
    answers = answers_to(entry.pk for entry in shown if entry.side == Side.OUT)
    bubbles = _bubbles(request, [*shown, *(answer for held in answers.values() for answer in held)])
    zone = request.company.zone
    today = timezone.now().astimezone(zone).date()
    days = [
        Day(day, [_turn(entry, answers, bubbles) for entry in reversed(list(held))], day == today)
        for day, held in groupby(shown, key=lambda entry: entry.at.astimezone(zone).date())
    ]
    return Feed(days, write_cursor(shown[-1]) if len(found) > PAGE else "")


def _turn(entry: Entry, answers: dict[int, list[Entry]], bubbles: dict[int, Bubble]) -> Turn:
    turn = Turn(bubbles[entry.pk])
    for answer in answers.get(entry.pk, []):
        (turn.light if answer.kind in LIGHT else turn.answers).append(bubbles[answer.pk])
    return turn


def _bubbles(request: MemberRequest, entries: Sequence[Entry]) -> dict[int, Bubble]:
    campaigns = source_names(_known(entry.source for entry in entries))
    authors = {user.pk: str(user) for user in User.objects.filter(pk__in=_known(entry.by for entry in entries))}
    # A link followed belongs to a delivery too, but its state stands at the letter.
    details = details_of(request, [entry for entry in entries if entry.side != Side.IN])
    answered = details_of(request, [entry for entry in entries if entry.side == Side.IN], answer_details)
    may_any = request.actor.can(TimelinePermission.STRIKE)
    may = request.actor.can(TimelinePermission.WRITE)
    return {
        entry.pk: Bubble(
            entry,
            campaign=campaigns.get(entry.source or 0, ""),
            author=authors.get(entry.by or 0, ""),
            detail=_detail(entry, answered if entry.side == Side.IN else details),
            may_answer=may,
            may_strike=may and entry.ref_id is None and entry.declared.by_hand and (may_any or entry.by == request.actor.user),
        )
        for entry in entries
    }


def _detail(entry: Entry, details: dict[tuple[str, int], EntryDetail]) -> EntryDetail:
    key = (OF_SOURCE, entry.pk) if entry.ref_id is None else (entry.ref_kind, entry.ref_id)
    return details.get(key, NO_DETAIL)


def _known(ids: Iterable[int | None]) -> set[Any]:
    return {pk for pk in ids if pk is not None}
