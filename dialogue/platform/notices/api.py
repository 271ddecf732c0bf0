"""The API operations over a member's notices."""

from __future__ import annotations

from typing import Any

from ninja import Query, Router

from dialogue.kit.api.paging import Page, Paging, page_of
from dialogue.kit.api.shapes import Input, Moment, Shape
from dialogue.kit.doors import ActorRequest
from dialogue.platform.notices.actions import read_notices
from dialogue.platform.notices.models import Notice

router = Router(tags=["notices"])


class NoticeShape(Shape):
    """One notice; `address` is the record's path inside the company."""

    id: int
    kind: str
    actor_label: str
    title: str
    text: str
    address: str
    at: Moment
    read_at: Moment | None


class NoticeFilter(Paging):
    """Which notices are asked for."""

    unread: bool = False


class ReadInput(Input):
    """The notices that were read; all when none is named."""

    ids: list[int] | None = None


class ReadShape(Shape):
    """How many were unread before."""

    read: int


@router.get("", response=Page[NoticeShape], summary="List notices")
def list_notices(request: ActorRequest, asked: Query[NoticeFilter]) -> dict[str, Any]:
    """The member's own, newest first."""
    rows = Notice.objects.visible_to(request.actor)
    return page_of(rows.unread() if asked.unread else rows, asked)


@router.post("/read", response=ReadShape, summary="Mark notices as read")
def mark_read(request: ActorRequest, given: ReadInput) -> dict[str, int]:
    """The named ones, or all."""
    return {"read": read_notices(given.ids, by=request.actor)}
