"""Keep the search table true to the records: set-wise, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.kit.scope import current_tenant
from dialogue.kit.statement import one_of
from dialogue.platform.embedded.writing import write_rows
from dialogue.platform.jobs.kinds import JobKind, JobRun, job_kinds
from dialogue.platform.jobs.models import Job
from dialogue.platform.jobs.starting import start_job
from dialogue.platform.search.kinds import Findable, search_kinds
from dialogue.platform.search.latin import LONGEST_FOUND, LONGEST_HEAD, grams, in_latin
from dialogue.platform.search.models import SearchEntry

Entry = tuple[int, str, str, str]
BATCH = 5000
FEW = 50
COLUMNS = ("record", "head", "found", "grams")
LISTED = "tenant_id, kind, record, head, found, grams"
WRITE = (
    f"INSERT INTO search_searchentry ({LISTED}) SELECT %s, %s, record, head, found, grams::integer[]"
    " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS new(record, head, found, grams)"
)
KEEP = (
    " ON CONFLICT (tenant_id, kind, record) DO UPDATE SET head = excluded.head, found = excluded.found, grams = excluded.grams"
    " WHERE (search_searchentry.head, search_searchentry.found) IS DISTINCT FROM (excluded.head, excluded.found)"
)


def index_records(kind: str, ids: Sequence[int]) -> None:
    """Write the search rows of these records; unknown and unchanged ones cost nothing."""
    found = search_kinds.get(kind)
    for start in range(0, len(ids), BATCH):
        rows = found.rows().filter(one_of("id", list(ids[start : start + BATCH]))).order_by()
        tenant = current_tenant()
        _write(kind, [_entry(tenant, one) for one in found.texts(rows)], WRITE + KEEP)


def index_fresh(kind: str, ids: Sequence[int]) -> None:
    """Write the search rows of records made in this transaction, reading what they are found by."""
    found = search_kinds.get(kind)
    for start in range(0, len(ids), BATCH):
        rows = found.rows().filter(one_of("id", list(ids[start : start + BATCH]))).order_by()
        index_new(kind, found.texts(rows))


def index_new(kind: str, texts: Iterable[Findable]) -> None:
    """Write the search rows of records made in this transaction."""
    tenant = current_tenant()
    index_entries(kind, [_entry(tenant, one) for one in texts])


def index_entries(kind: str, entries: Sequence[Entry]) -> None:
    """Write search rows, (record, *what `entry_of` returned), of records made in this transaction."""
    if len(entries) <= FEW:
        _write(kind, entries, WRITE)
    else:
        write_rows(SearchEntry, COLUMNS, entries, {"tenant_id": current_tenant(), "kind": kind})


def entry_of(one: Findable) -> tuple[str, str, str]:
    """Return what a search row holds beside its record. Reads nothing: an import makes it while the database writes."""
    return _entry(current_tenant(), one)[1:]


def entry_with(kind: str, one: Findable) -> tuple[str, list[Any]]:
    """Return the statement, with its values, that writes the search row of a record whose id the table `made` holds."""
    tenant = current_tenant()
    statement = f"INSERT INTO search_searchentry ({LISTED}) SELECT %s::bigint, %s::text, id, %s::text, %s::text, %s::integer[] FROM made"
    return statement, [tenant, kind, *_entry(tenant, one)[1:]]


def _entry(tenant: int, one: Findable) -> Entry:
    found = in_latin(one.text)[:LONGEST_FOUND]
    return one.record, in_latin(one.title)[:LONGEST_HEAD], found, grams(tenant, found)


def _write(kind: str, entries: Sequence[Entry], statement: str) -> None:
    if entries:
        with connection.cursor() as cursor:
            cursor.execute(statement, [current_tenant(), kind, *map(list, zip(*entries, strict=True))])


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
