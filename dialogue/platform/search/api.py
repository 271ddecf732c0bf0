"""The API operation of search."""

from __future__ import annotations

from typing import Annotated

from ninja import Query, Router
from pydantic import Field

from dialogue.kit.api.shapes import Input, Shape
from dialogue.platform.accounts.doors import ApiRequest
from dialogue.platform.search.finding import find

router = Router(tags=["search"])


class Asked(Input):
    """What is searched for."""

    q: Annotated[str, Field(min_length=1, max_length=100, description="A part of a name, a phone or an e-mail.")]
    kinds: Annotated[str, Field(max_length=200, description="Kinds apart by commas; all where empty.")] = ""
    limit: Annotated[int, Field(ge=1, le=50, description="How many of each kind at most.")] = 8


class HitShape(Shape):
    """One record found."""

    kind: str
    id: int
    title: str
    hint: str


class Found(Shape):
    """What was found, kind by kind, the nearest first."""

    items: list[HitShape]


@router.get("", response=Found, summary="Find records")
def find_records(request: ApiRequest, asked: Query[Asked]) -> Found:
    """Customers and deals whose name, phone or e-mail holds every word, in either alphabet."""
    kinds = [kind for kind in asked.kinds.split(",") if kind]
    groups = find(asked.q, request.actor, kinds=kinds, off=request.company.rooms_off, limit=asked.limit)
    return Found(
        items=[HitShape(kind=hit.kind, id=hit.record, title=hit.title, hint=hit.hint) for group in groups for hit in group.hits]
    )
