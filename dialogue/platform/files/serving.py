"""Files are served from the second origin, by an address that an access check signed for a few minutes."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.http import FileResponse, Http404, HttpRequest
from django.utils.http import content_disposition_header

from dialogue.kit.doors import open_page
from dialogue.kit.scope import tenant_scope
from dialogue.platform.files.models import StoredFile
from dialogue.platform.files.stores import StoreFault, store

SALT = "dialogue.file"
LIFETIME = 300
POLICY = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox; frame-ancestors {site}"


def signed_address(file: StoredFile) -> str:
    """Return an address of the second origin that serves the file for five minutes; whoever asks it has checked access."""
    token = signing.dumps([file.tenant_id, file.pk], salt=SALT)
    return f"{settings.PUBLIC_URL}/files/{token}/"


@open_page
def serve_file(request: HttpRequest, token: str) -> FileResponse:
    """Serve the file a signed address names; only the second origin has this door.

    Raises:
        Http404: the address is not ours, has run out, or its file is gone.
    """
    try:
        tenant, number = signing.loads(token, salt=SALT, max_age=LIFETIME)
    except (signing.BadSignature, ValueError, TypeError):
        raise Http404 from None
    with tenant_scope(tenant):
        file = StoredFile.objects.filter(pk=number).first()
    if file is None:
        raise Http404
    try:
        content = store().open(file.place)
    except (StoreFault, FileNotFoundError):
        raise Http404 from None
    response = FileResponse(content, content_type=file.media_type)
    response["Content-Disposition"] = str(content_disposition_header(not file.is_shown, file.name))
    response["Content-Length"] = str(file.size)
    response["Content-Security-Policy"] = POLICY.format(site=settings.SITE_URL)
    response["Cache-Control"] = "private, max-age=300"
    response["X-Content-Type-Options"] = "nosniff"
    return response
