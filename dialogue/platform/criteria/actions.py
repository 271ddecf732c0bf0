"""Verbs over characteristics."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import Case, DateField, DecimalField, Max, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.kit.errors import Refusal
from dialogue.kit.signals import Event
from dialogue.platform.audit.recording import difference, record, snapshot
from dialogue.platform.audit.verbs import action
from dialogue.platform.criteria.fields import entities
from dialogue.platform.criteria.kinds import DEFINABLE, FieldKind
from dialogue.platform.criteria.models import SLOTS_OF, Characteristic
from dialogue.platform.criteria.permissions import CriteriaPermission

MOST_CHARACTERISTICS = 200
characteristic_changed: Event[Characteristic] = Event("criteria.characteristic_changed")
FIELDS = ["label", "hint", "choices", "filterable", "position", "applies_to"]


@action(permission=CriteriaPermission.DEFINE)
def define_characteristic(
    entity: str,
    *,
    label: str,
    kind: str,
    by: Actor,
    code: str = "",
    choices: list[Any] | None = None,
    filterable: bool = False,
    hint: str = "",
    applies_to: str = "",
) -> Characteristic:
    """Define a field of the company's own; return it. A filterable one takes a slot.

    Raises:
        Refusal: no name, an unknown kind, a list without entries, a code in use, or no slot left.
    """
    label = " ".join(label.split())
    if not label:
        raise Refusal(_("Give the characteristic a name."), field="label")
    if kind not in {str(known) for known in DEFINABLE}:
        raise Refusal(_("Choose the kind of the characteristic."), field="kind")
    listed = clean_choices(kind, choices or [])
    code = code or code_of(label)
    if Characteristic.objects.filter(entity=entity, code=code).exists():
        raise Refusal(
            _("To define “%(label)s” choose another code: “%(code)s” is in use.") % {"label": label, "code": code}, field="code"
        )
    if Characteristic.objects.of(entity).count() >= MOST_CHARACTERISTICS:
        raise Refusal(
            _("A company may define at most %(most)d characteristics here.") % {"most": MOST_CHARACTERISTICS}, field="label"
        )
    last = Characteristic.objects.filter(entity=entity).aggregate(last=Max("position"))["last"] or 0
    made: Characteristic = Characteristic.objects.create(
        entity=entity,
        code=code,
        label=label[:80],
        kind=kind,
        choices=listed,
        hint=hint[:200],
        applies_to=applies_to,
        filterable=filterable,
        slot=free_slot(entity, kind) if filterable else "",
        position=last + 1,
    )
    record(by, "characteristic.defined", made, entity=entity, kind=kind)
    characteristic_changed.tell(made)
    return made


@action(permission=CriteriaPermission.DEFINE)
def change_characteristic(definition: Characteristic, *, by: Actor, **fields: Any) -> Characteristic:
    """Change a definition's name, hint, list, place or filterability; its kind and code stay for good; return it."""
    row = Characteristic.objects.select_for_update().get(pk=definition.pk)
    before = snapshot(row, FIELDS)
    for name in FIELDS:
        if name in fields:
            setattr(row, name, fields[name])
    row.choices = clean_choices(row.kind, row.choices)
    if row.filterable and not row.slot:
        row.slot = free_slot(row.entity, row.kind)
        fill_slot(row)
    row.save()
    record(by, "characteristic.changed", row, changes=difference(before, snapshot(row, FIELDS)))
    characteristic_changed.tell(row)
    return row


@action(permission=CriteriaPermission.DEFINE)
def archive_characteristic(definition: Characteristic, *, by: Actor) -> Characteristic:
    """Take a field out of use; its values stay with the records; return it."""
    row = Characteristic.objects.select_for_update().get(pk=definition.pk)
    row.archived_at = timezone.now()
    row.save()
    record(by, "characteristic.archived", row)
    characteristic_changed.tell(row)
    return row


@action(permission=CriteriaPermission.DEFINE)
def restore_characteristic(definition: Characteristic, *, by: Actor) -> Characteristic:
    """Put a field back into use, with the values that records kept; return it."""
    row = Characteristic.objects.select_for_update().get(pk=definition.pk)
    row.archived_at = None
    row.save()
    record(by, "characteristic.restored", row)
    characteristic_changed.tell(row)
    return row


@action(permission=CriteriaPermission.DEFINE)
def move_characteristic(definition: Characteristic, *, by: Actor) -> Characteristic:
    """Put a field one place up on the card; return it."""
    rows = list(Characteristic.objects.of(definition.entity).select_for_update())
    at = next((number for number, row in enumerate(rows) if row.pk == definition.pk), 0)
    if at:
        rows[at - 1], rows[at] = rows[at], rows[at - 1]
        for number, row in enumerate(rows, start=1):
            row.position = number
        Characteristic.objects.bulk_update(rows, ["position"])
        record(by, "characteristic.changed", definition, changes={"position": [at + 1, at]})
    return definition


def fill_slot(definition: Characteristic) -> None:
    """Write the values that records already hold into the slot a field got just now, by one statement."""
    path = f"characteristics__{definition.code}"
    value = KT(f"{path}__amount") if definition.kind == FieldKind.MONEY else KT(path)
    number = DecimalField(max_digits=19, decimal_places=4)
    kept: Any = value
    if definition.kind in {FieldKind.NUMBER, FieldKind.MONEY, FieldKind.LINK}:
        kept = Cast(value, number)
    elif definition.kind == FieldKind.YES_NO:
        kept = Case(When(**{path: True}, then=Value(1)), default=Value(0), output_field=number)
    elif definition.kind == FieldKind.DATE:
        kept = Cast(value, DateField())
    rows = entities.get(definition.entity).model._base_manager.filter(
        tenant_id=definition.tenant_id, characteristics__has_key=definition.code
    )
    rows.update(**{definition.slot: kept})


def clean_choices(kind: str, choices: list[Any]) -> list[dict[str, str]]:
    """Return the list of a choice as `[{"code", "label"}]`; bare words get a code.

    Raises:
        Refusal: a choice without a list.
    """
    if kind not in {FieldKind.CHOICE, FieldKind.CHOICES}:
        return []
    listed: dict[str, str] = {}
    for choice in choices:
        label = str(choice["label"] if isinstance(choice, dict) else choice).strip()
        code = str(choice.get("code") or code_of(label)) if isinstance(choice, dict) else code_of(label)
        if label:
            listed.setdefault(code, label)
    if not listed:
        raise Refusal(_("Give the list at least one entry."), field="choices")
    return [{"code": code, "label": label} for code, label in listed.items()]


LATIN = dict(
    zip(
        "абвгґдеёєжзиіїйклмнопрстуфхцчшщъыьэюяăâîșțşţ",
        [
            "a",
            "b",
            "v",
            "g",
            "g",
            "d",
            "e",
            "e",
            "ie",
            "zh",
            "z",
            "i",
            "i",
            "i",
            "i",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "kh",
            "ts",
            "ch",
            "sh",
            "shch",
            "_",
            "y",
            "_",
            "e",
            "iu",
            "ia",
            "a",
            "a",
            "i",
            "s",
            "t",
            "s",
            "t",
        ],
        strict=True,
    )
)


def code_of(label: str) -> str:
    """Return a code in Latin letters made from words in any of our alphabets."""
    latin = "".join(LATIN.get(letter, letter).replace("_", "") for letter in label.lower())
    return re.sub(r"-+", "_", slugify(latin))[:40] or "field"


def free_slot(entity: str, kind: str) -> str:
    """Return a slot column nobody uses.

    Raises:
        Refusal: the kind has no slots, or all are taken.
    """
    slots = SLOTS_OF.get(FieldKind(kind), ())
    taken = set(Characteristic.objects.filter(entity=entity).exclude(slot="").values_list("slot", flat=True))
    for slot in slots:
        if slot not in taken:
            return slot
    raise Refusal(_("All fast fields of this kind are in use: switch off another one first."), field="filterable")
