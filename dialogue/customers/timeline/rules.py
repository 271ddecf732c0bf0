"""Pure rules of the timeline: what makes a whole entry, and to which touch a purchase belongs."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from dialogue.customers.timeline.kinds import IN, entry_kinds
from dialogue.kit.errors import Refusal

SUBJECT_LIMIT, BODY_LIMIT = 300, 20_000
AHEAD = timedelta(minutes=5)
ATTRIBUTION_DAYS = 30


# The two marks a letter may hold: [words](address) and **words**.
MARKS = re.compile(r"\[([^\]\n]+)\]\((?:https?|mailto)[^)\s]*\)|\*\*([^*\n]+)\*\*")


def unmarked(text: str) -> str:
    """Return what was written without the marks of links and bold type, as its receiver read it."""
    return MARKS.sub(lambda found: found[1] or found[2], text)


def first_line(text: str) -> str:
    """Return the text's first line, short enough for a subject."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= SUBJECT_LIMIT else line[: SUBJECT_LIMIT - 1] + "…"


def checked_kind(kind: str, side: str) -> str:
    """Return the kind.

    Raises:
        Refusal: nobody registered it, or it stands on another side.
    """
    known = entry_kinds.find(kind)
    if known is None or known.side != side:
        raise Refusal(
            _("To record what was answered choose one of the kinds offered.")
            if side == IN
            else _("To record this choose one of the kinds offered."),
            field="kind",
        )
    return kind


def checked_moment(at: datetime, now: datetime) -> datetime:
    """Return the moment.

    Raises:
        Refusal: it lies in the future; plans are tasks, the timeline holds what happened.
    """
    if at > now + AHEAD:
        raise Refusal(_("To record what happened give a moment that has passed; a plan is a task."), field="at")
    return at


def checked_text(text: str) -> str:
    """Return the text without outer spaces.

    Raises:
        Refusal: it is longer than an entry holds.
    """
    text = text.replace("\0", "").strip()
    if len(text) > BODY_LIMIT:
        raise Refusal(_("To keep this text shorten it to 20 000 characters, or attach it as a file."), field="body")
    return text
