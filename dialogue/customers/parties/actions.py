"""Verbs over people and companies: create, change, assign, bin, restore. What belongs to a party is in `details.py`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.parties.drafts import ENTITY, TEXTS, NewParty, ReadyParty, Setting, ready, wrong_fields
from dialogue.customers.parties.models import Address, ContactPoint, Party, PartyTag, Tag
from dialogue.customers.parties.permissions import PartyPermission
from dialogue.customers.parties.rules import one_line, person_name
from dialogue.customers.parties.searching import findable_of
from dialogue.customers.parties.signals import PartyFact, party_binned, party_changed, party_created, party_restored
from dialogue.kit.actors import Actor
from dialogue.kit.editing import refuse_stale
from dialogue.kit.errors import InvalidInput, NotFound, NotPermitted, Refusal
from dialogue.kit.zones import zone_named
from dialogue.platform.accounts.models import Membership
from dialogue.platform.audit.recording import difference, record
from dialogue.platform.audit.verbs import action
from dialogue.platform.criteria.models import Characteristic
from dialogue.platform.criteria.operators import truth
from dialogue.platform.embedded.together import Together
from dialogue.platform.search.indexing import entry_with
from dialogue.platform.tenants.opened import company_as_opened

M = TypeVar("M", bound=Model)
ROWS = {"company": "company_id", "responsible": "responsible_id"}
DAYS, NUMBERS, MARKS = {"birth_on"}, {"source", *ROWS}, {"is_customer", "is_supplier"}
NAME_PARTS = {"last_name", "first_name", "middle_name"}
CHANGEABLE = {
    "name",
    "kind",
    "birth_on",
    "phase",
    "is_customer",
    "is_supplier",
    "source",
    "country",
    "region",
    "city",
    *TEXTS,
    *ROWS,
}


def setting_of(*, characteristics: bool = True) -> Setting:
    """Return what the open company says about reading a draft: country, language, characteristics."""
    company = company_as_opened()
    return Setting(company.country, company.language, list(Characteristic.objects.of(ENTITY)) if characteristics else [])


def locked(party: Party) -> Party:
    """Return the party read again and locked, in the bin or not.

    Raises:
        NotFound: it is gone.
    """
    rows: QuerySet[Party] = Party.with_bin.select_for_update(of=("self",)).filter(pk=party.pk)
    row = rows.first()
    if row is None:
        raise NotFound(_("This customer no longer exists."))
    return row


def refuse_wrong_rows(company: int | None, responsible: int | None, tags: list[int], by: Actor) -> None:
    """Refuse ids that do not name a visible company, an active member, a tag of the open company.

    Raises:
        InvalidInput: names each.
    """
    errors: dict[str, str] = {}
    if company and not Party.objects.visible_to(by).companies().filter(pk=company).exists():
        errors["company"] = _("Choose a company of your customer base.")
    if responsible and not Membership.objects.filter(user_id=responsible, is_active=True).exists():
        errors["responsible"] = _("Choose a member of your company.")
    if tags and Tag.objects.filter(pk__in=tags, entity=ENTITY).count() != len(set(tags)):
        errors["tags"] = _("Choose tags of the list.")
    if errors:
        raise InvalidInput(errors)


@action(permission=PartyPermission.WRITE)
def create_party(draft: NewParty, *, by: Actor) -> Party:
    """Create a person or a company with its contact points, address and tags; return it.

    Raises:
        InvalidInput: names every wrong field.
        Refusal: another customer has the own number.
    """
    refuse_wrong_rows(draft.company, draft.responsible, draft.tags, by)
    made = ready(draft, setting_of(characteristics=bool(draft.characteristics)))
    refuse_taken_number(made.party.row())
    made.party.created_by = by.user
    party = _write(made)
    record(by, "party.created", party, kind_of_party=party.kind)
    party_created.tell(PartyFact(party, by))
    return party


def _write(made: ReadyParty) -> Party:
    """Write the rows by one statement; return the customer, what belongs to him loaded."""
    whole = Together(Party, made.party.__dict__)
    parts: list[Any] = [(ContactPoint, whole.add(ContactPoint, "party_id", one.__dict__)) for one in made.contacts]
    if made.address:
        parts.append((Address, whole.add(Address, "party_id", made.address.__dict__)))
    links = [(PartyTag, whole.add(PartyTag, "party_id", {"tag_id": tag})) for tag in made.tags]
    whole.add_statement(*entry_with(ENTITY, findable_of(made, 0)))
    pk, *keys = whole.write()
    party = Party(id=pk, **whole.given)
    party._state.adding, party._state.db = False, connection.alias
    rows = [model(id=key, party_id=pk, **given) for (model, given), key in zip(parts + links, keys, strict=True)]
    contacts = sorted(
        (row for row in rows if isinstance(row, ContactPoint)), key=lambda row: (row.kind, not row.is_primary, row.pk)
    )
    # As a prefetch would leave them.
    party._prefetched_objects_cache = {"contacts": loaded(ContactPoint, contacts)}  # type: ignore[attr-defined]
    return party


def loaded(model: type[M], rows: list[M]) -> QuerySet[M]:
    """Return rows that are known as a query that has been asked."""
    asked = model._default_manager.all()
    asked._result_cache = rows
    asked._prefetch_done = True  # type: ignore[attr-defined]
    return asked


def refuse_taken_number(party: Party) -> None:
    """Refuse an own number that another live customer has.

    Raises:
        Refusal: names the other.
    """
    if not party.external_id:
        return
    other = Party.objects.filter(external_id=party.external_id).exclude(pk=party.pk).first()
    if other is not None:
        raise Refusal(
            _("The number “%(number)s” belongs to “%(name)s”: give another one.")
            % {"number": party.external_id, "name": other.name},
            field="external_id",
            code="number-taken",
        )


def cleaned(name: str, value: Any) -> Any:
    """Return a field's value as the row keeps it: days, numbers and yes-or-no from their words, text in one line.

    Raises:
        Refusal: it is nothing of the kind.
    """
    label = Party._meta.get_field(name).verbose_name  # type: ignore[union-attr]
    try:
        if name in DAYS:
            return date.fromisoformat(value) if isinstance(value, str) and value else value or None
        if name in NUMBERS:
            return int(value) if value not in (None, "") else None
        if name in MARKS:
            return truth(value) if value not in (None, "") else False
    except (ValueError, TypeError):
        raise Refusal(_("“%(label)s” cannot hold “%(value)s”.") % {"label": label, "value": value}, field=name) from None
    text = "" if value is None else str(value)
    if name == "time_zone":
        return zone_named(text) or one_line(text)
    return text.strip() if name == "note" else one_line(text)


def apply_values(row: Party, values: Mapping[str, Any], setting: Setting) -> dict[str, list[Any]]:
    """Put checked values into an unsaved row; return `{field: [before, after]}`.

    Raises:
        InvalidInput: names every wrong field.
    """
    unknown = sorted(set(values) - CHANGEABLE - {"characteristics"})
    if unknown:
        raise InvalidInput({name: _("A customer has no field “%(name)s”.") % {"name": name} for name in unknown})
    names = [ROWS.get(name, name) for name in values if name != "characteristics"]
    before = {name: getattr(row, name) for name in names}
    traits = dict(row.characteristics)
    old_name, old_phase = row.name, row.phase
    for name, value in values.items():
        if name == "characteristics":
            applicable = [one for one in setting.definitions if one.applies_to in ("", row.kind)]
            row.set_characteristics(applicable, value or {})
        else:
            setattr(row, ROWS.get(name, name), cleaned(name, value))
    if NAME_PARTS & set(values) and "name" not in values:
        row.name = person_name(row.last_name, row.first_name, row.middle_name, setting.language) or row.name
    errors = wrong_fields(row)
    if errors:
        raise InvalidInput(errors)
    if row.phase != old_phase:
        row.phase_since = timezone.now()
    changes = difference(before, {name: getattr(row, name) for name in names})
    if row.name != old_name:
        changes["name"] = [old_name, row.name]
    codes = traits.keys() | row.characteristics.keys()
    now = {f"characteristics.{code}": row.characteristics.get(code) for code in codes}
    return changes | difference({f"characteristics.{code}": traits.get(code) for code in codes}, now)


@action(permission=PartyPermission.WRITE)
def change_party(
    party: Party, values: Mapping[str, Any], *, by: Actor, etag: str = "", seen: Mapping[str, Any] | None = None
) -> Party:
    """Change fields of a customer; `characteristics` takes `{code: value}`; return him.

    `etag` is the version the editor saw, `seen` the single fields as he saw them.

    Raises:
        StaleEdit: somebody else changed the same fields meanwhile.
        InvalidInput: names every wrong field.
    """
    row = locked(party)
    fields = {ROWS.get(name, name): value for name, value in values.items() if name != "characteristics"}
    refuse_stale(row, fields, etag=etag, seen=seen)
    if "responsible" in values and not by.can(PartyPermission.ASSIGN):
        raise NotPermitted(_("To change who is responsible you must have the permission to assign customers."))
    company = values.get("company") or None
    responsible = values.get("responsible") or None
    refuse_wrong_rows(
        company if company != row.company_id else None, responsible if responsible != row.responsible_id else None, [], by
    )
    changes = apply_values(row, values, setting_of())
    if not changes:
        return row
    if "external_id" in changes:
        refuse_taken_number(row)
    row.save()
    record(by, "party.changed", row, changes=changes)
    party_changed.tell(PartyFact(row, by, changes))
    return row


@action(permission=PartyPermission.ASSIGN)
def assign_responsible(party: Party, user: int | None, *, by: Actor) -> Party:
    """Name the member who answers for the customer, or nobody; return the customer.

    Raises:
        InvalidInput: not a member of the company.
    """
    refuse_wrong_rows(None, user, [], by)
    row = locked(party)
    if row.responsible_id == user:
        return row
    changes = {"responsible_id": [row.responsible_id, user]}
    row.responsible_id = user
    row.save(update_fields=["responsible", "updated_at"])
    record(by, "party.assigned", row, changes=changes)
    party_changed.tell(PartyFact(row, by, changes))
    return row


@action(permission=PartyPermission.BIN)
def bin_party(party: Party, *, by: Actor) -> Party:
    """Put a customer into the bin for 30 days; return him."""
    row = locked(party)
    if row.deleted_at is None:
        row.deleted_at = timezone.now()
        row.save(update_fields=["deleted_at", "updated_at"])
        record(by, "party.binned", row)
        party_binned.tell(PartyFact(row, by))
    return row


@action(permission=PartyPermission.BIN)
def restore_party(party: Party, *, by: Actor) -> Party:
    """Take a customer out of the bin; return him.

    Raises:
        Refusal: another customer got his own number meanwhile, or he was merged into another.
    """
    row = locked(party)
    if row.deleted_at is None:
        return row
    if row.merged_into:
        raise Refusal(_("This customer was merged into another: undo the merge instead."))
    refuse_taken_number(row)
    row.deleted_at = None
    row.save(update_fields=["deleted_at", "updated_at"])
    record(by, "party.restored", row)
    party_restored.tell(PartyFact(row, by))
    return row
