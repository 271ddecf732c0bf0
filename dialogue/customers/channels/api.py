"""The API operations over messages: write a letter, follow its delivery, decide about an unknown one; the stop list."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import Field

from dialogue.customers.channels import actions
from dialogue.customers.channels.models import Delivery, Suppression
from dialogue.customers.channels.permissions import ChannelPermission
from dialogue.customers.channels.settling import TAKEN
from dialogue.customers.parties.models import ContactPoint, Party, Purpose
from dialogue.kit.api.paging import Page, Paging, page_of
from dialogue.kit.api.shapes import Input, Moment, Shape, Text
from dialogue.kit.doors import visible_or_404
from dialogue.kit.errors import NotPermitted
from dialogue.platform.accounts.doors import ApiRequest
from dialogue.platform.mail.models import SenderIdentity

router = Router(tags=["messages"])
Id = Annotated[int, Field(ge=1, lt=2**63)]


class MessageInput(Input):
    """A letter. Its subject and text may hold places such as {{first_name}}; `purpose`: service, marketing, research.

    `contact` is one of the customer's e-mail addresses, `sender` one of the company's; without them the first serves.
    """

    party: Id
    subject: Annotated[Text, Field(max_length=300)]
    text: Annotated[Text, Field(max_length=20_000)]
    purpose: Annotated[Text, Field(max_length=10)] = str(Purpose.SERVICE)
    contact: Id | None = None
    sender: Id | None = None
    source: Id | None = None


class MessageShape(Shape):
    """A letter and where its delivery stands: planned, claimed, handed, accepted, deferred, refused, unknown, cancelled.

    `stayed` says that it was kept in the local mailbox; `touch` is its entry on the timeline.
    """

    id: int
    party: int
    purpose: str
    subject: str
    text: str
    address: str
    state: str
    reason: str
    code: int
    answer: str
    attempts: int
    stayed: bool
    touch: int | None
    created_at: Moment
    settled_at: Moment | None

    @classmethod
    def of(cls, row: Delivery) -> MessageShape:
        """Return a delivery as the API shows it."""
        same = ("address", "state", "stayed", "touch")
        return cls(
            id=row.pk,
            party=row.party_id,
            purpose=row.about,
            subject=row.message.subject if row.message else "",
            text=row.message.text if row.message else "",
            created_at=row.written_at,
            settled_at=row.settled_at,
            reason=row.reason or "",
            code=TAKEN if row.code is None else row.code,
            answer=row.answer or "",
            attempts=1 if row.attempts is None else row.attempts,
            **{name: getattr(row, name) for name in same},
        )


class StopInput(Input):
    """An address not to be written to, with when and how its owner asked."""

    address: Annotated[Text, Field(max_length=254)]
    evidence: Annotated[Text, Field(max_length=300)] = ""


class LiftInput(Input):
    """When and how the customer allowed letters again."""

    evidence: Annotated[Text, Field(max_length=300)]


class StopShape(Shape):
    """A line of the stop list: no address, only its domain; an empty purpose means every one."""

    id: int
    channel: str
    purpose: str
    domain: str
    reason: str
    at: Moment
    evidence: str

    @classmethod
    def of(cls, row: Suppression) -> StopShape:
        """Return a line as the API shows it."""
        return cls(
            id=row.pk,
            channel=row.channel,
            purpose=row.purpose,
            domain=row.hint,
            reason=row.reason,
            at=row.at,
            evidence=row.evidence,
        )


@router.get("", response=Page[MessageShape], summary="List letters")
def list_messages(request: ApiRequest, asked: Query[Paging]) -> dict[str, Any]:
    """Letters written to one customer each, with their deliveries, the newest first; campaigns list their own."""
    rows = Delivery.objects.visible_to(request.actor).own().select_related("message")
    return page_of(rows, asked, shape=MessageShape.of)


@router.post("", response={201: MessageShape}, summary="Write a letter")
def write_message(request: ApiRequest, given: MessageInput) -> tuple[int, MessageShape]:
    """Write a letter to a customer: it stands on his timeline at once, and a job sends it."""
    party = visible_or_404(Party.objects.visible_to(request.actor).select_related("company"), given.party)
    draft = actions.Draft(
        subject=given.subject,
        text=given.text,
        purpose=given.purpose,
        point=visible_or_404(ContactPoint.objects.filter(party=party), given.contact) if given.contact else None,
        identity=visible_or_404(SenderIdentity.objects.in_use(), given.sender) if given.sender else None,
    )
    return 201, MessageShape.of(actions.write_letter(party, draft, source=given.source, by=request.actor))


def _stop_list_only(request: ApiRequest) -> None:
    if not request.actor.can(ChannelPermission.SUPPRESS):
        raise NotPermitted(_("To read the stop list you must have the permission for it. Ask your administrator."))


@router.get("/stop-list", response=Page[StopShape], summary="List addresses not to be written to")
def list_stops(request: ApiRequest, asked: Query[Paging]) -> dict[str, Any]:
    """Whom the company does not write to: marks without addresses."""
    _stop_list_only(request)
    return page_of(Suppression.objects.all(), asked, shape=StopShape.of)


@router.post("/stop-list", response={201: StopShape}, summary="Stop letters to an address")
def add_stop(request: ApiRequest, given: StopInput) -> tuple[int, StopShape]:
    """Put an address on the stop list; twice is once."""
    return 201, StopShape.of(actions.suppress_address(given.address, evidence=given.evidence, by=request.actor))


@router.post("/stop-list/{int:line}/lift", response={204: None}, summary="Take an address off the stop list")
def lift_stop(request: ApiRequest, line: int, given: LiftInput) -> HttpResponse:
    """The customer allowed letters again; the evidence is kept in the history."""
    _stop_list_only(request)
    actions.lift_suppression(visible_or_404(Suppression.objects.all(), line), evidence=given.evidence, by=request.actor)
    return HttpResponse(status=204)


def _delivery(request: ApiRequest, pk: int) -> Delivery:
    return visible_or_404(Delivery.objects.visible_to(request.actor).select_related("message"), pk)


@router.get("/{int:message}", response=MessageShape, summary="Get a letter")
def get_message(request: ApiRequest, message: int) -> MessageShape:
    """A letter with where its delivery stands."""
    return MessageShape.of(_delivery(request, message))


@router.post("/{int:message}/send-again", response=MessageShape, summary="Send a letter again")
def send_message_again(request: ApiRequest, message: int) -> MessageShape:
    """Once more: its outcome is unknown, it was refused, or it did not go."""
    return MessageShape.of(actions.send_again(_delivery(request, message), by=request.actor))


@router.post("/{int:message}/take-as-arrived", response=MessageShape, summary="Take a letter as arrived")
def take_message_as_arrived(request: ApiRequest, message: int) -> MessageShape:
    """A person decided about an unknown outcome."""
    return MessageShape.of(actions.leave_unknown(_delivery(request, message), by=request.actor))


@router.post("/{int:message}/cancel", response=MessageShape, summary="Stop a letter that has not gone")
def cancel_message(request: ApiRequest, message: int) -> MessageShape:
    """It waits or was put off by the server."""
    return MessageShape.of(actions.cancel_letter(_delivery(request, message), by=request.actor))
