"""What segments tell the rooms above."""

from __future__ import annotations

from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.signals import Event
from dialogue.marketing.segments.models import Segment


@frozen
class SegmentFact:
    """One segment changed: its rule, its name, or whether it is kept."""

    segment: Segment
    by: Actor


@frozen
class BuiltFact:
    """The stored membership of a segment follows its rule again; so many people came and went."""

    segment: Segment
    joined: int
    left: int


segment_changed: Event[SegmentFact] = Event("segments.changed")
segment_built: Event[BuiltFact] = Event("segments.built")
