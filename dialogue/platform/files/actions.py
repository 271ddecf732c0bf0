"""Verbs over files."""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import IO

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.kit.errors import NotFound, NotPermitted, Refusal
from dialogue.kit.scope import current_tenant
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.platform.files.errors import FileTooLarge
from dialogue.platform.files.models import StoredFile
from dialogue.platform.files.stores import store
from dialogue.platform.files.subjects import file_subjects
from dialogue.platform.files.types import HEAD, clean_name, media_type_of

PIECE = 1 << 20


def _refuse_subject(kind: str, number: int | None, by: Actor) -> None:
    if not kind:
        return
    known = file_subjects.find(kind)
    if known is None or not known.visible_to(by).filter(pk=number).exists():
        raise NotFound(_("The record to which the file should belong is not there."), field="subject")
    if known.permission and not by.can(known.permission):
        raise NotPermitted(_("To change the files of this record you must be allowed to change the record."))


@action()
def keep_file(content: IO[bytes], name: str, *, by: Actor, subject: models.Model | None = None) -> StoredFile:
    """Keep a file, of a record or (until it is attached) of nobody but its maker; return its row.

    Raises:
        FileTooLarge: above FILE_MAX_MB.
        FileTypeRefused: a kind that is not kept, or a content that is not what the name says.
        NotFound: the record is not visible to the actor.
        NotPermitted: he may not change it.
    """
    kind, number = (subject._meta.label_lower, int(subject.pk)) if subject else ("", None)
    _refuse_subject(kind, number, by)
    cleaned = clean_name(name)
    size, digest, head = _measure(content)
    if size == 0:
        raise Refusal(_("This file is empty: choose another."), field="file")
    media_type = media_type_of(cleaned, head)
    place = f"{current_tenant()}/{digest[:2]}/{secrets.token_hex(16)}"
    content.seek(0)
    kept = store()
    kept.put(place, content, size)
    try:
        row = StoredFile.objects.create(
            name=cleaned,
            media_type=media_type,
            size=size,
            digest=digest,
            place=place,
            subject_kind=kind,
            subject_id=number,
            maker=by.user,
            maker_label=by.label[:150],
        )
        record(by, "file.kept", row, of=str(subject) if subject else "", size=size)
    except BaseException:
        kept.delete(place)
        raise
    return row


def _measure(content: IO[bytes]) -> tuple[int, str, bytes]:
    content.seek(0)
    digest, size, head = sha256(), 0, b""
    while piece := content.read(PIECE):
        head = head or piece[:HEAD]
        size += len(piece)
        if size > settings.FILE_MAX_MB << 20:
            raise FileTooLarge(
                _("To keep a file it must be at most %(limit)s MB.") % {"limit": settings.FILE_MAX_MB}, field="file"
            )
        digest.update(piece)
    return size, digest.hexdigest(), head


@action()
def attach_file(file: StoredFile, *, subject: models.Model, by: Actor) -> StoredFile:
    """Give a file that belongs to nobody yet to a record; return it.

    Raises:
        Refusal: it belongs to another record already.
        NotFound: the record is not visible to the actor.
        NotPermitted: he may not change it.
    """
    row: StoredFile = StoredFile.objects.select_for_update().get(pk=file.pk)
    if row.subject_kind:
        raise Refusal(_("This file belongs to a record already: upload it again."), field="file")
    kind, number = subject._meta.label_lower, int(subject.pk)
    _refuse_subject(kind, number, by)
    row.subject_kind, row.subject_id = kind, number
    row.save(update_fields=["subject_kind", "subject_id", "updated_at"])
    record(by, "file.attached", row, of=str(subject))
    return row


@action()
def remove_file(file: StoredFile, *, by: Actor) -> StoredFile:
    """Put a file into the bin, where it stays for 30 days; return it.

    Raises:
        NotPermitted: the actor may not change the record it belongs to.
    """
    row: StoredFile = StoredFile.objects.select_for_update().get(pk=file.pk)
    _refuse_subject(row.subject_kind, row.subject_id, by)
    row.deleted_at = timezone.now()
    row.save(update_fields=["deleted_at", "updated_at"])
    record(by, "file.removed", row)
    return row


def forget_bytes(file: StoredFile) -> None:
    """Delete the file's bytes once the deletion of its row has committed."""
    place = file.place
    transaction.on_commit(lambda: store().delete(place))
