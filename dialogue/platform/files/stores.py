"""Where the bytes lie: a folder of the installation, or a bucket that speaks S3 (FILES_URL=s3://key:secret@host/bucket?region=…).

Requests are signed by AWS Signature Version 4 (docs: "Authenticating Requests: Using the Authorization Header").
"""

from __future__ import annotations

import hmac
import http.client
import os
import shutil
import tempfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from django.conf import settings

from dialogue.kit.frozen import frozen

TIMEOUT = 30
EMPTY = sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"


class StoreFault(RuntimeError):
    """The store did not answer, or refused."""


class Store(Protocol):
    """What every store can do; `place` is a path of letters, digits and slashes."""

    def put(self, place: str, content: IO[bytes], size: int) -> None:
        """Keep the content under the place; durable when it returns."""

    def open(self, place: str) -> IO[bytes]:
        """Return the content as a stream."""

    def delete(self, place: str) -> None:
        """Forget the place; one that is not there is no error."""


@frozen
class FolderStore:
    """Files below one folder, readable by the installation's user only."""

    root: Path

    def put(self, place: str, content: IO[bytes], size: int) -> None:
        """Write beside, flush to the disk, rename."""
        target = self.root / place
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, fresh = tempfile.mkstemp(dir=target.parent, prefix=".fresh-")
        try:
            with os.fdopen(descriptor, "wb") as stream:
                shutil.copyfileobj(content, stream)
                stream.flush()
                os.fsync(stream.fileno())
            Path(fresh).replace(target)
        except BaseException:
            Path(fresh).unlink(missing_ok=True)
            raise

    def open(self, place: str) -> IO[bytes]:
        """Return the file, open for reading."""
        return (self.root / place).open("rb")

    def delete(self, place: str) -> None:
        """Remove the file."""
        (self.root / place).unlink(missing_ok=True)


def sign(
    method: str,
    host: str,
    path: str,
    headers: dict[str, str],
    *,
    key: str,
    secret: str,
    region: str,
    at: datetime,
    payload: str,
) -> str:
    """Return the Authorization header of Signature Version 4; every given header is signed, `path` is encoded already."""
    day, moment = at.strftime("%Y%m%d"), at.strftime("%Y%m%dT%H%M%SZ")
    signed = {name.lower(): value.strip() for name, value in headers.items()} | {"host": host}
    names = ";".join(sorted(signed))
    canonical = "\n".join([method, path, "", *(f"{name}:{signed[name]}" for name in sorted(signed)), "", names, payload])
    scope = f"{day}/{region}/s3/aws4_request"
    wanted = "\n".join(["AWS4-HMAC-SHA256", moment, scope, sha256(canonical.encode()).hexdigest()])
    step = f"AWS4{secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        step = hmac.digest(step, part.encode(), "sha256")
    signature = hmac.digest(step, wanted.encode(), "sha256").hex()
    return f"AWS4-HMAC-SHA256 Credential={key}/{scope},SignedHeaders={names},Signature={signature}"


@frozen
class BucketStore:
    """Files in one bucket, addressed by path."""

    host: str
    bucket: str
    key: str
    secret: str
    region: str = "us-east-1"
    tls: bool = True

    def _ask(self, method: str, place: str, content: IO[bytes] | None = None, size: int = 0) -> http.client.HTTPResponse:
        at = datetime.now(UTC)
        path = quote(f"/{self.bucket}/{place}")
        payload = UNSIGNED if content else EMPTY
        headers = {"x-amz-date": at.strftime("%Y%m%dT%H%M%SZ"), "x-amz-content-sha256": payload}
        line = sign(
            method, self.host, path, headers, key=self.key, secret=self.secret, region=self.region, at=at, payload=payload
        )
        kind = http.client.HTTPSConnection if self.tls else http.client.HTTPConnection
        connection = kind(self.host, timeout=TIMEOUT)
        extra = {"Content-Length": str(size)} if content else {}
        try:
            connection.request(method, path, body=content, headers=headers | extra | {"Authorization": line})
            answer = connection.getresponse()
        except OSError as error:
            connection.close()
            message = f"The file store at {self.host} does not answer: {error}"
            raise StoreFault(message) from error
        if answer.status >= 300 and not (method == "DELETE" and answer.status == 404):
            answer.read(2000)
            connection.close()
            message = f"The file store at {self.host} refused {method} with {answer.status}."
            raise StoreFault(message)
        return answer

    def put(self, place: str, content: IO[bytes], size: int) -> None:
        """Upload the content."""
        self._ask("PUT", place, content, size).read()

    def open(self, place: str) -> IO[bytes]:
        """Return the download as a stream."""
        return self._ask("GET", place)

    def delete(self, place: str) -> None:
        """Delete the object."""
        self._ask("DELETE", place).read()


def store_for(address: str, folder: Path) -> Store:
    """Return the bucket that FILES_URL names, or the folder where it names none."""
    if not address:
        return FolderStore(folder)
    parts = urlsplit(address)
    options = dict(parse_qsl(parts.query))
    port = f":{parts.port}" if parts.port else ""
    return BucketStore(
        host=f"{parts.hostname}{port}",
        bucket=parts.path.strip("/"),
        key=unquote(parts.username or ""),
        secret=unquote(parts.password or ""),
        region=options.get("region", "us-east-1"),
        tls=options.get("tls", "yes") != "no",
    )


def store() -> Store:
    """Return the installation's store."""
    return store_for(settings.FILES_URL, settings.FILES_FOLDER)
