"""Signed tokens of the second origin: no look-up to follow a link, and no way to make it lead anywhere else."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from binascii import b2a_base64
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256

from django.conf import settings

from dialogue.kit.frozen import frozen
from dialogue.kit.secret import key_bytes

SIGN_BYTES = 12
MARK_BYTES = 8
LONGEST_LOCAL = 64
MARK = re.compile(r"(?<![0-9a-z])([0-9a-f]{1,12})\.([0-9a-f]{1,12})\.([0-9a-f]{16})@", re.IGNORECASE)
LONGEST = 4000
URL_SAFE = bytes.maketrans(b"+/", b"-_")


class TokenKind(StrEnum):
    """What the token opens."""

    LINK = "l"
    OPEN = "o"
    UNSUBSCRIBE = "u"
    HIDDEN = "h"


@frozen
class Token:
    """Whose delivery it belongs to, and for a link where it leads."""

    kind: TokenKind
    tenant: int
    delivery: int
    url: str = ""


INNER, OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
BLOCK = 64


@lru_cache(maxsize=16)
def keyed_hash(key: bytes) -> Callable[[bytes], bytes]:
    """Return HMAC-SHA-256 under one key (RFC 2104), the key's two blocks hashed in advance.

    `hmac.digest` lets go of the interpreter for each call: beside signing threads that costs fifteen times the hash.
    """
    block = (key if len(key) <= BLOCK else sha256(key).digest()).ljust(BLOCK, b"\0")
    inner, outer = sha256(block.translate(INNER)), sha256(block.translate(OUTER))

    def digest(payload: bytes) -> bytes:
        within, around = inner.copy(), outer.copy()
        within.update(payload)
        around.update(within.digest())
        return around.digest()

    return digest


@lru_cache(maxsize=8)
def _hash(seal: str, use: bytes) -> Callable[[bytes], bytes]:
    return keyed_hash(hmac.digest(key_bytes(seal), use, "sha256"))


def _signature(payload: bytes) -> bytes:
    return _hash(settings.SEAL_KEY, b"second origin")(payload)[:SIGN_BYTES]


def write_token(token: Token) -> str:
    """Return the token as an address carries it."""
    return address_of(token).rpartition("/")[2]


@lru_cache(maxsize=4)
def _writer(seal: str, origin: str) -> Callable[[str, int, int, str], str]:
    digest = _hash(seal, b"second origin")

    def write(kind: str, tenant: int, delivery: int, url: str) -> str:
        payload = f"{kind}{tenant:x}.{delivery:x}.{url}".encode()
        token = b2a_base64(digest(payload)[:SIGN_BYTES] + payload, newline=False).translate(URL_SAFE).rstrip(b"=")
        return f"{origin}/{kind}/{token.decode()}"

    return write


def address_writer() -> Callable[[str, int, int, str], str]:
    """Return what writes addresses of the second origin from (kind, tenant, delivery, url), seal and origin read once.

    A letter of a mailing asks for several; the settings are as slow to ask as the signature is to make.
    """
    return _writer(settings.SEAL_KEY, settings.PUBLIC_URL)


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
    return address_writer()(token.kind, token.tenant, token.delivery, token.url)


def _mark_sign(tenant: int, delivery: int) -> str:
    spoken = f"{tenant:x}.{delivery:x}".encode()
    return _hash(settings.SEAL_KEY, b"mark of a delivery")(spoken).hex()[: 2 * MARK_BYTES]


def write_mark(tenant: int, delivery: int) -> str:
    """Return the mark of a delivery: the left side of its Message-ID and what follows the plus in its return address.

    Lower case only, because some servers fold addresses; the keyed hash lets nobody name another delivery.
    """
    return f"{tenant:x}.{delivery:x}.{_mark_sign(tenant, delivery)}"


def marked_address(address: str, tenant: int, delivery: int) -> str:
    """Return the address with the delivery's mark after a plus (VERP), or as it is where that would be too long."""
    local, _at, domain = address.rpartition("@")
    marked = f"{local}+{write_mark(tenant, delivery)}"
    return f"{marked}@{domain}" if len(marked) <= LONGEST_LOCAL else address


def marks_in(text: str) -> list[tuple[int, int]]:
    """Return every `(tenant, delivery)` whose own mark stands in addresses or Message-IDs of the text, in order."""
    found = ((int(one[1], 16), int(one[2], 16), one[3].lower()) for one in MARK.finditer(text))
    known = [(tenant, pk) for tenant, pk, sign in found if hmac.compare_digest(sign, _mark_sign(tenant, pk))]
    return list(dict.fromkeys(known))
