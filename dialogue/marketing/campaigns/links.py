"""Do the links of a letter lead somewhere? Asked once before a launch, with a short wait, never of a machine of our own network."""

from __future__ import annotations

import http.client
import ipaddress
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from django.conf import settings

WAIT, MOST, SIDE_BY_SIDE = 5.0, 20, 8
# What a server says of a page that is not there. Refused robots, busy and broken servers say nothing about the address.
GONE = (404, 410)
AGENT = "Dialogue link check"


def dead_links(links: Iterable[str]) -> dict[str, int]:
    """Return `{link: status}` of links whose server says that there is nothing; who does not answer is left out."""
    asked = list(dict.fromkeys(link for link in links if "{" not in link))[:MOST]
    if not asked:
        return {}
    with ThreadPoolExecutor(min(SIDE_BY_SIDE, len(asked))) as pool:
        found = dict(zip(asked, pool.map(status_of, asked), strict=True))
    return {link: status for link, status in found.items() if status in GONE}


def status_of(link: str) -> int:
    """Return what the server answers to HEAD without following it on, 0 where there is no answer or we may not ask."""
    parts = urlsplit(link)
    try:
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        if not _may_ask(host, port):
            return 0
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        talk = kind(host, port, timeout=WAIT)
        try:
            talk.request(
                "HEAD", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), headers={"User-Agent": AGENT}
            )
            return int(talk.getresponse().status)
        finally:
            talk.close()
    except (OSError, ValueError, http.client.HTTPException):
        return 0


def _may_ask(host: str, port: int) -> bool:
    """Return whether every address of the host is a public one: a letter's author must not look into our network."""
    if settings.LINKS_OF_OWN_NETWORK:
        return True
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return bool(found) and all(ipaddress.ip_address(one[4][0]).is_global for one in found)
