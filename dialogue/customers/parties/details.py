"""Verbs over what belongs to a party: contact points, addresses, relations, tags, consents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.parties.actions import locked
from dialogue.customers.parties.drafts import ADDRESS_PARTS, ENTITY, too_long
from dialogue.customers.parties.models import (
    Address,
    AddressKind,
    Channel,
    Consent,
    ConsentState,
    ContactKind,
    ContactPoint,
    Party,
    PartyRelation,
    PartyTag,
    Purpose,
    RelationType,
    Tag,
)
from dialogue.customers.parties.permissions import PartyPermission
from dialogue.customers.parties.rules import normal_contact, one_line
from dialogue.customers.parties.signals import ConsentFact, PartyFact, consent_recorded, party_changed
from dialogue.kit.actors import Actor
from dialogue.kit.errors import InvalidInput, NotFound, Refusal
from dialogue.platform.audit.recording import difference, record, snapshot
from dialogue.platform.audit.verbs import action
from dialogue.platform.tenants.models import Tenant

POINT_FIELDS = ["kind", "value", "label", "is_primary"]


def _touch(party: Party, by: Actor, event: str, changes: dict[str, list[Any]]) -> None:
    """Note a change of a party's belongings: a new version, an audit entry under the party, one signal."""
    party.save(update_fields=["updated_at"])
    record(by, event, party, changes=changes)
    party_changed.tell(PartyFact(party, by, changes))


def _normal(kind: str, value: str, by: Actor) -> str:
    if kind not in ContactKind.values:
        raise Refusal(_("Choose the kind of the contact."), field="kind")
    return normal_contact(kind, value, Tenant.objects.get(pk=by.tenant).country)[:254]


def _refuse_double(party: Party, kind: str, normal: str, but: int | None = None) -> None:
    if ContactPoint.objects.filter(party=party, kind=kind, normal=normal).exclude(pk=but or 0).exists():
        raise Refusal(_("This customer has this contact already."), field="value", code="contact-twice")


def _only_primary(point: ContactPoint) -> None:
    ContactPoint.objects.filter(party_id=point.party_id, kind=point.kind, is_primary=True).exclude(pk=point.pk).update(
        is_primary=False, updated_at=timezone.now()
    )


@action(permission=PartyPermission.WRITE)
def add_contact_point(
    party: Party, *, kind: str, value: str, by: Actor, label: str = "", is_primary: bool = False
) -> ContactPoint:
    """Add a way to reach the customer; the first of its kind becomes primary; return it.

    Raises:
        Refusal: no such number or address, or the customer has it already.
    """
    row = locked(party)
    value = one_line(value)
    normal = _normal(kind, value, by)
    _refuse_double(row, kind, normal)
    first = not ContactPoint.objects.filter(party=row, kind=kind).exists()
    point: ContactPoint = ContactPoint.objects.create(
        party=row, kind=kind, value=value[:254], normal=normal, label=one_line(label)[:60], is_primary=first or is_primary
    )
    if point.is_primary:
        _only_primary(point)
    _touch(row, by, "party.contact_added", {f"contacts.{kind}": [None, value]})
    return point


@action(permission=PartyPermission.WRITE)
def change_contact_point(point: ContactPoint, values: Mapping[str, Any], *, by: Actor) -> ContactPoint:
    """Change a contact's kind, value, label or whether it is primary; a new value is unverified; return it.

    Raises:
        Refusal: no such number or address, or the customer has it already.
    """
    party = locked(Party(pk=point.party_id))
    row = ContactPoint.objects.select_for_update().get(pk=point.pk)
    before = snapshot(row, POINT_FIELDS)
    for name in POINT_FIELDS:
        if name in values:
            setattr(row, name, one_line(values[name]) if name != "is_primary" else bool(values[name]))
    normal = _normal(row.kind, row.value, by)
    _refuse_double(party, row.kind, normal, row.pk)
    if normal != row.normal:
        row.verified_at = row.bad_at = None
    row.normal, row.value, row.label = normal, row.value[:254], row.label[:60]
    row.save()
    if row.is_primary:
        _only_primary(row)
    changed = difference(before, snapshot(row, POINT_FIELDS))
    if changed:
        _touch(party, by, "party.contact_changed", {f"contacts.{name}": values for name, values in changed.items()})
    return row


@action(permission=PartyPermission.WRITE)
def mark_contact_point(
    point: ContactPoint, *, by: Actor, verified: bool | None = None, bad: bool | None = None
) -> ContactPoint:
    """Say that a contact was verified, or that it does not work (a letter came back); return it."""
    row = ContactPoint.objects.select_for_update().get(pk=point.pk)
    now = timezone.now()
    if verified is not None:
        row.verified_at = now if verified else None
        row.bad_at = None if verified else row.bad_at
    if bad is not None:
        row.bad_at = now if bad else None
    row.save()
    facts = {name: [None, value] for name, value in (("verified", verified), ("bad", bad)) if value is not None}
    _touch(locked(Party(pk=row.party_id)), by, "party.contact_changed", {f"contacts.{row.value}": [None, list(facts)]} | facts)
    return row


@action(permission=PartyPermission.WRITE)
def remove_contact_point(point: ContactPoint, *, by: Actor) -> Party:
    """Remove a contact; the next of its kind becomes primary; return the customer."""
    party = locked(Party(pk=point.party_id))
    row = ContactPoint.objects.filter(pk=point.pk).first()
    if row is None:
        return party
    row.delete()
    if row.is_primary:
        following = ContactPoint.objects.filter(party=party, kind=row.kind).order_by("id").first()
        if following:
            following.is_primary = True
            following.save()
    _touch(party, by, "party.contact_removed", {f"contacts.{row.kind}": [row.value, None]})
    return party


@action(permission=PartyPermission.WRITE)
def set_address(party: Party, values: Mapping[str, Any], *, by: Actor, address: Address | None = None) -> Address:
    """Add an address, or change the given one; the first becomes primary; return it.

    Raises:
        InvalidInput: a part is too long, or nothing was given.
    """
    row = locked(party)
    kept = Address.objects.select_for_update().get(pk=address.pk, party=row) if address else Address(party=row)
    before = "" if address is None else str(kept)
    for part in ADDRESS_PARTS:
        if part in values:
            setattr(kept, part, one_line(values[part] or ""))
    kept.country = kept.country.upper()
    kept.kind = values.get("kind") or kept.kind
    others = Address.objects.filter(party=row).exclude(pk=kept.pk)
    kept.is_primary = bool(values.get("is_primary", kept.is_primary)) or not others.filter(is_primary=True).exists()
    errors = too_long(kept)
    if kept.kind not in AddressKind.values:
        errors["kind"] = _("Choose what the address is for.")
    if not str(kept):
        errors["line"] = _("Give the address.")
    if errors:
        raise InvalidInput(errors)
    kept.save()
    if kept.is_primary:
        others.filter(is_primary=True).update(is_primary=False, updated_at=timezone.now())
        _repeat_primary(row, kept)
    _touch(row, by, "party.address_changed", {"address": [before, str(kept)]})
    return kept


def _repeat_primary(party: Party, address: Address | None) -> None:
    party.country, party.region, party.city = (address.country, address.region, address.city) if address else ("", "", "")
    party.save(update_fields=["country", "region", "city", "updated_at"])


@action(permission=PartyPermission.WRITE)
def remove_address(address: Address, *, by: Actor) -> Party:
    """Remove an address; the next becomes primary; return the customer."""
    party = locked(Party(pk=address.party_id))
    words = str(address)
    Address.objects.filter(pk=address.pk).delete()
    if address.is_primary:
        following = Address.objects.filter(party=party).order_by("id").first()
        if following:
            following.is_primary = True
            following.save()
        _repeat_primary(party, following)
    _touch(party, by, "party.address_changed", {"address": [words, None]})
    return party


@action(permission=PartyPermission.WRITE)
def relate(
    first: Party,
    second: Party,
    type: RelationType,  # noqa: A002
    *,
    by: Actor,
    since: date | None = None,
    until: date | None = None,
    note: str = "",
) -> PartyRelation:
    """Tie two customers: `first` `type.forward` `second`; return the relation.

    Raises:
        Refusal: tied to himself, tied so already, or the dates are the wrong way round.
    """
    if first.pk == second.pk:
        raise Refusal(_("To relate customers choose another one: this is the same."), field="second")
    if since and until and until < since:
        raise Refusal(_("The relation must end after it begins."), field="until")
    pair = {first.pk: first, second.pk: second}
    rows = {pk: locked(pair[pk]) for pk in sorted(pair)}
    twice = PartyRelation.objects.filter(first=first, second=second, type=type, until=None)
    if until is None and twice.exists():
        raise Refusal(_("These two are related so already."), field="type", code="related-twice")
    made: PartyRelation = PartyRelation.objects.create(
        first=rows[first.pk], second=rows[second.pk], type=type, since=since, until=until, note=one_line(note)[:200]
    )
    _touch(rows[first.pk], by, "party.related", {f"relation.{type.code}": [None, f"{type.forward} {second.name}"]})
    _touch(rows[second.pk], by, "party.related", {f"relation.{type.code}": [None, f"{type.reverse} {first.name}"]})
    return made


@action(permission=PartyPermission.WRITE)
def change_relation(relation: PartyRelation, values: Mapping[str, Any], *, by: Actor) -> PartyRelation:
    """Change a relation's dates and note; an end date closes it; return it.

    Raises:
        Refusal: the dates are the wrong way round.
    """
    row = PartyRelation.objects.select_for_update(of=("self",)).select_related("type", "first", "second").get(pk=relation.pk)
    before = snapshot(row, ["since", "until", "note"])
    for name in ("since", "until", "note"):
        if name in values:
            setattr(row, name, one_line(values[name])[:200] if name == "note" else values[name] or None)
    if row.since and row.until and row.until < row.since:
        raise Refusal(_("The relation must end after it begins."), field="until")
    row.save()
    changes = difference(before, snapshot(row, ["since", "until", "note"]))
    if changes:
        for party in (row.first, row.second):
            _touch(party, by, "party.relation_changed", {f"relation.{name}": both for name, both in changes.items()})
    return row


@action(permission=PartyPermission.WRITE)
def unrelate(relation: PartyRelation, *, by: Actor) -> None:
    """Remove a relation that never was; to end a true one give it an end date."""
    row = PartyRelation.objects.select_related("type", "first", "second").filter(pk=relation.pk).first()
    if row is None:
        return
    row.delete()
    _touch(row.first, by, "party.unrelated", {f"relation.{row.type.code}": [f"{row.type.forward} {row.second.name}", None]})
    _touch(row.second, by, "party.unrelated", {f"relation.{row.type.code}": [f"{row.type.reverse} {row.first.name}", None]})


def tags_named(names: Iterable[str]) -> dict[str, int]:
    """Return `{name as given: tag id}`, making the tags that do not exist. Three statements for any number of names."""
    folds = {name: one_line(name)[:60].casefold() for name in names if one_line(name)}
    known = dict(Tag.objects.filter(entity=ENTITY, fold__in=set(folds.values())).values_list("fold", "id"))
    new = {fold: one_line(name)[:60] for name, fold in folds.items() if fold not in known}
    if new:
        Tag.objects.bulk_create([Tag(entity=ENTITY, name=name, fold=fold) for fold, name in new.items()], ignore_conflicts=True)
        known = dict(Tag.objects.filter(entity=ENTITY, fold__in=set(folds.values())).values_list("fold", "id"))
    return {name: known[fold] for name, fold in folds.items()}


@action(permission=PartyPermission.WRITE)
def set_tags(party: Party, names: Iterable[str], *, by: Actor) -> Party:
    """Put exactly these tags on the customer, making new ones; return him."""
    row = locked(party)
    wanted = {tag: one_line(name) for name, tag in tags_named(list(names)).items()}
    held = dict(PartyTag.objects.filter(party=row).values_list("tag_id", "tag__name"))
    if wanted.keys() == held.keys():
        return row
    PartyTag.objects.filter(party=row).exclude(tag_id__in=list(wanted)).delete()
    PartyTag.objects.bulk_create([PartyTag(tag_id=tag, party=row) for tag in wanted if tag not in held])
    _touch(row, by, "party.tagged", {"tags": [sorted(held.values()), sorted(wanted.values())]})
    return row


@action(permission=PartyPermission.CONSENT)
def record_consent(
    party: Party,
    *,
    channel: str,
    state: str,
    by: Actor,
    purpose: str = Purpose.MARKETING,
    source: str = "",
    wording: str = "",
    evidence: Mapping[str, Any] | None = None,
) -> Consent:
    """Note what the customer said about a channel and a purpose; the latest word counts; return it.

    Raises:
        InvalidInput: an unknown channel, purpose or state.
        NotFound: the customer is gone.
    """
    wrong = {
        name: _("“%(value)s” is none of the list.") % {"value": value}
        for name, value, known in (("channel", channel, Channel), ("purpose", purpose, Purpose), ("state", state, ConsentState))
        if value not in known.values
    }
    if wrong:
        raise InvalidInput(wrong)
    if not Party.with_bin.filter(pk=party.pk).exists():
        raise NotFound(_("This customer no longer exists."))
    said: Consent = Consent.objects.create(
        party=party,
        channel=channel,
        purpose=purpose,
        state=state,
        source=one_line(source)[:200],
        wording=one_line(wording)[:60],
        evidence=dict(evidence or {}),
        by=by.user,
        by_label=by.label[:150],
    )
    record(by, "party.consent", party, changes={f"consent.{channel}.{purpose}": [None, state]}, source=said.source)
    consent_recorded.tell(ConsentFact(said, by))
    return said
