"""Deciding by hand who is in a segment and who is not, whatever its rule says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.parties.models import Party
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Refusal
from dialogue.marketing.segments.actions import locked
from dialogue.marketing.segments.building import Built, close_for, note_day, one_at_a_time, open_for, settle
from dialogue.marketing.segments.models import HandPick, Membership, Segment, Verdict
from dialogue.marketing.segments.permissions import SegmentPermission
from dialogue.marketing.segments.rebuilding import recount
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.platform.criteria.rules import any_of

MOST = 20_000
NOTHING = ""
Picked = tuple[dict[int, str], Built]


@action(permission=SegmentPermission.WRITE)
def pick_people(segment: Segment, ids: Sequence[int], verdict: str, *, by: Actor, note: str = "") -> dict[int, str]:
    """Put customers into a segment or leave them out; return `{id: what was decided before, "" for nothing}`.

    In a segment that is filled once a decision about somebody who is in, or out, already changes nothing and is not kept.

    Raises:
        Refusal: an unknown decision, or too many customers at once.
    """
    if verdict not in Verdict.values:
        raise Refusal(_("Say whether the customers are to be in the segment or not."), field="verdict")
    row, people = _ready(segment, ids, by)
    before = _decided(row, people)
    if row.is_dynamic:
        befores = {pk: before.get(pk, NOTHING) for pk in people if before.get(pk) != verdict}
        _write(row, list(befores), verdict, note, by)
        built = settle(row, only=list(befores)) if befores else Built(0, 0, 0, 0)
    else:
        befores, built = _pick_static(row, people, before, (verdict, note), by)
    return _told(row, befores, built, f"segment.picked_{verdict}", by)


@action(permission=SegmentPermission.WRITE)
def unpick_people(segment: Segment, ids: Sequence[int], *, by: Actor) -> list[int]:
    """Take back what was decided by hand about customers; return the ids about whom something was.

    The rule decides about them again; in a segment that is filled once they are as they were before the decision.
    """
    row, people = _ready(segment, ids, by)
    before = _decided(row, people)
    befores = {pk: before[pk] for pk in people if pk in before}
    HandPick.objects.filter(segment=row).filter(any_of("party_id", list(befores))).delete()
    if row.is_dynamic:
        built = settle(row, only=list(befores)) if befores else Built(0, 0, 0, 0)
    else:
        came = [pk for pk, verdict in befores.items() if verdict == Verdict.OUT]
        went = [pk for pk, verdict in befores.items() if verdict == Verdict.IN]
        open_for(row.pk, came)
        close_for(row.pk, went)
        built = Built(0, len(came), len(went), 0)
    return list(_told(row, befores, built, "segment.unpicked", by))


def _ready(segment: Segment, ids: Sequence[int], by: Actor) -> tuple[Segment, list[int]]:
    if len(ids) > MOST:
        raise Refusal(_("At most %(most)d customers at once: narrow the filter.") % {"most": MOST}, field="ids")
    # The turn comes before the row: a rebuild takes them in this order, too.
    one_at_a_time(segment.pk)
    row = locked(segment, by)
    there = Party.objects.visible_to(by).filter(any_of("id", list(ids))).order_by("pk")
    return row, list(there.values_list("pk", flat=True))


def _decided(row: Segment, people: Sequence[int]) -> dict[int, str]:
    picks = HandPick.objects.filter(segment=row).filter(any_of("party_id", people))
    return dict(picks.values_list("party_id", "verdict"))


def _write(row: Segment, people: Sequence[int], verdict: str, note: str, by: Actor) -> None:
    now, short = timezone.now(), " ".join(note.split())[:200]
    HandPick.objects.bulk_create(
        [
            HandPick(segment=row, party_id=pk, verdict=verdict, note=short, at=now, by=by.user, by_label=by.label[:150])
            for pk in people
        ],
        batch_size=2000,
        update_conflicts=True,
        unique_fields=["tenant_id", "segment", "party"],
        update_fields=["verdict", "note", "at", "by", "by_label"],
    )


def _pick_static(row: Segment, people: Sequence[int], before: dict[int, str], said: tuple[str, str], by: Actor) -> Picked:
    verdict, note = said
    current = Membership.objects.current().filter(segment_id=row.pk).filter(any_of("party_id", people))
    members = set(current.values_list("party_id", flat=True))
    putting = verdict == Verdict.IN
    changed = [pk for pk in people if (pk in members) is not putting]
    # Who is put back where he was before somebody decided about him is as he was: nothing is decided any more.
    back = [pk for pk in changed if before.get(pk, verdict) != verdict]
    HandPick.objects.filter(segment=row).filter(any_of("party_id", back)).delete()
    _write(row, [pk for pk in changed if pk not in set(back)], verdict, note, by)
    if putting:
        open_for(row.pk, changed)
    else:
        close_for(row.pk, changed)
    built = Built(0, len(changed) if putting else 0, 0 if putting else len(changed), 0)
    return {pk: before.get(pk, NOTHING) for pk in changed}, built


def _told(row: Segment, befores: dict[int, str], built: Built, event: str, by: Actor) -> dict[int, str]:
    if befores:
        recount(row.pk, built.joined - built.left)
        row.refresh_from_db(fields=["size"])
        note_day(row, Built(row.size, built.joined, built.left, 0))
        record(by, event, row, count=len(befores), parties=list(befores)[:20])
    return befores


@action(permission=SegmentPermission.WRITE)
def put_back(segment: Segment, befores: Mapping[int, str], after: str, *, by: Actor) -> list[int]:
    """Undo a decision about many: who still has it gets what was decided before; return the ids."""
    row, people = _ready(segment, list(befores), by)
    now = _decided(row, people)
    if row.is_dynamic:
        still = [pk for pk in people if now.get(pk) == after]
    else:
        # What was taken back to how it had been left no decision behind.
        still = [pk for pk in people if now.get(pk, NOTHING) in {after, NOTHING}]
    nothing = [pk for pk in still if befores[pk] == NOTHING]
    if nothing:
        unpick_people(row, nothing, by=by)
    for verdict in Verdict.values:
        those = [pk for pk in still if befores[pk] == verdict]
        if those:
            pick_people(row, those, verdict, by=by)
    return still
