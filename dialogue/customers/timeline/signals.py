"""What the timeline tells the rooms above, after the change and inside its transaction."""

from __future__ import annotations

from dialogue.customers.timeline.models import Entry
from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.signals import Event


@frozen
class EntryFact:
    """One entry was written."""

    entry: Entry
    by: Actor


@frozen
class EntriesFact:
    """Many entries were written in one statement."""

    ids: list[int]
    by: Actor


touch_recorded: Event[EntryFact] = Event("timeline.touch_recorded")
response_recorded: Event[EntryFact] = Event("timeline.response_recorded")
noted: Event[EntryFact] = Event("timeline.noted")
entries_recorded: Event[EntriesFact] = Event("timeline.many_recorded")
