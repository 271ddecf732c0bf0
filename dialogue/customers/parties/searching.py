"""How search finds a customer: by every name, own number, tax number, phone, e-mail and messenger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import Case, CharField, F, OuterRef, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Coalesce, Concat
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties.drafts import ENTITY
from dialogue.customers.parties.fields import contact_of
from dialogue.customers.parties.models import ContactKind, ContactPoint, Party
from dialogue.kit.actors import Actor
from dialogue.platform.search.indexing import forget_records, index_records
from dialogue.platform.search.kinds import Hit, SearchKind

NUMBERS = [ContactKind.PHONE, ContactKind.WHATSAPP, ContactKind.VIBER]
SPACE = Value(" ")


def _unless_in_name(part: str) -> Case:
    return Case(When(name__contains=F(part), then=Value("")), default=F(part), output_field=CharField())


def _rows() -> QuerySet[Any]:
    # A number is found by its digits, whatever was typed between them; an address as given and as its domain really is.
    word = Case(
        When(kind__in=NUMBERS, then=F("normal")),
        When(value=F("normal"), then=F("normal")),
        default=Concat(F("value"), SPACE, F("normal")),
        output_field=CharField(),
    )
    points = ContactPoint.objects.filter(party=OuterRef("pk")).order_by().values("party")
    contacts = Subquery(points.annotate(words=StringAgg(word, " ")).values("words"), output_field=TextField())
    others = [part for name in ("legal_name", "external_id", "tax_number") for part in (SPACE, F(name))]
    # A person's name is put together of its parts: only what it lacks is written once more.
    parts = [part for name in ("last_name", "first_name") for part in (SPACE, _unless_in_name(name))]
    names = [F("name"), *others, *parts, SPACE]
    return Party.with_bin.annotate(
        searched_title=F("name"),
        searched_text=Concat(*names, Coalesce(contacts, Value(""), output_field=TextField()), output_field=TextField()),
    )


def _visible_to(actor: Actor) -> QuerySet[Any]:
    return Party.objects.visible_to(actor)


def _describe(rows: QuerySet[Any]) -> Sequence[Hit]:
    shown = []
    for party in rows.select_related("company").prefetch_related("contacts"):
        place = party.company.name if party.company_id and party.company else ""
        reached = contact_of(party, "phone") or contact_of(party, "email")
        hint = " · ".join(part for part in (party.position, place, party.city, reached) if part)
        shown.append(Hit(ENTITY, party.pk, party.name, hint, reverse("party_card", args=[party.pk])))
    return shown


customers = SearchKind(
    name=ENTITY,
    label=_("Customers"),
    rows=_rows,
    visible_to=_visible_to,
    describe=_describe,
)


def index_parties(ids: Sequence[int]) -> None:
    """Write the search rows of these customers."""
    index_records(ENTITY, ids)


def forget_party(party: Party) -> None:
    """Remove the search row of a customer who is gone for good."""
    forget_records(ENTITY, [party.pk])
