"""Whether the process lives, whether it can serve, and its numbers for a monitor."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from procrastinate.contrib.django.models import ProcrastinateJob

from dialogue.kit.assets import is_built
from dialogue.platform.accounts.doors import open_page


@open_page
def alive(request: HttpRequest) -> HttpResponse:
    """Answer that the process runs."""
    return HttpResponse("ok\n", content_type="text/plain")


@open_page
def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database answers and the front end is built, else 503 with what is missing."""
    problems = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    if not is_built():
        problems.append("front end not built")
    return JsonResponse({"ready": not problems, "problems": problems}, status=503 if problems else 200)


@open_page
def metrics(request: HttpRequest) -> HttpResponse:
    """Return queue lengths in the Prometheus text form; no company's figures."""
    lines = ["# TYPE dialogue_jobs gauge"]
    for status in ("todo", "doing", "failed"):
        count = ProcrastinateJob.objects.filter(status=status).count()
        lines.append(f'dialogue_jobs{{status="{status}"}} {count}')
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4")
