"""Two people edit one record: the later one learns field by field what changed meanwhile, nothing is overwritten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.utils.formats import localize
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from dialogue.kit.errors import Refusal
from dialogue.kit.frozen import frozen
from dialogue.kit.rows import etag_of


@frozen
class Clash:
    """One field that both changed: what the editor wants and what stands there now, raw and as a reader knows it."""

    field: str
    yours: Any
    now: Any
    label: str = ""
    yours_words: str = ""
    now_words: str = ""


class StaleEdit(Refusal):
    """The record changed after the editor opened it; `clashes` holds both values of each field."""

    status = 412
    code = "stale-edit"

    def __init__(self, clashes: list[Clash], *, etag: str = "") -> None:
        listed = [{"field": clash.field, "yours": _said(clash.yours), "now": _said(clash.now)} for clash in clashes]
        super().__init__(
            _("Somebody changed this record after you opened it: look at both values and save again."),
            field=clashes[0].field if clashes else "",
            clashes=listed,
        )
        self.clashes = clashes
        self.etag = etag


def clash_of(row: Any, field: str, yours: Any, now: Any) -> Clash:
    """Return a clash in words: the field's name, choices and rows by theirs."""
    meta = getattr(row, "_meta", None)
    try:
        known = meta.get_field(field.removesuffix("_id")) if meta else None
    except FieldDoesNotExist:
        known = None
    label = capfirst(str(known.verbose_name)) if known else field
    return Clash(field, yours, now, label, _words(known, yours), _words(known, now))


def _words(known: Any, value: Any) -> str:
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if known is not None and known.choices:
        return str(dict(known.flatchoices).get(value, value))
    if known is not None and known.many_to_one and isinstance(value, int):
        return str(known.related_model._base_manager.filter(pk=value).first() or value)
    if isinstance(value, (list, tuple, set)):
        return ", ".join(str(one) for one in value)
    return str(localize(value))


def _said(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def refuse_stale(row: Any, wanted: Mapping[str, Any], *, etag: str = "", seen: Mapping[str, Any] | None = None) -> None:
    """Refuse a change made on an older state of the (locked, re-read) row.

    `etag` is the version of the whole record the editor saw; `seen` holds single fields as he saw them, for editing in
    place. Nothing given, nothing checked. A field that already has the wanted value does not clash.

    Raises:
        StaleEdit: with both values of every field that would be overwritten unseen.
    """
    current = {name: getattr(row, name) for name in wanted}
    if etag and etag != etag_of(row):
        clashes = [clash_of(row, name, value, current[name]) for name, value in wanted.items() if current[name] != value]
        if clashes:
            raise StaleEdit(clashes, etag=etag_of(row))
    for name, value in (seen or {}).items():
        if name in wanted and current[name] not in (value, wanted[name]):
            raise StaleEdit([clash_of(row, name, wanted[name], current[name])], etag=etag_of(row))
