"""Verbs over background jobs, whose own room cannot record, and over what lies in the bin."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict, NotFound, NotPermitted
from dialogue.platform.audit.kinds import binned_of, kinds_with_bin, record_kinds
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.platform.jobs import starting
from dialogue.platform.jobs.models import Job


@action()
def cancel_job(job: Job, *, by: Actor) -> Job:
    """Ask a job to stop: one's own, or any for who may manage jobs; return it.

    Raises:
        Conflict: it has ended.
    """
    row: Job = Job.objects.visible_to(by).get(pk=job.pk)
    starting.cancel_job(row)
    row.refresh_from_db()
    record(by, "job.cancelled", row)
    return row


@action()
def retry_job(job: Job, *, by: Actor) -> Job:
    """Queue a failed or cancelled job again: one's own, or any for who may manage jobs; return it.

    Raises:
        Conflict: it has neither failed nor been cancelled.
    """
    row: Job = Job.objects.visible_to(by).get(pk=job.pk)
    starting.retry_job(row)
    row.refresh_from_db()
    record(by, "job.retried", row)
    return row


@action()
def restore_record(kind: str, number: int, *, by: Actor) -> Any:
    """Take a record out of the bin by its kind's own verb, or by its mark alone; return the record.

    Raises:
        NotFound: it is not in the bin, or the actor does not see it.
        NotPermitted: he may not restore this kind.
        Conflict: something that took its place meanwhile stands in the way.
    """
    if kind not in kinds_with_bin():
        raise NotFound(_("There is no such kind of record."), field="kind")
    known = record_kinds.get(kind)
    row = binned_of(kind, by).filter(pk=number).select_for_update(of=("self",)).first()
    if row is None:
        raise NotFound(_("This record is not in the bin."))
    if known.permission and not by.can(known.permission):
        raise NotPermitted(_("To restore this you must have the permission to delete it. Ask your administrator."))
    if known.restore:
        return known.restore(row, by=by)
    row.deleted_at = None
    try:
        with transaction.atomic():
            row.save(update_fields=["deleted_at", "updated_at"])
    except IntegrityError:
        raise Conflict(_("To restore this first change the record that took its place.")) from None
    record(by, "record.restored", row)
    return row
