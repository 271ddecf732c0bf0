"""Files: checked, kept, served from the second origin to whom may see their record."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
from django.conf import settings as project
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client, override_settings
from hypothesis import given
from hypothesis import strategies as st

from dialogue.kit.errors import NotFound, NotPermitted, Refusal
from dialogue.kit.scope import tenant_scope
from dialogue.platform.files.actions import attach_file, keep_file, remove_file
from dialogue.platform.files.errors import FileTooLarge, FileTypeRefused
from dialogue.platform.files.models import StoredFile
from dialogue.platform.files.serving import signed_address
from dialogue.platform.files.stores import EMPTY, BucketStore, sign, store_for
from dialogue.platform.files.subjects import FileSubject, file_subjects
from dialogue.platform.files.types import clean_name
from dialogue.platform.jobs.models import Job
from tests.cast import Cast, make_cast

PDF = b"%PDF-1.7 something"
SECOND = {"ROOT_URLCONF": "dialogue.faces.tracker.urls", "MIDDLEWARE": project.TRACKER_MIDDLEWARE}


@pytest.fixture
def cast(db: None, settings: Any, tmp_path: Path) -> Iterator[Cast]:
    settings.FILES_FOLDER = tmp_path
    made = make_cast()
    seen = FileSubject(lambda actor: Job.objects.all(), permission="company:members:write")
    with file_subjects.temporarily("jobs.job", seen):
        yield made


def record_of(cast: Cast) -> Job:
    with transaction.atomic(), tenant_scope(cast.company.pk):
        return Job.objects.create(kind="x", title="north")


def kept(cast: Cast, name: str = "offer.pdf", content: bytes = PDF, **named: Any) -> StoredFile:
    with transaction.atomic(), tenant_scope(cast.company.pk):
        return keep_file(io.BytesIO(content), name, by=cast.actor(named.pop("user", cast.owner)), **named)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", b"<script>"),
        ("picture.svg", b"<svg/>"),
        ("offer.pdf", b"<script>"),
        ("picture.png", PDF),
        ("run.exe", b"MZ"),
        ("noending", PDF),
        ("notes.txt", b"a\x00b"),
        ("picture.webp", b"RIFF....WAVE"),
    ],
)
def test_wrong_kind_is_refused(cast: Cast, name: str, content: bytes) -> None:
    with pytest.raises(FileTypeRefused):
        kept(cast, name, content)
    assert not list(project.FILES_FOLDER.rglob("*") if project.FILES_FOLDER.exists() else [])


def test_large_and_empty_files_are_refused(cast: Cast, settings: Any) -> None:
    settings.FILE_MAX_MB = 1
    with pytest.raises(FileTooLarge):
        kept(cast, "notes.txt", b"a" * ((1 << 20) + 1))
    with pytest.raises(Refusal, match="empty"):
        kept(cast, "notes.txt", b"")


@given(st.text(max_size=300))
def test_cleaned_name_has_no_folder_and_is_bounded(name: str) -> None:
    cleaned = clean_name(name)
    assert "/" not in cleaned
    assert "\\" not in cleaned
    assert cleaned.isprintable()
    assert len(cleaned) <= 171


def test_file_is_served_from_the_second_origin_to_whom_sees_the_record(cast: Cast) -> None:
    file = kept(cast, "Предложение.pdf", subject=record_of(cast))
    client, stranger = Client(), Client()
    client.force_login(cast.seller)
    stranger.force_login(cast.stranger)
    assert stranger.get(f"/c/romashka/files/{file.pk}/").status_code == 404
    assert stranger.get(f"/c/other/files/{file.pk}/").status_code == 404
    address = client.get(f"/c/romashka/files/{file.pk}/")["Location"]
    assert address.startswith(project.PUBLIC_URL)
    path = urlsplit(address).path
    assert client.get(path).status_code == 404
    with override_settings(**SECOND):
        served = Client().get(path)
        assert b"".join(served.streaming_content) == PDF
        assert served["Content-Type"] == "application/pdf"
        assert "sandbox" in served["Content-Security-Policy"]
        assert served["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in served
        assert Client().get(path.replace("files/", "files/x")).status_code == 404


def test_address_runs_out(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    path = urlsplit(signed_address(kept(cast))).path
    monkeypatch.setattr("dialogue.platform.files.serving.LIFETIME", -1)
    with override_settings(**SECOND):
        assert Client().get(path).status_code == 404


def test_file_of_no_record_is_its_makers_until_attached(cast: Cast) -> None:
    north = record_of(cast)
    file = kept(cast, user=cast.seller)
    with transaction.atomic(), tenant_scope(cast.company.pk):
        owner, seller = cast.actor(cast.owner), cast.actor(cast.seller)
        assert not StoredFile.objects.visible_to(owner).exists()
        with pytest.raises(NotPermitted):
            attach_file(file, subject=north, by=seller)
        attach_file(file, subject=north, by=owner)
        assert StoredFile.objects.visible_to(owner).exists()
        with pytest.raises(NotPermitted):
            remove_file(file, by=seller)
        remove_file(file, by=owner)
        assert not StoredFile.objects.exists()
        assert StoredFile.with_bin.exists()


def test_record_of_another_company_takes_no_file(cast: Cast) -> None:
    north = record_of(cast)
    with transaction.atomic(), tenant_scope(cast.other_company.pk):
        from dialogue.kit.actors import system_actor

        with pytest.raises(NotFound):
            keep_file(io.BytesIO(PDF), "a.pdf", by=system_actor(cast.other_company.pk), subject=north)


def test_panel_uploads_and_names_the_fault(cast: Cast) -> None:
    north = record_of(cast)
    client = Client()
    client.force_login(cast.owner)
    address = f"/c/romashka/files/jobs.job/{north.pk}/"
    good = client.post(address, {"file": SimpleUploadedFile("a.pdf", PDF)})
    assert "a.pdf" in good.content.decode()
    bad = client.post(address, {"file": SimpleUploadedFile("a.exe", b"MZ")})
    assert bad.status_code == 422
    assert 'role="alert"' in bad.content.decode()


def test_signature_is_the_published_one() -> None:
    """AWS: "Authenticating Requests: Using the Authorization Header", example GET Object."""
    line = sign(
        "GET",
        "examplebucket.s3.amazonaws.com",
        "/test.txt",
        {"Range": "bytes=0-9", "x-amz-content-sha256": EMPTY, "x-amz-date": "20130524T000000Z"},
        key="AKIAIOSFODNN7EXAMPLE",
        secret="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        region="us-east-1",
        at=datetime(2013, 5, 24, tzinfo=UTC),
        payload=EMPTY,
    )
    assert line.endswith("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")


class Bucket(BaseHTTPRequestHandler):
    """Keeps objects by path and refuses what is not signed."""

    kept: ClassVar[dict[str, bytes]] = {}

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _is_signed(self) -> bool:
        return self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential=key/")

    def do_PUT(self) -> None:
        self.kept[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200 if self._is_signed() else 403)

    def do_GET(self) -> None:
        self._answer(200, self.kept[self.path]) if self.path in self.kept else self._answer(404)

    def do_DELETE(self) -> None:
        self._answer(204 if self.kept.pop(self.path, None) else 404)

    def log_message(self, *said: Any) -> None:
        """Say nothing."""


def test_bucket_keeps_and_forgets() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        bucket = store_for(f"s3://key:se%2Fcret@127.0.0.1:{server.server_port}/office?tls=no", Path())
        assert isinstance(bucket, BucketStore)
        assert bucket.secret == "se/cret"
        bucket.put("1/ab/c", io.BytesIO(PDF), len(PDF))
        assert bucket.open("1/ab/c").read() == PDF
        bucket.delete("1/ab/c")
        bucket.delete("1/ab/c")
        with pytest.raises(RuntimeError, match="404"):
            bucket.open("1/ab/c")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
