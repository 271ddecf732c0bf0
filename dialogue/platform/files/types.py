"""What kinds of files are kept: the name's ending and the content's first bytes must agree.

Signatures: PNG, JPEG, GIF, WebP, PDF and ZIP specifications; [MS-CFB] 2.2 for the old Office forms.
"""

from __future__ import annotations

from pathlib import PurePath

from django.utils.translation import gettext as _

from dialogue.platform.files.errors import FileTypeRefused

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OFFICE = "application/vnd.openxmlformats-officedocument."
OPEN = "application/vnd.oasis.opendocument."
# Ending → (media type, what the content begins with; empty means plain text).
KINDS: dict[str, tuple[str, tuple[bytes, ...]]] = {
    "png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "gif": ("image/gif", (b"GIF87a", b"GIF89a")),
    "webp": ("image/webp", (b"RIFF",)),
    "pdf": ("application/pdf", (b"%PDF-",)),
    "docx": (OFFICE + "wordprocessingml.document", (ZIP,)),
    "xlsx": (OFFICE + "spreadsheetml.sheet", (ZIP,)),
    "pptx": (OFFICE + "presentationml.presentation", (ZIP,)),
    "odt": (OPEN + "text", (ZIP,)),
    "ods": (OPEN + "spreadsheet", (ZIP,)),
    "odp": (OPEN + "presentation", (ZIP,)),
    "doc": ("application/msword", (OLE,)),
    "xls": ("application/vnd.ms-excel", (OLE,)),
    "ppt": ("application/vnd.ms-powerpoint", (OLE,)),
    "zip": ("application/zip", (ZIP, b"PK\x05\x06")),
    "7z": ("application/x-7z-compressed", (b"7z\xbc\xaf\x27\x1c",)),
    "rtf": ("application/rtf", (b"{\\rtf",)),
    "mp3": ("audio/mpeg", (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")),
    "wav": ("audio/wav", (b"RIFF",)),
    "ogg": ("audio/ogg", (b"OggS",)),
    "txt": ("text/plain", ()),
    "csv": ("text/csv", ()),
    "eml": ("message/rfc822", ()),
    "vcf": ("text/vcard", ()),
    "ics": ("text/calendar", ()),
}
HEAD = 4096


def clean_name(name: str) -> str:
    """Return the name without its folders, control characters and what a file system or a header could stumble over."""
    last = PurePath(name.replace("\\", "/")).name
    kept = "".join(sign for sign in last if sign.isprintable() and sign not in '<>:"|?*').strip(" .")
    stem, dot, ending = kept.rpartition(".")
    return f"{stem[:150]}{dot}{ending[:20]}" if dot else kept[:150]


def media_type_of(name: str, head: bytes) -> str:
    """Return the media type of a file by its name and its first bytes.

    Raises:
        FileTypeRefused: a kind we do not keep, or the content is not what the name says.
    """
    ending = name.rpartition(".")[2].lower()
    if ending not in KINDS:
        raise FileTypeRefused(
            _("To keep this file save it in one of these forms: %(forms)s.") % {"forms": ", ".join(KINDS)}, field="file"
        )
    media_type, beginnings = KINDS[ending]
    if beginnings:
        agrees = head.startswith(beginnings) and (ending != "webp" or head[8:12] == b"WEBP")
    else:
        agrees = b"\x00" not in head or head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not agrees:
        raise FileTypeRefused(
            _("The content of “%(name)s” is not what its name says: save it again in the right form.") % {"name": name},
            field="file",
        )
    return media_type
