"""The set-wise forms: thousands of customers in a few statements, one audit entry and one signal a call."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from django.db import models
from django.utils import timezone

from dialogue.customers.parties.actions import ROWS, apply_values, setting_of
from dialogue.customers.parties.drafts import ENTITY, AddressColumns, ContactColumns, NewParty, ReadyParty, ready
from dialogue.customers.parties.models import Address, ContactPoint, Party, PartyTag, Tag
from dialogue.customers.parties.permissions import PartyPermission
from dialogue.customers.parties.searching import entry_for
from dialogue.customers.parties.signals import PartiesFact, parties_changed, parties_created
from dialogue.kit.actors import Actor
from dialogue.kit.scope import current_tenant
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.platform.criteria.models import SLOTS
from dialogue.platform.embedded.writing import reserve_ids, write_rows, written_together
from dialogue.platform.search.indexing import index_entries

BATCH = 2000


def _write(model: type[models.Model], rows: Sequence[Any]) -> None:
    """Write unsaved rows: what any of them was given each with its own, what none was with the model's default."""
    if not rows:
        return
    given = sorted(set().union(*(row.__dict__ for row in rows)))
    now = timezone.now()
    constants: dict[str, Any] = {"tenant_id": current_tenant(), "created_at": now, "updated_at": now}
    for column in model._meta.concrete_fields:
        if column.attname not in given and not column.generated and not column.primary_key and column.name not in SLOTS:
            constants.setdefault(column.attname, now if column.default is timezone.now else column.get_default())
    if "characteristics" in given:
        lines: Iterable[Any] = (_with_json(row, given) for row in rows)
    elif len(given) > 1:
        lines = map(attrgetter(*given), rows)
    else:
        lines = ([getattr(row, given[0])] for row in rows)
    write_rows(model, given, lines, constants)


def _with_json(row: Any, given: list[str]) -> list[Any]:
    return [json.dumps(dict(row.characteristics)) if name == "characteristics" else getattr(row, name) for name in given]


@action(permission=PartyPermission.WRITE)
def create_parties(drafts: Sequence[NewParty | ReadyParty], *, by: Actor) -> list[int]:
    """Create customers in set statements; return their ids in the order given.

    The caller answers for ids inside the drafts (company, responsible, tags) and for own numbers not taken yet; a draft
    already made `ready` is not checked again.

    Raises:
        InvalidInput: a draft is wrong; nothing is written.
        IntegrityError: an own number is taken.
    """
    setting = None if all(isinstance(draft, ReadyParty) for draft in drafts) else setting_of()
    made = [draft if isinstance(draft, ReadyParty) else ready(draft, setting) for draft in drafts]  # type: ignore[arg-type]
    ids = reserve_ids(Party, len(made))
    contacts: list[ContactColumns] = []
    addresses: list[AddressColumns] = []
    tags: list[tuple[int, int]] = []
    for one, pk in zip(made, ids, strict=True):
        one.party.__dict__.update(id=pk, created_by=by.user)
        for contact in one.contacts:
            contact.party_id = pk
            contacts.append(contact)
        if one.address:
            one.address.party_id = pk
            addresses.append(one.address)
        if one.tags:
            tags += [(tag, pk) for tag in one.tags]
    with written_together():
        _write(Party, [one.party for one in made])
        _write(ContactPoint, contacts)
        _write(Address, addresses)
        write_rows(PartyTag, ["tag", "party"], tags, {"tenant_id": current_tenant()})
        index_entries(ENTITY, [(pk, *(one.found or entry_for(one))) for one, pk in zip(made, ids, strict=True)])
    if ids:
        record(by, "parties.created", kind=Party._meta.label_lower, count=len(ids))
        parties_created.tell(PartiesFact(ids, by))
    return ids


@action(permission=PartyPermission.WRITE)
def change_parties(values: Mapping[int, Mapping[str, Any]], *, by: Actor) -> dict[int, dict[str, Any]]:
    """Change many customers, each its own way; return `{id: {field: before}}` of those that changed.

    What is returned is a valid argument for putting it back.

    Raises:
        InvalidInput: a value is wrong; nothing is written.
    """
    setting = setting_of()
    befores: dict[int, dict[str, Any]] = {}
    changed: list[Party] = []
    columns: set[str] = set()
    now = timezone.now()
    for row in Party.objects.visible_to(by).select_for_update(of=("self",)).filter(pk__in=list(values)).order_by("pk"):
        wanted = values[row.pk]
        before = {name: getattr(row, ROWS.get(name, name)) for name in wanted if name != "characteristics"}
        before["name"] = row.name
        before["characteristics"] = {code: row.characteristics.get(code) for code in wanted.get("characteristics") or {}}
        if not apply_values(row, wanted, setting):
            continue
        row.updated_at = now
        befores[row.pk] = before
        changed.append(row)
        columns |= set(wanted)
    if not changed:
        return {}
    written = columns | {"name", "updated_at", "phase_since"}
    written |= set(SLOTS) if "characteristics" in columns else set()
    Party.objects.bulk_update(changed, sorted(written), batch_size=BATCH // 4)
    record(by, "parties.changed", kind=Party._meta.label_lower, count=len(changed), fields=sorted(columns))
    parties_changed.tell(PartiesFact([row.pk for row in changed], by, tuple(sorted(columns))))
    return befores


@action(permission=PartyPermission.BIN)
def bin_parties(ids: Sequence[int], *, by: Actor) -> list[int]:
    """Put many customers into the bin; return the ids that went."""
    rows = Party.objects.visible_to(by).filter(pk__in=list(ids))
    gone = list(rows.select_for_update(of=("self",)).values_list("pk", flat=True))
    now = timezone.now()
    Party.objects.filter(pk__in=gone).update(deleted_at=now, updated_at=now)
    if gone:
        record(by, "parties.binned", kind=Party._meta.label_lower, count=len(gone))
        parties_changed.tell(PartiesFact(gone, by, ("deleted_at",)))
    return gone


@action(permission=PartyPermission.BIN)
def restore_parties(ids: Sequence[int], *, by: Actor) -> list[int]:
    """Take many customers out of the bin; return the ids that came back. Merged ones stay."""
    rows = Party.with_bin.filter(pk__in=list(ids), merged_into=None).exclude(deleted_at=None)
    back = list(rows.values_list("pk", flat=True))
    Party.with_bin.filter(pk__in=back).update(deleted_at=None, updated_at=timezone.now())
    if back:
        record(by, "parties.restored", kind=Party._meta.label_lower, count=len(back))
        parties_changed.tell(PartiesFact(back, by, ("deleted_at",)))
    return back


@action(permission=PartyPermission.WRITE)
def tag_parties(ids: Sequence[int], tags: Sequence[int], *, by: Actor) -> dict[int, list[int]]:
    """Put tags on many customers; return `{id: the tags that are new on it}`, which `untag_parties` takes back."""
    known = list(Tag.objects.filter(pk__in=list(tags), entity=ENTITY).values_list("pk", flat=True))
    rows = list(Party.objects.visible_to(by).filter(pk__in=list(ids)).values_list("pk", flat=True))
    held = set(PartyTag.objects.filter(party_id__in=rows, tag_id__in=known).values_list("party_id", "tag_id"))
    new = {pk: [tag for tag in known if (pk, tag) not in held] for pk in rows}
    new = {pk: wanted for pk, wanted in new.items() if wanted}
    PartyTag.objects.bulk_create(
        [PartyTag(party_id=pk, tag_id=tag) for pk, wanted in new.items() for tag in wanted], batch_size=BATCH
    )
    _tell_tagged(list(new), by)
    return new


@action(permission=PartyPermission.WRITE)
def untag_parties(tags: Mapping[int, Sequence[int]], *, by: Actor) -> list[int]:
    """Take tags off customers, each its own; return the ids."""
    sets: dict[tuple[int, ...], list[int]] = {}
    for pk, wanted in tags.items():
        sets.setdefault(tuple(sorted(wanted)), []).append(int(pk))
    for wanted, pks in sets.items():
        PartyTag.objects.filter(party_id__in=pks, tag_id__in=wanted).delete()
    _tell_tagged([int(pk) for pk in tags], by)
    return [int(pk) for pk in tags]


def _tell_tagged(ids: list[int], by: Actor) -> None:
    if ids:
        Party.objects.filter(pk__in=ids).update(updated_at=timezone.now())
        record(by, "parties.changed", kind=Party._meta.label_lower, count=len(ids), fields=["tags"])
        parties_changed.tell(PartiesFact(ids, by, ("tags",)))
