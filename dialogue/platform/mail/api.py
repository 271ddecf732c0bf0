"""The API operations over the addresses a company's letters come from."""

from __future__ import annotations

from typing import Annotated

from ninja import Router
from pydantic import Field

from dialogue.kit.api.shapes import Input, Moment, Shape, Text
from dialogue.kit.doors import ActorRequest, visible_or_404
from dialogue.platform.mail.confirming import code_waits, send_sender_code, try_sender_code
from dialogue.platform.mail.models import SenderIdentity

router = Router(tags=["senders"])


class SenderShape(Shape):
    """An address letters come from. `verified_at`: its domain publishes our key; `confirmed_at`: a code sent there came back."""

    id: int
    email: str
    name: str
    reply_to: str
    is_default: bool
    verified_at: Moment | None
    confirmed_at: Moment | None
    code_waits: bool

    @classmethod
    def of(cls, row: SenderIdentity) -> SenderShape:
        """Return a sender as the API shows it."""
        plain = ("email", "name", "reply_to", "is_default", "verified_at", "confirmed_at")
        return cls(id=row.pk, code_waits=code_waits(row), **{name: getattr(row, name) for name in plain})


class CodeInput(Input):
    """The code that came to the address."""

    code: Annotated[Text, Field(min_length=1, max_length=20)]


def _sender(pk: int) -> SenderIdentity:
    return visible_or_404(SenderIdentity.objects.in_use(), pk)


@router.get("", response=list[SenderShape], summary="List senders")
def list_senders(request: ActorRequest) -> list[SenderShape]:
    """The one used first, first."""
    return [SenderShape.of(row) for row in SenderIdentity.objects.in_use()]


@router.post("/{int:sender}/code", response=SenderShape, summary="Send a code to a sender's address")
def post_sender_code(request: ActorRequest, sender: int) -> SenderShape:
    """Through the company's mail server, at most once a minute; valid for half an hour."""
    return SenderShape.of(send_sender_code(_sender(sender), by=request.actor))


@router.post("/{int:sender}/confirm", response=SenderShape, summary="Enter the code of a sender's address")
def post_sender_confirm(request: ActorRequest, sender: int, given: CodeInput) -> SenderShape:
    """`confirmed_at` says whether it was right; after five wrong ones a new code is needed."""
    return SenderShape.of(try_sender_code(_sender(sender), given.code, by=request.actor))
