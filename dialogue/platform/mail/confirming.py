"""A code letter shows that an address is the company's: the code goes there and comes back by hand."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from hashlib import sha256

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict, Refusal
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.platform.mail.addresses import Address
from dialogue.platform.mail.gates import must_stay
from dialogue.platform.mail.letters import Letter, assemble
from dialogue.platform.mail.models import SenderIdentity
from dialogue.platform.mail.outgoing import real_server, way_out
from dialogue.platform.mail.permissions import MailPermission
from dialogue.platform.mail.transport import Outcome

DIGITS = 6
VALID = timedelta(minutes=30)
PAUSE = timedelta(minutes=1)
MOST_TRIES = 5


def _digest(row: SenderIdentity, code: str) -> str:
    text = f"sender:{row.tenant_id}:{row.pk}:{row.email}:{code}"
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), sha256).hexdigest()


def code_waits(row: SenderIdentity) -> bool:
    """Return whether a code was sent that may still be entered."""
    fresh = row.code_sent_at is not None and row.code_sent_at > timezone.now() - VALID
    return bool(row.code_digest) and fresh and row.code_tries < MOST_TRIES


@action(permission=MailPermission.IDENTITY)
def send_sender_code(identity: SenderIdentity, *, by: Actor) -> SenderIdentity:
    """Send a fresh code to the identity's address through the company's server; return the identity.

    Raises:
        Conflict: the address is confirmed, or a code went a moment ago.
        Refusal: no server is set, or it did not take the letter.
        SendingShut: the company's sending is locked.
    """
    row = SenderIdentity.objects.select_for_update().get(pk=identity.pk)
    if row.confirmed_at is not None:
        raise Conflict(_("This address is confirmed already."))
    if row.code_sent_at is not None and row.code_sent_at > timezone.now() - PAUSE:
        raise Conflict(_("A code was sent a moment ago: look for it, or wait a minute before you ask for another."))
    if real_server() is None or must_stay():
        raise Refusal(
            _("To confirm an address first set the company's mail server: a letter that stays here proves nothing."),
            field="code",
        )
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    row.code_digest, row.code_sent_at, row.code_tries = _digest(row, code), timezone.now(), 0
    row.save()
    _send(row, code)
    record(by, "mail.identity_code_sent", row)
    return row


def _send(row: SenderIdentity, code: str) -> None:
    words = _(
        "The code that confirms this address for letters of your company is %(code)s.\n\n"
        "Enter it in the settings under “Senders” within 30 minutes. If you did not ask for it, do nothing."
    )
    letter = Letter(
        sender=Address(row.email, row.name),
        to=Address(row.email),
        subject=_("Code to confirm the address: %(code)s") % {"code": code},
        text=words % {"code": code},
        message_id=f"{secrets.token_hex(12)}@{row.domain}",
        automatic=True,
        language=get_language() or "",
    )
    way = way_out()
    try:
        result = way.send(row.envelope_from, [row.email], assemble(letter))
    finally:
        way.close()
    if result.outcome != Outcome.ACCEPTED:
        raise Refusal(
            _("The mail server did not take the letter with the code: %(answer)s")
            % {"answer": f"{result.code} {result.text}"[:200]},
            field="code",
        )


@action(permission=MailPermission.IDENTITY)
def try_sender_code(identity: SenderIdentity, code: str, *, by: Actor) -> SenderIdentity:
    """Compare a code with the one that was sent, at most five times; return the identity, confirmed where it was right.

    A wrong code is no refusal: the try must be counted.
    """
    row = SenderIdentity.objects.select_for_update().get(pk=identity.pk)
    if row.confirmed_at is not None or not code_waits(row):
        return row
    row.code_tries += 1
    if hmac.compare_digest(row.code_digest, _digest(row, "".join(code.split()))):
        row.confirmed_at, row.code_digest = timezone.now(), ""
        record(by, "mail.identity_confirmed", row)
    row.save()
    return row
