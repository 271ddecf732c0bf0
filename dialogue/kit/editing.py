"""Two people edit one record: the later one learns field by field what changed meanwhile, nothing is overwritten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from dialogue.kit.errors import Refusal
from dialogue.kit.rows import etag_of


@dataclass(frozen=True)
class Clash:
    """One field that both changed: what the editor wants and what stands there now."""

    field: str
    yours: Any
    now: Any


class StaleEdit(Refusal):
    """The record changed after the editor opened it; `clashes` holds both values of each field."""

    status = 412
    code = "stale-edit"

    def __init__(self, clashes: list[Clash]) -> None:
        listed = [{"field": clash.field, "yours": _said(clash.yours), "now": _said(clash.now)} for clash in clashes]
        super().__init__(
            _("Somebody changed this record after you opened it: look at both values and save again."),
            field=clashes[0].field if clashes else "",
            clashes=listed,
        )
        self.clashes = clashes


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
        clashes = [Clash(name, value, current[name]) for name, value in wanted.items() if current[name] != value]
        if clashes:
            raise StaleEdit(clashes)
    for name, value in (seen or {}).items():
        if name in wanted and current[name] not in (value, wanted[name]):
            raise StaleEdit([Clash(name, wanted[name], current[name])])
