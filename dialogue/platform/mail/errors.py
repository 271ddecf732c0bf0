"""Why a letter could not be built."""

from __future__ import annotations

from dialogue.kit.errors import Refusal


class BadAddress(Refusal):
    """The e-mail address cannot be written to."""

    code = "bad-address"


class UnsafeHeader(Refusal):
    """A name or subject holds a line break or another control character."""

    code = "unsafe-header"
