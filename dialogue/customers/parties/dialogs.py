"""The dialogs of the card: new contact, one field in its place, contacts, addresses, relations, consents, deletion."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from dialogue.customers.parties import actions, details
from dialogue.customers.parties.drafts import Contact, NewParty
from dialogue.customers.parties.duplicates import duplicates_of
from dialogue.customers.parties.fields import known_zones
from dialogue.customers.parties.fields import party as entity
from dialogue.customers.parties.lists import change_cell
from dialogue.customers.parties.models import (
    Address,
    AddressKind,
    Channel,
    Consent,
    ConsentState,
    ContactKind,
    ContactPoint,
    Party,
    PartyKind,
    PartyRelation,
    Purpose,
    RelationType,
    Tag,
)
from dialogue.customers.parties.panels import asking_of, rows_of
from dialogue.customers.parties.permissions import PartyPermission
from dialogue.customers.parties.views import party_of
from dialogue.kit.actors import Actor
from dialogue.kit.doors import whole_number
from dialogue.kit.editing import StaleEdit
from dialogue.kit.errors import InvalidInput, NotPermitted, Refusal
from dialogue.kit.pieces import piece
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.criteria.fields import Field
from dialogue.platform.lists.views.changing import editor_of, given_value
from dialogue.platform.search.finding import find

ADDRESS_PARTS = ("postcode", "country", "region", "city", "street", "house", "block", "flat", "line")
NEW_CONTACTS = ("phone", "email")


def errors_of(refusal: Refusal) -> dict[str, str]:
    """Return a refusal as {field: sentence}; what names no field stands under ""."""
    if isinstance(refusal, InvalidInput):
        return {name: str(text) for name, text in refusal.errors.items()}
    return {refusal.field: str(refusal.message)}


def changed(party: Party, *panels: str) -> HttpResponse:
    """Return an empty answer that closes the dialog and lets the named panels of the card fetch themselves."""
    response = HttpResponse(status=204)
    response["HX-Trigger"] = json.dumps({"sheet:close": True, **{f"panel:{name}": True for name in panels}})
    return response


def may_write(request: MemberRequest) -> None:
    """Refuse a member who may not change customers.

    Raises:
        NotPermitted: he may not.
    """
    if not request.actor.can(PartyPermission.WRITE):
        raise NotPermitted(_("To change customers you must have the permission for it. Ask your administrator."))


@member_page
@require_http_methods(["GET", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    """Show the dialog of a new person or company, or create it and open its card."""
    may_write(request)
    if request.method == "GET":
        given = {"kind": request.GET.get("kind", "person"), "company": request.GET.get("company", "")}
        return _new_form(request, given)
    given = request.POST.dict()
    try:
        party = actions.create_party(_draft(given, request.actor), by=request.actor)
    except Refusal as refusal:
        return _new_form(request, given, errors_of(refusal))
    response = HttpResponse(status=204)
    response["HX-Redirect"] = reverse("party_card", args=[party.pk])
    return response


def _new_form(request: MemberRequest, given: dict[str, str], errors: dict[str, str] | None = None) -> HttpResponse:
    firm = _visible(request, given.get("company", ""))
    text = firm.name if firm else given.get("company_text", "")
    context = {"given": given, "errors": errors or {}, "kinds": PartyKind.choices, "firm_text": text, "zones": known_zones}
    return render(request, "parties/new.html", context, status=422 if errors else 200)


def _visible(request: MemberRequest, number: str) -> Party | None:
    return Party.objects.visible_to(request.actor).filter(pk=whole_number(number) or 0).first()


def _draft(given: dict[str, str], by: Actor) -> NewParty:
    person = given.get("kind") != PartyKind.COMPANY
    company = whole_number(given.get("company"))
    named = given.get("company_text", "").strip()
    if person and company is None and named:
        known = Party.objects.visible_to(by).companies().filter(name__iexact=named).first()
        company = known.pk if known else actions.create_party(NewParty(kind=PartyKind.COMPANY, name=named), by=by).pk
    contacts = [Contact(kind, given[kind]) for kind in NEW_CONTACTS if given.get(kind, "").strip()]
    if not person:
        return NewParty(
            kind=PartyKind.COMPANY,
            name=given.get("name", ""),
            contacts=contacts,
            address={"city": given.get("city", "")},
            responsible=by.user,
            time_zone=given.get("time_zone", ""),
        )
    return NewParty(
        last_name=given.get("last_name", ""),
        first_name=given.get("first_name", ""),
        middle_name=given.get("middle_name", ""),
        position=given.get("position", ""),
        company=company,
        contacts=contacts,
        address={"city": given.get("city", "")},
        responsible=by.user,
        time_zone=given.get("time_zone", ""),
    )


@member_page
@require_GET
def duplicates(request: MemberRequest) -> HttpResponse:
    """Show who of the customer base may be the one being typed."""
    given = request.GET
    person = given.get("kind") != PartyKind.COMPANY
    name = f"{given.get('last_name', '')} {given.get('first_name', '')}".strip() if person else given.get("name", "")
    contacts = [Contact(kind, given.get(kind, "")) for kind in NEW_CONTACTS]
    found = duplicates_of(name, contacts, request.actor, country=request.company.country)
    return render(request, "parties/duplicates.html", {"found": found})


@member_page
@require_GET
def pick(request: MemberRequest) -> HttpResponse:
    """Show the customers a picker offers for what is typed."""
    text = next((request.GET.get(name, "") for name in request.GET if name.endswith("_text")), "")
    kind = request.GET.get("kind", "")
    hits = [hit for group in find(text, request.actor, kinds=["party"], limit=20) for hit in group.hits]
    if kind:
        right = set(Party.objects.filter(pk__in=[hit.record for hit in hits], kind=kind).values_list("pk", flat=True))
        hits = [hit for hit in hits if hit.record in right]
    but = request.GET.get("but", "")
    context = {"hits": [hit for hit in hits if str(hit.record) != but][:8], "text": " ".join(text.split())}
    return render(request, "parties/pick.html", context | {"fresh": bool(request.GET.get("fresh"))})


def _field(name: str) -> Field:
    found = entity.every_field().get(name)
    if found is None or not found.editable:
        raise Http404
    return found


def _seen(field: Field, party: Party) -> str:
    value = field.value_of(party)
    return json.dumps(value if isinstance(value, (str, int, bool, list, dict)) or value is None else str(value))


@member_page
@require_http_methods(["GET", "POST"])
def field(request: MemberRequest, pk: int, name: str) -> HttpResponse:
    """Show one field, its form in its place, or change it; a stale change shows what stands there now."""
    party = party_of(request, pk)
    one = _field(name)
    if request.method == "GET" and request.GET.get("edit"):
        may_write(request)
        return _field_form(request, party, one, one.value_of(party), "")
    if request.method == "POST":
        given = _given(request, one)
        try:
            if request.POST.get("seen", "") != _seen(one, party) and one.value_of(party) != given:
                now = rows_of(request, party, [one])[0].text or "—"
                reason = _("Somebody changed this record meanwhile; it now says “%(now)s”. Save again to replace it.")
                return _field_form(request, party, one, given, reason % {"now": now})
            if name == "tags":
                details.set_tags(party, request.POST.get("value", "").split(","), by=request.actor)
            else:
                change_cell(party, name, given, by=request.actor)
        except NotPermitted:
            raise
        except StaleEdit:
            raise
        except Refusal as refusal:
            return _field_form(request, party, one, given, " ".join(errors_of(refusal).values()))
        party = party_of(request, pk)
    response = HttpResponse(piece("parties/row.html", {"party": party, "row": rows_of(request, party, [one])[0]}))
    if request.method == "POST" and name in {
        "last_name",
        "first_name",
        "middle_name",
        "position",
        "decision",
        "name",
        "legal_name",
    }:
        response["HX-Trigger"] = "panel:head"
    return response


def _given(request: MemberRequest, one: Field) -> Any:
    return request.POST.get("value", "") if one.name == "tags" else given_value(one, request.POST)


def _field_form(request: MemberRequest, party: Party, one: Field, value: Any, reason: str) -> HttpResponse:
    context = editor_of(one, asking_of(request), value, request.company.currency)
    if one.name == "tags":
        held = value if isinstance(value, str) else ", ".join(sorted(link.tag.name for link in party.tag_links.all()))
        names = Tag.objects.filter(entity="party").values_list("name", flat=True)[:200]
        context |= {"shape": "tags", "value": held, "known": names}
    context |= {"party": party, "field": one, "reason": reason, "seen": _seen(one, party)}
    return render(request, "parties/row_form.html", context)


@member_page
@require_http_methods(["GET", "POST"])
def contact_point(request: MemberRequest, pk: int, point: int = 0) -> HttpResponse:
    """Show the dialog of a contact point, or add, change, mark or remove it."""
    may_write(request)
    party = party_of(request, pk)
    row = get_object_or_404(ContactPoint.objects.filter(party=party), pk=point) if point else None
    context: dict[str, Any] = {"party": party, "point": row, "kinds": ContactKind.choices}
    if request.method == "GET":
        given = (
            {"kind": row.kind, "value": row.value, "label": row.label, "is_primary": row.is_primary}
            if row
            else {"kind": request.GET.get("kind", "phone")}
        )
        return render(request, "parties/contact_point.html", context | {"given": given})
    values = {name: request.POST.get(name, "") for name in ("kind", "value", "label")} | {
        "is_primary": bool(request.POST.get("is_primary"))
    }
    try:
        verb = request.POST.get("verb", "")
        if row is None:
            details.add_contact_point(party, by=request.actor, **values)  # type: ignore[arg-type]
        elif verb == "remove":
            details.remove_contact_point(row, by=request.actor)
        elif verb in {"verified", "bad"}:
            mark: dict[str, Any] = {verb: not (row.verified_at if verb == "verified" else row.bad_at)}
            details.mark_contact_point(row, by=request.actor, **mark)
        else:
            details.change_contact_point(row, values, by=request.actor)
    except Refusal as refusal:
        return render(
            request, "parties/contact_point.html", context | {"given": values, "errors": errors_of(refusal)}, status=422
        )
    return changed(party, "contacts")


@member_page
@require_http_methods(["GET", "POST"])
def address(request: MemberRequest, pk: int, address: int = 0) -> HttpResponse:
    """Show the dialog of an address, or add, change or remove it."""
    may_write(request)
    party = party_of(request, pk)
    row = get_object_or_404(Address.objects.filter(party=party), pk=address) if address else None
    context: dict[str, Any] = {"party": party, "address": row, "kinds": AddressKind.choices}
    if request.method == "GET":
        given = (
            {name: getattr(row, name) for name in (*ADDRESS_PARTS, "kind", "is_primary")}
            if row
            else {"country": request.company.country}
        )
        return render(request, "parties/address.html", context | {"parts": _parts(given, {}), "given": given})
    given = request.POST.dict()
    try:
        if row is not None and given.get("verb") == "remove":
            details.remove_address(row, by=request.actor)
        else:
            details.set_address(party, given | {"is_primary": bool(given.get("is_primary"))}, by=request.actor, address=row)
    except Refusal as refusal:
        errors = errors_of(refusal)
        return render(
            request,
            "parties/address.html",
            context | {"parts": _parts(given, errors), "given": given, "errors": errors},
            status=422,
        )
    return changed(party, "details", "head")


def _parts(given: dict[str, Any], errors: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "label": Address._meta.get_field(name).verbose_name,  # type: ignore[union-attr]
            "value": given.get(name) or "",
            "wrong": errors.get(name, ""),
            "most": Address._meta.get_field(name).max_length,  # type: ignore[union-attr]
        }
        for name in ADDRESS_PARTS
    ]


def _types() -> QuerySet[RelationType]:
    return RelationType.objects.filter(archived_at=None).order_by("position", "id")


@member_page
@require_http_methods(["GET", "POST"])
def relation(request: MemberRequest, pk: int, relation: int = 0) -> HttpResponse:
    """Show the dialog of a relation, or add it, change its dates, or remove it."""
    may_write(request)
    party = party_of(request, pk)
    row = get_object_or_404(PartyRelation.objects.of(party), pk=relation) if relation else None
    context: dict[str, Any] = {"party": party, "relation": row, "ways": _ways()}
    if request.method == "GET":
        shown = {"since": _iso(row.since), "until": _iso(row.until), "note": row.note} if row else {}
        return render(request, "parties/relation.html", context | {"given": shown})
    given = request.POST.dict()
    try:
        if row is not None and given.get("verb") == "remove":
            details.unrelate(row, by=request.actor)
        else:
            _keep_relation(request, party, row, given)
    except Refusal as refusal:
        return render(request, "parties/relation.html", context | {"given": given, "errors": errors_of(refusal)}, status=422)
    return changed(party, "ties", "decides")


def _ways() -> list[tuple[str, str]]:
    ways = []
    for one in _types():
        ways.append((f"{one.pk}+", one.forward))
        if one.reverse != one.forward:
            ways.append((f"{one.pk}-", one.reverse))
    return ways


def _keep_relation(request: MemberRequest, party: Party, row: PartyRelation | None, given: dict[str, str]) -> None:
    values = {"since": _day(given, "since"), "until": _day(given, "until"), "note": given.get("note", "")}
    if row is not None:
        details.change_relation(row, values, by=request.actor)
        return
    way = given.get("way", "")
    found = _types().filter(pk=whole_number(way[:-1]) or 0).first()
    other = _visible(request, given.get("other", ""))
    if found is None:
        raise Refusal(_("Choose the kind of the relation."), field="way")
    if other is None:
        raise Refusal(_("Choose a customer from those found."), field="other")
    first, second = (party, other) if way.endswith("+") else (other, party)
    details.relate(first, second, found, by=request.actor, **values)  # type: ignore[arg-type]


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _day(given: dict[str, str], name: str) -> date | None:
    try:
        return date.fromisoformat(given[name]) if given.get(name) else None
    except ValueError:
        raise Refusal(_("Give a date, for example 2026-11-30."), field=name) from None


@member_page
@require_http_methods(["GET", "POST"])
def consent(request: MemberRequest, pk: int) -> HttpResponse:
    """Show what the customer allows and ever said, or record a new word of his."""
    party = party_of(request, pk)
    if not request.actor.can(PartyPermission.CONSENT):
        raise NotPermitted(_("To record consents you must have the permission for it. Ask your administrator."))
    context: dict[str, Any] = {
        "party": party,
        "channels": Channel.choices,
        "purposes": Purpose.choices,
        "states": ConsentState.choices,
        "words": Consent.objects.filter(party=party).order_by("-at", "-id")[:50],
    }
    if request.method == "GET":
        return render(request, "parties/consent.html", context | {"given": {"state": "given", "channel": "email"}})
    given = request.POST.dict()
    try:
        details.record_consent(
            party,
            channel=given.get("channel", ""),
            state=given.get("state", ""),
            purpose=given.get("purpose", ""),
            source=given.get("source", ""),
            by=request.actor,
        )
    except Refusal as refusal:
        return render(request, "parties/consent.html", context | {"given": given, "errors": errors_of(refusal)}, status=422)
    return changed(party, "contacts")


@member_page
@require_http_methods(["GET", "POST"])
def bin_it(request: MemberRequest, pk: int) -> HttpResponse:
    """Ask whether to delete the customer, or put him into the bin."""
    party = party_of(request, pk)
    if request.method == "GET":
        return render(request, "parties/bin.html", {"party": party})
    actions.bin_party(party, by=request.actor)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = reverse("contacts")
    return response
