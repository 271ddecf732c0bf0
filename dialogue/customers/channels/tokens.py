"""Signed tokens of the second origin: no look-up to follow a link, and no way to make it lead anywhere else."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from django.conf import settings

from dialogue.kit.secret import key_bytes

SIGN_BYTES = 12
LONGEST = 4000


class TokenKind(StrEnum):
    """What the token opens."""

    LINK = "l"
    OPEN = "o"
    UNSUBSCRIBE = "u"


@dataclass(frozen=True)
class Token:
    """Whose delivery it belongs to, and for a link where it leads."""

    kind: TokenKind
    tenant: int
    delivery: int
    url: str = ""


def _signature(payload: bytes) -> bytes:
    key = hmac.new(key_bytes(settings.SEAL_KEY), b"second origin", sha256).digest()
    return hmac.new(key, payload, sha256).digest()[:SIGN_BYTES]


def write_token(token: Token) -> str:
    """Return the token as an address carries it."""
    payload = f"{token.kind}{token.tenant:x}.{token.delivery:x}.{token.url}".encode()
    return base64.urlsafe_b64encode(_signature(payload) + payload).decode().rstrip("=")


def read_token(text: str, kind: TokenKind) -> Token | None:
    """Return what the token says, None if somebody changed it or it opens something else."""
    if len(text) > LONGEST or not text.isascii():
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    signature, payload = raw[:SIGN_BYTES], raw[SIGN_BYTES:]
    if not hmac.compare_digest(signature, _signature(payload)) or payload[:1] != kind.encode():
        return None
    tenant, delivery, url = payload[1:].decode().split(".", 2)
    return Token(kind, int(tenant, 16), int(delivery, 16), url)


def address_of(token: Token) -> str:
    """Return the token's address on the second origin."""
    return f"{settings.PUBLIC_URL}/{token.kind}/{write_token(token)}"
