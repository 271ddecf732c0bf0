"""Shapes shared by all operations: money, moments in UTC, the problem object."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from dialogue.kit.money import STORED_DIGITS, STORED_PLACES, money_json


class Shape(BaseModel):
    """What an operation answers with: plain pydantic, which reads a row several times as fast as ninja's own schema."""

    model_config = ConfigDict(from_attributes=True)


class Input(BaseModel):
    """What an operation takes: an unknown field is refused rather than ignored."""

    model_config = ConfigDict(extra="forbid")


def in_utc(moment: datetime) -> str:
    """Return the moment as the API writes it: ISO 8601 in UTC, `2026-11-22T08:38:00Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


Moment = Annotated[
    AwareDatetime,
    PlainSerializer(in_utc, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


def _no_nul(text: str) -> str:
    if "\x00" in text:
        message = "must not hold the zero byte"
        raise ValueError(message)
    return text


Text = Annotated[str, AfterValidator(_no_nul)]
"""Text that PostgreSQL can keep."""


def _no_zero_bytes(facts: dict[str, Any]) -> dict[str, Any]:
    if "\\u0000" in json.dumps(facts, default=str):
        message = "must not hold the zero byte"
        raise ValueError(message)
    return facts


Facts = Annotated[dict[str, Any], AfterValidator(_no_zero_bytes)]
"""Values by name that PostgreSQL can keep."""


class Money(Shape):
    """An amount with its currency; the amount is a decimal number as text."""

    amount: Annotated[
        Decimal,
        Field(max_digits=STORED_DIGITS, decimal_places=STORED_PLACES),
        PlainSerializer(str, return_type=str),
        WithJsonSchema({"type": "string", "pattern": r"^-?\d{1,15}(\.\d{1,4})?$", "examples": ["1.00"]}),
    ]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["RUB"])]

    @classmethod
    def of(cls, amount: Decimal | None, currency: str) -> Money | None:
        """Return the stored amount as the API shows it, or None."""
        shown = money_json(amount, currency)
        return None if shown is None else cls.model_validate(shown)


class FieldProblem(Shape):
    """One wrong field with what to do about it."""

    field: str
    message: str


class Problem(Shape):
    """RFC 9457 problem object; `code` is stable, `title` is in the reader's language."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    errors: list[FieldProblem] = Field(default_factory=list)
    request: str = ""
