"""Characteristics: typed fields a company defines itself, kept in one JSONB column and, where filterable, in slots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dialogue.kit.errors import Refusal
from dialogue.kit.rows import StampedRow, TenantManager
from dialogue.platform.criteria.kinds import FieldKind, clean_value

TEXT_SLOTS = tuple(f"slot_text_{number}" for number in range(1, 9))
NUMBER_SLOTS = tuple(f"slot_number_{number}" for number in range(1, 9))
DATE_SLOTS = tuple(f"slot_date_{number}" for number in range(1, 5))
SLOTS = TEXT_SLOTS + NUMBER_SLOTS + DATE_SLOTS
SLOTS_OF = {
    FieldKind.TEXT: TEXT_SLOTS,
    FieldKind.CHOICE: TEXT_SLOTS,
    FieldKind.NUMBER: NUMBER_SLOTS,
    FieldKind.MONEY: NUMBER_SLOTS,
    FieldKind.YES_NO: NUMBER_SLOTS,
    FieldKind.LINK: NUMBER_SLOTS,
    FieldKind.DATE: DATE_SLOTS,
}

# The reference (kit/reference.py) by which pages remember the definitions.
DEFINITIONS = "criteria.definitions"


class CharacteristicQuerySet(models.QuerySet["Characteristic"]):
    """Reads of definitions."""

    def of(self, entity: str) -> Self:
        """Return the live definitions of an entity in the order of the card."""
        return self.filter(entity=entity, archived_at=None).order_by("position", "id")


CharacteristicManager = TenantManager.from_queryset(CharacteristicQuerySet)


class Characteristic(StampedRow):
    """The definition of one field: its kind, its list, and the slot that makes it fast to filter."""

    entity = models.CharField(max_length=20)
    code = models.SlugField(gettext_lazy("code"), max_length=40, db_index=False)
    label = models.CharField(gettext_lazy("name"), max_length=80)
    kind = models.CharField(gettext_lazy("kind"), max_length=12, choices=FieldKind)
    choices = models.JSONField(gettext_lazy("list"), default=list)
    hint = models.CharField(gettext_lazy("hint"), max_length=200, blank=True)
    applies_to = models.CharField(gettext_lazy("for"), max_length=10, blank=True)
    filterable = models.BooleanField(gettext_lazy("fast to filter"), default=False)
    slot = models.CharField(max_length=20, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[CharacteristicManager[Self]] = CharacteristicManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "entity", "code"], name="characteristic_code_once"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def codes(self) -> frozenset[str]:
        """The codes of its list."""
        return frozenset(str(choice["code"]) for choice in self.choices)

    def label_of(self, code: str) -> str:
        """Return the words of one entry of its list; the code itself where the entry is gone."""
        return next((str(choice["label"]) for choice in self.choices if str(choice["code"]) == code), code)

    def clean(self, value: Any = None) -> Any:
        """Return the value as a record keeps it.

        Raises:
            Refusal: names the characteristic and what would be right.
        """
        return clean_value(self.kind, value, label=self.label, field=f"characteristics.{self.code}", codes=self.codes)

    def slot_value(self, value: Any) -> Any:
        """Return what the slot column keeps of a cleaned value."""
        if value is None:
            return None
        if self.kind == FieldKind.MONEY:
            return value["amount"]
        if self.kind == FieldKind.YES_NO:
            return int(value)
        return value


class Characterised(models.Model):
    """A record with characteristics. Its Meta lists `*slot_indexes("name")`, its migration the same indexes."""

    characteristics = models.JSONField(default=dict, blank=True)

    class Meta:
        abstract = True

    def set_characteristics(self, definitions: list[Characteristic], values: Mapping[str, Any]) -> None:
        """Put cleaned values into the record and its slots; absent codes stay, None or "" empties.

        Raises:
            Refusal: an unknown code or a wrong value, by name.
        """
        known = {definition.code: definition for definition in definitions}
        kept = dict(self.characteristics)
        for code, value in values.items():
            definition = known.get(code)
            if definition is None:
                raise Refusal(_("There is no characteristic “%(code)s”.") % {"code": code}, field=f"characteristics.{code}")
            cleaned = definition.clean(value)
            if cleaned is None:
                kept.pop(code, None)
            else:
                kept[code] = cleaned
            if definition.slot:
                setattr(self, definition.slot, definition.slot_value(cleaned))
        self.characteristics = kept


for _name in TEXT_SLOTS:
    Characterised.add_to_class(_name, models.CharField(max_length=200, null=True, editable=False))
for _name in NUMBER_SLOTS:
    Characterised.add_to_class(_name, models.DecimalField(max_digits=19, decimal_places=4, null=True, editable=False))
for _name in DATE_SLOTS:
    Characterised.add_to_class(_name, models.DateField(null=True, editable=False))


def slots_under(*paths: str) -> list[str]:
    """Return the slots of rows reached by these paths ("" for the row itself), to be deferred: pages show values from the JSON."""
    return [f"{path}__{slot}" if path else slot for path in paths for slot in SLOTS]


def slot_indexes(name: str) -> list[models.Index]:
    """Return the partial indexes that make every slot of a table fast; empty slots cost nothing."""
    short = {slot: f"{name}_{slot.replace('slot_', '').replace('_', '')}" for slot in SLOTS}
    return [
        models.Index(fields=["tenant_id", slot], name=short[slot], condition=models.Q(**{f"{slot}__isnull": False}))
        for slot in SLOTS
    ]
