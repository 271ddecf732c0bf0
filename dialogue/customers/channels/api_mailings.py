"""The API operations over mailings: how they stand, pause and resume, what to do with letters of unknown outcome."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import Field

from dialogue.customers.channels import mailings as verbs
from dialogue.customers.channels.api import MessageShape
from dialogue.customers.channels.models import Mailing, State
from dialogue.customers.channels.permissions import ChannelPermission
from dialogue.customers.channels.unknowns import leave_unknowns, letters_of, resend_unknown
from dialogue.kit.api.paging import Page, Paging, page_of
from dialogue.kit.api.shapes import Input, Moment, Shape
from dialogue.kit.doors import visible_or_404
from dialogue.kit.errors import NotPermitted
from dialogue.platform.accounts.doors import ApiRequest

router = Router(tags=["mailings"])
Id = Annotated[int, Field(ge=1, lt=2**63)]


class MailingShape(Shape):
    """Letters to many for one cause. `state`: planned, canary, going, paused, done, cancelled."""

    id: int
    title: str
    cause_kind: str
    cause_id: int
    state: str
    letters: int
    paused_why: str
    paused_words: str
    started_at: Moment | None
    ended_at: Moment | None

    @classmethod
    def of(cls, row: Mailing) -> MailingShape:
        """Return a mailing as the API shows it."""
        return cls(id=row.pk, **{name: getattr(row, name) for name in cls.model_fields if name != "id"})


class CountedMailing(Shape):
    """A mailing with how many of its letters stand where."""

    mailing: MailingShape
    counts: dict[str, int]


class Decision(Input):
    """What to do with letters of unknown outcome; `only` names some of them, without it all are meant."""

    what: Literal["send-again", "take-as-arrived"]
    only: Annotated[list[Id], Field(max_length=10_000)] | None = None


class Decided(Shape):
    """How many letters the decision was about."""

    letters: int


def _mailing(request: ApiRequest, pk: int) -> Mailing:
    if not request.actor.can(ChannelPermission.MAILING):
        raise NotPermitted(_("To see mailings you must have the permission for them. Ask your administrator."))
    return visible_or_404(Mailing.objects.visible_to(request.actor), pk)


@router.get("", response=Page[MailingShape], summary="List mailings")
def list_mailings(request: ApiRequest, asked: Query[Paging]) -> dict[str, Any]:
    """The newest first."""
    if not request.actor.can(ChannelPermission.MAILING):
        raise NotPermitted(_("To see mailings you must have the permission for them. Ask your administrator."))
    return page_of(Mailing.objects.visible_to(request.actor), asked, shape=MailingShape.of)


@router.get("/{int:mailing}", response=CountedMailing, summary="Get a mailing")
def get_mailing(request: ApiRequest, mailing: int) -> CountedMailing:
    """A mailing and how many of its letters stand where."""
    row = _mailing(request, mailing)
    return CountedMailing(mailing=MailingShape.of(row), counts=verbs.mailing_counts(row))


@router.get("/{int:mailing}/unknown", response=Page[MessageShape], summary="List letters of unknown outcome")
def list_unknown(request: ApiRequest, mailing: int, asked: Query[Paging]) -> dict[str, Any]:
    """Letters of a mailing of which nobody can tell whether they arrived."""
    row = _mailing(request, mailing)
    return page_of(letters_of(row, State.UNKNOWN, request.actor), asked, shape=MessageShape.of)


@router.post("/{int:mailing}/unknown", response=Decided, summary="Decide about letters of unknown outcome")
def decide_unknown(request: ApiRequest, mailing: int, given: Decision) -> Decided:
    """Send them again, which may reach some people twice, or take them as arrived."""
    row = _mailing(request, mailing)
    decide = resend_unknown if given.what == "send-again" else leave_unknowns
    return Decided(letters=decide(row, only=given.only, by=request.actor))


@router.post("/{int:mailing}/pause", response=MailingShape, summary="Pause a mailing")
def pause_mailing(request: ApiRequest, mailing: int) -> MailingShape:
    """What has not gone waits."""
    return MailingShape.of(verbs.pause_mailing(_mailing(request, mailing), by=request.actor))


@router.post("/{int:mailing}/resume", response=MailingShape, summary="Let a mailing go on")
def resume_mailing(request: ApiRequest, mailing: int) -> MailingShape:
    """The rest goes, with the text as it stands now."""
    return MailingShape.of(verbs.resume_mailing(_mailing(request, mailing), by=request.actor))


@router.post("/{int:mailing}/cancel", response=MailingShape, summary="Stop a mailing for good")
def cancel_mailing(request: ApiRequest, mailing: int) -> MailingShape:
    """What has not gone never goes."""
    return MailingShape.of(verbs.cancel_mailing(_mailing(request, mailing), by=request.actor))
