"""A customer before it is written: what a form, the API or an import gives, cleaned into rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Any, ClassVar, cast

from django.db import models
from django.utils.translation import gettext as _

from dialogue.customers.parties.models import (
    Address,
    AddressKind,
    ContactKind,
    ContactPoint,
    Decision,
    Party,
    PartyKind,
    Phase,
    Sex,
)
from dialogue.customers.parties.rules import normal_contact, one_line, person_name
from dialogue.kit.errors import InvalidInput, Refusal
from dialogue.kit.frozen import frozen, record
from dialogue.kit.zones import zone_named
from dialogue.platform.criteria.models import SLOTS, Characterised, Characteristic

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
    "time_zone",
    "sex",
    "decision",
)


# What is kept with single spaces, and what as it is, under the name of its column.
ONE_LINE = frozenset(["name", *TEXTS]) - {"note"}
AS_GIVEN = {
    "company": "company_id",
    "responsible": "responsible_id",
    "birth_on": "birth_on",
    "is_supplier": "is_supplier",
    "source": "source",
}
# A member of an enumeration as the plain text it is: COPY writes it several times faster.
PLAIN_WORDS = {word: word for kinds in (PartyKind, Phase, ContactKind, AddressKind) for word in kinds.values}


@frozen
class Setting:
    """What a company says about reading a draft: where its telephone numbers are, how names are put, its own fields."""

    country: str
    language: str
    definitions: list[Characteristic]


@record
class Contact:
    """A contact point as given."""

    kind: str
    value: str
    label: str = ""
    is_primary: bool = False


@record
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
    time_zone: str = ""
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


class Columns:
    """The columns of one unsaved row without a model's weight: an import makes a hundred thousand.

    What was given stands in the instance; what was not is the class's default, which is the model's.
    """

    model: ClassVar[type[models.Model]]

    def __init__(self, **given: Any) -> None:
        self.__dict__.update(given)

    def row(self) -> Any:
        """Return an unsaved instance of the model."""
        return self.model(**self.__dict__)


class PartyColumns(Columns):
    """An unsaved customer."""

    model = Party
    id: int
    kind: str = PartyKind.PERSON.value
    name: str = ""
    legal_name: str = ""
    tax_number: str = ""
    last_name: str = ""
    first_name: str = ""
    middle_name: str = ""
    company_id: int | None = None
    position: str = ""
    decision: str = ""
    birth_on: date | None = None
    sex: str = ""
    language: str = ""
    time_zone: str = ""
    phase: str = Phase.ACQUIRE.value
    responsible_id: int | None = None
    is_customer: bool = True
    is_supplier: bool = False
    external_id: str = ""
    note: str = ""
    source: int | None = None
    country: str = ""
    region: str = ""
    city: str = ""
    created_by: int | None = None
    characteristics: Mapping[str, Any] = MappingProxyType({})

    @property
    def is_person(self) -> bool:
        """Whether this is a person."""
        return self.kind == PartyKind.PERSON


for _slot in SLOTS:
    setattr(PartyColumns, _slot, None)


class ContactColumns(Columns):
    """An unsaved contact point."""

    model = ContactPoint
    kind: str
    value: str
    normal: str
    label: str = ""
    is_primary: bool = False
    party_id: int | None = None


class AddressColumns(Columns):
    """An unsaved address."""

    model = Address
    kind: str = AddressKind.WORK.value
    is_primary: bool = False
    country: str = ""
    region: str = ""
    city: str = ""
    street: str = ""
    house: str = ""
    block: str = ""
    flat: str = ""
    postcode: str = ""
    line: str = ""
    party_id: int | None = None


@dataclass(slots=True)
class ReadyParty:
    """Unsaved rows of one customer, checked: their keys are filled when they are written."""

    party: PartyColumns
    contacts: list[ContactColumns]
    address: AddressColumns | None
    tags: list[int]
    # What search finds him by, where an import has made it ahead.
    found: tuple[str, str, str] | None = None


def ready(draft: NewParty, setting: Setting) -> ReadyParty:
    """Return the draft's rows, unsaved. Reads nothing: an import calls it row by row to learn of refusals.

    Raises:
        InvalidInput: names every wrong field with its remedy.
    """
    errors: dict[str, str] = {}
    party = PartyColumns()
    held = party.__dict__
    for name, value in draft.__dict__.items():
        if value:
            if name in ONE_LINE:
                held[name] = one_line(value)
            elif name in AS_GIVEN:
                held[AS_GIVEN[name]] = value
    if draft.note:
        held["note"] = draft.note.strip()
    if not draft.is_customer:
        held["is_customer"] = False
    if draft.time_zone:
        held["time_zone"] = zone_named(draft.time_zone) or held["time_zone"]
    held["kind"] = PLAIN_WORDS.get(draft.kind, draft.kind)
    held["phase"] = PLAIN_WORDS.get(draft.phase, draft.phase) or Phase.ACQUIRE.value
    held["name"] = party.name or person_name(party.last_name, party.first_name, party.middle_name, setting.language)
    contacts = _contacts(draft.contacts, setting.country, errors) if draft.contacts else []
    if not party.name and contacts:
        held["name"] = contacts[0].value
    errors |= wrong_fields(party)
    address = _address(draft.address, party, errors) if draft.address else None
    if draft.characteristics:
        applicable = [one for one in setting.definitions if one.applies_to in ("", draft.kind)]
        try:
            Characterised.set_characteristics(cast("Characterised", party), applicable, draft.characteristics)
        except Refusal as refusal:
            errors[refusal.field] = refusal.message
    if errors:
        raise InvalidInput(errors)
    return ReadyParty(party, contacts, address, list(dict.fromkeys(draft.tags)) if draft.tags else [])


def _address(given: Mapping[str, str], party: PartyColumns, errors: dict[str, str]) -> AddressColumns | None:
    """Return the address, its place repeated on the customer; None where nothing is given."""
    if not any(given.values()):
        return None
    address = AddressColumns(is_primary=True)
    held = address.__dict__
    for part, value in given.items():
        if value and part in ADDRESS_PARTS:
            held[part] = one_line(value)
    if given.get("kind"):
        held["kind"] = PLAIN_WORDS.get(given["kind"], given["kind"])
    errors |= {f"address.{name}": text for name, text in too_long(address).items()}
    party.__dict__.update(country=address.country.upper(), region=address.region, city=address.city)
    return address


def _contacts(given: list[Contact], country: str, errors: dict[str, str]) -> list[ContactColumns]:
    made: dict[tuple[str, str], ContactColumns] = {}
    primary: set[str] = {contact.kind for contact in given if contact.is_primary}
    for number, contact in enumerate(given):
        value = one_line(contact.value)
        if not value:
            continue
        kind = PLAIN_WORDS.get(contact.kind, contact.kind)
        if kind not in CONTACT_KINDS:
            errors[f"contacts.{number}"] = _("Choose the kind of the contact.")
            continue
        try:
            normal = normal_contact(kind, value, country)
        except Refusal as refusal:
            errors[f"contacts.{number}"] = refusal.message
            continue
        first = contact.is_primary or kind not in primary
        primary.add(kind)
        row = ContactColumns(kind=kind, value=value[:254], normal=normal[:254], is_primary=first)
        if contact.label:
            row.label = one_line(contact.label)[:60]
        made.setdefault((kind, normal), row)
    return list(made.values())


@lru_cache(maxsize=4)
def _limits(model: type[models.Model]) -> dict[str, tuple[Any, int]]:
    """Return `{name: (label, most letters)}` of the model's texts; asked once, checked for every row."""
    texts = [column for column in model._meta.concrete_fields if isinstance(column, models.CharField) and column.editable]
    return {column.name: (column.verbose_name, int(column.max_length or 0)) for column in texts}


def too_long(row: Columns | models.Model) -> dict[str, str]:
    """Return a sentence per text field that is longer than its column."""
    errors = {}
    limits = _limits(row.model if isinstance(row, Columns) else type(row))
    for name, value in row.__dict__.items():
        if value and name in limits and len(value) > limits[name][1]:
            label, most = limits[name]
            errors[name] = _("“%(label)s” must be at most %(most)d characters long.") % {"label": label, "most": most}
    return errors


LISTS = {
    "kind": frozenset(PartyKind.values),
    "phase": frozenset(Phase.values),
    "sex": frozenset(["", *Sex.values]),
    "decision": frozenset(["", *Decision.values]),
}


def wrong_fields(party: Party | PartyColumns) -> dict[str, str]:
    """Return a sentence per field of the party that cannot be kept."""
    errors = too_long(party)
    if not party.name:
        errors["name"] = _("Give the customer a name.")
    for name, known in LISTS.items():
        if getattr(party, name) not in known:
            label = Party._meta.get_field(name).verbose_name  # type: ignore[union-attr]
            errors[name] = _("“%(label)s” must be one of its list.") % {"label": label}
    if party.time_zone and zone_named(party.time_zone) != party.time_zone:
        errors["time_zone"] = _("There is no time zone “%(zone)s”: choose one of the list, for example Europe/Bucharest.") % {
            "zone": party.time_zone
        }
    if party.birth_on and party.birth_on > date.today():  # noqa: DTZ011
        errors["birth_on"] = _("The birthday must lie in the past.")
    if not party.is_person and party.company_id:
        errors["company"] = _("Only a person works in a company: tie companies by a relation.")
    if party.company_id and isinstance(party, Party) and party.company_id == party.pk:
        errors["company"] = _("Choose another company.")
    return errors
