"""What a deal's way tells the timeline of its customer: it began, it came to a stage, it was won or lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from dialogue.customers.timeline.bulk import EntryDraft, record_entries
from dialogue.customers.timeline.details import EntryDetail
from dialogue.customers.timeline.models import Entry
from dialogue.kit.actors import Actor
from dialogue.kit.statement import one_of
from dialogue.platform.accounts.doors import MemberRequest
from dialogue.selling.deals.models import Deal, Stage

REF = "deal"
HAS_CUSTOMER = Q(contact__isnull=False) | Q(company__isnull=False)
BEGUN, CAME = "deal_begun", "deal_stage"


def tell_begun(deals: Iterable[int], *, by: Actor) -> None:
    """Put the beginning of each deal on the timeline of its contact, or of its company where no person is named."""
    _tell([(pk, "", True) for pk in deals], BEGUN, by)


def tell_moved(before: Mapping[int, int], after: Stage, *, by: Actor) -> None:
    """Put the way of each deal, `{deal: the stage before}`, to the stage `after` on the timeline of its customer."""
    names = dict(Stage.objects.filter(pk__in=set(before.values())).values_list("pk", "name"))
    _tell([(pk, f"{names.get(stage, '')} → {after.name}", False) for pk, stage in before.items()], CAME, by)


def _tell(told: Sequence[tuple[int, str, bool]], kind: str, by: Actor) -> None:
    """Write one entry a deal, all by one statement; deals without a customer have nobody to tell."""
    fields = ("pk", "title", "contact_id", "company_id", "budget", "currency", "created_at")
    found = Deal.objects.filter(one_of("id", [pk for pk, _words, _begun in told]), HAS_CUSTOMER)
    rows = {row[0]: row for row in found.values_list(*fields)}
    now = timezone.now()
    drafts = []
    for pk, words, begun in told:
        if pk not in rows:
            continue
        _pk, title, contact, company, budget, currency, created = rows[pk]
        at: datetime = min(created, now) if begun else now
        subject = f"{title} · {words}" if words else title
        drafts.append(
            EntryDraft(
                contact or company, kind, at, subject=subject, ref_kind=REF, ref_id=pk, amount=budget, currency=currency or ""
            )
        )
    # Who may move a deal may not always write on timelines: the entry follows from his deed.
    record_entries(drafts, by=replace(by, everything=True), told=True)


def entries_of(deals: Iterable[int]) -> list[int]:
    """Return the ids of what timelines say of these deals."""
    return list(Entry.objects.filter(one_of("ref_id", list(deals)), ref_kind=REF).values_list("pk", flat=True))


def deal_details(request: MemberRequest, entries: Sequence[Entry]) -> dict[int, EntryDetail]:
    """Return the addresses of the deals that this member may see."""
    wanted = [entry.ref_id for entry in entries if entry.ref_id is not None]
    seen = Deal.objects.visible_to(request.actor).filter(pk__in=wanted).values_list("pk", flat=True)
    return {pk: EntryDetail(url=reverse("deal_card", args=[pk])) for pk in seen}
