"""The API operations of the timeline: what was said, what came back, everything in order."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import AwareDatetime, Field

from dialogue.customers.parties.models import Party
from dialogue.customers.timeline.actions import record_note, record_response, record_touch, strike_entry
from dialogue.customers.timeline.fields import ENTRY
from dialogue.customers.timeline.models import Entry
from dialogue.kit.api.paging import Page
from dialogue.kit.api.shapes import Input, Moment, Money, Shape, Text
from dialogue.kit.doors import visible_or_404
from dialogue.platform.accounts.doors import ApiRequest
from dialogue.platform.criteria.api import Filtered, Search, filtered_page

router = Router(tags=["timeline"])
touches_router = Router(tags=["touches"])
responses_router = Router(tags=["responses"])
ORDER = ("-at", "-id")
Id = Annotated[int, Field(ge=1, lt=2**63)]
Kind = Annotated[Text, Field(max_length=24)]
Subject = Annotated[Text, Field(max_length=300)]
Body = Annotated[Text, Field(max_length=20_000)]


class EntryShape(Shape):
    """One moment of the dialogue: `side` is out (a touch), in (a response) or own (a note of ours).

    `touch` is the touch a response answers, `source` its campaign, `ref` the record it speaks of.
    """

    id: int
    at: Moment
    party: int
    side: str
    kind: str
    way: str
    subject: str
    body: str
    touch: int | None
    source: int | None
    ref: dict[str, int]
    amount: Money | None
    facts: dict[str, Any]
    by: int | None

    @classmethod
    def of(cls, row: Entry) -> EntryShape:
        """Return an entry as the API shows it."""
        return cls(
            id=row.pk,
            at=row.at,
            party=row.party_id,
            side=row.side,
            kind=row.kind,
            way=row.way,
            subject=row.subject,
            body=row.body or "",
            touch=row.touch,
            source=row.source,
            ref={row.ref_kind: row.ref_id} if row.ref_id is not None else {},
            amount=Money.of(row.amount, row.currency),
            facts=row.facts or {},
            by=row.by,
        )


class NoteInput(Input):
    """A note of ours about a customer."""

    party: Id
    body: Body


class TouchInput(Input):
    """What was said to a customer. `kind`: call, call_missed, meeting, message, post_letter and what rooms add."""

    party: Id
    kind: Kind
    way: Annotated[Text, Field(max_length=9)] = ""
    subject: Subject = ""
    body: Body = ""
    at: AwareDatetime | None = None
    source: Id | None = None


class ResponseInput(TouchInput):
    """What a customer answered. `kind`: reply, called, came, accepted, refused, complaint, bought and what rooms add."""

    touch: Id | None = None
    amount: Money | None = None


def _party(request: ApiRequest, pk: int) -> Party:
    return visible_or_404(Party.objects.visible_to(request.actor), pk)


def _page(request: HttpRequest, asked: Filtered | Search, side: str = "") -> dict[str, Any]:
    def narrow(rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(side=side) if side else rows

    return filtered_page(request, ENTRY, asked, shape=EntryShape.of, order=ORDER, related=narrow)  # type: ignore[arg-type]


@router.get("", response=Page[EntryShape], summary="List the timeline")
def list_timeline(request: HttpRequest, asked: Query[Filtered]) -> dict[str, Any]:
    """The newest first; the rule tree narrows by party, side, kind, way, at, source, by."""
    return _page(request, asked)


@router.post("/search", response=Page[EntryShape], summary="Search the timeline")
def search_timeline(request: HttpRequest, asked: Search) -> dict[str, Any]:
    """The same with a long rule tree in the body."""
    return _page(request, asked)


@router.post("/notes", response={201: EntryShape}, summary="Write a note")
def write_note(request: ApiRequest, given: NoteInput) -> tuple[int, EntryShape]:
    """Keep a note of ours about a customer."""
    return 201, EntryShape.of(record_note(_party(request, given.party), body=given.body, by=request.actor))


@router.get("/{int:entry}", response=EntryShape, summary="Get an entry")
def get_entry(request: ApiRequest, entry: int) -> EntryShape:
    """One moment of the dialogue."""
    return EntryShape.of(visible_or_404(Entry.objects.visible_to(request.actor), entry))


@router.delete("/{int:entry}", response={204: None}, summary="Remove an entry written by hand")
def remove_entry(request: ApiRequest, entry: int) -> HttpResponse:
    """Only what was written by hand, and only while nothing answers it."""
    strike_entry(visible_or_404(Entry.objects.visible_to(request.actor), entry), by=request.actor)
    return HttpResponse(status=204)


@touches_router.get("", response=Page[EntryShape], summary="List what was said")
def list_touches(request: HttpRequest, asked: Query[Filtered]) -> dict[str, Any]:
    """What was said to customers, the newest first."""
    return _page(request, asked, "out")


@touches_router.post("/search", response=Page[EntryShape], summary="Search what was said")
def search_touches(request: HttpRequest, asked: Search) -> dict[str, Any]:
    """The same with a long rule tree in the body."""
    return _page(request, asked, "out")


@touches_router.post("", response={201: EntryShape}, summary="Record a touch")
def add_touch(request: ApiRequest, given: TouchInput) -> tuple[int, EntryShape]:
    """Record what was said to a customer outside this system; a letter is written by POST /messages."""
    values = given.model_dump(exclude={"party"})
    return 201, EntryShape.of(record_touch(_party(request, given.party), **values, by=request.actor))


@responses_router.get("", response=Page[EntryShape], summary="List what was answered")
def list_responses(request: HttpRequest, asked: Query[Filtered]) -> dict[str, Any]:
    """What customers answered, the newest first."""
    return _page(request, asked, "in")


@responses_router.post("/search", response=Page[EntryShape], summary="Search what was answered")
def search_responses(request: HttpRequest, asked: Search) -> dict[str, Any]:
    """The same with a long rule tree in the body."""
    return _page(request, asked, "in")


@responses_router.post("", response={201: EntryShape}, summary="Record a response")
def add_response(request: ApiRequest, given: ResponseInput) -> tuple[int, EntryShape]:
    """Record what a customer answered, against the touch and the campaign where known."""
    values = given.model_dump(exclude={"party", "amount"})
    money = given.amount
    entry = record_response(
        _party(request, given.party),
        **values,
        amount=money.amount if money else None,
        currency=money.currency if money else "",
        by=request.actor,
    )
    return 201, EntryShape.of(entry)
