"""Merging: two records of one customer become one, whatever points to them; and the way back."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.parties.actions import locked
from dialogue.customers.parties.drafts import ENTITY
from dialogue.customers.parties.models import ContactPoint, Merge, Party
from dialogue.customers.parties.permissions import PartyPermission
from dialogue.customers.parties.signals import PartyFact, party_binned, party_changed, party_restored
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Refusal
from dialogue.kit.rows import TenantRow
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.platform.criteria.models import Characteristic

# What the kept record takes from the other where it has nothing itself.
FILLED = (
    "legal_name", "tax_number", "last_name", "first_name", "middle_name", "company_id", "position", "decision", "birth_on",
    "sex", "language", "time_zone", "responsible_id", "external_id", "country", "region", "city", "note",
)  # fmt: skip
STAY = {"parties.Merge"}


def _links() -> list[tuple[type[models.Model], str]]:
    """Return every (model, field) of a company's rows that points to a party."""
    found = []
    for relation in Party._meta.related_objects:
        model: Any = relation.related_model
        if issubclass(model, TenantRow) and not relation.many_to_many and model._meta.label not in STAY:
            found.append((model, relation.field.name))
    return found


def _movable(model: Any, field: str, gone: Party, kept: Party) -> models.QuerySet[Any]:
    """Return the rows of the one that may point to the other without breaking a unique key or becoming a tie to oneself."""
    rows: models.QuerySet[Any] = model._base_manager.filter(tenant_id=kept.tenant_id, **{field: gone.pk})
    for constraint in model._meta.constraints:
        if not isinstance(constraint, models.UniqueConstraint) or field not in constraint.fields:
            continue
        others = [name for name in constraint.fields if name not in {"tenant_id", field}]
        there = model._base_manager.filter(tenant_id=kept.tenant_id, **{field: kept.pk})
        if constraint.condition is not None:
            there = there.filter(constraint.condition)
        same = {name: models.OuterRef(name) for name in others}
        rows = rows.exclude(models.Exists(there.filter(**same)))
    for other in model._meta.concrete_fields:
        if other.is_relation and other.related_model is Party and other.name != field:
            rows = rows.exclude(**{other.name: kept.pk})
    return rows


@action(permission=PartyPermission.BIN)
def merge_parties(kept: Party, gone: Party, *, by: Actor) -> Merge:
    """Make one customer of two: all that points to `gone` points to `kept`, which takes what it lacks; return the journal.

    Raises:
        Refusal: the same record, a person with a company, or one of them is deleted.
    """
    if kept.pk == gone.pk:
        raise Refusal(_("To merge customers choose another one: this is the same."), field="other")
    pair = {kept.pk: kept, gone.pk: gone}
    rows = {pk: locked(pair[pk]) for pk in sorted(pair)}
    stays, goes = rows[kept.pk], rows[gone.pk]
    if stays.kind != goes.kind:
        raise Refusal(_("A person and a company cannot be merged: relate them."), field="other")
    if stays.deleted_at or goes.deleted_at:
        raise Refusal(_("One of these customers lies in the bin: restore it first."), field="other")
    moved: dict[str, list[int]] = {}
    for model, field in _links():
        ids = list(_movable(model, field, goes, stays).values_list("pk", flat=True))
        if ids:
            model._base_manager.filter(pk__in=ids, tenant_id=stays.tenant_id).update(**{field: stays.pk})
            moved[f"{model._meta.label}.{field}"] = ids
    demoted = _one_primary(stays, moved.get("parties.ContactPoint.party", []))
    filled = _fill(stays, goes)
    goes.deleted_at, goes.merged_into = timezone.now(), stays.pk
    goes.external_id, number = "", goes.external_id
    goes.save()
    stays.save()
    made: Merge = Merge.objects.create(
        kept=stays, gone=goes, moved=moved, filled=filled, demoted=demoted, number=number, by=by.user, by_label=by.label[:150]
    )
    record(by, "party.merged", stays, changes={"merge": [goes.name, stays.name]})
    record(by, "party.merged", goes, changes={"merge": [goes.name, stays.name]})
    party_binned.tell(PartyFact(goes, by))
    party_changed.tell(PartyFact(stays, by, {"contacts.merge": [goes.name, stays.name]}))
    return made


def _one_primary(party: Party, moved: list[int]) -> list[int]:
    """Leave one primary contact of each kind; return the ids that were primary before."""
    held = set(ContactPoint.objects.filter(party=party, is_primary=True).exclude(pk__in=moved).values_list("kind", flat=True))
    extra = ContactPoint.objects.filter(pk__in=moved, kind__in=held, is_primary=True)
    ids = list(extra.values_list("pk", flat=True))
    ContactPoint.objects.filter(pk__in=ids).update(is_primary=False)
    return ids


def _fill(stays: Party, goes: Party) -> dict[str, list[Any]]:
    filled: dict[str, list[Any]] = {}
    for name in FILLED:
        mine, theirs = getattr(stays, name), getattr(goes, name)
        if mine in (None, "") and theirs not in (None, "") and not (name == "company_id" and theirs == stays.pk):
            setattr(stays, name, theirs)
            filled[name] = [mine, str(theirs) if name == "birth_on" else theirs]
    new = {code: value for code, value in goes.characteristics.items() if code not in stays.characteristics}
    if new:
        filled["characteristics"] = [None, new]
        stays.characteristics = stays.characteristics | new
        for slot in [column.name for column in Party._meta.concrete_fields if column.name.startswith("slot_")]:
            if getattr(stays, slot) is None:
                setattr(stays, slot, getattr(goes, slot))
    return filled


@action(permission=PartyPermission.BIN)
def unmerge_parties(merge: Merge, *, by: Actor) -> Party:
    """Take a merge back: what was moved and still is there goes back; return the customer who is a record of his own again.

    Raises:
        Refusal: it was taken back already, or his own number went to somebody else.
    """
    row = Merge.objects.select_for_update().get(pk=merge.pk)
    if row.undone_at:
        raise Refusal(_("This merge was taken back already."))
    stays, goes = locked(Party(pk=row.kept_id)), locked(Party(pk=row.gone_id))
    for name, ids in row.moved.items():
        label, _dot, field = name.rpartition(".")
        model: Any = next(one for one, _field in _links() if one._meta.label == label)
        model._base_manager.filter(pk__in=ids, tenant_id=row.tenant_id, **{field: stays.pk}).update(**{field: goes.pk})
    ContactPoint.objects.filter(pk__in=row.demoted).update(is_primary=True)
    for name, (before, after) in row.filled.items():
        if name == "characteristics":
            taken = {code for code, value in after.items() if stays.characteristics.get(code) == value}
            known = [one for one in Characteristic.objects.of(ENTITY) if one.code in taken]
            stays.set_characteristics(known, {one.code: None for one in known})
            stays.characteristics = {code: value for code, value in stays.characteristics.items() if code not in taken}
        elif str(getattr(stays, name)) == str(after):
            setattr(stays, name, before)
    stays.save()
    goes.deleted_at = goes.merged_into = None
    if row.number and not Party.objects.filter(~Q(pk=goes.pk), external_id=row.number).exists():
        goes.external_id = row.number
    goes.save()
    row.undone_at = timezone.now()
    row.save()
    record(by, "party.unmerged", stays, changes={"merge": [stays.name, goes.name]})
    record(by, "party.unmerged", goes, changes={"merge": [stays.name, goes.name]})
    party_restored.tell(PartyFact(goes, by))
    party_changed.tell(PartyFact(stays, by, {"contacts.merge": [stays.name, goes.name]}))
    return goes
