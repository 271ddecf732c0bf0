"""From a value read out of a file to what a record keeps: money with its currency, words of a list as its codes."""

from __future__ import annotations

from typing import Any

from dialogue.platform.criteria.kinds import FieldKind
from dialogue.platform.criteria.models import Characteristic


def fit_value(definition: Characteristic, value: Any, currency: str) -> Any:
    """Return the value in the form that `Characteristic.clean` takes; `currency` stands where money names none."""
    if definition.kind == FieldKind.MONEY and isinstance(value, tuple):
        return {"amount": str(value[0]), "currency": value[1] or currency}
    if definition.kind == FieldKind.NUMBER:
        return str(value)
    if definition.kind == FieldKind.DATE:
        return value.isoformat() if hasattr(value, "isoformat") else value
    if definition.kind in {FieldKind.CHOICE, FieldKind.CHOICES}:
        by_label = {str(choice["label"]).casefold(): choice["code"] for choice in definition.choices}
        several = definition.kind == FieldKind.CHOICES
        words = [part.strip() for part in str(value).split(",")] if several else [str(value)]
        codes = [by_label.get(word.casefold(), word) for word in words]
        return codes if several else codes[0]
    return value
