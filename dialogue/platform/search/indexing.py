"""Keep the search table true to the records: set-wise, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.platform.jobs.kinds import JobKind, JobRun, job_kinds
from dialogue.platform.jobs.models import Job
from dialogue.platform.jobs.starting import start_job
from dialogue.platform.search.kinds import search_kinds
from dialogue.platform.search.models import SearchEntry

BATCH = 5000
WRITE = (
    "INSERT INTO search_searchentry (tenant_id, kind, record, title, text)"
    " SELECT tenant_id, %s, id, left(searched_title, 200), searched_text FROM ({rows}) AS found"
    " ON CONFLICT (tenant_id, kind, record) DO UPDATE SET title = excluded.title, text = excluded.text"
    " WHERE (search_searchentry.title, search_searchentry.text) IS DISTINCT FROM (excluded.title, excluded.text)"
)


def index_records(kind: str, ids: Sequence[int]) -> None:
    """Write the search rows of these records; unknown and unchanged ones cost nothing."""
    found = search_kinds.get(kind)
    for start in range(0, len(ids), BATCH):
        rows = found.rows().filter(pk__in=list(ids[start : start + BATCH])).order_by()
        statement, params = rows.values("tenant_id", "id", "searched_title", "searched_text").query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(WRITE.format(rows=statement), [kind, *params])


def forget_records(kind: str, ids: Sequence[int]) -> None:
    """Remove the search rows of records that are gone for good."""
    SearchEntry.objects.filter(kind=kind, record__in=list(ids)).delete()


def index_everything(by: Actor) -> Job:
    """Start the job that writes every search row of the company anew; return it."""
    return start_job("search.index", title=_("Build the search index"), by=by, arguments={})


def _run(run: JobRun) -> None:
    for kind in search_kinds:
        with transaction.atomic():
            ids = list(kind.rows().order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(ids), BATCH):
            with transaction.atomic():
                index_records(kind.name, ids[start : start + BATCH])
            run.advance(min(start + BATCH, len(ids)), len(ids))


job_kinds.add("search.index", JobKind(run=_run))
