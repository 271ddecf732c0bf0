"""How search finds a customer: by every name, own number, tax number, phone, e-mail and messenger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties.drafts import ENTITY, ReadyParty
from dialogue.customers.parties.fields import primary_of
from dialogue.customers.parties.models import ContactKind, ContactPoint, Party
from dialogue.customers.parties.signals import PartyGone, party_gone
from dialogue.kit.actors import Actor
from dialogue.kit.addresses import record_url
from dialogue.kit.statement import Statement, one_of
from dialogue.platform.search.indexing import entry_of, forget_records, index_records
from dialogue.platform.search.kinds import Findable, Hit, SearchKind

# A number is found by its digits, whatever was typed between them.
NUMBERS = frozenset([ContactKind.PHONE.value, ContactKind.WHATSAPP.value, ContactKind.VIBER.value])
NAMED = ("name", "legal_name", "external_id", "tax_number", "last_name", "first_name")
NAMES = attrgetter(*NAMED)
Point = tuple[str, str, str]


def findable(pk: int, names: Sequence[str], points: Iterable[Point]) -> Findable:
    """Return what a customer is found by: his texts in the order of `NAMED`, his contact points as (kind, value, normal)."""
    name = names[0]
    # A person's name is put together of its parts: only what it lacks is written once more.
    words = [name, *(word for word in names[1:] if word and word not in name)]
    for kind, value, normal in points:
        # An address as given and as its domain really is.
        words.append(normal if kind in NUMBERS or value == normal else f"{value} {normal}")
    return Findable(pk, name, " ".join(words))


def _rows() -> QuerySet[Any]:
    return Party.with_bin.all()


def _texts(rows: QuerySet[Any]) -> Iterable[Findable]:
    held = list(rows.values_list("pk", *NAMED))
    points: dict[int, list[Point]] = {}
    contacts = ContactPoint.objects.filter(party__in=[row[0] for row in held]).order_by("id")
    for party, kind, value, normal in contacts.values_list("party_id", "kind", "value", "normal"):
        points.setdefault(party, []).append((kind, value, normal))
    return [findable(pk, names, points.get(pk, ())) for pk, *names in held]


def findable_of(one: ReadyParty, pk: int) -> Findable:
    """Return what a customer who is being written is found by."""
    return findable(pk, NAMES(one.party), [(point.kind, point.value, point.normal) for point in one.contacts])


def entry_for(one: ReadyParty) -> tuple[str, str, str]:
    """Return the search row of a customer who is being written, beside his id."""
    return entry_of(findable_of(one, 0))


def _visible_to(actor: Actor) -> QuerySet[Any]:
    return Party.objects.visible_to(actor)


# What a line of what was found says of a customer.
SAID = ("name", "position", "city")


def _said(actor: Actor, ids: int) -> QuerySet[Any]:
    return _visible_to(actor).filter(one_of("pk", ids)).select_related("company").only(*SAID, "company__name")


def _reached(actor: Actor, ids: int) -> QuerySet[Any]:
    return ContactPoint.objects.filter(one_of("party_id", ids)).only("party_id", "kind", "value", "is_primary").order_by()


def _describe(found: Sequence[Party], points: Sequence[ContactPoint]) -> Sequence[Hit]:
    shown = []
    held: dict[int, list[ContactPoint]] = {}
    for point in points:
        held.setdefault(point.party_id, []).append(point)
    for party in found:
        place = party.company.name if party.company_id and party.company else ""
        own = held.get(party.pk, ())
        reached = primary_of(own, "phone") or primary_of(own, "email")
        hint = " · ".join(part for part in (party.position, place, party.city, reached.value if reached else "") if part)
        shown.append(Hit(ENTITY, party.pk, party.name, hint, record_url("party_card", party.pk)))
    return shown


customers = SearchKind(
    name=ENTITY,
    label=_("Customers"),
    rows=_rows,
    texts=_texts,
    visible_to=_visible_to,
    read=(Statement(_said), Statement(_reached)),
    describe=_describe,
)


def index_parties(ids: Sequence[int]) -> None:
    """Write the search rows of these customers."""
    index_records(ENTITY, ids)


def forget_party(party: Party) -> None:
    """Remove the search row of a customer who is gone for good, and let the rooms above forget what names him."""
    forget_records(ENTITY, [party.pk])
    emails = ContactPoint.objects.filter(party=party, kind=ContactKind.EMAIL).values_list("normal", flat=True)
    party_gone.tell(PartyGone(party, list(emails)))
