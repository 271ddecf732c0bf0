"""The API operations over files."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import File, Form, Query, Router, UploadedFile
from pydantic import Field

from dialogue.kit.api.paging import Page, Paging, page_of
from dialogue.kit.api.shapes import Input, Moment, Shape
from dialogue.kit.doors import LARGEST, ActorRequest, visible_or_404
from dialogue.kit.errors import NotFound
from dialogue.platform.files.actions import keep_file, remove_file
from dialogue.platform.files.models import StoredFile
from dialogue.platform.files.serving import signed_address
from dialogue.platform.files.subjects import file_subjects

router = Router(tags=["files"])
Kind = Annotated[str, Field(max_length=40, description="The kind of record, for example parties.party.")]
Number = Annotated[int, Field(ge=1, lt=LARGEST)]


class FileShape(Shape):
    """A kept file; `subject_kind` and `subject_id` name its record."""

    id: int
    name: str
    media_type: str
    size: int
    subject_kind: str
    subject_id: int | None
    created_at: Moment


class AddressShape(Shape):
    """Where the content can be fetched without a key for five minutes."""

    address: str


class FileFilter(Paging):
    """Whose files are asked for."""

    subject_kind: Kind = ""
    subject_id: Number | None = None


class FileInput(Input):
    """The record to which the file belongs; without one it is its maker's until it is attached."""

    subject_kind: Kind = ""
    subject_id: Number | None = None


@router.get("", response=Page[FileShape], summary="List files")
def list_files(request: ActorRequest, asked: Query[FileFilter]) -> dict[str, Any]:
    """Of the records the member sees, newest first."""
    rows = StoredFile.objects.visible_to(request.actor)
    if asked.subject_kind:
        rows = rows.filter(subject_kind=asked.subject_kind, subject_id=asked.subject_id)
    return page_of(rows, asked)


@router.post("", response=FileShape, summary="Keep a file")
def create_file(request: ActorRequest, file: File[UploadedFile], given: Form[FileInput]) -> StoredFile:
    """The name's ending and the content must agree."""
    subject = None
    if given.subject_kind:
        known = file_subjects.find(given.subject_kind)
        subject = known.visible_to(request.actor).filter(pk=given.subject_id).first() if known else None
        if subject is None:
            raise NotFound(_("The record to which the file should belong is not there."), field="subject_id")
    return keep_file(file, file.name or "", by=request.actor, subject=subject)


@router.get("/{int:file}", response=FileShape, summary="Get a file")
def get_file(request: ActorRequest, file: int) -> StoredFile:
    """Its name, checked type and size."""
    return visible_or_404(StoredFile.objects.visible_to(request.actor), file)


@router.get("/{int:file}/address", response=AddressShape, summary="Get a file's address")
def get_file_address(request: ActorRequest, file: int) -> dict[str, str]:
    """On the second origin, signed for five minutes."""
    return {"address": signed_address(visible_or_404(StoredFile.objects.visible_to(request.actor), file))}


@router.delete("/{int:file}", response={204: None}, summary="Remove a file")
def delete_file(request: ActorRequest, file: int) -> HttpResponse:
    """It stays in the bin for 30 days."""
    remove_file(visible_or_404(StoredFile.objects.visible_to(request.actor), file), by=request.actor)
    return HttpResponse(status=204)
