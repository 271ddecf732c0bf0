"""Filling segments: now, by a job one can watch and cancel, or by the clock in the order of who needs whom."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.parties.models import Party
from dialogue.kit.actors import Actor, system_actor
from dialogue.kit.errors import Conflict, NotFound, Refusal
from dialogue.kit.scope import current_tenant
from dialogue.marketing.segments.building import Built, count_living, note_day, one_at_a_time, settle
from dialogue.marketing.segments.counting import base_of
from dialogue.marketing.segments.measuring import response_of
from dialogue.marketing.segments.models import Segment
from dialogue.marketing.segments.permissions import SegmentPermission
from dialogue.marketing.segments.signals import BuiltFact, segment_built
from dialogue.marketing.segments.trees import in_order
from dialogue.marketing.segments.warehoused import settle_by_warehouse
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.platform.jobs.kinds import JobRun
from dialogue.platform.jobs.models import Job
from dialogue.platform.jobs.starting import start_job

log = logging.getLogger(__name__)
JOB = "segments.rebuild"
# Up to so many customers a rule is answered while its author waits.
FEW = 20_000
# Segments are filled anew every minute, but those of a company together cost a twentieth of one processor at most.
EVERY, COST = timedelta(minutes=1), 20
MEASURED_EVERY = timedelta(hours=1)


def write_built(row: Segment, built: Built | None = None, *, size: int | None = None) -> Segment:
    """Note on the segment how its last rebuild ended; return it. Neither its version nor its ETag changes by that."""
    found = built or Built(size or 0, 0, 0, 0)
    row.size, row.built_at, row.built_version = found.size, found.at, row.version
    row.base = max(base_of().count, found.size)
    row.took_ms, row.problem = found.took_ms, ""
    Segment.with_bin.filter(pk=row.pk).update(
        size=row.size, base=row.base, built_at=row.built_at, built_version=row.version, took_ms=row.took_ms, problem=""
    )
    note_day(row, found)
    segment_built.tell(BuiltFact(row, found.joined, found.left))
    return row


def _fill(segment: Segment) -> Built:
    """Make the membership of one segment follow its rule, in its own turn."""
    one_at_a_time(segment.pk)
    row = Segment.objects.filter(pk=segment.pk).first()
    if row is None:
        raise NotFound(_("This segment is no longer here."))
    # One filled once keeps its people; only who of them is still there is counted.
    if row.is_dynamic or row.is_behind:
        built = settle_by_warehouse(row) or settle(row)
    else:
        built = Built(count_living(row.pk), 0, 0, 0)
    write_built(row, built)
    return built


@action(permission=SegmentPermission.WRITE)
def rebuild_segment(segment: Segment, *, by: Actor) -> Built:
    """Fill a segment by its rule here and now; return how many are in, came and went.

    What the clock fills is no deed of a person: its rebuilds stand in the segment's days, not in the history.

    Raises:
        RuleRefusal: the rule names what is no longer there; nothing is changed.
    """
    if not Segment.objects.visible_to(by).filter(pk=segment.pk).exists():
        raise NotFound(_("This segment is no longer here."))
    built = _fill(segment)
    segment.refresh_from_db()
    if by.kind != "system":
        record(by, "segment.rebuilt", segment, count=built.size, joined=built.joined, left=built.left)
    return built


@action(permission=SegmentPermission.WRITE)
def measure_segment(segment: Segment, *, by: Actor) -> Segment:
    """Count how the segment's people answered lately beside the whole base; return it. Too slow a count keeps the old one."""
    found = response_of(segment.pk)
    if found is not None:
        Segment.objects.filter(pk=segment.pk).update(response=found)
        segment.response = found
    return segment


@action(permission=SegmentPermission.WRITE)
def start_rebuild(segment: Segment, *, by: Actor) -> Job:
    """Queue filling the segment, after those its rule names; return the job. One that waits or runs already is returned.

    Raises:
        Conflict: the segment is filled once.
    """
    row = Segment.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=segment.pk).first()
    if row is None:
        raise NotFound(_("This segment is no longer here."))
    if not row.is_dynamic and not row.is_behind:
        raise Conflict(_("This segment is filled once already."))
    running: Job | None = Job.objects.unfinished().filter(pk=row.job or 0).first()
    if running is not None and not row.is_behind:
        return running
    title = _("Filling the segment “%(name)s”") % {"name": row.name}
    job = start_job(JOB, title=title, by=by, arguments={"segment": row.pk}, total=1)
    Segment.objects.filter(pk=row.pk).update(job=job.pk)
    segment.job = job.pk
    record(by, "segment.rebuild_asked", row)
    return job


def is_small() -> bool:
    """Return whether the base is so small that a rule is answered while its author waits."""
    return not Party.objects.order_by("created_at", "id").values_list("pk", flat=True)[FEW : FEW + 1]


def rebuild_soon(row: Segment, by: Actor, *, small: bool) -> Segment:
    """Fill the segment in the caller's transaction where the base is small, else by a job; return the segment."""
    if small:
        one_at_a_time(row.pk)
        return write_built(row, settle(row))
    start_rebuild(row, by=by)
    return row


def run_rebuild(run: JobRun, segment: int) -> dict[str, Any]:
    """Fill a segment and before it those it needs, each in a transaction of its own; return how the last one ended.

    A cancel between them is heard at once; within one at its end, before anything of it is kept. A job killed in the middle
    has kept whole segments only and does the rest when it is given to another worker.
    """
    with transaction.atomic():
        uses = dict(Segment.objects.values_list("pk", "uses"))
        rows = {row.pk: row for row in Segment.objects.filter(pk__in=in_order(uses, [segment]))}
        order = [rows[pk] for pk in in_order(uses, [segment]) if pk in rows]
    built = Built(0, 0, 0, 0)
    for number, row in enumerate(order, 1):
        with transaction.atomic():
            built = _fill(row)
            # Asked inside: who cancels while the statement runs finds everything as it was.
            run.advance(number, len(order))
    by = system_actor(current_tenant())
    for row in order[-1:]:
        measure_segment(row, by=by)
    return {"segment": segment, "size": built.size, "joined": built.joined, "left": built.left}


def rebuild_due(by: Actor, *, everything: bool = False) -> int:
    """Fill the company's dynamic segments whose time has come, each after those it names; return how many.

    A rule that is no longer understood keeps its people and says why on the segment's page.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = {row.pk: row for row in Segment.objects.dynamic().defer("tree", "note")}
        order = in_order({pk: row.uses for pk, row in rows.items()})
    done, spent = 0, sum(row.took_ms for row in rows.values())
    for row in (rows[pk] for pk in order):
        if not (everything or row.is_behind or is_due(row, now, spent)):
            continue
        try:
            rebuild_segment(row, by=by)
            done += 1
        except Refusal as refusal:
            with transaction.atomic():
                Segment.objects.filter(pk=row.pk).update(problem=str(refusal.message)[:300], built_at=now)
            continue
        except DatabaseError:
            # The others must not wait for it; it has its turn again in the next minute.
            log.exception("a segment was not filled", extra={"facts": {"segment": row.pk}})
            continue
        measured = row.response.get("at", "")
        if measured < (now - MEASURED_EVERY).isoformat():
            measure_segment(row, by=by)
    return done


def is_due(row: Segment, now: datetime, spent_ms: int) -> bool:
    """Return whether it is time to fill the segment again: every minute, less often where filling all took long."""
    return row.built_at is None or now - row.built_at >= max(EVERY, timedelta(milliseconds=COST * spent_ms))


def recount(segment: int, change: int) -> None:
    """Correct the size by so many who came or went by hand."""
    Segment.objects.filter(pk=segment).update(size=F("size") + change)
