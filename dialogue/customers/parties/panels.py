"""The card's own panels: how to reach, who decides, characteristics, relations, details, history."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dialogue.customers.parties.cards import Panel, Place, card_panels
from dialogue.customers.parties.fields import party as entity
from dialogue.customers.parties.lists import CONTACTS
from dialogue.customers.parties.models import Channel, Consent, Decision, Party, PartyRelation, Purpose
from dialogue.customers.parties.permissions import PartyPermission
from dialogue.customers.parties.rules import printed_phone
from dialogue.customers.parties.vocabulary import DECISION_CODES
from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.pieces import piece
from dialogue.kit.statement import Statement
from dialogue.kit.zones import zones_of_countries
from dialogue.platform.accounts.doors import MemberRequest
from dialogue.platform.audit.models import Entry
from dialogue.platform.audit.words import lines_of
from dialogue.platform.criteria.fields import Asking, Field
from dialogue.platform.files.views import files_panel
from dialogue.platform.lists.cells import Printer

PERSON_FIELDS = (
    "name", "last_name", "first_name", "middle_name", "position", "decision", "birth_on", "sex", "language", "time_zone",
    "external_id", "tax_number", "is_customer", "is_supplier", "note",
)  # fmt: skip
COMPANY_FIELDS = ("name", "legal_name", "tax_number", "external_id", "time_zone", "is_customer", "is_supplier", "note")
MOST_PEOPLE = 8
SHOWN_HISTORY = 30
# The panels that every card opens with.
HOT = {"contacts", "decides", "traits", "ties"}
TIES = Statement(lambda party: PartyRelation.objects.of(party))  # noqa: PLW0108  a manager's method opens the company at once
CONSENTS = Statement(lambda party: Consent.objects.filter(party=party, purpose=Purpose.MARKETING).current())


@frozen
class Row:
    """One field of the card: its words, its value in words, what holds where it has none, whether it is edited in place."""

    name: str
    label: Any
    text: str
    editable: bool
    instead: str = ""


def rows_of(request: MemberRequest, party: Party, fields: Iterable[Field]) -> list[Row]:
    """Return fields of a party as the card shows them."""
    printer = Printer(CONTACTS, asking_of(request))
    may = request.actor.can(PartyPermission.WRITE) and party.deleted_at is None
    return [
        Row(one.name, one.label, printer.text(one, party), may and one.editable, _instead(request, party, one.name))
        for one in fields
    ]


def _instead(request: MemberRequest, party: Party, name: str) -> str:
    """Return what holds while a field is empty, in words."""
    if name != "time_zone" or party.time_zone:
        return ""
    zone = zones_of_countries().get(party.country.upper(), "")
    words = _("by country: %(zone)s") if zone else _("as the company: %(zone)s")
    return words % {"zone": zone or request.company.time_zone}


def asking_of(request: MemberRequest) -> Asking:
    """Return who asks, in the company's time zone and currency."""
    company = request.company
    return Asking(request.actor, zone=company.zone, week_start=company.week_start, currency=company.currency)


def _show(template: str, request: MemberRequest, party: Party, **context: Any) -> str:
    may = request.actor.can(PartyPermission.WRITE) and party.deleted_at is None
    name, given = f"parties/panels/{template}.html", context | {"party": party, "may": may}
    return piece(name, given) if template in HOT else render_to_string(name, given, request)


def ties_of(party: Party) -> list[PartyRelation]:
    """Return the party's relations from both sides; read once a request."""
    held = getattr(party, "held_ties", None)
    if held is None:
        held = TIES.rows(party=party.pk)
        party.held_ties = held  # type: ignore[attr-defined]
    return held


def consents_of(party: Party) -> list[dict[str, Any]]:
    """Return the latest word per channel about offers and news, in the order of the channels."""
    said = {word.channel: word for word in CONSENTS.rows(party=party.pk)}
    return [{"channel": label, "word": said[value]} for value, label in Channel.choices if value in said]


def contacts_panel(request: MemberRequest, party: Party) -> str:
    """Show how the customer can be reached and what he allows."""
    points = [
        {"point": point, "text": printed_phone(point.normal) if point.dial else point.value}
        for point in sorted(party.contacts.all(), key=lambda one: (one.kind != "phone", one.kind, not one.is_primary, one.pk))
    ]
    return _show("contacts", request, party, points=points, consents=consents_of(party))


def _tied(party: Party) -> list[Any]:
    return [(TIES, False, {"party": party.pk})]


def _firm_of(party: Party) -> int | None:
    return party.company_id if party.is_person else party.pk


def _decided(party: Party) -> list[Any]:
    firm = _firm_of(party)
    return [*_tied(party), *([(DECIDERS, True, {"firm": firm})] if firm else [])]


def _deciders(actor: Actor, firm: int) -> QuerySet[Party]:
    people = Party.objects.visible_to(actor).filter(company_id=firm).exclude(decision="")
    return people.only("name", "position", "decision", "tenant_id")[:MOST_PEOPLE]


DECIDERS = Statement(_deciders)


def decides_panel(request: MemberRequest, party: Party) -> str:
    """Show who decides, influences, uses and pays in the customer's company."""
    firm = _firm_of(party)
    roles: dict[str, list[Party]] = {value: [] for value in Decision.values}
    if firm:
        for one in DECIDERS.rows(request.actor, firm=firm):
            roles[one.decision].append(one)
    words = dict(zip(DECISION_CODES, Decision.values, strict=True))
    for tie in ties_of(party):
        if tie.type.code in words and tie.until is None:
            other = tie.first if tie.second_id == party.pk else tie.second
            if tie.second_id == party.pk:
                roles[words[tie.type.code]].append(other)
    shown = [{"label": label, "people": roles[value]} for value, label in Decision.choices if roles[value]]
    return _show("decides", request, party, roles=shown) if shown or not party.is_person else ""


def traits_panel(request: MemberRequest, party: Party) -> str:
    """Show phase, responsible, tags and the company's own characteristics."""
    fields = [entity.fields.get(name) for name in ("phase", "responsible", "tags")]
    defined = [one for one in entity.defined() if one.applies_to in ("", party.kind)]
    return _show("traits", request, party, rows=rows_of(request, party, [*fields, *defined]))


def ties_panel(request: MemberRequest, party: Party) -> str:
    """Show the customer's relations from both sides, and a company's people."""
    ties = []
    for tie in ties_of(party):
        forward = tie.first_id == party.pk
        ties.append(
            {
                "tie": tie,
                "words": tie.type.forward if forward else tie.type.reverse,
                "other": tie.second if forward else tie.first,
            }
        )
    return _show("ties", request, party, ties=ties)


def people_panel(request: MemberRequest, party: Party) -> str:
    """Show the people of a company."""
    people = Party.objects.visible_to(request.actor).filter(company_id=party.pk).prefetch_related("contacts").by_name()[:100]
    return _show("people", request, party, people=people)


def people_count(request: MemberRequest, party: Party) -> int | None:
    """Return how many people of the company the member sees."""
    return Party.objects.visible_to(request.actor).filter(company_id=party.pk).count()


def details_panel(request: MemberRequest, party: Party) -> str:
    """Show every field and the addresses."""
    names = PERSON_FIELDS if party.is_person else COMPANY_FIELDS
    rows = rows_of(request, party, [entity.fields.get(name) for name in names])
    return _show("details", request, party, rows=rows, addresses=party.addresses.all())


def files_tab(request: MemberRequest, party: Party) -> str:
    """Show the files kept with the customer."""
    return f'<section class="card pad">{render_to_string("files/panel.html", files_panel(request, party), request)}</section>'


def history_panel(request: MemberRequest, party: Party) -> str:
    """Show who changed what."""
    entries = Entry.objects.filter(subject_kind=Party._meta.label_lower, subject_id=party.pk).order_by("-id")
    return _show("history", request, party, lines=lines_of(entries[:SHOWN_HISTORY]))


card_panels.add(
    "contacts",
    Panel(
        "contacts",
        gettext_lazy("How to reach"),
        Place.RIGHT,
        contacts_panel,
        order=10,
        own_head=True,
        reads=lambda party: [(CONSENTS, False, {"party": party.pk})],
    ),
)
card_panels.add(
    "decides",
    Panel("decides", gettext_lazy("Who decides"), Place.RIGHT, decides_panel, order=20, own_head=True, reads=_decided),
)
card_panels.add("traits", Panel("traits", gettext_lazy("Characteristics"), Place.RIGHT, traits_panel, order=30, own_head=True))
card_panels.add("ties", Panel("ties", gettext_lazy("Relations"), Place.RIGHT, ties_panel, order=60, own_head=True, reads=_tied))
card_panels.add(
    "people",
    Panel("people", gettext_lazy("People"), Place.MIDDLE, people_panel, order=500, applies_to="company", count=people_count),
)
card_panels.add("details", Panel("details", gettext_lazy("Details"), Place.MIDDLE, details_panel, order=800))
card_panels.add("files", Panel("files", gettext_lazy("Files"), Place.MIDDLE, files_tab, order=850))
card_panels.add("history", Panel("history", gettext_lazy("History"), Place.MIDDLE, history_panel, order=900))


def role_line(party: Party) -> str:
    """Return what stands under the name after the place of work: the role in decisions, else the registered name; city."""
    if not party.is_person:
        return " · ".join(part for part in (party.legal_name if party.legal_name != party.name else "", party.city) if part)
    role = {
        "decides": _("decides on the purchase"),
        "influences": _("influences the purchase"),
        "uses": _("uses what is bought"),
        "pays": _("pays for the purchase"),
    }.get(party.decision, "")
    return " · ".join(part for part in (role, party.city) if part)
