"""What deals tell the rooms above, after the change and inside its transaction."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.signals import Event
from dialogue.selling.deals.models import Deal, DealComment, Stage


@frozen
class DealFact:
    """One deal changed; `changes` maps a field to `[before, after]`."""

    deal: Deal
    by: Actor
    changes: dict[str, list[Any]] = field(default_factory=dict)


@frozen
class StageFact:
    """A deal came from one stage to another."""

    deal: Deal
    by: Actor
    before: Stage
    after: Stage


@frozen
class DealsFact:
    """Many deals changed in one statement; `fields` names what changed, empty when they are new."""

    ids: list[int]
    by: Actor
    fields: tuple[str, ...] = ()


@frozen
class StagesFact:
    """Many deals came to one stage; `before` maps each to the stage it left."""

    before: dict[int, int]
    after: Stage
    by: Actor


@frozen
class CommentFact:
    """A colleague wrote about a deal and named others."""

    comment: DealComment
    by: Actor


deal_created: Event[DealFact] = Event("deals.created")
deal_changed: Event[DealFact] = Event("deals.changed")
deal_moved: Event[StageFact] = Event("deals.moved")
deal_won: Event[StageFact] = Event("deals.won")
deal_lost: Event[StageFact] = Event("deals.lost")
deals_created: Event[DealsFact] = Event("deals.many_created")
deals_changed: Event[DealsFact] = Event("deals.many_changed")
deals_moved: Event[StagesFact] = Event("deals.many_moved")
deals_binned: Event[DealsFact] = Event("deals.many_binned")
deals_restored: Event[DealsFact] = Event("deals.many_restored")
comment_written: Event[CommentFact] = Event("deals.comment_written")
