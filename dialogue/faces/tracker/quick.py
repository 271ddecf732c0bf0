"""The two doors that machines knock at by the thousand, links and pictures, answered before Django makes a request of them.

What is not a plain GET or HEAD with a token of ours goes on to the ordinary doors, which refuse it in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings

from dialogue.customers.channels.hits import see
from dialogue.customers.channels.models import HitKind
from dialogue.customers.channels.public import PICTURE
from dialogue.customers.channels.rules import Judged, judge_link, judge_open
from dialogue.customers.channels.tokens import Token, TokenKind, read_token
from dialogue.faces.limits import public

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
NEVER_KEPT = ("Cache-Control", "max-age=0, no-cache, no-store, must-revalidate, private")
DOORS = {f"/{TokenKind.LINK}/", f"/{TokenKind.OPEN}/"}
ALWAYS = [
    NEVER_KEPT,
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex, nofollow"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'"),
]


LONG = 1000
# The headers that the rules ask for: most requests of one browser bring the same.
ASKED = tuple(
    f"HTTP_{name.upper().replace('-', '_')}"
    for name in ("User-Agent", "Accept", "Sec-Purpose", "Purpose", "X-Purpose", "X-Moz", "Sec-Fetch-Mode", "Sec-Fetch-Dest")
)


class Headers(Mapping[str, str]):
    """The request's headers as the rules ask for them."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given

    def __getitem__(self, name: str) -> str:
        return self._given["HTTP_" + name.upper().replace("-", "_")]

    def __iter__(self) -> Iterator[str]:
        return (name[5:].replace("_", "-").title() for name in self._given)

    def __len__(self) -> int:
        return len(self._given)


Judge = Callable[[str, Mapping[str, str]], Judged]


def _judged(judge: Judge, method: str, environ: dict[str, Any]) -> Judged:
    said = tuple(map(environ.get, ASKED))
    # Only what is short is remembered: a stranger chooses what stands here.
    asked = _remembered if sum(len(one) for one in said if one) < LONG else _remembered.__wrapped__
    return asked(judge, method, said)


@lru_cache(maxsize=4096)
def _remembered(judge: Judge, method: str, said: tuple[str | None, ...]) -> Judged:
    return judge(method, Headers({name: word for name, word in zip(ASKED, said, strict=True) if word is not None}))


def quick(slow: Application) -> Application:
    """Return the application with its quick doors before it."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ.get("REQUEST_METHOD", ""), environ.get("PATH_INFO", "")
        # Who asks too often is told so by the ordinary door, which asks the same limit.
        if method in {"GET", "HEAD"} and path[:3] in DOORS and not public.wait(_caller(environ)):
            if path[1] == TokenKind.LINK and (token := read_token(path[3:], TokenKind.LINK)) is not None and _plain(token):
                see(token.tenant, token.delivery, HitKind.LINK, _judged(judge_link, method, environ), token.url)
                start("302 Found", [("Location", token.url), ("Content-Length", "0"), *ALWAYS])
                return []
            if path[1] == TokenKind.OPEN and (token := read_token(path[3:], TokenKind.OPEN)) is not None:
                see(token.tenant, token.delivery, HitKind.OPEN, _judged(judge_open, method, environ))
                start("200 OK", [("Content-Type", "image/gif"), ("Content-Length", str(len(PICTURE))), *ALWAYS])
                return [PICTURE] if method == "GET" else []
        return slow(environ, start)

    return answer


def _caller(environ: dict[str, Any]) -> str:
    forwarded: str = environ.get("HTTP_X_FORWARDED_FOR", "")
    if settings.BEHIND_PROXY and forwarded:
        return forwarded.rpartition(",")[2].strip()
    return str(environ.get("REMOTE_ADDR", ""))


def _plain(token: Token) -> bool:
    # A header takes an address in ASCII only; the ordinary door knows how to write the others.
    return token.url.isascii() and token.url.isprintable() and token.url.startswith(("http://", "https://"))
