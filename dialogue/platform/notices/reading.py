"""What a member has not read yet."""

from __future__ import annotations

from dialogue.kit.actors import Actor
from dialogue.kit.scope import current_scope
from dialogue.platform.notices.kinds import UNREAD
from dialogue.platform.notices.models import Notice


def unread_of(actor: Actor) -> int:
    """Return how many notices the member has not read; a page knows it from its opening."""
    stamps = current_scope().stamps
    return int(stamps[UNREAD]) if stamps is not None else Notice.objects.visible_to(actor).unread().count()
