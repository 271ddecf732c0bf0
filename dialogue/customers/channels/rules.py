"""Pure rules of delivery: how long to wait, what an answer of a server means, who followed a link."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from dialogue.kit.frozen import frozen

DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440))
ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
# RFC 3463: the mailbox or its domain does not exist, or the mailbox was closed.
DEAD = {("1", "1"), ("1", "2"), ("1", "3"), ("1", "6"), ("1", "10"), ("2", "1")}


def next_delay(attempts: int) -> timedelta | None:
    """Return how long to wait after the given number of attempts (RFC 5321, 4.5.4.1), None when it is time to give up."""
    return DELAYS[attempts - 1] if 0 < attempts <= len(DELAYS) else None


class Bounce(StrEnum):
    """What a refusal says about the address."""

    DEAD = "dead"
    POLICY = "policy"


def bounce_of(code: int, text: str) -> Bounce:
    """Return whether a 5xx answer means a dead address: by its enhanced code (RFC 3463), else 550, 551 or 553 alone.

    Full mailboxes, sizes and refused content say nothing about the address.
    """
    found = ENHANCED.search(text)
    if found:
        return Bounce.DEAD if (found[2], found[3]) in DEAD else Bounce.POLICY
    return (
        Bounce.DEAD
        if code in {550, 551, 553} and not re.search(r"spam|polic|block|reput|spf|dkim|dmarc", text, re.IGNORECASE)
        else Bounce.POLICY
    )


class Verdict(StrEnum):
    """Who made a request."""

    HUMAN = "human"
    MACHINE = "machine"
    UNKNOWN = "unknown"


@frozen
class Judged:
    """The verdict and the rule that gave it."""

    verdict: Verdict
    rule: str


MACHINES = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|preview|scan|monitor|curl|wget|python|libwww|okhttp|go-http|java/|httpclient|axios|"
    r"facebookexternalhit|whatsapp|telegram|skype|barracuda|mimecast|proofpoint|safelinks|symantec|trend ?micro",
    re.IGNORECASE,
)
PROXIES = re.compile(r"googleimageproxy|yahoomailproxy", re.IGNORECASE)
AHEAD = re.compile(r"prefetch|preview|prerender", re.IGNORECASE)


def judge_link(method: str, headers: Mapping[str, str]) -> Judged:
    """Return who followed a link; scanners and prefetchers are machines, a browser's own navigation is a person's."""
    agent = headers.get("User-Agent", "")
    if method != "GET":
        return Judged(Verdict.MACHINE, "method")
    if any(AHEAD.search(headers.get(name, "")) for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")):
        return Judged(Verdict.MACHINE, "prefetch")
    if not agent:
        return Judged(Verdict.MACHINE, "no-agent")
    if MACHINES.search(agent):
        return Judged(Verdict.MACHINE, "agent")
    mode, dest = headers.get("Sec-Fetch-Mode", ""), headers.get("Sec-Fetch-Dest", "")
    if mode or dest:
        if mode == "navigate" and dest == "document":
            return Judged(Verdict.HUMAN, "navigation")
        return Judged(Verdict.MACHINE, "not-navigation")
    if agent.startswith("Mozilla/") and "text/html" in headers.get("Accept", ""):
        return Judged(Verdict.HUMAN, "browser")
    return Judged(Verdict.UNKNOWN, "no-sign")


def judge_open(method: str, headers: Mapping[str, str]) -> Judged:
    """Return who asked for the picture; a mail provider's proxy proves nothing, so it stays unknown and is still kept."""
    agent = headers.get("User-Agent", "")
    if PROXIES.search(agent):
        return Judged(Verdict.UNKNOWN, "proxy")
    if method != "GET" or not agent or MACHINES.search(agent):
        return Judged(Verdict.MACHINE, "agent")
    return Judged(Verdict.HUMAN, "picture")


HIDDEN_LINK, BURST = "hidden-link", "burst"
WALK_WINDOW = timedelta(seconds=30)
BURST_WINDOW = timedelta(seconds=2)


def walked(asked: Sequence[tuple[datetime, str]]) -> list[str]:
    """Return for each request `(when, which link)` of one letter the rule that shows a scanner, or "".

    A scanner walks all links: it follows the hidden one ("") or two different links within two seconds.
    """
    traps = [at for at, target in asked if not target]
    order = sorted(range(len(asked)), key=lambda number: asked[number][0])
    found = [HIDDEN_LINK if any(abs(at - trap) <= WALK_WINDOW for trap in traps) else "" for at, _target in asked]
    for place, number in enumerate(order):
        at, target = asked[number]
        for other in order[place + 1 :]:
            if asked[other][0] - at > BURST_WINDOW:
                break
            if asked[other][1] != target:
                found[number], found[other] = found[number] or BURST, found[other] or BURST
    return found
