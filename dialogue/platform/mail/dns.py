"""What the domain name system says: text records, asked through the resolver of this machine."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.utils.module_loading import import_string

TIMEOUT = 5.0

FindTxt = Callable[[str], list[str]]


class DnsSilent(Exception):
    """The resolver gave no answer: nothing is known."""


def find_txt(name: str) -> list[str]:
    """Return the text records at `name`, the strings of each joined; an empty list where there are none.

    Raises:
        DnsSilent: the resolver did not answer.
    """
    # Late: asked once in a while, and a quarter of a second to load.
    import dns.exception
    import dns.resolver

    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=TIMEOUT, raise_on_no_answer=False)
    except dns.resolver.NXDOMAIN:
        return []
    except (dns.exception.DNSException, OSError) as error:
        raise DnsSilent(str(error)) from error
    return [b"".join(row.strings).decode("utf-8", "replace") for row in answer]


def txt_lookup() -> FindTxt:
    """Return the look-up this installation uses (`TXT_LOOKUP` in the settings)."""
    found: FindTxt = import_string(settings.TXT_LOOKUP)
    return found
