"""Pages by cursor: a stable order by key, never an offset, never a count."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from django.core import signing
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from pydantic import Field

from dialogue.kit.api.shapes import Input, Shape
from dialogue.kit.errors import Refusal

T = TypeVar("T")
M = TypeVar("M", bound=models.Model)
SALT = "dialogue.cursor"
LONGEST = 500


class Paging(Input):
    """Which page is asked for."""

    limit: Annotated[int, Field(ge=1, le=LONGEST, description="How many items at most.")] = 100
    cursor: Annotated[str, Field(max_length=2000, description="The `next` of the page before.")] = ""


class Page(Shape, Generic[T]):
    """One page of a list; `next` is null on the last."""

    items: list[T]
    next: str | None


class _Json:
    def dumps(self, value: Any) -> bytes:
        return json.dumps(value, separators=(",", ":"), cls=DjangoJSONEncoder).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)


def write_cursor(order: Sequence[str], values: Sequence[Any]) -> str:
    """Return an opaque, signed cursor that stands after the row with these values of the ordering fields."""
    kept = [value.isoformat() if hasattr(value, "isoformat") else value for value in values]
    return signing.dumps([list(order), kept], salt=SALT, serializer=_Json)


def read_cursor(cursor: str, order: Sequence[str]) -> list[Any]:
    """Return the values that the cursor carries.

    Raises:
        Refusal: it was changed, or belongs to another order.
    """
    try:
        wanted, values = signing.loads(cursor, salt=SALT, serializer=_Json)
    except (signing.BadSignature, ValueError, TypeError):
        wanted, values = None, []
    if wanted != list(order):
        raise Refusal(_("To go on, send the “next” of the page before as it was."), field="cursor", code="bad-cursor")
    return list(values)


def after(rows: models.QuerySet[M], order: Sequence[str], values: Sequence[Any]) -> models.QuerySet[M]:
    """Return the rows that come after the row with `values` in `order` (fields, "-" for descending, the last unique)."""
    later = Q()
    same = Q()
    for name, value in zip(order, values, strict=True):
        field = name.lstrip("-")
        later |= same & Q(**{f"{field}__{'lt' if name.startswith('-') else 'gt'}": value})
        same &= Q(**{field: value})
    first = order[0].lstrip("-")
    # The outer bound lets the index serve; the inner conditions settle ties.
    bound = Q(**{f"{first}__{'lte' if order[0].startswith('-') else 'gte'}": values[0]})
    return rows.filter(bound & later)


def page_of(
    rows: models.QuerySet[M],
    paging: Paging,
    *,
    order: Sequence[str] = ("-id",),
    shape: Callable[[M], Any] | None = None,
) -> dict[str, Any]:
    """Return one page: `{"items": […], "next": cursor or null}`.

    `order` names fields that are never null, the last of them unique; `shape` turns a row into what the operation answers.

    Raises:
        Refusal: the cursor is not one of this list.
    """
    if paging.cursor:
        rows = after(rows, order, read_cursor(paging.cursor, order))
    found = list(rows.order_by(*order)[: paging.limit + 1])
    shown = found[: paging.limit]
    further = None
    if len(found) > paging.limit:
        further = write_cursor(order, [_value(shown[-1], name.lstrip("-")) for name in order])
    return {"items": [shape(row) for row in shown] if shape else shown, "next": further}


def _value(row: Any, path: str) -> Any:
    for part in path.split("__"):
        row = getattr(row, part)
    return row
