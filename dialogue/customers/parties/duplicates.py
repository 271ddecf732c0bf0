"""Who may be the same customer: the same phone or address, or the same name in any spelling."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q
from django.utils.translation import gettext as _

from dialogue.customers.parties.drafts import CONTACT_KINDS, ENTITY, Contact
from dialogue.customers.parties.models import ContactPoint, Party
from dialogue.customers.parties.rules import normal_contact
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Refusal
from dialogue.kit.frozen import frozen
from dialogue.platform.search.finding import written_in_latin
from dialogue.platform.search.latin import LONGEST_HEAD
from dialogue.platform.search.models import SearchEntry

MOST = 5
FEWEST_LETTERS = 4


@frozen
class Likeness:
    """A customer who may be the same, and why."""

    party: Party
    why: str


def duplicates_of(name: str, contacts: Iterable[Contact], actor: Actor, *, country: str) -> list[Likeness]:
    """Return at most five visible customers with the same phone, e-mail or name; two queries."""
    normals: dict[tuple[str, str], str] = {}
    for contact in contacts:
        try:
            if contact.kind in CONTACT_KINDS and contact.value.strip():
                normals[(contact.kind, normal_contact(contact.kind, contact.value, country))] = contact.value
        except Refusal:
            continue
    visible = Party.objects.visible_to(actor).select_related("company")
    found: dict[int, Likeness] = {}
    if normals:
        same = Q()
        for kind, normal in normals:
            same |= Q(kind=kind, normal=normal)
        points = ContactPoint.objects.filter(same).values_list("party_id", "kind", "normal")[:100]
        given = {party: normals[(kind, normal)] for party, kind, normal in points}
        for party in visible.filter(pk__in=given)[:MOST]:
            found[party.pk] = Likeness(party, _("has the contact %(value)s") % {"value": given[party.pk]})
    latin = written_in_latin(name) if len(name.strip()) >= FEWEST_LETTERS else ""
    if latin:
        heads = {latin, " ".join(reversed(latin.split()))}
        alike = SearchEntry.objects.filter(kind=ENTITY, head__in=[head[:LONGEST_HEAD] for head in heads]).values("record")
        for party in visible.filter(pk__in=alike).exclude(pk__in=found)[: MOST - len(found)]:
            found[party.pk] = Likeness(party, _("has the same name"))
    return list(found.values())
