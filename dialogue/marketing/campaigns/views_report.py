"""The result of a campaign to take along: a workbook and a PDF."""

from __future__ import annotations

from django.http import Http404, HttpResponse, HttpResponseBase
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from dialogue.marketing.campaigns.models import Campaign, Run
from dialogue.marketing.campaigns.paper import pdf_of
from dialogue.marketing.campaigns.report import workbook_of
from dialogue.marketing.campaigns.results import result_of
from dialogue.marketing.campaigns.views import found
from dialogue.platform.accounts.doors import MemberRequest, member_page

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _last(row: Campaign) -> Run:
    run: Run | None = Run.objects.newest_of(row)
    if run is None:
        raise Http404
    return run


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    return answer


@member_page
@require_GET
def campaign_workbook(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Give the tables behind the result as a workbook."""
    row = found(request, pk)
    run = _last(row)
    return _file(workbook_of(row, run, result_of(row, run)), XLSX, f"{row.name}.xlsx")


@member_page
@require_GET
def campaign_pdf(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Give the result as a PDF in the reader's language."""
    row = found(request, pk)
    run = _last(row)
    return _file(pdf_of(row, run, result_of(row, run), request.company), "application/pdf", f"{row.name}.pdf")
