"""The API operations over mailboxes and what came through them."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import Field

from dialogue.customers.mailboxes import actions
from dialogue.customers.mailboxes.models import Incoming, Kind, Mailbox
from dialogue.customers.mailboxes.permissions import MailboxPermission
from dialogue.kit.api.paging import Page, Paging, page_of
from dialogue.kit.api.shapes import Input, Moment, Shape, Text
from dialogue.kit.doors import visible_or_404
from dialogue.kit.errors import NotPermitted
from dialogue.platform.accounts.doors import ApiRequest

router = Router(tags=["mailboxes"])
incoming_router = Router(tags=["incoming"])
Id = Annotated[int, Field(ge=1, lt=2**63)]


class MailboxInput(Input):
    """How a mailbox is reached by IMAP. `security`: tls, starttls, none. Without a password the known one stays."""

    host: Annotated[Text, Field(max_length=253)]
    port: Annotated[int, Field(ge=1, le=65535)] = 993
    security: Annotated[Text, Field(max_length=8)] = "tls"
    user: Annotated[Text, Field(max_length=200)]
    password: Annotated[str, Field(max_length=500)] | None = None
    folder: Annotated[Text, Field(max_length=200)] = "INBOX"
    is_on: bool = True
    responsible: Id | None = None
    days: Annotated[int, Field(ge=0, le=365, description="Days of earlier messages that are read too.")] = 0


class MailboxShape(Shape):
    """A mailbox that is read; `trouble` says why it cannot be, "" where it can."""

    id: int
    host: str
    port: int
    security: str
    user: str
    folder: str
    is_on: bool
    responsible: int | None
    read_at: Moment | None
    trouble: str

    @classmethod
    def of(cls, row: Mailbox) -> MailboxShape:
        """Return a mailbox as the API shows it, never its password."""
        same = ("host", "port", "security", "user", "folder", "is_on", "read_at", "trouble")
        return cls(id=row.pk, responsible=row.responsible_id, **{name: getattr(row, name) for name in same})


class TestedShape(Shape):
    """The mailbox answered; how many messages its folder holds."""

    messages: int


class IncomingShape(Shape):
    """A message that came. `kind`: reply, bounce, delay, complaint, automatic, other, aside.

    `message` is the letter of ours it speaks of, `entry` what it became on the timeline; `found`: mark or sender.
    """

    id: int
    at: Moment
    kind: str
    sender: str
    subject: str
    party: int | None
    message: int | None
    entry: int | None
    found: str
    note: str

    @classmethod
    def of(cls, row: Incoming) -> IncomingShape:
        """Return a message that came as the API shows it."""
        same = ("at", "kind", "sender", "subject", "entry", "found", "note")
        return cls(id=row.pk, party=row.party_id, message=row.delivery, **{name: getattr(row, name) for name in same})


class IncomingAsked(Paging):
    """Which page, and of which kind."""

    kind: Annotated[str, Field(max_length=9)] = ""


def _need(request: ApiRequest, permission: str) -> None:
    if not request.actor.can(permission):
        raise NotPermitted(
            _("To do this you must have the permission “%(permission)s”. Ask your administrator.") % {"permission": permission}
        )


def _mailbox(request: ApiRequest, pk: int) -> Mailbox:
    _need(request, MailboxPermission.WRITE)
    return visible_or_404(Mailbox.objects.all(), pk)


@router.get("", response=list[MailboxShape], summary="List mailboxes")
def list_mailboxes(request: ApiRequest) -> list[MailboxShape]:
    """The mailboxes that are read."""
    _need(request, MailboxPermission.WRITE)
    return [MailboxShape.of(row) for row in Mailbox.objects.order_by("id")]


@router.post("", response={201: MailboxShape}, summary="Add a mailbox")
def add_mailbox(request: ApiRequest, given: MailboxInput) -> tuple[int, MailboxShape]:
    """It is read from the next minute on; its password is kept sealed and never shown."""
    draft = actions.MailboxDraft(**given.model_dump())
    return 201, MailboxShape.of(actions.save_mailbox(draft, by=request.actor))


@router.put("/{int:mailbox}", response=MailboxShape, summary="Change a mailbox")
def change_mailbox(request: ApiRequest, mailbox: int, given: MailboxInput) -> MailboxShape:
    """Another server, user or folder is read anew; a message that was taken is never taken twice."""
    draft = actions.MailboxDraft(**given.model_dump())
    return MailboxShape.of(actions.save_mailbox(draft, mailbox=_mailbox(request, mailbox), by=request.actor))


@router.delete("/{int:mailbox}", response={204: None}, summary="Remove a mailbox")
def delete_mailbox(request: ApiRequest, mailbox: int) -> HttpResponse:
    """What came through it stays."""
    actions.remove_mailbox(_mailbox(request, mailbox), by=request.actor)
    return HttpResponse(status=204)


@router.post("/{int:mailbox}/test", response=TestedShape, summary="Test the connection of a mailbox")
def post_mailbox_test(request: ApiRequest, mailbox: int) -> TestedShape:
    """Open it now; nothing in it is changed."""
    return TestedShape(messages=actions.test_mailbox(_mailbox(request, mailbox), by=request.actor))


@router.post("/{int:mailbox}/read", response={202: MailboxShape}, summary="Read a mailbox now")
def post_mailbox_read(request: ApiRequest, mailbox: int) -> tuple[int, MailboxShape]:
    """A job reads what came since the last time."""
    row = _mailbox(request, mailbox)
    actions.read_mailbox_now(row, by=request.actor)
    return 202, MailboxShape.of(row)


@incoming_router.get("", response=Page[IncomingShape], summary="List what came back by mail")
def list_incoming(request: ApiRequest, asked: Query[IncomingAsked]) -> dict[str, Any]:
    """The newest first; `kind` narrows."""
    _need(request, MailboxPermission.READ)
    rows = Incoming.objects.visible_to(request.actor).defer("data")
    if asked.kind in Kind.values:
        rows = rows.filter(kind=asked.kind)
    return page_of(rows, asked, shape=IncomingShape.of)


@incoming_router.post("/{int:incoming}/again", response=IncomingShape, summary="Read a message kept aside once more")
def post_incoming_again(request: ApiRequest, incoming: int) -> IncomingShape:
    """Refused where it still cannot be read."""
    _need(request, MailboxPermission.READ)
    row = visible_or_404(Incoming.objects.visible_to(request.actor), incoming)
    return IncomingShape.of(actions.take_again(row, by=request.actor))
