"""Verbs over a member's own notices."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from dialogue.kit.actors import Actor
from dialogue.platform.audit.verbs import action
from dialogue.platform.notices.models import Notice


@action()
def read_notices(ids: Sequence[int] | None = None, *, by: Actor) -> int:
    """Mark the member's notices as read, all of them when none is named; return how many.

    Not recorded: reading changes nothing for anybody else.
    """
    rows = Notice.objects.visible_to(by).unread()
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    return rows.update(read_at=timezone.now())
