"""Whether the process lives, whether it can serve, and its numbers for a monitor."""

from __future__ import annotations

import hmac
import os
import resource

from django.conf import settings
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from dialogue import __version__
from dialogue.kit import measures
from dialogue.kit.assets import is_built
from dialogue.platform.accounts.doors import open_page

LOOPBACK = {"127.0.0.1", "::1"}
_structure = {"current": False}


@open_page
def alive(request: HttpRequest) -> HttpResponse:
    """Answer that the process runs."""
    return HttpResponse("ok\n", content_type="text/plain")


@open_page
def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database answers in this version's structure and the front end is built, else 503 with what is missing."""
    problems = []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not is_structure_current():
            problems.append("database not migrated to this version")
    except DatabaseError:
        connection.close()
        problems.append("database does not answer")
    if not is_built():
        problems.append("front end not built")
    return JsonResponse({"ready": not problems, "problems": problems}, status=503 if problems else 200)


def is_structure_current() -> bool:
    """Return whether every migration of this program was applied; once true it stays true for the process's life."""
    if not _structure["current"]:
        executor = MigrationExecutor(connections["default"])
        _structure["current"] = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _structure["current"]


def may_measure(request: HttpRequest) -> bool:
    """Return whether the asker is this machine itself or has DIALOGUE_METRICS_TOKEN."""
    token = settings.METRICS_TOKEN
    if token:
        return hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {token}")
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not request.headers.get("X-Forwarded-For")


@open_page
def metrics(request: HttpRequest) -> HttpResponse:
    """Return this process's requests, the queue and the database's size in the Prometheus text form; no company's figures."""
    if not may_measure(request):
        return HttpResponse("Ask from this machine, or with DIALOGUE_METRICS_TOKEN.\n", status=403, content_type="text/plain")
    lines = [
        "# TYPE dialogue_info gauge",
        f'dialogue_info{{version="{__version__}"}} 1',
        "# TYPE dialogue_requests_total counter",
        *(f'dialogue_requests_total{{pid="{os.getpid()}",status="{k}"}} {n}' for k, n in sorted(measures.requests.items())),
        "# TYPE dialogue_request_seconds_total counter",
        *(
            f'dialogue_request_seconds_total{{pid="{os.getpid()}",status="{k}"}} {n:.3f}'
            for k, n in sorted(measures.seconds.items())
        ),
        "# TYPE dialogue_memory_peak_bytes gauge",
        f'dialogue_memory_peak_bytes{{pid="{os.getpid()}"}} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}',
        *_database_lines(),
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4")


def _database_lines() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT status, count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing', 'failed') GROUP BY 1")
        counts = dict(cursor.fetchall())
        cursor.execute(
            "SELECT coalesce(extract(epoch FROM now() - min(e.at)), 0), pg_database_size(current_database()),"
            " (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database())"
            " FROM procrastinate_jobs j JOIN procrastinate_events e ON e.job_id = j.id AND e.type = 'deferred'"
            " WHERE j.status = 'todo' AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())"
        )
        oldest, size, connected = cursor.fetchone()
    return [
        "# TYPE dialogue_jobs gauge",
        *(f'dialogue_jobs{{status="{status}"}} {counts.get(status, 0)}' for status in ("todo", "doing", "failed")),
        "# TYPE dialogue_jobs_oldest_waiting_seconds gauge",
        f"dialogue_jobs_oldest_waiting_seconds {float(oldest):.0f}",
        "# TYPE dialogue_database_bytes gauge",
        f"dialogue_database_bytes {size}",
        "# TYPE dialogue_database_connections gauge",
        f"dialogue_database_connections {connected}",
    ]
