"""A customer before it is written: what a form, the API or an import gives, cleaned into rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from dialogue.customers.parties.models import Address, ContactKind, ContactPoint, Decision, Party, PartyKind, Phase, Sex
from dialogue.customers.parties.rules import normal_contact, one_line, person_name
from dialogue.kit.errors import InvalidInput, Refusal
from dialogue.platform.criteria.models import Characteristic

ENTITY = "party"
CONTACT_KINDS = frozenset(ContactKind.values)
ADDRESS_PARTS = ("country", "region", "city", "street", "house", "block", "flat", "postcode", "line")
# What a caller may set on a party; each is checked by the model's own field.
TEXTS = (
    "legal_name",
    "tax_number",
    "last_name",
    "first_name",
    "middle_name",
    "position",
    "external_id",
    "note",
    "language",
    "sex",
    "decision",
)


@dataclass(frozen=True)
class Setting:
    """What a company says about reading a draft: where its telephone numbers are, how names are put, its own fields."""

    country: str
    language: str
    definitions: list[Characteristic]


@dataclass
class Contact:
    """A contact point as given."""

    kind: str
    value: str
    label: str = ""
    is_primary: bool = False


@dataclass
class NewParty:
    """A customer as given. Rows are named by id: `company`, `responsible`, `tags`."""

    kind: str = PartyKind.PERSON
    name: str = ""
    legal_name: str = ""
    tax_number: str = ""
    last_name: str = ""
    first_name: str = ""
    middle_name: str = ""
    company: int | None = None
    position: str = ""
    decision: str = ""
    birth_on: date | None = None
    sex: str = ""
    language: str = ""
    phase: str = Phase.ACQUIRE
    responsible: int | None = None
    is_customer: bool = True
    is_supplier: bool = False
    external_id: str = ""
    note: str = ""
    source: int | None = None
    contacts: list[Contact] = field(default_factory=list)
    address: Mapping[str, str] = field(default_factory=dict)
    tags: list[int] = field(default_factory=list)
    characteristics: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class ReadyParty:
    """Unsaved rows of one customer, checked: their keys are filled when they are written."""

    party: Party
    contacts: list[ContactPoint]
    address: Address | None
    tags: list[int]


def ready(draft: NewParty, setting: Setting) -> ReadyParty:
    """Return the draft's rows, unsaved. Reads nothing: an import calls it row by row to learn of refusals.

    Raises:
        InvalidInput: names every wrong field with its remedy.
    """
    errors: dict[str, str] = {}
    party = Party(
        kind=draft.kind,
        company_id=draft.company,
        birth_on=draft.birth_on,
        phase=draft.phase or Phase.ACQUIRE,
        responsible_id=draft.responsible,
        is_customer=draft.is_customer,
        is_supplier=draft.is_supplier,
        source=draft.source,
    )
    for name in TEXTS:
        setattr(party, name, getattr(draft, name).strip() if name == "note" else one_line(getattr(draft, name)))
    party.name = one_line(draft.name) or person_name(party.last_name, party.first_name, party.middle_name, setting.language)
    contacts = _contacts(draft.contacts, setting.country, errors)
    if not party.name and contacts:
        party.name = contacts[0].value
    errors |= wrong_fields(party)
    applicable = [one for one in setting.definitions if one.applies_to in ("", draft.kind)]
    try:
        party.set_characteristics(applicable, draft.characteristics)
    except Refusal as refusal:
        errors[refusal.field] = refusal.message
    address = None
    if any(draft.address.values()):
        address = Address(is_primary=True, **{part: one_line(draft.address.get(part) or "") for part in ADDRESS_PARTS})
        address.kind = draft.address.get("kind") or address.kind
        errors |= {f"address.{name}": text for name, text in too_long(address).items()}
        party.country, party.region, party.city = address.country.upper(), address.region, address.city
    if errors:
        raise InvalidInput(errors)
    return ReadyParty(party, contacts, address, list(dict.fromkeys(draft.tags)))


def _contacts(given: list[Contact], country: str, errors: dict[str, str]) -> list[ContactPoint]:
    made: dict[tuple[str, str], ContactPoint] = {}
    primary: set[str] = {contact.kind for contact in given if contact.is_primary}
    for number, contact in enumerate(given):
        value = one_line(contact.value)
        if not value:
            continue
        if contact.kind not in CONTACT_KINDS:
            errors[f"contacts.{number}"] = _("Choose the kind of the contact.")
            continue
        try:
            normal = normal_contact(contact.kind, value, country)
        except Refusal as refusal:
            errors[f"contacts.{number}"] = refusal.message
            continue
        first = contact.is_primary or contact.kind not in primary
        primary.add(contact.kind)
        row = ContactPoint(
            kind=contact.kind, value=value[:254], normal=normal[:254], label=one_line(contact.label)[:60], is_primary=first
        )
        made.setdefault((contact.kind, normal), row)
    return list(made.values())


@lru_cache(maxsize=4)
def _limits(model: type[Party | Address]) -> tuple[tuple[str, Any, int], ...]:
    """Return (name, label, most letters) of the model's texts; asked once, checked for every row."""
    texts = [column for column in model._meta.concrete_fields if isinstance(column, models.CharField) and column.editable]
    return tuple((column.name, column.verbose_name, int(column.max_length or 0)) for column in texts)


def too_long(row: Party | Address) -> dict[str, str]:
    """Return a sentence per text field that is longer than its column."""
    errors = {}
    values = row.__dict__
    for name, label, most in _limits(type(row)):
        value = values.get(name)
        if value and len(value) > most:
            errors[name] = _("“%(label)s” must be at most %(most)d characters long.") % {"label": label, "most": most}
    return errors


LISTS = {
    "kind": frozenset(PartyKind.values),
    "phase": frozenset(Phase.values),
    "sex": frozenset(["", *Sex.values]),
    "decision": frozenset(["", *Decision.values]),
}


def wrong_fields(party: Party) -> dict[str, str]:
    """Return a sentence per field of the party that cannot be kept."""
    errors = too_long(party)
    if not party.name:
        errors["name"] = _("Give the customer a name.")
    for name, known in LISTS.items():
        if getattr(party, name) not in known:
            label = party._meta.get_field(name).verbose_name  # type: ignore[union-attr]
            errors[name] = _("“%(label)s” must be one of its list.") % {"label": label}
    if party.birth_on and party.birth_on > date.today():  # noqa: DTZ011
        errors["birth_on"] = _("The birthday must lie in the past.")
    if not party.is_person and party.company_id:
        errors["company"] = _("Only a person works in a company: tie companies by a relation.")
    if party.company_id and party.company_id == party.pk:
        errors["company"] = _("Choose another company.")
    return errors
