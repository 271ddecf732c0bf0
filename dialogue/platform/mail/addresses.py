"""E-mail addresses: the form SMTP takes (RFC 5321, IDNA of RFC 5891) and the form in which two are compared."""

from __future__ import annotations

import re
from functools import lru_cache

import idna
from django.utils.translation import gettext as _

from dialogue.kit.frozen import frozen
from dialogue.platform.mail.errors import BadAddress

ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
DOT_ATOM = re.compile(rf"{ATEXT}(?:\.{ATEXT})*")
LOCAL_LIMIT, WHOLE_LIMIT = 64, 254


@frozen
class Address:
    """A mailbox with the name shown beside it; `email` is what `parse_email` returned."""

    email: str
    name: str = ""

    @property
    def domain(self) -> str:
        """The domain in A-labels."""
        return self.email.rpartition("@")[2]


def parse_email(text: str) -> str:
    """Return the address as SMTP takes it: the domain in lower-case A-labels, the local part as given.

    Raises:
        BadAddress: not an address, longer than RFC 5321 allows, or its local part is not ASCII (that needs SMTPUTF8,
            which few servers offer).
    """
    local, at, domain = text.strip().rpartition("@")
    if not at or not local or not domain:
        raise BadAddress(_("To write a letter give an address such as name@example.org."), field="address")
    if not local.isascii():
        raise BadAddress(
            _("To write to “%(address)s” you must have another address: letters before the @ must be Latin.")
            % {"address": text.strip()},
            field="address",
        )
    domain = _in_ascii(domain)
    if not domain or "." not in domain or not DOT_ATOM.fullmatch(local) or len(local) > LOCAL_LIMIT:
        raise BadAddress(_("“%(address)s” is not an e-mail address: correct it.") % {"address": text.strip()}, field="address")
    whole = f"{local}@{domain}"
    if len(whole) > WHOLE_LIMIT:
        raise BadAddress(_("“%(address)s” is too long for an e-mail address.") % {"address": text.strip()}, field="address")
    return whole


@lru_cache(maxsize=10_000)
def _in_ascii(domain: str) -> str:
    """Return a domain in A-labels, empty where it is none."""
    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except idna.IDNAError:
        return ""


def address_key(email: str) -> str:
    """Return the form in which two addresses are the same person: all lower case, the domain in A-labels.

    Raises:
        BadAddress: not an address.
    """
    return parse_email(email).lower()
