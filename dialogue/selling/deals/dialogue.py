"""What a deal's way tells the timeline of its customer: it began, it came to a stage, it was won or lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.urls import reverse
from django.utils import timezone

from dialogue.customers.timeline.bulk import EntryDraft, record_entries
from dialogue.customers.timeline.details import EntryDetail
from dialogue.customers.timeline.models import Entry
from dialogue.kit.actors import Actor
from dialogue.platform.accounts.doors import MemberRequest
from dialogue.selling.deals.models import Deal

REF = "deal"


def tell_timeline(deal: Deal, kind: str, words: str, *, by: Actor) -> None:
    """Put one entry on the timeline of the deal's contact, or of its company where no person is named."""
    party = deal.contact_id or deal.company_id
    if party is None:
        return
    draft = EntryDraft(
        party=party,
        kind=kind,
        at=timezone.now(),
        subject=f"{deal.title} · {words}" if words else deal.title,
        ref_kind=REF,
        ref_id=deal.pk,
        amount=deal.budget,
        currency=deal.currency or "",
    )
    # Who may move a deal may not always write on timelines: the entry follows from his deed.
    record_entries([draft], by=replace(by, everything=True), told=True)


def deal_details(request: MemberRequest, entries: Sequence[Entry]) -> dict[int, EntryDetail]:
    """Return the addresses of the deals that this member may see."""
    wanted = [entry.ref_id for entry in entries if entry.ref_id is not None]
    seen = Deal.objects.visible_to(request.actor).filter(pk__in=wanted).values_list("pk", flat=True)
    return {pk: EntryDetail(url=reverse("deal_card", args=[pk])) for pk in seen}
