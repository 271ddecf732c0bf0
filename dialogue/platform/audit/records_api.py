"""The API operations over the history and the bin."""

from __future__ import annotations

from typing import Annotated, Any

from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import Field

from dialogue.kit.api.paging import Page, Paging, page_of
from dialogue.kit.api.shapes import Moment, Shape
from dialogue.kit.doors import LARGEST, ActorRequest
from dialogue.kit.errors import NotPermitted
from dialogue.platform.audit.actions import restore_record
from dialogue.platform.audit.bin import bin_of
from dialogue.platform.audit.models import Entry
from dialogue.platform.audit.views import READ, visible_subject
from dialogue.platform.audit.words import lines_of

history = Router(tags=["history"])
bin_router = Router(tags=["bin"])


class EntryShape(Shape):
    """One thing done; `words` say it in the reader's language, `changes` hold `[before, after]` per field."""

    id: int
    at: Moment
    actor: str
    event: str
    words: str
    subject_kind: str
    subject_id: int | None
    subject: str
    changes: dict[str, Any]
    facts: dict[str, Any]


class HistoryFilter(Paging):
    """Whose history is asked for; the whole company's without a record."""

    subject_kind: Annotated[str, Field(max_length=40)] = ""
    subject_id: Annotated[int, Field(ge=1, lt=LARGEST)] | None = None


class BinnedShape(Shape):
    """One record in the bin; after `gone_at` it is gone for good."""

    kind: str
    id: int
    name: str
    deleted_at: Moment
    gone_at: Moment
    by: str


class RestoredShape(Shape):
    """The record that is back."""

    kind: str
    id: int
    name: str


def _shown(entry: Entry) -> EntryShape:
    [line] = lines_of([entry])
    return EntryShape(
        id=entry.pk,
        at=entry.at,
        actor=entry.actor_label,
        event=entry.event,
        words=line.words,
        subject_kind=entry.subject_kind,
        subject_id=entry.subject_id,
        subject=entry.subject_label,
        changes=entry.changes,
        facts=entry.facts,
    )


@history.get("", response=Page[EntryShape], summary="List what was done")
def list_history(request: ActorRequest, asked: Query[HistoryFilter]) -> dict[str, Any]:
    """Of one record for who sees it; of the company for who may see the whole history. Newest first."""
    rows = Entry.objects.all()
    if asked.subject_kind:
        visible_subject(request.actor, asked.subject_kind, asked.subject_id or 0)
        rows = rows.filter(subject_kind=asked.subject_kind, subject_id=asked.subject_id)
    elif not request.actor.can(READ):
        raise NotPermitted(_("To see the history of the company you must have the permission to. Ask your administrator."))
    return page_of(rows, asked, shape=_shown)


@bin_router.get("", response=list[BinnedShape], summary="List what lies in the bin")
def list_bin(request: ActorRequest) -> list[BinnedShape]:
    """The newest 100 of each kind that the member may see."""
    return [
        BinnedShape(
            kind=one.kind, id=one.row.pk, name=str(one.row), deleted_at=one.row.deleted_at, gone_at=one.gone_at, by=one.by
        )
        for one in bin_of(request.actor)
    ]


@bin_router.post("/{kind}/{int:number}/restore", response=RestoredShape, summary="Restore from the bin")
def restore(request: ActorRequest, kind: str, number: int) -> RestoredShape:
    """For who may delete records of this kind."""
    row = restore_record(kind, number, by=request.actor)
    return RestoredShape(kind=kind, id=row.pk, name=str(row))
