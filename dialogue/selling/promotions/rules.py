"""Pure rules of coupons: what a code looks like and whether it counts."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from dialogue.kit.frozen import frozen

# Without letters and digits that are taken for each other when read aloud or copied by hand.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
FRESH_LETTERS = 8
LONGEST = 40


class Verdict(models.TextChoices):
    """Whether the use of a code counts, and why not."""

    COUNTS = "counts", _("counts")
    UNKNOWN = "unknown", _("unknown code")
    EARLY = "early", _("before its first day")
    LATE = "late", _("after its last day")
    CLOSED = "closed", _("the coupons were closed")
    USED = "used", _("used already")
    SPENT = "spent", _("all uses are spent")


@frozen
class Terms:
    """How a code may be used: from and until when, once a person, how often in all (None: any number)."""

    personal: bool
    once_each: bool = True
    starts: datetime | None = None
    ends: datetime | None = None
    closed: datetime | None = None
    limit: int | None = None


def fresh_code(prefix: str = "") -> str:
    """Return a code nobody can guess: about 10^12 to one."""
    return prefix + "".join(ALPHABET[byte & 31] for byte in secrets.token_bytes(FRESH_LETTERS))


def judge(terms: Terms, at: datetime, *, uses: int, own_uses: int) -> Verdict:
    """Return whether a use at `at` counts after `uses` of the code in all, `own_uses` of them by the same customer."""
    if terms.starts is not None and at < terms.starts:
        return Verdict.EARLY
    if terms.ends is not None and at >= terms.ends:
        return Verdict.LATE
    if terms.closed is not None and at >= terms.closed:
        return Verdict.CLOSED
    if terms.personal:
        return Verdict.USED if uses else Verdict.COUNTS
    if terms.limit is not None and uses >= terms.limit:
        return Verdict.SPENT
    return Verdict.USED if terms.once_each and own_uses else Verdict.COUNTS
