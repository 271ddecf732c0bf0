"""Why a message does not go."""

from __future__ import annotations

from dialogue.kit.errors import Conflict, Refusal


class SendingLocked(Conflict):
    """The company's data was restored from a backup: nobody has said yet that letters may go."""

    code = "sending-locked"


class Suppressed(Refusal):
    """The address is on the list of those we do not write to."""

    code = "suppressed"


class NoConsent(Refusal):
    """The customer has not allowed, or has refused, letters of this purpose."""

    code = "no-consent"


class NoAddress(Refusal):
    """There is no address to write to."""

    code = "no-address"


class NoSender(Refusal):
    """There is no address to write from, or its domain has not been verified."""

    code = "no-sender"
